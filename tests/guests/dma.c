/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk of the machine that is this guest's: it reads and writes the guest's memory by the
 * addresses the guest knows, so these are the machine's.
 */
#include "disk.h"
#include "guest.h"

#define SLOTS 0x0a001000ull
#define SLOT 0x200ull

static struct disk_memory shared __attribute__((aligned(4096)));

void guest_main(uint64_t tree)
{
	uint64_t disk = SLOTS;

	(void)tree;
	test("a disk is in the slots");
	while (disk < SLOTS + 0x1000 && !disk_is(disk))
		disk += SLOT;
	CHECK(disk_is(disk));
	disk_start(disk, &shared);
	test("a sector is read");
	disk_transfer(false, 0);
	for (size_t i = 0; i < DISK_SECTOR; i++)
		CHECK_EQUAL(shared.data[i], (uint8_t)(i * 7 + 3));
	test("a sector is written");
	for (size_t i = 0; i < DISK_SECTOR; i++)
		shared.data[i] = (uint8_t)(i * 5 + 1);
	disk_transfer(true, 1);
	for (size_t i = 0; i < DISK_SECTOR; i++)
		shared.data[i] = 0;
	disk_transfer(false, 1);
	for (size_t i = 0; i < DISK_SECTOR; i++)
		CHECK_EQUAL(shared.data[i], (uint8_t)(i * 5 + 1));
}
