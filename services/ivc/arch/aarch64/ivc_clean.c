/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include "ivc_clean.h"

/* DC CVAC is allowed at EL0 (SCTLR_EL1.UCI), as is reading CTR_EL0 (UCT). */
void ivc_clean(const void *at, size_t bytes)
{
	uintptr_t line, end = (uintptr_t)at + bytes;
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	line = (uintptr_t)4 << (ctr >> 16 & 0xf); /* DminLine: words */
	for (uintptr_t a = (uintptr_t)at & ~(line - 1); a < end; a += line)
		__asm__ volatile("dc cvac, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}
