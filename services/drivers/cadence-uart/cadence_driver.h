/* SPDX-License-Identifier: BSD-2-Clause */
/* Cadence's UART, as in AMD's (Xilinx's) Zynq: struct uart_kind of it. */
#ifndef CADENCE_DRIVER_H
#define CADENCE_DRIVER_H

#include "uart_driver.h"

void cadence_driver_start(struct uart_driver *u);
bool cadence_driver_turn(struct uart_driver *u);

#endif
