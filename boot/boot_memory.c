/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets which part of the RAM. */
#include "boot.h"

#define MIB (1ull << 20)

void boot_reserve(struct boot *b, uint64_t base, uint64_t size)
{
	uint64_t first = base & ~(PAGE - 1);
	uint64_t end = (base + size + PAGE - 1) & ~(PAGE - 1);

	if (size != 0 && end > first && !ranges_remove(&b->free, first, end - first))
		boot_fail(b, "RAM is in more than %u pieces", (uint64_t)RANGES);
}

static void give(struct boot *b, struct boot_core *c, uint64_t base, uint64_t size)
{
	if (!ranges_add(&c->ram, base, size))
		boot_fail(b, "RAM is in more than %u pieces", (uint64_t)RANGES);
	boot_reserve(b, base, size);
}

/* The highest aligned piece of at most `size` bytes within r; size 0: none. */
static struct range top_piece(struct range r, uint64_t size)
{
	uint64_t base = (r.base + PLAN_ALIGN - 1) & ~(PLAN_ALIGN - 1);
	uint64_t end = (r.base + r.size) & ~(PLAN_ALIGN - 1);

	if (end <= base)
		return (struct range){0};
	if (end - base > size)
		base = end - size;
	return (struct range){base, end - base};
}

/* In one piece if that is possible, as a guest wants large pages; else what there is, from the top.
 */
static void take(struct boot *b, uint32_t number, uint64_t size)
{
	struct boot_core *c = &b->core[number];
	struct range piece;

	for (uint32_t i = b->free.count; i-- > 0;) {
		piece = top_piece(b->free.r[i], size);
		if (piece.size == size) {
			give(b, c, piece.base, piece.size);
			return;
		}
	}
	for (uint32_t i = b->free.count; i-- > 0 && size != 0;) {
		piece = top_piece(b->free.r[i], size);
		if (piece.size == 0)
			continue;
		give(b, c, piece.base, piece.size);
		size -= piece.size;
	}
	if (size != 0)
		boot_fail(b, "not enough RAM: core %u lacks %u MiB of the %u MiB the plan gives it",
			  (uint64_t)number, size / MIB, b->plan.cores[number].ram_bytes / MIB);
}

static void take_rest(struct boot *b, uint32_t number)
{
	while (b->free.count != 0)
		give(b, &b->core[number], b->free.r[0].base, b->free.r[0].size);
}

/* Partial pages at the ends of RAM, and page 0, which would be a null pointer, are nobody's. */
static void trim(struct boot *b)
{
	struct ranges whole = {0};

	for (uint32_t i = 0; i < b->free.count; i++) {
		uint64_t base = (b->free.r[i].base + PAGE - 1) & ~(PAGE - 1);
		uint64_t end = (b->free.r[i].base + b->free.r[i].size) & ~(PAGE - 1);

		if (end > base)
			ranges_add(&whole, base, end - base);
	}
	b->free = whole;
	boot_reserve(b, 0, PAGE);
}

/* RAM that nothing of ours is in; firmware's own reservations are what the board file is about. */
static bool is_reservable(const struct boot *b, const struct plan_range *r)
{
	const struct range *bundle = &b->bundle;

	return ranges_contain(&b->ram, r->base, r->size) &&
	       !(r->base < b->image_end && b->image < r->base + r->size) &&
	       !range_overlap(bundle, r->base, r->size) &&
	       !(r->base < (uint64_t)b->tree + b->tree_size &&
		 (uint64_t)b->tree < r->base + r->size);
}

/*
 * The machine must have what the board file reserves. That a VM's range is free is not sure: one
 * that is not is init's to report, which goes on without that VM.
 */
static void set_aside(struct boot *b)
{
	for (uint32_t i = 0; i < b->plan.range_count; i++) {
		const struct plan_range *r = &b->plan.ranges[i];
		bool is_ram = r->kind == PLAN_FIXED || ranges_overlap(&b->ram, r->base, r->size);

		if (r->kind == PLAN_RESERVED && is_ram && !is_reservable(b, r))
			boot_fail(b, "plan: reserved %x, size %x, is no RAM or is in use at boot",
				  r->base, r->size);
		b->given[i] =
		    r->kind == PLAN_RESERVED || ranges_contain(&b->free, r->base, r->size);
		if (b->given[i] && is_ram)
			boot_reserve(b, r->base, r->size);
	}
}

/* What is set aside of a core's RAM, as much as the plan counts for it. */
static uint64_t bytes_aside(const struct boot *b, uint32_t number)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < b->plan.range_count; i++)
		if (b->plan.ranges[i].kind == PLAN_FIXED && b->plan.ranges[i].core == number)
			bytes += b->plan.ranges[i].size;
	return (bytes + PLAN_ALIGN - 1) & ~(PLAN_ALIGN - 1);
}

/* A core's kernel maps all memory that it may have to zero. */
static void add_aside(struct boot *b)
{
	for (uint32_t i = 0; i < b->plan.range_count; i++) {
		const struct plan_range *r = &b->plan.ranges[i];

		if (b->given[i] && r->kind == PLAN_FIXED &&
		    !ranges_add(&b->core[r->core].all, r->base, r->size))
			boot_fail(b, "RAM is in more than %u pieces", (uint64_t)RANGES);
	}
}

void boot_memory_split(struct boot *b)
{
	uint32_t rest = PLAN_CORES;

	trim(b);
	boot_reserve(b, b->image, b->image_end - b->image);
	boot_reserve(b, b->bundle.base, b->bundle.size);
	boot_reserve(b, (uint64_t)b->tree, b->tree_size);
	set_aside(b);
	for (uint32_t i = 0; i < b->cores; i++) {
		uint64_t bytes = b->plan.cores[i].ram_bytes, aside = bytes_aside(b, i);

		if (bytes != 0 && aside >= bytes)
			boot_fail(b, "plan: core %u has no RAM beside what is set aside",
				  (uint64_t)i);
		if (bytes != 0)
			take(b, i, bytes - aside);
		else if (rest == PLAN_CORES)
			rest = i;
		else
			boot_fail(b, "plan: cores %u and %u both get the rest of the RAM",
				  (uint64_t)rest, (uint64_t)i);
	}
	if (rest != PLAN_CORES)
		take_rest(b, rest);
	for (uint32_t i = 0; i < b->cores; i++)
		b->core[i].all = b->core[i].ram;
	add_aside(b);
	if (!ranges_add(&b->core[0].all, b->resident_end, b->image_end - b->resident_end))
		boot_fail(b, "RAM is in more than %u pieces", (uint64_t)RANGES);
}

/* The smallest piece that has it, so that large ones stay whole. */
void *boot_alloc(struct boot *b, struct boot_core *c, uint64_t bytes, uint64_t align)
{
	uint64_t size = (bytes + PAGE - 1) & ~(PAGE - 1);
	uint64_t best = ~0ull, at = 0;

	for (uint32_t i = 0; i < c->ram.count; i++) {
		const struct range *r = &c->ram.r[i];
		uint64_t base = (r->base + align - 1) & ~(align - 1);

		if (base - r->base <= r->size && size <= r->size - (base - r->base) &&
		    r->size < best) {
			best = r->size;
			at = base;
		}
	}
	if (at == 0 || !ranges_remove(&c->ram, at, size))
		boot_fail(b, "not enough RAM for the kernel and init of core %u",
			  (uint64_t)(c - b->core));
	for (uint64_t done = 0; done < size; done += PAGE)
		arch_zero((void *)(at + done), PAGE);
	return (void *)at;
}
