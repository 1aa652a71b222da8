/* SPDX-License-Identifier: BSD-2-Clause */
/* One core of the fake machine. It lies in struct kernel, so several cores can be in one process.
 */
#ifndef ARCH_KERNEL_H
#define ARCH_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

struct context;
struct vcpu;
struct space;

#define FAKE_TLB 64
#define FAKE_IRQS 1020
#define FAKE_FIRST_SPI 32
#define FAKE_IRQ_LIMIT 256 /* interrupts this machine has */

struct fake_translation {
	bool valid;
	uint16_t tag;
	uint8_t order;
	uint8_t attributes;
	uint64_t va, pa;
};

struct fake_irq {
	bool enabled, edge, asserted, active;
	bool latched;	     /* by software */
	struct vcpu *linked; /* has it in a list register or behind those: so it is active */
};

/* Of boot code, which has one for each core. */
struct gic {
	uint64_t redistributor, affinity;
};

struct arch_kernel {
	struct fake_translation tlb[FAKE_TLB];
	unsigned tlb_next;
	struct fake_irq irqs[FAKE_IRQS];
	struct context
	    *context; /* whose eager registers are in the machine; null: the idle loop's */
	uint16_t tag; /* of the translations in use */
	uint64_t eager, fp, lazy; /* register contents */
	struct vcpu *lazy_of;	  /* whose lazy registers are in the machine */
	bool ppi_active[2];	  /* the physical interrupts of a vCPU's own sources */
	uint64_t timer;		  /* kernel timer; ~0: off */
	unsigned polls;		  /* of arch_interrupt_pending since the kernel was entered */
	unsigned preempt_at;	  /* the poll from which on it says yes; 0: never */
	unsigned preempted;	  /* times it said yes */
	bool firmware_old;	  /* it does not say which cores are on */
	unsigned core_off, system_off, system_reset; /* times asked for */
};

#endif
