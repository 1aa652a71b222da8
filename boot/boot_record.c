/* SPDX-License-Identifier: BSD-2-Clause */
/* What a core's init is told of the machine, and of the memory that is its. */
#include "boot.h"

static void add_region(struct boot_record *r, uint64_t base, uint64_t size, uint32_t kind)
{
	r->regions[r->region_count++] =
	    (struct boot_region){.base = base, .size = size, .kind = kind};
}

static struct range pages_of(uint64_t base, uint64_t size)
{
	uint64_t first = base & ~(PAGE - 1);

	return (struct range){first, ((base + size + PAGE - 1) & ~(PAGE - 1)) - first};
}

/* Bundle and tree are two regions unless they share a page or touch. */
static void add_bundle(const struct boot *b, struct boot_record *r)
{
	struct range bundle = pages_of(b->bundle.base, b->bundle.size);
	struct range tree = pages_of((uint64_t)b->tree, b->tree_size);
	struct ranges both = {0};

	ranges_add(&both, bundle.base, bundle.size);
	ranges_add(&both, tree.base, tree.size);
	for (uint32_t i = 0; i < both.count; i++)
		if (range_overlap(&both.r[i], bundle.base, bundle.size))
			add_region(r, both.r[i].base, both.r[i].size, BOOT_BUNDLE);
	for (uint32_t i = 0; i < both.count; i++)
		if (!range_overlap(&both.r[i], bundle.base, bundle.size))
			add_region(r, both.r[i].base, both.r[i].size, BOOT_BUNDLE);
}

static void add_ranges(const struct boot *b, struct boot_record *r, uint32_t number)
{
	for (uint32_t i = 0; i < b->plan.range_count; i++) {
		const struct plan_range *p = &b->plan.ranges[i];
		uint32_t kind = p->kind == PLAN_FIXED ? BOOT_FIXED : BOOT_RESERVED;

		if (p->kind == PLAN_RESERVED && !ranges_overlap(&b->ram, p->base, p->size))
			kind = BOOT_DEVICE;
		if (b->given[i] && p->core == number)
			add_region(r, p->base, p->size, kind);
	}
}

/* After everything was allocated: the regions that are left, the largest when there are too many.
 */
void boot_record_fill(const struct boot *b, struct boot_core *c, uint32_t number,
		      struct boot_record *r)
{
	const struct plan_core *plan = &b->plan.cores[number];

	*r = (struct boot_record){
	    .magic = BOOT_MAGIC,
	    .version = ABI_VERSION,
	    .core = number,
	    .cores = b->cores,
	    .frequency = b->frequency,
	    .bundle_base = b->bundle.base,
	    .bundle_size = b->bundle.size,
	    .tree_base = (uint64_t)b->tree,
	    .tree_size = b->tree_size,
	    .boot_counter = b->counter,
	};
	add_bundle(b, r);
	if (number == 0)
		ranges_add(&c->ram, b->resident_end, b->image_end - b->resident_end);
	for (uint32_t i = 0; i < plan->device_count; i++)
		add_region(r, plan->devices[i].base, plan->devices[i].size, BOOT_DEVICE);
	add_ranges(b, r, number);
	while (c->ram.count > BOOT_REGIONS - r->region_count) {
		struct range *least = &c->ram.r[0];

		for (uint32_t i = 1; i < c->ram.count; i++)
			if (c->ram.r[i].size < least->size)
				least = &c->ram.r[i];
		ranges_remove(&c->ram, least->base, least->size);
	}
	for (uint32_t i = 0; i < c->ram.count; i++)
		add_region(r, c->ram.r[i].base, c->ram.r[i].size, BOOT_RAM);
}
