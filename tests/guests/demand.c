/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is mapped when it is touched: the first access to each page comes in random order and
 * in many forms, finds zeros, and what is written stays. The test around it knows how many pages
 * are touched here.
 */
#include "disk.h"
#include "guest.h"

#define PAGES 0x90000000ull /* 1 MiB in pages of 4 KiB */
#define PAGE 4096ull
#define COUNT 256u
#define TOUCHED 128u	     /* of them; then 4 by other forms of access */
#define BLOCKS 0xa0000000ull /* 8 MiB in blocks of 2 MiB, all touched in the end */
#define BLOCK 0x200000ull
#define UNDEFINED 0u
#define DISK 0x0a000000ull
#define RET 0xd65f03c0u

/* An odd step visits all of a power of two, each once. */
static uint64_t page(uint32_t i)
{
	return PAGES + (uint64_t)((i * 77u + 13u) % COUNT) * PAGE;
}

static uint64_t word(uint32_t i)
{
	return 0x9e3779b97f4a7c15ull * (i + 1);
}

static void test_pages(void)
{
	test("pages in random order: zero at the first touch");
	for (uint32_t i = 0; i < TOUCHED; i++) {
		uint64_t at = page(i) + (i * 88u & (PAGE - 8));

		if (i % 2)
			CHECK_EQUAL(read64(at), 0);
		write64(at, word(i));
	}
	test("what was written is there, and the rest of each page is zero");
	for (uint32_t i = 0; i < TOUCHED; i++) {
		uint64_t at = page(i) + (i * 88u & (PAGE - 8));

		for (uint64_t k = page(i); k < page(i) + PAGE; k += 8)
			if (k != at && read64(k) != 0)
				CHECK_EQUAL(read64(k), 0);
		CHECK_EQUAL(read64(at), word(i));
	}
}

static void test_forms(void)
{
	uint64_t a = 1, b = 1, at = page(TOUCHED);
	uint32_t failed = 1;

	test("a pair, an exclusive, a fetch and cache maintenance touch as well");
	trap_expect();
	__asm__ volatile("ldp %0, %1, [%2]" : "=r"(a), "=r"(b) : "r"(at + 64) : "memory");
	CHECK_EQUAL(a | b, 0);
	__asm__ volatile("1: ldxr %0, [%2]\n\tstxr %w1, %3, [%2]\n\tcbnz %w1, 1b"
			 : "=&r"(a), "=&r"(failed)
			 : "r"(page(TOUCHED + 1)), "r"(5ull)
			 : "memory");
	CHECK_EQUAL(a, 0);
	CHECK_EQUAL(read64(page(TOUCHED + 1)), 5);
	__asm__ volatile("dc cvac, %0" ::"r"(page(TOUCHED + 2)) : "memory");
	CHECK_EQUAL(read64(page(TOUCHED + 2)), 0); /* QEMU's cache needs no page */
	CHECK_NO_TRAP();
	/* The last word is no instruction; the next page, which was touched, returns. */
	at = page(TOUCHED + 3) + PAGE;
	write32(at, RET);
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(at)
			 : "memory");
	((void (*)(void))(at - 4))();
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome >> 26, UNDEFINED);
}

static void test_blocks(void)
{
	test("blocks");
	trap_expect();
	CHECK_EQUAL(read64(BLOCKS + 3 * BLOCK + 0x1000), 0);
	write8(BLOCKS + BLOCK - 1, 0x5a);
	CHECK_EQUAL(read64(BLOCKS + BLOCK), 0);
	CHECK_EQUAL(read8(BLOCKS + BLOCK - 1), 0x5a);
	CHECK_EQUAL(read64(BLOCKS), 0);
	CHECK_NO_TRAP();
	test("nothing is behind the last");
	trap_expect();
	(void)read64(BLOCKS + 4 * BLOCK);
	CHECK_ABORT(BLOCKS + 4 * BLOCK);
}

static bool all(const uint8_t *data, uint8_t value)
{
	for (uint32_t i = 0; i < DISK_SECTOR; i++)
		if (data[i] != value)
			return false;
	return true;
}

static void fill(uint8_t *data, uint8_t value)
{
	for (uint32_t i = 0; i < DISK_SECTOR; i++)
		data[i] = value;
}

/* The disk's data of `far` begins in a block that the guest has not touched. */
static void test_device(void)
{
	static struct disk_memory near __attribute__((aligned(16)));
	struct disk_memory *far =
	    (struct disk_memory *)(BLOCKS + 2 * BLOCK - offsetof(struct disk_memory, data));

	test("a device reads zeros where the guest has not been");
	disk_start(DISK, &near);
	fill(near.data, 0x55);
	disk_transfer(true, 5);
	disk_start(DISK, far);
	disk_transfer(true, 5);
	near.used.index = near.avail.index = 0;
	disk_start(DISK, &near);
	disk_transfer(false, 5);
	CHECK(all(near.data, 0));
	test("what a device writes there is what the guest finds");
	fill(near.data, 0x77);
	disk_transfer(true, 6);
	far->used.index = far->avail.index = 0;
	disk_start(DISK, far);
	disk_transfer(false, 6);
	CHECK(all(far->data, 0x77));
}

void guest_main(uint64_t tree)
{
	(void)tree;
	mmu_on();
	test_pages();
	test_forms();
	test_blocks();
	test_device();
}
