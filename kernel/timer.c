/* SPDX-License-Identifier: BSD-2-Clause */
/* A deadline that raises a signal. */
#include "internal.h"

void timer_deadline(struct kernel *k, struct deadline *d)
{
	struct timer *t = container_of(d, struct timer, deadline);

	if (t->signal.object)
		signal_raise(k, t->signal.object, t->bits);
}

void timer_end(struct kernel *k, void *object)
{
	struct timer *t = object;

	deadline_remove(&k->deadlines, &t->deadline);
	hold_clear(k, &t->signal);
	sched_timer_update(k);
}

void timer_hold_cleared(struct kernel *k, struct cap *slot)
{
	struct timer *t = container_of(slot, struct timer, signal);

	deadline_remove(&k->deadlines, &t->deadline);
	sched_timer_update(k);
}

enum status timer_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct timer *t = call->cap->object;

	switch (method) {
	case TIMER_BIND:
		return signal_bind(k, call, &t->signal, HOLD_TIMER_SIGNAL, &t->bits);
	case TIMER_SET:
		if (!t->signal.object)
			return BAD_STATE;
		deadline_remove(&k->deadlines, &t->deadline);
		if (call->in[2])
			deadline_insert(&k->deadlines, &t->deadline, call->in[2]);
		sched_timer_update(k);
		return OK;
	default:
		return BAD_METHOD;
	}
}
