/* SPDX-License-Identifier: BSD-2-Clause */
/* One core's kernel, built by core 0 in that core's memory; no other kernel maps any of it. */
#include "boot.h"
#include "port.h"
#include "sysreg.h"

#define STACK_BYTES 0x4000ull

/* The page below the stack is not mapped; what core_enter reads lies above its top. */
static void build_stack(struct boot *b, struct boot_core *c)
{
	uint64_t base = (uint64_t)boot_alloc(b, c, PAGE + STACK_BYTES, PAGE);

	if (!ranges_remove(&c->all, base, PAGE))
		boot_fail(b, "RAM is in too many pieces");
	c->entry = (struct core_entry *)(base + PAGE + STACK_BYTES) - 1;
}

void boot_kernel_build(struct boot *b, uint32_t number)
{
	struct boot_core *c = &b->core[number];
	struct kernel *k;

	build_stack(b, c);
	c->kernel = k = boot_alloc(b, c, sizeof(struct kernel), PAGE);
	kernel_init(k);
	k->arch.stack_top = (uint64_t)c->entry;
	k->arch.gic = c->gic;
	if (number == 0) {
		k->arch.gic.distributor = b->distributor.base;
		k->arch.gic.interrupts = gic_distributor_interrupts(b->distributor.base);
	}
	k->arch.machine.vtcr = b->vtcr;
	k->arch.machine.cores = b->cores;
	for (uint32_t i = 0; i < b->cores; i++)
		k->arch.machine.affinity[i] = b->core[i].affinity;
	*c->entry = (struct core_entry){
	    .ttbr = boot_tables(b, c),
	    .tcr = mmu_tcr(false),
	    .mair = MMU_MAIR,
	    .sctlr = mmu_sctlr(false, true),
	    .stack = (uint64_t)c->entry,
	    .main = (uint64_t)core_main,
	    .argument = (uint64_t)k,
	};
	cache_clean(c->entry, sizeof(*c->entry));
}

void boot_core_start(struct boot *b, uint32_t number)
{
	struct boot_core *c = &b->core[number];
	int64_t status =
	    psci_call(PSCI_CPU_ON, c->affinity, (uint64_t)core_enter, (uint64_t)c->entry);

	if (status != 0)
		boot_fail(b, "core %u does not start: PSCI CPU_ON says -%u", (uint64_t)number,
			  (uint64_t)-status);
}
