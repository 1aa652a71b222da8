/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers with one field per interrupt, IHI 0069 12.9: one bit, two bits or one byte each. */
#include "services/vmm/arch/aarch64/vgic.h"

#define BANK_GROUP 0x080u
#define BANK_SET_ENABLE 0x100u
#define BANK_CLEAR_ENABLE 0x180u
#define BANK_SET_PENDING 0x200u
#define BANK_CLEAR_PENDING 0x280u
#define BANK_SET_ACTIVE 0x300u
#define BANK_CLEAR_ACTIVE 0x380u
#define BANK_PRIORITY 0x400u
#define BANK_TARGETS 0x800u
#define BANK_CONFIG 0xc00u
#define BANK_END 0xd00u
#define BANK_MASK 0x7fu

/* Does this frame show the interrupt? */
static bool shown(const struct vgic *g, unsigned int cpu, uint32_t id)
{
	return cpu == VGIC_CPUS ? id >= VGIC_PRIVATE && id < g->ids : id < VGIC_PRIVATE;
}

static bool bit_read(struct vgic *g, unsigned int cpu, uint32_t bank, uint32_t id)
{
	switch (bank) {
	case BANK_GROUP:
		return !vgic_irq(g, cpu, id)->group0;
	case BANK_SET_ENABLE:
	case BANK_CLEAR_ENABLE:
		return vgic_irq(g, cpu, id)->enabled;
	case BANK_SET_PENDING:
	case BANK_CLEAR_PENDING:
		return vgic_is_pending(g, cpu, id);
	default:
		return vgic_is_active(g, cpu, id);
	}
}

static void bit_write(struct vgic *g, unsigned int cpu, uint32_t bank, uint32_t id)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);

	switch (bank) {
	case BANK_SET_ENABLE:
	case BANK_CLEAR_ENABLE:
		if (irq->enabled != (bank == BANK_SET_ENABLE)) {
			irq->enabled = bank == BANK_SET_ENABLE;
			vgic_sync(g, cpu, id);
		}
		break;
	case BANK_SET_PENDING:
		vgic_pend(g, cpu, id);
		break;
	case BANK_CLEAR_PENDING:
		vgic_unpend(g, cpu, id);
		break;
	case BANK_SET_ACTIVE:
		vgic_activate(g, cpu, id);
		break;
	default:
		vgic_deactivate(g, cpu, id);
		break;
	}
}

/* The kernel took priority and group when the interrupt was forwarded. */
static void rank_write(struct vgic *g, unsigned int cpu, uint32_t id, uint8_t priority, bool group0)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);

	priority &= g->priority_mask;
	if (irq->priority == priority && irq->group0 == group0)
		return;
	vgic_withdraw(g, cpu, id);
	irq->priority = priority;
	irq->group0 = group0;
	vgic_sync(g, cpu, id);
}

static void config_write(struct vgic *g, unsigned int cpu, uint32_t id, bool edge)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, id);

	/* SGIs are always edges; the PPIs that are wired are the timers, levels. */
	if (id < VGIC_PRIVATE || irq->edge == edge)
		return;
	vgic_withdraw(g, cpu, id);
	irq->edge = edge;
	vgic_sync(g, cpu, id);
}

uint32_t vgic_bank_read(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width)
{
	unsigned int of = cpu == VGIC_CPUS ? 0 : cpu;
	uint32_t value = 0;

	if (offset >= BANK_PRIORITY && offset < BANK_TARGETS) {
		if (width != 1 && width != 4)
			return 0;
		for (uint32_t i = 0; i < width; i++) {
			uint32_t id = offset - BANK_PRIORITY + i;

			if (shown(g, cpu, id))
				value |= (uint32_t)vgic_irq(g, of, id)->priority << (8 * i);
		}
	} else if (width != 4) {
		return 0;
	} else if (offset >= BANK_GROUP && offset < BANK_PRIORITY) {
		for (uint32_t i = 0; i < 32; i++) {
			uint32_t id = (offset & BANK_MASK) * 8 + i;

			if (shown(g, cpu, id) && bit_read(g, of, offset & ~BANK_MASK, id))
				value |= 1u << i;
		}
	} else if (offset >= BANK_CONFIG && offset < BANK_END) {
		for (uint32_t i = 0; i < 16; i++) {
			uint32_t id = (offset - BANK_CONFIG) * 4 + i;

			if (shown(g, cpu, id) && vgic_irq(g, of, id)->edge)
				value |= 2u << (2 * i);
		}
	}
	return value;
}

void vgic_bank_write(struct vgic *g, unsigned int cpu, uint32_t offset, uint32_t width,
		     uint32_t value)
{
	unsigned int of = cpu == VGIC_CPUS ? 0 : cpu;

	if (offset >= BANK_PRIORITY && offset < BANK_TARGETS) {
		if (width != 1 && width != 4)
			return;
		for (uint32_t i = 0; i < width; i++) {
			uint32_t id = offset - BANK_PRIORITY + i;

			if (shown(g, cpu, id))
				rank_write(g, of, id, (uint8_t)(value >> (8 * i)),
					   vgic_irq(g, of, id)->group0);
		}
	} else if (width != 4) {
		return;
	} else if (offset >= BANK_GROUP && offset < BANK_SET_ENABLE) {
		for (uint32_t i = 0; i < 32; i++) {
			uint32_t id = (offset & BANK_MASK) * 8 + i;

			if (shown(g, cpu, id))
				rank_write(g, of, id, vgic_irq(g, of, id)->priority,
					   !(value >> i & 1));
		}
	} else if (offset >= BANK_SET_ENABLE && offset < BANK_PRIORITY) {
		for (uint32_t i = 0; value; i++, value >>= 1) {
			uint32_t id = (offset & BANK_MASK) * 8 + i;

			if ((value & 1) && shown(g, cpu, id))
				bit_write(g, of, offset & ~BANK_MASK, id);
		}
	} else if (offset >= BANK_CONFIG && offset < BANK_END) {
		for (uint32_t i = 0; i < 16; i++) {
			uint32_t id = (offset - BANK_CONFIG) * 4 + i;

			if (shown(g, cpu, id))
				config_write(g, of, id, value >> (2 * i) & 2);
		}
	}
}
