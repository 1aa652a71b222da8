/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller, the devices the plan gives to cores, and how far addresses reach. */
#include "boot.h"
#include "sysreg.h"

#define GICR_TYPER 0x0008
#define GICR_TYPER_VLPIS 2u
#define GICR_TYPER_LAST 16u
#define GICR_FRAME 0x20000ull

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
	else if (overlapped(b->redistributors, b->redistributor_count, d->base, d->size) != NULL)
		what = "the interrupt controller's redistributors";
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

static void check_devices(const struct boot *b)
{
	check_ranges(b);
	for (uint32_t i = 0; i < b->cores; i++) {
		for (uint32_t j = 0; j < b->plan.cores[i].device_count; j++) {
			const struct plan_device *d = &b->plan.cores[i].devices[j];
			struct range r = {d->base, d->size};

			check_device(b, d);
			for (uint32_t at = 0; at < i * PLAN_DEVICES + j; at++) {
				const struct plan_core *c = &b->plan.cores[at / PLAN_DEVICES];
				const struct plan_device *e = &c->devices[at % PLAN_DEVICES];

				if (at % PLAN_DEVICES < c->device_count &&
				    range_overlap(&r, e->base, e->size))
					boot_fail(b, "plan: devices %x and %x overlap", e->base,
						  d->base);
			}
		}
	}
}

/* Frames follow each other in a region; the one whose TYPER says Last ends it. (IHI 0069, 12.10) */
static uint64_t find_redistributor(const struct boot *b, uint64_t affinity)
{
	for (uint32_t i = 0; i < b->redistributor_count; i++) {
		uint64_t at = b->redistributors[i].base;
		uint64_t end = at + b->redistributors[i].size;

		while (end - at >= GICR_FRAME) {
			uint64_t typer = *(volatile uint64_t *)(at + GICR_TYPER);
			uint64_t stride = GICR_FRAME << ((typer & GICR_TYPER_VLPIS) != 0);
			uint64_t packed = (affinity & 0xffffff) | (affinity >> 32 & 0xff) << 24;

			if (typer >> 32 == packed)
				return at;
			if ((typer & GICR_TYPER_LAST) != 0 || stride > end - at)
				break;
			at += stride;
		}
	}
	return 0;
}

void boot_devices(struct boot *b)
{
	check_devices(b);
	boot_map(b, b->distributor.base, b->distributor.size, MMU_DEVICE);
	for (uint32_t i = 0; i < b->redistributor_count; i++)
		boot_map(b, b->redistributors[i].base, b->redistributors[i].size, MMU_DEVICE);
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
		c->redistributor = find_redistributor(b, c->affinity);
		if (c->redistributor == 0)
			boot_fail(b, "cpu %u has no redistributor", (uint64_t)index);
	}
	if (b->core[0].affinity != (sysreg_read(mpidr_el1) & 0xff00ffffffull))
		boot_fail(b, "plan: core 0 is cpu %u, but another one boots",
			  (uint64_t)b->plan.cores[0].hardware_index);
	gic_distributor_init(b->distributor.base);
}

/* Level 1 is the root for 39 bits; more take a root at level 0, which CPUs of 44 bits and more
 * have. */
void boot_address_bits(struct boot *b)
{
	static const uint8_t sizes[] = {32, 36, 40, 42, 44, 48};
	uint64_t range = sysreg_read(id_aa64mmfr0_el1) & 15;
	uint64_t end = b->ram.r[b->ram.count - 1].base + b->ram.r[b->ram.count - 1].size - 1;
	uint64_t bits, levels;

	if (range >= sizeof(sizes))
		range = sizeof(sizes) - 1;
	for (uint32_t i = 0; i < b->cores; i++)
		for (uint32_t j = 0; j < b->plan.cores[i].device_count; j++)
			end |=
			    b->plan.cores[i].devices[j].base + b->plan.cores[i].devices[j].size - 1;
	for (uint32_t i = 0; i < b->plan.range_count; i++)
		end |= b->plan.ranges[i].base + b->plan.ranges[i].size - 1;
	for (bits = 39; end >> bits != 0;)
		bits++;
	if (bits < b->plan.address_bits)
		bits = b->plan.address_bits;
	if (bits > sizes[range] || (bits > 39 && sizes[range] < 44))
		boot_fail(b, "plan: %u address bits are needed, this CPU has %u and tables for %u",
			  bits, (uint64_t)sizes[range], sizes[range] < 44 ? 39ull : sizes[range]);
	b->address_bits = bits > 39 ? sizes[range] : 39;
	levels = bits > 39 ? 2 : 1;
	b->vtcr = 1ull << 31 | range << 16 | 3ull << 12 | 1ull << 10 | 1ull << 8 | levels << 6 |
		  (64 - b->address_bits);
}
