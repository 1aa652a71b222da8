/* SPDX-License-Identifier: BSD-2-Clause */
#include "sched_model.h"

#define EACH(x) for (int x = 0; x < MODEL_THREADS; x++)

void model_init(struct model *m, uint64_t now)
{
	*m = (struct model){.owner = NONE, .now = now};
	for (int p = 0; p < MODEL_PORTS; p++)
		m->ports[p].server = NONE;
	for (int i = 0; i < MODEL_REPLIES; i++)
		m->kept[i] = NONE;
}

void model_made(struct model *m, int x)
{
	m->threads[x] = (struct model_thread){.alive = true,
					      .state = CONTEXT_STOPPED,
					      .port = NONE,
					      .holder = NONE,
					      .caller = NONE,
					      .serves = NONE,
					      .signal = NONE,
					      .bound = NONE};
}

static void returns(struct model *m, int t, enum status s)
{
	m->threads[t].state = CONTEXT_READY;
	m->threads[t].status = s;
	m->threads[t].result = 0;
}

static void gives(struct model *m, int t, int result, uint64_t value)
{
	returns(m, t, OK);
	m->threads[t].result = result;
	m->threads[t].value = value;
}

/* Who came first of those in `state` at a port. */
static int first_at(const struct model *m, int port, enum context_state state)
{
	int first = NONE;

	EACH(x)
	{
		const struct model_thread *t = &m->threads[x];

		if (t->alive && t->state == state && t->port == port &&
		    (first == NONE || t->since < m->threads[first].since))
			first = x;
	}
	return first;
}

static void goes_to(struct model *m, int t, int port, enum context_state state)
{
	static uint64_t arrivals;

	m->threads[t].state = state;
	m->threads[t].port = port;
	m->threads[t].since = ++arrivals;
}

static int waiter_of(const struct model *m, int signal)
{
	EACH(x)
	{
		if (m->threads[x].alive && m->threads[x].state == CONTEXT_WAITING &&
		    m->threads[x].signal == signal)
			return x;
	}
	return NONE;
}

static int bound_to(const struct model *m, int signal)
{
	EACH(x)
	{
		if (m->threads[x].alive && m->threads[x].bound == signal)
			return x;
	}
	return NONE;
}

/* ---- Calls ---- */

/* `server` has the call of `t`, and is from now on who serves the port. */
static void takes(struct model *m, int server, int t, int port)
{
	struct model_thread *s = &m->threads[server];

	m->threads[t].state = CONTEXT_CALLING;
	m->threads[t].holder = server;
	s->caller = t;
	if (s->serves != port && s->serves != NONE)
		m->ports[s->serves].server = NONE;
	if (m->ports[port].server != NONE)
		m->threads[m->ports[port].server].serves = NONE;
	m->ports[port].server = server;
	s->serves = port;
	returns(m, server, OK);
}

int model_waits_for(const struct model *m, int x)
{
	const struct model_thread *t = &m->threads[x];

	if (t->state == CONTEXT_CALLING)
		return t->holder;
	return t->state == CONTEXT_SENDING ? m->ports[t->port].server : NONE;
}

void model_call(struct model *m, int t, int port)
{
	int server;

	if (!m->ports[port].alive) {
		returns(m, t, BAD_CAP);
		return;
	}
	server = first_at(m, port, CONTEXT_RECEIVING);
	if (server != NONE) {
		takes(m, server, t, port);
		return;
	}
	for (int x = m->ports[port].server; x != NONE; x = model_waits_for(m, x)) {
		if (x == t) {
			returns(m, t, DEADLOCK);
			return;
		}
	}
	goes_to(m, t, port, CONTEXT_SENDING);
}

/* The call of `x` ends without an answer, wherever it is. */
static void call_ends(struct model *m, int x, enum status why)
{
	struct model_thread *t = &m->threads[x];

	if (t->state == CONTEXT_CALLING && t->holder != NONE)
		m->threads[t->holder].caller = NONE;
	for (int i = 0; i < MODEL_REPLIES; i++)
		if (m->kept[i] == x)
			m->kept[i] = NONE;
	t->holder = NONE;
	returns(m, x, why);
}

static void answers_held(struct model *m, int t)
{
	int caller = m->threads[t].caller;

	m->threads[t].caller = NONE;
	m->threads[caller].holder = NONE;
	returns(m, caller, OK);
}

void model_reply_wait(struct model *m, int t, int port, bool answers)
{
	struct model_thread *s = &m->threads[t];
	int first;

	if (!m->ports[port].alive) {
		returns(m, t, BAD_CAP);
		return;
	}
	if (answers != (s->caller != NONE)) {
		returns(m, t, answers ? STALE : BUSY);
		return;
	}
	if (answers)
		answers_held(m, t);
	first = first_at(m, port, CONTEXT_SENDING);
	if (s->bound != NONE && m->signals[s->bound].bits) {
		gives(m, t, 6, m->signals[s->bound].bits);
		m->signals[s->bound].bits = 0;
	} else if (first != NONE) {
		takes(m, t, first, port);
	} else {
		goes_to(m, t, port, CONTEXT_RECEIVING);
	}
}

void model_reply(struct model *m, int t, int reply)
{
	int caller = reply == NONE ? m->threads[t].caller : m->kept[reply];

	if (reply != NONE && !m->reply[reply]) {
		returns(m, t, BAD_CAP);
		return;
	}
	if (reply == NONE && caller != NONE)
		answers_held(m, t);
	else if (caller != NONE)
		returns(m, caller, OK);
	if (reply != NONE) {
		m->reply[reply] = false;
		m->kept[reply] = NONE;
	}
	returns(m, t, caller == NONE ? STALE : OK);
}

void model_keep(struct model *m, int t, int reply)
{
	int caller = m->threads[t].caller;

	if (caller == NONE || m->reply[reply]) {
		returns(m, t, caller == NONE ? NOT_FOUND : EXISTS);
		return;
	}
	m->threads[caller].holder = NONE;
	m->threads[t].caller = NONE;
	m->kept[reply] = caller;
	m->reply[reply] = true;
	returns(m, t, OK);
}

void model_drop(struct model *m, int reply)
{
	m->reply[reply] = false;
	if (m->kept[reply] != NONE)
		call_ends(m, m->kept[reply], PEER_RESTARTED);
}

/* ---- Signals ---- */

/* Who waits gets its bits; only where nobody waits, who is bound and receives gets all. */
static void hands_out(struct model *m, int signal)
{
	int waiter = waiter_of(m, signal), bound = bound_to(m, signal);
	uint64_t *bits = &m->signals[signal].bits;

	if (waiter != NONE) {
		uint64_t mask = m->threads[waiter].mask;

		if (*bits & mask) {
			gives(m, waiter, 1, *bits & mask);
			*bits &= ~mask;
		}
	} else if (bound != NONE && *bits && m->threads[bound].state == CONTEXT_RECEIVING) {
		gives(m, bound, 6, *bits);
		*bits = 0;
	}
}

void model_signal(struct model *m, int signal, uint64_t bits)
{
	if (!m->signals[signal].alive)
		return;
	m->signals[signal].bits |= bits;
	hands_out(m, signal);
}

void model_wait(struct model *m, int t, int signal, uint64_t mask, bool poll)
{
	uint64_t bits = m->signals[signal].bits & mask;

	if (!m->signals[signal].alive) {
		returns(m, t, BAD_CAP);
	} else if (bits) {
		gives(m, t, 1, bits);
		m->signals[signal].bits &= ~mask;
	} else if (poll) {
		returns(m, t, AGAIN);
	} else if (waiter_of(m, signal) != NONE) {
		returns(m, t, BUSY);
	} else {
		m->threads[t].state = CONTEXT_WAITING;
		m->threads[t].signal = signal;
		m->threads[t].mask = mask;
	}
}

enum status model_bind(struct model *m, int x, int signal)
{
	if (!m->signals[signal].alive)
		return BAD_CAP;
	if (bound_to(m, signal) != NONE)
		return EXISTS;
	m->threads[x].bound = signal;
	hands_out(m, signal);
	return OK;
}

void model_end_signal(struct model *m, int signal)
{
	int waiter = waiter_of(m, signal), bound = bound_to(m, signal);

	m->signals[signal].alive = false;
	m->signals[signal].bits = 0;
	for (int i = 0; i < MODEL_TIMERS; i++)
		if (m->timers[i].signal == signal)
			m->timers[i].at = 0;
	if (waiter != NONE)
		returns(m, waiter, BAD_CAP);
	if (bound != NONE)
		m->threads[bound].bound = NONE;
}

/* ---- Threads and ports ---- */

static void serves_no_more(struct model *m, int x)
{
	struct model_thread *t = &m->threads[x];

	if (t->serves != NONE)
		m->ports[t->serves].server = NONE;
	t->serves = NONE;
	if (t->caller != NONE)
		call_ends(m, t->caller, PEER_RESTARTED);
}

void model_stop(struct model *m, int x)
{
	call_ends(m, x, CANCELLED);
	serves_no_more(m, x);
	m->threads[x].state = CONTEXT_STOPPED;
}

void model_start(struct model *m, int x)
{
	model_stop(m, x);
	returns(m, x, OK);
	m->threads[x].last = true;
}

void model_end(struct model *m, int x)
{
	model_stop(m, x);
	m->threads[x].alive = false;
	if (m->owner == x)
		m->owner = NONE;
}

void model_renew(struct model *m, int port)
{
	if (m->ports[port].server != NONE)
		serves_no_more(m, m->ports[port].server);
}

void model_end_port(struct model *m, int port)
{
	int x, server = m->ports[port].server;

	while ((x = first_at(m, port, CONTEXT_SENDING)) != NONE)
		call_ends(m, x, PEER_DIED);
	while ((x = first_at(m, port, CONTEXT_RECEIVING)) != NONE)
		returns(m, x, BAD_CAP);
	if (server != NONE) {
		m->threads[server].serves = NONE;
		if (m->threads[server].caller != NONE)
			call_ends(m, m->threads[server].caller, PEER_DIED);
	}
	m->ports[port].server = NONE;
	m->ports[port].alive = false;
}
