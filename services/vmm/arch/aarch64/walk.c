/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/arch/aarch64/walk.h"

#define BIT(n) (1ull << (n))
#define SCTLR_M BIT(0)
#define SCTLR_WXN BIT(19)
#define SCTLR_E0E BIT(24)
#define SCTLR_EE BIT(25)
#define TCR_HA BIT(39)
#define TCR_HD BIT(40)
#define TCR_DS BIT(59)
/* Table entries: */
#define NEXT_PXN BIT(59)
#define NEXT_UXN BIT(60)
#define NEXT_NO_EL0 BIT(61)
#define NEXT_READ_ONLY BIT(62)
/* Of a block or page: */
#define LEAF_EL0 BIT(6)
#define LEAF_READ_ONLY BIT(7)
#define LEAF_ACCESSED BIT(10)
#define LEAF_DIRTY_MODIFIER BIT(51)
#define LEAF_PXN BIT(53)
#define LEAF_UXN BIT(54)

#define ADDRESS_BITS 48u
#define ENTRY_ADDRESS 0x0000fffffffff000ull
#define LAST_LEVEL 3u

/* The half of the address space that an address is in, as its fields of TCR_EL1 say. */
struct half {
	uint64_t ttbr;
	unsigned int inputs;  /* bits of address translated */
	unsigned int granule; /* bits of a page: 12, 14 or 16 */
	bool hierarchical;    /* permissions of tables count */
};

static uint64_t low_bits(unsigned int count)
{
	return count >= 64 ? ~0ull : BIT(count) - 1;
}

static bool half_of(const struct walk *w, uint64_t virtual, struct half *h)
{
	static const uint8_t granules0[] = {12, 16, 14, 0}, granules1[] = {0, 14, 12, 16};
	const bool high = virtual >> 55 & 1;
	const uint64_t tcr = w->tcr;
	const unsigned int size = tcr >> (high ? 16 : 0) & 63;
	const bool tagged = tcr >> (high ? 38 : 37) & 1;
	uint64_t top;

	h->granule = high ? granules1[tcr >> 30 & 3] : granules0[tcr >> 14 & 3];
	h->ttbr = high ? w->ttbr1 : w->ttbr0;
	h->hierarchical = !(tcr >> (high ? 42 : 41) & 1);
	h->inputs = 64 - size;
	if (h->granule == 0 || size < (h->granule == 16 ? 12 : 16) ||
	    size > (h->granule == 16 ? 47 : 48))
		return false;
	/* EPD: no walks here; E0PD: none for EL0. */
	if (tcr >> (high ? 23 : 7) & 1 || (w->el0 && tcr >> (high ? 56 : 55) & 1))
		return false;
	/* All bits above those translated say the same as bit 55, but for a tag's. */
	top = (high ? ~virtual : virtual) & (tagged ? low_bits(56) : ~0ull);
	return top >> h->inputs == 0;
}

static bool may(const struct walk *w, uint64_t leaf, uint64_t tables, enum walk_access access)
{
	const bool el0 = leaf & LEAF_EL0 && !(tables & NEXT_NO_EL0);
	bool read_only = leaf & LEAF_READ_ONLY;
	bool never;

	if (!(leaf & LEAF_ACCESSED) && !(w->tcr & TCR_HA))
		return false;
	if (read_only && leaf & LEAF_DIRTY_MODIFIER && w->tcr & TCR_HD)
		read_only = false; /* the hardware notes the write there */
	read_only = read_only || tables & NEXT_READ_ONLY;
	if (access == WALK_FETCH) {
		if (w->el0)
			never = !el0 || leaf & LEAF_UXN || tables & NEXT_UXN;
		else /* what EL0 may write is never executed at EL1 */
			never = leaf & LEAF_PXN || tables & NEXT_PXN || (el0 && !read_only);
		return !never && !(w->sctlr & SCTLR_WXN && !read_only);
	}
	if (access == WALK_WRITE && read_only)
		return false;
	return w->el0 ? el0 : !(el0 && w->pan);
}

/* Which levels can hold a block: one of 1 GiB or less, with the 4 KiB granule; else level 2. */
static bool is_block_level(unsigned int level, unsigned int granule)
{
	return level == 2 || (level == 1 && granule == 12);
}

/* With 64 KiB pages bits 15:12 of an entry are bits 51:48 of the address, of which there are none.
 */
static bool entry_address(uint64_t entry, unsigned int shift, unsigned int granule,
			  uint64_t *address)
{
	*address = entry & ENTRY_ADDRESS & ~low_bits(shift);
	return granule != 16 || !(entry & 0xf000);
}

static bool walk(const struct walk *w, const struct half *h, uint64_t virtual,
		 enum walk_access access, uint64_t *address)
{
	const unsigned int stride = h->granule - 3;
	unsigned int level = LAST_LEVEL - (h->inputs - 1 - h->granule) / stride;
	unsigned int shift = h->granule + stride * (LAST_LEVEL - level), top = h->inputs - shift;
	/* The first table has as many entries as it needs, and is aligned to that. */
	uint64_t table = h->ttbr & (BIT(ADDRESS_BITS) - 1) & ~low_bits(top + 3), tables = 0, entry;

	for (;; level++, shift -= stride, top = stride) {
		uint64_t index = virtual >> shift & low_bits(top);

		if (!w->read(w->host, table | index << 3, &entry) || !(entry & 1))
			return false;
		if (level == LAST_LEVEL || !(entry & 2))
			break;
		if (!entry_address(entry, h->granule, h->granule, &table))
			return false;
		tables |= h->hierarchical ? entry : 0;
	}
	if (level == LAST_LEVEL ? !(entry & 2) : !is_block_level(level, h->granule))
		return false;
	if (!entry_address(entry, shift, h->granule, address))
		return false;
	*address |= virtual & low_bits(shift);
	return may(w, entry, tables, access);
}

bool walk_translate(const struct walk *w, uint64_t virtual, enum walk_access access,
		    uint64_t *address)
{
	struct half h;

	if (w->sctlr & (w->el0 ? SCTLR_EE | SCTLR_E0E : SCTLR_EE))
		return false;
	if (!(w->sctlr & SCTLR_M)) {
		*address = virtual;
		return virtual >> ADDRESS_BITS == 0;
	}
	if (w->tcr & TCR_DS || !half_of(w, virtual, &h))
		return false;
	return walk(w, &h, virtual, access, address);
}
