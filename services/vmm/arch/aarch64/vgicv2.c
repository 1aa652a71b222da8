/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers: IHI 0048B, 4.3. What is not named here reads as zero, writes ignored. */
#include "services/vmm/arch/aarch64/vgicv2.h"

#include "kernel/abi.h"

#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_IIDR 0x008u
#define GICD_BANKS 0x080u
#define GICD_ISENABLER 0x100u
#define GICD_ISPENDR 0x200u
#define GICD_ISACTIVER 0x300u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_ICFGR 0xc00u
#define GICD_BANKS_END 0xd00u
#define GICD_SGIR 0xf00u
#define GICD_CPENDSGIR 0xf10u
#define GICD_SPENDSGIR 0xf20u
#define GICD_SGIS_END 0xf30u
#define GICD_ICPIDR2 0xfe8u
#define GICD_CIDR0 0xff0u
#define GICC_DIR 0x1000u

#define TYPER_CPUS(cpus) (((cpus)-1) << 5)
#define PIDR2_V2 0x2bu
#define IIDR_SKERRY 0x53000000u /* product 'S', no JEP106 implementer */
#define SGIS_MASK ((1u << VGIC_SGIS) - 1)
#define INTERRUPT_ID 0x3ffu
#define SGIR_LIST 0u /* the filters of GICD_SGIR */
#define SGIR_OTHERS 1u
#define SGIR_SELF 2u

void vgicv2_init(struct vgic *g)
{
	g->version = 2;
	g->ctlr = 0;
	/* With one CPU there is no GICD_ITARGETSR, and all is that CPU's. */
	for (uint32_t i = 0; i < VGIC_IDS - VGIC_PRIVATE; i++) {
		g->shared[i].route = g->cpus == 1;
		g->shared[i].group0 = true;
	}
	for (unsigned int cpu = 0; cpu < g->cpus; cpu++)
		vgic_cpu_reset(g, cpu);
}

void vgicv2_cpu_reset(struct vgic *g, unsigned int cpu)
{
	struct vgic_cpu *c = &g->cpu[cpu];

	for (uint32_t id = 0; id < VGIC_PRIVATE; id++) {
		c->irqs[id].group0 = true;
		c->irqs[id].enabled = id < VGIC_SGIS; /* always */
		if (id < VGIC_SGIS) {
			c->sources[id] = 0;
			vgic_sync(g, cpu, id);
		}
	}
}

/* ---- SGIs ---- */

static uint16_t priority_of(const struct vgic_irq *irq)
{
	return (uint16_t)(irq->priority | (irq->group0 ? IRQ_GROUP0 : 0));
}

void vgicv2_pend(struct vgic *g, unsigned int cpu, uint32_t id, unsigned int source)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	struct vgic_irq *irq = &c->irqs[id];

	if (!irq->forwarded) {
		c->sources[id] |= (uint8_t)(1u << source);
		return;
	}
	irq->known |= (uint8_t)(1u << cpu);
	g->ops->inject(g->host, cpu, VGIC_SOURCED(id, source), priority_of(irq), IRQ_PENDING);
}

uint8_t vgicv2_pending(struct vgic *g, unsigned int cpu, uint32_t id)
{
	uint8_t sources = g->cpu[cpu].sources[id];

	for (unsigned int s = 0; g->cpu[cpu].irqs[id].forwarded && s < g->cpus; s++) {
		if (g->ops->state(g->host, cpu, VGIC_SOURCED(id, s)) & IRQ_PENDING)
			sources |= (uint8_t)(1u << s);
	}
	return sources;
}

void vgicv2_forward(struct vgic *g, unsigned int cpu, uint32_t id)
{
	uint8_t sources = g->cpu[cpu].sources[id];

	g->cpu[cpu].sources[id] = 0;
	for (unsigned int s = 0; s < g->cpus; s++) {
		if (sources >> s & 1)
			vgicv2_pend(g, cpu, id, s);
	}
}

static void unpend(struct vgic *g, unsigned int cpu, uint32_t id, unsigned int source)
{
	g->cpu[cpu].sources[id] &= (uint8_t) ~(1u << source);
	if (g->cpu[cpu].irqs[id].forwarded)
		g->ops->retract(g->host, cpu, VGIC_SOURCED(id, source), IRQ_PENDING);
}

/* All are looked at first: one that is taken back makes room for the next. */
void vgicv2_withdraw(struct vgic *g, unsigned int cpu, uint32_t id)
{
	uint8_t sources = 0;

	for (unsigned int s = 0; s < g->cpus; s++) {
		if (g->ops->state(g->host, cpu, VGIC_SOURCED(id, s)) & IRQ_PENDING)
			sources |= (uint8_t)(1u << s);
	}
	for (unsigned int s = g->cpus; s > 0; s--)
		g->ops->retract(g->host, cpu, VGIC_SOURCED(id, s - 1), IRQ_PENDING);
	g->cpu[cpu].sources[id] = sources;
}

static void send(struct vgic *g, unsigned int cpu, uint32_t value)
{
	uint32_t filter = value >> 24 & 3, targets = value >> 16 & 0xff;

	for (unsigned int i = 0; i < g->cpus; i++) {
		if ((filter == SGIR_LIST && (targets >> i & 1)) ||
		    (filter == SGIR_OTHERS && i != cpu) || (filter == SGIR_SELF && i == cpu))
			vgicv2_pend(g, i, value & (VGIC_SGIS - 1), cpu);
	}
}

/* ---- Registers of a byte for each interrupt: `offset` from the first ---- */

static bool byte_or_word(uint32_t width)
{
	return width == 1 || width == 4;
}

/* CPENDSGIR and SPENDSGIR of the reader's own SGIs: a bit for each source. */
static uint32_t sources_read(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < width; i++)
		value |= (uint32_t)vgicv2_pending(g, cpu, (offset + i) % VGIC_SGIS) << 8 * i;
	return value;
}

static void sources_write(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width,
			  uint32_t value)
{
	const bool set = offset >= GICD_SPENDSGIR;

	for (uint32_t bit = 0; bit < 8 * width; bit++) {
		uint32_t id = (offset + bit / 8) % VGIC_SGIS;

		if (!(value >> bit & 1) || bit % 8 >= g->cpus)
			continue;
		if (set)
			vgicv2_pend(g, cpu, id, bit % 8);
		else
			unpend(g, cpu, id, bit % 8);
	}
}

/* Private interrupts have the reader as their target; with one CPU the register is not there. */
static uint32_t targets_read(struct vgic *g, unsigned int cpu, uint32_t first, uint32_t width)
{
	uint32_t value = 0;

	for (uint32_t i = 0; g->cpus > 1 && i < width; i++) {
		uint32_t id = first + i;

		if (id < VGIC_PRIVATE)
			value |= 1u << cpu << 8 * i;
		else if (id < g->ids)
			value |= vgic_irq(g, 0, id)->route << 8 * i;
	}
	return value;
}

static void targets_write(struct vgic *g, uint32_t first, uint32_t width, uint32_t value)
{
	for (uint32_t i = 0; g->cpus > 1 && i < width; i++) {
		uint32_t id = first + i;

		if (id < VGIC_PRIVATE || id >= g->ids)
			continue;
		vgic_irq(g, 0, id)->route = value >> 8 * i & ((1u << g->cpus) - 1);
		vgic_sync(g, 0, id);
	}
}

/* ---- The distributor ---- */

/* A bank's first registers are the reader's own. No register has interrupts of both kinds. */
static unsigned int bank_of(unsigned int cpu, uint32_t offset)
{
	uint32_t id = offset >= GICD_ICFGR	  ? (offset - GICD_ICFGR) * 4
		      : offset >= GICD_IPRIORITYR ? offset - GICD_IPRIORITYR
						  : (offset & 0x7fu) * 8;

	return id < VGIC_PRIVATE ? cpu : VGIC_CPUS;
}

static uint32_t dist_read(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width)
{
	if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR)
		return byte_or_word(width) ? targets_read(g, cpu, offset - GICD_ITARGETSR, width)
					   : 0;
	if (offset >= GICD_BANKS && offset < GICD_BANKS_END)
		return vgic_bank_read(g, bank_of(cpu, offset), offset, width);
	if (offset >= GICD_CPENDSGIR && offset < GICD_SGIS_END)
		return byte_or_word(width) ? sources_read(g, cpu, offset, width) : 0;
	if (width != 4)
		return 0;
	switch (offset) {
	case GICD_CTLR:
		return g->ctlr;
	case GICD_TYPER:
		return TYPER_CPUS(g->cpus) | (g->ids / 32 - 1);
	case GICD_IIDR:
		return IIDR_SKERRY;
	case GICD_ICPIDR2:
		return PIDR2_V2;
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

/* SGIs are always enabled, and their pending bits are the sources' alone. */
static uint32_t writable(uint32_t offset, uint32_t value)
{
	const bool own = offset >= GICD_ISENABLER && offset < GICD_ISACTIVER && !(offset & 0x7fu);

	return own ? value & ~SGIS_MASK : value;
}

static void dist_write(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width,
		       uint32_t value)
{
	uint32_t before = g->ctlr;

	if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR) {
		if (byte_or_word(width))
			targets_write(g, offset - GICD_ITARGETSR, width, value);
	} else if (offset >= GICD_BANKS && offset < GICD_BANKS_END) {
		vgic_bank_write(g, bank_of(cpu, offset), offset, width, writable(offset, value));
	} else if (offset >= GICD_CPENDSGIR && offset < GICD_SGIS_END) {
		if (byte_or_word(width))
			sources_write(g, cpu, offset, width, value);
	} else if (offset == GICD_SGIR && width == 4) {
		send(g, cpu, value);
	} else if (offset == GICD_CTLR && width == 4) {
		g->ctlr = value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
		if (g->ctlr != before)
			vgic_sync_all(g);
	}
}

bool vgicv2_access(struct vgic *g, unsigned int cpu, uint64_t address, uint32_t width, bool write,
		   uint64_t *value)
{
	uint64_t offset = address - g->dist_base, page = address - g->cpu_base - GICC_DIR;

	if (cpu >= g->cpus || (address & (width - 1)))
		return false;
	if (offset < VGIC_DIST_SIZE) {
		if (write)
			dist_write(g, cpu, (uint32_t)offset, width, (uint32_t)*value);
		else
			*value = dist_read(g, cpu, (uint32_t)offset, width);
		return true;
	}
	if (page >= VGICV2_CPU_SIZE)
		return false;
	if (!write)
		*value = 0;
	else if (page == 0 && width == 4 && (*value & INTERRUPT_ID) < g->ids)
		vgic_deactivate(g, cpu, *value & INTERRUPT_ID);
	return true;
}
