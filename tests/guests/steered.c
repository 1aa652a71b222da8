/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steered from outside (tests/services/steer): it waits for an interrupt that no device of its
 * raises, finds what was written into its memory meanwhile, answers there, and never turns itself
 * off.
 */
#include "guest.h"
#include "tests/services/steer/steered.h"

#define MAIL ((volatile uint32_t *)STEERED_MAIL)

static volatile uint32_t taken;

void guest_interrupt(uint32_t id)
{
	taken = id;
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(STEERED_IRQ, 0x80);
	gic_edge(STEERED_IRQ, true);
	MAIL[1] = STEERED_READY;
	test("an interrupt from outside comes");
	WAIT_UNTIL(taken);
	CHECK_EQUAL(taken, STEERED_IRQ);
	test("with what was written before");
	CHECK_EQUAL(MAIL[0], STEERED_WORD);
	MAIL[1] = ~MAIL[0];
	test("then it is turned off");
	for (;;)
		wait_for_interrupt();
}
