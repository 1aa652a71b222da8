/* SPDX-License-Identifier: BSD-2-Clause */
/* What the plan gives to cores is there: CPUs, and devices and ranges, which are nobody else's. */
#include "boot.h"

static const struct range *overlapped(const struct range *set, uint32_t count, uint64_t base,
				      uint64_t size)
{
	for (uint32_t i = 0; i < count; i++)
		if (range_overlap(&set[i], base, size))
			return &set[i];
	return NULL;
}

static void check_device(const struct boot *b, const struct plan_device *d)
{
	const char *what = NULL;

	if (d->size == 0 || (d->base | d->size) & (PAGE - 1) || d->base + d->size < d->base ||
	    (d->base + d->size - 1) >> 48 != 0)
		boot_fail(b, "plan: device %x, size %x, is no range of pages", d->base, d->size);
	if (range_overlap(&b->distributor, d->base, d->size))
		what = "the interrupt controller's distributor";
	else if (overlapped(b->gic, b->gic_count, d->base, d->size) != NULL)
		what = b->gic_name;
	else if (d->base < b->image_end && b->image < d->base + d->size)
		what = "the kernel";
	else if (ranges_overlap(&b->ram, d->base, d->size))
		what = "RAM";
	else
		what = boot_tree_part(b, d->base, d->size);
	if (what != NULL)
		boot_fail(b, "plan: device %x, size %x, overlaps %s", d->base, d->size, what);
}

static void check_ranges(const struct boot *b)
{
	for (uint32_t i = 0; i < b->plan.range_count; i++) {
		const struct plan_range *r = &b->plan.ranges[i];
		const struct plan_device d = {r->base, r->size};

		if (r->kind == PLAN_RESERVED && !ranges_overlap(&b->ram, d.base, d.size))
			check_device(b, &d);
	}
}

static void check_cores(struct boot *b)
{
	for (uint32_t i = 0; i < b->cores; i++) {
		struct boot_core *c = &b->core[i];
		uint32_t index = b->plan.cores[i].hardware_index;

		if (index >= b->cpu_count)
			boot_fail(
			    b,
			    "plan: core %u is cpu %u, but the machine has %u: start QEMU with "
			    "more -smp",
			    (uint64_t)i, (uint64_t)index, (uint64_t)b->cpu_count);
		c->affinity = b->affinities[index];
		for (uint32_t j = 0; j < i; j++)
			if (b->core[j].affinity == c->affinity)
				boot_fail(b, "plan: cores %u and %u are both cpu %u", (uint64_t)j,
					  (uint64_t)i, (uint64_t)index);
	}
}

void boot_check(struct boot *b)
{
	check_cores(b);
	check_ranges(b);
	for (uint32_t i = 0; i < b->cores; i++) {
		for (uint32_t j = 0; j < b->plan.cores[i].device_count; j++) {
			const struct plan_device *d = &b->plan.cores[i].devices[j];
			struct range r = {d->base, d->size};

			check_device(b, d);
			for (uint32_t at = 0; at < i * PLAN_DEVICES + j; at++) {
				const struct plan_core *c = &b->plan.cores[at / PLAN_DEVICES];
				const struct plan_device *e = &c->devices[at % PLAN_DEVICES];

				if (at % PLAN_DEVICES < c->device_count && e->base != b->banked &&
				    range_overlap(&r, e->base, e->size))
					boot_fail(b, "plan: devices %x and %x overlap", e->base,
						  d->base);
			}
		}
	}
}

uint64_t boot_highest(const struct boot *b)
{
	uint64_t end = b->ram.r[b->ram.count - 1].base + b->ram.r[b->ram.count - 1].size - 1;

	for (uint32_t i = 0; i < b->cores; i++)
		for (uint32_t j = 0; j < b->plan.cores[i].device_count; j++)
			end |=
			    b->plan.cores[i].devices[j].base + b->plan.cores[i].devices[j].size - 1;
	for (uint32_t i = 0; i < b->plan.range_count; i++)
		end |= b->plan.ranges[i].base + b->plan.ranges[i].size - 1;
	return end;
}
