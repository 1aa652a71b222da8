/* SPDX-License-Identifier: BSD-2-Clause */
/* Random steps of the kernel and of the reference scheduler, for test_sched_model.c. */
#ifndef SCHED_STEPS_H
#define SCHED_STEPS_H

#include <stdio.h>

#include "sched_model.h"
#include "user.h"

#define SCHED_LOGGED 24
#define SCHED_LINE 80
#define SCHED_INIT 0 /* never blocks, stops or ends: there is always someone to go on */

struct sched_run {
	struct machine *k;
	struct model m;
	uint32_t threads[MODEL_THREADS], frames[MODEL_THREADS], ports[MODEL_PORTS];
	uint32_t signals[MODEL_SIGNALS], replies[MODEL_REPLIES], timers[MODEL_TIMERS];
	uint64_t seed, state;
	unsigned steps;
	char log[SCHED_LOGGED][SCHED_LINE];
};

#define SCHED_NOTE(r, ...) \
	(void)snprintf((r)->log[(r)->steps % SCHED_LOGGED], SCHED_LINE, __VA_ARGS__)

struct thread *sched_thread(const struct sched_run *r, int x);
/* Something of thread `t`, which runs; NONE: the core idles. Compares as often as there is a
 * difference to see. */
void sched_step(struct sched_run *r, int t);
/* Thread `t` gives `x` a priority and a budget. */
void sched_schedule(struct sched_run *r, int t, int x);
/* The kernel and the model say the same, or the test fails (test_sched_model.c). */
void sched_compare(struct sched_run *r);

#endif
