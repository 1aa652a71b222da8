/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical timer, of two vCPUs: the words of Arm DDI 0487, D11.2, on CNTP_CTL, CVAL, TVAL. */
#include "guest.h"

#define PHYSICAL_PPI 30u
#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u
#define TICKS 10000u

static volatile uint32_t fired[2], both, keep, early;
static volatile uint64_t deadline[2];
static volatile bool second_ready, second_done;

void second_start(void);

static uint32_t self(void)
{
	return (uint32_t)READ_REGISTER(mpidr_el1) & 0xff;
}

static uint64_t physical(void)
{
	__asm__ volatile("isb" ::: "memory");
	return READ_REGISTER(cntpct_el0);
}

static void stop(void)
{
	WRITE_REGISTER(cntp_ctl_el0, 0);
}

static void arm(uint64_t ticks)
{
	fired[self()] = 0;
	deadline[self()] = physical() + ticks;
	WRITE_REGISTER(cntp_cval_el0, deadline[self()]);
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE);
}

void guest_interrupt(uint32_t id)
{
	if (id == TIMER_PPI) {
		both++;
		timer_stop();
	} else if (id == PHYSICAL_PPI) {
		fired[self()]++;
		if (physical() < deadline[self()])
			early++;
		if (keep)
			keep--;
		else
			stop();
	}
}

static bool condition(void)
{
	return READ_REGISTER(cntp_ctl_el0) & CTL_ISTATUS;
}

static void wait_condition(void)
{
	while (!condition())
		;
}

static void test_fires(void)
{
	test("fires once, after sleep and awake, not before its time");
	arm(TICKS);
	WAIT_UNTIL(fired[0]);
	CHECK_EQUAL(fired[0], 1);
	arm(TICKS);
	while (!fired[0])
		;
	CHECK_EQUAL(fired[0], 1);
	for (int i = 0; i < 100; i++) {
		arm(1000);
		WAIT_UNTIL(fired[0]);
	}
	CHECK_EQUAL(early, 0);
	test("a compare value in the past fires at once");
	arm(0);
	fired[0] = 0;
	WRITE_REGISTER(cntp_cval_el0, 1);
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE);
	WAIT_UNTIL(fired[0]);
	CHECK_EQUAL(fired[0], 1);
	test("a level: a handler that does not stop it is entered again until it does");
	keep = 9;
	arm(0);
	WAIT_UNTIL(fired[0] >= 10);
	CHECK_EQUAL(fired[0], 10);
}

static void test_tval(void)
{
	uint64_t before, left;

	test("the 32-bit view counts from now, in ticks of the counter");
	stop();
	before = physical();
	WRITE_REGISTER(cntp_tval_el0, 0x10000000);
	CHECK(READ_REGISTER(cntp_cval_el0) - 0x10000000 >= before);
	CHECK(READ_REGISTER(cntp_cval_el0) - 0x10000000 <= physical());
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE | CTL_IMASK);
	before = physical();
	left = READ_REGISTER(cntp_tval_el0);
	CHECK(left + before <= READ_REGISTER(cntp_cval_el0));
	CHECK(left + physical() >= READ_REGISTER(cntp_cval_el0));
	test("it is signed when written, and 32 bits when read");
	WRITE_REGISTER(cntp_tval_el0, (uint32_t)-1000);
	CHECK(READ_REGISTER(cntp_cval_el0) < physical());
	CHECK(READ_REGISTER(cntp_ctl_el0) & CTL_ISTATUS);
	left = READ_REGISTER(cntp_tval_el0);
	CHECK(left >> 31 == 1);
	test("armed through it, it fires");
	fired[0] = 0;
	deadline[0] = physical() + TICKS;
	WRITE_REGISTER(cntp_tval_el0, TICKS);
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE);
	WAIT_UNTIL(fired[0]);
	CHECK_EQUAL(early, 0);
}

static void test_masked(void)
{
	test("masked: the condition shows, no interrupt; unmasked, it comes");
	fired[0] = 0;
	WRITE_REGISTER(cntp_cval_el0, physical() + TICKS);
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE | CTL_IMASK);
	CHECK_EQUAL(READ_REGISTER(cntp_ctl_el0) & ~CTL_ISTATUS, CTL_ENABLE | CTL_IMASK);
	wait_condition();
	CHECK(!gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	CHECK_EQUAL(fired[0], 0);
	deadline[0] = 0;
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE);
	WAIT_UNTIL(fired[0]);
	CHECK_EQUAL(fired[0], 1);
	test("pending until the level goes: a new compare value, the mask and the end lower it");
	interrupts_off();
	arm(0);
	CHECK(gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	WRITE_REGISTER(cntp_cval_el0, ~0ull);
	CHECK(!gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	WRITE_REGISTER(cntp_cval_el0, 0);
	CHECK(gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE | CTL_IMASK);
	CHECK(!gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	WRITE_REGISTER(cntp_ctl_el0, CTL_ENABLE);
	CHECK(gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	gic_write(GIC_CLEAR_PENDING, PHYSICAL_PPI);
	CHECK(gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	stop();
	CHECK(!gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	interrupts_on();
	__asm__ volatile("isb");
	CHECK_EQUAL(fired[0], 0);
}

static void test_disabled(void)
{
	test("disabled at the controller: pending, nothing comes; enabled, it does");
	gic_disable(PHYSICAL_PPI);
	arm(0);
	CHECK(gic_test(GIC_SET_PENDING, PHYSICAL_PPI));
	CHECK_EQUAL(fired[0], 0);
	gic_enable(PHYSICAL_PPI, 0xa0);
	WAIT_UNTIL(fired[0]);
	CHECK_EQUAL(fired[0], 1);
}

static void test_both(void)
{
	test("both timers at once, each with its own interrupt");
	both = 0;
	arm(TICKS);
	timer_start(TICKS / 2);
	WAIT_UNTIL(both && fired[0]);
	CHECK_EQUAL(both, 1);
	CHECK_EQUAL(fired[0], 1);
	test("both count the same counter");
	uint64_t first = READ_REGISTER(cntvct_el0), between = physical(), last = counter();

	CHECK(first <= between && between <= last);
}

static void test_registers(void)
{
	test("registers read as written, and over exits; other bits of control are zero");
	stop();
	WRITE_REGISTER(cntp_cval_el0, 0x123456789abcdef0);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(READ_REGISTER(cntp_cval_el0), 0x123456789abcdef0);
	WRITE_REGISTER(cntp_ctl_el0, ~0ull);
	CHECK_EQUAL(READ_REGISTER(cntp_ctl_el0), CTL_ENABLE | CTL_IMASK);
	stop();
}

void second_main(uint64_t argument)
{
	(void)argument;
	gic_start_cpu(1);
	gic_enable(PHYSICAL_PPI, 0xa0);
	interrupts_on();
	arm(3 * TICKS);
	second_ready = true;
	WAIT_UNTIL(fired[1]);
	arm(0x100000000);
	second_done = true;
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

static void test_second(void)
{
	test("the timer of another vCPU is its own");
	WRITE_REGISTER(cntp_cval_el0, 42);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	while (!second_ready)
		__asm__ volatile("wfe");
	CHECK_EQUAL(READ_REGISTER(cntp_cval_el0), 42);
	CHECK_EQUAL(READ_REGISTER(cntp_ctl_el0) & CTL_ENABLE, 0);
	arm(TICKS);
	WAIT_UNTIL(fired[0]);
	while (!second_done)
		hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(fired[0], 1);
	CHECK_EQUAL(early, 0);
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) == 0)
		;
	test("a vCPU that is off has no timer");
	second_ready = second_done = false;
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	while (!second_done)
		hypercall(PSCI_VERSION, 0, 0, 0);
	arm(TICKS);
	WAIT_UNTIL(fired[0]);
	CHECK_EQUAL(fired[0], 1);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(TIMER_PPI, 0xa0);
	gic_enable(PHYSICAL_PPI, 0xa0);
	interrupts_on();
	test_registers();
	test_fires();
	test_tval();
	test_masked();
	test_disabled();
	test_both();
	test_second();
}
