/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical GICv3 as seen by one core: its redistributor, its CPU interface and, on core 0
 * alone, the distributor. EOImode is 1: the kernel drops priority at once and deactivates when the
 * interrupt's owner is done. (Arm IHI 0069.)
 */
#ifndef KERNEL_GIC_CORE_H
#define KERNEL_GIC_CORE_H

#include <stdint.h>

struct gic {
	uint64_t distributor;	/* 0: not this core's */
	uint64_t redistributor; /* the frame of this core's RD_base; SGI_base is 64 KiB above */
	uint64_t affinity;	/* MPIDR_EL1's affinity fields, where interrupts are routed */
	uint32_t interrupts;	/* INTIDs below this exist */
};

#endif
