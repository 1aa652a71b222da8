/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds a mark in every register of two vCPUs, for others to find (seeker.c), over each kind of
 * switch. */
#include "marks.h"
#include "tests/services/steer/steered.h"

static volatile bool second_up;

void second_start(void);

static _Noreturn void hold(void)
{
	gic_start_cpu((uint32_t)READ_REGISTER(mpidr_el1) & 0xff);
	gic_enable(TIMER_PPI, 0x80);
	gic_enable(1, 0x80);
	marks_set(MARK_HELD);
	for (uint32_t i = 0;; i++) {
		marks_switch(i % MARKS_SWITCHES == 3 ? 7 : i % MARKS_SWITCHES);
		if (marks_wrong() || marks_general_wrong())
			say("FAIL a mark is gone\n");
		if (READ_REGISTER(mpidr_el1) & 1)
			second_up = true;
		else
			*(volatile uint32_t *)STEERED_MAIL = 1;
	}
}

void second_main(uint64_t argument)
{
	(void)argument;
	hold();
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0);
	while (!second_up)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	say("marked: up\n");
	hold();
}
