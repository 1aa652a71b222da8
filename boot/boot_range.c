/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot.h"

/* Ends are compared as last bytes, so a range may reach to the end of the address space. */
static uint64_t last(const struct range *r)
{
	return r->base + r->size - 1;
}

bool range_overlap(const struct range *a, uint64_t base, uint64_t size)
{
	return a->size != 0 && size != 0 && a->base <= base + size - 1 && base <= last(a);
}

bool ranges_overlap(const struct ranges *set, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (range_overlap(&set->r[i], base, size))
			return true;
	return false;
}

/* Ranges of a set do not touch, so that what is contained lies in one of them. */
bool ranges_contain(const struct ranges *set, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (size != 0 && base >= set->r[i].base && size <= set->r[i].size &&
		    base - set->r[i].base <= set->r[i].size - size)
			return true;
	return false;
}

static void take_out(struct ranges *set, uint32_t at)
{
	for (set->count--; at < set->count; at++)
		set->r[at] = set->r[at + 1];
}

static void put_in(struct ranges *set, uint32_t at, uint64_t base, uint64_t size)
{
	for (uint32_t i = set->count++; i > at; i--)
		set->r[i] = set->r[i - 1];
	set->r[at] = (struct range){base, size};
}

bool ranges_remove(struct ranges *set, uint64_t base, uint64_t size)
{
	uint64_t end = base + size - 1;

	for (uint32_t i = 0; i < set->count; i++) {
		struct range r = set->r[i];

		if (!range_overlap(&r, base, size))
			continue;
		if (r.base < base && last(&r) > end) {
			if (set->count == RANGES)
				return false;
			set->r[i].size = base - r.base;
			put_in(set, i + 1, end + 1, last(&r) - end);
		} else if (r.base < base) {
			set->r[i].size = base - r.base;
		} else if (last(&r) > end) {
			set->r[i] = (struct range){end + 1, last(&r) - end};
		} else {
			take_out(set, i--);
		}
	}
	return true;
}

/* What overlaps is taken out first, so that the new range touches its neighbours at most. */
bool ranges_add(struct ranges *set, uint64_t base, uint64_t size)
{
	uint32_t at = 0;

	if (size == 0)
		return true;
	if (set->count >= RANGES - 1)
		return false;
	ranges_remove(set, base, size);
	while (at < set->count && set->r[at].base < base)
		at++;
	put_in(set, at, base, size);
	if (at + 1 < set->count && last(&set->r[at]) + 1 == set->r[at + 1].base) {
		set->r[at].size += set->r[at + 1].size;
		take_out(set, at + 1);
	}
	if (at > 0 && last(&set->r[at - 1]) + 1 == set->r[at].base) {
		set->r[at - 1].size += set->r[at].size;
		take_out(set, at);
	}
	return true;
}
