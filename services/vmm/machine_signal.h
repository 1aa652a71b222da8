/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bits of this process's own signal, which come between exits: who waits for a timer, a line or
 * another process says so here. The bits below are taken; each is one party's.
 */
#ifndef VMM_MACHINE_SIGNAL_H
#define VMM_MACHINE_SIGNAL_H

#include <stdint.h>

struct machine;

#define MACHINE_SIGNALS 16u

enum machine_signal {
	MACHINE_SIGNAL_TIMER = 0, /* the architecture's */
};

typedef void machine_signal_handler(struct machine *m, void *arg);

struct machine_signal_slot {
	machine_signal_handler *handler;
	void *arg;
};

/* `handler` runs in the thread of the exit loop, which holds no call then. */
void machine_on_signal(struct machine *m, uint32_t bit, machine_signal_handler *handler, void *arg);
/* Bits of nobody are dropped, and all while there is no VM. */
void machine_signalled(struct machine *m, uint64_t bits);

#endif
