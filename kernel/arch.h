/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole interface between the generic kernel and an architecture. Each port supplies
 *
 *   arch_context.h  struct arch_context: general registers, pc, status of a thread or vCPU (first
 * in struct context), and inline context_arg(c, i), context_set_arg(c, i, value) arch_space.h
 * struct arch_space: `root`, the root table, size and alignment ARCH_SPACE_BYTES/_ALIGN of a struct
 * space as retype lays it out arch_vcpu.h     struct arch_vcpu: lazy registers, interrupt state
 *   arch_kernel.h   struct arch_kernel: what a port keeps per core
 *
 * and the functions below. The generic kernel calls nothing else; a port calls what arch_calls.h
 * lists. Kernel memory is mapped one to one: a pointer is the physical address.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel.h"
#include "objects.h"

/* ---- Time and interrupts of this core ---- */
uint64_t arch_now(void);			    /* counter ticks */
void arch_timer_set(struct kernel *k, uint64_t at); /* kernel timer interrupt; ~0: off */
bool arch_interrupt_pending(struct kernel *k);	    /* a preemption point asks */
void arch_irq_enable(struct kernel *k, uint32_t number, bool edge); /* routed here, unmasked */
void arch_irq_disable(struct kernel *k, uint32_t number); /* masked, inactive; may be pending */
bool arch_irq_pending(struct kernel *k, uint32_t number);
void arch_irq_pend(struct kernel *k, uint32_t number, bool pending); /* what a wire says stays */
void arch_irq_done(struct kernel *k, uint32_t number);	/* deactivated: may fire again */
bool arch_irq_valid(struct kernel *k, uint32_t number); /* a user may own it (an SPI) */

/* ---- Memory ---- */
void arch_zero(void *page, size_t bytes); /* a multiple of 64, at most 4096; cleaned to coherency */

/* ---- Spaces: translation tables, walked in software, one format per kind and machine ---- */
enum space_entry_kind { ENTRY_NONE, ENTRY_MEMORY, ENTRY_WINDOW };
struct space_walk {
	enum space_entry_kind kind;
	uint32_t slot, generation; /* window */
	uint8_t order;		   /* of the mapping */
	uint64_t pa;		   /* memory: of the mapping's first byte */
};
void arch_space_init(struct kernel *k, struct space *s); /* s is zeroed; id and kind are set */
void arch_space_end(struct kernel *k, struct space *s);	 /* no translation of its tag survives */
/*
 * Maps 2^order bytes at `pa`. Takes missing tables with space_table_take(). EXISTS: something is
 * mapped or bound in the range; NO_MEMORY: no table page left; BAD_ARGUMENT: address out of reach.
 * `device`: device memory. Only invalid -> valid happens here.
 */
enum status arch_space_map(struct kernel *k, struct space *s, uint64_t va, uint64_t pa,
			   uint8_t order, uint32_t attributes, bool device);
/* valid or window -> invalid, with the invalidation of translations that valid -> invalid needs.
 * The caller has walked: something of this order is there. */
void arch_space_unmap(struct kernel *k, struct space *s, uint64_t va, uint8_t order);
enum status arch_space_bind(struct kernel *k, struct space *s, uint64_t va, uint8_t order,
			    uint32_t slot, uint32_t generation);
struct space_walk arch_space_walk(const struct space *s, uint64_t va);
/* Takes a table page, if still at va and level, out of the tree with all below it. */
void arch_space_drop_table(struct kernel *k, struct space *s, uint64_t va, uint8_t level,
			   const void *page);

/* ---- Contexts ---- */
void arch_thread_start(struct thread *t, uint64_t entry, uint64_t stack, uint64_t argument,
		       uint64_t tls);
void arch_context_restart_call(struct context *c); /* the trapped call executes again */
uint64_t arch_context_pc(const struct context *c);
/* Makes `to` the machine's context: the lazy registers only if another vCPU enters. */
void arch_switch(struct kernel *k, struct context *from, struct context *to);
/* The same, of a vCPU to a thread, between threads, and of a thread to the vCPU that is loaded. */
void arch_switch_exit(struct kernel *k, struct context *from, struct context *to);
void arch_switch_call(struct kernel *k, struct context *from, struct context *to);
void arch_switch_entry(struct kernel *k, struct context *from, struct context *to);
void arch_thread_space_changed(struct kernel *k, struct thread *t); /* set or cleared */
void arch_fp_forget(struct kernel *k, struct context *c);	    /* c ends: not saved */
void arch_fp_init(struct context *c); /* zero FP state for a new start */

/* ---- vCPUs ---- */
uint32_t arch_vcpu_init(struct kernel *k, struct vcpu *v,
			uint32_t features);		 /* -> features granted */
void arch_vcpu_unload(struct kernel *k, struct vcpu *v); /* lazy registers saved */
/* Register groups (docs/abi.md): bytes, or a negative status. Values are checked and masked. */
int32_t arch_vcpu_get(struct kernel *k, struct vcpu *v, uint32_t group, uint8_t *data);
enum status arch_vcpu_set(struct kernel *k, struct vcpu *v, uint32_t group, const uint8_t *data,
			  size_t bytes);
void arch_vcpu_set_register(struct vcpu *v, uint8_t number, uint64_t value); /* a load's target */
void arch_vcpu_advance(struct vcpu *v, uint32_t length);
void arch_vcpu_abort(struct kernel *k, struct vcpu *v); /* synchronous external abort, of v->exit */
void arch_vcpu_undefined(struct kernel *k, struct vcpu *v); /* undefined instruction at pc */
bool arch_vcpu_wakes(struct kernel *k, struct vcpu *v);	    /* WFI would not wait */
uint64_t arch_vcpu_deadline(const struct vcpu *v); /* of its timer while not loaded; ~0: none */
void arch_vcpu_deadline_passed(struct kernel *k, struct vcpu *v); /* its timer fired */
void arch_vcpu_source(struct kernel *k, struct vcpu *v, uint32_t source, uint16_t priority,
		      bool enabled);
bool arch_vcpu_has_id(uint64_t id); /* the functions below take no other */
/* Interrupt `id` gets `states`; what does not fit is kept. `line`, or null: told by
 * vcpu_interrupt_ended() when the guest ends it, or all is retracted. A line with a number is a
 * physical interrupt, which is active: the guest's end, or retracting all, makes it inactive. */
void arch_vcpu_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority,
		      uint32_t states, struct line *line);
uint32_t arch_vcpu_irq_state(struct kernel *k, struct vcpu *v, uint32_t id);
uint32_t arch_vcpu_retract(struct kernel *k, struct vcpu *v, uint32_t id, uint32_t states);

/* ---- The machine ---- */
void arch_idle(struct kernel *k); /* sleeps until an interrupt; returns with it pending */
enum status arch_core_off(struct kernel *k);
int32_t arch_core_power(struct kernel *k, uint32_t core); /* CORE_IS_*, or a negative status */
enum status arch_system_off(struct kernel *k);
enum status arch_system_reset(struct kernel *k);

#endif
