/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/supplied_tree.c services/lib/fdt_write.c */
/* sources: services/vmm/arch/aarch64/tree.c services/vmm/arch/aarch64/tree_patch.c */
/* sources: services/vmm/arch/aarch64/tree_cpus.c services/vmm/arch/aarch64/tree_check.c */
/* sources: services/vmm/arch/aarch64/tree_devices.c */
/* sources: services/vmm/arch/aarch64/arch_config.c */
/* Supplied device trees: what becomes the VM's. */
#include <libfdt.h>
#include <string.h>

#include "supplied_tree.h"

TEST(a_boards_tree_gets_the_vms_processors_and_memory)
{
	supply(4, NULL);
	CHECK(patch() > 0);
	CHECK(there("/cpus/cpu@0"));
	CHECK(!there("/cpus/cpu@1"));
	CHECK(!there("/cpus/cpu@3"));
	CHECK(!there("/cpus/cpu-map"));
	CHECK(is(text("/cpus/cpu@0", "enable-method"), "psci"));
	CHECK(is(text("/psci", "method"), "hvc"));
	CHECK(!there("/memory@40000000"));
	CHECK_EQ(cell("/memory@80000000", "reg", 3), 0x10000000);
	CHECK_EQ(cell("/intc@8000000", "reg", 7), 0x20000);
}

TEST(vcpus_are_known_by_their_affinity)
{
	supply(4, NULL);
	config.cpu_num = 2;
	config.phys_cpu_ids_count = 2;
	config.phys_cpu_ids[0] = 3;
	config.phys_cpu_ids[1] = 1;
	CHECK(patch() > 0);
	CHECK(there("/cpus/cpu@3") && there("/cpus/cpu@1"));
	CHECK(!there("/cpus/cpu@0") && !there("/cpus/cpu@2"));
}

TEST(a_vcpu_without_a_node_is_named)
{
	supply(4, NULL);
	config.cpu_num = 2;
	config.phys_cpu_ids_count = 2;
	config.phys_cpu_ids[1] = 0x100;
	CHECK(patch() < 0);
	CHECK(is(asked.problem,
		 "/cpus has no cpu for vCPU 1, whose reg is 0x100: add it, or correct "
		 "phys_cpu_ids"));
}

TEST(the_vms_devices_are_added_once)
{
	accepted(NULL);
	CHECK(is(text("/con@9000000", "compatible"), "arm,pl011"));
	CHECK_EQ(cell("/con@9000000", "interrupts", 1), 1);
	CHECK_EQ(cell("/con@9000000", "interrupt-parent", 0), GIC);
	CHECK(is(text("/pl031@9010000", "compatible"), "arm,pl031"));
	CHECK(is(text("/pl031@9010000", "clock-names"), "apb_pclk"));
	CHECK_EQ(cell("/pl031@9010000", "clocks", 0), cell("/apb-pclk", "phandle", 0));
	CHECK_EQ(cell("/pl031@9010000", "interrupts", 2), 4);
	CHECK(is(text("/chosen", "stdout-path"), "/con@9000000"));
}

static void devices(struct fdt_write *w)
{
	device(w, "serial", 0x9000000, 1);
	device(w, "rtc", 0x9010000, 2);
}

TEST(devices_that_have_a_node_keep_it)
{
	accepted(devices);
	CHECK(there("/serial@9000000") && there("/rtc@9010000"));
	CHECK(!there("/con@9000000") && !there("/pl031@9010000"));
}

static void chosen(struct fdt_write *w)
{
	fdt_write_begin(w, "aliases");
	fdt_write_text(w, "serial0", "/serial@9000000");
	fdt_write_end(w);
	fdt_write_begin(w, "chosen");
	fdt_write_text(w, "stdout-path", "serial0:115200n8");
	fdt_write_end(w);
	device(w, "serial", 0x9000000, 1);
}

static void dangling(struct fdt_write *w)
{
	fdt_write_begin(w, "chosen");
	fdt_write_text(w, "stdout-path", "/serial@1000");
	fdt_write_end(w);
}

TEST(the_console_is_one_that_is_there)
{
	accepted(chosen);
	CHECK(is(text("/chosen", "stdout-path"), "serial0:115200n8"));
	accepted(dangling);
	CHECK(is(text("/chosen", "stdout-path"), "/con@9000000"));
	supply(1, dangling);
	config.devices_count = 0;
	CHECK(patch() > 0);
	CHECK(is(text("/chosen", "stdout-path"), ""));
}

TEST(room_at_the_end_of_a_tree_does_not_count)
{
	static uint8_t large[0x40000];
	uint32_t used;

	supply(1, NULL);
	used = fdt_totalsize(supplied);
	memset(large, 0xff, sizeof(large));
	memcpy(large, supplied, used);
	fdt_set_totalsize(large, sizeof(large));
	CHECK(arch_tree_patch(&asked, large, sizeof(large), out, sizeof(out)) > 0);
}

TEST(too_little_room_for_a_supplied_tree)
{
	supply(1, NULL);
	for (size_t room = 0; room < (size_t)fdt_totalsize(supplied); room += 8)
		CHECK(arch_tree_patch(&asked, supplied, sizeof(supplied), out, room) < 0);
}
