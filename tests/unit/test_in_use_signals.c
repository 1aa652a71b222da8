/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals and timers go while they are in use: each in four ways (scene.h). */
#include "internal.h"
#include "scene.h"

#define IRQ_NUMBER 42

static enum status result_of(const struct user *u)
{
	return user_result(u->t).status;
}

static void waiter_is_told(struct scene *s)
{
	if (scene_survives(s))
		CHECK_EQ(s->client.t->context.state, CONTEXT_WAITING);
	else
		CHECK_EQ(result_of(&s->client), BAD_CAP);
}

static void signal_with_a_waiter(struct scene *s)
{
	uint32_t signal = scene_victim(s, CAP_SIGNAL, 0);

	scene_boss(s);
	s->client = user_start(s->m, 9);
	CHECK_EQ(SYS(s->m, s->client.t, CALL_WAIT, signal, 1).status, BLOCKED);
	scene_enter(s);
	s->after = waiter_is_told;
}

/* Nothing is bound any more, also when the signal itself stays: what was derived from it went. */
static void signal_is_unbound(struct scene *s)
{
	const struct line *line = slot_object(s->m, s->more[0].slot);
	const struct line *irq = slot_object(s->m, s->more[1].slot);
	const struct timer *timer = slot_object(s->m, s->other);

	CHECK(!s->server.t->signal.object);
	CHECK(!line->signal.object && !irq->signal.object && !timer->signal.object);
	CHECK(!irq->in_flight && !timer->deadline.armed);
	CHECK(!s->m->k->arch.irqs[IRQ_NUMBER].enabled && !s->m->k->arch.irqs[IRQ_NUMBER].active);
	if (scene_survives(s))
		CHECK(!((struct signal *)slot_object(s->m, s->victim))->bound);
	CHECK_EQ(s->server.t->context.state, CONTEXT_RECEIVING);
}

static void bound_signal(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t signal = scene_victim(s, CAP_SIGNAL, 0);

	scene_boss(s);
	s->port = object_new(m, CAP_PORT, 0);
	s->server = server_start(m, s->port, 20);
	s->more[0].slot = object_new(m, CAP_LINE, 0);
	s->more[1].slot = object_new(m, CAP_IRQ, 0);
	s->other = object_new(m, CAP_TIMER, 0);
	OKAY(m, s->server.slot, THREAD_BIND, signal);
	OKAY(m, s->more[0].slot, LINE_NOTIFY, signal, 1);
	OKAY(m, BOOT_SLOT_CORE, CORE_IRQ, s->more[1].slot, IRQ_NUMBER, IRQ_TRIGGER_EDGE);
	OKAY(m, s->more[1].slot, IRQ_BIND, signal, 2);
	OKAY(m, s->other, TIMER_BIND, signal, 4);
	OKAY(m, s->other, TIMER_SET, fake_time + 50000);
	irq_raise(m, IRQ_NUMBER, true); /* fired, and not acknowledged */
	IS_CURRENT(m, s->server.t);
	CHECK_EQ(SYS(m, s->server.t, CALL_REPLY_WAIT, s->port, INFO_NO_REPLY).status, BLOCKED);
	scene_enter(s);
	s->after = signal_is_unbound;
}

static void deadline_is_gone(struct scene *s)
{
	CHECK((s->m->k->deadlines.first != NULL) == scene_survives(s));
}

static void armed_timer(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t timer = scene_victim(s, CAP_TIMER, 0), signal = object_new(m, CAP_SIGNAL, 0);

	scene_boss(s);
	OKAY(m, timer, TIMER_BIND, signal, 1);
	OKAY(m, timer, TIMER_SET, fake_time + 150000);
	scene_enter(s);
	s->after = deadline_is_gone;
}

IN_USE(signal_with_a_waiter)
IN_USE(bound_signal)
IN_USE(armed_timer)
