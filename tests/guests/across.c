/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions of memory that touch are one piece for a device: each part of a disk's queue, and its
 * buffers, lie across the border in turn.
 */
#include "disk.h"
#include "guest.h"

#define DISK 0x0a000000ull
#define BORDER 0x81000000ull

static void test_across(const char *name, uint64_t offset)
{
	struct disk_memory *shared = (struct disk_memory *)(BORDER - offset);

	test(name);
	for (size_t i = 0; i < sizeof(*shared); i++)
		((uint8_t *)shared)[i] = 0;
	disk_start(DISK, shared);
	for (size_t i = 0; i < DISK_SECTOR; i++)
		shared->data[i] = (uint8_t)(i * 5 + offset);
	disk_transfer(true, 3);
	for (size_t i = 0; i < DISK_SECTOR; i++)
		shared->data[i] = 0;
	disk_transfer(false, 3);
	for (size_t i = 0; i < DISK_SECTOR; i++)
		CHECK_EQUAL(shared->data[i], (uint8_t)(i * 5 + offset));
}

#define PART(member) (offsetof(struct disk_memory, member) & ~15ull)

void guest_main(uint64_t tree)
{
	(void)tree;
	test_across("descriptors", PART(desc) + 32);
	test_across("the ring of what is available", PART(avail) + 16);
	test_across("the ring of what is used", PART(used) + 32);
	test_across("a buffer", PART(data) + 256);
}
