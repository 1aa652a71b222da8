/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an architecture's entry code calls. Each handles one event of k->current and returns the
 * context to resume (k->current then); the entry code loads its registers and returns to it. When
 * that is &k->idle the core idles: kernel_idle() sleeps and handles the interrupt that ends the
 * sleep.
 */
#ifndef KERNEL_ARCH_CALLS_H
#define KERNEL_ARCH_CALLS_H

#include "kernel.h"
#include "objects.h"

/* A thread trapped with call `number`; its arguments are in its registers. */
struct context *syscall_handle(struct kernel *k, struct context *c, uint32_t number);
/* A thread faulted. `kind` is enum ThreadFaultKind. */
struct context *thread_faulted(struct kernel *k, struct thread *t, uint32_t kind, uint64_t address,
			       uint64_t syndrome);
/* A vCPU's exit; v->exit is filled (MMIO: address is the guest physical one). */
struct context *vcpu_exit(struct kernel *k, struct vcpu *v);
/* A vCPU executed WFI (pc already behind it). */
struct context *vcpu_wfi(struct kernel *k, struct vcpu *v);
/* The guest ended an interrupt that was injected with a line. */
void vcpu_interrupt_ended(struct kernel *k, struct line *line);
/* The kernel timer's interrupt fired; interrupt `number` did (masked until arch_irq_done). */
void kernel_timer_fired(struct kernel *k);
void irq_fired(struct kernel *k, uint32_t number);
/* After interrupts were handled: who runs now? */
struct context *sched_dispatch(struct kernel *k);
/* A page for a table of `level` that covers va; zeroed; null: none left. */
void *space_table_take(struct kernel *k, struct space *s, uint64_t va, uint8_t level);

/* ---- Boot: called once per core by the architecture's boot code ---- */
struct boot_init { /* everything boot code decided; memory is one to one and zeroed as said */
	uint32_t core, address_bits;
	uint64_t frequency;
	const struct boot_record *record; /* regions filled, slots not */
	struct cspace *cspace;		  /* zeroed, BOOT_SLOTS */
	struct space *space;		  /* zeroed, ARCH_SPACE_BYTES */
	struct thread *thread;		  /* zeroed */
	void *record_page, *buffer_page;  /* record_page: the record itself */
	uint64_t entry;
};
void kernel_init(struct kernel *k); /* k is zeroed; arch parts are the port's */
/*
 * Makes init's objects and capabilities: slots of enum boot_slot, an untyped per region (slot
 * numbers are written into the record). The port then maps init's pages with arch_space_map
 * (donating table pages with space_pool_add) and calls sched_dispatch.
 */
enum status kernel_start(struct kernel *k, const struct boot_init *b, struct boot_record *record);
void space_pool_add(struct space *s, void *zeroed_page);

#endif
