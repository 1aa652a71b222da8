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

/* Registers beyond those that there are are undefined. */
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

/* Services have no use of counters: they must not be able to tell. */
static void test_counters(void)
{
	test("counters of EL0, EL2 and all, and of user level: services live on");
	ATTEMPT(pmccfiltr_el0, 1u << 27);
	ATTEMPT(pmcntenset_el0, ~0u);
	ATTEMPT(pmintenset_el1, ~0u);
	ATTEMPT(pmuserenr_el0, 15);
	ATTEMPT(pmcr_el0, 1);
	ATTEMPT(pmccntr_el0, ~0ull - 100);
	exits();
	ATTEMPT(pmcr_el0, 0);
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
	__asm__ volatile("msr daifset, #8" ::: "memory"); /* not of this guest itself */
	ATTEMPT(mdscr_el1, MDSCR_MDE | MDSCR_KDE | MDSCR_SS);
	exits();
	ATTEMPT(mdscr_el1, 0);
	test_counters();
}
