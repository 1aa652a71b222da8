/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of the GICv3 distributor and redistributors (Arm IHI 0069, chapter 12), as a machine with
 * a single security state (GICD_CTLR.DS = 1) and affinity routing always on; or, with vgicv2.h, of
 * a GICv2's distributor.
 *
 * The model owns what is enabled, with which priority, in which group, and where it goes. What is
 * pending or active at a vCPU lives in the kernel, next to the list registers; the model hands an
 * interrupt over ("forwards" it) when it is enabled and its group is on, and takes it back
 * otherwise, keeping what was pending. What is active stays active meanwhile. The model reaches the
 * kernel only through struct vgic_ops.
 *
 * What is active at a vCPU is pending at no other: an interrupt whose route changed meanwhile waits
 * for its end, which the model has to look for (`recheck`). A priority or group that changes while
 * the interrupt is active counts from its end on, as in Arm's own controllers. Redistributors begin
 * awake, as firmware leaves them; asleep, one gives its vCPU nothing.
 */
#ifndef VMM_VGIC_H
#define VMM_VGIC_H

#include <stdbool.h>
#include <stdint.h>

#define VGIC_CPUS 8u
#define VGIC_PRIVATE 32u /* SGIs 0..15 and PPIs 16..31: one of each per vCPU */
#define VGIC_SGIS 16u
#define VGIC_IDS 256u /* the most a VM can have, beside LPIs */
#define VGIC_LPI_FIRST 8192u
#define VGIC_LPIS 256u
#define VGIC_DIST_SIZE 0x10000u
#define VGIC_REDIST_STRIDE 0x20000u /* RD_base and SGI_base frames of one vCPU */

/*
 * What the model asks of its host. `states` are IRQ_PENDING and IRQ_ACTIVE of kernel/abi.h, and a
 * `priority` is with IRQ_GROUP0.
 */
struct vgic_ops {
	void (*inject)(void *host, unsigned int cpu, uint32_t id, uint16_t priority,
		       uint32_t states);
	uint32_t (*retract)(void *host, unsigned int cpu, uint32_t id, uint32_t states);
	uint32_t (*state)(void *host, unsigned int cpu, uint32_t id);
	/* Of a line or physical interrupt; each vCPU has lines of its own for private ones. disarm
	 * returns the states, all taken back. */
	void (*arm)(void *host, unsigned int cpu, uint32_t id, uint16_t priority, bool edge);
	uint32_t (*disarm)(void *host, unsigned int cpu, uint32_t id);
	/* Would it be pending, if it were armed anew? */
	bool (*wire)(void *host, unsigned int cpu, uint32_t id, bool edge);
	void (*pend)(void *host, uint32_t id, bool pending); /* a physical one, in the machine */
	/* VCPU_SOURCE_*, which raises a PPI by itself. */
	void (*source)(void *host, unsigned int cpu, uint32_t source, uint16_t priority,
		       bool enabled);
	void (*recheck)(void *host); /* call vgic_recheck(), in a while */
	/* `bytes` of the guest's memory in one piece; null: they are not, or are to be written and
	 * the guest may not. */
	uint8_t *(*memory)(void *host, uint64_t gpa, uint64_t bytes, bool write);
};

struct vgic_irq {
	uint8_t priority;
	uint8_t at;	/* vCPU it was last forwarded to */
	uint8_t known;	/* mask of vCPUs where the kernel may have it active */
	uint16_t given; /* priority the kernel has */
	bool enabled;	/* ISENABLER */
	bool edge;	/* ICFGR */
	bool group0;	/* IGROUPR is 0 */
	bool line;	/* something raises it: a device server, or the machine */
	bool physical;	/* the machine */
	bool pending;	/* held here while not forwarded */
	bool forwarded; /* in the kernel's care */
	uint32_t route; /* SPI: affinity it goes to, as vgic_cpu.affinity; GICv2: mask of vCPUs */
};

struct vgic_lpi {
	uint8_t priority;
	uint8_t cpu; /* whose it is; VGIC_CPUS: nobody's */
	uint8_t at;  /* vCPU where the kernel has it; VGIC_CPUS: none */
	bool enabled;
	bool pending; /* held here */
};

struct vgic_cpu {
	uint32_t affinity; /* Aff3.Aff2.Aff1.Aff0, a byte each */
	uint32_t waker;
	uint32_t ctlr; /* GICR_CTLR; this and the next two outlive a restart of the vCPU */
	uint64_t propbaser, pendbaser;
	struct vgic_irq irqs[VGIC_PRIVATE];
	uint8_t sources[VGIC_SGIS]; /* GICv2: held here while not forwarded, by source */
};

struct vgic {
	const struct vgic_ops *ops;
	void *host;
	uint64_t dist_base, redist_base; /* guest physical */
	uint64_t cpu_base;		 /* GICv2: in the place of redist_base */
	uint32_t version;		 /* 3, or 2 */
	unsigned int cpus;
	uint32_t ids; /* interrupts implemented, a multiple of 32 */
	uint32_t ctlr;
	uint8_t priority_mask; /* the bits of a priority that are implemented */
	bool waits;	       /* an interrupt does, that is active at another vCPU */
	bool has_lpis;	       /* there is a service that makes them */
	struct vgic_cpu cpu[VGIC_CPUS];
	struct vgic_lpi lpis[VGIC_LPIS];
	struct vgic_irq shared[VGIC_IDS - VGIC_PRIVATE];
};

/*
 * `highest` is the highest interrupt id in use; `affinity` has one entry for each of the
 * 1..VGIC_CPUS vCPUs. False when a number is out of range, when two vCPUs are one, or when Aff0 is
 * one that no SGI can reach (16 and above, as GICD_TYPER.RSS is 0).
 */
bool vgic_init(struct vgic *g, unsigned int cpus, const uint32_t *affinity, uint32_t highest);
/* Something raises SPI `id`; `edge` is what ICFGR says until the guest writes it. False: no such
 * SPI.
 */
bool vgic_line(struct vgic *g, uint32_t id, bool edge, bool physical);
/* PPI `id` of every vCPU has a line, a level. */
void vgic_private_line(struct vgic *g, uint32_t id);

/*
 * An access by `cpu` at guest physical `address`. False when neither distributor nor redistributors
 * are there. A load's value is in *value. Accesses of a width a register does not support read as
 * zero and are ignored.
 */
bool vgic_access(struct vgic *g, unsigned int cpu, uint64_t address, uint32_t width, bool write,
		 uint64_t *value);
/* A write by `cpu` of ICC_SGI1R_EL1, or, with `group0`, of ICC_SGI0R_EL1 or ICC_ASGI1R_EL1. */
void vgic_sgi(struct vgic *g, unsigned int cpu, uint64_t value, bool group0);
/* The interrupt becomes pending, as by ISPENDR. `cpu` counts for private ones only. False: no such
 * id. */
bool vgic_pend(struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_recheck(struct vgic *g);
/* An SPI ends that may be active at another vCPU: ICC_DIR_EL1. */
void vgic_end(struct vgic *g, unsigned int cpu, uint64_t id);
/* vCPU `cpu` starts anew: its private interrupts are as after reset. */
void vgic_cpu_reset(struct vgic *g, unsigned int cpu);

/* ---- Between the parts of the model ---- */
#define GICD_CTLR_GRP0 (1u << 0)
#define GICD_CTLR_GRP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_DS (1u << 6)
#define GIC_PIDR2_V3 0x3bu
#define GICR_CTLR_ENABLE_LPIS (1u << 0)
#define GICR_CTLR_CES (1u << 1) /* it can be cleared again */
#define GICR_PENDBASER_PTZ (1ull << 62)
#define GIC_ID_BITS 10u	    /* of an interrupt id */
#define GIC_ID_BITS_LPI 14u /* where there are LPIs */

struct vgic_irq *vgic_irq(struct vgic *g, unsigned int cpu, uint32_t id);
bool vgic_is_pending(struct vgic *g, unsigned int cpu, uint32_t id);
bool vgic_is_active(struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_unpend(struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_activate(struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_deactivate(struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_withdraw(struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_sync(struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_sync_all(struct vgic *g);

/* LPIs by their number from 0. */
void vgic_lpi_sync(struct vgic *g, uint32_t n);
void vgic_lpi_pend(struct vgic *g, uint32_t n);
void vgic_lpi_clear(struct vgic *g, uint32_t n);
void vgic_lpi_target(struct vgic *g, uint32_t n, unsigned int cpu); /* VGIC_CPUS: none */
void vgic_lpi_config(struct vgic *g, uint32_t n); /* priority and enable, from the guest's table */
/* Has the redistributor of `cpu` the LPI of this interrupt id? */
bool vgic_lpi_valid(const struct vgic *g, unsigned int cpu, uint32_t id);
void vgic_lpis_enable(struct vgic *g, unsigned int cpu, bool on);

/* Registers at `offset` of a frame; 32 bits unless said otherwise. */
uint64_t vgic_dist_read(struct vgic *g, uint32_t offset, uint32_t width);
void vgic_dist_write(struct vgic *g, uint32_t offset, uint32_t width, uint64_t value);
uint64_t vgic_redist_read(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width);
void vgic_redist_write(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width,
		       uint64_t value);
/*
 * IGROUPR to ICFGR (0x080..0xcff), which distributor and SGI_base have in common. `cpu` is
 * VGIC_CPUS for the distributor, which does not show private interrupts.
 */
uint32_t vgic_bank_read(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width);
void vgic_bank_write(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width,
		     uint32_t value);

#endif
