/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#define GICD_CTLR (GICD + 0x0)
#define SGI_FRAME 0x10000

static uint32_t this_cpu(void)
{
	return (uint32_t)READ_REGISTER(mpidr_el1) & 0xff;
}

static uint64_t redistributor(uint32_t cpu)
{
	return GICR + cpu * GICR_STRIDE;
}

void gic_start_cpu(uint32_t cpu)
{
	uint64_t r = redistributor(cpu);

	write32(r + 0x14, read32(r + 0x14) & ~2u); /* WAKER.ProcessorSleep */
	while (read32(r + 0x14) & 4)
		__asm__ volatile("yield");
	write32(r + SGI_FRAME + 0x80, ~0u); /* group 1 */
	WRITE_REGISTER(ICC_SRE, 7);
	WRITE_REGISTER(ICC_PMR, 0xff);
	WRITE_REGISTER(ICC_IGRPEN1, 1);
}

void gic_start(void)
{
	write32(GICD_CTLR, 0x12); /* ARE, group 1 */
	gic_start_cpu(this_cpu());
}

static uint64_t frame_of(uint32_t id)
{
	return id < 32 ? redistributor(this_cpu()) + SGI_FRAME : GICD;
}

bool gic_test(enum gic_bank bank, uint32_t id)
{
	return read32(frame_of(id) + bank + id / 32 * 4) >> id % 32 & 1;
}

void gic_write(enum gic_bank bank, uint32_t id)
{
	write32(frame_of(id) + bank + id / 32 * 4, 1u << id % 32);
}

void gic_priority(uint32_t id, uint8_t priority)
{
	write8(frame_of(id) + 0x400 + id, priority);
}

void gic_edge(uint32_t id, bool edge)
{
	uint64_t at = frame_of(id) + 0xc00 + id / 16 * 4;
	uint32_t bit = 2u << id % 16 * 2;

	write32(at, edge ? read32(at) | bit : read32(at) & ~bit);
}

void gic_enable(uint32_t id, uint8_t priority)
{
	uint64_t group = frame_of(id) + 0x80 + id / 32 * 4;

	gic_priority(id, priority);
	write32(group, read32(group) | 1u << id % 32);
	gic_write(GIC_SET_ENABLE, id);
}

void gic_disable(uint32_t id)
{
	gic_write(GIC_CLEAR_ENABLE, id);
}

void gic_send(uint32_t id, uint64_t targets)
{
	WRITE_REGISTER(ICC_SGI1R, (uint64_t)id << 24 | targets);
}

void timer_start(uint64_t ticks)
{
	WRITE_REGISTER(cntv_cval_el0, counter() + ticks);
	WRITE_REGISTER(cntv_ctl_el0, 1);
}

void timer_stop(void)
{
	WRITE_REGISTER(cntv_ctl_el0, 2);
}
