/* SPDX-License-Identifier: BSD-2-Clause */
/* The core's ID registers as a guest may see them. (Arm ARM D17.2.) */
#include "el2.h"
#include "port.h"
#include "sysreg.h"
#include "vcpu_groups.h"

#define FIELD(low) (0xfull << (low))

/*
 * What is taken away: a field of 0 says the core has it not. It is what traps because its registers
 * are not switched, and what needs EL2 or EL3.
 */
static const struct {
	uint8_t index;
	uint64_t hidden;
} restrictions[] = {
    /* ID_AA64PFR0_EL1: EL2, EL3, RAS, SVE, SEL2, MPAM, AMU, RME */
    {VCPU_HOST_ID(4, 0),
     FIELD(8) | FIELD(12) | FIELD(28) | FIELD(32) | FIELD(36) | FIELD(40) | FIELD(44) | FIELD(52)},
    /* ID_AA64PFR1_EL1: MTE, RAS_frac, MPAM_frac, SME, RNDR_trap, CSV2_frac, NMI, MTE_frac */
    {VCPU_HOST_ID(4, 1),
     FIELD(8) | FIELD(12) | FIELD(16) | FIELD(24) | FIELD(28) | FIELD(32) | FIELD(36) | FIELD(40)},
    /* ID_AA64ZFR0_EL1, ID_AA64SMFR0_EL1 */
    {VCPU_HOST_ID(4, 4), ~0ull},
    {VCPU_HOST_ID(4, 5), ~0ull},
    /* ID_AA64DFR0_EL1: TraceVer, PMSVer, DoubleLock, TraceFilt, TraceBuffer, MTPMU, BRBE */
    {VCPU_HOST_ID(5, 0), FIELD(4) | FIELD(32) | FIELD(40) | FIELD(44) | FIELD(48) | FIELD(52)},
    /* ID_AA64ISAR1_EL1: APA, API, GPA, GPI, LS64. ID_AA64ISAR2_EL1: GPA3, APA3, MOPS */
    {VCPU_HOST_ID(6, 1), FIELD(4) | FIELD(8) | FIELD(24) | FIELD(28) | FIELD(60)},
    {VCPU_HOST_ID(6, 2), FIELD(8) | FIELD(12) | FIELD(16)},
    /* ID_AA64MMFR0_EL1: FGT, ECV. MMFR1: VH, LO, HCX, TIDCP1, nTLBPA, TWED. MMFR2: NV, FWB, EVT */
    {VCPU_HOST_ID(7, 0), FIELD(56) | FIELD(60)},
    {VCPU_HOST_ID(7, 1), FIELD(8) | FIELD(16) | FIELD(32) | FIELD(40)},
    {VCPU_HOST_ID(7, 2), FIELD(24) | FIELD(40) | FIELD(56)},
    /* ID_DFR0_EL1: CopTrc, MMapTrc, PerfMon, TraceFilt. ID_PFR0_EL1: RAS, AMU */
    {VCPU_HOST_ID(1, 2), FIELD(12) | FIELD(16) | FIELD(24) | FIELD(28)},
    {VCPU_HOST_ID(1, 0), FIELD(20) | FIELD(28)},
};

#define READ(crm, op2) id[VCPU_HOST_ID(crm, op2)] = sysreg_read(S3_0_C0_C##crm##_##op2)
#define READ_ROW(crm)                                                                        \
	(READ(crm, 0), READ(crm, 1), READ(crm, 2), READ(crm, 3), READ(crm, 4), READ(crm, 5), \
	 READ(crm, 6), READ(crm, 7))

void vcpu_host_id(uint64_t id[56])
{
	READ_ROW(1);
	READ_ROW(2);
	READ_ROW(3);
	READ_ROW(4);
	READ_ROW(5);
	READ_ROW(6);
	READ_ROW(7);
	for (unsigned i = 0; i < sizeof(restrictions) / sizeof(restrictions[0]); i++)
		id[restrictions[i].index] &= ~restrictions[i].hidden;
}
