/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/sched_steps.c tests/unit/sched_model.c tests/unit/sched_model_time.c */
/*
 * The kernel and the reference scheduler (sched_model.h) do the same random things: threads call,
 * serve, wait and wake, start, stop and end each other, change budgets; time passes. After each
 * step all that a thread can see of itself, who runs, and who pays must be the same.
 *
 * A failure prints its round's seed and last steps; SCHED_SEED=0x... does that round alone.
 */
#include <stdlib.h>

#include "sched_steps.h"

#define STEPS 3000
#define CHECK_EVERY 16 /* steps, check_kernel: it is slow */

/* What the rounds have come across: a model of what never happens shows nothing. */
static struct {
	unsigned donated, helped, hopeless, exhausted, ties, idle;
} seen;

static void show(const struct sched_run *r)
{
	printf("seed 0x%llx; the last steps:\n", (unsigned long long)r->seed);
	for (unsigned i = r->steps < SCHED_LOGGED ? 0 : r->steps + 1 - SCHED_LOGGED; i <= r->steps;
	     i++)
		printf("  %u: %s\n", i, r->log[i % SCHED_LOGGED]);
}

/* ---- The comparison ---- */

static int index_of(const struct sched_run *r, const struct context *c)
{
	for (int x = 0; x < MODEL_THREADS; x++)
		if (r->m.threads[x].alive && c == &sched_thread(r, x)->context)
			return x;
	return NONE;
}

static void same(const char *what, int x, uint64_t kernel, uint64_t model)
{
	if (kernel != model)
		FAIL("thread %d: its %s is %lld, of the model %lld", x, what, (long long)kernel,
		     (long long)model);
}

static void compare_thread(const struct sched_run *r, int x)
{
	const struct model_thread *t = &r->m.threads[x];
	const struct thread *k = sched_thread(r, x);
	const struct context *c = &k->context;
	uint64_t left = c->left;

	if (r->k->k->owner == c)
		left -= fake_time - r->k->k->charged_from;
	same("state", x, c->state, t->state);
	same("priority", x, c->priority, t->priority);
	same("exhaustion", x, c->exhausted, t->exhausted);
	same("rest of the budget", x, left, t->left);
	same("caller", x, (uint64_t)(k->caller ? index_of(r, k->caller) : NONE),
	     (uint64_t)t->caller);
	if (t->state != CONTEXT_READY)
		return;
	same("status", x, (uint64_t)user_result(k).status, (uint64_t)t->status);
	if (t->result)
		same("result", x, user_result(k).r[t->result], t->value);
}

static void note_seen(const struct model *m, int runner)
{
	unsigned equals = 0;

	if (m->owner == NONE) {
		seen.idle++;
		return;
	}
	seen.donated += runner != m->owner && m->threads[m->owner].state == CONTEXT_CALLING;
	seen.helped += m->threads[m->owner].state == CONTEXT_SENDING;
	for (int x = 0; x < MODEL_THREADS; x++) {
		const struct model_thread *t = &m->threads[x];

		seen.hopeless += t->entitled && t->hopeless;
		seen.exhausted += t->alive && t->exhausted;
		equals +=
		    t->entitled && !t->hopeless && t->priority == m->threads[m->owner].priority;
	}
	seen.ties += equals > 1;
}

void sched_compare(struct sched_run *r)
{
	const struct kernel *k = r->k->k;
	int owner = k->owner ? index_of(r, k->owner) : NONE;
	const char *wrong = model_choose(&r->m, owner, k->owner ? k->owner->left : 0);

	if (wrong)
		FAIL("the kernel has owner %d: %s", owner, wrong);
	if (index_of(r, k->current) != model_runner(&r->m, owner))
		FAIL("owner %d: %d runs, in the model %d", owner, index_of(r, k->current),
		     model_runner(&r->m, owner));
	for (int x = 0; x < MODEL_THREADS; x++)
		if (r->m.threads[x].alive)
			compare_thread(r, x);
	if (r->steps % CHECK_EVERY == 0)
		check_kernel(r->k->k);
	note_seen(&r->m, model_runner(&r->m, owner));
}

/* ---- Rounds ---- */

/* Everything that steps are about, with the first budgets. */
static void populate(struct sched_run *r)
{
	model_init(&r->m, fake_time);
	model_made(&r->m, SCHED_INIT);
	r->m.threads[SCHED_INIT].state = CONTEXT_READY;
	model_schedule(&r->m, SCHED_INIT, INIT_PRIORITY, FOREVER, FOREVER);
	r->m.owner = SCHED_INIT;
	r->m.threads[SCHED_INIT].period_end = fake_time + FOREVER;
	for (int p = 0; p < MODEL_PORTS; p++) {
		r->ports[p] = object_new(r->k, CAP_PORT, 0);
		r->m.ports[p].alive = true;
	}
	for (int s = 0; s < MODEL_SIGNALS; s++) {
		r->signals[s] = object_new(r->k, CAP_SIGNAL, 0);
		r->m.signals[s].alive = true;
	}
	for (int i = 0; i < MODEL_TIMERS; i++)
		r->timers[i] = object_new(r->k, CAP_TIMER, 0);
	for (int i = 0; i < MODEL_REPLIES; i++)
		r->replies[i] = slot_new(r->k, 1);
	for (int x = 1; x < MODEL_THREADS; x++) {
		struct user u = user_new(r->k);

		r->threads[x] = u.slot;
		r->frames[x] = u.frame;
		model_made(&r->m, x);
		r->m.threads[SCHED_INIT].status = OK;
		sched_schedule(r, SCHED_INIT, x);
	}
	sched_schedule(r, SCHED_INIT, SCHED_INIT);
}

static void show_unfinished(void *argument)
{
	struct sched_run *r = argument;

	if (r->steps < STEPS)
		show(r);
	free(r);
}

static void round_run(uint64_t seed)
{
	struct sched_run *r = calloc(1, sizeof(*r));

	CHECK(r);
	r->seed = r->state = seed;
	r->k = machine_new();
	test_cleanup(show_unfinished, r);
	r->k->unchecked = true;
	populate(r);
	while (r->steps < STEPS)
		sched_step(r, r->m.owner == NONE ? NONE : model_runner(&r->m, r->m.owner));
	test_clean();
}

#define ROUNDS 150 /* other seeds: SCHED_SEED */

TEST(sched_model_random_threads)
{
	const char *only = getenv("SCHED_SEED");

	if (only) {
		round_run(strtoull(only, NULL, 0));
		return;
	}
	for (unsigned i = 0; i < ROUNDS; i++)
		round_run(test_random());
	CHECK(seen.donated > 1000 && seen.helped > 1000 && seen.hopeless > 1000);
	CHECK(seen.exhausted > 1000 && seen.ties > 1000 && seen.idle > 100);
}
