/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of the registers that govern guests and services. (Arm ARM D17; IHI 0069 12.4.) */
#ifndef KERNEL_EL2_H
#define KERNEL_EL2_H

#define BIT(n) (1ull << (n))

/* ---- HCR_EL2 ---- */
#define HCR_VM BIT(0)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_DC BIT(12)
#define HCR_TWI BIT(13)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_TVM BIT(26)
#define HCR_TGE BIT(27)
#define HCR_RW BIT(31)
#define HCR_TLOR BIT(35) /* RES0 on a core without the registers it traps, as the next one */
#define HCR_TERR BIT(36)
#define HCR_COMMON (HCR_RW | HCR_VM | HCR_IMO | HCR_FMO | HCR_AMO | HCR_TWI)
#define HCR_SERVICE (HCR_COMMON | HCR_TGE | HCR_DC)
/* HCR_API and HCR_APK stay 0: pointer authentication keys are not switched, so guests have none. */
#define HCR_GUEST \
	(HCR_COMMON | HCR_TSC | HCR_TID3 | HCR_TSW | HCR_TACR | HCR_TIDCP | HCR_TLOR | HCR_TERR)

/* ---- CPTR_EL2: SVE, SME, trace and activity monitors trap, FP while it is another's ---- */
#define CPTR_BASE (0x33ffull | BIT(20) | BIT(30))
#define CPTR_TFP BIT(10)

/* ---- MDCR_EL2: traps, but for a vCPU that uses them (monitor.c); HPMN: counters are EL1's ---- */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)
#define MDCR_TPMS BIT(14)
#define MDCR_HPMD BIT(17) /* no event counts at EL2; RES0 before PMUv3 of Armv8.1 */
#define MDCR_TTRF BIT(19)
#define PMCR_N(pmcr) (((pmcr) >> 11) & 31)
#define PMCR_E BIT(0)
#define PMCR_P BIT(1)
#define PMCR_C BIT(2)
#define MDSCR_SS BIT(0)
#define MDSCR_MDE BIT(15)

#define CNTHCTL_EL1PCTEN BIT(0) /* the physical counter is the guest's to read, not the timer */

/* ---- SCTLR_EL1 ---- */
#define SCTLR_M BIT(0)
#define SCTLR_C BIT(2)
#define SCTLR_DZE BIT(14)
#define SCTLR_UCT BIT(15)
#define SCTLR_NTWE BIT(18)
#define SCTLR_SPAN BIT(23)
#define SCTLR_UCI BIT(26)
#define SCTLR_RES1 0x30d00800ull
#define SCTLR_RESET 0x30c50830ull
#define SCTLR_SERVICE (SCTLR_RES1 | SCTLR_DZE | SCTLR_UCT | SCTLR_NTWE | SCTLR_UCI)
#define CPACR_SERVICE (3ull << 20) /* FP at EL0 and EL1 */
#define CNTKCTL_SERVICE BIT(1)	   /* EL0VCTEN */

/* ---- SPSR_EL2 ---- */
#define PSR_M_MASK 0x1full /* with nRW, bit 4 */
#define PSR_NRW BIT(4)
#define PSR_EL0T 0x0ull
#define PSR_EL1T 0x4ull
#define PSR_EL1H 0x5ull
#define PSR_EL2H 0x9ull
#define PSR_DAIF 0x3c0ull
#define PSR_BTYPE (3ull << 10)
#define PSR_IL BIT(20)
#define PSR_SS BIT(21)
#define PSR_PAN BIT(22)
#define PSR_IT_HIGH (0x3full << 10) /* AArch32: IT[7:2]; IT[1:0] below */
#define PSR_IT_LOW (3ull << 25)
#define PSR_NZCV (0xfull << 28)
#define PSR_SSBS BIT(12)
#define PSR_UAO BIT(23)
#define PSR_DIT BIT(24)
/* A bit that the core has not is RES0 in SPSR_EL2. */
#define PSR_SETTABLE \
	(PSR_NZCV | PSR_DIT | PSR_UAO | PSR_PAN | PSR_SS | PSR_SSBS | PSR_BTYPE | PSR_DAIF | 0xfull)

/* ---- ESR_EL2 ---- */
#define ESR_EC(esr) ((uint32_t)((esr) >> 26) & 0x3f)
#define ESR_IL BIT(25)
#define ESR_LENGTH(esr) (2u << ((uint32_t)(esr) >> 25 & 1u))
enum esr_class {
	EC_UNKNOWN = 0x00,
	EC_WFX = 0x01,
	EC_FP = 0x07,
	EC_PAUTH = 0x09,
	EC_SVC = 0x15,
	EC_HVC = 0x16,
	EC_SMC = 0x17,
	EC_SYSREG = 0x18,
	EC_SVE = 0x19,
	EC_SME = 0x1d,
	EC_FETCH = 0x20, /* from a lower level; + 1: from the same */
	EC_PC_ALIGNMENT = 0x22,
	EC_DATA = 0x24,
	EC_SP_ALIGNMENT = 0x26,
	EC_SERROR = 0x2f,
};
#define ISS_FSC(esr) ((esr)&0x3f)
#define ISS_FSC_TYPE(esr) ((esr)&0x3c) /* without the level */
#define FSC_ADDRESS_SIZE 0x00
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS_FLAG 0x08
#define FSC_PERMISSION 0x0c
#define FSC_EXTERNAL 0x10
#define FSC_ALIGNMENT 0x21
#define ISS_WNR BIT(6)
#define ISS_S1PTW BIT(7)
#define ISS_CM BIT(8)
#define ISS_FNV BIT(10)
#define ISS_ISV BIT(24)
#define ISS_TARGET(esr) ((uint8_t)((esr) >> 15 & 0x7f)) /* SSE, SRT, SF: as exit_record.target */
#define ISS_SRT(esr) ((uint8_t)((esr) >> 16) & 31)
#define ISS_SAS(esr) ((uint32_t)((esr) >> 22) & 3)
#define ISS_SYSREG 0x3ffc1eull /* op0, op2, op1, CRn, CRm */
#define ISS_SYSREG_READ BIT(0)
#define ISS_SYSREG_RT(esr) ((uint8_t)((esr) >> 5) & 31)
/* FaultExit.address where the hardware tells the offset in the page alone; in no space. */
#define EXIT_ADDRESS_UNKNOWN (~0xfffull)
/* A system register as ISS_SYSREG packs it. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)

/* ---- Calls of the firmware (Arm DEN 0022, DEN 0028) ---- */
#define PSCI_FEATURES 0x8400000au
#define SMCCC_VERSION 0x80000000u
#define SMCCC_VERSION_1_1 0x10001
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_WORKAROUND_1 0x80008000u
#define SMCCC_WORKAROUND_2 0x80007fffu
#define SMCCC_WORKAROUND_3 0x80003fffu
#define SMCCC_ARCHITECTURE 0x8000u /* the upper half of all above, but for PSCI's */
#define SMCCC_NOT_SUPPORTED (-1)

/* ---- GICv3 virtual CPU interface ---- */
#define ICH_HCR_EN BIT(0)
#define ICH_HCR_UIE BIT(1)
#define ICH_HCR_LRENPIE BIT(2)
#define ICH_HCR_NPIE BIT(3)
/* Whichever change of the groups' enables brings others to the front: VGrp<n>DIE, else EIE. */
#define ICH_HCR_GROUPS(vmcr)                                               \
	(((vmcr) & (VMCR_VENG0 | VMCR_VENG1)) == (VMCR_VENG0 | VMCR_VENG1) \
	     ? BIT(5) | BIT(7)                                             \
	     : ((vmcr)&VMCR_VENG0 ? 0 : BIT(4)) | ((vmcr)&VMCR_VENG1 ? 0 : BIT(6)))
#define ICH_HCR_TDIR BIT(14) /* writes of ICC_DIR_EL1 trap */
#define ICH_HCR_EOIS (31ull << 27)
#define ICH_HCR_EOICOUNT(hcr) ((uint32_t)((hcr) >> 27) & 31)
#define VMCR_VEOIM BIT(9)
#define SYSREG_ICC_DIR SYSREG(3, 0, 12, 11, 1)
#define VTR_LRS(vtr) (((vtr)&31) + 1)
#define VTR_PREBITS(vtr) ((((vtr) >> 26) & 7) + 1)
#define VMCR_VENG0 BIT(0)
#define VMCR_VENG1 BIT(1)
#define VMCR_VPMR(vmcr) ((uint8_t)((vmcr) >> 24))

#define LR_STATE_SHIFT 62 /* IRQ_PENDING, IRQ_ACTIVE */
#define LR_PENDING BIT(62)
#define LR_ACTIVE BIT(63)
#define LR_STATE (LR_PENDING | LR_ACTIVE)
#define LR_HW BIT(61)
#define LR_GROUP1 BIT(60)
#define LR_PRIORITY(lr) ((uint8_t)((lr) >> 48))
#define LR_ENABLED(lr, vmcr) (((vmcr) >> ((lr) >> 60 & 1) & 1) != 0) /* its group, in VENGn */
#define LR_EOI BIT(41) /* maintenance interrupt when the guest ends it; without HW */
#define LR_MAKE(id, priority)                                 \
	((uint64_t)(id) | (uint64_t)((priority)&0xff) << 48 | \
	 (((priority)&IRQ_GROUP0) != 0 ? 0 : LR_GROUP1))
/* Linked: bits 44:32 hold the physical interrupt, LR_EOI being one of them. */
#define LR_PHYSICAL(id) (LR_HW | (uint64_t)(id) << 32)
#define LR_LINK LR_PHYSICAL(0x1fff)
#define LR_PINTID(lr) ((uint16_t)((lr) >> 32) & 0x1fff)
#define LR_TELLS(lr) (((lr) & (LR_HW | LR_EOI)) == LR_EOI)

#endif
