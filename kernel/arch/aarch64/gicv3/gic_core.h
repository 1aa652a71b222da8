/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The GICv3 as seen by one core: its redistributor, its CPU interface and, on core 0 alone, the
 * distributor; and the virtual CPU interface of the loaded vCPU. EOImode is 1: the kernel drops
 * priority at once and deactivates when the interrupt's owner is done. (Arm IHI 0069.)
 */
#ifndef KERNEL_GIC_CORE_H
#define KERNEL_GIC_CORE_H

#include <stdbool.h>

#include "sysreg.h"

struct kernel;

struct gic {
	uint64_t distributor;	/* 0: not this core's */
	uint64_t redistributor; /* the frame of this core's RD_base; SGI_base is 64 KiB above */
	uint64_t affinity;	/* MPIDR_EL1's affinity fields, where interrupts are routed */
	uint32_t interrupts;	/* INTIDs below this exist */
};

/* Waits, within bounds, until what was disabled is. */
void gic_settle(uint64_t distributor);
#define GICD_IROUTER(number) (0x6000u + 8ull * (number))
#define gic_route(k, distributor, number) \
	(*(volatile uint64_t *)((distributor) + GICD_IROUTER(number)) = (k)->arch.gic.affinity)
#define GIC_NUMBER(acknowledged) (acknowledged)
#define gic_acknowledge(k) ((void)(k), (uint32_t)sysreg_read(ICC_IAR1_EL1) & 0xffffff)
#define gic_drop(k, acknowledged) sysreg_write(ICC_EOIR1_EL1, acknowledged)

struct sgi_sources {
}; /* an SGI does not say where it comes from */

#define vgic_has_id(id) ((id) < VGIC_SPIS_END || ((id) >= VGIC_LPIS && (id) < VGIC_LPIS_END))
#define vgic_is_sgi(id) ((void)(id), false)
#define vgic_sgi_source(v, id) ((void)(v), (void)(id), 0)
#define vgic_sgi_inject(k, v, id, priority, states) ((void)0)
#define vgic_sgi_state(k, v, id) 0
#define vgic_sgi_retract(v, id, states) false
#define vgic_sgi_ended(k, v, id) ((void)0)

#define gich_hcr(k) ((void)(k), sysreg_read(S3_4_C12_C11_0))
#define gich_set_hcr(k, value) sysreg_write(S3_4_C12_C11_0, ((void)(k), value))
#define gich_vtr(k) ((void)(k), sysreg_read(S3_4_C12_C11_1)) /* as struct vcpu_host_id has it */
#define gich_tells_dir(k) ((gich_vtr(k) & 1u << 19) != 0)    /* TDS: writes of ICC_DIR_EL1 trap */
#define gich_eisr(k) ((void)(k), (uint32_t)sysreg_read(S3_4_C12_C11_3))
#define gich_vmcr(k) ((void)(k), sysreg_read(S3_4_C12_C11_7))
#define gich_set_vmcr(k, value) sysreg_write(S3_4_C12_C11_7, ((void)(k), value))

/* Of Groups 0 and 1, ICH_AP0R<n>_EL2 and ICH_AP1R<n>_EL2; there are 1, 2 or 4 of each. */
#define APR_SAVE(g, n)                                           \
	(g)->apr[0][n] = (uint32_t)sysreg_read(S3_4_C12_C8_##n); \
	(g)->apr[1][n] = (uint32_t)sysreg_read(S3_4_C12_C9_##n);
#define APR_LOAD(g, n)                                 \
	sysreg_write(S3_4_C12_C8_##n, (g)->apr[0][n]); \
	sysreg_write(S3_4_C12_C9_##n, (g)->apr[1][n]);
#define APR_EACH(k, g, each)                            \
	do {                                            \
		each(g, 0) if ((k)->arch.apr_count > 1) \
		{                                       \
			each(g, 1)                      \
		}                                       \
		if ((k)->arch.apr_count > 2) {          \
			each(g, 2) each(g, 3)           \
		}                                       \
	} while (0)
#define gich_save_priorities(k, g) APR_EACH(k, g, APR_SAVE)
#define gich_load_priorities(k, g) APR_EACH(k, g, APR_LOAD)

/* A guest can turn system registers off where a GICv2 interface is there, too. */
#define gich_open()                           \
	({                                    \
		sysreg_write(ICC_SRE_EL1, 7); \
		isb();                        \
	})

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
