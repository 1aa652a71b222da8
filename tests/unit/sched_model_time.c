/* SPDX-License-Identifier: BSD-2-Clause */
/* Budgets, places, and who owns the core. */
#include <stddef.h>

#include "sched_model.h"

#define EACH(x) for (int x = 0; x < MODEL_THREADS; x++)

void model_schedule(struct model *m, int x, unsigned priority, uint64_t budget, uint64_t period)
{
	struct model_thread *t = &m->threads[x];

	t->priority = priority;
	t->budget = t->left = budget;
	t->period = period;
	t->period_end = 0;
	t->exhausted = false;
	t->last = true;
	if (m->owner == x)
		m->owner = NONE;
}

void model_yield(struct model *m)
{
	m->threads[m->owner].last = true;
}

uint64_t model_next(const struct model *m)
{
	uint64_t next = ~0ull;

	if (m->owner != NONE)
		next = m->now + m->threads[m->owner].left;
	EACH(x)
	{
		if (m->threads[x].alive && m->threads[x].exhausted &&
		    m->threads[x].period_end < next)
			next = m->threads[x].period_end;
	}
	for (int i = 0; i < MODEL_TIMERS; i++)
		if (m->timers[i].at && m->timers[i].at < next)
			next = m->timers[i].at;
	return next;
}

static void new_period(struct model *m, struct model_thread *t)
{
	t->exhausted = false;
	t->left = t->budget;
	t->period_end = m->now + t->period;
}

void model_time(struct model *m, uint64_t now)
{
	struct model_thread *owner = m->owner == NONE ? NULL : &m->threads[m->owner];

	if (owner)
		owner->left -= now - m->now;
	m->now = now;
	EACH(x)
	{
		if (m->threads[x].exhausted && m->threads[x].period_end <= now)
			new_period(m, &m->threads[x]);
	}
	for (int i = 0; i < MODEL_TIMERS; i++) {
		if (m->timers[i].at && m->timers[i].at <= now) {
			m->timers[i].at = 0;
			model_signal(m, m->timers[i].signal, m->timers[i].bits);
		}
	}
	if (!owner || owner->left)
		return;
	owner->last = true;
	if (owner->period_end <= now)
		new_period(m, owner);
	else
		owner->exhausted = true;
}

int model_runner(const struct model *m, int x)
{
	while (x != NONE && m->threads[x].state != CONTEXT_READY)
		x = model_waits_for(m, x);
	return x;
}

static bool entitled(const struct model_thread *t)
{
	return t->alive && t->budget && !t->exhausted && t->caller == NONE &&
	       (t->state == CONTEXT_READY || t->state == CONTEXT_SENDING ||
		t->state == CONTEXT_CALLING);
}

static void take_places(struct model *m)
{
	m->step++;
	EACH(x)
	{
		struct model_thread *t = &m->threads[x];
		bool is = entitled(t), hopeless = is && model_runner(m, x) == NONE;

		if (is && (!t->entitled || t->last)) {
			t->first_place = t->last_place = m->step;
			t->turn = TURN_AHEAD;
		}
		if (hopeless || t->hopeless) {
			t->last_place = m->step;
			if (t->turn == TURN_BEGUN)
				t->turn = TURN_UNKNOWN;
		}
		t->entitled = is;
		t->hopeless = hopeless;
		t->last = false;
	}
}

static bool could_own(const struct model_thread *t)
{
	return t->entitled && !t->hopeless;
}

const char *model_choose(struct model *m, int owner, uint64_t left)
{
	bool idle = owner == NONE;
	struct model_thread *o = &m->threads[idle ? 0 : owner];

	take_places(m);
	if (!idle && !o->entitled)
		return "the owner is not entitled to the core";
	if (!idle && o->hopeless)
		return "the owner's chain ends at a thread that waits";
	EACH(x)
	{
		struct model_thread *t = &m->threads[x];

		if (x == owner || !could_own(t))
			continue;
		if (idle)
			return "the core idles, and there is an owner";
		if (t->priority > o->priority)
			return "there is an owner of higher priority";
		if (t->priority < o->priority)
			continue;
		if (t->last_place < o->first_place)
			return "there is an owner before it, of the same priority";
		/* It does stand before all of them. */
		if (o->last_place > t->last_place)
			o->last_place = t->last_place;
		if (t->first_place < o->first_place)
			t->first_place = o->first_place;
	}
	if (owner != m->owner && !idle && o->period_end <= m->now &&
	    (o->turn == TURN_AHEAD || (o->turn == TURN_UNKNOWN && left == o->budget)))
		new_period(m, o);
	if (owner != m->owner && !idle)
		o->turn = TURN_BEGUN;
	m->owner = owner;
	return NULL;
}
