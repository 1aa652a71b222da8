/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Self-hosted debug (Arm DDI 0487, D2): breakpoints, watchpoints and software step of EL1 and EL0
 * are taken by the guest, with no exit between; registers stay over exits and turns of other vCPUs,
 * which have their own.
 */
#include "guest.h"

#define MDE (1ull << 15)
#define KDE (1ull << 13)
#define SS (1ull << 0)
#define CONTROL_EL1 (1ull << 1)
#define CONTROL_EL0 (2ull << 1)
#define ENABLED 1ull
#define BYTES(bas) ((uint64_t)(bas) << 5)
#define LOADS (1ull << 3)
#define STORES (2ull << 3)
#define STATUS_SS (1ull << 21)
#define STATUS_D (1ull << 9)
#define EL0T 0x340ull /* A, I, F masked, not D; interrupts masked */
#define CLASS(syndrome) ((syndrome) >> 26)
#define CLASS_BREAKPOINT 0x30u /* from a lower level; + 1: from the same */
#define CLASS_STEP 0x32u
#define CLASS_WATCHPOINT 0x34u
#define CLASS_BRK 0x3cu
#define SAME 1u

static volatile uint64_t word;
static volatile uint32_t steps, wanted_steps, stopped;
static volatile uint64_t step_pc;
static volatile bool second_done;
static volatile uint64_t second_value[3];

void second_start(void);
extern const char marked[], el0_marked[], el0_store[], el0_loop[], stepped[];

__asm__(".balign 4\n"
	"run_marked: mov x0, #1\n"
	"marked: mov x0, #2\n\t"
	"ret\n"
	"el0_marked: mov x0, #2\n\t"
	"svc #0\n"
	"el0_store: str x0, [x0]\n\t"
	"mov x0, #7\n\t"
	"svc #0\n"
	"el0_loop: nop\n\tnop\n\tnop\n\tsvc #0\n"
	"run_brk: brk #5\n"
	"stepped: nop\n\tnop\n\thvc #0\n\tnop\n\tnop\n\tret\n");
uint64_t run_marked(void);
uint64_t run_brk(uint64_t function);

/* BRK begins to step, a step goes on until there were enough. */
bool guest_exception(uint64_t kind, struct frame *f)
{
	uint64_t class = CLASS(READ_REGISTER(esr_el1));

	(void)kind;
	if (class == CLASS_BRK && wanted_steps) {
		stopped++;
		WRITE_REGISTER(mdscr_el1, MDE | KDE | SS);
		f->pc += 4;
		f->status = (f->status | STATUS_SS) & ~STATUS_D;
		return true;
	}
	if ((class & ~SAME) != CLASS_STEP)
		return false;
	steps++;
	step_pc = f->pc;
	if (steps < wanted_steps) {
		f->status |= STATUS_SS;
	} else {
		WRITE_REGISTER(mdscr_el1, 0);
		wanted_steps = 0;
	}
	return true;
}

static void debug_on(void)
{
	__asm__ volatile("msr daifclr, #8" ::: "memory");
}

static void disarm(void)
{
	WRITE_REGISTER(dbgbcr0_el1, 0);
	WRITE_REGISTER(dbgbcr1_el1, 0);
	WRITE_REGISTER(dbgwcr0_el1, 0);
	WRITE_REGISTER(dbgwcr1_el1, 0);
}

/* Whether the lock holds exceptions back is the core's: QEMU 7.2 minds another bit. */
static void test_lock(void)
{
	test("the OS lock is on out of reset; when it is off, what was armed before is taken");
	CHECK_EQUAL(READ_REGISTER(oslsr_el1), 0xa);
	WRITE_REGISTER(dbgbvr0_el1, (uint64_t)marked);
	WRITE_REGISTER(dbgbcr0_el1, ENABLED | CONTROL_EL1 | BYTES(0xf));
	WRITE_REGISTER(mdscr_el1, MDE | KDE);
	WRITE_REGISTER(oslar_el1, 0);
	CHECK_EQUAL(READ_REGISTER(oslsr_el1), 0x8);
	CHECK_EQUAL(READ_REGISTER(dbgbvr0_el1), (uint64_t)marked);
	debug_on();
	trap_expect();
	CHECK_EQUAL(run_marked(), 1);
	CHECK_EQUAL(trap_last.count, 1);
	disarm();
}

static void test_breakpoint(void)
{
	test("a breakpoint at EL1");
	WRITE_REGISTER(dbgbvr1_el1, (uint64_t)marked);
	WRITE_REGISTER(dbgbcr1_el1, ENABLED | CONTROL_EL1 | BYTES(0xf));
	trap_expect();
	CHECK_EQUAL(run_marked(), 1); /* the marked instruction was skipped */
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_BREAKPOINT + SAME);
	CHECK_EQUAL(trap_last.pc, (uint64_t)marked);
	test("it stays over exits to services");
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	(void)read32(UART + 0xfe0);
	(void)read32(GICD + 4);
	CHECK_EQUAL(READ_REGISTER(dbgbvr1_el1), (uint64_t)marked);
	CHECK_EQUAL(READ_REGISTER(mdscr_el1) & (MDE | KDE), MDE | KDE);
	trap_expect();
	CHECK_EQUAL(run_marked(), 1);
	CHECK_EQUAL(trap_last.count, 1);
	test("masked by PSTATE.D, it is not taken");
	__asm__ volatile("msr daifset, #8" ::: "memory");
	trap_expect();
	CHECK_EQUAL(run_marked(), 2);
	CHECK_NO_TRAP();
	debug_on();
	disarm();
	test("a breakpoint at EL0");
	WRITE_REGISTER(dbgbvr0_el1, (uint64_t)el0_marked);
	WRITE_REGISTER(dbgbcr0_el1, ENABLED | CONTROL_EL0 | BYTES(0xf));
	trap_expect();
	CHECK_EQUAL(el0_run((uint64_t)el0_marked, EL0T, 9), 9);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_BREAKPOINT);
	disarm();
	debug_on();
}

static void test_watchpoint(void)
{
	test("a watchpoint at EL1: stores alone, and the address is told");
	WRITE_REGISTER(dbgwvr0_el1, (uint64_t)&word);
	WRITE_REGISTER(dbgwcr0_el1, ENABLED | CONTROL_EL1 | STORES | BYTES(0xff));
	word = 0;
	trap_expect();
	(void)word;
	CHECK_NO_TRAP();
	word = 5;
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_WATCHPOINT + SAME);
	CHECK_EQUAL(trap_last.address, (uint64_t)&word);
	test("a watchpoint of loads");
	WRITE_REGISTER(dbgwcr0_el1, ENABLED | CONTROL_EL1 | LOADS | BYTES(0xff));
	trap_expect();
	(void)word;
	CHECK_EQUAL(trap_last.count, 1);
	word = 0;
	CHECK_EQUAL(trap_last.count, 1);
	test("a watchpoint at EL0");
	WRITE_REGISTER(dbgwcr0_el1, ENABLED | CONTROL_EL0 | STORES | BYTES(0xff));
	trap_expect();
	word = 0;
	CHECK_NO_TRAP();
	CHECK_EQUAL(el0_run((uint64_t)el0_store, EL0T, (uint64_t)&word), 7);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_WATCHPOINT);
	CHECK_EQUAL(word, 0);
	disarm();
	debug_on();
}

static void test_brk(void)
{
	test("BRK, with nothing armed");
	trap_expect();
	(void)run_brk(PSCI_VERSION);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome, (uint64_t)CLASS_BRK << 26 | 1u << 25 | 5);
}

static void test_step(void)
{
	test("software step at EL1, over a call of the VMM too");
	steps = stopped = 0;
	wanted_steps = 5;
	CHECK(run_brk(PSCI_VERSION) >= 0x10000);
	CHECK_EQUAL(stopped, 1);
	CHECK_EQUAL(steps, 5);
	CHECK_EQUAL(step_pc, (uint64_t)stepped + 20);
	test("software step at EL0");
	steps = 0;
	wanted_steps = 3;
	WRITE_REGISTER(mdscr_el1, MDE | SS);
	(void)el0_run((uint64_t)el0_loop, EL0T | STATUS_SS, 0);
	CHECK_EQUAL(steps, 3);
	CHECK_EQUAL(step_pc, (uint64_t)el0_loop + 12);
	debug_on();
}

void second_main(uint64_t argument)
{
	(void)argument;
	second_value[0] = READ_REGISTER(dbgbvr0_el1);
	second_value[1] = READ_REGISTER(mdscr_el1);
	second_value[2] = READ_REGISTER(dbgwvr1_el1);
	WRITE_REGISTER(dbgbvr0_el1, 0x123450);
	WRITE_REGISTER(dbgwvr1_el1, 0x123458);
	WRITE_REGISTER(mdscr_el1, MDE);
	word = 3; /* what the other one watches */
	(void)hypercall(PSCI_VERSION, 0, 0, 0);
	uint64_t value = READ_REGISTER(dbgbvr0_el1);

	second_done = value == 0x123450;
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

static void test_second(void)
{
	test("another vCPU has its own registers, and is not watched");
	WRITE_REGISTER(dbgbvr0_el1, (uint64_t)marked);
	WRITE_REGISTER(dbgbcr0_el1, ENABLED | CONTROL_EL1 | BYTES(0xf));
	WRITE_REGISTER(dbgwvr1_el1, (uint64_t)&word);
	WRITE_REGISTER(dbgwcr1_el1, ENABLED | CONTROL_EL1 | STORES | BYTES(0xff));
	WRITE_REGISTER(mdscr_el1, MDE | KDE);
	trap_expect();
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) != 1)
		;
	CHECK(second_done);
	CHECK_EQUAL(word, 3);
	CHECK_EQUAL(second_value[0] | second_value[1] | second_value[2], 0);
	CHECK_NO_TRAP();
	test("and this one's are as they were");
	CHECK_EQUAL(READ_REGISTER(dbgbvr0_el1), (uint64_t)marked);
	CHECK_EQUAL(READ_REGISTER(dbgwvr1_el1), (uint64_t)&word);
	CHECK_EQUAL(READ_REGISTER(mdscr_el1) & (MDE | KDE), MDE | KDE);
	word = 4;
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(run_marked(), 1);
	CHECK_EQUAL(trap_last.count, 2);
	disarm();
	WRITE_REGISTER(mdscr_el1, 0);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test_lock();
	test_breakpoint();
	test_watchpoint();
	test_brk();
	test_step();
	test_second();
}
