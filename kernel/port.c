/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls, replies and waiting for them. A call between two contexts of one core is a direct switch:
 * the server runs on the caller's owner, no queue is touched. The reply goes back the same way. */
#include "internal.h"

#define REPLY_INFO \
	(INFO_LENGTH_MASK | INFO_CAPS_MASK << INFO_CAPS_SHIFT | 0x7fffffffull << INFO_LABEL_SHIFT)

static void copy_words(const struct context *from, struct context *to)
{
	uint64_t word[4];

	for (unsigned i = 0; i < 4; i++)
		word[i] = context_arg(from, i + 2);
	for (unsigned i = 0; i < 4; i++)
		context_set_arg(to, i + 2, word[i]);
}

/* Writes the call of `c` into the server's buffer and registers. */
static enum status deliver(struct context *c, enum context_kind kind, struct thread *server,
			   uint64_t badge)
{
	struct context *to = &server->context;
	enum status s;
	uint64_t info;

	if (!server->message)
		return BAD_STATE;
	if (kind == CONTEXT_VCPU) {
		info = vcpu_message(vcpu_of(c), server->message->data);
	} else if (thread_of(c)->fault_kind) {
		info = thread_fault_message(thread_of(c), server->message->data);
	} else {
		info = context_arg(c, 1) & ~(INFO_NO_REPLY | INFO_SIGNAL);
		if ((s = message_copy(thread_of(c), server, info)) != OK)
			return s;
		copy_words(c, to);
	}
	context_set_arg(to, 0, OK);
	context_set_arg(to, 1, info);
	context_set_arg(to, 6, badge);
	return OK;
}

/* The server has the call of `c` from now on. */
static void accept(struct kernel *k, struct port *p, struct context *c, enum context_kind kind,
		   struct thread *server)
{
	c->state = CONTEXT_CALLING;
	c->server = server;
	server->caller = c;
	server->context.depth = kind == CONTEXT_VCPU ? 1 : (uint8_t)(c->depth + 1);
	if (server->serves == p)
		return;
	if (server->serves)
		server->serves->server = NULL;
	/* Who waited for the port waits for another thread now. */
	sched_release_list(k, &p->stalled);
	if (p->server) {
		sched_release_chain(k, &p->server->context);
		p->server->serves = NULL;
	}
	p->server = server;
	server->serves = p;
}

static COLD enum status deadlock_check(struct port *p, struct context *caller)
{
	struct thread *s = p->server;

	for (int i = 0; s && i < CHAIN_LIMIT; i++) {
		struct context *c = &s->context;

		if (c == caller)
			return DEADLOCK;
		if (c->state == CONTEXT_CALLING)
			s = c->server;
		else if (c->state == CONTEXT_SENDING)
			s = c->port->server;
		else
			return OK;
	}
	return s ? LIMIT : OK;
}

enum status port_send(struct kernel *k, struct context *c, enum context_kind kind, struct port *p,
		      uint64_t badge)
{
	struct thread *server = container_of(p->receivers.next, struct thread, context.waiting);
	enum status s;

	c->sender_badge = badge;
	if (kind == CONTEXT_THREAD && c->depth) { /* a vCPU serves nobody */
		if (!thread_of(c)->caller)
			c->depth = 0;
		if (c->depth >= CHAIN_LIMIT - 1)
			return LIMIT; /* dispatch would not find the end of the chain */
	}
	if (!list_empty(&p->receivers)) {
		__asm__("" : "+r"(server)); /* it is the base, not the list's node */
		if ((s = deliver(c, kind, server, badge)) != OK)
			return s;
		list_remove(&server->context.waiting);
		accept(k, p, c, kind, server);
		server->context.state = CONTEXT_READY;
		sched_release(k, &server->context);
		return OK;
	}
	if ((s = deadlock_check(p, c)) != OK)
		return s;
	c->state = CONTEXT_SENDING;
	c->port = p;
	list_append(&p->senders, &c->waiting);
	return QUEUED;
}

HOT struct context *port_call(struct kernel *k, struct thread *t)
{
	struct context *c = &t->context;
	struct cap *cap;
	enum status s = cspace_need(t, context_arg(c, 0), CAP_PORT, RIGHT_CALL, &cap);

	if (s != OK)
		return returned(c, s);
	if ((context_arg(c, 1) & INFO_LENGTH_MASK) > MESSAGE_BYTES)
		return returned(c, BAD_MESSAGE);
	s = port_send(k, c, CONTEXT_THREAD, cap->object, cap->badge);
	if (s == OK)
		return sched_call(k, c, CONTEXT_THREAD, c->server);
	return s == QUEUED ? sched_dispatch(k) : returned(c, s);
}

/* What the caller gets; on an error it still waits and the server is to blame. */
static enum status reply_deliver(struct kernel *k, struct thread *server, struct context *c,
				 enum context_kind kind, uint64_t info)
{
	struct port *serves = server->serves;
	struct thread *t = thread_of(c);
	enum status s;

	info &= REPLY_INFO;
	if ((kind == CONTEXT_VCPU || t->fault_kind) && !server->message)
		return BAD_STATE;
	if (kind == CONTEXT_VCPU)
		return vcpu_reply(k, vcpu_of(c), server->message->data, info);
	if (t->fault_kind)
		return thread_fault_reply(k, t, server->message->data, info);
	if ((s = message_copy(server, t, info)) != OK)
		return s;
	copy_words(&server->context, c);
	context_set_arg(c, 0, OK);
	context_set_arg(c, 1, info);
	context_set_arg(c, 6, serves ? serves->generation : 0);
	c->state = CONTEXT_READY;
	return OK;
}

/* After a reply: `c` has its new state (READY, or a vCPU that is held). */
static void reply_settle(struct kernel *k, struct context *c)
{
	c->server = NULL;
	if (c->state != CONTEXT_READY)
		sched_block(k, c, (enum context_state)c->state);
	else if (!c->queued || !list_empty(&c->stalled_on_me))
		sched_ready(k, c);
}

/* Takes the next call that is queued and can be delivered. False: none. */
static COLD bool take_sender(struct kernel *k, struct port *p, struct thread *server)
{
	for (int i = 0; i < 4 && !list_empty(&p->senders); i++) {
		struct context *c = container_of(p->senders.next, struct context, waiting);
		enum status s = deliver(c, (enum context_kind)c->kind, server, c->sender_badge);

		if (s != OK) {
			port_end_call(k, c, s); /* its message, its fault */
			continue;
		}
		list_remove(&c->waiting);
		c->port = NULL;
		accept(k, p, c, (enum context_kind)c->kind, server);
		sched_release(k, c);
		return true;
	}
	return false;
}

static void wait_at(struct port *p, struct context *c)
{
	c->port = p;
	list_append(&p->receivers, &c->waiting);
	c->state = CONTEXT_RECEIVING;
}

/* Waits on `p`. The result is in the server's registers, or it is RECEIVING. */
static WARM void receive(struct kernel *k, struct thread *server, struct port *p)
{
	struct context *c = &server->context;

	if (signal_take_bound(k, server))
		return;
	if (!list_empty(&p->senders)) {
		if (take_sender(k, p, server)) {
			/* Holds a reply now: it runs for its callers, not for itself. */
			sched_block(k, c, CONTEXT_READY);
			k->resched = true;
			return;
		}
		if (!list_empty(&p->senders)) {
			arch_context_restart_call(c);
			context_set_arg(c, 1, INFO_NO_REPLY);
			sched_enqueue(k, c);
			return;
		}
	}
	wait_at(p, c);
	if (c->queued)
		sched_block(k, c, CONTEXT_RECEIVING);
}

static WARM struct context *reply_rarely(struct kernel *k, struct thread *server,
					 struct context *caller, struct port *p)
{
	reply_settle(k, caller);
	receive(k, server, p);
	return sched_dispatch(k);
}

static inline struct context *answer(struct kernel *k, struct thread *t, struct context *caller,
				     enum context_kind kind, struct port *p, uint64_t info)
{
	enum status s = reply_deliver(k, t, caller, kind, info);

	if (s != OK)
		return returned(&t->context, s);
	t->caller = NULL;
	/* The server ran for this caller, unless for who waits at a port it left. */
	if (t->serves != p || !list_empty(&p->senders) || caller->state != CONTEXT_READY ||
	    !caller->queued || !list_empty(&caller->stalled_on_me) || signal_pending(t))
		return reply_rarely(k, t, caller, p);
	caller->server = NULL;
	wait_at(p, &t->context);
	return sched_return(k, t, caller, kind);
}

HOT struct context *port_reply_wait(struct kernel *k, struct thread *t)
{
	struct context *c = &t->context, *caller = t->caller;
	struct cap *cap;
	enum status s = cspace_need(t, context_arg(c, 0), CAP_PORT, RIGHT_SERVE, &cap);
	uint64_t info = context_arg(c, 1);

	if (s != OK)
		return returned(c, s);
	if (!t->message)
		return returned(c, BAD_STATE);

	struct port *p = cap->object;

	if (info & INFO_NO_REPLY) {
		if (caller)
			return returned(c, BUSY);
		receive(k, t, p);
		return c->state == CONTEXT_READY && !k->resched ? c : sched_dispatch(k);
	}
	if (!caller)
		return returned(c, STALE);

	return caller->kind == CONTEXT_VCPU ? answer(k, t, caller, CONTEXT_VCPU, p, info)
					    : answer(k, t, caller, CONTEXT_THREAD, p, info);
}

WARM struct context *port_reply(struct kernel *k, struct thread *t)
{
	struct context *c = &t->context, *caller = t->caller;
	uint64_t slot = context_arg(c, 0);
	struct cap *cap = NULL;
	enum status s;

	if (slot) {
		cap = cspace_find(t, slot, CAP_REPLY);
		if (!cap)
			return returned(c, BAD_CAP);
		caller = cap->object;
		if (!caller)
			cap_unlink(k, cap);
	}
	if (!caller)
		return returned(c, STALE);
	s = reply_deliver(k, t, caller, (enum context_kind)caller->kind, context_arg(c, 1));
	if (s != OK)
		return returned(c, s);
	if (cap) {
		caller->reply = NULL;
		cap_unlink(k, cap);
	} else {
		t->caller = NULL;
	}
	reply_settle(k, caller);
	context_set_arg(c, 0, OK);
	sched_enqueue(k, c);
	k->resched = true;
	return sched_dispatch(k);
}

enum status port_save_reply(struct kernel *k, struct thread *t, struct cap *slot)
{
	struct context *caller = t->caller;

	if (!caller)
		return NOT_FOUND;
	if (slot->type != CAP_EMPTY)
		return EXISTS;
	*slot = (struct cap){.type = CAP_REPLY, .rights = RIGHT_ALL, .object = caller};
	cap_link(&k->root, slot);
	t->caller = NULL;
	caller->server = NULL;
	caller->reply = slot;
	sched_enqueue(k, &t->context);
	k->resched = true;
	return OK;
}

/* Detaches a call from whoever has it. */
static COLD void detach(struct kernel *k, struct context *c)
{
	sched_release_chain(k, c);
	k->resched = true; /* who had the call may run on its caller's time no more */
	if (c->state == CONTEXT_SENDING) {
		list_remove(&c->waiting);
		c->port = NULL;
	} else if (c->server) {
		c->server->caller = NULL;
		sched_enqueue(k, &c->server->context);
		c->server = NULL;
	} else if (c->reply) {
		c->reply->object = NULL; /* a late reply gets STALE */
		c->reply = NULL;
	}
}

void port_end_call(struct kernel *k, struct context *c, enum status why)
{
	detach(k, c);
	if (c->kind == CONTEXT_VCPU) {
		struct vcpu *v = vcpu_of(c);

		/* The instruction executes again and exits again. */
		if (v->stop_wanted)
			sched_block(k, c, CONTEXT_STOPPED);
		else
			sched_ready(k, c);
		return;
	}
	if (thread_of(c)->fault_kind) {
		sched_block(k, c, CONTEXT_STOPPED);
		sched_release(k, c);
		port_server_gone(k, thread_of(c)); /* it will not answer */
		return;
	}
	sched_ready(k, returned(c, why));
}

/* The same exit, with its number, goes to the next server: nothing happens in between. */
static void exit_again(struct kernel *k, struct context *c, struct port *p)
{
	detach(k, c);
	if (!list_empty(&p->receivers)) {
		if (port_send(k, c, CONTEXT_VCPU, p, c->sender_badge) < OK)
			port_end_call(k, c, PEER_RESTARTED);
		return;
	}
	c->state = CONTEXT_SENDING;
	c->port = p;
	list_append(p->senders.next, &c->waiting); /* first in the queue */
}

void port_server_gone(struct kernel *k, struct thread *t)
{
	struct context *caller = t->caller;
	struct port *p = t->serves;

	if (p) {
		sched_release_chain(k, &t->context);
		k->resched = true; /* it may have run for who waits there */
		p->server = NULL;
		t->serves = NULL;
	}
	if (caller && caller->kind == CONTEXT_VCPU && p)
		exit_again(k, caller, p);
	else if (caller)
		port_end_call(k, caller, PEER_RESTARTED);
}

void reply_end(struct kernel *k, struct cap *c)
{
	struct context *caller = c->object;

	if (!caller)
		return;
	caller->reply = NULL;
	c->object = NULL;
	port_end_call(k, caller, PEER_RESTARTED);
}

bool port_drain(struct kernel *k, struct port *p)
{
	struct context *c;

	if (!list_empty(&p->senders)) {
		port_end_call(k, container_of(p->senders.next, struct context, waiting), PEER_DIED);
		return true;
	}
	if (list_empty(&p->receivers))
		return false;
	c = container_of(p->receivers.next, struct context, waiting);
	list_remove(&c->waiting);
	c->port = NULL;
	sched_ready(k, returned(c, BAD_CAP));
	return true;
}

void port_end(struct kernel *k, void *object)
{
	struct port *p = object;
	struct thread *server = p->server;

	if (!server)
		return;
	p->server = NULL;
	server->serves = NULL;
	if (server->caller)
		port_end_call(k, server->caller, PEER_DIED);
}

enum status port_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct port *p = call->cap->object;

	switch (method) {
	case PORT_STATUS:
		return results(call, p->generation, !list_empty(&p->receivers), 0, 0);
	case PORT_RENEW:
		if (!(call->cap->rights & RIGHT_MANAGE))
			return NO_RIGHT;
		p->generation++;
		if (p->server)
			port_server_gone(k, p->server);
		return OK;
	default:
		return BAD_METHOD;
	}
}
