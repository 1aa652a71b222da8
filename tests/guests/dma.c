/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk of the machine that is this guest's (virtio 1.2, 4.2 and 5.2), asked by polling: the disk
 * reads and writes the guest's memory by the addresses the guest knows, so these are the machine's.
 */
#include "guest.h"

#define SLOTS 0x0a001000ull
#define SLOT 0x200ull
#define SECTOR 512
#define QUEUE 4u
#define IDENTITY 0x74726976u /* "virt" */
#define DISK 2u
#define VERSION_1 1u /* feature 32: in the second word */

enum {
	MAGIC = 0,
	KIND = 8,
	FEATURES_SELECT = 0x24,
	FEATURES = 0x20,
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

static struct {
	struct {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} desc[QUEUE];
	struct {
		uint16_t flags, index, ring[QUEUE];
	} avail;
	struct {
		uint16_t flags;
		volatile uint16_t index;
		struct {
			uint32_t id, length;
		} ring[QUEUE];
	} used __attribute__((aligned(8)));
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} request;
	uint8_t data[SECTOR];
	volatile uint8_t status;
} shared __attribute__((aligned(4096)));

static uint64_t disk;

static void set_address(uint64_t reg, const void *at)
{
	write32(disk + reg, (uint32_t)(uint64_t)at);
	write32(disk + reg + 4, (uint32_t)((uint64_t)at >> 32));
}

static bool find(void)
{
	for (disk = SLOTS; disk < SLOTS + 0x1000; disk += SLOT)
		if (read32(disk + MAGIC) == IDENTITY && read32(disk + KIND) == DISK)
			return true;
	return false;
}

static void start(void)
{
	write32(disk + STATUS, 0);
	write32(disk + STATUS, ACKNOWLEDGE | DRIVER);
	write32(disk + FEATURES_SELECT, 1);
	write32(disk + FEATURES, VERSION_1);
	write32(disk + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	write32(disk + QUEUE_SELECT, 0);
	write32(disk + QUEUE_NUM, QUEUE);
	set_address(DESC, &shared.desc);
	set_address(AVAIL, &shared.avail);
	set_address(USED, &shared.used);
	write32(disk + QUEUE_READY, 1);
	write32(disk + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

static void transfer(bool write, uint64_t sector)
{
	uint16_t before = shared.used.index;

	shared.request.type = write;
	shared.request.sector = sector;
	shared.status = 0xff;
	shared.desc[0].address = (uint64_t)&shared.request;
	shared.desc[0].length = sizeof(shared.request);
	shared.desc[0].flags = NEXT;
	shared.desc[0].next = 1;
	shared.desc[1].address = (uint64_t)shared.data;
	shared.desc[1].length = SECTOR;
	shared.desc[1].flags = NEXT | (write ? 0 : WRITE);
	shared.desc[1].next = 2;
	shared.desc[2].address = (uint64_t)&shared.status;
	shared.desc[2].length = 1;
	shared.desc[2].flags = WRITE;
	shared.avail.ring[shared.avail.index % QUEUE] = 0;
	__asm__ volatile("dmb sy" ::: "memory");
	shared.avail.index++;
	__asm__ volatile("dmb sy" ::: "memory");
	write32(disk + NOTIFY, 0);
	while (shared.used.index == before) /* no interrupt comes: WFI would not end */
		;
	__asm__ volatile("dmb sy" ::: "memory");
	CHECK_EQUAL(shared.status, 0);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("a disk is in the slots");
	CHECK(find());
	start();
	test("a sector is read");
	transfer(false, 0);
	for (size_t i = 0; i < SECTOR; i++)
		CHECK_EQUAL(shared.data[i], (uint8_t)(i * 7 + 3));
	test("a sector is written");
	for (size_t i = 0; i < SECTOR; i++)
		shared.data[i] = (uint8_t)(i * 5 + 1);
	transfer(true, 1);
	for (size_t i = 0; i < SECTOR; i++)
		shared.data[i] = 0;
	transfer(false, 1);
	for (size_t i = 0; i < SECTOR; i++)
		CHECK_EQUAL(shared.data[i], (uint8_t)(i * 5 + 1));
}
