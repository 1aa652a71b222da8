/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and a device above 512 GiB, which three levels of stage-2 tables do not reach: with
 * translation off and on. tests/qemu/levels.py has the system that gives them.
 */
#include "guest.h"

#define HIGH 0x10000000000ull
#define HIGH_UART (HIGH + 0x40000000)
#define BYTES 0x200000ull
#define BITS_44 4ull
#define IPS (BITS_44 << 32)
#define NORMAL_BLOCK 0x705ull
#define DEVICE_BLOCK 0x701ull
#define GIB (1ull << 30)

static void test_memory(uint64_t at)
{
	static const uint64_t offsets[] = {0, 8, 0x1000, BYTES / 2, BYTES - 8};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		write64(at + offsets[i], at ^ i);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		CHECK_EQUAL(read64(at + offsets[i]), at ^ i);
}

static void test_device(uint64_t at)
{
	uint64_t base = at + 0x24, first = 0, second = 0;

	CHECK_EQUAL(read32(at + 0xfe0), 0x11);
	write32(at + 0x24, 0x4321);
	CHECK_EQUAL(read32(at + 0x24), 0x4321);
	CHECK_EQUAL(read32(UART + 0x24) == 0x4321, false);
	__asm__ volatile("ldp %w1, %w2, [%0], #8"
			 : "+r"(base), "=&r"(first), "=&r"(second)::"memory");
	CHECK_EQUAL(first, 0x4321);
	CHECK_EQUAL(base, at + 0x2c);
}

static void test_beyond(void)
{
	uint64_t sizes[] = {32, 36, 40, 42, 44, 48}, range = READ_REGISTER(id_aa64mmfr0_el1) & 0xf;

	test("the size that the ID register tells is enough, and what is beyond is an abort");
	CHECK(range >= BITS_44 && range < sizeof(sizes) / sizeof(sizes[0]));
	trap_expect();
	(void)read32(HIGH + BYTES);
	CHECK_EQUAL(trap_last.count, 1);
	trap_expect();
	(void)read32(HIGH - 8);
	CHECK_EQUAL(trap_last.count, 1);
	trap_expect();
	(void)read32(1ull << sizes[range]);
	CHECK_EQUAL(trap_last.count, 1);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("memory above 512 GiB, translation off: zero, and keeps what is written");
	CHECK_EQUAL(read64(HIGH) | read64(HIGH + BYTES - 8), 0);
	test_memory(HIGH);
	test("a device above 512 GiB, translation off");
	test_device(HIGH_UART);
	test_beyond();
	mmu_on();
	WRITE_REGISTER(tcr_el1, (READ_REGISTER(tcr_el1) & ~(7ull << 32)) | IPS);
	mmu_entry(MMU_FREE, HIGH | NORMAL_BLOCK);
	mmu_entry(MMU_FREE + 1, HIGH_UART | DEVICE_BLOCK);
	test("memory above 512 GiB, translation on");
	test_memory(MMU_FREE * GIB);
	test("a device above 512 GiB, translation on");
	test_device((MMU_FREE + 1) * GIB);
}
