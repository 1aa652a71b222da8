/* SPDX-License-Identifier: BSD-2-Clause */
/* A space on aarch64 is a stage-2 table, of services and VMs alike. (Arm ARM D8, VMSAv8-64.) */
#ifndef KERNEL_ARCH_SPACE_H
#define KERNEL_ARCH_SPACE_H

#include <stdint.h>

#define ARCH_SPACE_ALIGN 4096
#define ARCH_SPACE_BYTES 8192

struct arch_space {
	uint64_t root[512]; /* level 1 when addresses have 39 bits, else level 0 */
	uint64_t vttbr;	    /* VTTBR_EL2 of this space: root and VMID */
	uint8_t root_shift; /* address bits below an index into the root: 30 or 39 */
	uint8_t address_bits;
};

#endif
