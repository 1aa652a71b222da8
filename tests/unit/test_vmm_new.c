/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* How a VM is made, shared, and taken back: the machine counts what it gave. */
#include <string.h>

#include "kernel/abi.h"
#include "test.h"
#include "vmm_host.h"

#define DEVICE_GPA 0x9000000ull

/* All kinds of things a VM is made of. */
static void prepare_rich(void)
{
	prepare();
	config.memory_regions[0].map_type = skerry_MemoryMapType_MAP_IDENTICAL;
	config.memory_regions[1].map_type = skerry_MemoryMapType_MAP_RESERVED;
	config.passthrough_devices_count = 1;
	config.passthrough_devices[0] = (skerry_PassthroughDevice){
	    .name = "rtc", .base_gpa = 0x9010000, .base_hpa = 0x9010000, .length = 0x1000};
	config.emu_devices_count = 1;
	config.emu_devices[0] = (skerry_EmulatedDevice){
	    .name = "ivc", .base_gpa = 0xa0000000, .length = 0x10000, .emu_type = 0xa};
	host.device_count = 1;
	host.device[0] = (struct axvm_device){.name = "uart", .base = DEVICE_GPA, .size = 0x1000};
}

TEST(all_that_a_vm_is_made_of)
{
	struct axvm *vm = NULL;
	size_t count = 0;

	prepare_rich();
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	CHECK(host.spaces == 1 && host.live_vcpus == 2 && host.devices == 1 && host.regions == 1);
	CHECK_EQ(host.page_count, 2 * RAM_BYTES / 0x1000 + 1);
	(void)axvm_get_devices(vm, &count);
	CHECK_EQ(count, 2);
	CHECK(axvm_unref(vm));
	CHECK(host_is_empty());
}

/* Each step fails once; what the others made comes back. The last round is a whole VM. */
TEST(new_that_fails_at_any_step_leaves_nothing)
{
	uint32_t steps = 0;
	enum axvm_error error = AXVM_NO_MEMORY;

	while (error) {
		struct axvm *vm = NULL;

		prepare_rich();
		host.fail_at = ++steps;
		error = axvm_new(&config, &hal, &vm);
		if (!error)
			CHECK(axvm_unref(vm));
		else
			CHECK(!vm);
		CHECK(host_is_empty());
	}
	/* A space, two regions and one of them at its address, two maps and one of registers, two
	 * vCPUs, devices, two entry points. */
	CHECK_EQ(steps, 12 + 1);
}

TEST(the_last_reference_gives_everything_back)
{
	struct axvm *vm = NULL;

	prepare_rich();
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	CHECK(axvm_ref(vm) == vm);
	CHECK(!axvm_unref(vm));
	CHECK_EQ(host.spaces, 1);
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK(axvm_unref(vm)); /* also one that runs */
	CHECK(host_is_empty());
}

TEST(a_vm_can_be_made_again)
{
	for (unsigned i = 0; i < 3; i++) {
		struct axvm *vm = NULL;

		prepare_rich();
		CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
		CHECK_EQ(axvm_unmap_region(vm, RAM0, 0x1000), AXVM_OK);
		CHECK(axvm_unref(vm));
		CHECK(host_is_empty());
	}
}

TEST(identical_memory_that_is_not_there)
{
	struct axvm *vm = NULL;

	prepare_rich();
	host.busy_memory = true;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_NO_MEMORY);
	CHECK(said("VM[7]: host memory for region 0, 0x4000 bytes at 0x80000000, is in use"));
	CHECK(host_is_empty());
}

TEST(more_affinities_than_vcpus)
{
	struct axvm *vm = NULL;

	prepare();
	config.phys_cpu_sets_count = 3;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	CHECK(said("VM[7]: phys_cpu_ids has 0 entries and phys_cpu_sets 3, for 2 vCPUs"));
}

/* The page that only the last byte reaches is kept, and what touches becomes one range. */
TEST(passthrough_keeps_its_last_page)
{
	struct axvm *vm = NULL;
	const struct axvm_area *below, *above, *area;
	size_t count = 0;
	const struct axvm_device *list;

	prepare();
	config.passthrough_devices_count = 3;
	config.passthrough_devices[0] = (skerry_PassthroughDevice){
	    .name = "b", .base_gpa = 0x10001f00, .base_hpa = 0x50001f00, .length = 0x200};
	config.passthrough_devices[1] = (skerry_PassthroughDevice){
	    .name = "a", .base_gpa = 0x10000000, .base_hpa = 0x50000000, .length = 0x1000};
	config.passthrough_devices[2] = (skerry_PassthroughDevice){
	    .name = "c", .base_gpa = 0x10003000, .base_hpa = 0x60000000, .length = 1, .irq_id = 4};
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	test_cleanup(drop, vm);
	area = axvm_area_at(vm, 0x10002fff, &below, &above);
	CHECK(area && area->gpa == 0x10000000 && area->size == 0x3000);
	area = axvm_area_at(vm, 0x10003000, &below, &above);
	CHECK(area && area->gpa == 0x10003000); /* elsewhere on the machine */
	list = axvm_get_devices(vm, &count);
	CHECK(count == 3 && list[2].hpa == 0x60000000 && list[2].irq == 4);
	CHECK_EQ(list[2].kind, AXVM_DEVICE_PASSTHROUGH);
	CHECK(!axvm_memory(vm, 0x10000000, 4)); /* not this process's to touch */
}

TEST(passthrough_that_cannot_be)
{
	static const skerry_PassthroughDevice wrong[] = {
	    {.name = "empty", .base_gpa = 0x10000000, .base_hpa = 0x10000000},
	    {.name = "wraps", .base_gpa = ~0xfffull, .base_hpa = ~0xfffull, .length = 0x2000},
	    {.name = "last", .base_gpa = ~0xfffull, .base_hpa = 0x1000, .length = 0xfff},
	    {.name = "hpa", .base_gpa = 0x10000000, .base_hpa = ~0xfffull, .length = 0x2000},
	    {.name = "offset", .base_gpa = 0x10000100, .base_hpa = 0x10000000, .length = 0x10},
	    {.name = "far", .base_gpa = 1ull << 39, .base_hpa = 0x10000000, .length = 0x1000},
	};
	struct axvm *vm = NULL;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		prepare();
		config.passthrough_devices_count = 1;
		config.passthrough_devices[0] = wrong[i];
		CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
		CHECK(host_is_empty());
	}
}

TEST(ranges_that_overlap_are_refused_at_creation)
{
	struct axvm *vm = NULL;

	prepare_rich();
	config.passthrough_devices[0].base_gpa = RAM0 + 0x1000;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	CHECK(said("overlap ram0"));
	CHECK(host_is_empty());
	prepare_rich();
	host.device[0].base = 0x9010800; /* in the page of the one passed through */
	host.device[0].size = 4;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	CHECK(host_is_empty());
	prepare_rich();
	config.emu_devices[0].base_gpa = RAM0;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	CHECK(said("IVC device ivc overlaps ram0"));
	prepare_rich();
	host.device[0].base = 0xa0000000;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	CHECK(host_is_empty());
}

TEST(an_entry_point_that_is_none_leaves_vcpus_created)
{
	struct axvm *vm = NULL;
	struct axvm_exit exit;

	prepare();
	config.entry_point = 2;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	test_cleanup(drop, vm);
	CHECK_EQ(axvm_vcpu(vm, 1)->state, AXVM_VCPU_CREATED);
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK_EQ(axvm_run_vcpu(vm, 1, &exit), AXVM_BAD_STATE);
	CHECK_EQ(axvm_vcpu_set_entry(vm, 1, 0x80000000), AXVM_OK);
	CHECK_EQ(axvm_run_vcpu(vm, 1, &exit), AXVM_OK);
}

TEST(the_root_of_the_tables)
{
	struct axvm *vm = make();
	uint64_t root = 1;

	CHECK_EQ(axvm_ept_root(vm, &root), AXVM_UNSUPPORTED);
	CHECK_EQ(root, 1);
	host.root = 0x40001000;
	CHECK_EQ(axvm_ept_root(vm, &root), AXVM_OK);
	CHECK_EQ(root, 0x40001000);
}
