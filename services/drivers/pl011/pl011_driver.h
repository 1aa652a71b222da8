/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm's PL011: struct uart_kind of it. */
#ifndef PL011_DRIVER_H
#define PL011_DRIVER_H

#include "uart_driver.h"

void pl011_driver_start(struct uart_driver *u);
bool pl011_driver_turn(struct uart_driver *u);

#endif
