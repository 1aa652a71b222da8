/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions between two points, on QEMU with -icount shift=0: an instruction is a nanosecond and
 * the counter ticks every 16. One difference of two counter values is off by up to a tick; the sum
 * over runs that begin at each place of a tick equally often is exact: dither(i) puts i % DITHER
 * instructions before what is measured.
 */
#ifndef MICRO_H
#define MICRO_H

#include "guest.h"

#define DITHER 16u

/* Of vcpu_switch: the guest that goes to sleep and its rival, who runs then, agree on the clock. In
 * ticks: round i begins at SWITCH_START + i * SWITCH_PERIOD, far behind all that boots. */
#define SWITCH_ROUNDS 256u
#define SWITCH_START 0x30000000ull
#define SWITCH_PERIOD 8192ull

extern char micro_vectors[];

/* micro_vectors.S: what they come to. `stamp`: the counter, after 3 instructions of the vector and
 * as many more as delay_stamp() said. */
void micro_interrupt(uint64_t stamp);
void micro_unexpected(uint64_t vector, uint64_t syndrome);
void delay_stamp(uint64_t instructions); /* 0 to 15 */
#define VECTOR_INSTRUCTIONS 3u

void dither(uint64_t instructions); /* 0 to 15 of them, beside the call itself */

/* The counter as the last instruction before what follows. Its own instruction is in the difference
 * of two of them. */
#define STAMP(into) __asm__ volatile("mrs %0, cntvct_el0" : "=r"(into)::"memory")

static inline uint64_t tick_ns(void)
{
	return 1000000000ull / READ_REGISTER(cntfrq_el0);
}

/* The virtual timer, at an absolute time. */
static inline void timer_at(uint64_t ticks)
{
	WRITE_REGISTER(cntv_cval_el0, ticks);
	WRITE_REGISTER(cntv_ctl_el0, 1);
}

/* FP state that this guest has in use. */
static inline void use_fp(void)
{
	__asm__ volatile(".arch_extension fp\n\tfmov d0, #1.0" ::: "memory");
}

#endif
