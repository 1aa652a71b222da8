/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* Guest addresses for channels between VMs, in the range of the first device of type 0xa. */
#include "test.h"
#include "vmm_host.h"

#define WINDOW 0xa0000000ull
#define WINDOW_BYTES 0x8000ull

static struct axvm *with_window(uint64_t base, uint64_t length)
{
	struct axvm *vm = NULL;

	prepare();
	config.emu_devices_count = 2;
	config.emu_devices[0] = (skerry_EmulatedDevice){
	    .name = "ivc", .base_gpa = base, .length = length, .emu_type = 0xa};
	config.emu_devices[1] = (skerry_EmulatedDevice){
	    .name = "ivc2", .base_gpa = 0xb0000000, .length = 0x1000, .emu_type = 0xa};
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	test_cleanup(drop, vm);
	return vm;
}

static uint64_t alloc(struct axvm *vm, uint64_t size)
{
	uint64_t gpa = 0, got = 0;

	CHECK_EQ(axvm_alloc_ivc_channel(vm, size, &gpa, &got), AXVM_OK);
	CHECK_EQ(got, (size + 0xfff) & ~0xfffull);
	return gpa;
}

TEST(channels_until_the_window_is_full_and_again)
{
	struct axvm *vm = with_window(WINDOW, WINDOW_BYTES);
	uint64_t gpa = 0, size = 0;

	CHECK_EQ(alloc(vm, 1), WINDOW);
	CHECK_EQ(alloc(vm, 0x1001), WINDOW + 0x1000);
	CHECK_EQ(alloc(vm, 0x5000), WINDOW + 0x3000);
	CHECK_EQ(axvm_alloc_ivc_channel(vm, 1, &gpa, &size), AXVM_NO_MEMORY);
	CHECK(said("VM[7]: no room for an IVC channel"));
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW + 0x1000, 0x2000), AXVM_OK);
	CHECK_EQ(axvm_alloc_ivc_channel(vm, 0x3000, &gpa, &size), AXVM_NO_MEMORY);
	CHECK_EQ(alloc(vm, 0x2000), WINDOW + 0x1000);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x1000), AXVM_OK);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW + 0x1000, 0x2000), AXVM_OK);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW + 0x3000, 0x5000), AXVM_OK);
	CHECK_EQ(alloc(vm, WINDOW_BYTES), WINDOW);
}

TEST(sizes_that_cannot_be)
{
	struct axvm *vm = with_window(WINDOW, WINDOW_BYTES);
	uint64_t gpa = 0, size = 0;

	CHECK_EQ(axvm_alloc_ivc_channel(vm, 0, &gpa, &size), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_alloc_ivc_channel(vm, ~0ull, &gpa, &size), AXVM_NO_MEMORY);
	CHECK_EQ(axvm_alloc_ivc_channel(vm, WINDOW_BYTES + 1, &gpa, &size), AXVM_NO_MEMORY);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0), AXVM_INVALID_INPUT);
}

TEST(only_what_was_allocated_is_released)
{
	struct axvm *vm = with_window(WINDOW, WINDOW_BYTES);

	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x1000), AXVM_INVALID_INPUT);
	CHECK_EQ(alloc(vm, 0x2000), WINDOW);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x1000), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW + 0x1000, 0x1000), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x2001), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x2000), AXVM_OK);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x2000), AXVM_INVALID_INPUT);
}

TEST(no_device_no_channel)
{
	struct axvm *vm = make();
	uint64_t gpa = 0, size = 0;

	CHECK_EQ(axvm_alloc_ivc_channel(vm, 0x1000, &gpa, &size), AXVM_INVALID_INPUT);
	CHECK(said("VM[7]: IVC channel not exists"));
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x1000), AXVM_INVALID_INPUT);
}

/* Unmapped before it is free: nobody else's channel comes where memory still is. */
TEST(memory_in_a_channel)
{
	struct axvm *vm = with_window(WINDOW, WINDOW_BYTES);
	uint8_t *page = host.memory[0];

	CHECK_EQ(axvm_map_region(vm, WINDOW, page, 0x1000, 3, "early"), AXVM_ALREADY_EXISTS);
	CHECK(said("overlap the IVC device"));
	CHECK_EQ(alloc(vm, 0x1000), WINDOW);
	CHECK_EQ(axvm_map_region(vm, WINDOW, page, 0x2000, 3, "long"), AXVM_ALREADY_EXISTS);
	CHECK_EQ(axvm_map_region(vm, WINDOW, page, 0x1000, 3, "channel"), AXVM_OK);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x1000), AXVM_BAD_STATE);
	CHECK_EQ(axvm_unmap_region(vm, WINDOW, 0x1000), AXVM_OK);
	CHECK_EQ(axvm_release_ivc_channel(vm, WINDOW, 0x1000), AXVM_OK);
}

TEST(a_window_is_whole_pages)
{
	struct axvm *vm = with_window(WINDOW + 1, 0x2fff);

	CHECK_EQ(alloc(vm, 0x2000), WINDOW + 0x1000);
}

TEST(windows_that_cannot_be)
{
	static const uint64_t wrong[][2] = {{WINDOW, 0},
					    {WINDOW + 1, 0x1000},
					    {~0xfffull, 0x2000},
					    {1ull << 39, 0x1000},
					    {~0ull, 1}};
	struct axvm *vm = NULL;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		prepare();
		config.emu_devices_count = 1;
		config.emu_devices[0] = (skerry_EmulatedDevice){
		    .name = "ivc", .base_gpa = wrong[i][0], .length = wrong[i][1], .emu_type = 0xa};
		CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
		CHECK(host_is_empty());
	}
}

TEST(more_channels_than_are_counted)
{
	struct axvm *vm = with_window(WINDOW, 0x100000);
	uint64_t gpa = 0, size = 0;

	for (unsigned i = 0; i < AXVM_CHANNELS; i++)
		alloc(vm, 1);
	CHECK_EQ(axvm_alloc_ivc_channel(vm, 1, &gpa, &size), AXVM_NO_MEMORY);
}
