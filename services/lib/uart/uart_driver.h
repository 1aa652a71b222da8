/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver of a host's UART moves bytes between the wire and two rings, driven by interrupts.
 * Interrupts that nothing can be done for are masked, so a full ring or an empty one costs nothing.
 */
#ifndef UART_DRIVER_H
#define UART_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

/* Bytes moved in one turn and direction: more than a ring holds, so only a ring that is refilled at
 * the same time, or a device that lies, ever meets it. */
#define UART_TURN 4096

struct uart_driver {
	void *device;	/* for uart_get and uart_put */
	struct ring tx; /* console to wire; we read */
	struct ring rx; /* wire to console; we write */
};

/* 32-bit accesses of the device's registers: by whoever links the driver's file. */
uint32_t uart_get(void *device, uint32_t offset);
void uart_put(void *device, uint32_t offset, uint32_t value);

/* What one kind of UART has of its own. */
struct uart_kind {
	const char *name; /* of the service's program */
	/* Sets the device up: 8 bits, no parity, FIFOs; the baud rate stays as firmware left it. */
	void (*start)(struct uart_driver *u);
	/*
	 * Moves what can be moved and asks for what can not, with interrupts or in the rings.
	 * Returns true if the console is to be told. Called for every signal.
	 */
	bool (*turn)(struct uart_driver *u);
};

/* The process around the driver; what its main returns. Grants: docs/config.md. */
int uart_driver_main(const struct uart_kind *kind);

#endif
