/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: bits, waiting, polling, and one wait for messages and signals. */
#include "user.h"

static uint32_t signal_new(struct machine *m)
{
	return object_new(m, CAP_SIGNAL, 0);
}

TEST(signal_bits_stay_until_taken)
{
	struct machine *m = machine_new();
	uint32_t s = signal_new(m);

	CHECK_EQ(SYS(m, m->init, CALL_POLL, s, ~0ull).status, AGAIN);
	CHECK_EQ(SYS(m, m->init, CALL_SIGNAL, s, 0x5).status, OK);
	CHECK_EQ(SYS(m, m->init, CALL_SIGNAL, s, 0x6).status, OK);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, s, 0x8).status, AGAIN);
	CHECK_EQ(SYS(m, m->init, CALL_WAIT, s, 0x3).r[1], 0x3);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, s, ~0ull).r[1], 0x4);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, s, ~0ull).status, AGAIN);
}

TEST(signal_badge_limits_the_bits)
{
	struct machine *m = machine_new();
	uint32_t s = signal_new(m), some = copy_new(m, s, RIGHT_RAISE, 0xf0);

	CHECK_EQ(SYS(m, m->init, CALL_SIGNAL, some, 0x1f).status, OK);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, s, ~0ull).r[1], 0x10);
	CHECK_EQ(SYS(m, m->init, CALL_SIGNAL, some, 0x0f).status, OK);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, s, ~0ull).status, AGAIN);
}

TEST(signal_refuses)
{
	struct machine *m = machine_new();
	uint32_t s = signal_new(m), raise = copy_new(m, s, RIGHT_RAISE, 0),
		 wait = copy_new(m, s, RIGHT_WAIT, 0);
	uint32_t port = object_new(m, CAP_PORT, 0);

	CHECK_EQ(SYS(m, m->init, CALL_SIGNAL, port, 1).status, BAD_CAP);
	CHECK_EQ(SYS(m, m->init, CALL_SIGNAL, 0, 1).status, BAD_CAP);
	CHECK_EQ(SYS(m, m->init, CALL_SIGNAL, wait, 1).status, NO_RIGHT);
	CHECK_EQ(SYS(m, m->init, CALL_WAIT, raise, 1).status, NO_RIGHT);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, raise, 1).status, NO_RIGHT);
	CHECK_EQ(SYS(m, m->init, CALL_WAIT, s, 0).status, BAD_ARGUMENT);
	CHECK_EQ(SYS(m, m->init, CALL_WAIT, port, 1).status, BAD_CAP);
}

TEST(signal_wakes_its_waiter_for_the_bits_it_waits_for)
{
	struct machine *m = machine_new();
	uint32_t s = signal_new(m);
	struct user u = user_start(m, 9), second;

	CHECK_EQ(SYS(m, u.t, CALL_WAIT, s, 0xc).status, BLOCKED);
	second = user_start(m, 8);
	CHECK_EQ(SYS(m, second.t, CALL_WAIT, s, 1).status, BUSY);
	CHECK_EQ(SYS(m, second.t, CALL_SIGNAL, s, 0x3).status, OK);
	IS_CURRENT(m, second.t);
	CHECK_EQ(SYS(m, second.t, CALL_SIGNAL, s, 0x5).status, OK);
	IS_CURRENT(m, u.t);
	CHECK_EQ(user_result(u.t).status, OK);
	CHECK_EQ(user_result(u.t).r[1], 0x4);
	CHECK_EQ(SYS(m, u.t, CALL_POLL, s, ~0ull).r[1], 0x3);
}

TEST(signal_deleted_ends_the_wait)
{
	struct machine *m = machine_new();
	uint32_t s = signal_new(m);
	struct user u = user_start(m, 9);

	SYS(m, u.t, CALL_WAIT, s, 1);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, s);
	IS_CURRENT(m, u.t);
	CHECK_EQ(user_result(u.t).status, BAD_CAP);
}

TEST(signal_waiter_that_is_stopped_no_longer_waits)
{
	struct machine *m = machine_new();
	uint32_t s = signal_new(m);
	struct user u = user_start(m, 9);

	SYS(m, u.t, CALL_WAIT, s, 1);
	OKAY(m, u.slot, THREAD_STOP);
	SYS(m, m->init, CALL_SIGNAL, s, 1);
	CHECK_EQ(u.t->context.state, CONTEXT_STOPPED);
	CHECK_EQ(SYS(m, m->init, CALL_WAIT, s, 1).r[1], 1);
}

struct bound {
	struct machine *m;
	uint32_t port, signal;
	struct user server;
};

static struct bound bound_new(void)
{
	struct bound b = {.m = machine_new()};

	b.port = object_new(b.m, CAP_PORT, 0);
	b.signal = signal_new(b.m);
	b.server = server_start(b.m, b.port, 20);
	OKAY(b.m, b.server.slot, THREAD_BIND, b.signal);
	return b;
}

TEST(signal_bound_ends_the_wait_for_a_message)
{
	struct bound b = bound_new();
	struct machine *m = b.m;
	struct result r;

	SYS(m, m->init, CALL_SIGNAL, b.signal, 0x30);
	IS_CURRENT(m, b.server.t);
	r = user_result(b.server.t);
	CHECK(r.status == OK && r.r[1] == INFO_SIGNAL && r.r[6] == 0x30);
	/* Nothing is to be answered: it waits on. */
	CHECK_EQ(SYS(m, b.server.t, CALL_REPLY_WAIT, b.port, 0).status, STALE);
	CHECK_EQ(SYS(m, b.server.t, CALL_REPLY_WAIT, b.port, INFO_NO_REPLY).status, BLOCKED);
}

TEST(signal_bound_raised_during_a_call_is_seen_after_it)
{
	struct bound b = bound_new();
	struct machine *m = b.m;
	struct result r;

	SYS(m, m->init, CALL_CALL, b.port, 0, 7);
	SYS(m, b.server.t, CALL_SIGNAL, b.signal, 2);
	CHECK_EQ(user_result(m->init).r[2], 7);
	SYS(m, b.server.t, CALL_REPLY_WAIT, b.port, INFO(0, 0, 0), 8);
	CHECK_EQ(user_result(m->init).r[2], 8);
	/* As the owner of higher priority it has the signal at once. */
	IS_CURRENT(m, b.server.t);
	r = user_result(b.server.t);
	CHECK(r.status == OK && r.r[1] == INFO_SIGNAL && r.r[6] == 2);
}

TEST(signal_bound_once_and_unbound)
{
	struct bound b = bound_new();
	struct machine *m = b.m;
	struct user other = user_new(m);
	uint32_t raise = copy_new(m, b.signal, RIGHT_RAISE, 0);

	CHECK_EQ(STATUS(m, other.slot, THREAD_BIND, b.signal), EXISTS);
	CHECK_EQ(STATUS(m, other.slot, THREAD_BIND, raise), NO_RIGHT);
	CHECK_EQ(STATUS(m, other.slot, THREAD_BIND, b.port), BAD_CAP);
	OKAY(m, b.server.slot, THREAD_BIND, 0);
	SYS(m, m->init, CALL_SIGNAL, b.signal, 1);
	IS_CURRENT(m, m->init);
	OKAY(m, other.slot, THREAD_BIND, b.signal);
	/* Bound when bits are there already: they are seen. */
	OKAY(m, other.slot, THREAD_BIND, 0);
	OKAY(m, b.server.slot, THREAD_BIND, b.signal);
	IS_CURRENT(m, b.server.t);
	CHECK_EQ(user_result(b.server.t).r[6], 1);
}

TEST(signal_bound_and_deleted_is_forgotten)
{
	struct bound b = bound_new();
	struct machine *m = b.m;

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, b.signal);
	CHECK_EQ(b.server.t->signal.type, CAP_EMPTY);
	SYS(m, m->init, CALL_CALL, b.port, 0, 1);
	IS_CURRENT(m, b.server.t);
	CHECK_EQ(user_result(b.server.t).r[2], 1);
}

TEST(signal_bound_to_a_deleted_thread_is_free_again)
{
	struct bound b = bound_new();
	struct user other = user_new(b.m);

	OKAY(b.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, b.server.slot);
	OKAY(b.m, other.slot, THREAD_BIND, b.signal);
}
