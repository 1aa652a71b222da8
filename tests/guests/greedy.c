/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that wants the core for itself: in each phase (phases.h) it does something else that
 * keeps the kernel or services busy. What the guest beside it (share.c) gets done shows the rest.
 */
#include "guest.h"
#include "phases.h"

#define PHYSICAL_PPI 30u
#define STORM_SGI 1u
#define SMCCC_WORKAROUND 0x80008000u
#define PSCI_FEATURES 0x8400000au
#define MUTE 0x0b000000ull /* a device whose server never answers */
#define UART_DATA (UART + 0x00)
#define UART_FLAGS (UART + 0x18)
#define UART_CONTROL (UART + 0x30)
#define UART_MASK (UART + 0x38)
#define UART_TRANSMIT (1u << 5)

static volatile uint32_t phase;

enum { CALM, EXITS, DEVICE, CALLS, SGIS, TIMER, LINE, PHYSICAL, SLEEPS, CONSOLE, SILENCE };

static uint64_t phase_end(void)
{
	return PHASE_START + (phase + 1) * (uint64_t)PHASE_TICKS;
}

/* Each interrupt brings the next, until the phase ends: main need not get anywhere before. */
void guest_interrupt(uint32_t id)
{
	bool on = counter() < phase_end();

	if (id == STORM_SGI && on)
		gic_send(STORM_SGI, 1);
	else if (id == TIMER_PPI && on && (phase == TIMER || phase == SLEEPS))
		WRITE_REGISTER(cntv_cval_el0, counter() + (phase == SLEEPS ? 600 : 0));
	else if (id == TIMER_PPI)
		timer_stop();
	else if (id == PHYSICAL_PPI && on)
		WRITE_REGISTER(cntp_cval_el0, counter() + 60);
	else if (id == PHYSICAL_PPI)
		WRITE_REGISTER(cntp_ctl_el0, 0);
	else if (id == UART_IRQ && !on)
		write32(UART_MASK, 0);
}

static void begin(void)
{
	if (phase == SGIS) {
		gic_send(STORM_SGI, 1);
	} else if (phase == TIMER || phase == SLEEPS) {
		timer_start(0);
	} else if (phase == LINE) {
		write32(UART_MASK, UART_TRANSMIT); /* room there always is: the line stays up */
	} else if (phase == PHYSICAL) {
		WRITE_REGISTER(cntp_cval_el0, counter());
		WRITE_REGISTER(cntp_ctl_el0, 1);
	}
}

static void go_on(void)
{
	switch (phase) {
	case EXITS:
		(void)hypercall(PSCI_FEATURES, PSCI_VERSION, 0, 0);
		break;
	case DEVICE:
		(void)read32(UART_FLAGS);
		break;
	case CALLS:
		(void)hypercall(SMCCC_WORKAROUND, 0, 0, 0);
		break;
	case SLEEPS:
		wait_for_interrupt();
		break;
	case CONSOLE:
		write32(UART_DATA, '.');
		break;
	case SILENCE:
		(void)read32(MUTE); /* for ever */
		break;
	default:
		phase_work();
	}
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	gic_enable(STORM_SGI, 0x80);
	gic_enable(TIMER_PPI, 0x80);
	gic_enable(PHYSICAL_PPI, 0x80);
	gic_enable(UART_IRQ, 0x80);
	write32(UART_CONTROL, 0x301); /* on, transmits, receives */
	interrupts_on();
	timer_start(PHASE_START - counter());
	WAIT_UNTIL(counter() >= PHASE_START);
	for (; phase <= SILENCE; phase++) {
		begin();
		while (counter() < phase_end())
			go_on();
	}
}
