/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl011_driver.h"

int main(void)
{
	static const struct uart_kind pl011 = {"pl011-driver", pl011_driver_start,
					       pl011_driver_turn};

	return uart_driver_main(&pl011);
}
