/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk (virtio 1.2, 4.2 and 5.2), asked one sector at a time by polling. */
#include "disk.h"

#include "guest.h"

#define IDENTITY 0x74726976u /* "virt" */
#define DISK 2u
#define VERSION_1 1u /* feature 32: in the second word */

enum {
	MAGIC = 0x00,
	KIND = 0x08,
	FEATURES = 0x20,
	FEATURES_SELECT = 0x24,
	QUEUE_SELECT = 0x30,
	QUEUE_NUM = 0x38,
	QUEUE_READY = 0x44,
	NOTIFY = 0x50,
	STATUS = 0x70,
	DESC = 0x80,
	AVAIL = 0x90,
	USED = 0xa0
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { NEXT = 1, WRITE = 2 };

static struct disk_memory *shared;
static uint64_t disk;

static void set_address(uint64_t reg, const void *at)
{
	write32(disk + reg, (uint32_t)(uint64_t)at);
	write32(disk + reg + 4, (uint32_t)((uint64_t)at >> 32));
}

bool disk_is(uint64_t base)
{
	return read32(base + MAGIC) == IDENTITY && read32(base + KIND) == DISK;
}

void disk_start(uint64_t base, struct disk_memory *memory)
{
	disk = base;
	shared = memory;
	write32(disk + STATUS, 0);
	write32(disk + STATUS, ACKNOWLEDGE | DRIVER);
	write32(disk + FEATURES_SELECT, 1);
	write32(disk + FEATURES, VERSION_1);
	write32(disk + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	write32(disk + QUEUE_SELECT, 0);
	write32(disk + QUEUE_NUM, DISK_QUEUE);
	set_address(DESC, shared->desc);
	set_address(AVAIL, &shared->avail);
	set_address(USED, &shared->used);
	write32(disk + QUEUE_READY, 1);
	write32(disk + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

static void describe(uint32_t i, const volatile void *at, uint32_t length, uint16_t flags)
{
	shared->desc[i].address = (uint64_t)at;
	shared->desc[i].length = length;
	shared->desc[i].flags = flags;
	shared->desc[i].next = (uint16_t)(i + 1);
}

void disk_transfer(bool write, uint64_t sector)
{
	uint16_t before = shared->used.index;

	shared->request.type = write;
	shared->request.sector = sector;
	shared->status = 0xff;
	describe(0, &shared->request, sizeof(shared->request), NEXT);
	describe(1, shared->data, DISK_SECTOR, NEXT | (write ? 0 : WRITE));
	describe(2, &shared->status, 1, WRITE);
	shared->avail.ring[shared->avail.index % DISK_QUEUE] = 0;
	__asm__ volatile("dmb sy" ::: "memory");
	shared->avail.index++;
	__asm__ volatile("dmb sy" ::: "memory");
	write32(disk + NOTIFY, 0);
	while (shared->used.index == before) /* no interrupt comes: WFI would not end */
		;
	__asm__ volatile("dmb sy" ::: "memory");
	CHECK_EQUAL(shared->status, 0);
}
