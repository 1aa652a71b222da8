/* SPDX-License-Identifier: BSD-2-Clause */
#include "cadence_driver.h"

int main(void)
{
	static const struct uart_kind cadence = {"cadence-uart-driver", cadence_driver_start,
						 cadence_driver_turn};

	return uart_driver_main(&cadence);
}
