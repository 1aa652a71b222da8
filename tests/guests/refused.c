/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that hardware does not describe, or that are no plain access, to where a device or
 * nothing is: each is a synchronous external abort with the right address, and the guest goes on.
 */
#include "guest.h"

#define NOTHING 0x0c000000ull
#define ALIAS(address) (MMU_NORMAL_ALIAS + (address))
#define UARTIBRD 0x024ull
#define CLASS(syndrome) ((syndrome) >> 26)

/* Each at the UART (a device server), the distributor (the VMM) and nothing at all. */
static const uint64_t places[] = {UART + UARTIBRD, GICD + 0x420, NOTHING + 0x100};
#define PLACES (sizeof(places) / sizeof(places[0]))

#define TRY(text, ...)                                                      \
	do {                                                                \
		trap_expect();                                              \
		__asm__ volatile(".arch armv8-a+lse\n\t" text __VA_ARGS__); \
	} while (0)

/* decode.c has these at devices. */
static void test_pairs(uint64_t offset)
{
	uint64_t at = NOTHING + 0x100 + offset, base = at;

	TRY("ldp x9, x10, [%0]", ::"r"(at) : "x9", "x10", "memory");
	CHECK_ABORT(at);
	TRY("stp x9, x10, [%0]", ::"r"(at) : "memory");
	CHECK_ABORT(at);
	CHECK_EQUAL(trap_last.syndrome >> 6 & 1, 1);
	TRY("ldr w9, [%0], #4", : "+r"(base)::"x9", "memory");
	CHECK_ABORT(at);
	CHECK_EQUAL(base, at);
	TRY("str w9, [%0, #8]!", : "+r"(base)::"x9", "memory");
	CHECK_ABORT(at + 8);
	CHECK_EQUAL(base, at);
}

static void test_forms(uint64_t offset)
{
	test_pairs(offset);
	for (size_t i = 0; i < PLACES; i++) {
		uint64_t at = places[i] + offset;

		TRY("ldr q9, [%0]", ::"r"(at & ~15ull) : "memory");
		CHECK_ABORT(at & ~15ull);
		TRY("str s9, [%0]", ::"r"(at) : "memory");
		CHECK_ABORT(at);
	}
}

static void test_exclusive(void)
{
	test("exclusive loads and stores");
	for (size_t i = 0; i < PLACES; i++) {
		uint64_t at = ALIAS(places[i]);

		TRY("ldxr w9, [%0]", ::"r"(at) : "x9", "memory");
		CHECK_ABORT(at);
		TRY("ldaxrb w9, [%0]", ::"r"(at) : "x9", "memory");
		CHECK_ABORT(at);
	}
	test("atomic instructions, where the core has them");
	for (size_t i = 0; i < PLACES; i++) {
		uint64_t at = ALIAS(places[i]);

		if ((READ_REGISTER(id_aa64isar0_el1) >> 20 & 0xf) == 0)
			break;
		TRY("ldadd w9, w10, [%0]", ::"r"(at) : "x10", "memory");
		CHECK_ABORT(at);
		TRY("swp w9, w10, [%0]", ::"r"(at) : "x10", "memory");
		CHECK_ABORT(at);
		TRY("cas w9, w10, [%0]", ::"r"(at) : "x9", "memory");
		CHECK_ABORT(at);
	}
}

static void test_cache_operations(void)
{
	test("zeroing a block by DC ZVA");
	for (size_t i = 0; i < PLACES; i++) {
		TRY("dc zva, %0", ::"r"(ALIAS(places[i])) : "memory");
		CHECK_EQUAL(trap_last.count, 1);
		CHECK_EQUAL(CLASS(trap_last.syndrome), 0x25);
		CHECK_EQUAL(trap_last.syndrome & 0x3f, 0x10);
		CHECK_EQUAL(trap_last.address & ~0xfffull, ALIAS(places[i]) & ~0xfffull);
	}
}

static void test_unaligned(void)
{
	test("an unaligned access within a device's page");
	trap_expect();
	(void)read32(ALIAS(UART) + 0x25);
	CHECK_ABORT(ALIAS(UART) + 0x25);
	trap_expect();
	write16(ALIAS(UART) + 0x25, 0xffff);
	CHECK_ABORT(ALIAS(UART) + 0x25);

	test("an access across the end of a device's page");
	trap_expect();
	(void)read64(ALIAS(UART) + 0xffc);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), 0x25);
	CHECK_EQUAL(trap_last.syndrome & 0x3f, 0x10);
	trap_expect();
	write64(ALIAS(UART) + 0xffc, 0);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome & 0x3f, 0x10);

	test("an access across the end of memory");
	trap_expect();
	(void)read64(0x81000000 - 4);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), 0x25);
	CHECK_EQUAL(trap_last.syndrome & 0x3f, 0x10);
	trap_expect();
	write64(0x80000000 - 4, 0);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome & 0x3f, 0x10);
}

static void test_fetch(uint64_t offset)
{
	for (size_t i = 0; i < PLACES; i++) {
		trap_expect();
		((void (*)(void))(places[i] + offset))();
		CHECK_ABORT(places[i] + offset);
		CHECK_EQUAL(CLASS(trap_last.syndrome), 0x21);
	}
}

static void test_walk(void)
{
	for (size_t i = 0; i < PLACES; i++) {
		uint64_t at = (uint64_t)(MMU_FREE + i) << 30;

		mmu_entry(MMU_FREE + (unsigned)i, (places[i] & ~0xfffull) | 3);
		trap_expect();
		(void)read32(at + 0x1230);
		CHECK_EQUAL(trap_last.count, 1);
		CHECK_EQUAL(CLASS(trap_last.syndrome), 0x25);
		CHECK((trap_last.syndrome & 0x3f) == 0x10 || (trap_last.syndrome & 0x3c) == 0x14);
		CHECK_EQUAL(trap_last.address, at + 0x1230);
	}
}

static void test_unmapped(void)
{
	static const uint64_t holes[] = {0,	     0x07fffffc, 0x08010000, 0x080c0000,
					 0x0a000000, 0x7ffffffc, 0x81000000, 0xfffffffc};

	test("addresses where nothing is: every width, reads and writes");
	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		trap_expect();
		(void)read8(holes[i]);
		CHECK_ABORT(holes[i]);
		trap_expect();
		(void)read16(holes[i]);
		CHECK_ABORT(holes[i]);
		trap_expect();
		(void)read32(holes[i]);
		CHECK_ABORT(holes[i]);
		trap_expect();
		write64(holes[i] & ~7ull, ~0ull);
		CHECK_ABORT(holes[i] & ~7ull);
		CHECK_EQUAL(trap_last.syndrome >> 6 & 1, 1);
	}
	test("addresses beyond what the guest's space can have");
	for (unsigned bit = 32; bit < 48; bit++) {
		trap_expect();
		(void)read32(1ull << bit);
		CHECK_EQUAL(trap_last.count, 1);
		CHECK(CLASS(trap_last.syndrome) == 0x25);
	}
}

void guest_main(uint64_t tree)
{
	(void)tree;
	write32(UART + UARTIBRD, 0x1357);
	test_unmapped();
	test("pairs, write-back and vector registers, translation off");
	test_forms(0);
	test("an instruction fetch, translation off");
	test_fetch(0);
	mmu_on();
	test("pairs, write-back and vector registers, device memory");
	test_forms(0);
	test("pairs, write-back and vector registers, normal memory");
	test_forms(MMU_NORMAL_ALIAS);
	test("an instruction fetch, normal memory");
	test_fetch(MMU_NORMAL_ALIAS);
	test_exclusive();
	test_cache_operations();
	test_unaligned();
	test("a walk of the guest's own tables into a device, and into nothing");
	test_walk();
	test("after all that a plain access works, and nothing was written");
	CHECK_EQUAL(read32(UART + UARTIBRD), 0x1357);
	CHECK_EQUAL(read32(ALIAS(UART) + UARTIBRD), 0x1357);
}
