/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/walk.c */
/* Stage 1 in software, on tables of our own (Arm DDI 0487, D8.2 and D8.3). */
#include <string.h>

#include "services/vmm/arch/aarch64/walk.h"
#include "test.h"

#define BIT(n) (1ull << (n))
#define MEMORY 0x80000000ull
#define WORDS 0x20000u /* 1 MiB */
#define SCTLR_M 1u
#define VALID 1ull
#define TABLE 3ull
#define PAGE 3ull
#define AF BIT(10)
#define EL0 BIT(6)
#define READ_ONLY BIT(7)
#define UXN BIT(54)
#define PXN BIT(53)

static uint64_t memory[WORDS];
static unsigned int reads;
static struct walk w;

static bool read_memory(void *host, uint64_t address, uint64_t *entry)
{
	(void)host;
	reads++;
	CHECK_EQ(address % 8, 0);
	if (address - MEMORY >= sizeof(memory))
		return false;
	*entry = memory[(address - MEMORY) / 8];
	return true;
}

static void put(uint64_t table, uint64_t index, uint64_t entry)
{
	memory[(table - MEMORY) / 8 + index] = entry;
}

static void start(uint64_t tcr)
{
	memset(memory, 0, sizeof(memory));
	w = (struct walk){.sctlr = SCTLR_M, .tcr = tcr, .ttbr0 = MEMORY, .read = read_memory};
}

static uint64_t at(uint64_t virtual)
{
	uint64_t address = ~0ull;

	reads = 0;
	if (!walk_translate(&w, virtual, WALK_READ, &address))
		address = ~0ull;
	CHECK(reads <= 4);
	return address;
}

static bool may(enum walk_access access)
{
	uint64_t address;

	return walk_translate(&w, 0x1234, access, &address);
}

TEST(off_is_flat)
{
	start(0);
	w.sctlr = 0;
	CHECK_EQ(at(0x8000123), 0x8000123);
	CHECK_EQ(at(0xffffffffffff), 0xffffffffffff);
	CHECK_EQ(at(0x1000000000000), ~0ull);
	CHECK_EQ(reads, 0);
}

TEST(four_kib_from_level_0)
{
	start(16);
	put(MEMORY, 0x1ff, MEMORY + 0x1000 + TABLE);
	put(MEMORY + 0x1000, 0x100, MEMORY + 0x2000 + TABLE);
	put(MEMORY + 0x2000, 7, MEMORY + 0x3000 + TABLE);
	put(MEMORY + 0x3000, 0x1a, 0x9000000 + AF + PAGE);
	CHECK_EQ(at(0xffc000e1a123), 0x9000123);
	CHECK_EQ(reads, 4);
	put(MEMORY + 0x2000, 8, 0x12200000 + AF + VALID);
	CHECK_EQ(at(0xffc001012345), 0x12212345); /* 2 MiB */
	put(MEMORY + 0x1000, 0x101, 0x340000000 + AF + VALID);
	CHECK_EQ(at(0xffc072345678), 0x372345678); /* 1 GiB */
	put(MEMORY, 0x1fe, AF + VALID);
	CHECK_EQ(at(0xff0000000000), ~0ull); /* no block of 512 GiB */
	put(MEMORY + 0x3000, 0x1b, 0x9000000 + AF + VALID);
	CHECK_EQ(at(0xffc000e1b123), ~0ull); /* reserved at level 3 */
	CHECK_EQ(at(0xffc000e1c123), ~0ull); /* invalid */
	CHECK_EQ(at(0x1000000000000), ~0ull);
	CHECK_EQ(reads, 0);
}

TEST(a_short_table_begins_at_a_lower_level_and_where_it_is_aligned)
{
	start(39);		     /* 25 bits: level 2 with 16 entries */
	w.ttbr0 = MEMORY + 0x80 + 1; /* CnP */
	put(MEMORY + 0x80, 15, 0x40000000 + AF + VALID);
	CHECK_EQ(at(0x1e12345), 0x40012345);
	CHECK_EQ(reads, 1);
	CHECK_EQ(at(0x2012345), ~0ull);
	start(25); /* as our guests: 1 GiB blocks in the first table */
	put(MEMORY, 2, 0x80000000 + AF + VALID);
	CHECK_EQ(at(0x87654321), 0x87654321);
	CHECK_EQ(reads, 1);
	start(48); /* the least: 16 bits */
	put(MEMORY, 15, 0x5000 + AF + PAGE);
	CHECK_EQ(at(0xf123), 0x5123);
	start(49);
	CHECK_EQ(at(0x1000), ~0ull);
	start(15);
	CHECK_EQ(at(0x1000), ~0ull);
}

TEST(sixteen_kib)
{
	start(16 | 2 << 14); /* 48 bits: level 0 has two entries */
	put(MEMORY, 1, MEMORY + 0x4000 + TABLE);
	put(MEMORY + 0x4000, 0x7ff, MEMORY + 0x8000 + TABLE);
	put(MEMORY + 0x8000, 1, MEMORY + 0xc000 + TABLE);
	put(MEMORY + 0xc000, 0x7ff, 0x9004000 + AF + PAGE);
	CHECK_EQ(at(0xfff003fffabc), 0x9007abc);
	CHECK_EQ(reads, 4);
	put(MEMORY + 0x8000, 2, 0x2000000 + AF + VALID);
	CHECK_EQ(at(0xfff005234567), 0x3234567); /* 32 MiB */
	put(MEMORY + 0x4000, 5, AF + VALID);
	CHECK_EQ(at(0x805000000000), ~0ull);
}

TEST(sixty_four_kib)
{
	start(22 | 1 << 14); /* 42 bits: level 2 */
	put(MEMORY, 3, MEMORY + 0x10000 + TABLE);
	put(MEMORY + 0x10000, 0x1fff, 0x9010000 + AF + PAGE);
	CHECK_EQ(at(0x7ffffedc), 0x901fedc);
	CHECK_EQ(reads, 2);
	put(MEMORY, 4, 0x60000000 + AF + VALID);
	CHECK_EQ(at(0x9abcdef0), 0x7abcdef0); /* 512 MiB */
	put(MEMORY, 5, 0x60001000 + AF + VALID);
	CHECK_EQ(at(0xbabcdef0), ~0ull); /* an address of 52 bits */
	start(12 | 1 << 14);
	put(MEMORY, 0x3ff, MEMORY + 0x10000 + TABLE);
	CHECK_EQ(at(0xffc0000000000), ~0ull);
	CHECK_EQ(reads, 2);
	start(48 | 1 << 14);
	CHECK_EQ(at(0x1000), ~0ull);
}

TEST(the_upper_half)
{
	start(25 | 25 << 16 | 2ull << 30);
	w.ttbr1 = MEMORY + 0x1000;
	put(MEMORY + 0x1000, 0x1ff, 0x40000000 + AF + VALID);
	CHECK_EQ(at(0xffffffffc0012345), 0x40012345);
	CHECK_EQ(at(0xffffff7fc0012345), ~0ull);
	CHECK_EQ(at(0x7fffffffc0012345), ~0ull);
	w.tcr |= BIT(38); /* TBI1 */
	CHECK_EQ(at(0x7fffffffc0012345), 0x40012345);
	w.tcr |= BIT(23); /* EPD1 */
	CHECK_EQ(at(0xffffffffc0012345), ~0ull);
	CHECK_EQ(reads, 0);
	start(25 | 25 << 16 | 0ull << 30); /* TG1 0 is reserved */
	CHECK_EQ(at(0xffffffffc0012345), ~0ull);
	start(25 | 3 << 14);
	CHECK_EQ(at(0), ~0ull);
}

TEST(tags_and_halves_that_are_off)
{
	start(25);
	put(MEMORY, 0, AF + VALID);
	CHECK_EQ(at(0xab00000000001234), ~0ull);
	w.tcr |= BIT(37); /* TBI0 */
	CHECK_EQ(at(0xab00000000001234), 0x1234);
	w.tcr |= BIT(55); /* E0PD0 */
	put(MEMORY, 0, AF + EL0 + VALID);
	CHECK_EQ(at(0x1234), 0x1234);
	w.el0 = true;
	CHECK_EQ(at(0x1234), ~0ull);
	w.tcr = 25 | BIT(7); /* EPD0 */
	w.el0 = false;
	CHECK_EQ(at(0x1234), ~0ull);
	w.tcr = 25 | BIT(59); /* DS */
	CHECK_EQ(at(0x1234), ~0ull);
	w.tcr = 25;
	w.sctlr |= BIT(25); /* EE */
	CHECK_EQ(at(0x1234), ~0ull);
}

/* One page by one table, with these bits in each. */
static void page(uint64_t table_bits, uint64_t page_bits)
{
	start(34); /* 30 bits: level 2 */
	put(MEMORY, 0, (MEMORY + 0x1000) | table_bits | TABLE);
	put(MEMORY + 0x1000, 1, 0x9000000 | page_bits | PAGE);
}

TEST(permissions)
{
	static const struct {
		uint64_t table, page;
		bool el1[3], el0[3]; /* read, write, fetch */
	} cases[] = {
	    {0, AF, {1, 1, 1}, {0, 0, 0}},
	    {0, AF | EL0, {1, 1, 0}, {1, 1, 1}},
	    {0, AF | READ_ONLY, {1, 0, 1}, {0, 0, 0}},
	    {0, AF | READ_ONLY | EL0, {1, 0, 1}, {1, 0, 1}},
	    {0, AF | EL0 | UXN, {1, 1, 0}, {1, 1, 0}},
	    {0, AF | PXN, {1, 1, 0}, {0, 0, 0}},
	    {BIT(61), AF | EL0, {1, 1, 1}, {0, 0, 0}}, /* APTable: not EL0 */
	    {BIT(62), AF | EL0, {1, 0, 1}, {1, 0, 1}}, /* read-only */
	    {BIT(60), AF | EL0 | READ_ONLY, {1, 0, 1}, {1, 0, 0}},
	    {BIT(59), AF | EL0 | READ_ONLY, {1, 0, 0}, {1, 0, 1}},
	    {0, 0, {0, 0, 0}, {0, 0, 0}}, /* not accessed */
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		page(cases[i].table, cases[i].page);
		for (int access = 0; access < 3; access++) {
			w.el0 = false;
			CHECK_EQ(may((enum walk_access)access), cases[i].el1[access]);
			w.el0 = true;
			CHECK_EQ(may((enum walk_access)access), cases[i].el0[access]);
		}
	}
}

TEST(permissions_by_registers)
{
	page(BIT(62) | BIT(61), AF | EL0);
	w.tcr |= BIT(41); /* HPD0 */
	CHECK(may(WALK_WRITE));
	w.pan = true;
	CHECK(!may(WALK_READ));
	w.el0 = true;
	CHECK(may(WALK_READ));
	page(0, AF);
	w.sctlr |= BIT(19); /* WXN */
	CHECK(!may(WALK_FETCH));
	page(0, READ_ONLY | BIT(51));
	CHECK(!may(WALK_READ));
	w.tcr |= BIT(39); /* HA */
	CHECK(may(WALK_READ) && !may(WALK_WRITE));
	w.tcr |= BIT(40); /* HD */
	CHECK(may(WALK_WRITE));
}

TEST(tables_that_are_no_memory)
{
	page(0, AF);
	put(MEMORY, 0, (MEMORY + sizeof(memory)) | TABLE);
	CHECK_EQ(at(0x1234), ~0ull);
	w.ttbr0 = 0x1000;
	CHECK_EQ(at(0x1234), ~0ull);
	CHECK_EQ(reads, 1);
}

/* Any registers and any tables: bounded, aligned, and never beyond what is memory. */
TEST(walk_random)
{
	for (unsigned int i = 0; i < test_rounds(20000); i++) {
		start(test_random());
		w.tcr &= ~BIT(59);
		w.sctlr = test_random() & ~BIT(25) & ~BIT(24);
		w.ttbr0 = w.ttbr1 = MEMORY | (test_random() & 0xfffff);
		w.el0 = test_random() & 1;
		for (unsigned int n = 0; n < 64; n++)
			put(MEMORY, test_random() % WORDS,
			    (MEMORY | (test_random() & 0xff000)) | TABLE | AF);
		for (unsigned int n = 0; n < 16; n++)
			(void)at(test_random() >> test_random() % 64);
	}
}
