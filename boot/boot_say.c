/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot code says goes out through the host's PL011. (Arm DDI 0183; firmware has set it up.) */
#include <stdarg.h>

#include "boot.h"
#include "sysreg.h"

#define PL011_DR 0x00
#define PL011_FR 0x18
#define FR_TXFF (1u << 5)
#define FR_BUSY (1u << 3)
#define WAIT_LIMIT 1000000 /* a UART that is not there must not stop us */

static void wait_clear(uint64_t uart, uint32_t flags)
{
	for (int i = 0; i < WAIT_LIMIT && (*(volatile uint32_t *)(uart + PL011_FR) & flags); i++)
		__asm__ volatile("yield");
}

static void put(uint64_t uart, char c)
{
	wait_clear(uart, FR_TXFF);
	*(volatile uint32_t *)(uart + PL011_DR) = (uint8_t)c;
}

static void put_text(uint64_t uart, const char *text)
{
	for (; *text != 0; text++)
		put(uart, *text);
}

static void put_number(uint64_t uart, uint64_t value, unsigned int base)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (base == 16)
		put_text(uart, "0x");
	while (n > 0)
		put(uart, digits[--n]);
}

static void say(uint64_t uart, const char *format, va_list arguments)
{
	put_text(uart, "skerry: ");
	for (; *format != 0; format++) {
		if (*format != '%') {
			put(uart, *format);
			continue;
		}
		switch (*++format) {
		case 's':
			put_text(uart, va_arg(arguments, const char *));
			break;
		case 'u':
			put_number(uart, va_arg(arguments, uint64_t), 10);
			break;
		default:
			put_number(uart, va_arg(arguments, uint64_t), 16);
			break;
		}
	}
	put_text(uart, "\r\n");
	wait_clear(uart, FR_BUSY);
}

void boot_fail(const struct boot *b, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (b->console.size != 0)
		say(b->console.base, format, arguments);
	va_end(arguments);
	if (b->psci_smc)
		psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	else if (b->psci && b->level == BOOT_EL1)
		__asm__ volatile("mov x0, %0\n\thvc #0" ::"r"((uint64_t)PSCI_SYSTEM_OFF)
				 : "x0", "x1", "x2", "x3", "memory");
	boot_stop();
}
