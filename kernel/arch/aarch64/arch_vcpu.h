/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vCPU has beside its context: registers no service can see, in the machine while the vCPU
 * is kernel.loaded and here otherwise, and its interrupts.
 *
 * An interrupt in the kernel's care is in a list register or, when none is free, in the overflow.
 * An id is never in both. (Arm IHI 0069, chapter 6: Virtual Interrupt Handling.)
 */
#ifndef KERNEL_ARCH_VCPU_H
#define KERNEL_ARCH_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "gic_core.h"

#define VGIC_LRS 16    /* the most an implementation has */
#define VGIC_SHARED 32 /* the first SPI */
#define VGIC_SPIS_END 1020
#define VGIC_LPIS 8192 /* the first LPI */
#define VGIC_LPIS_END 8448
#define VGIC_IDS (VGIC_SPIS_END + VGIC_LPIS_END - VGIC_LPIS)
#define VGIC_WORDS ((VGIC_IDS + 63) / 64)

/* What is to happen when the guest ends an interrupt: nothing, its line is told, or, from 16 on,
 * the physical interrupt of this number becomes inactive. */
#define VGIC_END_QUIET 0
#define VGIC_END_TOLD 1
#define VGIC_END_PHYSICAL 16

struct vcpu_system { /* EL1 registers that another vCPU's entry replaces */
	uint64_t ttbr0, ttbr1, tcr, mair, amair, vbar;
	uint64_t elr, spsr, sp_el1, tpidr_el1;
	uint64_t esr, far, afsr0, afsr1, contextidr, par, csselr;
	uint64_t vmpidr, vpidr; /* what the guest reads as MPIDR_EL1, MIDR_EL1 */
};

struct vgic {
	uint64_t lr[VGIC_LRS]; /* ICH_LR<n>_EL2 while not loaded, of those in `used` */
	uint16_t id[VGIC_LRS]; /* vINTID of each list register in `used` */
	uint32_t used; /* list registers that hold an interrupt, or held one the guest has ended */
	uint32_t overflow; /* number of bits set in `waiting` */
	uint32_t parked;   /* of those, active */
	uint32_t vmcr, apr[2][4];
	uint64_t waiting[VGIC_WORDS]; /* without list register, by SGI to SPI, then LPI */
	uint32_t held[VGIC_IDS];      /* of those: the upper half of what goes into one */
	struct sgi_sources sgi;
};

enum vppi_state {
	VPPI_QUIET,  /* the physical interrupt is inactive, or the vCPU is not loaded */
	VPPI_HELD,   /* active: the guest does not want it, or not yet */
	VPPI_LINKED, /* active until the guest ends the virtual one, which is in a list register
			or waits */
};

struct vppi {
	uint16_t priority;
	bool enabled;  /* in the virtual redistributor */
	uint8_t state; /* enum vppi_state */
};

struct vtimer {
	uint64_t control, compare; /* CNTV_CTL_EL0, CNTV_CVAL_EL0 while not loaded */
};

/* Of struct arch_context.direct and struct monitor.held. */
#define MONITOR_DEBUG 1u
#define MONITOR_PMU 2u
#define MONITOR_DEBUG_REGISTERS 64

/* Debug registers and performance monitors: in the machine if `held`, but for the first two, which
 * are there while the vCPU is current and accesses them directly. */
struct monitor {
	uint64_t mdscr, pmcr;
	uint64_t mdccint, debug[MONITOR_DEBUG_REGISTERS]; /* as debug.S numbers them */
	uint64_t userenr, selected, enabled, interrupts, overflows, cycles, cycle_filter;
	uint64_t counter[31][2]; /* value, event */
	bool os_lock;
	uint8_t held;
};

struct arch_vcpu {
	struct vcpu_system system;
	struct vtimer timer;
	struct vppi ppi[2]; /* by VCPU_SOURCE_* */
	struct monitor monitor;
	struct vgic vgic;
};

#endif
