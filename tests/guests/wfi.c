/* SPDX-License-Identifier: BSD-2-Clause */
/* WFI: what ends it and what does not; WFE never stops anything. */
#include "guest.h"

static volatile uint32_t taken;

void guest_interrupt(uint32_t id)
{
	taken++;
	if (id == TIMER_PPI)
		timer_stop();
}

#define DEADLINE 200000u
#define ISTATUS 4u
/* WFI may end at any time for no reason, so what counts is that it sleeps at all: without,
 * thousands fit in before the timer's time has come. */
#define FEW 100u

static bool condition(void)
{
	return READ_REGISTER(cntv_ctl_el0) & ISTATUS;
}

/* How often WFI ends until the timer's condition holds. */
static uint32_t waits(void)
{
	uint32_t n = 0;

	timer_start(DEADLINE);
	while (!condition()) {
		wait_for_interrupt();
		n++;
	}
	return n;
}

static void test_pending(void)
{
	test("pending and masked in PSTATE: does not wait");
	interrupts_off();
	gic_send(1, 1);
	wait_for_interrupt();
	wait_for_interrupt();
	CHECK_EQUAL(taken, 0);
	interrupts_on();
	while (!taken)
		;
	CHECK_EQUAL(taken, 1);
	test("what ended it is taken when it is unmasked");
	interrupts_off();
	taken = 0;
	(void)waits();
	CHECK_EQUAL(taken, 0);
	interrupts_on();
	__asm__ volatile("isb" ::: "memory");
	CHECK_EQUAL(taken, 1);
}

static void test_not_pending(void)
{
	test("an interrupt below the priority mask does not end it, the timer does");
	interrupts_off();
	taken = 0;
	gic_priority(1, 0xc0);
	WRITE_REGISTER(ICC_PMR, 0xb0);
	gic_send(1, 1);
	CHECK(waits() < FEW);
	timer_stop();
	WRITE_REGISTER(ICC_PMR, 0xff);
	interrupts_on();
	while (!taken)
		;
	test("a disabled interrupt does not end it, the timer does");
	interrupts_off();
	gic_disable(1);
	gic_send(1, 1);
	CHECK(waits() < FEW);
	CHECK(gic_test(GIC_SET_PENDING, TIMER_PPI));
	timer_stop();
	gic_write(GIC_CLEAR_PENDING, 1);
	gic_write(GIC_SET_ENABLE, 1);
	interrupts_on();
}

static void test_rows(void)
{
	uint32_t early = 0;

	test("200 waits with a deadline each, none too short");
	taken = 0;
	for (uint32_t i = 0; i < 200; i++) {
		uint64_t from = counter();

		timer_start(2000);
		WAIT_UNTIL(taken > i);
		early += counter() - from < 2000;
	}
	CHECK_EQUAL(taken, 200);
	CHECK_EQUAL(early, 0);
	test("WFE and SEV do not stop or end the guest");
	for (int i = 0; i < 100; i++)
		__asm__ volatile("sev\n\twfe\n\twfe\n\tyield" ::: "memory");
	test("registers and flags are the same after it");
	interrupts_off();
	timer_start(DEADLINE);
	uint64_t flags, value = 0x123456789abcdef0;

	__asm__ volatile("msr nzcv, %2\n\tmov x9, %1\n\twfi\n\tmov %1, x9\n\tmrs %0, nzcv"
			 : "=r"(flags), "+r"(value)
			 : "r"(0x90000000ull)
			 : "x9", "cc", "memory");
	CHECK_EQUAL(flags, 0x90000000);
	CHECK_EQUAL(value, 0x123456789abcdef0);
	timer_stop();
	interrupts_on();
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(1, 0xa0);
	gic_enable(TIMER_PPI, 0xa0);
	interrupts_on();
	test_pending();
	test_not_pending();
	test_rows();
}
