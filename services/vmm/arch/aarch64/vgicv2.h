/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the interrupt controller's model is a GICv2's (Arm IHI 0048B, 4.3): the distributor's
 * registers for a machine without Security Extensions, and SGIs by the CPU they come from. CPU
 * interface n is vCPU n's. Of the CPU interface only GICC_DIR is here: it is on a page of its own,
 * and the rest is the hardware's.
 *
 * An SPI with several targets goes to the first. Between ids and struct vgic_ops, an SGI's number
 * is as in GICC_IAR: bits 12:10 are its source.
 */
#ifndef VMM_VGICV2_H
#define VMM_VGICV2_H

#include "services/vmm/arch/aarch64/vgic.h"

#define VGICV2_CPU_SIZE                                                          \
	0x1000u /* of the page that is the hardware's; GICC_DIR's page is behind \
		 */
#define VGIC_SOURCED(id, source) ((id) | (uint32_t)(source) << 10)

/* After vgic_init: it is a GICv2. */
void vgicv2_init(struct vgic *g);
/* As vgic_access. */
bool vgicv2_access(struct vgic *g, unsigned int cpu, uint64_t address, uint32_t width, bool write,
		   uint64_t *value);

/* ---- For vgic.c: SGI `id` of vCPU `cpu` ---- */
void vgicv2_pend(struct vgic *g, unsigned int cpu, uint32_t id, unsigned int source);
uint8_t vgicv2_pending(struct vgic *g, unsigned int cpu, uint32_t id); /* a bit for each source */
void vgicv2_forward(struct vgic *g, unsigned int cpu, uint32_t id);    /* what was held here */
void vgicv2_withdraw(struct vgic *g, unsigned int cpu, uint32_t id);
void vgicv2_cpu_reset(struct vgic *g, unsigned int cpu);

#endif
