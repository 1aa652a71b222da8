/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPIs: pending or not, never active, always of Group 1. Priority and enable are bytes in the
 * guest's memory, read when the guest says so (IHI 0069, 5.1).
 */
#include "services/vmm/arch/aarch64/vgic.h"

#include <string.h>

#include "kernel/abi.h"

#define CONFIG_ENABLE 1u
#define CONFIG_PRIORITY 0xfcu
/* More than GICD_TYPER says are as many as that says. */
#define PROPBASER_ID_BITS(reg) (((reg)&31) + 1 < GIC_ID_BITS_LPI ? ((reg)&31) + 1 : GIC_ID_BITS_LPI)
#define TABLE_ADDRESS 0x000ffffffffff000ull
#define PENDING_ADDRESS 0x000fffffffff0000ull
#define PENDING_TABLE_OFFSET (VGIC_LPI_FIRST / 8)

static unsigned int target(const struct vgic *g, const struct vgic_lpi *l)
{
	return l->enabled && (g->ctlr & GICD_CTLR_GRP1) && l->cpu < g->cpus &&
		       !g->cpu[l->cpu].waker && (g->cpu[l->cpu].ctlr & GICR_CTLR_ENABLE_LPIS)
		   ? l->cpu
		   : VGIC_CPUS;
}

static void withdraw(struct vgic *g, uint32_t n)
{
	struct vgic_lpi *l = &g->lpis[n];

	if (l->at < g->cpus &&
	    (g->ops->retract(g->host, l->at, VGIC_LPI_FIRST + n, IRQ_PENDING) & IRQ_PENDING))
		l->pending = true;
	l->at = VGIC_CPUS;
}

void vgic_lpi_sync(struct vgic *g, uint32_t n)
{
	struct vgic_lpi *l = &g->lpis[n];
	unsigned int to = target(g, l);

	if (l->at != to)
		withdraw(g, n);
	if (to == VGIC_CPUS || !l->pending)
		return;
	l->pending = false;
	l->at = (uint8_t)to;
	g->ops->inject(g->host, to, VGIC_LPI_FIRST + n, l->priority, IRQ_PENDING);
}

void vgic_lpi_pend(struct vgic *g, uint32_t n)
{
	g->lpis[n].pending = true;
	vgic_lpi_sync(g, n);
}

void vgic_lpi_clear(struct vgic *g, uint32_t n)
{
	withdraw(g, n);
	g->lpis[n].pending = false;
}

void vgic_lpi_target(struct vgic *g, uint32_t n, unsigned int cpu)
{
	if (g->lpis[n].cpu == cpu)
		return;
	withdraw(g, n);
	g->lpis[n].cpu = (uint8_t)cpu;
	vgic_lpi_sync(g, n);
}

bool vgic_lpi_valid(const struct vgic *g, unsigned int cpu, uint32_t id)
{
	return cpu < g->cpus && id - VGIC_LPI_FIRST < VGIC_LPIS &&
	       id < 1ull << PROPBASER_ID_BITS(g->cpu[cpu].propbaser);
}

/* A table that is not in memory disables. */
void vgic_lpi_config(struct vgic *g, uint32_t n)
{
	struct vgic_lpi *l = &g->lpis[n];
	const uint8_t *byte;
	uint8_t value = 0, priority;

	if (!vgic_lpi_valid(g, l->cpu, VGIC_LPI_FIRST + n))
		return;
	byte = g->ops->memory(g->host, (g->cpu[l->cpu].propbaser & TABLE_ADDRESS) + n, 1, false);
	if (byte)
		value = *(const volatile uint8_t *)byte;
	priority = value & CONFIG_PRIORITY & g->priority_mask;
	if (priority != l->priority)
		withdraw(g, n);
	l->priority = priority;
	l->enabled = value & CONFIG_ENABLE;
	vgic_lpi_sync(g, n);
}

/* What the pending table says when the redistributor begins; PTZ says that it is zero. */
static void load_pending(struct vgic *g, unsigned int cpu)
{
	uint64_t table = g->cpu[cpu].pendbaser;
	const uint8_t *from;
	uint8_t bits[VGIC_LPIS / 8];

	if (table & GICR_PENDBASER_PTZ)
		return;
	from = g->ops->memory(g->host, (table & PENDING_ADDRESS) + PENDING_TABLE_OFFSET,
			      sizeof(bits), false);
	if (!from)
		return;
	memcpy(bits, from, sizeof(bits));
	for (uint32_t n = 0; n < VGIC_LPIS; n++) {
		if (!(bits[n / 8] >> n % 8 & 1))
			continue;
		if (g->lpis[n].cpu == VGIC_CPUS)
			g->lpis[n].cpu = (uint8_t)cpu;
		g->lpis[n].pending |= g->lpis[n].cpu == cpu;
	}
}

/* Off, what is pending at this redistributor is forgotten: the architecture leaves it open. */
void vgic_lpis_enable(struct vgic *g, unsigned int cpu, bool on)
{
	struct vgic_cpu *c = &g->cpu[cpu];

	if (on == ((c->ctlr & GICR_CTLR_ENABLE_LPIS) != 0))
		return;
	c->ctlr = on ? GICR_CTLR_ENABLE_LPIS : 0;
	if (on)
		load_pending(g, cpu);
	for (uint32_t n = 0; n < VGIC_LPIS; n++) {
		if (g->lpis[n].cpu != cpu)
			continue;
		if (on)
			vgic_lpi_config(g, n);
		else
			vgic_lpi_clear(g, n);
	}
}
