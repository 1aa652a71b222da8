/* SPDX-License-Identifier: BSD-2-Clause */
/* The two frames of a redistributor: IHI 0069, 12.10 (RD_base) and 12.11 (SGI_base). */
#include "services/vmm/arch/aarch64/vgic.h"

#define GICR_CTLR 0x0000u
#define GICR_IIDR 0x0004u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_PROPBASER 0x0070u
#define GICR_PENDBASER 0x0078u
#define GICR_PIDR2 0xffe8u
#define GICR_SGI_BASE 0x10000u
#define GICR_BANKS 0x0080u
#define GICR_BANKS_END 0x0d00u

#define WAKER_PROCESSOR_SLEEP (1u << 1)
#define WAKER_CHILDREN_ASLEEP (1u << 2)
#define TYPER_LAST (1u << 4)
#define TYPER_PLPIS (1u << 0)
/* Read, write-back, inner shareable, as all of a guest's memory is reached. */
#define BASER_FIXED (7u << 7 | 1u << 10)
#define PROPBASER_WRITABLE (0x000ffffffffff000ull | 0x1f)
#define PENDBASER_WRITABLE (0x000fffffffff0000ull | GICR_PENDBASER_PTZ)
#define IIDR_SKERRY 0x53000000u

static uint64_t typer(const struct vgic *g, unsigned int cpu)
{
	return (uint64_t)g->cpu[cpu].affinity << 32 | (uint64_t)cpu << 8 |
	       (g->has_lpis ? TYPER_PLPIS : 0) | (cpu + 1 == g->cpus ? TYPER_LAST : 0);
}

static uint64_t baser_read(const struct vgic_cpu *c, uint32_t offset)
{
	return offset < GICR_PENDBASER ? c->propbaser | BASER_FIXED
				       : (c->pendbaser & ~GICR_PENDBASER_PTZ) | BASER_FIXED;
}

static void baser_write(struct vgic_cpu *c, uint32_t offset, uint32_t width, uint64_t value)
{
	uint64_t was = offset < GICR_PENDBASER ? c->propbaser : c->pendbaser;

	if (c->ctlr & GICR_CTLR_ENABLE_LPIS)
		return; /* in use */
	if (width == 4 && (offset & 4))
		value = value << 32 | (uint32_t)was;
	else if (width == 4)
		value = (was & ~0xffffffffull) | (uint32_t)value;
	if (offset < GICR_PENDBASER)
		c->propbaser = value & PROPBASER_WRITABLE;
	else
		c->pendbaser = value & PENDBASER_WRITABLE;
}

static bool is_baser(const struct vgic *g, uint32_t offset, uint32_t width)
{
	return g->has_lpis && (width == 8 || width == 4) && offset >= GICR_PROPBASER &&
	       offset < GICR_PENDBASER + 8;
}

uint64_t vgic_redist_read(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width)
{
	if (offset >= GICR_SGI_BASE) {
		offset -= GICR_SGI_BASE;
		if (offset >= GICR_BANKS && offset < GICR_BANKS_END)
			return vgic_bank_read(g, cpu, offset, width);
		return 0;
	}
	if (offset == GICR_TYPER && width == 8)
		return typer(g, cpu);
	if (is_baser(g, offset, width)) {
		uint64_t whole = baser_read(&g->cpu[cpu], offset);

		return width == 8 ? whole : whole >> (offset & 4 ? 32 : 0) & 0xffffffff;
	}
	if (width != 4)
		return 0;
	switch (offset) {
	case GICR_CTLR:
		return g->has_lpis ? g->cpu[cpu].ctlr | GICR_CTLR_CES : 0;
	case GICR_IIDR:
		return IIDR_SKERRY;
	case GICR_TYPER:
		return typer(g, cpu) & 0xffffffffu;
	case GICR_TYPER + 4:
		return typer(g, cpu) >> 32;
	case GICR_WAKER:
		return g->cpu[cpu].waker;
	case GICR_PIDR2:
		return GIC_PIDR2_V3;
	default:
		return 0;
	}
}

void vgic_redist_write(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width,
		       uint64_t value)
{
	if (offset >= GICR_SGI_BASE) {
		offset -= GICR_SGI_BASE;
		if (offset >= GICR_BANKS && offset < GICR_BANKS_END)
			vgic_bank_write(g, cpu, offset, width, (uint32_t)value);
	} else if (is_baser(g, offset, width)) {
		baser_write(&g->cpu[cpu], offset, width, value);
	} else if (offset == GICR_CTLR && width == 4 && g->has_lpis) {
		vgic_lpis_enable(g, cpu, value & GICR_CTLR_ENABLE_LPIS);
	} else if (offset == GICR_WAKER && width == 4) {
		/* ChildrenAsleep follows at once: there is nothing to drain. */
		g->cpu[cpu].waker = value & WAKER_PROCESSOR_SLEEP
					? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP
					: 0;
		vgic_sync_all(g);
	}
}
