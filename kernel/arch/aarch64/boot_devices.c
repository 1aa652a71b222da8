/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller, and how far addresses reach. */
#include "boot.h"
#include "sysreg.h"

void boot_devices(struct boot *b)
{
	boot_check(b);
	boot_map(b, b->distributor.base, b->distributor.size, MMU_DEVICE);
	for (uint32_t i = 0; i < b->gic_count; i++)
		boot_map(b, b->gic[i].base, b->gic[i].size, MMU_DEVICE);
	for (uint32_t i = 0; i < b->cores; i++)
		boot_gic_find(b, &b->core[i], b->plan.cores[i].hardware_index);
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
	uint64_t end = boot_highest(b), bits, levels;

	if (range >= sizeof(sizes))
		range = sizeof(sizes) - 1;
	for (bits = 39; end >> bits != 0;)
		bits++;
	if (bits < b->plan.address_bits)
		bits = b->plan.address_bits;
	if (bits > sizes[range] || (bits > 39 && sizes[range] < 44))
		boot_fail(b, "plan: %u address bits are needed, this CPU has %u and tables for %u",
			  bits, (uint64_t)sizes[range], sizes[range] < 44 ? 39ull : sizes[range]);
	b->frequency = sysreg_read(cntfrq_el0);
	b->address_bits = bits > 39 ? sizes[range] : 39;
	levels = bits > 39 ? 2 : 1;
	b->vtcr = 1ull << 31 | range << 16 | 3ull << 12 | 1ull << 10 | 1ull << 8 | levels << 6 |
		  (64 - b->address_bits);
}
