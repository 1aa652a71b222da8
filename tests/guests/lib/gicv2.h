/* SPDX-License-Identifier: BSD-2-Clause */
/* A GICv2 by its registers, for guests that test it: interrupts are masked in PSTATE, and a read of
 * GICC_IAR is a signal and its being taken. (Arm IHI 0048B.) */
#ifndef GICV2_H
#define GICV2_H

#include "guest.h"

#define GICC 0x08010000ull
#define GICC_CTLR (GICC + 0x00)
#define GICC_PMR (GICC + 0x04)
#define GICC_BPR (GICC + 0x08)
#define GICC_IAR (GICC + 0x0c)
#define GICC_EOIR (GICC + 0x10)
#define GICC_RPR (GICC + 0x14)
#define GICC_HPPIR (GICC + 0x18)
#define GICC_DIR (GICC + 0x1000)
#define GROUPS_ON 3u
#define ACKCTL (1u << 2) /* GICC_IAR acknowledges Group 1, too */
#define EOIMODE (1u << 9)
#define TARGETS (GICD + 0x800)
#define SGIR (GICD + 0xf00)
#define CPENDSGIR (GICD + 0xf10)
#define SPENDSGIR (GICD + 0xf20)
#define SGI_TO(targets, id) ((uint32_t)(targets) << 16 | (id))
#define SGI_OTHERS 0x01000000u
#define SGI_SELF 0x02000000u
#define FROM(id, source) ((id) | (source) << 10)

#define SPURIOUS 1023u
#define IDLE 0xffu

static inline uint32_t acknowledge(void)
{
	return read32(GICC_IAR);
}

/* What an end makes room for comes soon, not at once. */
static inline uint32_t take(void)
{
	uint32_t id;

	while ((id = acknowledge()) == SPURIOUS)
		wait_for_interrupt();
	return id;
}

static inline void end(uint32_t id)
{
	write32(GICC_EOIR, id);
}

static inline void eoi_mode(bool split)
{
	write32(GICC_CTLR, GROUPS_ON | (split ? EOIMODE : 0));
}

static inline bool is(enum gic_bank bank, uint32_t id)
{
	return read32(GICD + bank + id / 32 * 4) >> id % 32 & 1;
}

static inline void set(enum gic_bank bank, uint32_t id)
{
	write32(GICD + bank + id / 32 * 4, 1u << id % 32);
}

static inline void priority(uint32_t id, uint32_t value)
{
	write8(GICD + 0x400 + id, (uint8_t)value);
}

static inline void ready(uint32_t id, uint32_t value)
{
	priority(id, value);
	write8(TARGETS + id, 1);
	set(GIC_CLEAR_PENDING, id);
	set(GIC_CLEAR_ACTIVE, id);
	set(GIC_SET_ENABLE, id);
}

static inline void gicv2_start(void)
{
	write32(GICC_PMR, 0xff);
	eoi_mode(false);
}

#endif
