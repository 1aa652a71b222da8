/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupts themselves: what is forwarded to the kernel, and what is pending and active. */
#include "services/vmm/arch/aarch64/vgic.h"

#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/arch/aarch64/vgicv2.h"

/* What the vCPU's own hardware makes: the kernel's VCPU_SOURCE_*. */
#define TIMER_PPI 27u
#define MONITOR_PPI 23u
/* Five bits of priority, as every implementation of the virtual CPU interface has at least. */
#define PRIORITY_MASK 0xf8u

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
	g->version = 3;
	g->ctlr = GICD_CTLR_ARE | GICD_CTLR_DS;
	g->priority_mask = PRIORITY_MASK;
	/* Two words of SPIs at least: guests that probe with one find room for the other. */
	g->ids = highest < 96 ? 96 : (highest / 32 + 1) * 32;
	for (unsigned int i = 0; i < cpus; i++) {
		g->cpu[i].affinity = affinity[i];
		vgic_cpu_reset(g, i);
	}
	for (uint32_t i = 0; i < VGIC_IDS - VGIC_PRIVATE; i++)
		g->shared[i].route = affinity[0];
	for (uint32_t n = 0; n < VGIC_LPIS; n++)
		g->lpis[n].cpu = g->lpis[n].at = VGIC_CPUS;
	return true;
}

bool vgic_line(struct vgic *g, uint32_t id, bool edge, bool physical)
{
	struct vgic_irq *irq;

	if (id < VGIC_PRIVATE || id >= g->ids)
		return false;
	irq = vgic_irq(g, 0, id);
	irq->line = true;
	irq->physical = physical;
	irq->edge = edge;
	return true;
}

void vgic_private_line(struct vgic *g, uint32_t id)
{
	for (unsigned int i = 0; i < g->cpus; i++)
		g->cpu[i].irqs[id].line = true;
}

static bool is_own(uint32_t id)
{
	return id == TIMER_PPI || id == MONITOR_PPI;
}

struct vgic_irq *vgic_irq(struct vgic *g, unsigned int cpu, uint32_t id)
{
	return id < VGIC_PRIVATE ? &g->cpu[cpu].irqs[id] : &g->shared[id - VGIC_PRIVATE];
}

/* The vCPU an interrupt is routed to; VGIC_CPUS: none. */
static unsigned int routed(const struct vgic *g, const struct vgic_irq *irq, unsigned int cpu,
			   uint32_t id)
{
	if (id < VGIC_PRIVATE)
		return cpu;
	for (unsigned int i = 0; i < g->cpus; i++) {
		if (g->version == 2 ? irq->route >> i & 1 : g->cpu[i].affinity == irq->route)
			return i;
	}
	return VGIC_CPUS;
}

/* Is it active at another vCPU than `to`? Then it waits: vgic_recheck(). */
static bool active_elsewhere(struct vgic *g, struct vgic_irq *irq, unsigned int to, uint32_t id)
{
	for (unsigned int i = 0; irq->known >> i; i++) {
		if (i == to || !(irq->known >> i & 1))
			continue;
		if (g->ops->state(g->host, i, id) & IRQ_ACTIVE)
			return true;
		if (!irq->forwarded || irq->at != i) /* there it may become so just now */
			irq->known &= (uint8_t) ~(1u << i);
	}
	return false;
}

/* The vCPU that is to have the interrupt now; VGIC_CPUS: none. */
static unsigned int target(struct vgic *g, struct vgic_irq *irq, unsigned int cpu, uint32_t id)
{
	unsigned int to = routed(g, irq, cpu, id);

	if (!irq->enabled || !(g->ctlr & (irq->group0 ? GICD_CTLR_GRP0 : GICD_CTLR_GRP1)) ||
	    to == VGIC_CPUS || g->cpu[to].waker)
		return VGIC_CPUS;
	if (!active_elsewhere(g, irq, to, id))
		return to;
	g->waits = true;
	g->ops->recheck(g->host);
	return VGIC_CPUS;
}

static bool wire(const struct vgic *g, const struct vgic_irq *irq, unsigned int cpu, uint32_t id)
{
	if (is_own(id))
		return g->ops->state(g->host, cpu, id) & IRQ_PENDING;
	return irq->line && g->ops->wire(g->host, cpu, id, irq->edge);
}

static uint16_t priority_of(const struct vgic_irq *irq)
{
	return (uint16_t)(irq->priority | (irq->group0 ? IRQ_GROUP0 : 0));
}

static void inject(struct vgic *g, struct vgic_irq *irq, unsigned int cpu, uint32_t id,
		   uint32_t states)
{
	irq->known |= (uint8_t)(1u << cpu);
	g->ops->inject(g->host, cpu, id, states == IRQ_ACTIVE ? irq->given : priority_of(irq),
		       states);
}

static uint32_t source_of(uint32_t id)
{
	return id == TIMER_PPI ? VCPU_SOURCE_TIMER : VCPU_SOURCE_MONITOR;
}

/* SGIs of a GICv2 are by the CPU they come from. */
static bool is_sourced(const struct vgic *g, uint32_t id)
{
	return g->version == 2 && id < VGIC_SGIS;
}

static void forward(struct vgic *g, struct vgic_irq *irq, unsigned int to, uint32_t id)
{
	irq->forwarded = true;
	irq->known |= (uint8_t)(1u << to);
	irq->at = (uint8_t)to;
	irq->given = priority_of(irq);
	if (irq->line)
		g->ops->arm(g->host, to, id, irq->given, irq->edge);
	else if (is_own(id))
		g->ops->source(g->host, to, source_of(id), irq->given, true);
	if (irq->pending) {
		irq->pending = false;
		inject(g, irq, to, id, IRQ_PENDING);
	}
	if (is_sourced(g, id))
		vgicv2_forward(g, to, id);
}

/* A disabled interrupt stays active (IHI 0069, GICD_ICENABLER). */
static uint32_t disarm(struct vgic *g, struct vgic_irq *irq, uint32_t id)
{
	uint32_t states = g->ops->disarm(g->host, irq->at, id);

	if (states & IRQ_ACTIVE)
		inject(g, irq, irq->at, id, IRQ_ACTIVE);
	return states;
}

void vgic_withdraw(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);
	uint32_t states = 0;

	if (!irq->forwarded)
		return;
	irq->forwarded = false;
	if (is_sourced(g, id)) {
		vgicv2_withdraw(g, cpu, id);
		return;
	}
	if (irq->line)
		states = disarm(g, irq, id);
	else if (is_own(id))
		g->ops->source(g->host, irq->at, source_of(id), irq->given, false);
	states |= g->ops->retract(g->host, irq->at, id, IRQ_PENDING);
	/* What comes by itself when it is armed again need not be kept here. */
	if ((states & IRQ_PENDING) && !wire(g, irq, cpu, id))
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
	for (uint32_t n = 0; g->has_lpis && n < VGIC_LPIS; n++)
		vgic_lpi_sync(g, n);
}

void vgic_recheck(struct vgic *g)
{
	if (!g->waits)
		return;
	g->waits = false;
	for (uint32_t id = VGIC_PRIVATE; id < g->ids; id++)
		vgic_sync(g, 0, id);
}

bool vgic_pend(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq;

	if (cpu >= g->cpus)
		return false;
	if (id >= g->ids) {
		if (!g->has_lpis || id - VGIC_LPI_FIRST >= VGIC_LPIS)
			return false;
		vgic_lpi_pend(g, id - VGIC_LPI_FIRST);
		return true;
	}
	irq = vgic_irq(g, cpu, id);
	if (is_sourced(g, id))
		vgicv2_pend(g, cpu, id, cpu);
	else if (irq->physical)
		g->ops->pend(g->host, id, true);
	else if (irq->forwarded)
		inject(g, irq, irq->at, id, IRQ_PENDING);
	else
		irq->pending = true;
	return true;
}

bool vgic_is_pending(struct vgic *g, unsigned int cpu, uint32_t id)
{
	const struct vgic_irq *irq = vgic_irq(g, cpu, id);

	if (is_sourced(g, id))
		return vgicv2_pending(g, cpu, id) != 0;
	if (irq->pending || wire(g, irq, cpu, id))
		return true;
	return irq->forwarded && (g->ops->state(g->host, irq->at, id) & IRQ_PENDING);
}

bool vgic_is_active(struct vgic *g, unsigned int cpu, uint32_t id)
{
	const struct vgic_irq *irq = vgic_irq(g, cpu, id);

	for (unsigned int i = 0; irq->known >> i; i++) {
		if ((irq->known >> i & 1) && (g->ops->state(g->host, i, id) & IRQ_ACTIVE))
			return true;
	}
	return false;
}

/* An edge the line keeps goes only through a vCPU. */
static void forget_edge(struct vgic *g, struct vgic_irq *irq, uint32_t id)
{
	if (irq->forwarded)
		disarm(g, irq, id);
	g->ops->arm(g->host, irq->at, id, priority_of(irq), irq->edge);
	g->ops->retract(g->host, irq->at, id, IRQ_PENDING);
	if (!irq->forwarded)
		disarm(g, irq, id);
}

void vgic_unpend(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);

	irq->pending = false;
	if (irq->physical)
		g->ops->pend(g->host, id, false);
	else if (irq->edge && wire(g, irq, cpu, id))
		forget_edge(g, irq, id);
	/* A level that is high stays pending (IHI 0069, ICPENDR): the vCPU's own comes again. */
	if (irq->forwarded && (is_own(id) || !wire(g, irq, cpu, id)))
		g->ops->retract(g->host, irq->at, id, IRQ_PENDING);
}

void vgic_activate(struct vgic *g, unsigned int cpu, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);
	unsigned int to = irq->forwarded ? irq->at : routed(g, irq, cpu, id);

	if (vgic_is_active(g, cpu, id))
		return;
	if (!irq->forwarded)
		irq->given = priority_of(irq);
	inject(g, irq, to == VGIC_CPUS ? 0 : to, id, IRQ_ACTIVE);
}

void vgic_deactivate(struct vgic *g, unsigned int cpu, uint32_t id)
{
	const struct vgic_irq *irq = vgic_irq(g, cpu, id);

	for (unsigned int i = 0; irq->known >> i; i++) {
		if (irq->known >> i & 1)
			g->ops->retract(g->host, i, id, IRQ_ACTIVE);
	}
	if (g->waits)
		vgic_sync(g, cpu, id);
}

void vgic_end(struct vgic *g, unsigned int cpu, uint64_t id)
{
	id &= 0xffffff;
	if (id >= VGIC_PRIVATE && id < g->ids)
		vgic_deactivate(g, cpu, (uint32_t)id);
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
	c->waker = 0; /* as firmware leaves it */
	if (g->version == 2)
		vgicv2_cpu_reset(g, cpu);
}

/*
 * ICC_SGI1R_EL1: INTID 27:24, Aff1 23:16, Aff2 39:32, Aff3 55:48, target list 15:0, IRM 40.
 * GICD_TYPER.RSS is 0, so the range selector is ignored and the list means Aff0 0..15. With a
 * single security state ICC_SGI1R_EL1 makes SGIs of both groups, the others make those of Group 0.
 */
void vgic_sgi(struct vgic *g, unsigned int cpu, uint64_t value, bool group0)
{
	uint32_t id = (uint32_t)(value >> 24) & 0xf;
	uint32_t cluster = (uint32_t)(value >> 24 & 0xff000000u) |
			   (uint32_t)(value >> 16 & 0x00ff0000u) | (uint32_t)(value >> 8 & 0xff00u);
	bool others = value >> 40 & 1;

	for (unsigned int i = 0; i < g->cpus; i++) {
		uint32_t affinity = g->cpu[i].affinity;

		if (group0 && !g->cpu[i].irqs[id].group0)
			continue;
		if (others ? i != cpu
			   : (affinity & 0xffffff00u) == cluster &&
				 (value >> (affinity & 0xff) & 1)) /* vgic_init: below 16 */
			vgic_pend(g, i, id);
	}
}

bool vgic_access(struct vgic *g, unsigned int cpu, uint64_t address, uint32_t width, bool write,
		 uint64_t *value)
{
	uint64_t offset = address - g->dist_base;

	if (g->version == 2)
		return vgicv2_access(g, cpu, address, width, write, value);
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
