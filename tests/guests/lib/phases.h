/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests/qemu/share.py boots does one thing after another by the machine's counter, which all
 * of it reads alike: VMs and services change to the next phase at the same time without a word.
 */
#ifndef PHASES_H
#define PHASES_H

#include <stdint.h>

#define PHASE_START 37500000u /* ticks, 0.6 s: all have started */
#define PHASE_TICKS 2100000u  /* 33.6 ms */
#define PHASE_MARGIN 200000u  /* at its start, not measured: something new begins */
#define PHASES 16u	      /* at most */

/* Work that takes the same time anywhere, of which the counter is no part. */
static inline void phase_work(void)
{
	uint64_t n = 1000;

	__asm__ volatile("1:\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(n)::"cc");
}

#endif
