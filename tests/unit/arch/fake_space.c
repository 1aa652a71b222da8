/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables in the pages the kernel hands over, and a TLB that keeps what it has seen until it is
 * told. An entry: kind in bits 0 and 1. Table: address. Memory: address, attributes in bits 2 to 4,
 * device bit 5. Window: generation in bits 4 to 35, slot above.
 */
#include "fake.h"

#include <string.h>

#include "test.h"

enum { KIND_NONE, KIND_MEMORY, KIND_WINDOW, KIND_TABLE };
#define KIND(e) ((unsigned)((e)&3))
#define ADDRESS(e) ((e) & ~0xfffull)
#define LEVEL_SHIFT(level) (12u + 9u * (3u - (level)))
#define SHIFT_LEVEL(shift) (3u - ((shift)-12u) / 9u)
#define REACH (1ull << FAKE_ADDRESS_BITS)

static unsigned index_at(uint64_t va, unsigned level)
{
	return (unsigned)(va >> LEVEL_SHIFT(level)) % FAKE_ENTRIES;
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)ADDRESS(entry);
}

/* The last entry on the way to va, at most at `*level`; sets the level it is at. */
static uint64_t *find(const struct space *s, uint64_t va, unsigned *level)
{
	uint64_t *e = (uint64_t *)&s->arch.root[index_at(va, 1)];
	unsigned at = 1;

	while (at < *level && KIND(*e) == KIND_TABLE) {
		at++;
		e = &table_of(*e)[index_at(va, at)];
	}
	*level = at;
	return e;
}

static struct fake_entry decode(uint64_t e, uint64_t va, unsigned level)
{
	struct fake_entry out = {.order = (uint8_t)LEVEL_SHIFT(level), .kind = ENTRY_NONE};

	out.va = va & ~((1ull << out.order) - 1);
	if (KIND(e) == KIND_MEMORY) {
		out.kind = ENTRY_MEMORY;
		out.pa = ADDRESS(e);
		out.attributes = (e >> 2) & 7;
		out.device = (e >> 5) & 1;
	} else if (KIND(e) == KIND_WINDOW) {
		out.kind = ENTRY_WINDOW;
		out.generation = (uint32_t)(e >> 4);
		out.slot = (uint32_t)(e >> 36);
	}
	return out;
}

struct fake_entry fake_walk(const struct space *s, uint64_t va)
{
	unsigned level = 3;

	CHECK(s->arch.live == FAKE_SPACE_LIVE);
	if (va >= REACH)
		return (struct fake_entry){.kind = ENTRY_NONE};

	uint64_t e = *find(s, va, &level);

	return decode(e, va, level);
}

static void each(const uint64_t *table, unsigned level, uint64_t va,
		 void (*f)(const struct fake_entry *, void *), void *argument)
{
	for (unsigned i = 0; i < FAKE_ENTRIES; i++) {
		uint64_t e = table[i], at = va + ((uint64_t)i << LEVEL_SHIFT(level));

		if (KIND(e) == KIND_TABLE) {
			struct fake_page *page = fake_page(table_of(e));

			if (!page || !page->table || level == 3)
				FAIL("entry 0x%llx at level %u is no table", (unsigned long long)e,
				     level);
			each(table_of(e), level + 1, at, f, argument);
		} else if (KIND(e) != KIND_NONE) {
			struct fake_entry entry = decode(e, at, level);

			f(&entry, argument);
		}
	}
}

void fake_each(const struct space *s, void (*f)(const struct fake_entry *, void *), void *argument)
{
	each(s->arch.root, 1, 0, f, argument);
}

/* ---- TLB ---- */

static bool covers(const struct fake_translation *t, uint16_t tag, uint64_t va)
{
	return t->valid && t->tag == tag && va >> t->order == t->va >> t->order;
}

void fake_tlb_check(struct kernel *k)
{
	for (unsigned i = 0; i < FAKE_TLB; i++) {
		const struct fake_translation *t = &k->arch.tlb[i];
		const struct space *s = t->valid ? k->spaces[t->tag].space : NULL;

		if (!t->valid)
			continue;
		if (!s)
			FAIL("the TLB holds 0x%llx of space %u, which has ended",
			     (unsigned long long)t->va, t->tag);

		struct fake_entry e = fake_walk(s, t->va);

		if (e.kind != ENTRY_MEMORY || e.pa != t->pa || e.order != t->order ||
		    e.attributes != t->attributes)
			FAIL("stale TLB entry for 0x%llx of space %u", (unsigned long long)t->va,
			     t->tag);
	}
}

void *fake_access(struct kernel *k, const struct space *s, uint64_t va, uint32_t attribute)
{
	struct fake_translation *t = NULL;

	CHECK(k->spaces[s->id].space == s);
	fake_tlb_check(k);
	for (unsigned i = 0; i < FAKE_TLB && !t; i++)
		if (covers(&k->arch.tlb[i], s->id, va))
			t = &k->arch.tlb[i];
	if (!t) {
		struct fake_entry e = fake_walk(s, va);

		if (e.kind != ENTRY_MEMORY)
			return NULL;
		t = &k->arch.tlb[k->arch.tlb_next++ % FAKE_TLB];
		*t = (struct fake_translation){true, s->id, e.order, e.attributes, e.va, e.pa};
	}
	if (!(t->attributes & attribute))
		return NULL;

	uint8_t *at = (uint8_t *)(t->pa + (va & ((1ull << t->order) - 1)));

	if ((attribute & SPACE_ATTR_WRITE) && fake_page(at))
		fake_dirty(at, 1);
	return at;
}

static void invalidate(struct kernel *k, uint16_t tag, uint64_t va, uint8_t order)
{
	for (unsigned i = 0; i < FAKE_TLB; i++) {
		struct fake_translation *t = &k->arch.tlb[i];

		if (t->valid && t->tag == tag &&
		    (order >= 64 || covers(t, tag, va) || t->va >> order == va >> order))
			t->valid = false;
	}
}

/* ---- What the kernel calls ---- */

static void count_mappings(uint64_t pa, uint8_t order, bool device, int change)
{
	if (device)
		return;
	for (uint64_t at = pa; at < pa + (1ull << order); at += 4096) {
		struct fake_page *page = fake_page((void *)at);

		if (!page)
			FAIL("0x%llx is mapped as memory and is not RAM", (unsigned long long)at);
		if (change > 0 && page->table)
			FAIL("0x%llx, a table in use, is mapped", (unsigned long long)at);
		page->mapped = (uint16_t)(page->mapped + change);
	}
}

static void end_entry(uint64_t *e, unsigned level)
{
	if (KIND(*e) == KIND_MEMORY)
		count_mappings(ADDRESS(*e), (uint8_t)LEVEL_SHIFT(level), (*e >> 5) & 1, -1);
	*e = 0;
}

/* Ends all below a table and takes the tables out of use, zeroed. */
static void end_table(struct space *s, uint64_t *table, unsigned level)
{
	for (unsigned i = 0; i < FAKE_ENTRIES; i++) {
		if (KIND(table[i]) == KIND_TABLE) {
			uint64_t *below = table_of(table[i]);

			end_table(s, below, level + 1);
			fake_page(below)->table = false;
			s->arch.tables--;
		}
		end_entry(&table[i], level);
	}
}

void arch_space_init(struct kernel *k, struct space *s)
{
	for (unsigned i = 0; i < FAKE_TLB; i++)
		if (k->arch.tlb[i].valid && k->arch.tlb[i].tag == s->id)
			FAIL("tag %u is used again and its translations are still there", s->id);
	for (unsigned i = 0; i < FAKE_ENTRIES; i++)
		CHECK_EQ(s->arch.root[i], 0);
	CHECK(s->arch.live != FAKE_SPACE_LIVE);
	s->arch.live = FAKE_SPACE_LIVE;
}

void arch_space_end(struct kernel *k, struct space *s)
{
	CHECK_EQ(s->arch.live, FAKE_SPACE_LIVE);
	end_table(s, s->arch.root, 1);
	CHECK_EQ(s->arch.tables, 0);
	invalidate(k, s->id, 0, 64);
	s->arch.live = 0;
	if (k->arch.tag == s->id)
		k->arch.tag = 0;
}

/* The entry for [va, va + 2^order), with the tables above it. */
static enum status reach(struct kernel *k, struct space *s, uint64_t va, uint8_t order,
			 uint64_t **entry)
{
	unsigned wanted = SHIFT_LEVEL(order);

	CHECK_EQ(s->arch.live, FAKE_SPACE_LIVE);
	if ((order != 12 && order != 21 && order != 30) || va & ((1ull << order) - 1) ||
	    va >= REACH)
		return BAD_ARGUMENT;
	for (;;) {
		unsigned level = wanted;

		*entry = find(s, va, &level);
		if (KIND(**entry) != KIND_NONE)
			return EXISTS;
		if (level == wanted)
			return OK;

		uint64_t *table = space_table_take(k, s, va, (uint8_t)(level + 1));
		struct fake_page *page = fake_page(table);

		if (!table)
			return NO_MEMORY;
		CHECK(page && (uintptr_t)table % 4096 == 0);
		CHECK(!page->table);
		CHECK_EQ(page->mapped, 0);
		for (unsigned i = 0; i < FAKE_ENTRIES; i++)
			CHECK_EQ(table[i], 0);
		page->table = true;
		page->clean = 0;
		s->arch.tables++;
		**entry = (uint64_t)table | KIND_TABLE;
	}
}

enum status arch_space_map(struct kernel *k, struct space *s, uint64_t va, uint64_t pa,
			   uint8_t order, uint32_t attributes, bool device)
{
	uint64_t *entry;
	enum status status = reach(k, s, va, order, &entry);

	if (status != OK)
		return status;
	CHECK((pa & ((1ull << order) - 1)) == 0);
	CHECK((attributes & ~7u) == 0 && attributes != 0);
	CHECK(!device || !fake_page((void *)pa));
	count_mappings(pa, order, device, 1);
	*entry = pa | (uint64_t)attributes << 2 | (uint64_t)device << 5 | KIND_MEMORY;
	return OK;
}

void arch_space_unmap(struct kernel *k, struct space *s, uint64_t va, uint8_t order)
{
	unsigned level = SHIFT_LEVEL(order), wanted = level;

	CHECK_EQ(s->arch.live, FAKE_SPACE_LIVE);
	CHECK(va < REACH && (va & ((1ull << order) - 1)) == 0);

	uint64_t *entry = find(s, va, &level);

	if (level != wanted || (KIND(*entry) != KIND_MEMORY && KIND(*entry) != KIND_WINDOW))
		FAIL("nothing of order %u is at 0x%llx", order, (unsigned long long)va);
	end_entry(entry, level);
	invalidate(k, s->id, va, order);
}

enum status arch_space_bind(struct kernel *k, struct space *s, uint64_t va, uint8_t order,
			    uint32_t slot, uint32_t generation)
{
	uint64_t *entry;
	enum status status = reach(k, s, va, order, &entry);

	if (status != OK)
		return status;
	CHECK(slot < 1u << 28);
	*entry = (uint64_t)slot << 36 | (uint64_t)generation << 4 | KIND_WINDOW;
	return OK;
}

struct space_walk arch_space_walk(const struct space *s, uint64_t va)
{
	struct fake_entry e = fake_walk(s, va);

	return (struct space_walk){
	    .kind = e.kind,
	    .slot = e.slot,
	    .generation = e.generation,
	    .order = e.order,
	    .pa = e.pa,
	};
}

void arch_space_drop_table(struct kernel *k, struct space *s, uint64_t va, uint8_t level,
			   const void *page)
{
	unsigned above = level - 1u, wanted = above;

	CHECK_EQ(s->arch.live, FAKE_SPACE_LIVE);
	CHECK(level == 2 || level == 3);

	uint64_t *entry = find(s, va, &above);

	/* Not there: a table above it was dropped before. */
	if (above != wanted || KIND(*entry) != KIND_TABLE || table_of(*entry) != page)
		return;

	uint64_t *table = table_of(*entry);

	end_table(s, table, level);
	fake_page(table)->table = false;
	s->arch.tables--;
	*entry = 0;
	invalidate(k, s->id, va & ~((1ull << LEVEL_SHIFT(wanted)) - 1),
		   (uint8_t)LEVEL_SHIFT(wanted));
}
