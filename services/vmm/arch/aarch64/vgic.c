/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupts themselves: what is forwarded to the kernel, and what is pending and active. */
#include "services/vmm/arch/aarch64/vgic.h"

#include <string.h>

#include "kernel/abi.h"

#define TIMER_PPI 27u
#define WAKER_ASLEEP 0x6u

static bool affinities_valid(unsigned int cpus, const uint32_t *affinity)
{
	for (unsigned int i = 0; i < cpus; i++) {
		if ((affinity[i] & 0xff) > 15)
			return false;
		for (unsigned int j = 0; j < i; j++) {
			if (affinity[i] == affinity[j])
				return false;
		}
	}
	return true;
}

bool vgic_init(struct vgic *g, unsigned int cpus, const uint32_t *affinity, uint32_t highest)
{
	if (cpus == 0 || cpus > VGIC_CPUS || highest >= VGIC_IDS)
		return false;
	if (!affinities_valid(cpus, affinity))
		return false;
	memset(g, 0, sizeof(*g));
	g->cpus = cpus;
	g->timer = TIMER_PPI;
	g->ctlr = GICD_CTLR_ARE | GICD_CTLR_DS;
	/* Two words of SPIs at least: guests that probe with one find room for the other. */
	g->ids = highest < 96 ? 96 : (highest / 32 + 1) * 32;
	for (unsigned int i = 0; i < cpus; i++) {
		g->cpu[i].affinity = affinity[i];
		vgic_cpu_reset(g, i);
	}
	for (uint32_t i = 0; i < VGIC_IDS - VGIC_PRIVATE; i++)
		g->shared[i].route = affinity[0];
	return true;
}

bool vgic_line(struct vgic *g, uint32_t id, bool edge)
{
	if (id < VGIC_PRIVATE || id >= g->ids)
		return false;
	g->shared[id - VGIC_PRIVATE].line = true;
	g->shared[id - VGIC_PRIVATE].edge = edge;
	return true;
}

void vgic_private_line(struct vgic *g, uint32_t id)
{
	for (unsigned int i = 0; i < g->cpus; i++)
		g->cpu[i].irqs[id].line = true;
}

struct vgic_irq *vgic_irq(struct vgic *g, unsigned int cpu, uint32_t id)
{
	return id < VGIC_PRIVATE ? &g->cpu[cpu].irqs[id] : &g->shared[id - VGIC_PRIVATE];
}

/* The vCPU that is to have the interrupt now; VGIC_CPUS: none. */
static unsigned int target(const struct vgic *g, const struct vgic_irq *irq, unsigned int cpu,
			   uint32_t id)
{
	if (!irq->enabled || !(g->ctlr & GICD_CTLR_GRP1))
		return VGIC_CPUS;
	if (id < VGIC_PRIVATE)
		return cpu;
	for (unsigned int i = 0; i < g->cpus; i++) {
		if (g->cpu[i].affinity == irq->route)
			return i;
	}
	return VGIC_CPUS;
}

static bool level_high(const struct vgic *g, const struct vgic_irq *irq, uint32_t id)
{
	return irq->line && !irq->edge && g->ops->level(g->host, VGIC_WIRE(irq->at, id));
}

static void forward(struct vgic *g, struct vgic_irq *irq, unsigned int to, uint32_t id)
{
	irq->forwarded = true;
	irq->known = true;
	irq->at = (uint8_t)to;
	if (irq->line)
		g->ops->arm(g->host, to, id, irq->priority, irq->edge);
	else if (id == g->timer)
		g->ops->timer(g->host, to, irq->priority, true);
	if (irq->pending) {
		irq->pending = false;
		g->ops->inject(g->host, to, id, irq->priority);
	}
}

void vgic_withdraw(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);
	uint32_t states;

	if (!irq->forwarded)
		return;
	irq->forwarded = false;
	if (irq->line) {
		states = g->ops->disarm(g->host, VGIC_WIRE(irq->at, id));
	} else {
		if (id == g->timer)
			g->ops->timer(g->host, irq->at, irq->priority, false);
		states = g->ops->retract(g->host, irq->at, id, IRQ_PENDING);
	}
	/* What the wire holds pending comes again when the line is armed; the rest is kept here. */
	if ((states & IRQ_PENDING) && id != g->timer && !level_high(g, irq, id))
		irq->pending = true;
}

void vgic_sync(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);
	unsigned int to = target(g, irq, cpu, id);

	if (irq->forwarded && to != irq->at)
		vgic_withdraw(g, cpu, id);
	if (!irq->forwarded && to != VGIC_CPUS)
		forward(g, irq, to, id);
}

void vgic_sync_all(struct vgic *g)
{
	for (unsigned int cpu = 0; cpu < g->cpus; cpu++) {
		for (uint32_t id = 0; id < VGIC_PRIVATE; id++)
			vgic_sync(g, cpu, id);
	}
	for (uint32_t id = VGIC_PRIVATE; id < g->ids; id++)
		vgic_sync(g, 0, id);
}

bool vgic_pend(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq;

	if (id >= g->ids || cpu >= g->cpus)
		return false;
	irq = vgic_irq(g, cpu, id);
	if (irq->forwarded)
		g->ops->inject(g->host, irq->at, id, irq->priority);
	else
		irq->pending = true;
	return true;
}

bool vgic_is_pending(struct vgic *g, unsigned int cpu, uint32_t id)
{
	const struct vgic_irq *irq = vgic_irq(g, cpu, id);

	if (level_high(g, irq, id))
		return true;
	if (irq->forwarded)
		return g->ops->state(g->host, irq->at, id) & IRQ_PENDING;
	return irq->pending;
}

bool vgic_is_active(struct vgic *g, unsigned int cpu, uint32_t id)
{
	const struct vgic_irq *irq = vgic_irq(g, cpu, id);

	return irq->known && (g->ops->state(g->host, irq->at, id) & IRQ_ACTIVE);
}

void vgic_unpend(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);

	irq->pending = false;
	/* A level that is high stays pending (IHI 0069, ICPENDR). */
	if (irq->forwarded && id != g->timer && !level_high(g, irq, id))
		g->ops->retract(g->host, irq->at, id, IRQ_PENDING);
}

void vgic_deactivate(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);

	if (!vgic_is_active(g, cpu, id))
		return;
	if (irq->line && irq->forwarded) {
		/* Arming it again looks at the wire, which may still be high. */
		vgic_withdraw(g, cpu, id);
		vgic_sync(g, cpu, id);
	} else {
		g->ops->retract(g->host, irq->at, id, IRQ_ACTIVE);
	}
}

void vgic_cpu_reset(struct vgic *g, unsigned int cpu)
{
	struct vgic_cpu *c = &g->cpu[cpu];

	for (uint32_t id = 0; id < VGIC_PRIVATE; id++) {
		const bool line = c->irqs[id].line;

		vgic_withdraw(g, cpu, id);
		if (c->irqs[id].known)
			g->ops->retract(g->host, cpu, id, IRQ_PENDING | IRQ_ACTIVE);
		c->irqs[id] = (struct vgic_irq){.at = (uint8_t)cpu, .line = line};
	}
	for (uint32_t id = 0; id < VGIC_SGIS; id++)
		c->irqs[id].edge = true;
	c->waker = WAKER_ASLEEP;
}

/*
 * ICC_SGI1R_EL1: INTID 27:24, Aff1 23:16, Aff2 39:32, Aff3 55:48, target list 15:0, IRM 40.
 * GICD_TYPER.RSS is 0, so the range selector is ignored and the list means Aff0 0..15.
 */
void vgic_sgi(struct vgic *g, unsigned int cpu, uint64_t value)
{
	uint32_t id = (uint32_t)(value >> 24) & 0xf;
	uint32_t cluster = (uint32_t)(value >> 24 & 0xff000000u) |
			   (uint32_t)(value >> 16 & 0x00ff0000u) | (uint32_t)(value >> 8 & 0xff00u);
	bool others = value >> 40 & 1;

	for (unsigned int i = 0; i < g->cpus; i++) {
		uint32_t affinity = g->cpu[i].affinity;

		if (others ? i != cpu
			   : (affinity & 0xffffff00u) == cluster && (affinity & 0xff) < 16 &&
				 (value >> (affinity & 0xf) & 1))
			vgic_pend(g, i, id);
	}
}

bool vgic_access(struct vgic *g, unsigned int cpu, uint64_t address, uint32_t width, bool write,
		 uint64_t *value)
{
	uint64_t offset = address - g->dist_base;

	if (cpu >= g->cpus)
		return false;
	if (offset < VGIC_DIST_SIZE) {
		if (offset & (width - 1))
			return false;
		if (write)
			vgic_dist_write(g, (uint32_t)offset, width, *value);
		else
			*value = vgic_dist_read(g, (uint32_t)offset, width);
		return true;
	}
	offset = address - g->redist_base;
	if (offset < (uint64_t)VGIC_REDIST_STRIDE * g->cpus) {
		unsigned int of = (unsigned int)(offset / VGIC_REDIST_STRIDE);
		uint32_t reg = (uint32_t)(offset % VGIC_REDIST_STRIDE);

		if (reg & (width - 1))
			return false;
		if (write)
			vgic_redist_write(g, of, reg, width, *value);
		else
			*value = vgic_redist_read(g, of, reg, width);
		return true;
	}
	return false;
}
