/* SPDX-License-Identifier: BSD-2-Clause */
/* Two vCPUs of one VM on one core: PSCI, interrupts between them, each runs while the other waits.
 */
#include "guest.h"

#define SUCCESS 0ull
#define INVALID_PARAMETERS ((uint64_t)-2)
#define ALREADY_ON ((uint64_t)-4)
#define INVALID_ADDRESS ((uint64_t)-9)
#define ON 0ull
#define OFF 1ull
#define CONTEXT 0xfeedfacecafe0001ull

enum job { JOB_COUNT, JOB_PING, JOB_SPIN, JOB_TIMERS };
static volatile enum job job;
static volatile uint64_t context, identity, state;
static volatile uint32_t counted[2], pings[2], timers[2], started;
static volatile bool stop;

void second_start(void);

static uint32_t self(void)
{
	return (uint32_t)READ_REGISTER(mpidr_el1) & 0xff;
}

void guest_interrupt(uint32_t id)
{
	if (id == TIMER_PPI) {
		timer_stop();
		timers[self()]++;
	} else if (id < 16) {
		pings[self()]++;
	}
}

static void count_timers(uint32_t number)
{
	uint32_t until = timers[self()] + number;

	while (timers[self()] < until) {
		uint32_t before = timers[self()];

		timer_start(3000);
		WAIT_UNTIL(timers[self()] != before);
	}
}

void second_main(uint64_t argument)
{
	context = argument;
	identity = READ_REGISTER(mpidr_el1);
	state = READ_REGISTER(sctlr_el1) & 0x1005;
	gic_start_cpu(1);
	gic_enable(1, 0xa0);
	gic_enable(TIMER_PPI, 0xa0);
	interrupts_on();
	started++;
	switch (job) {
	case JOB_COUNT:
		while (!stop)
			counted[1]++;
		break;
	case JOB_PING:
		for (uint32_t i = 0; i < 1000; i++) {
			WAIT_UNTIL(pings[1] > i);
			gic_send(1, 1);
		}
		break;
	case JOB_SPIN:
		while (!stop)
			;
		break;
	case JOB_TIMERS:
		count_timers(100);
		break;
	}
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

static uint64_t turn_on(enum job what)
{
	job = what;
	stop = false;
	pings[0] = pings[1] = timers[0] = timers[1] = counted[1] = 0;
	return hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, CONTEXT);
}

static void await_off(void)
{
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) != OFF)
		;
}

static void test_errors(void)
{
	test("CPU_ON refuses a vCPU that is not there, one that is on, an entry outside memory");
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 2, (uint64_t)second_start, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 0x100, (uint64_t)second_start, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, ~0ull, (uint64_t)second_start, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 0, (uint64_t)second_start, 0), ALREADY_ON);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, 0x0c000000, 0), INVALID_ADDRESS);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, UART, 0), INVALID_ADDRESS);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, ~3ull, 0), INVALID_ADDRESS);
	CHECK_EQUAL(hypercall(PSCI_AFFINITY_INFO, 1, 0, 0), OFF);
	CHECK_EQUAL(hypercall(PSCI_AFFINITY_INFO, 0, 0, 0), ON);
	CHECK_EQUAL(hypercall(PSCI_AFFINITY_INFO, 2, 0, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(started, 0);
}

static void test_on(void)
{
	test("a vCPU turned on starts at its entry with its context, translation off");
	CHECK_EQUAL(turn_on(JOB_COUNT), SUCCESS);
	while (started < 1)
		;
	CHECK_EQUAL(context, CONTEXT);
	CHECK_EQUAL(identity & 0xffffff, 1);
	CHECK_EQUAL(state, 0);
	CHECK_EQUAL(hypercall(PSCI_AFFINITY_INFO, 1, 0, 0), ON);
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), ALREADY_ON);
	test("both run while neither waits");
	for (int turns = 0; turns < 10; turns++) {
		uint32_t before = counted[1];

		while (counted[1] == before)
			counted[0]++;
	}
	CHECK(counted[0] > 0);
	stop = true;
	test("it turns itself off, and AFFINITY_INFO says so");
	await_off();
	test("and on again");
	CHECK_EQUAL(turn_on(JOB_SPIN), SUCCESS);
	while (started < 2)
		;
	test("one that spins leaves the other its timer and its turns");
	count_timers(20);
	CHECK_EQUAL(timers[0], 20);
	stop = true;
	await_off();
}

static void test_between(void)
{
	test("1000 interrupts each way, none lost");
	CHECK_EQUAL(turn_on(JOB_PING), SUCCESS);
	while (started < 3)
		;
	for (uint32_t i = 0; i < 1000; i++) {
		gic_send(1, 2);
		WAIT_UNTIL(pings[0] > i);
	}
	CHECK_EQUAL(pings[0], 1000);
	CHECK_EQUAL(pings[1], 1000);
	await_off();
	test("each has a timer of its own, and both wait");
	CHECK_EQUAL(turn_on(JOB_TIMERS), SUCCESS);
	while (started < 4)
		;
	count_timers(100);
	await_off();
	CHECK_EQUAL(timers[0], 100);
	CHECK_EQUAL(timers[1], 100);
}

static void test_many(void)
{
	test("on and off 50 times");
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t before = started;

		CHECK_EQUAL(turn_on(JOB_COUNT), SUCCESS);
		while (started == before)
			;
		stop = true;
		await_off();
	}
	CHECK_EQUAL(started, 54);
	test("a redistributor of its own for each, and both are described");
	CHECK_EQUAL(read64(GICR + 8) >> 32, 0);
	CHECK_EQUAL(read64(GICR + 8) >> 4 & 1, 0);
	CHECK_EQUAL(read64(GICR + GICR_STRIDE + 8) >> 32, 1);
	CHECK_EQUAL(read64(GICR + GICR_STRIDE + 8) >> 4 & 1, 1);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(1, 0xa0);
	gic_enable(TIMER_PPI, 0xa0);
	interrupts_on();
	test_errors();
	test_on();
	test_between();
	test_many();
}
