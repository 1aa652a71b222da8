/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers: a deadline raises a signal, once. */
#include "user.h"

#define US 1000ull

struct armed {
	struct machine *m;
	uint32_t timer, signal;
};

static struct armed armed_new(void)
{
	struct armed a = {.m = machine_new()};

	a.timer = object_new(a.m, CAP_TIMER, 0);
	a.signal = object_new(a.m, CAP_SIGNAL, 0);
	OKAY(a.m, a.timer, TIMER_BIND, a.signal, 4);
	return a;
}

static bool raised(struct armed *a)
{
	return SYS(a->m, a->m->init, CALL_POLL, a->signal, ~0ull).status == OK;
}

TEST(timer_raises_at_its_deadline_once)
{
	struct armed a = armed_new();

	OKAY(a.m, a.timer, TIMER_SET, fake_time + 100 * US);
	time_pass(a.m, 99 * US);
	CHECK(!raised(&a));
	time_pass(a.m, US);
	CHECK_EQ(SYS(a.m, a.m->init, CALL_POLL, a.signal, ~0ull).r[1], 4);
	time_pass(a.m, 1000 * US);
	CHECK(!raised(&a));
}

TEST(timer_in_the_past_raises_at_once)
{
	struct armed a = armed_new();

	fake_time += 1000;
	OKAY(a.m, a.timer, TIMER_SET, 1);
	machine_interrupts(a.m);
	CHECK(raised(&a));
}

TEST(timer_set_again_replaces_and_zero_cancels)
{
	struct armed a = armed_new();

	OKAY(a.m, a.timer, TIMER_SET, fake_time + 10 * US);
	OKAY(a.m, a.timer, TIMER_SET, fake_time + 20 * US);
	time_pass(a.m, 15 * US);
	CHECK(!raised(&a));
	OKAY(a.m, a.timer, TIMER_SET, 0);
	time_pass(a.m, 15 * US);
	CHECK(!raised(&a));
	OKAY(a.m, a.timer, TIMER_SET, ~0ull);
	time_pass(a.m, 15 * US);
	CHECK(!raised(&a));
}

TEST(timer_refuses)
{
	struct armed a = armed_new();
	struct machine *m = a.m;
	uint32_t unbound = object_new(m, CAP_TIMER, 0), wait = copy_new(m, a.signal, RIGHT_WAIT, 0);
	uint32_t some = copy_new(m, a.signal, RIGHT_ALL, 2),
		 weak = copy_new(m, unbound, RIGHT_READ, 0);

	CHECK_EQ(STATUS(m, unbound, TIMER_SET, 5), BAD_STATE);
	CHECK_EQ(STATUS(m, unbound, TIMER_BIND, wait, 1), NO_RIGHT);
	CHECK_EQ(STATUS(m, unbound, TIMER_BIND, a.timer, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, unbound, TIMER_BIND, a.signal, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, unbound, TIMER_BIND, some, 3), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, weak, TIMER_SET, 5), NO_RIGHT);
	CHECK_EQ(STATUS(m, unbound, TIMER_SET + 1, 5), BAD_METHOD);
	OKAY(m, unbound, TIMER_BIND, some, 2);
}

TEST(timer_or_signal_can_go_while_armed)
{
	struct armed a = armed_new(), b = armed_new();

	OKAY(a.m, a.timer, TIMER_SET, fake_time + 10 * US);
	OKAY(a.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, a.timer);
	time_pass(a.m, 20 * US);
	CHECK(!raised(&a));
	OKAY(b.m, b.timer, TIMER_SET, fake_time + 10 * US);
	OKAY(b.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, b.signal);
	time_pass(b.m, 20 * US);
	CHECK_EQ(STATUS(b.m, b.timer, TIMER_SET, 5), BAD_STATE);
}

TEST(timer_many_at_once)
{
	struct machine *m = machine_new();
	uint32_t signal = object_new(m, CAP_SIGNAL, 0), first = slot_new(m, 60);

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_TIMER, 0, 0, first, 60);
	for (uint32_t i = 0; i < 60; i++) {
		OKAY(m, first + i, TIMER_BIND, signal, 1ull << i);
		OKAY(m, first + i, TIMER_SET, fake_time + 10 * US + i % 7);
	}
	time_pass(m, 11 * US);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, signal, ~0ull).r[1], (1ull << 60) - 1);
}
