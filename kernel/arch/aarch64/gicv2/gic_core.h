/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The GICv2 as seen by one core. What is banked has one address and is each core's own; of the
 * distributor, that is the registers of interrupts below 32. EOImode is 1: the kernel drops
 * priority at once and deactivates when the interrupt's owner is done.
 *
 * The virtual CPU interface of the loaded vCPU is a frame of registers. GICH_HCR and GICH_VMCR have
 * their fields where ICH_HCR_EL2 and ICH_VMCR_EL2 have them; there is no TDIR, as the guest's
 * GICC_DIR is on a page of its own, which is the VMM's. (Arm IHI 0048B.)
 */
#ifndef KERNEL_GIC_CORE_H
#define KERNEL_GIC_CORE_H

#include <stdbool.h>
#include <stdint.h>

struct gic {
	uint64_t distributor; /* 0: shared interrupts are not this core's */
	uint64_t banked;      /* the distributor, for this core's part of it */
	uint64_t cpu;	      /* GICC: two pages */
	uint64_t virtual;     /* GICH */
	uint32_t interrupts;  /* INTIDs below this exist */
	uint8_t target;	      /* this core in GICD_ITARGETSR; 0: it is the only one */
};

#define GICD_ITARGETSR 0x0800u
#define gic_settle(distributor) ((void)(distributor))
#define gic_route(k, distributor, number) \
	(*(volatile uint8_t *)((distributor) + GICD_ITARGETSR + (number)) = (k)->arch.gic.target)
#define GICC_IAR 0x000cu
#define GICC_EOIR 0x0010u
#define GIC_NUMBER(acknowledged) ((acknowledged)&0x3ffu) /* above, the CPU an SGI comes from */
#define gic_acknowledge(k) gic_read((k)->arch.gic.cpu + GICC_IAR)
#define gic_drop(k, acknowledged) gic_write((k)->arch.gic.cpu + GICC_EOIR, acknowledged)

/* What a vCPU has of SGIs that came from several CPUs (vgic_sgi.c). */
struct sgi_sources {
	uint8_t current[16];   /* of the one in a list register or the overflow */
	uint8_t waiting[16];   /* a bit for each CPU that another one has come from */
	uint16_t priority[16]; /* of those */
};

/* An SGI's number for the VMM is as in GICC_IAR: bits 12:10 are the CPU it comes from. */
#define SGIS 16u
#define SGI_ID(id) ((id)&0x3ffu)
#define SGI_SOURCE(id) ((id) >> 10)
#define vgic_is_sgi(id) (SGI_ID(id) < SGIS)
#define vgic_has_id(id) ((id) < VGIC_SPIS_END || ((id) < 8u << 10 && vgic_is_sgi(id)))
#define vgic_sgi_source(v, id) ((id) < SGIS ? (uint64_t)(v)->arch.vgic.sgi.current[id] << 32 : 0)

struct kernel;
struct vcpu;
void vgic_sgi_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority,
		     uint32_t states);
uint32_t vgic_sgi_state(struct kernel *k, struct vcpu *v, uint32_t id);
/* True: it was pending and waits no more. Else *id and *states are to be taken back. */
bool vgic_sgi_retract(struct vcpu *v, uint32_t *id, uint32_t *states);
void vgic_sgi_ended(struct kernel *k, struct vcpu *v, uint32_t id);

/*
 * A list register as vgic.c has it, which is the GICv3's, and GICH_LR. Bits 41:32 and 19:10 have
 * the same meaning: the physical interrupt if linked, else whether the end is told and, of an SGI,
 * the CPU that it came from. Of a priority there are five bits.
 */
static inline uint32_t gich_lr_of(uint64_t lr)
{
	return (uint32_t)(lr & 0x3ff) | (uint32_t)(lr >> 32 & 0x3ff) << 10 |
	       (uint32_t)(lr >> 51 & 0x1f) << 23 | (uint32_t)(lr >> 62) << 28 |
	       (uint32_t)(lr >> 60 & 1) << 30 | (uint32_t)(lr >> 61 & 1) << 31;
}

static inline uint64_t gich_lr_to(uint32_t value)
{
	return (value & 0x3ff) | (uint64_t)(value >> 10 & 0x3ff) << 32 |
	       (uint64_t)(value >> 23 & 0x1f) << 51 | (uint64_t)(value >> 28 & 3) << 62 |
	       (uint64_t)(value >> 30 & 1) << 60 | (uint64_t)(value >> 31) << 61;
}

#define GICH_HCR 0x00u
#define GICH_VTR 0x04u
#define GICH_VMCR 0x08u
#define GICH_EISR0 0x20u
#define GICH_APR 0xf0u
#define GICH_LR(n) (0x100u + 4 * (n))
#define gich(k, offset) (*(volatile uint32_t *)((k)->arch.gic.virtual + (offset)))
#define gich_hcr(k) ((uint64_t)gich(k, GICH_HCR))
#define gich_set_hcr(k, value) \
	((void)(gich(k, GICH_HCR) = (uint32_t)((value)&0xf80000ffu))) /* all there is */
#define gich_vtr(k) (gich(k, GICH_VTR) | VCPU_HOST_GICV2) /* as struct vcpu_host_id has it */
#define gich_tells_dir(k) true				  /* its page is the VMM's */
#define gich_eisr(k) gich(k, GICH_EISR0)
#define gich_vmcr(k) ((uint64_t)gich(k, GICH_VMCR))
#define gich_set_vmcr(k, value) ((void)(gich(k, GICH_VMCR) = (uint32_t)(value)))
#define gich_save_priorities(k, g) ((void)((g)->apr[0][0] = gich(k, GICH_APR)))
#define gich_load_priorities(k, g) ((void)(gich(k, GICH_APR) = (g)->apr[0][0]))
#define gich_open() ((void)0)

#define vgic_lr_read(k, n) gich_lr_to(gich(k, GICH_LR(n)))
#define vgic_lr_write(k, n, value) ((void)(gich(k, GICH_LR(n)) = gich_lr_of(value)))

#endif
