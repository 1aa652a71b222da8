/* SPDX-License-Identifier: BSD-2-Clause */
#include "cap.h"

#include "internal.h"

#define STEPS 8 /* of a deletion that has left its top, between two looks for an interrupt */

bool cap_has_children(const struct cap *c)
{
	return c->next && c->next->depth > c->depth;
}

static void list_in(struct cap *before, struct cap *c)
{
	c->prev = before;
	c->next = before->next;
	if (before->next)
		before->next->prev = c;
	before->next = c;
}

static void list_out(struct cap *c)
{
	c->prev->next = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

void cap_link(struct cap *parent, struct cap *slot)
{
	slot->depth = (uint16_t)(parent->depth + 1);
	list_in(parent, slot);
}

void cap_derive(struct cap *parent, struct cap *slot)
{
	*slot = (struct cap){
	    .type = parent->type,
	    .rights = parent->rights,
	    .order = parent->order,
	    .badge = parent->badge,
	    .object = parent->object,
	};
	if (parent->type == CAP_FRAME)
		slot->frame.flags = parent->frame.flags;
	cap_link(parent, slot);
}

static void deletion_forget(struct kernel *k)
{
	k->deletion = (struct deletion){0};
}

void cap_unlink(struct kernel *k, struct cap *c)
{
	if (k->deletion.at == c || k->deletion.top == c)
		deletion_forget(k);
	list_out(c);
	*c = (struct cap){0};
}

void cap_move(struct kernel *k, struct cap *from, struct cap *to)
{
	if (k->deletion.at == from || k->deletion.top == from)
		deletion_forget(k);
	*to = *from;
	to->prev->next = to;
	if (to->next)
		to->next->prev = to;
	if (to->type == CAP_REPLY && to->object)
		((struct context *)to->object)->reply = to;
	if (to->type == CAP_TABLE)
		table_moved(to);
	*from = (struct cap){0};
}

enum status hold_set(struct cap *slot, enum cap_hold hold, struct cap *from)
{
	if (from->depth >= CAP_DEPTH_LIMIT)
		return LIMIT;
	cap_derive(from, slot);
	slot->hold = (uint8_t)hold;
	return OK;
}

void hold_clear(struct kernel *k, struct cap *slot)
{
	if (slot->type != CAP_EMPTY)
		cap_unlink(k, slot);
}

/* The cspace whose original `c` is; null: `c` is something else. */
static struct cspace *cspace_original(struct cap *c)
{
	return c->type == CAP_CSPACE && (c->flags & CAP_ORIGINAL) ? c->object : NULL;
}

static bool being_emptied(struct kernel *k, struct cap *c)
{
	struct cspace *cs = cspace_original(c);

	return cs && cs->emptied_by == k->deletions;
}

/*
 * `child`, the first child of `at`, is the original of a cspace that holds `at` or something that
 * must end before it: a circle. The child steps up and becomes the sibling before `at`; so its
 * memory stays in use, and `at` can go first. If `at` was to go last, the child now is.
 */
static void hoist(struct kernel *k, struct cap *at, struct cap *child)
{
	list_out(child);
	child->depth = at->depth;
	list_in(at->prev, child);
	if (k->deletion.top == at) {
		k->deletion.top = child;
		k->deletion.whole = true;
	}
}

/* The next used slot of a cspace that ends. True: deletion goes on there, or looks again. */
static bool cspace_descend(struct kernel *k, struct cspace *cs)
{
	struct deletion *d = &k->deletion;
	struct cap *used;

	if (cs->emptied_by != k->deletions) {
		cs->emptied_by = k->deletions;
		cs->dying = true;
		cs->outer = d->inner;
		d->inner = cs;
	}
	if (cspace_next_used(cs, &used)) {
		d->at = used;
		return true;
	}
	if (cs->cursor < cs->count)
		return true;
	d->inner = cs->outer;
	cs->emptied_by = 0;
	return false;
}

/*
 * One bounded step towards ending what is below the top: down to something nothing depends on, or
 * the end of such a thing. The way up needs no stack: the `prev` of a first child is its parent,
 * and a slot of the cspace being emptied leads back to that cspace's original. False: the top is
 * all that is left.
 */
static bool deletion_step(struct kernel *k)
{
	struct deletion *d = &k->deletion;
	struct cap *at = d->at;

	if (cap_has_children(at)) {
		if (being_emptied(k, at->next))
			hoist(k, at, at->next);
		else
			d->at = at->next;
		return true;
	}
	if (at == d->top && !d->whole)
		return false;

	struct cspace *cs = cspace_original(at);

	if (cs && cspace_descend(k, cs))
		return true;
	if (!object_end(k, at))
		return true;

	bool last = at == d->top;
	struct deletion next = *d;

	next.at = at->prev;
	if (d->inner && at >= d->inner->slots && at < d->inner->slots + d->inner->count)
		next.at = d->inner->original;
	cap_unlink(k, at);
	*d = next;
	return !last;
}

enum status cap_delete(struct kernel *k, struct cap *top, bool whole)
{
	struct deletion *d = &k->deletion;

	if (d->top != top || d->whole != whole) {
		*d = (struct deletion){.top = top, .at = top, .whole = whole};
		k->deletions++;
	}
	for (int i = 1; deletion_step(k); i++)
		if ((d->top == top || i % STEPS == 0) && arch_interrupt_pending(k))
			return RESTART;
	deletion_forget(k);
	return OK;
}
