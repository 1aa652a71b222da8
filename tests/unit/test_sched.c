/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs: priorities, budgets, and owners whose budget pays for others. */
#include "user.h"

#define MS 1000000ull

static void schedule(struct machine *m, uint32_t slot, uint8_t priority, uint64_t budget,
		     uint64_t period)
{
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, slot, priority, budget, period);
}

static struct user started(struct machine *m, uint8_t priority, uint64_t budget, uint64_t period)
{
	struct user u = user_new(m);

	schedule(m, u.slot, priority, budget, period);
	OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	return u;
}

TEST(sched_highest_priority_runs)
{
	struct machine *m = machine_new();
	uint32_t signal = object_new(m, CAP_SIGNAL, 0), other = object_new(m, CAP_SIGNAL, 0);
	struct user low = user_new(m), high = started(m, 30, FOREVER, FOREVER);

	CHECK_EQ(SYS(m, high.t, CALL_WAIT, signal, 1).status, BLOCKED);
	schedule(m, low.slot, 10, FOREVER, FOREVER);
	OKAY(m, low.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(m, low.t);
	/* Raising for a higher thread switches at once, for oneself it does not. */
	CHECK_EQ(SYS(m, low.t, CALL_SIGNAL, other, 1).status, OK);
	IS_CURRENT(m, low.t);
	CHECK_EQ(SYS(m, low.t, CALL_SIGNAL, signal, 1).status, OK);
	IS_CURRENT(m, high.t);
	CHECK_EQ(user_result(high.t).r[1], 1);
	CHECK_EQ(SYS(m, high.t, CALL_WAIT, signal, 1).status, BLOCKED);
	IS_CURRENT(m, low.t);
}

TEST(sched_refuses)
{
	struct machine *m = machine_new();
	struct user u = user_new(m);
	uint32_t port = object_new(m, CAP_PORT, 0);
	uint32_t weak = copy_new(m, u.slot, RIGHT_ALL & ~RIGHT_MANAGE, 0);
	uint32_t core = copy_new(m, BOOT_SLOT_CORE, RIGHT_ALL & ~RIGHT_MANAGE, 0);
	uint32_t capped = copy_new(m, BOOT_SLOT_CORE, RIGHT_ALL, 10);

	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SCHEDULE, port, 1, MS, MS), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SCHEDULE, 0, 1, MS, MS), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SCHEDULE, weak, 1, MS, MS), NO_RIGHT);
	CHECK_EQ(STATUS(m, core, CORE_SCHEDULE, u.slot, 1, MS, MS), NO_RIGHT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 64, MS, MS), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 1, 2 * MS, MS), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 1, 1, MS), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 1, ~0ull, ~0ull), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, capped, CORE_SCHEDULE, u.slot, 11, MS, MS), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, capped, CORE_SCHEDULE, u.slot, 10, MS, MS), OK);
	CHECK_EQ(u.t->context.priority, 10);
}

TEST(sched_equals_take_turns)
{
	struct machine *m = machine_new();
	struct user a = user_new(m), b = user_new(m);

	schedule(m, a.slot, 0, FOREVER, FOREVER);
	schedule(m, b.slot, 0, FOREVER, FOREVER);
	schedule(m, BOOT_SLOT_THREAD, 0, FOREVER, FOREVER);
	OKAY(m, a.slot, THREAD_START, 0, 0, 0, 0);
	OKAY(m, b.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(m, m->init);
	SYS(m, m->init, CALL_YIELD, 0);
	IS_CURRENT(m, a.t);
	SYS(m, a.t, CALL_YIELD, 0);
	IS_CURRENT(m, b.t);
	SYS(m, b.t, CALL_YIELD, 0);
	IS_CURRENT(m, m->init);
	CHECK_EQ(user_result(a.t).status, OK);
}

TEST(sched_equals_share_when_a_turn_is_over)
{
	struct machine *m = machine_new();
	struct user a = user_new(m), b = user_new(m);

	schedule(m, a.slot, 9, 2 * MS, 2 * MS);
	schedule(m, b.slot, 9, 2 * MS, 2 * MS);
	OKAY(m, b.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(m, b.t);
	CHECK_EQ(INVOKE_AS(m, b.t, a.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	IS_CURRENT(m, b.t);
	for (int i = 0; i < 10; i++) {
		time_pass(m, 2 * MS);
		IS_CURRENT(m, i % 2 ? b.t : a.t);
	}
}

TEST(sched_budget_used_up_waits_for_its_period)
{
	struct machine *m = machine_new();
	struct user u = started(m, 9, 2 * MS, 10 * MS);

	IS_CURRENT(m, u.t);
	time_pass(m, MS);
	IS_CURRENT(m, u.t);
	time_pass(m, MS);
	IS_CURRENT(m, m->init);
	time_pass(m, 7 * MS);
	IS_CURRENT(m, m->init);
	time_pass(m, MS);
	IS_CURRENT(m, u.t);
	time_pass(m, 2 * MS);
	IS_CURRENT(m, m->init);
}

TEST(sched_budget_bounds_what_a_thread_gets)
{
	struct machine *m = machine_new();
	struct user u = started(m, 9, MS, 4 * MS);
	uint64_t ran = 0, step = MS / 8;

	for (uint64_t t = 0; t < 40 * MS; t += step) {
		ran += m->k->current == &u.t->context ? step : 0;
		time_pass(m, step);
	}
	CHECK(ran >= 9 * MS && ran <= 11 * MS);
}

TEST(sched_nothing_to_run_is_idle)
{
	struct machine *m = machine_new();
	uint32_t timer = object_new(m, CAP_TIMER, 0), signal = object_new(m, CAP_SIGNAL, 0);

	OKAY(m, timer, TIMER_BIND, signal, 1);
	OKAY(m, timer, TIMER_SET, fake_time + 5 * MS);
	CHECK_EQ(SYS(m, m->init, CALL_WAIT, signal, 1).status, BLOCKED);
	IS_IDLE(m);
	CHECK(!m->k->owner);
	time_pass(m, 4 * MS);
	IS_IDLE(m);
	time_pass(m, MS);
	IS_CURRENT(m, m->init);
}

TEST(sched_a_call_runs_on_the_callers_budget)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = server_start(m, port, 0), caller = started(m, 9, 2 * MS, 10 * MS);

	SYS(m, caller.t, CALL_CALL, port, 0);
	IS_CURRENT(m, server.t);
	CHECK(m->k->owner == &caller.t->context);
	time_pass(m, 2 * MS);
	IS_CURRENT(m, m->init); /* the caller's time is used up in the server */
	time_pass(m, 8 * MS);
	IS_CURRENT(m, server.t);
	SYS(m, server.t, CALL_REPLY_WAIT, port, 0);
	IS_CURRENT(m, caller.t);
}

TEST(sched_a_queued_caller_helps_the_server)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = server_start(m, port, 0), low = started(m, 5, 2 * MS, 100 * MS), high;

	SYS(m, low.t, CALL_CALL, port, 0);
	IS_CURRENT(m, server.t);
	time_pass(m, 2 * MS); /* the budget of `low` ends inside the server */
	IS_CURRENT(m, m->init);
	high = started(m, 20, 50 * MS, 50 * MS);
	CHECK_EQ(SYS(m, high.t, CALL_CALL, port, 0).status, BLOCKED);
	IS_CURRENT(m, server.t);
	CHECK(m->k->owner == &high.t->context);
	/* It answers `low` on the time of `high`, then takes the call of `high`. */
	SYS(m, server.t, CALL_REPLY_WAIT, port, 0);
	IS_CURRENT(m, server.t);
	CHECK_EQ(low.t->context.state, CONTEXT_READY);
	CHECK(server.t->caller == &high.t->context);
	SYS(m, server.t, CALL_REPLY_WAIT, port, 0);
	IS_CURRENT(m, high.t);
}

/* Who helped it would pay for the caller that was answered. */
TEST(sched_a_server_that_leaves_a_queue_leaves_the_helpers_budget)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), other = object_new(m, CAP_PORT, 0);
	struct user server = server_start(m, port, 0), helper = user_new(m);
	struct user caller = user_start(m, 9);

	SYS(m, caller.t, CALL_CALL, port, 0);
	IS_CURRENT(m, server.t);
	CHECK_EQ(
	    INVOKE_AS(m, server.t, BOOT_SLOT_CORE, CORE_SCHEDULE, helper.slot, 30, FOREVER, FOREVER)
		.status,
	    OK);
	CHECK_EQ(INVOKE_AS(m, server.t, helper.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	IS_CURRENT(m, helper.t);
	SYS(m, helper.t, CALL_CALL, port, 0);
	IS_CURRENT(m, server.t);
	CHECK(m->k->owner == &helper.t->context);
	SYS(m, server.t, CALL_REPLY_WAIT, other, 0);
	IS_CURRENT(m, caller.t);
	CHECK(m->k->owner == &caller.t->context);
}

TEST(sched_a_chain_of_calls_runs_on_the_first)
{
	struct machine *m = machine_new();
	uint32_t p1 = object_new(m, CAP_PORT, 0), p2 = object_new(m, CAP_PORT, 0);
	struct user s1 = server_start(m, p1, 0), s2 = server_start(m, p2, 0), owner;
	uint32_t signal = object_new(m, CAP_SIGNAL, 0);

	owner = started(m, 9, FOREVER, FOREVER);
	SYS(m, owner.t, CALL_CALL, p1, 0);
	SYS(m, s1.t, CALL_CALL, p2, 0);
	IS_CURRENT(m, s2.t);
	CHECK(m->k->owner == &owner.t->context);
	CHECK_EQ(SYS(m, s2.t, CALL_WAIT, signal, 1).status, BLOCKED);
	IS_CURRENT(m, m->init);
	CHECK(owner.t->context.stalled);
	SYS(m, m->init, CALL_SIGNAL, signal, 1);
	IS_CURRENT(m, s2.t);
	SYS(m, s2.t, CALL_REPLY_WAIT, p2, 0);
	IS_CURRENT(m, s1.t);
	SYS(m, s1.t, CALL_REPLY_WAIT, p1, 0);
	IS_CURRENT(m, owner.t);
}

TEST(sched_callers_of_a_new_server_help_it)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user low, high, server;

	/* Both call while there is no server. */
	low = started(m, 5, FOREVER, FOREVER);
	SYS(m, low.t, CALL_CALL, port, 0);
	high = started(m, 20, FOREVER, FOREVER);
	SYS(m, high.t, CALL_CALL, port, 0);
	server = started(m, 30, FOREVER, FOREVER);
	SYS(m, server.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY);
	/* It has the call of `low`, but `high` waits for it and pays. */
	IS_CURRENT(m, server.t);
	CHECK(server.t->caller == &low.t->context);
	CHECK(m->k->owner == &high.t->context);
}

TEST(sched_a_second_server_runs_for_who_waited_for_the_first)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);
	struct user first = server_start(m, port, 0), a, b, second;

	a = started(m, 9, FOREVER, FOREVER);
	SYS(m, a.t, CALL_CALL, port, 0);
	SYS(m, first.t, CALL_WAIT, signal, 1);
	b = started(m, 8, FOREVER, FOREVER);
	SYS(m, b.t, CALL_CALL, port, 0);
	CHECK(a.t->context.stalled && b.t->context.stalled);
	second = started(m, 20, FOREVER, FOREVER);
	SYS(m, second.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY);
	CHECK(second.t->caller == &b.t->context);
	IS_CURRENT(m, second.t);
	CHECK(m->k->owner == &b.t->context);
}

/* owner -> s1 -> s2, queued at s3, which waits: the owner is stalled on s3. */
struct deep {
	struct machine *m;
	uint32_t p1, p2, p3;
	struct user s1, s2, s3, other, owner;
};

static struct deep deep_new(void)
{
	struct deep d = {.m = machine_new()};
	struct machine *m = d.m;
	uint32_t signal = object_new(m, CAP_SIGNAL, 0);

	d.p1 = object_new(m, CAP_PORT, 0);
	d.p2 = object_new(m, CAP_PORT, 0);
	d.p3 = object_new(m, CAP_PORT, 0);
	d.s1 = server_start(m, d.p1, 0);
	d.s2 = server_start(m, d.p2, 0);
	d.s3 = server_start(m, d.p3, 0);
	d.other = started(m, 9, FOREVER, FOREVER);
	SYS(m, d.other.t, CALL_CALL, d.p3, 0);
	SYS(m, d.s3.t, CALL_WAIT, signal, 1);
	d.owner = started(m, 9, FOREVER, FOREVER);
	SYS(m, d.owner.t, CALL_CALL, d.p1, 0);
	SYS(m, d.s1.t, CALL_CALL, d.p2, 0);
	SYS(m, d.s2.t, CALL_CALL, d.p3, 0);
	IS_CURRENT(m, m->init);
	CHECK(d.owner.t->context.stalled);
	return d;
}

TEST(sched_a_call_that_ends_in_the_middle_of_a_chain_frees_it)
{
	struct deep d = deep_new();

	OKAY(d.m, d.p2, PORT_RENEW);
	IS_CURRENT(d.m, d.s1.t);
	CHECK_EQ(user_result(d.s1.t).status, PEER_RESTARTED);
	CHECK(d.m->k->owner == &d.owner.t->context);
}

TEST(sched_a_server_stopped_in_the_middle_of_a_chain_frees_it)
{
	struct deep d = deep_new();

	OKAY(d.m, d.s2.slot, THREAD_STOP);
	IS_CURRENT(d.m, d.s1.t);
	CHECK_EQ(user_result(d.s1.t).status, PEER_RESTARTED);
}

TEST(sched_a_call_that_ends_at_the_head_of_a_chain_frees_it)
{
	struct deep d = deep_new();

	OKAY(d.m, d.p1, PORT_RENEW);
	IS_CURRENT(d.m, d.owner.t);
	CHECK_EQ(user_result(d.owner.t).status, PEER_RESTARTED);
}

TEST(sched_a_call_that_ends_before_a_port_without_a_server_frees_it)
{
	struct deep d = deep_new();

	OKAY(d.m, d.s3.slot, THREAD_STOP);
	IS_CURRENT(d.m, d.other.t);
	INVOKE_AS(d.m, d.other.t, d.other.slot, THREAD_STOP);
	IS_CURRENT(d.m, d.m->init);
	OKAY(d.m, d.p2, PORT_RENEW);
	IS_CURRENT(d.m, d.s1.t);
	CHECK_EQ(user_result(d.s1.t).status, PEER_RESTARTED);
}

TEST(sched_who_waits_for_a_replaced_server_runs_the_next)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);
	struct user old = server_start(m, port, 0), a, b, next;

	a = started(m, 9, FOREVER, FOREVER);
	SYS(m, a.t, CALL_CALL, port, 0);
	SYS(m, old.t, CALL_WAIT, signal, 1);
	b = started(m, 8, FOREVER, FOREVER);
	SYS(m, b.t, CALL_CALL, port, 0);
	OKAY(m, port, PORT_RENEW);
	IS_CURRENT(m, a.t);
	INVOKE_AS(m, a.t, a.slot, THREAD_STOP);
	next = started(m, 20, FOREVER, FOREVER);
	SYS(m, next.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY);
	IS_CURRENT(m, next.t);
	CHECK(next.t->caller == &b.t->context);
}

TEST(sched_a_stalled_owner_that_is_restarted_runs)
{
	struct deep d = deep_new();

	OKAY(d.m, d.owner.slot, THREAD_STOP);
	OKAY(d.m, d.owner.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(d.m, d.owner.t);
}

TEST(sched_the_end_of_a_chain_can_go)
{
	struct deep d = deep_new();

	OKAY(d.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, d.s3.slot);
	IS_CURRENT(d.m, d.other.t);
	CHECK_EQ(user_result(d.other.t).status, PEER_RESTARTED);
	/* s2 waits for a new server of p3, and with it the owner. */
	SYS(d.m, d.other.t, CALL_REPLY_WAIT, d.p3, INFO_NO_REPLY);
	IS_CURRENT(d.m, d.other.t);
	CHECK(d.other.t->caller == &d.s2.t->context);
	SYS(d.m, d.other.t, CALL_REPLY_WAIT, d.p3, 0);
	IS_CURRENT(d.m, d.s2.t);
}

TEST(sched_priority_of_who_runs_can_change)
{
	struct machine *m = machine_new();
	struct user u = started(m, 9, FOREVER, FOREVER);

	CHECK_EQ(
	    INVOKE_AS(m, u.t, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 0, FOREVER, FOREVER).status,
	    OK);
	IS_CURRENT(m, m->init);
	schedule(m, u.slot, 40, FOREVER, FOREVER);
	IS_CURRENT(m, u.t);
	CHECK_EQ(INVOKE_AS(m, u.t, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 40, 0, 0).status, OK);
	IS_CURRENT(m, m->init); /* without a budget it runs only for others */
}

TEST(sched_registers_stay_with_their_context)
{
	struct machine *m = machine_new();
	uint32_t signal = object_new(m, CAP_SIGNAL, 0);
	struct user u = user_start(m, 9);

	CHECK_EQ(fake_fp(m->k), 0);
	fake_set_fp(m->k, 0xaaaa);
	fake_set_eager(m->k, 0x1111);
	SYS(m, u.t, CALL_WAIT, signal, 1);
	IS_CURRENT(m, m->init);
	CHECK_EQ(fake_fp(m->k), 0);
	fake_set_fp(m->k, 0xbbbb);
	fake_set_eager(m->k, 0x2222);
	SYS(m, m->init, CALL_SIGNAL, signal, 1);
	IS_CURRENT(m, u.t);
	CHECK_EQ(fake_eager(m->k), 0x1111);
	CHECK_EQ(fake_fp(m->k), 0xaaaa);
	/* Another thread made of the same memory starts with zeros. */
	SYS(m, u.t, CALL_WAIT, signal, 1);
	OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	CHECK_EQ(fake_fp(m->k), 0);
}
