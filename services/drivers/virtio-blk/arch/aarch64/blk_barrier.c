/* SPDX-License-Identifier: BSD-2-Clause */
#include "blk_driver.h"

/* Outer shareable: the device's own accesses to memory are included. */
void blk_barrier(void)
{
	__asm__ volatile("dmb osh" : : : "memory");
}
