/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list register as vgic.c has it, which is the GICv3's, and GICH_LR (IHI 0048B, 5.3.9). Bits
 * 41:32 and 19:10 have the same meaning: the physical interrupt if linked, else whether the end is
 * told and, of an SGI, the CPU that it came from. Of a priority there are five bits.
 */
#ifndef KERNEL_GICH_LR_H
#define KERNEL_GICH_LR_H

#include <stdint.h>

static inline uint32_t gich_lr_of(uint64_t lr)
{
	return (uint32_t)(lr & 0x3ff) | (uint32_t)(lr >> 32 & 0x3ff) << 10 |
	       (uint32_t)(lr >> 51 & 0x1f) << 23 | (uint32_t)(lr >> 62) << 28 |
	       (uint32_t)(lr >> 60 & 1) << 30 | (uint32_t)(lr >> 61 & 1) << 31;
}

static inline uint64_t gich_lr_to(uint32_t value)
{
	return (value & 0x3ff) | (uint64_t)(value >> 10 & 0x3ff) << 32 |
	       (uint64_t)(value >> 23 & 0x1f) << 51 | (uint64_t)(value >> 28 & 3) << 62 |
	       (uint64_t)(value >> 30 & 1) << 60 | (uint64_t)(value >> 31) << 61;
}

#endif
