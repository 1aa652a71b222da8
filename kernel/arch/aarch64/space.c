/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 tables (Arm ARM D8.3): 4 KiB granule, level 1 to 3 for 39 address bits, level 0 to 3 for
 * more.
 *
 * An invalid descriptor that is not zero is a window: generation (63:32), slot (31:16), and bit 1
 * to mark it. Hardware looks at bit 0 alone, so a window faults like nothing at all.
 *
 * Invalidation is of this core only: every core walks its own replica of a VM's table, and a
 * replica is loaded on its core alone.
 */
#include "arch.h"
#include "arch_calls.h"
#include "sysreg.h"

#define ENTRY_VALID 1ull
#define ENTRY_TABLE 3ull /* also a page, at the last level */
#define ENTRY_BLOCK 1ull
#define WINDOW_MARK 2ull
#define WINDOW_SLOT_SHIFT 16
#define WINDOW_GENERATION_SHIFT 32
#define TABLE_ADDRESS 0x0000fffffffff000ull

#define LEAF_AF (1ull << 10)
#define LEAF_INNER_SHAREABLE (3ull << 8)
#define LEAF_READ (1ull << 6)
#define LEAF_WRITE (2ull << 6)
#define LEAF_NORMAL (0xfull << 2) /* write-back, inner and outer */
#define LEAF_DEVICE (0x1ull << 2) /* nGnRE */
#define LEAF_XN (1ull << 54)

#define VMID_SHIFT 48
#define PAGE_SHIFT 12
#define LEVEL_BITS 9
#define LAST_LEVEL 3u

static inline uint64_t *entry_of(uint64_t *table, uint64_t va, unsigned int shift)
{
	return &table[va >> shift & 511];
}

static inline uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(entry & TABLE_ADDRESS);
}

static bool in_reach(const struct space *s, uint64_t va, uint8_t order)
{
	return order >= PAGE_SHIFT && order <= s->arch.root_shift &&
	       va >> s->arch.address_bits == 0 && (va & ((1ull << order) - 1)) == 0;
}

static bool leaf_order(uint8_t order)
{
	return order == 12 || order == 21 || order == 30;
}

void arch_space_init(struct kernel *k, struct space *s)
{
	s->arch.vttbr = (uint64_t)s->arch.root | (uint64_t)s->id << VMID_SHIFT;
	s->arch.address_bits = (uint8_t)k->address_bits;
	s->arch.root_shift = k->address_bits > 39 ? 39 : 30;
	dsb(ishst);
}

/* One level down; false: the walk ends, at `entry`. Levels are spelled out: every exit walks. */
static inline bool descend(const uint64_t **table, uint64_t va, unsigned int shift, uint64_t *entry,
			   uint8_t *order)
{
	*entry = (*table)[va >> shift & 511];
	if ((*entry & ENTRY_TABLE) != ENTRY_TABLE) {
		*order = (uint8_t)shift;
		return false;
	}
	*table = table_of(*entry);
	return true;
}

static inline void end_of_walk(struct space_walk *w, uint64_t entry)
{
	if ((entry & ENTRY_VALID) != 0) {
		w->kind = ENTRY_MEMORY;
		w->pa = entry & TABLE_ADDRESS & ~((1ull << w->order) - 1);
	} else if (entry != 0) {
		w->kind = ENTRY_WINDOW;
		w->slot = entry >> WINDOW_SLOT_SHIFT & 0xffff;
		w->generation = (uint32_t)(entry >> WINDOW_GENERATION_SHIFT);
	}
}

struct space_walk arch_space_walk(const struct space *s, uint64_t va)
{
	struct space_walk w = {.kind = ENTRY_NONE};
	const uint64_t *table = s->arch.root;
	uint64_t entry;

	if (va >> s->arch.address_bits != 0)
		return w;
	if ((s->arch.root_shift == 39 && !descend(&table, va, 39, &entry, &w.order)) ||
	    !descend(&table, va, 30, &entry, &w.order) ||
	    !descend(&table, va, 21, &entry, &w.order)) {
		end_of_walk(&w, entry);
		return w;
	}
	entry = table[va >> PAGE_SHIFT & 511];
	w.order = PAGE_SHIFT;
	end_of_walk(&w, entry);
	return w;
}

/* The entry of 2^order bytes at va, or null. It may be of any kind. */
static uint64_t *find(struct space *s, uint64_t va, unsigned int order)
{
	uint64_t *table = s->arch.root;

	for (unsigned int shift = s->arch.root_shift; shift > order; shift -= LEVEL_BITS) {
		uint64_t entry = *entry_of(table, va, shift);

		if ((entry & ENTRY_TABLE) != ENTRY_TABLE)
			return NULL;
		table = table_of(entry);
	}
	return order <= s->arch.root_shift ? entry_of(table, va, order) : NULL;
}

/*
 * Stores `value` as the entry of 2^order bytes at va, which must be empty. A table is zero before
 * an entry points to it, and what is stored is seen by the walker before the return to lower
 * levels.
 */
static enum status insert(struct kernel *k, struct space *s, uint64_t va, uint8_t order,
			  uint64_t value)
{
	uint64_t *table = s->arch.root;
	uint64_t *entry;

	for (unsigned int shift = s->arch.root_shift; shift > order; shift -= LEVEL_BITS) {
		entry = entry_of(table, va, shift);
		if (*entry == 0) {
			unsigned int level = LAST_LEVEL - (shift - PAGE_SHIFT) / LEVEL_BITS + 1;
			void *page = space_table_take(k, s, va, (uint8_t)level);

			if (page == NULL)
				return NO_MEMORY;
			dsb(ishst);
			*(volatile uint64_t *)entry = (uint64_t)page | ENTRY_TABLE;
		} else if ((*entry & ENTRY_TABLE) != ENTRY_TABLE) {
			return EXISTS;
		}
		table = table_of(*entry);
	}
	entry = entry_of(table, va, order);
	if (*entry != 0)
		return EXISTS;
	*(volatile uint64_t *)entry = value;
	dsb(ishst);
	return OK;
}

enum status arch_space_map(struct kernel *k, struct space *s, uint64_t va, uint64_t pa,
			   uint8_t order, uint32_t attributes, bool device)
{
	uint64_t leaf = pa | LEAF_AF | (order == PAGE_SHIFT ? ENTRY_TABLE : ENTRY_BLOCK);

	if (!leaf_order(order) || !in_reach(s, va, order) || (pa & ((1ull << order) - 1)) != 0)
		return BAD_ARGUMENT;
	if ((attributes & SPACE_ATTR_READ) != 0)
		leaf |= LEAF_READ;
	if ((attributes & SPACE_ATTR_WRITE) != 0)
		leaf |= LEAF_WRITE;
	if ((attributes & SPACE_ATTR_EXECUTE) == 0 || device)
		leaf |= LEAF_XN;
	leaf |= device ? LEAF_DEVICE : LEAF_NORMAL | LEAF_INNER_SHAREABLE;
	return insert(k, s, va, order, leaf);
}

enum status arch_space_bind(struct kernel *k, struct space *s, uint64_t va, uint8_t order,
			    uint32_t slot, uint32_t generation)
{
	if (!leaf_order(order) || !in_reach(s, va, order) || slot > 0xffff)
		return BAD_ARGUMENT;
	return insert(k, s, va, order,
		      (uint64_t)generation << WINDOW_GENERATION_SHIFT |
			  (uint64_t)slot << WINDOW_SLOT_SHIFT | WINDOW_MARK);
}

/* Makes `s` the space that TLB maintenance is about; returns what to give to space_deselect. */
static uint64_t space_select(const struct space *s)
{
	uint64_t loaded = sysreg_read(vttbr_el2);

	if (loaded != s->arch.vttbr) {
		sysreg_write(vttbr_el2, s->arch.vttbr);
		isb();
	}
	return loaded;
}

static void space_deselect(const struct space *s, uint64_t loaded)
{
	if (loaded != s->arch.vttbr)
		sysreg_write(vttbr_el2, loaded);
	isb();
}

/*
 * By IPA for stage 2, then all of the VMID's stage 1: a TLB may hold both stages as one. (D8.14:
 * the second must not start before the first is complete.)
 */
static void invalidate_page(const struct space *s, uint64_t va)
{
	uint64_t loaded;

	dsb(ishst);
	loaded = space_select(s);
	tlbi_address(ipas2le1, va >> PAGE_SHIFT);
	dsb(nsh);
	tlbi(vmalle1);
	dsb(nsh);
	space_deselect(s, loaded);
}

static void invalidate_all(const struct space *s)
{
	uint64_t loaded;

	dsb(ishst);
	loaded = space_select(s);
	tlbi(vmalls12e1);
	dsb(nsh);
	space_deselect(s, loaded);
}

void arch_space_unmap(struct kernel *k, struct space *s, uint64_t va, uint8_t order)
{
	uint64_t *entry;
	uint64_t old;

	(void)k;
	if (!leaf_order(order) || !in_reach(s, va, order))
		return;
	entry = find(s, va, order);
	if (entry == NULL || (order != PAGE_SHIFT && (*entry & ENTRY_TABLE) == ENTRY_TABLE))
		return;
	old = *entry;
	*(volatile uint64_t *)entry = 0;
	if ((old & ENTRY_VALID) != 0)
		invalidate_page(s, va);
}

/*
 * The entry above the table is invalidated first, then every translation of the space, as any
 * number of them may have come from below it. A table that hangs in no reachable place is left as
 * it is.
 */
void arch_space_drop_table(struct kernel *k, struct space *s, uint64_t va, uint8_t level,
			   const void *page)
{
	uint64_t *entry;

	(void)k;
	if (level == 0 || level > LAST_LEVEL || va >> s->arch.address_bits != 0)
		return;
	entry = find(s, va, PAGE_SHIFT + (LAST_LEVEL - level + 1) * LEVEL_BITS);
	if (entry == NULL || (*entry & ENTRY_TABLE) != ENTRY_TABLE || table_of(*entry) != page)
		return;
	*(volatile uint64_t *)entry = 0;
	invalidate_all(s);
}

/* If it is loaded, the core has no table: nothing runs at lower levels before a switch. */
void arch_space_end(struct kernel *k, struct space *s)
{
	(void)k;
	invalidate_all(s);
	if (sysreg_read(vttbr_el2) == s->arch.vttbr) {
		sysreg_write(vttbr_el2, 0);
		isb();
	}
}
