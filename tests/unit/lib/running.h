/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that runs, and above it a thread, boss, that gets to run when an interrupt says so: it
 * stands for whatever acts on a vCPU while that is in the middle of something.
 */
#ifndef RUNNING_H
#define RUNNING_H

#include "user.h"

struct vm {
	struct machine *m;
	struct guest g;
	uint32_t port; /* of the guest's exits; nobody serves it */
	struct user boss;
	uint32_t irq, wake;
};

struct vm vm_running(void);
/* boss becomes current; and gives way to the guest, or to init, again. */
void vm_enter(struct vm *x);
void vm_leave(struct vm *x);
/* boss makes one invocation with up to three arguments. */
struct result as_boss(struct vm *x, uint32_t slot, uint32_t method, uint64_t a, uint64_t b,
		      uint64_t c);
void is_guest(const struct vm *x); /* it is current */

#endif
