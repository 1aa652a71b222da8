/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this port that run guests and services offer each other and the boot code. */
#ifndef KERNEL_PORT_H
#define KERNEL_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"
#include "objects.h"
#include "sysreg.h"

/* ---- entry.S ---- */
extern char vectors[], vectors_hardened[]; /* for VBAR_EL2 */
/*
 * Ends this core's boot: takes the stack k->arch.stack_top and goes to `c`, which arch_switch made
 * the machine's context. Does not return; from now on the kernel is entered by exceptions only.
 */
void context_resume(struct context *c) __attribute__((noreturn));
void fp_save(uint64_t fp[66]);
void fp_load(const uint64_t fp[66]);
void context_idle(void); /* where the idle context's pc points */

/* ---- debug.S ---- */
uint64_t debug_read(unsigned index);
void debug_write(unsigned index, uint64_t value);

/* ---- trap.c: called by entry.S with the context that was interrupted ---- */
struct context *trap_sync(struct kernel *k, struct context *c, uint64_t esr);
struct context *trap_call(struct kernel *k, struct context *c,
			  uint64_t esr); /* or what has its bit 26 */
struct context *trap_serror(struct kernel *k, struct context *c);
struct context *trap_idle(struct context *c);
void trap_park(struct kernel *k, uint64_t vector, uint64_t sp) __attribute__((noreturn));

/* ---- context.c ---- */
/*
 * EL2 registers that govern contexts, and the idle context. Once per core after kernel_init() and
 * before the first arch_switch(); gic_core_init() may come before or after.
 */
void context_core_init(struct kernel *k);
void context_fp_trapped(struct kernel *k, struct context *c); /* c used FP and is not its owner */

/* ---- vcpu.c ---- */
void vcpu_load(struct kernel *k, struct vcpu *v); /* another one, if loaded, is unloaded */
/* A guest with its caches off wrote a translation register; true: done, false: not one of those. */
bool vcpu_write_translation(struct vcpu *v, uint32_t reg, uint64_t value);

/* ---- vcpu_id.c ---- */
void vcpu_host_id(uint64_t id[56]);

/* ---- vgic_switch.c ---- */
void vgic_core_init(struct kernel *k);
void vgic_save(struct kernel *k, struct vcpu *v); /* v is kernel.loaded still */
void vgic_load(struct kernel *k, struct vcpu *v); /* v is not kernel.loaded yet */

/* ---- vgic.c ---- */
#define for_each_bit(n, mask)                \
	for (uint32_t left_ = (mask), n = 0; \
	     left_ != 0 && (n = (uint32_t)__builtin_ctz(left_), true); left_ &= left_ - 1)
/* As arch_vcpu_inject; `end` is VGIC_END_*. */
void vgic_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority, uint32_t states,
		 uint16_t end);
uint64_t vgic_hcr(const struct vgic *g, uint64_t vmcr); /* ICH_HCR_EL2 while it is loaded */
void vgic_count_ends(struct kernel *k, struct vcpu *v); /* some are parked; v is loaded */
/* A write of ICC_DIR_EL1; false: an SPI that is not active here. */
bool vgic_deactivate(struct kernel *k, struct vcpu *v, uint64_t id);
void vgic_drain(const struct kernel *k, struct vcpu *v); /* overflow into free list registers */
/* `id` is in a list register, and not linked: it ends with a maintenance interrupt. */
bool vgic_tell_end(struct kernel *k, struct vcpu *v, uint32_t id);
uint32_t vgic_retract(struct kernel *k, struct vcpu *v, uint32_t id, uint32_t states);

/* ---- vtimer.c ---- */
void vtimer_save(struct vcpu *v); /* and off */
void vtimer_load(const struct vcpu *v);
bool vtimer_high(const struct kernel *k, const struct vcpu *v);
void vtimer_get(const struct kernel *k, const struct vcpu *v, uint64_t *control, uint64_t *compare);
void vtimer_set(struct kernel *k, struct vcpu *v, uint64_t control, uint64_t compare);

/* ---- vppi.c: virtual interrupts of the same number as the physical ones ---- */
void vppi_init(struct kernel *k, struct vcpu *v);   /* off; v is not loaded */
void vppi_save(struct kernel *k, struct vcpu *v);   /* after vppi_settle, vgic_save, vtimer_save */
void vppi_load(struct kernel *k, struct vcpu *v);   /* before vtimer_load, vgic_load */
void vppi_settle(struct kernel *k, struct vcpu *v); /* before a pending state is looked at */
bool vppi_pends(struct kernel *k, const struct vcpu *v, uint32_t id); /* high, and not linked */
void vppi_poll(struct kernel *k, struct vcpu *v);		      /* before v waits */
void vppi_inject(struct kernel *k, struct vcpu *v, unsigned source);
/* The guest's interrupt `id` was taken back, or one that was not linked has ended. */
void vppi_gone(struct kernel *k, struct vcpu *v, uint32_t id);
/* Is `id` linked to the physical interrupt of the same number? */
static inline bool vppi_linked(const struct vcpu *v, uint32_t id)
{
	const struct vppi *p = v->arch.ppi;

	return (id == PPI_VIRTUAL_TIMER && p[VCPU_SOURCE_TIMER].state == VPPI_LINKED) ||
	       (id == PPI_MONITOR && p[VCPU_SOURCE_MONITOR].state == VPPI_LINKED);
}

#endif
