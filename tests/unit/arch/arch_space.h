/* SPDX-License-Identifier: BSD-2-Clause */
/* Three levels of 512 entries, 39 bits, as stage 2 with 4 KiB pages has them. Level 1 is the root.
 */
#ifndef ARCH_SPACE_H
#define ARCH_SPACE_H

#include <stdint.h>

#define FAKE_ENTRIES 512
#define FAKE_ADDRESS_BITS 39
#define ARCH_SPACE_BYTES 8192
#define ARCH_SPACE_ALIGN 4096

struct arch_space {
	uint64_t root[FAKE_ENTRIES];
	uint32_t live; /* FAKE_SPACE_LIVE between arch_space_init and arch_space_end */
	uint32_t tables;
};
#define FAKE_SPACE_LIVE 0x5acecafeu

#endif
