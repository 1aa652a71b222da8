/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be true of a kernel's state whenever it is left. Everything is found from the
 * derivation tree, so an object that nothing names, or a pointer to one that has ended, is seen.
 */
#include "check_kernel.h"

#include <string.h>

#include "internal.h"
#include "user.h"

static struct census census; /* of the check that runs; too big for the stack */

bool census_has(enum cap_type type, const void *object)
{
	size_t h = ((uintptr_t)object >> 4) % CENSUS_HASH;

	while (census.hash[h]) {
		const struct cap *c = census.hash[h];

		if (c->object == object && c->type == type)
			return true;
		h = (h + 1) % CENSUS_HASH;
	}
	return false;
}

bool census_has_context(const struct context *c)
{
	return census_has(c->kind == CONTEXT_VCPU ? CAP_VCPU : CAP_THREAD, c);
}

static void census_add(const struct cap *c)
{
	size_t h = ((uintptr_t)c->object >> 4) % CENSUS_HASH;

	CHECK(census.count < CENSUS_MAX);
	CHECK(!census_has((enum cap_type)c->type, c->object));
	census.originals[census.count++] = c;
	while (census.hash[h])
		h = (h + 1) % CENSUS_HASH;
	census.hash[h] = c;
}

static bool is_object(const struct cap *c)
{
	return c->type != CAP_UNTYPED && c->type != CAP_FRAME && c->type != CAP_REPLY &&
	       c->type != CAP_TABLE && c->type != CAP_CORE && c->type != CAP_WINDOW &&
	       c->type != CAP_DOORBELL;
}

/* The list is one pre-order of one tree; every object a capability names is alive. */
static void check_tree(struct kernel *k)
{
	memset(&census, 0, sizeof(census));
	CHECK_EQ(k->root.depth, 0);
	for (struct cap *c = &k->root; c->next; c = c->next) {
		struct cap *n = c->next;

		if (n->prev != c)
			FAIL("capability %p: its prev is %p, not %p", (void *)n, (void *)n->prev,
			     (void *)c);
		CHECK(n->type != CAP_EMPTY && n->type < CAP_TYPES);
		CHECK(n->depth >= 1 && n->depth <= c->depth + 1);
		CHECK(++census.caps < CENSUS_CAPS);
		if ((n->flags & CAP_ORIGINAL) && is_object(n))
			census_add(n);
		else if (is_object(n) && !census_has((enum cap_type)n->type, n->object))
			FAIL("a capability of type %u at %p, and its object %p has ended", n->type,
			     (void *)n, n->object);
		if (n->type == CAP_WINDOW)
			CHECK(census_has(CAP_PORT, n->object));
		if (n->type == CAP_DOORBELL)
			CHECK(census_has(CAP_SIGNAL, n->object));
		if (n->type == CAP_CORE)
			CHECK(n->object == k);
	}
}

static size_t object_bytes(const struct cap *c)
{
	switch ((enum cap_type)c->type) {
	case CAP_CSPACE:
		return sizeof(struct cspace) +
		       ((struct cspace *)c->object)->count * sizeof(struct cap);
	case CAP_SPACE:
		return sizeof(struct space);
	case CAP_THREAD:
		return sizeof(struct thread);
	case CAP_VCPU:
		return sizeof(struct vcpu);
	case CAP_LINE:
		return sizeof(struct line);
	case CAP_TIMER:
		return sizeof(struct timer);
	case CAP_IRQ:
		return sizeof(struct line);
	default:
		return 0;
	}
}

/* Every capability lies in a slot of a live cspace or object, and every used slot is in the tree.
 */
static void check_slots(struct kernel *k)
{
	unsigned used = 0, in_cspaces = 0;

	for (unsigned i = 0; i < census.count; i++) {
		const struct cspace *cs = census.originals[i]->object;

		if (census.originals[i]->type != CAP_CSPACE)
			continue;
		for (uint32_t s = 0; s < cs->count; s++)
			used += cs->slots[s].type != CAP_EMPTY;
		CHECK_EQ(cs->slots[0].type, CAP_EMPTY);
	}
	for (struct cap *c = k->root.next; c; c = c->next) {
		const struct cap *home = NULL;

		for (unsigned i = 0; i < census.count && !home; i++) {
			const struct cap *o = census.originals[i];

			if ((uint8_t *)c >= (uint8_t *)o->object &&
			    (uint8_t *)c < (uint8_t *)o->object + object_bytes(o))
				home = o;
		}
		if (!home)
			FAIL("capability %p of type %u lies in no live object", (void *)c, c->type);
		CHECK_EQ(c->hold == HOLD_NONE, home->type == CAP_CSPACE);
		in_cspaces += home->type == CAP_CSPACE;
	}
	CHECK_EQ(in_cspaces, used);
}

static void check_list(const struct list *l)
{
	unsigned n = 0;

	for (const struct list *at = l; n == 0 || at != l; at = at->next) {
		CHECK(at->next->prev == at);
		CHECK(n++ < CENSUS_MAX);
	}
}

static void check_queues(struct kernel *k)
{
	unsigned queued = 0, counted = 0;

	for (unsigned p = 0; p < PRIORITIES; p++) {
		CHECK_EQ((k->ready_mask >> p) & 1, !list_empty(&k->ready[p]));
		check_list(&k->ready[p]);
		for (struct list *l = k->ready[p].next; l != &k->ready[p]; l = l->next) {
			struct context *c = container_of(l, struct context, link);

			CHECK(census_has_context(c));
			CHECK(c->queued && !c->stalled && !c->exhausted && c->budget);
			CHECK_EQ(c->priority, p);
			queued++;
		}
	}
	for (unsigned i = 0; i < census.count; i++)
		if (census.originals[i]->type == CAP_THREAD ||
		    census.originals[i]->type == CAP_VCPU)
			counted += ((struct context *)census.originals[i]->object)->queued;
	CHECK_EQ(queued, counted);
	check_list(&k->released);
}

static bool in_list(const struct list *head, const struct list *node)
{
	for (const struct list *l = head->next; l != head; l = l->next)
		if (l == node)
			return true;
	return false;
}

static void check_call(const struct context *c)
{
	if (c->state == CONTEXT_SENDING) {
		CHECK(census_has(CAP_PORT, c->port));
		CHECK(in_list(&c->port->senders, &c->waiting));
	} else if (c->state == CONTEXT_CALLING) {
		/* Exactly one holder of the reply. */
		CHECK((c->server != NULL) != (c->reply != NULL));
		if (c->server) {
			CHECK(census_has(CAP_THREAD, c->server));
			CHECK(c->server->caller == c);
		} else {
			CHECK_EQ(c->reply->type, CAP_REPLY);
			CHECK(c->reply->object == c);
		}
	} else if (c->state == CONTEXT_RECEIVING) {
		CHECK(census_has(CAP_PORT, c->port));
		CHECK(in_list(&c->port->receivers, &c->waiting));
	}
}

/* Where the chain of `c` ends: at who can run for it (true), or whom it waits for in vain. */
static bool chain_end(const struct context *c, const struct context **end)
{
	for (int i = 0; c && i < CHAIN_LIMIT; i++) {
		*end = c;
		if (c->state == CONTEXT_READY)
			return true;
		if (c->state == CONTEXT_CALLING && c->server)
			c = &c->server->context;
		else if (c->state == CONTEXT_SENDING && c->port->server)
			c = &c->port->server->context;
		else
			c = NULL;
	}
	return false;
}

/* An owner that was put aside waits where it will be found when it can go on. */
static void check_stalled(struct kernel *k, const struct context *c)
{
	const struct context *end;

	if (!c->stalled || in_list(&k->released, &c->link))
		return;
	if (chain_end(c, &end))
		FAIL("owner %p is stalled, and %p could run for it", (const void *)c,
		     (const void *)end);
	if (end->state == CONTEXT_SENDING && !end->port->server)
		CHECK(in_list(&end->port->stalled, &c->link));
	else
		CHECK(in_list(&end->stalled_on_me, &c->link));
}

/* Who runs does so for the owner that pays, and no other owner is more urgent. */
static void check_running(struct kernel *k)
{
	const struct context *end;
	bool interrupted = k->arch.preempt_at && k->arch.polls >= k->arch.preempt_at;

	CHECK(!k->resched);
	CHECK_EQ(k->owner == NULL, k->current == &k->idle);
	if (!k->owner) {
		CHECK(interrupted || !k->ready_mask);
		return;
	}
	CHECK(k->owner->queued);
	CHECK(interrupted || k->ready_mask >> k->owner->priority == 1);
	CHECK(chain_end(k->owner, &end));
	CHECK(end == k->current);
}

static void check_context(struct kernel *k, struct context *c)
{
	bool wants =
	    c->state == CONTEXT_READY || c->state == CONTEXT_SENDING || c->state == CONTEXT_CALLING;
	const struct thread *t = c->kind == CONTEXT_THREAD ? (struct thread *)c : NULL;

	CHECK(c->kernel == k && !c->dead);
	check_list(&c->stalled_on_me);
	if (!wants || !c->budget)
		CHECK(!c->queued);
	if (!wants)
		CHECK(!c->stalled);
	if (c->budget && wants && !(t && t->caller))
		CHECK(c->queued || c->stalled || c->exhausted);
	CHECK(!(c->queued && c->stalled));
	CHECK_EQ(c->refill.armed, c->exhausted);
	check_call(c);
	check_stalled(k, c);
	if (t && t->caller) {
		CHECK(census_has_context(t->caller));
		CHECK_EQ(t->caller->state, CONTEXT_CALLING);
		CHECK(t->caller->server == t);
	}
	if (t && t->serves) {
		CHECK(census_has(CAP_PORT, t->serves));
		CHECK(t->serves->server == t);
	}
	if (t && c->state == CONTEXT_WAITING) {
		CHECK(census_has(CAP_SIGNAL, t->waits_for));
		CHECK(t->waits_for->waiter == t);
	}
}

static void check_objects(struct kernel *k)
{
	for (unsigned i = 0; i < census.count; i++) {
		const struct cap *o = census.originals[i];
		const struct port *p = o->object;
		const struct signal *s = o->object;
		const struct line *irq = o->object;

		switch ((enum cap_type)o->type) {
		case CAP_THREAD:
		case CAP_VCPU:
			check_context(k, o->object);
			break;
		case CAP_PORT:
			CHECK(!p->server ||
			      (census_has(CAP_THREAD, p->server) && p->server->serves == p));
			check_list(&p->senders);
			check_list(&p->receivers);
			check_list(&p->stalled);
			CHECK(!p->server || list_empty(&p->stalled));
			CHECK(list_empty(&p->senders) || list_empty(&p->receivers));
			break;
		case CAP_SIGNAL:
			CHECK(!s->waiter || s->waiter->waits_for == s);
			CHECK(!s->bound || census_has(CAP_THREAD, s->bound));
			break;
		case CAP_IRQ:
			CHECK(!irq->number || k->irqs[irq->number] == irq);
			break;
		default:
			break;
		}
	}
	for (unsigned n = 0; n < IRQS; n++) {
		const struct line *irq = k->irqs[n];
		const struct vcpu *linked = k->arch.irqs[n].linked;

		CHECK(!irq || census_has(CAP_IRQ, irq));
		CHECK(!linked || (irq && irq->armed && irq->vcpu.object == linked));
	}
	CHECK(!k->loaded || census_has(CAP_VCPU, k->loaded));
	CHECK(k->loaded == k->arch.lazy_of);
	CHECK(!k->fp_owner || census_has_context(k->fp_owner));
	CHECK(!k->owner || census_has_context(k->owner));
	CHECK(k->current == &k->idle || census_has_context(k->current));
}

/* The object a deadline lies in is alive. */
static void check_deadlines(struct kernel *k)
{
	unsigned n = 0;

	for (struct deadline *d = k->deadlines.first; d; n++) {
		CHECK(d->armed && n < CENSUS_MAX);
		if (d->kind == DEADLINE_TIMER)
			CHECK(census_has(CAP_TIMER, container_of(d, struct timer, deadline)));
		else if (d->kind == DEADLINE_VCPU)
			CHECK(census_has(CAP_VCPU, container_of(d, struct vcpu, deadline)) &&
			      k->loaded != container_of(d, struct vcpu, deadline));
		else
			CHECK(census_has_context(container_of(d, struct context, refill)));

		struct deadline *next = d->right;

		if (next) {
			while (next->left)
				next = next->left;
		} else {
			for (next = d; next->parent && next->parent->right == next;)
				next = next->parent;
			next = next->parent;
		}
		CHECK(!next || next->at >= d->at);
		d = next;
	}
	CHECK_EQ(k->timer, k->arch.timer);
	if (k->deadlines.first)
		CHECK(k->timer <= k->deadlines.first->at);
	if (k->owner)
		CHECK(k->timer <= k->charged_from + k->owner->left);
}

void check_kernel(struct kernel *k)
{
	check_tree(k);
	check_slots(k);
	check_queues(k);
	check_objects(k);
	check_running(k);
	check_deadlines(k);
	check_spaces(k, &census);
	fake_tlb_check(k);
}

void check_dangling(struct kernel *k)
{
	check_kernel(k);
	check_words(k, &census);
}
