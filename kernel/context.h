/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A context is what can run and what can call: a thread or a vCPU. It is embedded first in both.
 *
 * A context with a budget is an *owner*: it stands in a ready queue unless it waits for an event or
 * its budget is used up. Running goes from the highest owner along `blocked_on` to the context that
 * can make progress for it (sched.c). The owner stays in its queue during a call.
 */
#ifndef KERNEL_CONTEXT_H
#define KERNEL_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "arch_context.h"
#include "deadline.h"
#include "list.h"

struct kernel;
struct port;
struct thread;
struct cap;

enum context_kind { CONTEXT_THREAD, CONTEXT_VCPU, CONTEXT_IDLE_LOOP };

struct context {
	struct arch_context arch; /* registers; first, the entry code knows */
	struct kernel *kernel;
	uint8_t kind;	       /* enum context_kind */
	uint8_t state;	       /* enum context_state */
	uint8_t priority;      /* of the owner */
	uint8_t depth;	       /* a server's: calls from the first caller to it */
	bool queued;	       /* in a ready queue */
	bool fresh;	       /* has not run since it came there */
	bool stalled;	       /* in the stalled list of another context, or in kernel.released */
	bool exhausted;	       /* budget used up; the deadline refills it */
	bool dead;	       /* being deleted */
	struct port *port;     /* SENDING, RECEIVING: in a list there */
	struct thread *server; /* CALLING: holds the reply; null: the reply is kept in a slot */
	struct cap *reply;     /* CALLING and kept: the slot */
	uint64_t sender_badge; /* SENDING: badge of the capability used */
	struct list link;      /* ready queue, stalled list, or released */
	struct list waiting;   /* in port.senders or port.receivers */
	struct list stalled_on_me; /* owners that can go on only when this context does */
	uint64_t budget, period;   /* counter ticks; budget 0: no owner */
	uint64_t left;		   /* of the budget, in this period */
	uint64_t refill_at;
	struct deadline refill;
};

#endif
