/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots, untyped memory and frames: from the core's regions of RAM to named memories. */
#include "init.h"
#include "log.h"

#define RETYPE_STEP 128u
#define OWN_TABLES 40u /* pages for the tables of init's own space */
#define PIECE_ORDER_MOST 30u
#define PAGE_ORDER 12u
#define BLOCK_ORDER 21u

skerry_cap slots_reserve(uint32_t count)
{
	skerry_cap first = init.next_slot;

	if (count > BOOT_SLOTS - first)
		return 0;
	init.next_slot = first + count;
	return first;
}

static bool is_ram(uint32_t region)
{
	return init.record->regions[region].kind == BOOT_RAM;
}

static uint64_t ram_left(void)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < init.record->region_count; i++) {
		struct untyped_status s = {0};

		if (is_ram(i) && untyped_status(init.record->regions[i].slot, &s) == OK)
			bytes += s.left;
	}
	return bytes;
}

bool memory_untyped(uint32_t order, skerry_cap slot, const char *what)
{
	for (uint32_t i = 0; i < init.record->region_count; i++)
		if (is_ram(i) && untyped_retype(init.record->regions[i].slot, CAP_UNTYPED, order, 0,
						slot, 1) == OK)
			return true;
	log_line("%s: no %lu KiB in one piece; %lu KiB of this core's RAM are left, give it more",
		 what, 1ul << (order - 10), (unsigned long)(ram_left() >> 10));
	return false;
}

bool memory_frames(skerry_cap untyped, uint32_t order, struct init_frames frames, const char *what)
{
	for (uint32_t done = 0; done < frames.count;) {
		uint32_t left = frames.count - done;
		uint32_t step = left < RETYPE_STEP ? left : RETYPE_STEP;
		int32_t status =
		    untyped_retype(untyped, CAP_FRAME, order, 0, frames.first + done, step);

		if (status != OK)
			return fail(status, "frames of %s", what);
		done += step;
	}
	return true;
}

/*
 * Regions begin anywhere, and something was taken from them before. A frame of 2 MiB taken now
 * leaves the rest of its region aligned for pieces of that size and more.
 */
void memory_align(void)
{
	for (uint32_t i = 0; i < init.record->region_count; i++) {
		const struct boot_region *r = &init.record->regions[i];
		struct untyped_status s = {0};

		if (!is_ram(i) || r->size < 2 * BLOCK || untyped_status(r->slot, &s) != OK ||
		    !((r->base + s.size - s.left) & (BLOCK - 1)))
			continue;
		(void)untyped_retype(r->slot, CAP_FRAME, 21, 0, slots_reserve(1), 1);
	}
}

bool memory_setup(void)
{
	struct init_frames tables = {slots_reserve(OWN_TABLES), OWN_TABLES};
	skerry_cap untyped = slots_reserve(1);
	int32_t status;

	init.objects_untyped = slots_reserve(1);
	init.scratch = slots_reserve(1);
	if (!memory_untyped(18, untyped, "init") ||
	    !memory_frames(untyped, 12, tables, "init's tables") ||
	    !memory_untyped(16, init.objects_untyped, "init"))
		return false;
	status = space_donate(BOOT_SLOT_SPACE, tables.first, tables.count);
	return status == OK || fail(status, "init's tables");
}

static bool make_part(skerry_cap untyped, uint32_t order, struct init_frames *frames,
		      const char *what)
{
	if (!frames->count)
		return true;
	frames->first = slots_reserve(frames->count);
	if (!frames->first)
		return fail(LIMIT, "%s has too many frames", what);
	return memory_frames(untyped, order, *frames, what);
}

bool memory_range(skerry_cap untyped, uint64_t base, uint64_t size, uint32_t order,
		  struct init_range *r, const char *what)
{
	uint64_t end = base + size, last = end & ~(BLOCK - 1);
	uint64_t first = (base + BLOCK - 1) & ~(BLOCK - 1);

	if (first >= last || order < BLOCK_ORDER)
		first = last = end;
	r->head.count = (uint32_t)((first - base) / PAGE);
	r->blocks.count = (uint32_t)((last - first) / BLOCK);
	r->tail.count = (uint32_t)((end - last) / PAGE);
	return make_part(untyped, PAGE_ORDER, &r->head, what) &&
	       make_part(untyped, BLOCK_ORDER, &r->blocks, what) &&
	       make_part(untyped, PAGE_ORDER, &r->tail, what);
}

skerry_cap memory_range_at(const struct init_range *r, uint64_t offset, uint64_t *start,
			   uint32_t *order)
{
	uint64_t head = r->head.count * PAGE, blocks = head + r->blocks.count * BLOCK;

	*order = offset >= head && offset < blocks ? BLOCK_ORDER : PAGE_ORDER;
	if (*order == BLOCK_ORDER) {
		*start = head + ((offset - head) & ~(BLOCK - 1));
		return r->blocks.first + (skerry_cap)((offset - head) / BLOCK);
	}
	*start = offset & ~(PAGE - 1);
	if (offset < head)
		return r->head.first + (skerry_cap)(offset / PAGE);
	return r->tail.first + (skerry_cap)((offset - blocks) / PAGE);
}

static bool make_frames(struct init_memory *m, const skerry_Memory *config)
{
	struct init_frames part = {m->frames.first, 0};

	for (uint32_t i = 0; i < m->piece_count; i++) {
		part.count = 1u << (m->orders[i] - config->order);
		if (!memory_frames(m->pieces[i], config->order, part, config->name))
			return false;
		part.first += part.count;
	}
	return true;
}

/* The region that the boot plan set aside for it; null: it was not free, or is not there. */
static const struct boot_region *fixed_region(const skerry_Memory *config)
{
	uint32_t kind = config->has_reserved && config->reserved ? BOOT_RESERVED : BOOT_FIXED;

	for (uint32_t i = 0; i < init.record->region_count; i++) {
		const struct boot_region *r = &init.record->regions[i];

		if (r->kind == kind && r->base == config->base && r->size == config->size)
			return r;
	}
	return NULL;
}

static bool overlaps(const skerry_Memory *m, uint64_t base, uint64_t size)
{
	return m->base < base + size && base < m->base + m->size;
}

/* Not an error of init's: the VM that needs it is not started, and all else goes on. */
static bool report_missing(const skerry_Memory *m)
{
	const struct boot_record *r = init.record;
	const char *what = "no free RAM of this core, or not what the boot plan has";

	if (overlaps(m, r->bundle_base, r->bundle_size))
		what = "the bundle lies there";
	else if (overlaps(m, r->tree_base, r->tree_size))
		what = "the host's device tree lies there";
	log_line("memory %s, 0x%lx bytes at 0x%lx: %s", m->name, (unsigned long)m->size,
		 (unsigned long)m->base, what);
	return true;
}

static bool take_piece(const struct boot_region *fixed, uint32_t order, skerry_cap slot,
		       const char *what)
{
	int32_t status;

	if (!fixed)
		return memory_untyped(order, slot, what);
	status = untyped_retype(fixed->slot, CAP_UNTYPED, order, 0, slot, 1);
	return status == OK || fail(status, "memory %s", what);
}

bool memory_make(struct init_memory *m, const skerry_Memory *config)
{
	const struct boot_region *fixed = config->has_base ? fixed_region(config) : NULL;
	uint64_t left = config->size;

	if (config->has_base && !fixed)
		return report_missing(config);

	m->frames.count = (uint32_t)(config->size >> config->order);
	m->frames.first = slots_reserve(m->frames.count);
	if (!m->frames.first)
		return fail(LIMIT, "memory %s has too many frames", config->name);
	while (left) {
		uint32_t order = 63 - (uint32_t)__builtin_clzll(left);
		skerry_cap slot = slots_reserve(1);

		if (order > PIECE_ORDER_MOST)
			order = PIECE_ORDER_MOST;
		if (m->piece_count == INIT_PIECES || !slot)
			return fail(LIMIT, "memory %s: its size is of too many pieces",
				    config->name);
		if (!take_piece(fixed, order, slot, config->name))
			return false;
		m->pieces[m->piece_count] = slot;
		m->orders[m->piece_count++] = order;
		left -= 1ull << order;
	}
	return make_frames(m, config);
}

bool memory_revoke(skerry_cap slot)
{
	int32_t status;

	do
		status = cspace_revoke(BOOT_SLOT_CSPACE, slot);
	while (status == BUSY);
	return status == OK || fail(status, "taking back memory");
}

void memory_delete(skerry_cap slot)
{
	while (cspace_delete(BOOT_SLOT_CSPACE, slot) == BUSY)
		;
}

bool memory_renew(struct init_memory *m, const skerry_Memory *config)
{
	for (uint32_t i = 0; i < m->piece_count; i++)
		if (!memory_revoke(m->pieces[i]))
			return false;
	return make_frames(m, config);
}
