/* SPDX-License-Identifier: BSD-2-Clause */
/* An AVL tree whose nodes lie in what waits. `balance` says which subtree of a node is one higher;
 * equal times go to the right, so an in-order walk meets them as they were inserted. */
#include "deadline.h"

#include <stddef.h>

enum { LEFT_HIGH, EVEN, RIGHT_HIGH };

static uint8_t high(bool right)
{
	return right ? RIGHT_HIGH : LEFT_HIGH;
}

static struct deadline **child(struct deadline *d, bool right)
{
	return right ? &d->right : &d->left;
}

/* `with` (may be null) takes the place of `d` below d's parent. */
static void replace(struct deadline_queue *q, struct deadline *d, struct deadline *with)
{
	if (!d->parent)
		q->root = with;
	else
		*child(d->parent, d->parent->right == d) = with;
	if (with)
		with->parent = d->parent;
}

/* The child of `d` on side `up` takes d's place, and `d` becomes its child on the other side. */
static void rotate(struct deadline_queue *q, struct deadline *d, bool up)
{
	struct deadline *c = *child(d, up), *middle = *child(c, !up);

	replace(q, d, c);
	*child(c, !up) = d;
	d->parent = c;
	*child(d, up) = middle;
	if (middle)
		middle->parent = d;
}

/* Side `side` of `d` is two higher than the other. Returns whether the whole became lower. */
static bool rebalance(struct deadline_queue *q, struct deadline *d, bool side)
{
	struct deadline *c = *child(d, side);

	if (!c)
		__builtin_unreachable(); /* the higher side is not empty */
	if (c->balance == high(!side)) {
		struct deadline *middle = *child(c, !side);

		rotate(q, c, !side);
		rotate(q, d, side);
		d->balance = middle->balance == high(side) ? high(!side) : EVEN;
		c->balance = middle->balance == high(!side) ? high(side) : EVEN;
		middle->balance = EVEN;
		return true;
	}
	rotate(q, d, side);
	if (c->balance == EVEN) { /* only after a removal */
		c->balance = high(!side);
		d->balance = high(side);
		return false;
	}
	c->balance = d->balance = EVEN;
	return true;
}

void deadline_insert(struct deadline_queue *q, struct deadline *d, uint64_t at)
{
	struct deadline *parent = NULL, **link = &q->root;

	while (*link) {
		parent = *link;
		link = child(parent, at >= parent->at);
	}
	d->parent = parent;
	d->left = d->right = NULL;
	d->at = at;
	d->balance = EVEN;
	d->armed = true;
	*link = d;
	if (!q->first || at < q->first->at)
		q->first = d;

	for (struct deadline *c = d; parent; c = parent, parent = c->parent) {
		bool side = parent->right == c;

		if (parent->balance == high(!side)) {
			parent->balance = EVEN;
			return;
		}
		if (parent->balance == high(side)) {
			rebalance(q, parent, side);
			return;
		}
		parent->balance = high(side);
	}
}

/* Side `side` of `d` became lower by one: restores the balance from there to the root. */
static void shrunk(struct deadline_queue *q, struct deadline *d, bool side)
{
	while (d) {
		struct deadline *parent = d->parent;
		bool next = parent && parent->right == d;

		if (d->balance == EVEN) {
			d->balance = high(!side);
			return;
		}
		if (d->balance == high(side))
			d->balance = EVEN;
		else if (!rebalance(q, d, !side))
			return;
		d = parent;
		side = next;
	}
}

static struct deadline *leftmost(struct deadline *d)
{
	while (d->left)
		d = d->left;
	return d;
}

void deadline_remove(struct deadline_queue *q, struct deadline *d)
{
	if (!d->armed)
		return;
	d->armed = false;
	if (q->first == d) /* nothing is left of the first */
		q->first = d->right ? leftmost(d->right) : d->parent;

	struct deadline *start = d->parent;
	bool side = start && start->right == d;

	if (d->left && d->right) {
		struct deadline *s = leftmost(d->right);

		side = s->parent == d;
		start = side ? s : s->parent;
		replace(q, s, s->right);
		replace(q, d, s);
		s->balance = d->balance;
		s->left = d->left;
		s->left->parent = s;
		s->right = d->right;
		if (s->right)
			s->right->parent = s;
	} else {
		replace(q, d, d->left ? d->left : d->right);
	}
	shrunk(q, start, side);
}
