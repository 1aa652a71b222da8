/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"

#include <stddef.h>

#include "sysreg.h"

#define DESCRIPTOR_TABLE 3ull
#define DESCRIPTOR_BLOCK 1ull
#define DESCRIPTOR_AF (1ull << 10)
#define DESCRIPTOR_INNER_SHAREABLE (3ull << 8)
#define DESCRIPTOR_READ_ONLY (1ull << 7)
#define DESCRIPTOR_AP1 (1ull << 6) /* RES1 at EL2; at EL1 it would let EL0 in */
#define DESCRIPTOR_NORMAL (1ull << 2)
#define DESCRIPTOR_XN (1ull << 54)
#define DESCRIPTOR_ADDRESS 0x0000fffffffff000ull

#define SCTLR_EL2_RES1 0x30c50830ull
#define SCTLR_EL1_RES1 0x30d00800ull
#define SCTLR_M_C_SA_I 0x100dull
#define SCTLR_WXN (1ull << 19)

/* These run before the MMU is on, when memory is Device: every access must be aligned. */
#define EARLY __attribute__((target("strict-align")))

static EARLY uint64_t leaf(const struct mmu *m, enum mmu_kind kind)
{
	uint64_t d = DESCRIPTOR_AF | (m->el1 ? 0 : DESCRIPTOR_AP1);

	if (kind != MMU_DEVICE)
		d |= DESCRIPTOR_NORMAL | DESCRIPTOR_INNER_SHAREABLE;
	if (kind == MMU_TEXT || kind == MMU_RODATA)
		d |= DESCRIPTOR_READ_ONLY;
	if (kind != MMU_TEXT && kind != MMU_BOOT)
		d |= DESCRIPTOR_XN;
	return d;
}

/* Maps the largest leaf that fits at `at`; returns how far it reaches, 0: no table. */
static EARLY uint64_t map_one(struct mmu *m, uint64_t at, uint64_t size, uint64_t bits)
{
	uint64_t *table = m->root;

	for (unsigned int shift = 39;; shift -= 9) {
		uint64_t *entry = &table[at >> shift & 511];
		uint64_t reach = 1ull << shift;

		if (shift == 12 || (*entry & DESCRIPTOR_TABLE) == DESCRIPTOR_BLOCK) {
			if (*entry == 0)
				*entry = at | bits | DESCRIPTOR_TABLE;
			return reach - (at & (reach - 1));
		}
		if (*entry == 0 && shift <= 30 && (at & (reach - 1)) == 0 && size >= reach) {
			*entry = at | bits | DESCRIPTOR_BLOCK;
			return reach;
		}
		if (*entry == 0) {
			uint64_t *page = m->page(m->from);

			if (page == NULL)
				return 0;
			dsb(ishst);
			*entry = (uint64_t)page | DESCRIPTOR_TABLE;
		}
		table = (uint64_t *)(*entry & DESCRIPTOR_ADDRESS);
	}
}

EARLY bool mmu_map(struct mmu *m, uint64_t base, uint64_t size, enum mmu_kind kind)
{
	uint64_t bits = leaf(m, kind);
	uint64_t end = base + size;

	while (base < end) {
		uint64_t done = map_one(m, base, end - base, bits);

		if (done == 0)
			return false;
		base += done;
	}
	dsb(ishst);
	isb();
	return true;
}

static EARLY uint64_t pa_range(void)
{
	uint64_t range = sysreg_read(id_aa64mmfr0_el1) & 15;

	return range < 5 ? range : 5;
}

/* T0SZ = 16; walks are write-back and inner shareable. At EL1 the upper half is off (EPD1). */
EARLY uint64_t mmu_tcr(bool el1)
{
	uint64_t walks = 16 | 1ull << 8 | 1ull << 10 | 3ull << 12;

	return el1 ? walks | 1ull << 23 | pa_range() << 32
		   : walks | 1ull << 31 | 1ull << 23 | pa_range() << 16;
}

EARLY uint64_t mmu_sctlr(bool el1, bool wxn)
{
	return (el1 ? SCTLR_EL1_RES1 : SCTLR_EL2_RES1) | SCTLR_M_C_SA_I | (wxn ? SCTLR_WXN : 0);
}
