/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/state.c */
/* A state that outlives its server: what is found after a death at any point. */
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "test.h"

#define BYTES 4096

struct counter {
	uint64_t count;
	uint8_t text[100];
};

static void *memory_new(void)
{
	void *memory = NULL;

	CHECK(!posix_memalign(&memory, 64, BYTES));
	memset(memory, 0, BYTES);
	test_cleanup(free, memory);
	return memory;
}

TEST(zeroed_memory_is_fresh)
{
	struct state s;
	bool fresh = false;
	struct counter *c = state_open(&s, memory_new(), BYTES, sizeof(*c), 1, &fresh);

	CHECK(c != NULL);
	CHECK(fresh);
	CHECK_EQ(c->count, 0);
}

TEST(a_committed_state_is_found_again)
{
	void *memory = memory_new();
	struct state s;
	bool fresh;
	struct counter *c;

	CHECK(state_open(&s, memory, BYTES, sizeof(*c), 1, &fresh));
	for (uint64_t i = 1; i <= 5; i++) {
		c = state_begin(&s);
		CHECK_EQ(c->count, i - 1);
		c->count = i;
		memset(c->text, (int)i, sizeof(c->text));
		state_commit(&s);
		CHECK_EQ(((struct counter *)state_current(&s))->count, i);
		c = state_open(&s, memory, BYTES, sizeof(*c), 1, &fresh);
		CHECK(!fresh);
		CHECK_EQ(c->count, i);
		CHECK_EQ(c->text[99], i);
	}
}

TEST(a_change_without_commit_never_was)
{
	void *memory = memory_new();
	struct state s;
	bool fresh;
	struct counter *c;

	CHECK(state_open(&s, memory, BYTES, sizeof(*c), 1, &fresh));
	c = state_begin(&s);
	c->count = 7;
	state_commit(&s);
	c = state_begin(&s);
	c->count = 8;
	c = state_open(&s, memory, BYTES, sizeof(*c), 1, &fresh);
	CHECK(!fresh);
	CHECK_EQ(c->count, 7);
	c = state_begin(&s);
	CHECK_EQ(c->count, 7);
}

TEST(another_layout_starts_afresh)
{
	void *memory = memory_new();
	struct state s;
	bool fresh;
	struct counter *c;

	CHECK(state_open(&s, memory, BYTES, sizeof(*c), 1, &fresh));
	c = state_begin(&s);
	c->count = 7;
	state_commit(&s);
	c = state_open(&s, memory, BYTES, sizeof(*c), 2, &fresh);
	CHECK(fresh);
	CHECK_EQ(c->count, 0);
	c = state_begin(&s);
	CHECK_EQ(c->count, 0);
	CHECK(state_open(&s, memory, BYTES, sizeof(*c) - 1, 2, &fresh));
	CHECK(fresh);
}

TEST(both_copies_must_fit)
{
	void *memory = memory_new();
	struct state s;
	bool fresh;

	/* Two copies of whole cache lines behind one line of header. */
	CHECK(state_open(&s, memory, BYTES, 31 * 64, 1, &fresh));
	CHECK(!state_open(&s, memory, BYTES, 31 * 64 + 1, 1, &fresh));
	CHECK(!state_open(&s, memory, BYTES, SIZE_MAX, 1, &fresh));
	CHECK(!state_open(&s, memory, 63, 0, 1, &fresh));
}
