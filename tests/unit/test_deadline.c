/* SPDX-License-Identifier: BSD-2-Clause */
/* The deadline queue against a sorted array: same order, same first, and never too deep. */
#include "deadline.h"

#include <string.h>

#include "test.h"

#define COUNT 300

struct model {
	struct deadline *sorted[COUNT];
	unsigned count;
};

static void model_insert(struct model *m, struct deadline *d, uint64_t at)
{
	unsigned i = 0;

	while (i < m->count && m->sorted[i]->at <= at)
		i++;
	memmove(&m->sorted[i + 1], &m->sorted[i], (m->count - i) * sizeof(m->sorted[0]));
	m->sorted[i] = d;
	m->count++;
}

static void model_remove(struct model *m, const struct deadline *d)
{
	unsigned i = 0;

	while (m->sorted[i] != d)
		i++;
	m->count--;
	memmove(&m->sorted[i], &m->sorted[i + 1], (m->count - i) * sizeof(m->sorted[0]));
}

/* Height of the tree, after checking links, heights that differ by at most one, and the order. */
static unsigned check_tree(const struct deadline *d, const struct deadline *parent,
			   const struct model *m, unsigned *next)
{
	if (!d)
		return 0;
	CHECK(d->parent == parent);
	CHECK(d->armed);

	unsigned left = check_tree(d->left, d, m, next);

	CHECK(*next < m->count);
	CHECK(m->sorted[*next] == d);
	*next += 1;

	unsigned right = check_tree(d->right, d, m, next);

	CHECK(left <= right + 1 && right <= left + 1);
	CHECK_EQ(d->balance, right + 1 - left);
	return 1 + (left > right ? left : right);
}

static void check_queue(const struct deadline_queue *q, const struct model *m)
{
	unsigned next = 0;

	check_tree(q->root, NULL, m, &next);
	CHECK_EQ(next, m->count);
	CHECK(q->first == (m->count ? m->sorted[0] : NULL));
}

static void random_operations(uint64_t range, unsigned operations)
{
	static struct deadline nodes[COUNT];
	struct deadline_queue q = {0};
	struct model m = {.count = 0};

	memset(nodes, 0, sizeof(nodes));
	for (unsigned i = 0; i < operations; i++) {
		struct deadline *d = &nodes[test_random() % COUNT];
		uint64_t at = test_random() % range;

		if (d->armed) {
			deadline_remove(&q, d);
			model_remove(&m, d);
			CHECK(!d->armed);
		} else {
			model_insert(&m, d, at);
			deadline_insert(&q, d, at);
			CHECK_EQ(d->at, at);
		}
		check_queue(&q, &m);
	}
	while (q.first) {
		model_remove(&m, q.first);
		deadline_remove(&q, q.first);
		check_queue(&q, &m);
	}
	CHECK(!q.root);
}

TEST(deadline_agrees_with_a_sorted_array)
{
	random_operations(UINT64_MAX, test_rounds(20000));
}

TEST(deadline_equal_times_keep_their_order)
{
	random_operations(4, test_rounds(20000));
}

TEST(deadline_remove_of_an_unarmed_one_does_nothing)
{
	struct deadline a = {0}, b = {0};
	struct deadline_queue q = {0};

	deadline_remove(&q, &a);
	CHECK(!q.root);
	deadline_insert(&q, &b, 5);
	deadline_remove(&q, &a);
	CHECK(q.first == &b && q.root == &b);
	deadline_remove(&q, &b);
	deadline_remove(&q, &b);
	CHECK(!q.first && !q.root);
}

static void ordered(bool ascending)
{
	static struct deadline nodes[COUNT];
	struct deadline_queue q = {0};
	struct model m = {.count = 0};

	memset(nodes, 0, sizeof(nodes));
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t at = ascending ? i : COUNT - i;

		model_insert(&m, &nodes[i], at);
		deadline_insert(&q, &nodes[i], at);
		check_queue(&q, &m);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		model_remove(&m, &nodes[i]);
		deadline_remove(&q, &nodes[i]);
		check_queue(&q, &m);
	}
}

TEST(deadline_stays_balanced_in_sorted_insertion)
{
	ordered(true);
	ordered(false);
}
