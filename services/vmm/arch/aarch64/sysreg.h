/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System registers that trap: ID registers, the rest of debug, cache maintenance by set and way.
 * The number of a register is the one of SysregAccess in idl/exit.proto.
 */
#ifndef VMM_SYSREG_H
#define VMM_SYSREG_H

#include <stdbool.h>
#include <stdint.h>

/* As bits of the syndrome (Arm DDI 0487, ISS of an exception from MSR or MRS). */
#define SYSREG(op0, op1, crn, crm, op2)                                          \
	((uint32_t)(op0) << 20 | (uint32_t)(op2) << 17 | (uint32_t)(op1) << 14 | \
	 (uint32_t)(crn) << 10 | (uint32_t)(crm) << 1)
#define SYSREG_ICC_DIR SYSREG(3, 0, 12, 11, 1)
#define SYSREG_ICC_SGI1R SYSREG(3, 0, 12, 11, 5)
#define SYSREG_ICC_ASGI1R SYSREG(3, 0, 12, 11, 6)
#define SYSREG_ICC_SGI0R SYSREG(3, 0, 12, 11, 7)
#define SYSREG_OSLAR SYSREG(2, 0, 1, 0, 4)

#define SYSREG_CPUS 8u
#define SYSREG_IDS 56u /* ID registers: op0 3, op1 0, CRn 0, CRm 1..7 */
#define SYSREG_ID(crm, op2) (((crm)-1) * 8 + (op2)) /* as VCPU_HOST_ID */

struct sysreg {
	uint64_t id[SYSREG_IDS]; /* what the guest sees */
	bool os_lock[SYSREG_CPUS];
};

/*
 * `host` has the ID registers of the core as they are, by the same index. Of each field the guest
 * sees what this VM really has: the rest reads as not implemented. `address_bits` is the size of
 * guest physical addresses.
 */
void sysreg_init(struct sysreg *s, const uint64_t host[SYSREG_IDS], uint32_t address_bits);

/* False: the access is undefined. A read's value is in *value. */
bool sysreg_access(struct sysreg *s, unsigned int cpu, uint32_t reg, bool write, uint64_t *value);

/* vCPU `cpu` starts anew. */
void sysreg_reset(struct sysreg *s, unsigned int cpu);

/* The register in the assembler's generic notation ("s3_0_c1_c0_1"), for a message. */
void sysreg_name(uint32_t reg, char text[24]);

#endif
