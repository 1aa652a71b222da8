/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm DDI 0183G. */
#include "pl011_driver.h"

enum uart_register {
	UART_DR = 0x00,
	UART_FR = 0x18,
	UART_LCRH = 0x2c,
	UART_CR = 0x30,
	UART_IFLS = 0x34,
	UART_IMSC = 0x38,
	UART_ICR = 0x44,
};

#define DR_ERRORS 0x700u /* break, parity, framing: the character is not one */
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define LCRH_8_BITS_FIFO 0x70u
#define CR_ON 0x301u  /* UARTEN, TXE, RXE */
#define IFLS_EARLY 0u /* receive and transmit interrupt at 1/8 */
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RT (1u << 6)
#define INT_ALL 0x7ffu

void pl011_driver_start(struct uart_driver *u)
{
	uart_put(u->device, UART_IMSC, 0);
	uart_put(u->device, UART_CR, 0);
	uart_put(u->device, UART_LCRH, LCRH_8_BITS_FIFO);
	uart_put(u->device, UART_IFLS, IFLS_EARLY);
	uart_put(u->device, UART_ICR, INT_ALL);
	uart_put(u->device, UART_CR, CR_ON);
}

/* Wire to ring. False: the ring is full and the console will tell when it is not. */
static bool receive(struct uart_driver *u)
{
	for (int i = 0; i < UART_TURN; i++) {
		if (uart_get(u->device, UART_FR) & FR_RXFE)
			return true;
		if (ring_room(&u->rx) == 0 && ring_ask_room(&u->rx))
			return false;

		uint32_t data = uart_get(u->device, UART_DR);
		uint8_t byte = (uint8_t)data;

		if (!(data & DR_ERRORS))
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
		if (uart_get(u->device, UART_FR) & FR_TXFF)
			return false;
		if (ring_read(&u->tx, &byte, 1) == 1)
			uart_put(u->device, UART_DR, byte);
	}
	return false;
}

bool pl011_driver_turn(struct uart_driver *u)
{
	uint32_t mask = 0;

	/* Cleared before looking: what comes in after the look fires again. */
	uart_put(u->device, UART_ICR, INT_ALL & ~(INT_RX | INT_RT | INT_TX));
	if (receive(u))
		mask |= INT_RX | INT_RT;
	if (!transmit(u))
		mask |= INT_TX;
	uart_put(u->device, UART_IMSC, mask);

	bool data = ring_data_wanted(&u->rx);
	bool room = ring_room_wanted(&u->tx);

	return data || room;
}
