/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Beside a guest or a service that attacks: its memory, its registers, its timer and its devices
 * must stay as they are, until it reads a character from its UART or finds one in its mail.
 */
#include "marks.h"
#include "tests/services/steer/steered.h"

#define MEMORY ((volatile uint64_t *)0x80400000)
#define WORDS 0x20000u /* 1 MiB */
#define PART 0x800u    /* looked at in a round */
#define MAIL ((volatile uint32_t *)STEERED_MAIL)
#define MARK 0x7b1du
#define PULSE 1000u /* ticks of the counter */

static volatile uint32_t ticks;

void guest_interrupt(uint32_t id)
{
	ticks += id == TIMER_PPI;
	timer_stop();
}

static uint64_t pattern(uint32_t i)
{
	return i * 0x9e3779b97f4a7c15ull ^ 0x5eed;
}

static bool told_to_end(void)
{
	return !(read32(UART + 0x18) & 0x10) || MAIL[0] != 0;
}

static uint32_t memory_wrong(uint32_t from)
{
	uint32_t wrong = 0;

	for (uint32_t i = from; i < from + PART; i++)
		wrong += MEMORY[i] != pattern(i);
	return wrong;
}

/* cntv_cval is a mark, but for the moments in which the timer is used. */
static void pulse(void)
{
	uint64_t compare = READ_REGISTER(cntv_cval_el0);
	uint64_t elr = READ_REGISTER(elr_el1), spsr = READ_REGISTER(spsr_el1);
	uint32_t before = ticks;

	WRITE_REGISTER(ICC_PMR, 0xff);
	timer_start(PULSE);
	WAIT_UNTIL(ticks != before);
	interrupts_off();
	WRITE_REGISTER(ICC_PMR, 0x50);
	WRITE_REGISTER(cntv_cval_el0, compare);
	WRITE_REGISTER(elr_el1, elr);
	WRITE_REGISTER(spsr_el1, spsr);
}

void guest_main(uint64_t tree)
{
	uint32_t rounds = 0, registers = 0, general = 0, memory = 0;

	(void)tree;
	for (uint32_t i = 0; i < WORDS; i++)
		MEMORY[i] = pattern(i);
	gic_start();
	gic_enable(TIMER_PPI, 0x80);
	marks_set(MARK);
	say("victim: up\n");
	do {
		pulse();
		registers += marks_wrong();
		general += marks_general_wrong();
		memory += memory_wrong(rounds * PART % WORDS);
		rounds++;
	} while (!told_to_end());
	for (uint32_t i = 0; i < WORDS; i += PART)
		memory += memory_wrong(i);
	test("registers, memory, timer and devices of the guest beside it stay its own");
	CHECK(rounds > 10);
	CHECK_EQUAL(registers, 0);
	CHECK_EQUAL(general, 0);
	CHECK_EQUAL(memory, 0);
	say_number(rounds);
	say(" rounds\n");
}
