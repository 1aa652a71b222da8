/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual timer (ptimer.c has the physical one): a level that is high while the compare value
 * has passed, enabled, unmasked. */
#include "guest.h"

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u
#define TICKS 10000u

static volatile uint32_t fired, rearm, ignore, inside;
static volatile uint64_t step, deadline, early;

static void arm(uint64_t ticks);
static void wait_condition(void);

void guest_interrupt(uint32_t id)
{
	if (id != TIMER_PPI)
		return;
	if (inside) {
		inside = 0;
		arm(0);
		wait_condition();
		return;
	}
	fired++;
	if (counter() < deadline)
		early++;
	if (ignore) {
		ignore--;
		return;
	}
	if (rearm) {
		rearm--;
		deadline = counter() + step;
		WRITE_REGISTER(cntv_cval_el0, deadline);
	} else {
		timer_stop();
	}
}

static void arm(uint64_t ticks)
{
	fired = 0;
	deadline = counter() + ticks;
	WRITE_REGISTER(cntv_cval_el0, deadline);
	WRITE_REGISTER(cntv_ctl_el0, CTL_ENABLE);
}

static void sleep_until(uint32_t count)
{
	WAIT_UNTIL(fired >= count);
}

static bool condition(void)
{
	return READ_REGISTER(cntv_ctl_el0) & CTL_ISTATUS;
}

/* Waits, awake, until the timer's condition holds. */
static void wait_condition(void)
{
	while (!condition())
		;
}

static void test_once(void)
{
	test("one shot: fires once, not before its time");
	arm(TICKS);
	sleep_until(1);
	arm(TICKS);
	while (!fired)
		;
	CHECK_EQUAL(fired, 1);
	test("a compare value in the past fires at once");
	arm(0);
	sleep_until(1);
	fired = 0;
	WRITE_REGISTER(cntv_cval_el0, 1);
	WRITE_REGISTER(cntv_ctl_el0, CTL_ENABLE);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
	test("the 32-bit view counts from now");
	fired = 0;
	deadline = counter() + TICKS;
	WRITE_REGISTER(cntv_tval_el0, TICKS);
	WRITE_REGISTER(cntv_ctl_el0, CTL_ENABLE);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
}

static void test_rows(void)
{
	test("armed again in its handler, 100 times");
	rearm = 99;
	step = TICKS;
	arm(TICKS);
	sleep_until(100);
	CHECK_EQUAL(fired, 100);
	test("1000 in a row");
	rearm = 999;
	step = 1000;
	arm(1000);
	sleep_until(1000);
	CHECK_EQUAL(fired, 1000);
	CHECK_EQUAL(rearm, 0);
	test("a handler that does not stop it is entered again until it does");
	ignore = 9;
	arm(0);
	sleep_until(10);
	CHECK_EQUAL(fired, 10);
	CHECK_EQUAL(ignore, 0);
	test("none came before its time");
	CHECK_EQUAL(early, 0);
}

static void test_masked(void)
{
	test("masked at the timer: the condition shows, no interrupt");
	fired = 0;
	WRITE_REGISTER(cntv_cval_el0, 1);
	WRITE_REGISTER(cntv_ctl_el0, CTL_ENABLE | CTL_IMASK);
	wait_condition();
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(fired, 0);
	CHECK(!gic_test(GIC_SET_PENDING, TIMER_PPI));
	WRITE_REGISTER(cntv_ctl_el0, CTL_ENABLE);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);

	test("masked at the processor: pending, taken once unmasked");
	interrupts_off();
	arm(0);
	wait_condition();
	wait_for_interrupt();
	CHECK(gic_test(GIC_SET_PENDING, TIMER_PPI));
	CHECK_EQUAL(fired, 0);
	interrupts_on();
	sleep_until(1);
	CHECK_EQUAL(fired, 1);

	test("stopped before it is taken: it does not come");
	interrupts_off();
	do { /* again, when the machine was away for longer than that */
		arm(TICKS);
		WRITE_REGISTER(cntv_ctl_el0, 0);
	} while (counter() >= deadline);
	interrupts_on();
	while (counter() < deadline + TICKS)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(fired, 0);
	test("stopped after it fired, before it is taken: no longer pending at the next exit");
	interrupts_off();
	arm(0);
	wait_condition();
	CHECK(gic_test(GIC_SET_PENDING, TIMER_PPI));
	timer_stop();
	CHECK(!gic_test(GIC_SET_PENDING, TIMER_PPI));
	interrupts_on();
	for (int i = 0; i < 10; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(fired, 0);
	test("and it still works");
	arm(TICKS);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
}

static void test_disabled(void)
{
	test("disabled at the controller while it fires: nothing comes, no storm");
	gic_disable(TIMER_PPI);
	arm(0);
	wait_condition();
	for (int i = 0; i < 100; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(fired, 0);
	test("enabled again: it comes once");
	gic_enable(TIMER_PPI, 0xa0);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
	test("disabled, fired and stopped meanwhile: it does not come");
	gic_disable(TIMER_PPI);
	arm(0);
	wait_condition();
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	timer_stop();
	gic_enable(TIMER_PPI, 0xa0);
	for (int i = 0; i < 10; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(fired, 0);
	test("and it works again");
	arm(TICKS);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
}

/* As if it had never fired: the kernel holds nothing of it. */
static void forget(void)
{
	gic_disable(TIMER_PPI);
	gic_enable(TIMER_PPI, 0xa0);
}

/* The physical interrupt is the core's, so other guests would go without it, too. */
static void test_software(void)
{
	test("pended by software and fired, before it is taken: the timer still works");
	forget();
	interrupts_off();
	gic_write(GIC_SET_PENDING, TIMER_PPI);
	arm(0);
	wait_condition();
	sleep_until(1);
	arm(TICKS);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
	test("fires while active by software: comes after that has ended");
	forget();
	inside = 1;
	gic_write(GIC_SET_PENDING, TIMER_PPI);
	sleep_until(1);
	CHECK_EQUAL(inside, 0);
	CHECK_EQUAL(fired, 1);
	test("and it works again");
	arm(TICKS);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
	test("fires, and is pended by software before it is taken: comes once");
	interrupts_off();
	arm(0);
	wait_condition();
	gic_write(GIC_SET_PENDING, TIMER_PPI);
	sleep_until(1);
	arm(TICKS);
	sleep_until(1);
	CHECK_EQUAL(fired, 1);
}

static void test_registers(void)
{
	test("the timer's registers read as written, and over exits");
	WRITE_REGISTER(cntv_ctl_el0, 0);
	WRITE_REGISTER(cntv_cval_el0, 0x123456789abcdef0);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(READ_REGISTER(cntv_cval_el0), 0x123456789abcdef0);
	CHECK_EQUAL(READ_REGISTER(cntv_ctl_el0), 0);
	WRITE_REGISTER(cntv_ctl_el0, CTL_ENABLE | CTL_IMASK);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(READ_REGISTER(cntv_ctl_el0), CTL_ENABLE | CTL_IMASK);
	timer_stop();
	test("both counters go on, and the frequency is told");
	CHECK(counter() < counter());
	CHECK(READ_REGISTER(cntpct_el0) < READ_REGISTER(cntpct_el0));
	CHECK(READ_REGISTER(cntfrq_el0) != 0);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(TIMER_PPI, 0xa0);
	interrupts_on();
	test_once();
	test_rows();
	test_masked();
	test_disabled();
	test_software();
	test_registers();
}
