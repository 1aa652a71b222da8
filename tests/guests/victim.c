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
		marks_switch(rounds % MARKS_SWITCHES == 3 ? 7 : rounds % MARKS_SWITCHES);
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
