/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* What the machine gives a VM at an address of its own: devices, and memory. */
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/axvm.h"
#include "test.h"
#include "vmm_host.h"

static void device(const char *name, uint64_t gpa, uint64_t hpa, uint64_t length)
{
	skerry_PassthroughDevice *d =
	    &config.passthrough_devices[config.passthrough_devices_count++];

	strncpy(d->name, name, sizeof(d->name) - 1);
	d->base_gpa = gpa;
	d->base_hpa = hpa;
	d->length = length;
}

static uint32_t regions; /* of the machine's memory that it had */

/* Made, and gone again: nothing stays. */
static enum axvm_error create(void)
{
	struct axvm *vm = NULL;
	enum axvm_error error = axvm_new(&config, &hal, &vm);

	regions = host.regions;
	if (!error)
		CHECK(axvm_unref(vm));
	CHECK(host_is_empty());
	return error;
}

TEST(passthrough_is_whole_pages_and_keeps_the_last)
{
	prepare();
	device("rtc", 0x9010f00, 0x9010f00, 0x200);
	CHECK_EQ(create(), AXVM_OK);
	CHECK_EQ(host.device_gpa, 0x9010000);
	CHECK_EQ(host.device_hpa, 0x9010000);
	CHECK_EQ(host.device_size, 0x2000);
	prepare();
	device("rtc", 0x10000, 0x9010000, 0x1000);
	CHECK_EQ(create(), AXVM_OK);
	CHECK_EQ(host.device_gpa, 0x10000);
	CHECK_EQ(host.device_hpa, 0x9010000);
	CHECK_EQ(host.device_size, 0x1000);
}

TEST(passthrough_that_overlaps_is_refused)
{
	prepare();
	device("low", RAM0 - 0x1000, 0x9010000, 0x1001);
	CHECK_EQ(create(), AXVM_ALREADY_EXISTS);
	CHECK(said("0x2000 bytes at 0x7ffff000 overlap ram0 at 0x80000000"));
	CHECK_EQ(host.physical, 0);
	prepare();
	device("low", 0x10000, 0x9010000, 0x2000);
	device("high", 0x11800, 0x9015800, 0x10);
	CHECK_EQ(create(), AXVM_ALREADY_EXISTS);
	CHECK(said("0x1000 bytes at 0x11000 overlap low at 0x10000"));
}

/* Here and on the machine; else it is an overlap. */
TEST(passthrough_that_touches_or_shares_pages_is_one_range)
{
	prepare();
	device("slot7", 0x11e00, 0xa001e00, 0x200);
	device("row", 0x11000, 0xa001000, 0x1000);
	device("next", 0x12000, 0xa002000, 0x200);
	CHECK_EQ(create(), AXVM_OK);
	CHECK_EQ(host.physical, 1);
	CHECK_EQ(host.device_gpa, 0x11000);
	CHECK_EQ(host.device_hpa, 0xa001000);
	CHECK_EQ(host.device_size, 0x2000);
	prepare();
	device("row", 0x11000, 0xa001000, 0x1000);
	device("slot7", 0x11e00, 0xa002e00, 0x200);
	CHECK_EQ(create(), AXVM_ALREADY_EXISTS);
}

TEST(passthrough_that_cannot_be_is_invalid)
{
	static const uint64_t bad[][3] = {
	    {0x10000, 0x9010000, 0},
	    {0x10000, 0x9010800, 0x1000},
	    {1ull << 39, 0x9010000, 0x1000},
	    {(1ull << 39) - 0x1000, 0x9010000, 0x1001},
	    {0x10000, 0x9010000, ~0ull},
	    {~0ull - 0xfff, 0x9010000, 0x1000},
	    {~0ull, 0xfff, 1},
	    {~0ull, 0xfff, 0x1000},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		prepare();
		device("bad", bad[i][0], bad[i][1], bad[i][2]);
		CHECK_EQ(create(), AXVM_INVALID_INPUT);
		CHECK_EQ(host.physical, 0);
	}
}

TEST(areas_that_touch_are_one_piece_of_memory)
{
	struct axvm *vm = make();

	CHECK(axvm_memory(vm, RAM0, 2 * RAM_BYTES) == host.memory[0]);
	CHECK(axvm_memory(vm, RAM0 + RAM_BYTES - 8, 16) == host.memory[0] + RAM_BYTES - 8);
	CHECK(axvm_memory(vm, RAM0 + RAM_BYTES - 8, RAM_BYTES + 9) == NULL);
	CHECK_EQ(axvm_unmap_region(vm, RAM0, RAM_BYTES), AXVM_OK);
	CHECK(axvm_memory(vm, RAM0 + RAM_BYTES - 8, 16) == NULL);
}

TEST(memory_at_its_own_address_is_there_or_the_vm_is_not)
{
	prepare();
	config.memory_regions[0].map_type = skerry_MemoryMapType_MAP_IDENTICAL;
	host.busy_memory = true;
	CHECK_EQ(create(), AXVM_NO_MEMORY);
	CHECK(said("0x4000 bytes at 0x80000000, is in use or not there"));
	prepare();
	config.memory_regions[0].map_type = skerry_MemoryMapType_MAP_IDENTICAL;
	CHECK_EQ(create(), AXVM_OK);
	CHECK_EQ(regions, 1);
}
