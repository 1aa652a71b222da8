/* SPDX-License-Identifier: BSD-2-Clause */
/* AMD UG1085, chapter 21, and UG1087, module UART. */
#include "cadence_driver.h"

enum uart_register {
	UART_CR = 0x00,
	UART_MR = 0x04,
	UART_IER =
	    0x08, /* each bit enables an interrupt; IDR disables it, IMR shows what is enabled */
	UART_IDR = 0x0c,
	UART_ISR = 0x14,  /* what happened; a one clears */
	UART_RXWM = 0x20, /* characters for INT_RX */
	UART_SR = 0x2c,
	UART_FIFO = 0x30,
};

#define CR_ON 0x14u   /* TXEN, RXEN; TXDIS, RXDIS and STPBRK off */
#define MR_CLOCK 0x1u /* firmware's baud rate counts on it */
#define MR_8_BITS_NO_PARITY 0x20u
#define SR_RX_EMPTY (1u << 1)
#define SR_TX_FULL (1u << 4)
#define INT_RX (1u << 0)       /* RTRIG: RXWM characters are there */
#define INT_TX_EMPTY (1u << 3) /* the last character has left the FIFO */
#define INT_ALL 0x1fffu

/* The FIFOs keep what is in them: the end of what boot code said, what was typed before a restart.
 */
void cadence_driver_start(struct uart_driver *u)
{
	uart_put(u->device, UART_IDR, INT_ALL);
	uart_put(u->device, UART_MR,
		 (uart_get(u->device, UART_MR) & MR_CLOCK) | MR_8_BITS_NO_PARITY);
	uart_put(u->device, UART_RXWM, 1);
	uart_put(u->device, UART_ISR, INT_ALL);
	uart_put(u->device, UART_CR, CR_ON);
}

/* Wire to ring. False: the ring is full and the console will tell when it is not. */
static bool receive(struct uart_driver *u)
{
	for (int i = 0; i < UART_TURN; i++) {
		if (uart_get(u->device, UART_SR) & SR_RX_EMPTY)
			return true;
		if (ring_room(&u->rx) == 0 && ring_ask_room(&u->rx))
			return false;

		uint8_t byte = (uint8_t)uart_get(u->device, UART_FIFO);

		(void)ring_write(&u->rx, &byte, 1);
	}
	return true;
}

/* Ring to wire. False: there is more than the FIFO takes. */
static bool transmit(struct uart_driver *u)
{
	uint8_t byte;

	for (int i = 0; i < UART_TURN; i++) {
		if (ring_used(&u->tx) == 0 && ring_ask_data(&u->tx))
			return true;
		if (uart_get(u->device, UART_SR) & SR_TX_FULL)
			return false;
		if (ring_read(&u->tx, &byte, 1) == 1)
			uart_put(u->device, UART_FIFO, byte);
	}
	return false;
}

/*
 * Whether a bit of ISR is set by an event, or for as long as its condition holds, this is right:
 * cleared before looking, so what comes after the look, or an emptied FIFO, sets it again, and an
 * interrupt that is enabled later still comes.
 */
bool cadence_driver_turn(struct uart_driver *u)
{
	uint32_t mask = 0;

	uart_put(u->device, UART_ISR, INT_ALL);
	if (receive(u))
		mask |= INT_RX;
	if (!transmit(u))
		mask |= INT_TX_EMPTY;
	uart_put(u->device, UART_IDR, INT_ALL & ~mask);
	uart_put(u->device, UART_IER, mask);

	bool data = ring_data_wanted(&u->rx);
	bool room = ring_room_wanted(&u->tx);

	return data || room;
}
