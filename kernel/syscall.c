/* SPDX-License-Identifier: BSD-2-Clause */
/* From a call's number to its code, and for invocations to the object's methods. */
#include "internal.h"

static invoke_fn *const invoke_table[CAP_TYPES] = {
    [CAP_UNTYPED] = untyped_invoke, [CAP_FRAME] = frame_invoke,	  [CAP_CSPACE] = cspace_invoke,
    [CAP_SPACE] = space_invoke,	    [CAP_THREAD] = thread_invoke, [CAP_VCPU] = vcpu_invoke,
    [CAP_PORT] = port_invoke,	    [CAP_LINE] = line_invoke,	  [CAP_TIMER] = timer_invoke,
    [CAP_IRQ] = irq_invoke,	    [CAP_CORE] = core_invoke,
};

/* What every method of an object needs; the methods themselves ask for more. */
static const uint8_t invoke_rights[CAP_TYPES] = {
    [CAP_CSPACE] = RIGHT_MANAGE, [CAP_SPACE] = RIGHT_MANAGE, [CAP_THREAD] = RIGHT_MANAGE,
    [CAP_VCPU] = RIGHT_MANAGE,	 [CAP_TIMER] = RIGHT_MANAGE, [CAP_IRQ] = RIGHT_MANAGE,
};

static WARM struct context *invoke(struct kernel *k, struct context *c, struct thread *t)
{
	struct cap *cap = cspace_slot(t, context_arg(c, 0));
	struct invocation call;
	enum status s = BAD_CAP;

	call.thread = t;
	call.cap = cap;
#pragma GCC unroll 8
	for (unsigned i = 1; i < 8; i++)
		call.in[i] = context_arg(c, i);
	call.out[1] = call.out[2] = call.out[3] = call.out[4] = 0;
	if (cap && (cap->rights & invoke_rights[cap->type]) != invoke_rights[cap->type])
		s = NO_RIGHT;
	else if (cap && invoke_table[cap->type])
		s = call.in[1] >> 32 ? BAD_METHOD
				     : invoke_table[cap->type](k, &call, (uint32_t)call.in[1]);
	/* The thread may have ended or stopped itself: then its registers are nobody's. */
	if (k->current == c && c->state == CONTEXT_READY) {
		if (s == RESTART) {
			arch_context_restart_call(c);
		} else {
			context_set_arg(c, 0, (uint64_t)(int64_t)s);
#pragma GCC unroll 4
			for (unsigned i = 1; i < 5; i++)
				context_set_arg(c, i, call.out[i]);
		}
		if (!k->resched)
			return c;
	}
	return sched_dispatch(k);
}

struct context *syscall_handle(struct kernel *k, struct context *c, uint32_t number)
{
	struct thread *t = thread_of(c);

	if (number == CALL_SIGNAL)
		return signal_call(k, t);
	if (number == CALL_INVOKE)
		return invoke(k, c, t);
	switch (number) {
	case CALL_CALL:
		return port_call(k, t);
	case CALL_REPLY_WAIT:
		return port_reply_wait(k, t);
	case CALL_REPLY:
		return port_reply(k, t);
	case CALL_WAIT:
		return signal_wait(k, t, false);
	case CALL_POLL:
		return signal_wait(k, t, true);
	case CALL_YIELD:
		context_set_arg(c, 0, OK);
		sched_give_way(k);
		return sched_dispatch(k);
	default:
		return returned(c, BAD_CALL);
	}
}
