/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines of one core: an intrusive balanced tree ordered by time. Insertion and removal take
 * logarithmically many steps, without recursion; the earliest is at hand. */
#ifndef KERNEL_DEADLINE_H
#define KERNEL_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

enum deadline_kind { DEADLINE_REFILL, DEADLINE_TIMER, DEADLINE_VCPU };

struct deadline {
	struct deadline *parent, *left, *right;
	uint64_t at; /* counter ticks */
	uint8_t kind;
	bool armed;
	uint8_t balance; /* private to deadline.c */
};

struct deadline_queue {
	struct deadline *root, *first;
};

/* `d` must not be armed. Equal times keep their order of insertion. */
void deadline_insert(struct deadline_queue *q, struct deadline *d, uint64_t at);
/* Does nothing when `d` is not armed. */
void deadline_remove(struct deadline_queue *q, struct deadline *d);

#endif
