/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shares of the core under attack: what one owner does never costs another more than its budget
 * allows. Time passes in small steps; whoever pays for a step is who owns the core at its start.
 */
#include "user.h"

#define MS 1000000ull
#define STEP (MS / 100)

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

/* Made, waiting for the port, without a budget; then `t` is current again. */
static struct user passive(struct machine *m, uint32_t port)
{
	return server_start(m, port, 0);
}

/* How much of `time` this thread pays for, whoever runs. */
static uint64_t paid(struct machine *m, const struct thread *t, uint64_t time)
{
	uint64_t sum = 0;

	for (uint64_t at = 0; at < time; at += STEP) {
		sum += m->k->owner == &t->context ? STEP : 0;
		time_pass(m, STEP);
	}
	return sum;
}

/* Within 2 % of what it should be. */
static void is_share(uint64_t is, uint64_t should)
{
	if (is * 100 < should * 98 || is * 100 > should * 102)
		FAIL("a share of %llu us, and it should be %llu", (unsigned long long)is / 1000,
		     (unsigned long long)should / 1000);
}

/* ---- Inversion ---- */

TEST(share_inversion_ends_with_the_servers_work)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), wake = object_new(m, CAP_SIGNAL, 0);
	struct user server = passive(m, port), low, middle, high;

	high = started(m, 30, 10 * MS, 10 * MS);
	SYS(m, high.t, CALL_WAIT, wake, 1);
	middle = user_new(m);
	schedule(m, middle.slot, 20, 10 * MS, 10 * MS);
	low = started(m, 10, MS, 10 * MS);
	SYS(m, low.t, CALL_CALL, port, 0);
	IS_CURRENT(m, server.t);
	/* In the server, middle gets the core, and high finds the server busy. */
	CHECK_EQ(INVOKE_AS(m, server.t, middle.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	IS_CURRENT(m, middle.t);
	SYS(m, middle.t, CALL_SIGNAL, wake, 1);
	IS_CURRENT(m, high.t);
	SYS(m, high.t, CALL_CALL, port, 0);
	for (int i = 0; i < 5; i++) { /* it works for low, and middle does not run */
		IS_CURRENT(m, server.t);
		CHECK(m->k->owner == &high.t->context);
		time_pass(m, MS / 2);
	}
	SYS(m, server.t, CALL_REPLY_WAIT, port, 0);
	IS_CURRENT(m, server.t);
	CHECK(server.t->caller == &high.t->context);
	SYS(m, server.t, CALL_REPLY_WAIT, port, 0);
	IS_CURRENT(m, high.t);
	SYS(m, high.t, CALL_WAIT, wake, 1);
	IS_CURRENT(m, middle.t);
}

/* low holds the driver, middle the server that waits for the driver: high pushes both. */
TEST(share_inversion_through_a_chain)
{
	struct machine *m = machine_new();
	uint32_t near = object_new(m, CAP_PORT, 0), far = object_new(m, CAP_PORT, 0);
	struct user server = passive(m, near), driver = passive(m, far), low, middle, high, hog;

	hog = user_new(m);
	schedule(m, hog.slot, 20, 10 * MS, 10 * MS);
	high = user_new(m);
	schedule(m, high.slot, 30, 10 * MS, 10 * MS);
	low = started(m, 10, MS, 10 * MS);
	SYS(m, low.t, CALL_CALL, far, 0);
	IS_CURRENT(m, driver.t);
	time_pass(m, MS); /* the budget of low ends in the driver */
	IS_CURRENT(m, m->init);
	middle = started(m, 15, MS, 10 * MS);
	SYS(m, middle.t, CALL_CALL, near, 0);
	SYS(m, server.t, CALL_CALL, far, 0);
	IS_CURRENT(m, driver.t);
	CHECK(m->k->owner == &middle.t->context);
	time_pass(m, MS); /* and that of middle */
	IS_CURRENT(m, m->init);
	OKAY(m, hog.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(m, hog.t);
	CHECK_EQ(INVOKE_AS(m, hog.t, high.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	SYS(m, high.t, CALL_CALL, near, 0);
	IS_CURRENT(m, driver.t);
	CHECK(m->k->owner == &high.t->context);
	SYS(m, driver.t, CALL_REPLY_WAIT, far, 0); /* low's; then the server's */
	SYS(m, driver.t, CALL_REPLY_WAIT, far, 0);
	IS_CURRENT(m, server.t);
	SYS(m, server.t, CALL_REPLY_WAIT, near, 0); /* middle's; then high's */
	SYS(m, server.t, CALL_REPLY_WAIT, near, 0);
	IS_CURRENT(m, high.t);
	CHECK_EQ(user_result(high.t).status, OK);
}

/* A thread above that wakes again and again interrupts turns; it does not begin them anew. */
TEST(share_of_equals_whose_turns_are_interrupted)
{
	struct machine *m = machine_new();
	uint32_t timer = object_new(m, CAP_TIMER, 0), due = object_new(m, CAP_SIGNAL, 0);
	uint64_t got[2] = {0, 0}, step = MS / 200;
	struct user above = user_new(m), a = user_new(m), b = user_new(m);

	OKAY(m, timer, TIMER_BIND, due, 1);
	schedule(m, a.slot, 9, MS / 5, MS / 5);
	schedule(m, b.slot, 9, MS / 5, MS / 5);
	OKAY(m, a.slot, THREAD_START, 0, 0, 0, 0);
	CHECK_EQ(INVOKE_AS(m, a.t, b.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	CHECK_EQ(INVOKE_AS(m, a.t, BOOT_SLOT_CORE, CORE_SCHEDULE, above.slot, 20, 10 * MS, 10 * MS)
		     .status,
		 OK);
	CHECK_EQ(INVOKE_AS(m, a.t, above.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	for (unsigned i = 0; i < 4000; i++) {
		IS_CURRENT(m, above.t);
		time_pass(m, step);
		INVOKE_AS(m, above.t, timer, TIMER_SET, fake_time + step);
		SYS(m, above.t, CALL_WAIT, due, 1);
		got[m->k->current == &b.t->context]++;
		time_pass(m, step);
	}
	is_share(got[0], 2000);
	is_share(got[1], 2000);
}

/* ---- Servers ---- */

TEST(share_a_budget_that_ends_in_a_shared_server)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = passive(m, port), attacker, victim;

	victim = user_new(m);
	schedule(m, victim.slot, 9, 4 * MS, 10 * MS);
	attacker = started(m, 9, MS, 10 * MS);
	SYS(m, attacker.t, CALL_CALL, port, 0);
	CHECK_EQ(INVOKE_AS(m, server.t, victim.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	IS_CURRENT(m, server.t);
	time_pass(m, MS);
	IS_CURRENT(m, victim.t);
	/* It ended in the call; the server goes on when it has a budget again, or helps. */
	is_share(paid(m, victim.t, 100 * MS), 40 * MS);
	is_share(paid(m, attacker.t, 100 * MS), 10 * MS);
	while (m->k->current != &victim.t->context)
		time_pass(m, STEP);
	SYS(m, victim.t, CALL_CALL, port, 0);
	CHECK(m->k->current == &server.t->context && m->k->owner == &victim.t->context);
	SYS(m, server.t, CALL_REPLY_WAIT, port, 0);
	CHECK(server.t->caller == &victim.t->context);
	SYS(m, server.t, CALL_REPLY_WAIT, port, 0);
	IS_CURRENT(m, victim.t);
}

/* One that spins in a call costs who called it. */
TEST(share_a_server_that_never_replies_and_spins)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = passive(m, port), victim, a, b;

	victim = user_new(m);
	schedule(m, victim.slot, 9, 5 * MS, 10 * MS);
	a = started(m, 10, MS, 10 * MS);
	SYS(m, a.t, CALL_CALL, port, 0);
	CHECK_EQ(INVOKE_AS(m, server.t, victim.slot, THREAD_START, 0, 0, 0, 0).status, OK);
	is_share(paid(m, victim.t, 6 * MS), 5 * MS);
	IS_CURRENT(m, m->init);
	b = started(m, 10, 2 * MS, 10 * MS);
	SYS(m, b.t, CALL_CALL, port, 0);
	IS_CURRENT(m, server.t);
	is_share(paid(m, victim.t, 200 * MS), 100 * MS);
	is_share(paid(m, a.t, 200 * MS), 20 * MS);
	is_share(paid(m, b.t, 200 * MS), 40 * MS);
	is_share(paid(m, m->init, 200 * MS), 40 * MS);
	CHECK_EQ(a.t->context.state, CONTEXT_CALLING);
	CHECK_EQ(b.t->context.state, CONTEXT_SENDING);
}

/* One that sleeps in a call costs nobody anything. */
TEST(share_a_server_that_never_replies_and_sleeps)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), never = object_new(m, CAP_SIGNAL, 0);
	struct user server = passive(m, port), victim, u;

	for (int i = 0; i < 20; i++) {
		u = started(m, 40, MS, MS);
		SYS(m, u.t, CALL_CALL, port, 0);
		if (!i)
			SYS(m, server.t, CALL_WAIT, never, 1);
		IS_CURRENT(m, m->init);
	}
	victim = started(m, 9, 5 * MS, 10 * MS);
	is_share(paid(m, victim.t, 100 * MS), 50 * MS);
	while (m->k->current != &m->init->context)
		time_pass(m, STEP);
	/* Its end frees all of them: the first was in the call, the others wait for the next. */
	OKAY(m, server.slot, THREAD_STOP);
	CHECK(m->k->current != &victim.t->context);
	CHECK_EQ(user_result((struct thread *)m->k->current).status, PEER_RESTARTED);
}

/* Each calls the next; the last, who would close the circle, is told, and all get an answer. */
TEST(share_circles_of_calls_end)
{
	for (unsigned n = 2; n <= 12; n += 5) {
		struct machine *m = machine_new();
		uint32_t ports[12];
		struct user u[12], client;

		for (unsigned i = 0; i < n; i++)
			ports[i] = object_new(m, CAP_PORT, 0);
		for (unsigned i = 0; i < n; i++)
			u[i] = passive(m, ports[i]);
		client = started(m, 9, 10 * MS, 10 * MS);
		SYS(m, client.t, CALL_CALL, ports[0], 0);
		for (unsigned i = 0; i + 1 < n; i++)
			SYS(m, u[i].t, CALL_CALL, ports[i + 1], 0);
		for (unsigned i = 0; i < n; i++)
			CHECK_EQ(SYS(m, u[n - 1].t, CALL_CALL, ports[i], 0).status, DEADLOCK);
		CHECK(m->k->owner == &client.t->context);
		for (unsigned i = n; i-- > 0;) {
			IS_CURRENT(m, u[i].t);
			SYS(m, u[i].t, CALL_REPLY_WAIT, ports[i], 0);
		}
		IS_CURRENT(m, client.t);
		CHECK_EQ(user_result(client.t).status, OK);
		test_clean();
	}
}

/* ---- Threads without end ---- */

/* As many as there is memory, each started; returns how many. */
static unsigned threads_without_end(struct machine *m, uint32_t untyped, uint32_t core)
{
	uint32_t slot = slot_new(m, 1), frame = object_new(m, CAP_FRAME, 12);
	unsigned made = 0;

	for (; STATUS(m, untyped, UNTYPED_RETYPE, CAP_THREAD, 0, 0, slot, 1) == OK; made++) {
		OKAY(m, slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, frame, 0, 0, 0);
		if (core)
			OKAY(m, core, CORE_SCHEDULE, slot, 10, 10 * MS, 10 * MS);
		OKAY(m, slot, THREAD_START, 0, 0, 0, 0);
		slot = slot_new(m, 1);
	}
	CHECK_EQ(STATUS(m, untyped, UNTYPED_RETYPE, CAP_THREAD, 0, 0, slot, 1), NO_MEMORY);
	return made;
}

static void without_end(bool budgets)
{
	struct machine *m = machine_new();
	uint32_t memory = object_new(m, CAP_UNTYPED, 17);
	uint32_t core = copy_new(m, BOOT_SLOT_CORE, RIGHT_ALL, 10);
	struct user victim = user_new(m);

	m->unchecked = true; /* but for the end: it is slow with so many */
	/* Who makes them stands above, and does nothing else. */
	schedule(m, BOOT_SLOT_THREAD, 60, FOREVER, FOREVER);
	schedule(m, victim.slot, 20, 5 * MS, 10 * MS);
	CHECK_EQ(STATUS(m, core, CORE_SCHEDULE, victim.slot, 11, MS, MS), BAD_ARGUMENT);
	OKAY(m, victim.slot, THREAD_START, 0, 0, 0, 0);
	CHECK(threads_without_end(m, memory, budgets ? core : 0) > 50);
	schedule(m, BOOT_SLOT_THREAD, INIT_PRIORITY, FOREVER, FOREVER);
	IS_CURRENT(m, victim.t);
	check_kernel(m->k);
	is_share(paid(m, victim.t, 100 * MS), 50 * MS);
	if (budgets) { /* and they share what it leaves */
		CHECK_EQ(paid(m, m->init, 100 * MS), 0);
		return;
	}
	is_share(paid(m, m->init, 100 * MS), 50 * MS);
	while (m->k->current != &m->init->context)
		time_pass(m, STEP);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, memory); /* all of them end */
	CHECK(threads_without_end(m, memory, 0) > 50);
	check_kernel(m->k);
}

TEST(share_threads_without_end_and_without_budgets)
{
	without_end(false);
}

TEST(share_threads_without_end_below_their_ceiling)
{
	without_end(true);
}
