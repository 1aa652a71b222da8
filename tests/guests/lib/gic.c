/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#define GICD_CTLR (GICD + 0x0)
#define GICD_IGROUPR (GICD + 0x80)
#define GICD_ISENABLER (GICD + 0x100)
#define GICD_ICENABLER (GICD + 0x180)
#define GICD_IPRIORITYR (GICD + 0x400)
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
	WRITE_REGISTER(S3_0_C12_C12_5, 7);  /* ICC_SRE_EL1 */
	WRITE_REGISTER(S3_0_C4_C6_0, 0xff); /* ICC_PMR_EL1 */
	WRITE_REGISTER(S3_0_C12_C12_7, 1);  /* ICC_IGRPEN1_EL1 */
}

void gic_start(void)
{
	write32(GICD_CTLR, 0x12); /* ARE, group 1 */
	gic_start_cpu(this_cpu());
}

void gic_enable(uint32_t id, uint8_t priority)
{
	uint64_t base = id < 32 ? redistributor(this_cpu()) + SGI_FRAME : GICD;
	uint32_t word = id / 32 * 4;

	write8(base + 0x400 + id, priority);
	write32(base + 0x80 + word, read32(base + 0x80 + word) | 1u << (id % 32));
	write32(base + 0x100 + word, 1u << (id % 32));
}

void gic_disable(uint32_t id)
{
	uint64_t base = id < 32 ? redistributor(this_cpu()) + SGI_FRAME : GICD;

	write32(base + 0x180 + id / 32 * 4, 1u << (id % 32));
}

void gic_send(uint32_t id, uint64_t targets)
{
	WRITE_REGISTER(S3_0_C12_C11_5, (uint64_t)id << 24 | targets); /* ICC_SGI1R_EL1 */
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
