/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, idling, power and zeroing of this core. */
#include "arch.h"
#include "sysreg.h"

uint64_t arch_now(void)
{
	return sysreg_read(cntpct_el0);
}

/* CNTHP_CTL_EL2 stays enabled: a compare value of ~0 never comes. */
void arch_timer_set(struct kernel *k, uint64_t at)
{
	(void)k;
	sysreg_write(cnthp_cval_el2, at);
}

/* ISR_EL1 read at EL2 shows physical interrupts; PSTATE.I is always set in the kernel. */
bool arch_interrupt_pending(struct kernel *k)
{
	(void)k;
	return (sysreg_read(isr_el1) & (1u << 7)) != 0;
}

void arch_idle(struct kernel *k)
{
	dsb(sy);
	while (!arch_interrupt_pending(k))
		__asm__ volatile("wfi" ::: "memory");
}

static inline void zero_line(uint64_t at)
{
	__asm__ volatile("dc zva, %0\n\tdc civac, %0" ::"r"(at) : "memory");
}

/* Zeroes and cleans lines by DC ZVA where its block is a line; returns where it ended. */
static uint64_t zero_lines(uint64_t at, uint64_t end, uint64_t line)
{
	for (; end - at >= 4 * line; at += line) {
		zero_line(at);
		zero_line(at += line);
		zero_line(at += line);
		zero_line(at += line);
	}
	return at;
}

/* DCZID_EL0: bits 3:0 are log2 of the words in a block, bit 4 forbids DC ZVA. */
void arch_zero(void *page, size_t bytes)
{
	uint64_t at = (uint64_t)page, end = at + bytes;
	uint64_t zva = sysreg_read(dczid_el0), block = 4ull << (zva & 15);
	uint64_t line = CACHE_LINE_MIN(sysreg_read(ctr_el0));
	uint64_t from;

	if ((zva & 16) == 0 && (at & (block - 1)) == 0) {
		if (block == line)
			at = zero_lines(at, end, line);
		for (from = at; end - at >= block; at += block)
			__asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
	} else {
		from = at;
	}
	for (; at < end; at += 8)
		*(volatile uint64_t *)at = 0;
	for (from &= ~(line - 1); from < end; from += line)
		__asm__ volatile("dc civac, %0" ::"r"(from) : "memory");
	dsb(sy);
}

/* Registers x4 to x17 may be lost in a call (SMCCC 1.0). */
int64_t psci_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory", "cc");
	return (int64_t)x0;
}

enum status arch_core_off(struct kernel *k)
{
	gic_core_off(k);
	psci_call(PSCI_CPU_OFF, 0, 0, 0);
	gic_core_init(k);
	return UNSUPPORTED;
}

int32_t arch_core_power(struct kernel *k, uint32_t core)
{
	int64_t state;

	if (core >= k->arch.machine.cores)
		return BAD_ARGUMENT;
	state = psci_call(PSCI_AFFINITY_INFO, k->arch.machine.affinity[core], 0, 0);
	/* PSCI counts as CORE_IS_* does: 0 on, 1 off, 2 pending. */
	return state >= 0 && state <= 2 ? (int32_t)state : UNSUPPORTED;
}

enum status arch_system_off(struct kernel *k)
{
	(void)k;
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	return UNSUPPORTED;
}

enum status arch_system_reset(struct kernel *k)
{
	(void)k;
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	return UNSUPPORTED;
}
