/* SPDX-License-Identifier: BSD-2-Clause */
/* User-level threads: configuration, start, stop, and faults as calls to their fault port. */
#include "exit.skerry.h"
#include "internal.h"

void thread_create(struct kernel *k, void *object)
{
	struct thread *t = object;

	context_init(k, &t->context, CONTEXT_THREAD);
}

/* Out of every list and call: the thread waits for nothing and owes nobody. */
static void quit(struct kernel *k, struct thread *t, enum status why)
{
	struct context *c = &t->context;

	if (c->state == CONTEXT_RECEIVING) {
		list_remove(&c->waiting);
		c->port = NULL;
	} else if (c->state == CONTEXT_WAITING) {
		t->waits_for->waiter = NULL;
		t->waits_for = NULL;
	} else if (c->state == CONTEXT_SENDING || c->state == CONTEXT_CALLING) {
		port_end_call(k, c, why);
	}
	t->fault_kind = 0;
	sched_block(k, c, CONTEXT_STOPPED);
	port_server_gone(k, t);
	sched_release(k, c);
}

void thread_end(struct kernel *k, void *object)
{
	struct thread *t = object;
	struct signal *s = t->signal.object;

	t->context.dead = true;
	quit(k, t, CANCELLED);
	sched_forget(k, &t->context);
	arch_fp_forget(k, &t->context);
	if (s)
		s->bound = NULL;
	hold_clear(k, &t->cspace);
	hold_clear(k, &t->space);
	hold_clear(k, &t->buffer);
	hold_clear(k, &t->fault);
	hold_clear(k, &t->signal);
	sched_timer_update(k);
}

static void space_cleared(struct kernel *k, struct thread *t)
{
	quit(k, t, CANCELLED);
	if (k->current == &t->context) {
		arch_switch(k, &t->context, &k->idle);
		k->current = &k->idle;
		k->resched = true;
	}
	t->space.object = NULL;
	arch_thread_space_changed(k, t);
}

void thread_hold_cleared(struct kernel *k, struct cap *slot)
{
	switch ((enum cap_hold)slot->hold) {
	case HOLD_THREAD_SPACE:
		space_cleared(k, container_of(slot, struct thread, space));
		break;
	case HOLD_THREAD_BUFFER:
		container_of(slot, struct thread, buffer)->message = NULL;
		break;
	case HOLD_THREAD_SIGNAL:
		((struct signal *)slot->object)->bound = NULL;
		break;
	default: /* without capabilities it can still compute; every call of it fails */
		break;
	}
}

struct configuration {
	struct cap *cspace, *space, *buffer, *fault;
	uint64_t offset, badge;
};

static enum status configure_decode(struct invocation *call, struct configuration *x)
{
	x->cspace = cspace_find(call->thread, call->in[2], CAP_CSPACE);
	x->space = cspace_find(call->thread, call->in[3], CAP_SPACE);
	x->buffer = cspace_find(call->thread, call->in[4], CAP_FRAME);
	x->offset = call->in[5];
	x->fault = call->in[6] ? cspace_find(call->thread, call->in[6], CAP_PORT) : NULL;
	x->badge = call->in[7];
	if (!x->cspace || !x->space || !x->buffer || (call->in[6] && !x->fault))
		return BAD_CAP;
	if (!(x->cspace->rights & RIGHT_MANAGE) || !(x->space->rights & RIGHT_MANAGE) ||
	    (x->buffer->rights & (RIGHT_READ | RIGHT_WRITE)) != (RIGHT_READ | RIGHT_WRITE) ||
	    (x->fault && !(x->fault->rights & RIGHT_CALL)))
		return NO_RIGHT;
	if (((struct space *)x->space->object)->kind != SPACE_KIND_SERVICE ||
	    x->buffer->frame.flags || (x->offset & 511) || x->offset >= 1ull << x->buffer->order)
		return BAD_ARGUMENT;
	if (x->fault && x->fault->badge && x->badge && x->badge != x->fault->badge)
		return NO_RIGHT;
	return OK;
}

static enum status thread_configure(struct kernel *k, struct thread *t, struct invocation *call)
{
	struct configuration x;
	enum status s = configure_decode(call, &x);

	if (s != OK)
		return s;
	if (t->context.state != CONTEXT_STOPPED)
		return BAD_STATE;
	hold_clear(k, &t->cspace);
	hold_clear(k, &t->space);
	hold_clear(k, &t->buffer);
	hold_clear(k, &t->fault);
	t->message = NULL;
	s = hold_set(&t->space, HOLD_THREAD_SPACE, x.space);
	arch_thread_space_changed(k, t); /* also if it fails: the space before may end now */
	if (s != OK || (s = hold_set(&t->cspace, HOLD_THREAD_CSPACE, x.cspace)) != OK ||
	    (s = hold_set(&t->buffer, HOLD_THREAD_BUFFER, x.buffer)) != OK ||
	    (x.fault && (s = hold_set(&t->fault, HOLD_THREAD_FAULT, x.fault)) != OK))
		return s;
	t->message = (struct message_buffer *)((uint8_t *)x.buffer->object + x.offset);
	t->fault_badge = x.badge ? x.badge : x.fault ? x.fault->badge : 0;
	return OK;
}

static enum status thread_start(struct kernel *k, struct thread *t, struct invocation *call)
{
	if (!t->cspace.object || !t->space.object)
		return BAD_STATE;
	if (t == call->thread)
		return BUSY; /* the results of this call would overwrite the new registers */
	quit(k, t, CANCELLED);
	arch_fp_forget(k, &t->context);
	arch_fp_init(&t->context);
	arch_thread_start(t, call->in[2], call->in[3], call->in[4], call->in[5]);
	sched_ready(k, &t->context);
	return OK;
}

static enum status thread_bind(struct kernel *k, struct thread *t, struct invocation *call)
{
	struct cap *c = call->in[2] ? cspace_find(call->thread, call->in[2], CAP_SIGNAL) : NULL;
	struct signal *old = t->signal.object, *s;
	enum status r;

	if (call->in[2] && !c)
		return BAD_CAP;
	if (c && !(c->rights & RIGHT_WAIT))
		return NO_RIGHT;
	s = c ? c->object : NULL;
	if (s && s->bound)
		return EXISTS;
	if (old)
		old->bound = NULL;
	hold_clear(k, &t->signal);
	if (!s)
		return OK;
	r = hold_set(&t->signal, HOLD_THREAD_SIGNAL, c);
	if (r == OK) {
		s->bound = t;
		signal_raise(k, s, 0);
	}
	return r;
}

enum status thread_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct thread *t = call->cap->object;

	switch (method) {
	case THREAD_CONFIGURE:
		return thread_configure(k, t, call);
	case THREAD_START:
		return thread_start(k, t, call);
	case THREAD_STOP:
		quit(k, t, CANCELLED);
		k->resched = true;
		return OK;
	case THREAD_STATUS:
		return results(call, t->context.state, arch_context_pc(&t->context),
			       t->fault_address, t->fault_syndrome);
	case THREAD_BIND:
		return thread_bind(k, t, call);
	default:
		return BAD_METHOD;
	}
}

struct context *thread_faulted(struct kernel *k, struct thread *t, uint32_t kind, uint64_t address,
			       uint64_t syndrome)
{
	t->fault_address = address;
	t->fault_syndrome = syndrome;
	t->fault_pc = arch_context_pc(&t->context);
	t->fault_kind = kind;
	/* A fault nobody can take, or whose handler waits for this thread, ends in a stop. */
	if (!t->fault.object ||
	    port_send(k, &t->context, CONTEXT_THREAD, t->fault.object, t->fault_badge) < OK)
		quit(k, t, CANCELLED);
	return sched_dispatch(k);
}

WARM uint64_t thread_fault_message(struct thread *t, uint8_t *data)
{
	thread_fault_put(data, &(struct thread_fault){t->fault_pc, t->fault_address,
						      t->fault_syndrome, t->fault_kind});
	return INFO(THREAD_FAULTS_FAULT, THREAD_FAULT_SIZE, 0);
}

WARM enum status thread_fault_reply(struct kernel *k, struct thread *t, const uint8_t *data,
				    uint64_t info)
{
	struct fault_reply m;

	if (!fault_reply_get(data, info & INFO_LENGTH_MASK, &m))
		return BAD_MESSAGE;
	t->fault_kind = 0;
	t->context.server = NULL;
	if (m.action == EXIT_ACTION_RESUME) {
		t->context.state = CONTEXT_READY;
		return OK;
	}
	t->context.state = CONTEXT_STOPPED;
	port_server_gone(k, t);
	return OK;
}
