/* SPDX-License-Identifier: BSD-2-Clause */
/* Inter-VM communication for bare-metal guests (docs/ivc.md), and what the guests of
 * tests/qemu/ivc.py agree on. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "guest.h"

#define IVC_WINDOW 0x0c000000ull
#define IVC_IRQ 64u
#define PAGE 0x1000u
#define FAILED (~0ull)

#define VM_A 1u
#define VM_B 2u
#define KEY_A 0x11u /* A's: 3 pages, B reads */
#define KEY_B 0x22u /* B's: 1 page, A reads and writes */
#define KEY_C 0x33u /* C's, for A */

/* In B's channel, behind the header: how far each of them is. */
#define STEP_OF_A 16u
#define STEP_OF_B 20u
#define BOOTS_OF_A 24u
#define LIVES_OF_A 5u /* of tests/guests/ivc_again.c */

static inline uint64_t ivc_call(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	register uint64_t x0 __asm__("x0") = nr;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;
	register uint64_t x4 __asm__("x4") = a4;

	__asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}

static inline uint64_t ivc_publish(uint64_t key, uint64_t *base, uint64_t *size)
{
	return ivc_call(3, key, (uintptr_t)base, (uintptr_t)size, 0);
}

static inline uint64_t ivc_subscribe(uint64_t publisher, uint64_t key, uint64_t *base,
				     uint64_t *size)
{
	return ivc_call(4, publisher, key, (uintptr_t)base, (uintptr_t)size);
}

static inline uint64_t ivc_unpublish(uint64_t key)
{
	return ivc_call(5, key, 0, 0, 0);
}

static inline uint64_t ivc_unsubscribe(uint64_t publisher, uint64_t key)
{
	return ivc_call(6, publisher, key, 0, 0);
}

static inline uint64_t ivc_notify(uint64_t publisher, uint64_t key)
{
	return ivc_call(7, publisher, key, 0, 0);
}

/* What the other side publishes when it comes to it. */
static inline void ivc_subscribe_when_there(uint64_t publisher, uint64_t key, uint64_t *base,
					    uint64_t *size)
{
	while (ivc_subscribe(publisher, key, base, size) == FAILED)
		__asm__ volatile("yield");
}

static inline void ivc_bell_on(void)
{
	gic_start();
	gic_edge(IVC_IRQ, true);
	gic_enable(IVC_IRQ, 0x80);
}

#endif
