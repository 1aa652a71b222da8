/* SPDX-License-Identifier: BSD-2-Clause */
#include "sched_steps.h"

static unsigned number(struct sched_run *r, unsigned below)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(r->state >> 33) % below;
}

#define ANY(r, count) ((int)number(r, count))

struct thread *sched_thread(const struct sched_run *r, int x)
{
	return x == SCHED_INIT ? r->k->init : slot_object(r->k, r->threads[x]);
}

static void done(struct sched_run *r)
{
	sched_compare(r);
	r->steps++;
}

static void pass(struct sched_run *r, uint64_t ticks)
{
	uint64_t end = fake_time + ticks;

	SCHED_NOTE(r, "%llu pass", (unsigned long long)ticks);
	while (fake_time < end) {
		uint64_t next = model_next(&r->m);

		next = next < end ? next : end;
		time_pass(r->k, next - fake_time);
		model_time(&r->m, fake_time);
		sched_compare(r);
	}
	r->steps++;
}

#define INVOKED(r, t, ...) (INVOKE_AS((r)->k, sched_thread(r, t), __VA_ARGS__).status)

/* The status of a call that returns at once, of a thread that is still there. */
static void returned_to(struct sched_run *r, int t, enum status s)
{
	struct model_thread *caller = &r->m.threads[t];

	if (caller->alive && caller->state == CONTEXT_READY) {
		caller->status = s;
		caller->result = 0;
	}
}

static void make_thread(struct sched_run *r, int t, int x)
{
	SCHED_NOTE(r, "%d makes thread %d", t, x);
	CHECK_EQ(INVOKED(r, t, r->k->ram, UNTYPED_RETYPE, CAP_THREAD, 0, 0, r->threads[x], 1), OK);
	CHECK_EQ(INVOKED(r, t, r->threads[x], THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE,
			 r->frames[x], 0, 0, 0),
		 OK);
	model_made(&r->m, x);
	returned_to(r, t, OK);
}

void sched_schedule(struct sched_run *r, int t, int x)
{
	static const uint64_t periods[] = {100000, 200000, 1000000};
	uint64_t period = periods[number(r, 3)], budget = period >> number(r, 3);
	unsigned priority = 1 + number(r, 4);

	if (!number(r, 4))
		budget = 0;    /* runs only for callers */
	if (x == SCHED_INIT) { /* below most, and not always there: so the core idles, too */
		priority = 1;
		budget = period / 2;
	}
	SCHED_NOTE(r, "%d schedules %d: priority %u, %llu of %llu", t, x, priority,
		   (unsigned long long)budget, (unsigned long long)period);
	model_schedule(&r->m, x, priority, budget, period);
	returned_to(r, t, OK);
	(void)INVOKED(r, t, BOOT_SLOT_CORE, CORE_SCHEDULE,
		      x == SCHED_INIT ? BOOT_SLOT_THREAD : r->threads[x], priority, budget, period);
	done(r);
}

/* What can be missing is made anew, of whatever kind. */
static void revive(struct sched_run *r, int t)
{
	int x = 1 + ANY(r, MODEL_THREADS - 1), p = ANY(r, MODEL_PORTS);
	int s = ANY(r, MODEL_SIGNALS);

	if (!r->m.threads[x].alive) {
		make_thread(r, t, x);
	} else if (!r->m.ports[p].alive) {
		SCHED_NOTE(r, "%d makes port %d", t, p);
		CHECK_EQ(INVOKED(r, t, r->k->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, r->ports[p], 1),
			 OK);
		r->m.ports[p].alive = true;
		returned_to(r, t, OK);
	} else if (!r->m.signals[s].alive) {
		SCHED_NOTE(r, "%d makes signal %d", t, s);
		CHECK_EQ(
		    INVOKED(r, t, r->k->ram, UNTYPED_RETYPE, CAP_SIGNAL, 0, 0, r->signals[s], 1),
		    OK);
		r->m.signals[s].alive = true;
		returned_to(r, t, OK);
	} else {
		return;
	}
	done(r);
}

static void delete_slot(struct sched_run *r, int t, uint32_t slot)
{
	returned_to(r, t, OK);
	(void)INVOKED(r, t, BOOT_SLOT_CSPACE, CSPACE_DELETE, slot);
}

static void end_something(struct sched_run *r, int t)
{
	int x = 1 + ANY(r, MODEL_THREADS - 1), p = ANY(r, MODEL_PORTS);
	int s = ANY(r, MODEL_SIGNALS), i = ANY(r, MODEL_REPLIES);

	switch (number(r, 5)) {
	case 0:
		if (!r->m.threads[x].alive)
			return;
		SCHED_NOTE(r, "%d ends thread %d", t, x);
		model_end(&r->m, x);
		delete_slot(r, t, r->threads[x]);
		break;
	case 1:
		if (!r->m.ports[p].alive)
			return;
		SCHED_NOTE(r, "%d ends port %d", t, p);
		model_end_port(&r->m, p);
		delete_slot(r, t, r->ports[p]);
		break;
	case 2:
		if (!r->m.signals[s].alive)
			return;
		SCHED_NOTE(r, "%d ends signal %d", t, s);
		model_end_signal(&r->m, s);
		delete_slot(r, t, r->signals[s]);
		break;
	case 3:
		if (!r->m.reply[i])
			return;
		SCHED_NOTE(r, "%d drops reply %d", t, i);
		model_drop(&r->m, i);
		delete_slot(r, t, r->replies[i]);
		break;
	default:
		SCHED_NOTE(r, "%d renews port %d", t, p);
		returned_to(r, t, r->m.ports[p].alive ? OK : BAD_CAP);
		model_renew(&r->m, p);
		(void)INVOKED(r, t, r->ports[p], PORT_RENEW);
	}
	done(r);
}

/* ---- What is done to a thread ---- */

/* Of three at random one that is stopped, if there is: else soon nobody would run. */
static int candidate(struct sched_run *r)
{
	int x = NONE;

	for (int i = 0; i < 3 && (x == NONE || r->m.threads[x].state != CONTEXT_STOPPED); i++)
		x = 1 + ANY(r, MODEL_THREADS - 1);
	return x;
}

static void on_thread(struct sched_run *r, int t)
{
	int x = candidate(r), s = ANY(r, MODEL_SIGNALS);
	enum status bound;

	if (!r->m.threads[x].alive)
		return;
	switch (number(r, 6)) {
	case 0:
		SCHED_NOTE(r, "%d stops %d", t, x);
		returned_to(r, t, OK);
		model_stop(&r->m, x);
		(void)INVOKED(r, t, r->threads[x], THREAD_STOP);
		break;
	case 1:
		SCHED_NOTE(r, "%d binds %d to signal %d", t, x, s);
		bound = model_bind(&r->m, x, s);
		returned_to(r, t, bound);
		(void)INVOKED(r, t, r->threads[x], THREAD_BIND, r->signals[s]);
		break;
	case 2:
	case 3:
		sched_schedule(r, t, number(r, 16) ? x : SCHED_INIT);
		return;
	default:
		SCHED_NOTE(r, "%d starts %d", t, x);
		returned_to(r, t, x == t ? BUSY : OK);
		if (x != t)
			model_start(&r->m, x);
		(void)INVOKED(r, t, r->threads[x], THREAD_START, 0, 0, 0, 0);
	}
	done(r);
}

static void set_timer(struct sched_run *r, int t)
{
	int i = ANY(r, MODEL_TIMERS), s = ANY(r, MODEL_SIGNALS);
	uint64_t bits = 1 + number(r, 7), at = fake_time + 1 + number(r, 200000);

	if (!r->m.signals[s].alive)
		return;
	SCHED_NOTE(r, "%d sets timer %d: signal %d, 0x%x, in %llu", t, i, s, (unsigned)bits,
		   (unsigned long long)(at - fake_time));
	returned_to(r, t, OK);
	r->m.timers[i].at = at;
	r->m.timers[i].signal = s;
	r->m.timers[i].bits = bits;
	(void)INVOKED(r, t, r->timers[i], TIMER_SET, 0); /* the bits are its own until then */
	CHECK_EQ(INVOKED(r, t, r->timers[i], TIMER_BIND, r->signals[s], bits), OK);
	CHECK_EQ(INVOKED(r, t, r->timers[i], TIMER_SET, at), OK);
	done(r);
}

/* ---- What a thread does ---- */

static void calls(struct sched_run *r, int t)
{
	int p = ANY(r, MODEL_PORTS);

	/* As a rule one that is served. */
	for (int i = 0; i < 2 && r->m.ports[p].server == NONE; i++)
		p = ANY(r, MODEL_PORTS);
	SCHED_NOTE(r, "%d calls port %d", t, p);
	model_call(&r->m, t, p);
	SYS(r->k, sched_thread(r, t), CALL_CALL, r->ports[p], 0);
	done(r);
}

static void serves(struct sched_run *r, int t)
{
	bool answers = (r->m.threads[t].caller != NONE) == (number(r, 16) != 0);
	int p = ANY(r, MODEL_PORTS);

	/* As a rule where it served before. */
	if (r->m.threads[t].serves != NONE && number(r, 4))
		p = r->m.threads[t].serves;
	SCHED_NOTE(r, "%d %s at port %d", t, answers ? "answers and waits" : "waits", p);
	model_reply_wait(&r->m, t, p, answers);
	SYS(r->k, sched_thread(r, t), CALL_REPLY_WAIT, r->ports[p], answers ? 0 : INFO_NO_REPLY);
	done(r);
}

static void replies(struct sched_run *r, int t, int i)
{
	SCHED_NOTE(r, "%d answers call %d", t, i);
	model_reply(&r->m, t, i);
	SYS(r->k, sched_thread(r, t), CALL_REPLY, i == NONE ? 0 : r->replies[i], 0);
	done(r);
}

static void keeps(struct sched_run *r, int t)
{
	int i = ANY(r, MODEL_REPLIES);

	SCHED_NOTE(r, "%d keeps its call as %d", t, i);
	model_keep(&r->m, t, i);
	(void)INVOKED(r, t, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, r->replies[i]);
	done(r);
}

static void signals(struct sched_run *r, int t)
{
	int s = ANY(r, MODEL_SIGNALS);
	unsigned bits = 1 + number(r, 7);

	SCHED_NOTE(r, "%d raises 0x%x of signal %d", t, bits, s);
	returned_to(r, t, r->m.signals[s].alive ? OK : BAD_CAP);
	model_signal(&r->m, s, bits);
	SYS(r->k, sched_thread(r, t), CALL_SIGNAL, r->signals[s], bits);
	done(r);
}

static void waits(struct sched_run *r, int t, bool poll)
{
	int s = ANY(r, MODEL_SIGNALS);
	unsigned mask = 1 + number(r, 7);

	SCHED_NOTE(r, "%d %s signal %d for 0x%x", t, poll ? "polls" : "waits at", s, mask);
	model_wait(&r->m, t, s, mask, poll);
	SYS(r->k, sched_thread(r, t), poll ? CALL_POLL : CALL_WAIT, r->signals[s], mask);
	done(r);
}

static void yields(struct sched_run *r, int t)
{
	SCHED_NOTE(r, "%d yields", t);
	returned_to(r, t, OK);
	model_yield(&r->m);
	SYS(r->k, sched_thread(r, t), CALL_YIELD, 0);
	done(r);
}

static void faults(struct sched_run *r, int t)
{
	SCHED_NOTE(r, "%d faults", t);
	model_stop(&r->m, t);
	user_fault(r->k, 1, 0, 0);
	done(r);
}

/* What does not block: init's, and everyone's now and then. */
static void rules(struct sched_run *r, int t)
{
	switch (number(r, 16)) {
	case 0:
	case 1:
		revive(r, t);
		break;
	case 2:
		end_something(r, t);
		break;
	case 3:
		set_timer(r, t);
		break;
	case 4:
		waits(r, t, true);
		break;
	case 5:
		if (t != SCHED_INIT)
			faults(r, t);
		break;
	case 6:
		yields(r, t);
		break;
	case 7:
	case 8:
	case 9:
		on_thread(r, t);
		break;
	default:
		signals(r, t);
	}
}

static void of_a_server(struct sched_run *r, int t)
{
	switch (number(r, 10)) {
	case 0:
		replies(r, t, NONE);
		break;
	case 1:
		keeps(r, t);
		break;
	case 2:
	case 3:
	case 4:
		calls(r, t);
		break;
	case 5:
		waits(r, t, false);
		break;
	default:
		serves(r, t);
	}
}

static void of_a_client(struct sched_run *r, int t)
{
	switch (number(r, 10)) {
	case 0:
		replies(r, t, ANY(r, MODEL_REPLIES));
		break;
	case 1:
		keeps(r, t);
		break;
	case 2:
		waits(r, t, false);
		break;
	case 3:
	case 4:
	case 5:
		serves(r, t);
		break;
	default:
		calls(r, t);
	}
}

void sched_step(struct sched_run *r, int t)
{
	if (t == NONE || !number(r, 5))
		pass(r, number(r, 60000));
	else if (t == SCHED_INIT || !number(r, 8))
		rules(r, t);
	else if (r->m.threads[t].caller != NONE)
		of_a_server(r, t);
	else
		of_a_client(r, t);
}
