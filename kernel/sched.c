/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who runs. Owners (contexts with a budget) stand in one queue per priority. Dispatch takes the
 * first of the highest queue and follows what it waits for to the context that can make progress,
 * which runs on the owner's budget: a server for its caller (donation), and for a caller still
 * queued (helping).
 *
 *     owner ── CALLING ──> server ── CALLING ──> driver (READY): runs
 *     owner ── SENDING ──> port's server (READY, for another caller): runs
 *
 * A chain that ends at a context nobody can run takes its owner out: it is *stalled* on that
 * context and returns through kernel.released when the context gets ready or ends.
 */
#include "internal.h"

void sched_init(struct kernel *k)
{
	for (int p = 0; p < PRIORITIES; p++)
		list_init(&k->ready[p]);
	list_init(&k->released);
	k->timer = ~0ull;
	context_init(k, &k->idle, CONTEXT_IDLE_LOOP);
	k->current = &k->idle;
}

void context_init(struct kernel *k, struct context *c, enum context_kind kind)
{
	c->kernel = k;
	c->kind = (uint8_t)kind;
	c->state = CONTEXT_STOPPED;
	c->refill.kind = DEADLINE_REFILL;
	list_init(&c->link);
	list_init(&c->waiting);
	list_init(&c->stalled_on_me);
}

/* May it stand in a ready queue? A thread that holds a reply runs on its caller's budget. */
static bool may_own(struct context *c)
{
	if (!c->budget || c->exhausted || c->dead || c->stalled)
		return false;
	if (c->state != CONTEXT_READY && c->state != CONTEXT_SENDING && c->state != CONTEXT_CALLING)
		return false;
	return c->kind != CONTEXT_THREAD || !thread_of(c)->caller;
}

void sched_enqueue(struct kernel *k, struct context *c)
{
	if (c->queued || !may_own(c))
		return;
	c->queued = c->fresh = true;
	list_append(&k->ready[c->priority], &c->link);
	k->ready_mask |= 1ull << c->priority;
	if (!k->owner || c->priority > k->owner->priority)
		k->resched = true;
}

void sched_dequeue(struct kernel *k, struct context *c)
{
	if (!c->queued)
		return;
	c->queued = false;
	list_remove(&c->link);
	if (list_empty(&k->ready[c->priority]))
		k->ready_mask &= ~(1ull << c->priority);
	if (k->owner == c)
		k->resched = true;
}

/* `l` is not empty. */
COLD void sched_move_released(struct kernel *k, struct list *l)
{
	/* The whole list moves at once; dispatch takes it apart in bounded steps. */
	l->next->prev = k->released.prev;
	k->released.prev->next = l->next;
	l->prev->next = &k->released;
	k->released.prev = l->prev;
	list_init(l);
	k->resched = true;
}

static void unstall(struct context *c)
{
	if (c->stalled) {
		c->stalled = false;
		list_remove(&c->link);
	}
}

WARM void sched_ready(struct kernel *k, struct context *c)
{
	c->state = CONTEXT_READY;
	unstall(c);
	sched_release(k, c);
	sched_enqueue(k, c);
}

WARM void sched_block(struct kernel *k, struct context *c, enum context_state state)
{
	c->state = (uint8_t)state;
	unstall(c);
	if (!may_own(c))
		sched_dequeue(k, c);
}

static void charge(struct kernel *k, uint64_t now)
{
	struct context *o = k->owner;

	if (o) {
		uint64_t used = now - k->charged_from;

		o->left = used < o->left ? o->left - used : 0;
	}
	k->charged_from = now;
}

WARM void sched_timer_update(struct kernel *k)
{
	uint64_t at = k->deadlines.first ? k->deadlines.first->at : ~0ull;

	if (k->owner && !k->owner->exhausted && k->charged_from + k->owner->left < at)
		at = k->charged_from + k->owner->left;
	if (at != k->timer) {
		k->timer = at;
		arch_timer_set(k, at);
	}
}

static void set_owner(struct kernel *k, struct context *o)
{
	uint64_t now;

	if (k->owner == o)
		return;
	now = arch_now();
	charge(k, now);
	k->owner = o;
	/* Not in the middle of a turn: it would never be over, and never its equals' turn. */
	if (o && o->fresh && o->refill_at <= now) {
		o->left = o->budget;
		o->refill_at = now + o->period;
	}
	if (o)
		o->fresh = false;
	sched_timer_update(k);
}

void sched_set(struct kernel *k, struct context *c, uint8_t priority, uint64_t budget,
	       uint64_t period)
{
	if (k->owner == c)
		set_owner(k, NULL);
	sched_dequeue(k, c);
	deadline_remove(&k->deadlines, &c->refill);
	c->exhausted = false;
	c->priority = priority;
	c->budget = c->left = budget;
	c->period = period;
	c->refill_at = 0;
	sched_enqueue(k, c);
	k->resched = true;
}

void sched_forget(struct kernel *k, struct context *c)
{
	c->dead = true;
	sched_dequeue(k, c);
	unstall(c);
	sched_release(k, c);
	deadline_remove(&k->deadlines, &c->refill);
	if (k->owner == c)
		set_owner(k, NULL);
	if (k->current == c)
		(void)sched_run(k, &k->idle);
	k->resched = true;
}

/* The owner's turn is over: it goes behind its equals, or waits for its next period. */
static void turn_over(struct kernel *k, struct context *o, uint64_t now)
{
	if (o->refill_at <= now) {
		o->left = o->budget;
		o->refill_at = now + o->period;
	} else {
		o->exhausted = true;
		deadline_insert(&k->deadlines, &o->refill, o->refill_at);
	}
	sched_give_way(k);
}

void sched_give_way(struct kernel *k)
{
	struct context *o = k->owner;

	if (o && o->queued) {
		sched_dequeue(k, o);
		sched_enqueue(k, o);
	}
	k->resched = true;
}

static void refill(struct kernel *k, struct deadline *d, uint64_t now)
{
	struct context *c = container_of(d, struct context, refill);

	c->exhausted = false;
	c->left = c->budget;
	c->refill_at = now + c->period;
	sched_enqueue(k, c);
}

void kernel_timer_fired(struct kernel *k)
{
	uint64_t now = arch_now();

	k->timer = 0; /* whatever comes next is written, and so quiets the interrupt */
	charge(k, now);
	/* A bounded number at a time: the timer fires again at once for what is left. */
	for (int i = 0; i < 8 && k->deadlines.first && k->deadlines.first->at <= now; i++) {
		struct deadline *d = k->deadlines.first;

		deadline_remove(&k->deadlines, d);
		if (d->kind == DEADLINE_REFILL)
			refill(k, d, now);
		else if (d->kind == DEADLINE_TIMER)
			timer_deadline(k, d);
		else
			vcpu_deadline(k, d);
	}
	if (k->owner && !k->owner->left && !k->owner->exhausted)
		turn_over(k, k->owner, now);
	sched_timer_update(k);
}

/* The machine has the registers of another vCPU than `old`. */
static WARM void exchanged(struct kernel *k, struct vcpu *old)
{
	deadline_remove(&k->deadlines, &k->loaded->deadline);
	if (old)
		vcpu_deadline_update(k, old);
	else
		sched_timer_update(k);
}

struct context *sched_run(struct kernel *k, struct context *c)
{
	struct context *from = k->current;
	struct vcpu *old = k->loaded;

	if (c == from)
		return c;
	k->current = c;
	arch_switch(k, from, c);
	if (k->loaded != old)
		exchanged(k, old);
	return c;
}

struct context *sched_call(struct kernel *k, struct context *from, enum context_kind kind,
			   struct thread *to)
{
	if (k->resched)
		return sched_dispatch(k);
	k->current = &to->context;
	if (kind == CONTEXT_VCPU)
		arch_switch_exit(k, from, &to->context);
	else
		arch_switch_call(k, from, &to->context);
	return &to->context;
}

struct context *sched_return(struct kernel *k, struct thread *from, struct context *to,
			     enum context_kind kind)
{
	if (k->resched || (kind == CONTEXT_VCPU && vcpu_of(to) != k->loaded))
		return sched_dispatch(k);
	k->current = to;
	if (kind == CONTEXT_VCPU)
		arch_switch_entry(k, &from->context, to);
	else
		arch_switch_call(k, &from->context, to);
	return to;
}

/* Whom `c` waits for; null: nobody who could run. */
static struct context *blocked_on(struct context *c)
{
	if (c->state == CONTEXT_CALLING && c->server)
		return &c->server->context;
	if (c->state == CONTEXT_SENDING && c->port && c->port->server)
		return &c->port->server->context;
	return NULL;
}

COLD void sched_release_chain(struct kernel *k, struct context *c)
{
	for (int i = 0; c && i < CHAIN_LIMIT; i++) {
		sched_release(k, c);
		if (c->state == CONTEXT_SENDING && !c->port->server)
			sched_release_list(k, &c->port->stalled);
		c = blocked_on(c);
	}
}

/* The context that can run for `owner`; null: none, and *end is where the chain stops. */
static struct context *follow(struct context *owner, struct context **end)
{
	struct context *c = owner;

	for (int i = 0; i < CHAIN_LIMIT; i++) {
		*end = c;
		if (c->state == CONTEXT_READY)
			return c;
		c = blocked_on(c);
		if (!c)
			return NULL;
	}
	return NULL;
}

static void stall(struct kernel *k, struct context *owner, struct context *on)
{
	sched_dequeue(k, owner);
	owner->stalled = true;
	/* Queued where nobody serves: whoever comes to serve may take another call first. */
	if (on->state == CONTEXT_SENDING && !on->port->server)
		list_append(&on->port->stalled, &owner->link);
	else
		list_append(&on->stalled_on_me, &owner->link);
}

static void take_released(struct kernel *k)
{
	while (!list_empty(&k->released)) {
		struct context *c = container_of(k->released.next, struct context, link);

		list_remove(&c->link);
		c->stalled = false;
		sched_enqueue(k, c);
		if (arch_interrupt_pending(k))
			return; /* it dispatches again */
	}
}

HOT struct context *sched_dispatch(struct kernel *k)
{
	struct context *end;

	take_released(k);
	while (k->ready_mask) {
		unsigned top = 63u - (unsigned)__builtin_clzll(k->ready_mask);
		struct context *owner = container_of(k->ready[top].next, struct context, link);
		struct context *c = follow(owner, &end);

		if (c) {
			set_owner(k, owner);
			k->resched = false;
			return sched_run(k, c);
		}
		stall(k, owner, end);
		if (arch_interrupt_pending(k))
			break; /* the idle loop takes it and dispatches again */
	}
	set_owner(k, NULL);
	k->resched = false;
	return sched_run(k, &k->idle);
}
