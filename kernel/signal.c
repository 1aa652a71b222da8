/* SPDX-License-Identifier: BSD-2-Clause */
/* A word of bits: raised by who may, taken by one waiter or a bound thread's receive. */
#include "internal.h"

static void take(struct signal *s, struct context *c, uint64_t mask)
{
	context_set_arg(c, 0, OK);
	context_set_arg(c, 1, s->bits & mask);
	s->bits &= ~mask;
}

static void take_bound(struct signal *s, struct context *c)
{
	context_set_arg(c, 0, OK);
	context_set_arg(c, 1, INFO_SIGNAL);
	context_set_arg(c, 6, s->bits);
	s->bits = 0;
}

bool signal_take_bound(struct kernel *k, struct thread *t)
{
	if (!signal_pending(t))
		return false;
	take_bound(t->signal.object, &t->context);
	sched_enqueue(k, &t->context);
	return true;
}

void signal_raise(struct kernel *k, struct signal *s, uint64_t bits)
{
	struct thread *t = s->waiter;

	s->bits |= bits;
	if (t) {
		if (!(s->bits & t->wait_mask))
			return;
		s->waiter = NULL;
		t->waits_for = NULL;
		take(s, &t->context, t->wait_mask);
		sched_ready(k, &t->context);
		return;
	}
	t = s->bound;
	if (t && t->context.state == CONTEXT_RECEIVING && s->bits) {
		list_remove(&t->context.waiting);
		t->context.port = NULL;
		take_bound(s, &t->context);
		sched_ready(k, &t->context);
	}
}

HOT struct context *signal_call(struct kernel *k, struct thread *t)
{
	struct context *c = &t->context;
	struct cap *cap;
	enum status s = cspace_need(t, context_arg(c, 0), CAP_SIGNAL, RIGHT_RAISE, &cap);
	uint64_t bits = context_arg(c, 1);

	if (s != OK)
		return returned(c, s);
	if (cap->badge)
		bits &= cap->badge;
	returned(c, OK);
	signal_raise(k, cap->object, bits);
	return k->resched ? sched_dispatch(k) : c;
}

HOT struct context *signal_wait(struct kernel *k, struct thread *t, bool poll)
{
	struct context *c = &t->context;
	struct cap *cap;
	enum status r = cspace_need(t, context_arg(c, 0), CAP_SIGNAL, RIGHT_WAIT, &cap);
	uint64_t mask = context_arg(c, 1);

	if (r != OK)
		return returned(c, r);
	if (!mask)
		return returned(c, BAD_ARGUMENT);

	struct signal *s = cap->object;

	if (s->bits & mask) {
		take(s, c, mask);
		return c;
	}
	if (poll)
		return returned(c, AGAIN);
	if (s->waiter)
		return returned(c, BUSY);
	s->waiter = t;
	t->waits_for = s;
	t->wait_mask = mask;
	sched_block(k, c, CONTEXT_WAITING);
	return sched_dispatch(k);
}

enum status signal_bind(struct kernel *k, struct invocation *call, struct cap *slot,
			enum cap_hold hold, uint64_t *bits)
{
	struct cap *signal;
	enum status s = cspace_need(call->thread, call->in[2], CAP_SIGNAL, RIGHT_RAISE, &signal);

	if (s != OK)
		return s;
	if (!call->in[3] || (signal->badge && (call->in[3] & ~signal->badge)))
		return BAD_ARGUMENT;
	hold_clear(k, slot);
	s = hold_set(slot, hold, signal);
	if (s == OK)
		*bits = call->in[3];
	return s;
}

void signal_end(struct kernel *k, void *object)
{
	struct signal *s = object;
	struct thread *t = s->waiter;

	if (!t)
		return;
	s->waiter = NULL;
	t->waits_for = NULL;
	returned(&t->context, BAD_CAP);
	sched_ready(k, &t->context);
}
