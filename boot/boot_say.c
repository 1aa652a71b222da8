/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot code says goes out through the host's UART, at the rate that firmware has set. */
#include <stdarg.h>

#include "boot.h"
#include "sysreg.h"

#define WAIT_LIMIT 1000000 /* a UART that is not there must not stop us */

/* Arm DDI 0183: CR, FR, DR; TXFF, BUSY. AMD UG1087, UART: CR, SR, FIFO; TFUL, TACTIVE and TEMPTY.
 */
const struct boot_uart boot_uarts[BOOT_UARTS] = {
    {"arm,pl011", 0x30, 0x18, 0x00, 0x301, 1u << 5, 1u << 3, 0},
    {"cdns,uart-r1p12", 0x00, 0x2c, 0x30, 0x14, 1u << 4, 1u << 11 | 1u << 3, 1u << 3},
};

static volatile uint32_t *at(const struct boot *b, uint32_t offset)
{
	return (volatile uint32_t *)(b->console.base + offset);
}

static void wait(const struct boot *b, uint32_t mask, uint32_t value)
{
	for (int i = 0; i < WAIT_LIMIT && (*at(b, b->uart->status) & mask) != value; i++)
		__asm__ volatile("yield");
}

static void put(const struct boot *b, char c)
{
	wait(b, b->uart->full, 0);
	*at(b, b->uart->data) = (uint8_t)c;
}

static void put_text(const struct boot *b, const char *text)
{
	for (; *text != 0; text++)
		put(b, *text);
}

static void put_number(const struct boot *b, uint64_t value, unsigned int base)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (base == 16)
		put_text(b, "0x");
	while (n > 0)
		put(b, digits[--n]);
}

static void say(const struct boot *b, const char *format, va_list arguments)
{
	*at(b, b->uart->control) = b->uart->on;
	put_text(b, "skerry: ");
	for (; *format != 0; format++) {
		if (*format != '%') {
			put(b, *format);
			continue;
		}
		switch (*++format) {
		case 's':
			put_text(b, va_arg(arguments, const char *));
			break;
		case 'u':
			put_number(b, va_arg(arguments, uint64_t), 10);
			break;
		default:
			put_number(b, va_arg(arguments, uint64_t), 16);
			break;
		}
	}
	put_text(b, "\r\n");
	wait(b, b->uart->idle_mask, b->uart->idle);
}

void boot_fail(const struct boot *b, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (b->console.size != 0)
		say(b, format, arguments);
	va_end(arguments);
	if (b->psci_smc)
		psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	else if (b->psci && b->level == BOOT_EL1)
		__asm__ volatile("mov x0, %0\n\thvc #0" ::"r"((uint64_t)PSCI_SYSTEM_OFF)
				 : "x0", "x1", "x2", "x3", "memory");
	boot_stop();
}
