/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller, which CPU is which core, and how far addresses reach. */
#include "boot.h"
#include "sysreg.h"

#define GICR_TYPER 0x0008
#define GICR_TYPER_VLPIS 2u
#define GICR_TYPER_LAST 16u
#define GICR_FRAME 0x20000ull

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
	boot_check(b);
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

/* Level 1 is the root for 39 bits; CPUs of 44 bits and more have one at level 0. */
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
