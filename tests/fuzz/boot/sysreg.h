/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot code needs of the machine, on this one: caches are coherent. */
#ifndef FUZZ_BOOT_SYSREG_H
#define FUZZ_BOOT_SYSREG_H

#include <stdint.h>

static inline void cache_clean(const void *start, uint64_t bytes)
{
	(void)start;
	(void)bytes;
}

#endif
