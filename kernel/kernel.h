/* SPDX-License-Identifier: BSD-2-Clause */
/* One core's kernel: all its mutable state. Passed to every function; there is no other state, no
 * lock and no heap. On the path of an exit the fields of the first cache lines are what is read. */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "arch_kernel.h"
#include "cap.h"
#include "context.h"
#include "deadline.h"
#include "list.h"

#define PRIORITIES 64
#define SPACES 256 /* ids 1..63: VMs; 64..255: services. On aarch64 the id is the VMID */
#define SPACE_VMS 64
#define IRQS 1020 /* physical interrupts: GIC INTIDs, PLIC or IOAPIC sources */

/* Paths that count: FLAT and HOT inline all that they call but what is WARM (or rare: COLD). */
#define FLAT __attribute__((flatten))
#define HOT __attribute__((flatten, noinline))
#define WARM __attribute__((noinline))
#define COLD __attribute__((noinline, cold))

struct space_entry {
	struct space *space;
	uint32_t generation; /* a stale capability never reaches a later space */
};

struct kernel {
	struct context *current;  /* runs, or ran when the kernel was entered; never null */
	struct context *owner;	  /* whose budget pays for it; null: the core idles */
	struct vcpu *loaded;	  /* whose lazy registers are in the machine; may be null */
	struct context *fp_owner; /* whose FP registers are in the machine; may be null */
	uint64_t ready_mask;	  /* bit p: ready[p] is not empty */
	bool resched;		  /* an owner of higher priority than `owner` became ready */
	uint64_t charged_from;	  /* counter when the owner's budget was last charged */
	uint64_t timer;		  /* deadline programmed into the hardware; ~0: none */
	struct list ready[PRIORITIES];
	struct list released; /* owners that were stalled and may run again */
	struct deadline_queue deadlines;
	struct arch_kernel arch;
	struct context idle;   /* current when nothing runs; has no registers of interest */
	uint32_t core;	       /* this core's number */
	uint32_t address_bits; /* of every space of this machine */
	uint64_t frequency;
	uint32_t next_generation; /* of windows */
	struct cap root;	  /* depth 0: everything is derived from it */
	struct deletion {	  /* where an interrupted revoke or delete goes on (cap.c) */
		struct cap *top, *at;
		struct cspace *inner; /* innermost cspace being emptied; linked by cspace.outer */
		bool whole;	      /* the top goes too */
	} deletion;
	uint64_t deletions; /* started so far: tells which cspaces are in the chain of `inner` */
	struct space_entry spaces[SPACES];
	struct line *irqs[IRQS];
};

#endif
