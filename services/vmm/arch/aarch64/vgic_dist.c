/* SPDX-License-Identifier: BSD-2-Clause */
/* The distributor's frame: IHI 0069, 12.9. What is not named here reads as zero, writes ignored. */
#include "services/vmm/arch/aarch64/vgic.h"

#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IIDR 0x0008u
#define GICD_BANKS 0x0080u
#define GICD_BANKS_END 0x0d00u
#define GICD_IROUTER 0x6000u
#define GICD_PIDR2 0xffe8u
#define GICD_CIDR0 0xfff0u

#define TYPER_IDBITS(bits) (((bits)-1) << 19)
#define TYPER_LPIS (1u << 17)
#define TYPER_NUM_LPIS (7u << 11) /* 2^(7 + 1) of them */
#define TYPER_A3V (1u << 24)	  /* Aff3 counts */
#define TYPER_NO1N (1u << 25)	  /* no 1-of-N routing: IROUTER.IRM is zero */
#define IIDR_SKERRY 0x53000000u	  /* product 'S', no JEP106 implementer */

/* Aff3 is bits 39:32 of the register and the highest byte of a route; the others lie alike. */
static uint64_t route_get(uint32_t route)
{
	return (uint64_t)(route & 0xff000000u) << 8 | (route & 0x00ffffffu);
}

static uint32_t route_of(uint64_t value)
{
	return (uint32_t)(value >> 8 & 0xff000000u) | (uint32_t)(value & 0x00ffffffu);
}

static struct vgic_irq *routed(struct vgic *g, uint32_t offset)
{
	uint32_t id = (offset - GICD_IROUTER) / 8;

	if (offset < GICD_IROUTER || id < VGIC_PRIVATE || id >= g->ids)
		return 0;
	return vgic_irq(g, 0, id);
}

uint64_t vgic_dist_read(struct vgic *g, uint32_t offset, uint32_t width)
{
	const struct vgic_irq *irq = routed(g, offset);

	if (irq && width == 8)
		return route_get(irq->route);
	if (irq && width == 4)
		return route_get(irq->route) >> (offset & 4 ? 32 : 0) & 0xffffffffu;
	if (offset >= GICD_BANKS && offset < GICD_BANKS_END)
		return vgic_bank_read(g, VGIC_CPUS, offset, width);
	if (width != 4)
		return 0;
	switch (offset) {
	case GICD_CTLR:
		return g->ctlr;
	case GICD_TYPER:
		return TYPER_A3V | TYPER_NO1N | (g->ids / 32 - 1) |
		       (g->has_lpis ? TYPER_LPIS | TYPER_NUM_LPIS | TYPER_IDBITS(GIC_ID_BITS_LPI)
				    : TYPER_IDBITS(GIC_ID_BITS));
	case GICD_IIDR:
		return IIDR_SKERRY;
	case GICD_PIDR2:
		return GIC_PIDR2_V3;
	case GICD_CIDR0:
		return 0x0d;
	case GICD_CIDR0 + 4:
		return 0xf0;
	case GICD_CIDR0 + 8:
		return 0x05;
	case GICD_CIDR0 + 12:
		return 0xb1;
	default:
		return 0;
	}
}

static void route_write(struct vgic *g, struct vgic_irq *irq, uint32_t offset, uint32_t width,
			uint64_t value)
{
	uint32_t id = (offset - GICD_IROUTER) / 8;

	if (width == 4 && (offset & 4))
		value = value << 32 | (uint32_t)route_get(irq->route);
	else if (width == 4)
		value = (route_get(irq->route) & ~0xffffffffull) | (uint32_t)value;
	else if (width != 8)
		return;
	irq->route = route_of(value);
	vgic_sync(g, 0, id);
}

void vgic_dist_write(struct vgic *g, uint32_t offset, uint32_t width, uint64_t value)
{
	struct vgic_irq *irq = routed(g, offset);

	if (irq) {
		route_write(g, irq, offset, width, value);
	} else if (offset >= GICD_BANKS && offset < GICD_BANKS_END) {
		vgic_bank_write(g, VGIC_CPUS, offset, width, (uint32_t)value);
	} else if (offset == GICD_CTLR && width == 4) {
		uint32_t before = g->ctlr;

		g->ctlr =
		    (value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1)) | GICD_CTLR_ARE | GICD_CTLR_DS;
		if (g->ctlr != before)
			vgic_sync_all(g);
	}
}
