/* SPDX-License-Identifier: BSD-2-Clause */
/* What this port keeps per core. */
#ifndef KERNEL_ARCH_KERNEL_H
#define KERNEL_ARCH_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "gic.h"
#include "machine.h"

struct vcpu;

/* An exception of the kernel's own: the core is parked and waits for a debugger. */
struct kernel_fault {
	uint64_t vector; /* 1 + position in the vector table; 0: none */
	uint64_t esr, elr, far, spsr, sp;
};

struct arch_kernel {
	uint64_t stack_top;  /* end of the kernel stack, 16-byte aligned; boot code sets it */
	uint32_t lr_count;   /* list registers of this core */
	uint32_t apr_count;  /* ICH_AP1R<n>_EL2 there are */
	uint32_t workaround; /* SMCCC_WORKAROUND_3 or _1, called at each entry; 0: not needed */
	struct kernel_fault fault;
	struct vcpu *last_of_vm[64]; /* by VMID: whose translations this core's TLB may hold */
	struct gic gic;
	struct machine machine;
	/* The table of a thread without space: zero, nothing is mapped. */
	_Alignas(4096) const uint64_t no_space[512];
};

#endif
