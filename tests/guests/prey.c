/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM whose VMM and devices others may call: it uses them, and ends when it is ended. */
#include "guest.h"

void guest_interrupt(uint32_t id)
{
	(void)id;
	timer_stop();
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(TIMER_PPI, 0x80);
	interrupts_on();
	for (;;) {
		write32(UART, '.');
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
		timer_start(60000);
		wait_for_interrupt();
	}
}
