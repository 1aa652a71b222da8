/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/fdt_write.c */
/* sources: services/vmm/arch/aarch64/tree.c services/vmm/arch/aarch64/tree_patch.c */
/* sources: services/vmm/arch/aarch64/tree_cpus.c services/vmm/arch/aarch64/tree_check.c */
/* sources: services/vmm/arch/aarch64/tree_devices.c */
/* sources: services/vmm/arch/aarch64/arch_config.c */
/* Device trees of a VM with a GICv2 (Linux's binding of arm,gic). */
#include <libfdt.h>
#include <string.h>

#include "services/lib/fdt_write.h"
#include "services/vmm/vmm_arch.h"
#include "test.h"

static skerry_VmConfig config;
static uint8_t supplied[0x4000], out[0x10000];

static bool inside(uint64_t gpa, uint64_t size, uint64_t base, uint64_t length)
{
	return gpa - base < length && size <= length - (gpa - base);
}

static bool has(const void *host, uint64_t gpa, uint64_t size)
{
	(void)host;
	return inside(gpa, size, 0x80000000, 0x10000000) ||
	       inside(gpa, size, 0x08000000, 0x12000) || inside(gpa, size, 0x09000000, 0x1000);
}

static bool has_irq(const void *host, uint64_t irq)
{
	(void)host;
	return irq == 33;
}

static struct arch_tree vm(void)
{
	memset(&config, 0, sizeof(config));
	strcpy(config.name, "a");
	config.cpu_num = 2;
	config.has_gic = true;
	config.gic = 2;
	config.memory_regions_count = 1;
	config.memory_regions[0] =
	    (skerry_MemoryRegion){.gpa = 0x80000000, .size = 0x10000000, .flags = 7};
	config.devices_count = 1;
	config.devices[0] = (skerry_ServedDevice){.name = "con",
						  .compatible = "arm,pl011",
						  .base = 0x9000000,
						  .length = 0x1000,
						  .irq = 33};
	return (struct arch_tree){
	    .config = &config, .has = has, .has_irq = has_irq, .monitors = true};
}

static uint32_t cell(const char *path, const char *name, int index)
{
	int length = 0;
	const fdt32_t *p = fdt_getprop(out, fdt_path_offset(out, path), name, &length);

	CHECK(p && length > 4 * index);
	return p && length > 4 * index ? fdt32_to_cpu(p[index]) : 0;
}

static int cells(const char *path, const char *name)
{
	int length = 0;

	fdt_getprop(out, fdt_path_offset(out, path), name, &length);
	return length / 4;
}

/* A board's: `frames` is how many ranges its GIC has, each of 64 KiB. */
static void supply(const char *compatible, uint64_t second, uint32_t frames)
{
	const uint32_t reg[] = {0, 0x08000000, 0, 0x10000, 0, (uint32_t)second, 0, 0x10000,
				0, 0x08030000, 0, 0x10000, 0, 0x08040000,	0, 0x10000};
	struct fdt_write w;

	fdt_write_start(&w, supplied, sizeof(supplied));
	fdt_write_begin(&w, "");
	fdt_write_cell(&w, "#address-cells", 2);
	fdt_write_cell(&w, "#size-cells", 2);
	fdt_write_cell(&w, "interrupt-parent", 1);
	fdt_write_begin(&w, "cpus");
	fdt_write_cell(&w, "#address-cells", 1);
	fdt_write_cell(&w, "#size-cells", 0);
	for (uint32_t i = 0; i < 2; i++) {
		fdt_write_begin_at(&w, "cpu", i);
		fdt_write_text(&w, "device_type", "cpu");
		fdt_write_cell(&w, "reg", i);
		fdt_write_end(&w);
	}
	fdt_write_end(&w);
	fdt_write_begin_at(&w, "intc", 0x08000000);
	fdt_write_text(&w, "compatible", compatible);
	fdt_write_cell(&w, "#interrupt-cells", 3);
	fdt_write_flag(&w, "interrupt-controller");
	fdt_write_cells(&w, "reg", reg, 4 * frames);
	fdt_write_cell(&w, "phandle", 1);
	fdt_write_end(&w);
	fdt_write_end(&w);
	CHECK(fdt_write_finish(&w) > 0);
}

TEST(a_generated_tree)
{
	struct arch_tree t = vm();

	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK_EQ(fdt_node_check_compatible(out, fdt_path_offset(out, "/intc@8000000"),
					   "arm,cortex-a15-gic"),
		 0);
	CHECK_EQ(cells("/intc@8000000", "reg"), 8);
	CHECK_EQ(cell("/intc@8000000", "reg", 1), 0x08000000);
	CHECK_EQ(cell("/intc@8000000", "reg", 5), 0x08010000);
	CHECK_EQ(cell("/intc@8000000", "reg", 7), 0x2000);
	CHECK_EQ(cell("/intc@8000000", "#interrupt-cells", 0), 3);
	/* Level, high, of both CPUs. */
	CHECK_EQ(cell("/timer", "interrupts", 8), 0x304);
	CHECK_EQ(cell("/pmu", "interrupts", 2), 0x304);
	CHECK_EQ(cell("/con@9000000", "interrupts", 2), 4);
	CHECK(fdt_node_offset_by_compatible(out, -1, "arm,gic-v3") < 0);
}

TEST(the_whole_controller_can_be_elsewhere)
{
	struct arch_tree t = vm();

	config.emu_devices_count = 1;
	config.emu_devices[0] = (skerry_EmulatedDevice){.base_gpa = 0x0c000000, .emu_type = 1};
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK_EQ(cell("/intc@c000000", "reg", 1), 0x0c000000);
	CHECK_EQ(cell("/intc@c000000", "reg", 5), 0x0c010000);
	CHECK(fdt_path_offset(out, "/intc@c000000/msi-controller@c080000") < 0);
}

TEST(a_board_has_the_hypervisors_part_too)
{
	static const char *const names[] = {"arm,cortex-a15-gic", "arm,gic-400"};

	for (int i = 0; i < 2; i++) {
		struct arch_tree t = vm();

		supply(names[i], 0x08010000, 4);
		CHECK(arch_tree_patch(&t, supplied, sizeof(supplied), out, sizeof(out)) > 0);
		CHECK_EQ(cells("/intc@8000000", "reg"), 8);
		CHECK_EQ(cell("/intc@8000000", "reg", 7), 0x2000);
		CHECK_EQ(cell("/con@9000000", "interrupt-parent", 0), 1);
	}
}

TEST(a_controller_elsewhere_or_another_is_refused)
{
	struct arch_tree t = vm();

	supply("arm,cortex-a15-gic", 0x0a010000, 4);
	CHECK(arch_tree_patch(&t, supplied, sizeof(supplied), out, sizeof(out)) < 0);
	CHECK(
	    strstr(t.problem, "/intc@8000000: 0xa010000 to 0xa01ffff is no memory and no device"));
	supply("arm,gic-v3", 0x08010000, 1);
	CHECK(arch_tree_patch(&t, supplied, sizeof(supplied), out, sizeof(out)) < 0);
	CHECK(strstr(t.problem, "no node arm,cortex-a15-gic with a phandle, which con needs"));
}
