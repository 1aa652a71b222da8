/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface of the loaded vCPU: system registers here. (Arm IHI 0069 12.4.) */
#ifndef KERNEL_GICH_H
#define KERNEL_GICH_H

#include "kernel.h"
#include "sysreg.h"

#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP0R1_EL2 S3_4_C12_C8_1
#define ICH_AP0R2_EL2 S3_4_C12_C8_2
#define ICH_AP0R3_EL2 S3_4_C12_C8_3
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_AP1R1_EL2 S3_4_C12_C9_1
#define ICH_AP1R2_EL2 S3_4_C12_C9_2
#define ICH_AP1R3_EL2 S3_4_C12_C9_3
#define ICH_HCR_EL2 S3_4_C12_C11_0
#define ICH_VTR_EL2 S3_4_C12_C11_1
#define ICH_EISR_EL2 S3_4_C12_C11_3
#define ICH_VMCR_EL2 S3_4_C12_C11_7

static inline uint64_t gich_hcr(const struct kernel *k)
{
	(void)k;
	return sysreg_read(ICH_HCR_EL2);
}

static inline void gich_set_hcr(const struct kernel *k, uint64_t value)
{
	(void)k;
	sysreg_write(ICH_HCR_EL2, value);
}

static inline uint64_t gich_vmcr(const struct kernel *k)
{
	(void)k;
	return sysreg_read(ICH_VMCR_EL2);
}

static inline uint32_t gich_eisr(const struct kernel *k)
{
	(void)k;
	return (uint32_t)sysreg_read(ICH_EISR_EL2);
}

/* As struct vcpu_host_id has it. */
static inline uint64_t gich_vtr(const struct kernel *k)
{
	(void)k;
	return sysreg_read(ICH_VTR_EL2);
}

/* ---- vgic_lr.c: ICH_LR<n>_EL2, n below VGIC_LRS and, to write, below arch_kernel.lr_count ---- */
uint64_t vgic_lr_read_any(unsigned n);
void vgic_lr_write_any(unsigned n, uint64_t value);

/* The first two are the ones mostly in use. */
static inline uint64_t vgic_lr_read(const struct kernel *k, unsigned n)
{
	(void)k;
	if (n == 0)
		return sysreg_read(S3_4_C12_C12_0);
	return n == 1 ? sysreg_read(S3_4_C12_C12_1) : vgic_lr_read_any(n);
}

static inline void vgic_lr_write(const struct kernel *k, unsigned n, uint64_t value)
{
	(void)k;
	if (n == 0)
		sysreg_write(S3_4_C12_C12_0, value);
	else if (n == 1)
		sysreg_write(S3_4_C12_C12_1, value);
	else
		vgic_lr_write_any(n, value);
}

#endif
