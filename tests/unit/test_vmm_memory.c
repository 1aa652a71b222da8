/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* The guest's address space as its owner changes it, and access to it. */
#include <string.h>

#include "kernel/abi.h"
#include "test.h"
#include "vmm_host.h"

#define MIDDLE (RAM0 + 0x1000)

TEST(unmap_in_the_middle_cuts_an_area)
{
	struct axvm *vm = make();
	uint32_t value = 0;

	CHECK_EQ(axvm_unmap_region(vm, MIDDLE, 0x1000), AXVM_OK);
	CHECK_EQ(host.page_count, 7);
	CHECK_EQ(vm->area_count, 3);
	CHECK(axvm_memory(vm, RAM0, 0x1000) == host.memory[0]);
	CHECK(!axvm_memory(vm, MIDDLE, 1));
	CHECK(axvm_memory(vm, RAM0 + 0x2000, 0x2000) == host.memory[0] + 0x2000);
	CHECK_EQ(axvm_read_from_guest_of(vm, MIDDLE - 4, &value, 8, 4), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, MIDDLE, host.memory[1], 0x1000, 7, "again"), AXVM_OK);
	CHECK_EQ(axvm_read_from_guest_of(vm, MIDDLE - 4, &value, 4, 4), AXVM_OK);
}

TEST(unmap_over_several_areas_and_holes)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_unmap_region(vm, RAM0 - 0x10000, 0x20000), AXVM_OK);
	CHECK(host.page_count == 0 && vm->area_count == 0);
	CHECK_EQ(axvm_unmap_region(vm, RAM0 - 0x10000, 0x20000), AXVM_OK);
}

TEST(unmap_at_the_ends_of_areas)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_unmap_region(vm, RAM0 + 0x3000, 0x2000), AXVM_OK);
	CHECK_EQ(vm->area_count, 2);
	CHECK(axvm_memory(vm, RAM0, 0x3000) && !axvm_memory(vm, RAM0, 0x3001));
	CHECK(axvm_memory(vm, RAM0 + 0x5000, 0x3000) == host.memory[1] + 0x1000);
	CHECK(!axvm_memory(vm, RAM0 + 0x4fff, 1));
}

TEST(unmap_leaves_devices)
{
	struct axvm *vm = make();
	const struct axvm_area *below, *above;

	CHECK_EQ(axvm_take_region(vm, RAM0 - 0x1000, 0x1000, "uart"), AXVM_OK);
	CHECK_EQ(axvm_unmap_region(vm, RAM0 - 0x2000, 0x3000), AXVM_OK);
	CHECK(axvm_area_at(vm, RAM0 - 1, &below, &above));
	CHECK(!axvm_memory(vm, RAM0, 1));
}

TEST(unmap_refuses)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_unmap_region(vm, RAM0, 0), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_unmap_region(vm, 1ull << 39, 0x1000), AXVM_INVALID_INPUT);
	CHECK(said("VM[7]: 0x1000 bytes at 0x8000000000: not in the guest's address space"));
	CHECK_EQ(axvm_unmap_region(vm, ~0xfffull, 0x2000), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_unmap_region(vm, RAM0 + 1, 0x1000), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_unmap_region(vm, RAM0, 0x1001), AXVM_INVALID_INPUT);
	host.frame = 0x4000; /* what is mapped at once goes at once */
	CHECK_EQ(axvm_unmap_region(vm, MIDDLE, 0x1000), AXVM_INVALID_INPUT);
	CHECK(host.page_count == 8 && vm->area_count == 2);
}

TEST(unmap_without_room_for_a_further_area)
{
	struct axvm *vm = make();

	for (uint64_t i = 0; i < AXVM_AREAS - 2; i++)
		CHECK_EQ(axvm_take_region(vm, 0x2000 * i, 0x1000, "device"), AXVM_OK);
	CHECK_EQ(axvm_unmap_region(vm, MIDDLE, 0x1000), AXVM_NO_MEMORY);
	CHECK_EQ(host.page_count, 8);
	CHECK_EQ(axvm_unmap_region(vm, RAM0, 0x1000), AXVM_OK);
}

/* The real width decides, not the seed's 47 bits. */
TEST(map_region_beyond_the_address_width)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_map_region(vm, 0x8000000000, host.memory[0], 0x1000, 7, "x"),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, 0x7ffffff000, host.memory[0], 0x2000, 7, "x"),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, 0x7ffffff000, host.memory[0], 0x1000, 7, "x"), AXVM_OK);
}

/* gpa below hpa and above it: nothing is subtracted (upstream underflows). */
TEST(map_region_to_any_host_address)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_map_region(vm, 0, host.memory[0], 0x1000, 7, "low"), AXVM_OK);
	CHECK_EQ(axvm_map_region(vm, 0x1000, NULL, 0x1000, 7, "null"), AXVM_OK);
	CHECK_EQ(axvm_map_region(vm, 0x2000, host.memory[0] + 1, 0x1000, 7, "odd"),
		 AXVM_INVALID_INPUT);
	CHECK(said("not whole pages"));
	CHECK_EQ(axvm_map_region(vm, RAM0, host.memory[0] + 1, 0x1000, 7, "odd"),
		 AXVM_INVALID_INPUT); /* alignment before overlap */
}

TEST(map_region_refuses_flags)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_map_region(vm, 0, host.memory[0], 0x1000, 0, "x"), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, 0, host.memory[0], 0x1000, 8, "x"), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, 0, host.memory[0], 0x1000, 0x47, "x"), AXVM_INVALID_INPUT);
	CHECK(said("VM[7]: Illegal flags 0x47"));
}

TEST(read_only_memory_is_not_written)
{
	struct axvm *vm = make();
	uint64_t value = ~0ull;

	CHECK_EQ(axvm_map_region(vm, 0, host.memory[1], 0x1000, AXVM_FLAG_READ, "rom"), AXVM_OK);
	CHECK_EQ(axvm_map_region(vm, 0x1000, host.memory[1], 0x1000, 3, "ram"), AXVM_OK);
	CHECK(!axvm_writable(vm, 0xffc, 4) && axvm_memory(vm, 0xffc, 4));
	CHECK(axvm_writable(vm, 0x1000, 4) == host.memory[1]);
	CHECK(!axvm_writable(vm, 0x1ffc, 8));
	CHECK_EQ(axvm_write_to_guest_of(vm, 8, &value, 8, 8), AXVM_INVALID_INPUT);
	CHECK(said("read-only"));
	CHECK_EQ(axvm_write_to_guest_of(vm, 0xffc, &value, 8, 4), AXVM_INVALID_INPUT);
	CHECK_EQ(host.memory[1][0], 0); /* nor the part that could be */
	CHECK_EQ(axvm_write_to_guest_of(vm, 0x1000, &value, 8, 8), AXVM_OK);
	CHECK_EQ(axvm_read_from_guest_of(vm, 0, &value, 8, 8), AXVM_OK);
}

TEST(alignment_of_both_directions)
{
	struct axvm *vm = make();
	uint64_t value = 0;

	CHECK_EQ(axvm_write_to_guest_of(vm, RAM0 + 4, &value, 8, 8), AXVM_INVALID_INPUT);
	CHECK(said("VM[7]: Unaligned guest physical address 0x80000004"));
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0 + 4, &value, 8, 8), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0 + 4, &value, 8, 4), AXVM_OK);
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0, &value, 8, 0), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_write_to_guest_of(vm, RAM0, &value, 8, 12), AXVM_INVALID_INPUT);
}

/* Upstream panics where an access starts inside an area and runs past its end. */
TEST(an_access_that_starts_inside_and_ends_outside)
{
	static uint8_t bytes[3 * RAM_BYTES];
	struct axvm *vm = make();

	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0 + 4, bytes, 2 * RAM_BYTES, 4),
		 AXVM_INVALID_INPUT);
	CHECK(said("Insufficient data"));
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0, bytes, 2 * RAM_BYTES, 4), AXVM_OK);
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0, bytes, SIZE_MAX, 4), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_read_from_guest_of(vm, (1ull << 39) - 4, bytes, 8, 4), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0, bytes, 0, 4), AXVM_OK);
}

TEST(image_load_region_in_pieces)
{
	struct axvm *vm = make();
	struct axvm_piece pieces[2];
	size_t count = 0;

	CHECK_EQ(axvm_get_image_load_region(vm, MIDDLE, RAM_BYTES, pieces, 2, &count), AXVM_OK);
	CHECK_EQ(count, 2);
	CHECK(pieces[0].address == host.memory[0] + 0x1000 && pieces[0].size == 0x3000);
	CHECK(pieces[1].address == host.memory[1] && pieces[1].size == 0x1000);
	CHECK_EQ(axvm_get_image_load_region(vm, MIDDLE, RAM_BYTES, pieces, 1, &count),
		 AXVM_NO_MEMORY);
}

/* Upstream panics if the range cannot be translated. */
TEST(image_load_region_that_is_not_all_memory)
{
	struct axvm *vm = make();
	struct axvm_piece pieces[2];
	size_t count = 7;

	CHECK_EQ(axvm_get_image_load_region(vm, RAM0, 2 * RAM_BYTES + 1, pieces, 2, &count),
		 AXVM_BAD_STATE);
	CHECK_EQ(axvm_get_image_load_region(vm, 0, 1, pieces, 2, &count), AXVM_BAD_STATE);
	CHECK_EQ(axvm_get_image_load_region(vm, ~0ull, 2, pieces, 2, &count), AXVM_BAD_STATE);
	CHECK_EQ(axvm_get_image_load_region(vm, RAM0, ~0ull, pieces, 2, &count), AXVM_BAD_STATE);
	CHECK_EQ(count, 7);
	CHECK(said("VM[7]: "));
}

TEST(memory_by_its_offset)
{
	struct axvm *vm = make();
	uint64_t offset = 0;

	CHECK(axvm_ram(vm, RAM_BYTES, 4) == host.memory[1]);
	CHECK(axvm_ram(vm, RAM_BYTES - 4, 4) == host.memory[0] + RAM_BYTES - 4);
	CHECK(!axvm_ram(vm, RAM_BYTES - 4, 8)); /* regions do not touch here */
	CHECK(!axvm_ram(vm, 2 * RAM_BYTES, 1));
	CHECK(!axvm_ram(vm, ~0ull, 1) && !axvm_ram(vm, 1, ~0ull));
	CHECK(axvm_ram_offset(vm, host.memory[1] + 5, &offset) && offset == RAM_BYTES + 5);
	CHECK(!axvm_ram_offset(vm, (const uint8_t *)&offset, &offset));
}
