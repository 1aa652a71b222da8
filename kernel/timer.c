/* SPDX-License-Identifier: BSD-2-Clause */
/* A deadline that raises a signal. */
#include "internal.h"

void timer_deadline(struct kernel *k, struct deadline *d)
{
	struct timer *t = container_of(d, struct timer, deadline);

	if (t->signal.object)
		signal_raise(k, t->signal.object, t->bits);
}

void timer_end(struct kernel *k, struct timer *t)
{
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

static enum status timer_bind(struct kernel *k, struct timer *t, struct invocation *call)
{
	struct cap *signal = cspace_find(call->thread, call->in[2], CAP_SIGNAL);
	enum status s;

	if (!signal)
		return BAD_CAP;
	if (!(signal->rights & RIGHT_RAISE))
		return NO_RIGHT;
	if (!call->in[3] || (signal->badge && (call->in[3] & ~signal->badge)))
		return BAD_ARGUMENT;
	hold_clear(k, &t->signal);
	s = hold_set(&t->signal, HOLD_TIMER_SIGNAL, signal);
	if (s == OK)
		t->bits = call->in[3];
	return s;
}

enum status timer_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct timer *t = call->cap->object;

	if (!(call->cap->rights & RIGHT_MANAGE))
		return NO_RIGHT;
	switch (method) {
	case TIMER_BIND:
		return timer_bind(k, t, call);
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
