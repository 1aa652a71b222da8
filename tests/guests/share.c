/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that only works, and says how much it got done in each phase (phases.h): loops, each with
 * a load of its UART, which is answered by a server that others may call, too.
 */
#include "guest.h"
#include "phases.h"

static uint64_t work_until(uint64_t end)
{
	uint64_t work = 0;

	for (; counter() < end; work++) {
		phase_work();
		(void)read32(UART + 0x18);
	}
	return work;
}

/* The number behind `phases=` on the command line, wherever that is in the tree. */
static uint32_t phases_of(const char *tree)
{
	static const char key[] = "phases=";
	uint32_t i = 0, n = 0;

	for (; i < sizeof(key) - 1; tree++)
		i = *tree == key[i] ? i + 1 : 0;
	for (; *tree >= '0' && *tree <= '9'; tree++)
		n = n * 10 + (uint32_t)(*tree - '0');
	return n;
}

void guest_interrupt(uint32_t id)
{
	(void)id;
	timer_stop();
}

static void sleep_until(uint64_t at)
{
	gic_start();
	gic_enable(TIMER_PPI, 0x80);
	timer_start(at - counter());
	WAIT_UNTIL(counter() >= at);
}

void guest_main(uint64_t tree)
{
	uint64_t work[PHASES];
	uint32_t phases = phases_of((const char *)tree);

	test("it has started before the first phase");
	CHECK(counter() < PHASE_START && phases <= PHASES);
	sleep_until(PHASE_START);
	for (uint32_t i = 0; i < phases; i++) {
		uint64_t start = PHASE_START + i * (uint64_t)PHASE_TICKS;

		(void)work_until(start + PHASE_MARGIN);
		work[i] = work_until(start + PHASE_TICKS);
	}
	for (uint32_t i = 0; i < phases; i++) {
		say("work ");
		say_number(i);
		say(" ");
		say_number(work[i]);
		say("\n");
	}
}
