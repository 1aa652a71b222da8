/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's PL011 (DDI 0183G): moves bytes between the wire and two rings, driven by interrupts.
 * Interrupts that nothing can be done for are masked, so a full ring or an empty one costs nothing.
 */
#ifndef UART_DRIVER_H
#define UART_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

struct uart_driver {
	void *device;	/* for uart_get and uart_put */
	struct ring tx; /* console to wire; we read */
	struct ring rx; /* wire to console; we write */
};

/* 32-bit accesses of the device's registers: by whoever links this file. */
uint32_t uart_get(void *device, uint32_t offset);
void uart_put(void *device, uint32_t offset, uint32_t value);

/* Sets the device up: 8 bits, no parity, FIFOs; the baud rate stays as firmware left it. */
void uart_driver_start(struct uart_driver *u);

/*
 * Moves what can be moved and asks for what can not, with interrupts or in the rings. Returns true
 * if the console is to be told. Call it for every signal.
 */
bool uart_driver_turn(struct uart_driver *u);

#endif
