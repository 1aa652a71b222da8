/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Performance monitors (Arm DDI 0487, D11): counters of a vCPU count for it, keep their values over
 * exits and turns of other vCPUs, and are its own. Software increments (event 0) are exact in every
 * machine.
 */
#include "guest.h"

#define PMCR_E 1ull
#define PMCR_P 2ull
#define PMCR_C 4ull
#define PMCR_LC (1ull << 6)
#define CYCLES (1ull << 31)
#define CLASS(syndrome) ((syndrome) >> 26)
#define CLASS_TRAPPED 0x18u
#define EL0T 0x3c0ull
#define MONITOR_PPI 23u
#define SECOND_ENABLE (GICR + 0x20000 + 0x10100) /* GICR_ISENABLER0 of the second vCPU */

static volatile uint64_t seen[4];
static volatile bool second_done, second_waits;
static volatile uint32_t overflows[2], left_set; /* interrupts that do not clear the flags */
static volatile bool hold; /* the first one's stays active until the second has had three */

void second_start(void);
extern const char el0_read[];
__asm__(".balign 4\n"
	"el0_read: mrs x0, pmccntr_el0\n\t"
	"svc #0\n");

void guest_interrupt(uint32_t id)
{
	const uint64_t cpu = READ_REGISTER(mpidr_el1) & 1;

	CHECK_EQUAL(id, MONITOR_PPI);
	CHECK(READ_REGISTER(pmovsset_el0) & READ_REGISTER(pmintenset_el1));
	while (hold && cpu == 0 && overflows[1] < 3)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	if (left_set == 0)
		WRITE_REGISTER(pmovsclr_el0, ~0u);
	else
		left_set--;
	overflows[cpu]++;
}

static uint64_t counters(void)
{
	return READ_REGISTER(pmcr_el0) >> 11 & 31;
}

static void increment(uint64_t mask)
{
	WRITE_REGISTER(pmswinc_el0, mask);
}

static void test_present(void)
{
	uint64_t version = READ_REGISTER(id_aa64dfr0_el1) >> 8 & 15;

	test("version and number of counters are told");
	CHECK(version >= 1 && version <= 6);
	CHECK(counters() >= 1);
	trap_expect();
	(void)READ_REGISTER(pmceid0_el0);
	(void)READ_REGISTER(pmceid1_el0);
	CHECK_NO_TRAP();
}

static void test_events(void)
{
	test("an event counter counts, while it and all are enabled");
	WRITE_REGISTER(pmcr_el0, PMCR_E | PMCR_P | PMCR_C | PMCR_LC);
	WRITE_REGISTER(pmcntenclr_el0, ~0u);
	WRITE_REGISTER(pmevtyper0_el0, 0);
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 0);
	increment(1);
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 0);
	WRITE_REGISTER(pmcntenset_el0, 1);
	increment(1);
	increment(1);
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 2);
	WRITE_REGISTER(pmcr_el0, PMCR_LC);
	increment(1);
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 2);
	WRITE_REGISTER(pmcr_el0, PMCR_E | PMCR_LC);

	test("the last one, through the selector");
	WRITE_REGISTER(pmselr_el0, counters() - 1);
	WRITE_REGISTER(pmxevtyper_el0, 0);
	WRITE_REGISTER(pmxevcntr_el0, 40);
	WRITE_REGISTER(pmcntenset_el0, 1ull << (counters() - 1));
	increment(1ull << (counters() - 1));
	CHECK_EQUAL(READ_REGISTER(pmxevcntr_el0), 41);

	test("an overflow is noted, and cleared by writing it");
	WRITE_REGISTER(pmovsclr_el0, ~0u);
	WRITE_REGISTER(pmevcntr0_el0, 0xffffffff);
	increment(1);
	CHECK_EQUAL((uint32_t)READ_REGISTER(pmevcntr0_el0), 0); /* 64 bits from Armv8.5 on */
	CHECK_EQUAL(READ_REGISTER(pmovsset_el0), 1);
	WRITE_REGISTER(pmovsclr_el0, 1);
	CHECK_EQUAL(READ_REGISTER(pmovsset_el0), 0);
}

static void test_cycles(void)
{
	uint64_t before, after;

	test("the cycle counter goes on, and stands when it is off");
	WRITE_REGISTER(pmccfiltr_el0, 0);
	WRITE_REGISTER(pmcntenset_el0, CYCLES);
	before = READ_REGISTER(pmccntr_el0);
	do
		after = READ_REGISTER(pmccntr_el0);
	while (after == before);
	CHECK(after > before);
	WRITE_REGISTER(pmcntenclr_el0, CYCLES);
	before = READ_REGISTER(pmccntr_el0);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(READ_REGISTER(pmccntr_el0), before);
}

static void test_exits(void)
{
	test("all of it stays over exits");
	WRITE_REGISTER(pmevcntr0_el0, 1000);
	WRITE_REGISTER(pmintenset_el1, 2);
	WRITE_REGISTER(pmovsset_el0, 4);
	for (int i = 0; i < 100; i++) {
		increment(1);
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
		(void)read32(UART + 0xfe0);
	}
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 1100);
	CHECK_EQUAL(READ_REGISTER(pmcr_el0) & 0x47, PMCR_E | PMCR_LC);
	CHECK_EQUAL(READ_REGISTER(pmintenset_el1), 2);
	CHECK_EQUAL(READ_REGISTER(pmovsclr_el0), 4);
	CHECK_EQUAL(READ_REGISTER(pmselr_el0), counters() - 1);
}

/* Counter 0 wraps. */
static void overflow(void)
{
	WRITE_REGISTER(pmevtyper0_el0, 0);
	WRITE_REGISTER(pmevcntr0_el0, 0xffffffff);
	increment(1);
}

static void monitors_interrupt(uint32_t cpu)
{
	gic_start_cpu(cpu);
	gic_enable(MONITOR_PPI, 0x80);
	WRITE_REGISTER(pmovsclr_el0, ~0u);
	WRITE_REGISTER(pmintenclr_el1, ~0u);
	WRITE_REGISTER(pmcntenset_el0, 1);
	WRITE_REGISTER(pmcr_el0, PMCR_E | PMCR_LC);
	interrupts_on();
}

static void test_interrupts(void)
{
	gic_start();
	monitors_interrupt(0);
	test("an overflow interrupts if it is enabled, once");
	overflow();
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(overflows[0], 0);
	WRITE_REGISTER(pmovsclr_el0, 1);
	WRITE_REGISTER(pmintenset_el1, 1);
	for (uint32_t i = 1; i <= 10; i++) {
		overflow();
		WAIT_UNTIL(overflows[0] == i);
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
		CHECK_EQUAL(overflows[0], i);
	}
	test("it is a level: again until the flag is clear");
	left_set = 2;
	overflow();
	WAIT_UNTIL(overflows[0] == 13);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(overflows[0], 13);
	test("low while PMCR_EL0.E is 0");
	WRITE_REGISTER(pmcr_el0, PMCR_LC);
	WRITE_REGISTER(pmovsset_el0, 1);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(overflows[0], 13);
	WRITE_REGISTER(pmcr_el0, PMCR_E | PMCR_LC);
	WRITE_REGISTER(pmintenset_el1, 1); /* when QEMU looks again */
	WAIT_UNTIL(overflows[0] == 14);
	test("disabled at the redistributor it is pending while it is high");
	gic_disable(MONITOR_PPI);
	overflow();
	CHECK(gic_test(GIC_SET_PENDING, MONITOR_PPI));
	WRITE_REGISTER(pmovsclr_el0, 1);
	CHECK(!gic_test(GIC_SET_PENDING, MONITOR_PPI));
	gic_enable(MONITOR_PPI, 0x80);
	CHECK_EQUAL(overflows[0], 14);
	gic_disable(MONITOR_PPI);
	overflow();
	gic_enable(MONITOR_PPI, 0x80);
	WAIT_UNTIL(overflows[0] == 15);
	test("the cycle counter's comes in time, while others run, too");
	WRITE_REGISTER(pmintenset_el1, CYCLES);
	WRITE_REGISTER(pmcntenset_el0, CYCLES);
	for (uint32_t i = 16; i < 20; i++) {
		WRITE_REGISTER(pmccntr_el0, -1000000ull);
		while (overflows[0] < i)
			(void)hypercall(PSCI_VERSION, 0, 0, 0);
		CHECK_EQUAL(overflows[0], i);
	}
	WRITE_REGISTER(pmcntenclr_el0, CYCLES);
	WRITE_REGISTER(pmintenclr_el1, ~0u);
	interrupts_off();
}

static void test_el0(void)
{
	test("EL0 reads the counter where PMUSERENR_EL0 says so, else EL1 is told");
	WRITE_REGISTER(pmccntr_el0, 0x123456789a);
	WRITE_REGISTER(pmuserenr_el0, 0);
	trap_expect();
	CHECK_EQUAL(el0_run((uint64_t)el0_read, EL0T, 9), 9);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_TRAPPED);
	WRITE_REGISTER(pmuserenr_el0, 1);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	trap_expect();
	CHECK_EQUAL(el0_run((uint64_t)el0_read, EL0T, 9), 0x123456789a);
	CHECK_NO_TRAP();
}

void second_main(uint64_t argument)
{
	(void)argument;
	seen[0] = READ_REGISTER(pmevcntr0_el0);
	seen[1] = READ_REGISTER(pmccntr_el0);
	seen[2] = READ_REGISTER(pmcr_el0) & 1;
	seen[3] = READ_REGISTER(pmintenset_el1) | READ_REGISTER(pmovsset_el0) |
		  READ_REGISTER(pmuserenr_el0);
	WRITE_REGISTER(pmevtyper0_el0, 0);
	WRITE_REGISTER(pmevcntr0_el0, 7);
	WRITE_REGISTER(pmcntenset_el0, 1);
	WRITE_REGISTER(pmcr_el0, PMCR_E);
	increment(1);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	uint64_t value = READ_REGISTER(pmevcntr0_el0);

	monitors_interrupt(1);
	WRITE_REGISTER(pmintenset_el1, 1);
	for (uint32_t i = 1; i <= 3; i++) {
		overflow();
		WAIT_UNTIL(overflows[1] == i);
	}
	interrupts_off();
	gic_disable(MONITOR_PPI);
	overflow();
	second_waits = true;
	wait_for_interrupt();
	interrupts_on();
	WAIT_UNTIL(overflows[1] == 4);
	second_done = value == 8;
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

static void test_second(void)
{
	test("another vCPU has its own");
	WRITE_REGISTER(pmintenset_el1, 1);
	WRITE_REGISTER(pmevcntr0_el0, 0xffffffff);
	hold = true;
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	interrupts_on();
	increment(1);
	WAIT_UNTIL(second_waits);
	test("enabled by this one, it ends the other's wait");
	for (int i = 0; i < 100; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	write32(SECOND_ENABLE, 1u << MONITOR_PPI);
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) != 1)
		;
	CHECK_EQUAL(overflows[0], 20);
	CHECK_EQUAL(overflows[1], 4);
	interrupts_off();
	WRITE_REGISTER(pmevcntr0_el0, 1100);
	CHECK(second_done);
	CHECK_EQUAL(seen[0] | seen[1] | seen[2] | seen[3], 0);
	test("and this one's is as it was");
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 1100);
	increment(1);
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 1101);
	CHECK_EQUAL(READ_REGISTER(pmccntr_el0), 0x123456789a);
	WRITE_REGISTER(pmcr_el0, 0);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(READ_REGISTER(pmevcntr0_el0), 1101);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test_present();
	test_events();
	test_cycles();
	test_interrupts();
	test_exits();
	test_el0();
	test_second();
}
