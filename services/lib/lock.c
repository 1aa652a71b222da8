/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runtime's lock. Threads of one service share a core and have priorities, so waiting is a wait
 * for a signal, never a spin. A signal remembers: raised between the exchange and the wait, it ends
 * the wait.
 */
#include <stdatomic.h>

#include "runtime.h"

enum { FREE, TAKEN, AWAITED };

static _Atomic uint32_t state;
static skerry_cap lock_signal;

void runtime_lock_share(skerry_cap signal)
{
	lock_signal = signal;
}

void runtime_lock(void)
{
	uint32_t expected = FREE;
	uint64_t bits;

	if (atomic_compare_exchange_strong_explicit(&state, &expected, TAKEN, memory_order_acquire,
						    memory_order_relaxed))
		return;
	while (atomic_exchange_explicit(&state, AWAITED, memory_order_acquire) != FREE)
		(void)sys_wait(lock_signal, 1, &bits);
}

void runtime_unlock(void)
{
	if (atomic_exchange_explicit(&state, FREE, memory_order_release) == AWAITED)
		(void)sys_signal(lock_signal, 1);
}
