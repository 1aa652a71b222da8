/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for what others left (marked.c, beside it): in the registers of two new vCPUs, of which the
 * second must not see the first one's either, and in those it has marked itself, after each kind of
 * switch. Begins when a character comes to its UART. Then it looks for memory that is not its own.
 */
#include "marks.h"

#define ROUNDS 200u
#define MARK_FIRST 0x5e01u
#define MARK_SECOND 0x5e02u
#define RAM 0x80000000ull
#define RAM_END 0x81000000ull
#define GIB (1ull << 30)
#define BLOCK 0x200000ull

static volatile uint32_t second_fresh, second_wrong;

void second_start(void);

static uint32_t keep(uint16_t mark)
{
	uint32_t wrong = 0;

	gic_start_cpu((uint32_t)READ_REGISTER(mpidr_el1) & 0xff);
	gic_enable(TIMER_PPI, 0x80);
	gic_enable(1, 0x80);
	marks_set(mark);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		marks_switch(i % MARKS_SWITCHES);
		wrong += marks_wrong() + marks_general_wrong();
	}
	return wrong;
}

void second_main(uint64_t argument)
{
	(void)argument;
	second_fresh = marks_fresh(MARK_HELD);
	second_fresh += marks_fresh(MARK_FIRST);
	second_wrong = keep(MARK_SECOND);
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

/* How many of these addresses can be read; what AT says of one is what the guest's tables say. */
static uint32_t readable(uint64_t from, uint64_t to, uint64_t step)
{
	uint32_t count = 0;

	for (uint64_t at = from; at < to; at += step) {
		if (at >= RAM && at < RAM_END)
			continue;
		trap_expect();
		(void)read8(at);
		count += trap_last.count == 0;
		__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(at) : "memory");
		count += (READ_REGISTER(par_el1) & 0xfffffffff000ull) != at;
	}
	return count;
}

/* Encodings of EL2's own, as instructions: each is undefined. */
#define OF_EL2(each)                                                                             \
	each("at s12e1r, x0") each("at s12e0r, x0") each("at s1e2r, x0") each("tlbi alle2")      \
	    each("tlbi ipas2e1, x0") each("tlbi vmalls12e1") each("mrs x0, vttbr_el2")           \
		each("mrs x0, hcr_el2") each("mrs x0, ttbr0_el2") each("mrs x0, vbar_el2")       \
		    each("mrs x0, elr_el2") each("mrs x0, spsr_el2") each("mrs x0, esr_el2")     \
			each("mrs x0, far_el2") each("mrs x0, hpfar_el2") each("mrs x0, sp_el1") \
			    each("mrs x0, tpidr_el2") each("mrs x0, mdcr_el2")                   \
				each("mrs x0, cnthp_cval_el2") each("mrs x0, S3_4_C12_C12_0")    \
				    each("mrs x0, S3_4_C12_C11_7") each("mrs x0, S3_4_C12_C8_0") \
					each("msr vttbr_el2, x0") each("msr hcr_el2, x0")

static void test_el2(void)
{
	test("registers and translations of EL2 are undefined");
#define TRY(instruction)                                                   \
	trap_expect();                                                     \
	__asm__ volatile("mov x0, #0\n\t" instruction ::: "x0", "memory"); \
	CHECK_UNDEFINED();
	OF_EL2(TRY)
}

void guest_main(uint64_t tree)
{
	uint32_t fresh, wrong;

	(void)tree;
	while (read32(UART + 0x18) &
	       0x10) /* only exits to a device server, so that all stays as it was */
		;
	fresh = marks_fresh(MARK_HELD);
	test("a new vCPU has nothing of another VM in its registers");
	CHECK_EQUAL(fresh, 0);
	test("a second vCPU has nothing of the first");
	gic_start();
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	wrong = keep(MARK_FIRST);
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) != 1)
		;
	CHECK_EQUAL(second_fresh, 0);
	test("after each kind of switch, registers are the vCPU's own");
	CHECK_EQUAL(wrong, 0);
	CHECK_EQUAL(second_wrong, 0);
	test("no memory but its own: what is the machine's RAM, and a byte of each GiB");
	CHECK_EQUAL(readable(GIB, 2 * GIB, BLOCK), 0);
	CHECK_EQUAL(readable(2 * GIB, 1024 * GIB, GIB), 0);
	test_el2();
}
