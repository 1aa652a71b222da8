/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vector registers belong to one vCPU: two vCPUs fill all of theirs with patterns of their own and
 * look again after exits, waits and turns of the other. Services between them use theirs as well.
 */
#include "guest.h"

#define CPUS 2u
#define ROUNDS 200u

static struct fp_state wanted[CPUS], found[CPUS];
static volatile uint32_t rounds[CPUS], wrong[CPUS], wakes[CPUS];

void second_start(void);

void guest_interrupt(uint32_t id)
{
	(void)id;
	wakes[READ_REGISTER(mpidr_el1) & 0xff]++;
}

static void fill(struct fp_state *s, uint32_t cpu, uint32_t round)
{
	uint64_t value = (uint64_t)(cpu + 1) << 56 | (uint64_t)round << 24;

	for (uint32_t i = 0; i < 64; i++)
		s->q[i] = value | i << 8 | (~i & 0xff);
	/* All cumulative flags and QC by turns; rounding mode, flush to zero, default NaN. */
	s->fpsr = (round + cpu) & 1 ? 0x0800009f : 0x08000015;
	s->fpcr = (uint64_t)((round + cpu) & 3) << 22 | (uint64_t)((round >> cpu) & 3) << 24;
}

static bool same(const struct fp_state *a, const struct fp_state *b)
{
	uint64_t differ = (a->fpsr ^ b->fpsr) | (a->fpcr ^ b->fpcr);

	for (uint32_t i = 0; i < 64; i++)
		differ |= a->q[i] ^ b->q[i];
	return differ == 0;
}

static void look(uint32_t cpu)
{
	fp_store(&found[cpu]);
	if (!same(&found[cpu], &wanted[cpu]))
		wrong[cpu]++;
}

/* One round: an exit to the VMM, one to the device server, a wait in which the other runs. */
static void turn(uint32_t cpu, uint32_t round)
{
	fill(&wanted[cpu], cpu, round);
	fp_load(&wanted[cpu]);
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	look(cpu);
	(void)read32(UART + 0x18);
	look(cpu);
	gic_send(1, 1u << (1 - cpu));
	WAIT_UNTIL(rounds[1 - cpu] >= round);
	look(cpu);
	rounds[cpu] = round + 1;
	gic_send(1, 1u << (1 - cpu));
}

void second_main(uint64_t argument)
{
	gic_start_cpu((uint32_t)argument);
	gic_enable(1, 0xa0);
	interrupts_on();
	for (uint32_t i = 0; i < ROUNDS; i++)
		turn(1, i);
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

static void test_alone(void)
{
	test("all vector registers, FPSR and FPCR hold what is written");
	fill(&wanted[0], 0, 0x5a5a5a);
	fp_load(&wanted[0]);
	look(0);
	CHECK_EQUAL(wrong[0], 0);
	test("they survive 1000 exits to the VMM");
	for (uint32_t i = 0; i < 1000; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	look(0);
	CHECK_EQUAL(wrong[0], 0);
	test("they survive 1000 exits to a device server");
	for (uint32_t i = 0; i < 1000; i++) {
		write32(UART + 0x24, i);
		(void)read32(UART + 0x24);
	}
	look(0);
	CHECK_EQUAL(wrong[0], 0);
	test("they survive lines that the VMM prints, which its libc formats");
	say("fp: a line\n");
	look(0);
	CHECK_EQUAL(wrong[0], 0);
	test("an access that is refused and reported leaves them");
	trap_expect();
	(void)read32(0x0c000000);
	CHECK_ABORT(0x0c000000);
	look(0);
	CHECK_EQUAL(wrong[0], 0);
}

static void test_zero(void)
{
	static const struct fp_state zero;

	test("a new vCPU finds nothing of another's in its vector registers");
	fp_store(&found[0]);
	CHECK(same(&found[0], &zero));
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test_zero();
	test_alone();
	gic_start();
	gic_enable(1, 0xa0);
	interrupts_on();
	test("two vCPUs by turns, each with patterns of its own, 200 rounds");
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 1), 0);
	for (uint32_t i = 0; i < ROUNDS; i++)
		turn(0, i);
	WAIT_UNTIL(rounds[1] >= ROUNDS);
	CHECK_EQUAL(wrong[0], 0);
	CHECK_EQUAL(wrong[1], 0);
}
