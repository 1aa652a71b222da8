/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel returned, as lines "call type method status test how" in $TEST_STATUSES, for
 * tests/unit/docs/test_abi.py. `how` is "random" once the test has drawn a number.
 */
#include "statuses.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define CALLS 16
#define METHODS 0x1000
#define STATUS_COUNT 20
#define BLOCKED_MAX 64

static uint32_t of_call[CALLS], of_method[CAP_TYPES][METHODS]; /* bit s: -s is written */
static struct {
	const struct thread *t;
	uint32_t call;
	uint64_t pc;
} blocked[BLOCKED_MAX];
static const char *test;
static bool drawn;
static FILE *file;

static bool wanted(void)
{
	static const char *path;

	if (!file) {
		if (path || !(path = getenv("TEST_STATUSES")))
			return false;
		file = fopen(path, "a");
		if (!file)
			abort();
	}
	if (test != test_name() || drawn != test_is_random()) { /* each test is told for itself */
		memset(of_call, 0, sizeof(of_call));
		memset(of_method, 0, sizeof(of_method));
	}
	test = test_name();
	drawn = test_is_random();
	return true;
}

void statuses_note(const struct thread *t, uint32_t call, uint8_t type, uint64_t method)
{
	int64_t status = (int64_t)context_arg(&t->context, 0);
	bool invoke = call == CALL_INVOKE;
	uint32_t *seen;

	if (!wanted() || call >= CALLS || status > 0 || status <= -STATUS_COUNT)
		return;
	if (invoke && method >= METHODS)
		return;
	seen = invoke ? &of_method[type][method] : &of_call[call];
	if (*seen >> -status & 1)
		return;
	*seen |= 1u << -status;
	fprintf(file, "%u %u %" PRIu64 " %" PRId64 " %s %s\n", call, invoke ? type : 0,
		invoke ? method : 0, status, test, drawn ? "random" : "directed");
	fflush(file);
}

void statuses_blocked(const struct thread *t, uint32_t call)
{
	/* A random test may start a thread again at the same pc, with any argument as its a0. */
	if (!wanted() || drawn)
		return;
	for (unsigned i = 0; i < BLOCKED_MAX; i++) {
		if (!blocked[i].t) {
			blocked[i].t = t;
			blocked[i].call = call;
			blocked[i].pc = t->context.arch.pc;
			return;
		}
	}
}

void statuses_forget(void)
{
	memset(blocked, 0, sizeof(blocked));
}

void statuses_look(void)
{
	if (!wanted())
		return;
	for (unsigned i = 0; i < BLOCKED_MAX; i++) {
		const struct context *c = blocked[i].t ? &blocked[i].t->context : NULL;

		if (!c || (!c->dead && c->state != CONTEXT_READY && c->state != CONTEXT_STOPPED))
			continue;
		/* A thread that was stopped, and perhaps started, has no result. */
		if (!c->dead && c->state == CONTEXT_READY && c->arch.pc == blocked[i].pc)
			statuses_note(blocked[i].t, blocked[i].call, CAP_EMPTY, 0);
		blocked[i].t = NULL;
	}
}
