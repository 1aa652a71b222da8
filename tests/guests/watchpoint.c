/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack: debug registers are the core's, so a guest that arms a watchpoint or breakpoint at the
 * addresses of services would stop them at its next exit. It must not be able to. Who runs this
 * sees whether every service lived.
 */
#include "guest.h"

#define SERVICES 0x10000000ull /* where services are linked */
#define STACKS 0x0ff00000ull
#define WATCH_EL0 0x1ff5ull /* every byte, loads and stores, EL0, both worlds, enabled */
#define WATCH_MASK(bits) ((uint64_t)(bits) << 24)
#define BREAK_EL0 0x1e5ull
#define MDSCR_MDE (1ull << 15)
#define MDSCR_KDE (1ull << 13)
#define MDSCR_SS (1ull << 0)

/* An access either does nothing or is undefined: both are refusals. */
#define ATTEMPT(name, value)                                                  \
	do {                                                                  \
		trap_expect();                                                \
		WRITE_REGISTER(name, value);                                  \
		CHECK(trap_last.count == 0 || trap_last.syndrome >> 26 == 0); \
	} while (0)

/* Registers beyond the two that there are are undefined, or read as zero. */
#define ATTEMPT_ALL(n, address)                                       \
	do {                                                          \
		ATTEMPT(dbgwvr##n##_el1, address);                    \
		ATTEMPT(dbgwcr##n##_el1, WATCH_EL0 | WATCH_MASK(31)); \
		ATTEMPT(dbgbvr##n##_el1, address);                    \
		ATTEMPT(dbgbcr##n##_el1, BREAK_EL0);                  \
	} while (0)

static void exits(void)
{
	for (int i = 0; i < 100; i++) {
		CHECK(hypercall(PSCI_VERSION, 0, 0, 0) >= 0x10000);
		CHECK_EQUAL(read32(UART + 0xfe0), 0x11);
		write32(UART + 0x24, (uint32_t)i);
		CHECK_EQUAL(read32(UART + 0x24), i);
		(void)read32(GICD + 4);
	}
	say("watchpoint: the VMM prints\n");
}

static void arm(uint64_t address)
{
	ATTEMPT(oslar_el1, 0);
	ATTEMPT(osdlr_el1, 0);
	ATTEMPT_ALL(0, address);
	ATTEMPT_ALL(1, address);
	ATTEMPT_ALL(2, address);
	ATTEMPT_ALL(3, address);
	ATTEMPT_ALL(4, address);
	ATTEMPT_ALL(5, address);
	ATTEMPT(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	__asm__ volatile("msr daifclr, #8" ::: "memory"); /* debug exceptions */
}

static void test_read_back(void)
{
	test("nothing of it is in the registers that exist");
	trap_expect();
	CHECK_EQUAL(READ_REGISTER(dbgwcr0_el1), 0);
	CHECK_EQUAL(READ_REGISTER(dbgwvr0_el1), 0);
	CHECK_EQUAL(READ_REGISTER(dbgbcr1_el1), 0);
	CHECK_EQUAL(READ_REGISTER(dbgbvr1_el1), 0);
}

static void test_own(void)
{
	static volatile uint64_t word;

	test("what the guest arms at itself does not fire either");
	ATTEMPT(dbgwvr0_el1, (uint64_t)&word);
	ATTEMPT(dbgwcr0_el1, WATCH_EL0 | 6);
	trap_expect();
	word = 1;
	CHECK_EQUAL(word, 1);
	CHECK_NO_TRAP();
}

static void test_performance(void)
{
	test("performance counters are not there: undefined");
	trap_expect();
	WRITE_REGISTER(pmcr_el0, 7);
	CHECK_UNDEFINED();
	trap_expect();
	(void)READ_REGISTER(pmccntr_el0);
	CHECK_UNDEFINED();
	trap_expect();
	WRITE_REGISTER(pmuserenr_el0, 15);
	CHECK_UNDEFINED();
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("breakpoints and watchpoints over services' code and data: services live on");
	arm(SERVICES);
	exits();
	test("breakpoints and watchpoints over services' stacks: services live on");
	arm(STACKS);
	exits();
	test("single step of the debug controller: services and guest live on");
	ATTEMPT(mdscr_el1, MDSCR_MDE | MDSCR_KDE | MDSCR_SS);
	exits();
	ATTEMPT(mdscr_el1, 0);
	test_read_back();
	test_own();
	test_performance();
}
