/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage 1 in one table of 1 GiB blocks: 39 bits of address, 4 KiB granule. */
#include "guest.h"

#define GIB (1ull << 30)
#define BLOCK 0x1ull
#define ATTRIBUTE(index) ((uint64_t)(index) << 2)
#define INNER_SHAREABLE (3ull << 8)
#define ACCESSED (1ull << 10)
#define DEVICE 0
#define NORMAL 1
#define MAIR 0xff04ull /* device-nGnRE, write-back */
/* T0SZ 25, walks inner shareable and cached; nothing below TTBR1; 40 bits of physical address. */
#define TCR (25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 2ull << 32)
#define SCTLR_ON (1ull << 0 | 1ull << 2 | 1ull << 12)

static uint64_t table[512] __attribute__((aligned(4096)));

static uint64_t block(uint64_t address, uint64_t attribute)
{
	return address | BLOCK | ATTRIBUTE(attribute) | INNER_SHAREABLE | ACCESSED;
}

static void forget(void)
{
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
}

void mmu_entry(unsigned index, uint64_t descriptor)
{
	table[index] = descriptor;
	forget();
}

void mmu_on(void)
{
	table[0] = block(0, DEVICE);
	table[1] = block(GIB, DEVICE);
	table[2] = block(2 * GIB, NORMAL);
	table[MMU_NORMAL_ALIAS / GIB] = block(0, NORMAL);
	WRITE_REGISTER(mair_el1, MAIR);
	WRITE_REGISTER(tcr_el1, TCR);
	WRITE_REGISTER(ttbr0_el1, (uint64_t)table);
	forget();
	__asm__ volatile("ic iallu\n\tdsb nsh\n\tisb" ::: "memory");
	WRITE_REGISTER(sctlr_el1, READ_REGISTER(sctlr_el1) | SCTLR_ON);
}
