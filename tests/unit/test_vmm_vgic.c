/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/vgic.c services/vmm/arch/aarch64/vgic_bank.c */
/* sources: services/vmm/arch/aarch64/vgic_dist.c services/vmm/arch/aarch64/vgic_redist.c */
/* sources: services/vmm/arch/aarch64/vgicv2.c services/vmm/arch/aarch64/vgic_lpi.c */
/* sources: tests/unit/vgic_host.c */
/* The interrupt controller's model against the words of Arm IHI 0069, chapters 4 and 12. */
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/arch/aarch64/vgic.h"
#include "test.h"
#include "vgic_host.h"

TEST(init_refuses_what_it_cannot_model)
{
	const uint32_t affinity[VGIC_CPUS + 1] = {0};

	CHECK(!vgic_init(&gic, 0, affinity, 32));
	CHECK(!vgic_init(&gic, VGIC_CPUS + 1, affinity, 32));
	CHECK(!vgic_init(&gic, 1, affinity, VGIC_IDS));
	CHECK(vgic_init(&gic, 1, affinity, VGIC_IDS - 1));
	CHECK(vgic_init(&gic, 2, (const uint32_t[]){0x10f, 0x0f}, 32));
	CHECK(!vgic_init(&gic, 2, (const uint32_t[]){1, 1}, 32));
	CHECK(!vgic_init(&gic, 2, (const uint32_t[]){0, 0x10}, 32));
	CHECK(vgic_init(&gic, 1, affinity, VGIC_IDS - 1));
	CHECK(!vgic_line(&gic, 31, false, false));
	CHECK(!vgic_line(&gic, VGIC_IDS, false, false));
}

TEST(identification)
{
	start();
	CHECK_EQ(rd(0, GICD + 0xffe8, 4) >> 4 & 0xf, 3); /* PIDR2.ArchRev */
	CHECK_EQ(rd(0, GICR + 0xffe8, 4) >> 4 & 0xf, 3);
	CHECK_EQ(rd(0, GICD + 4, 4) & 0x1f, 2);	   /* ITLinesNumber: 96 interrupts */
	CHECK_EQ(rd(0, GICD + 4, 4) >> 10 & 1, 0); /* SecurityExtn */
	CHECK_EQ(rd(0, GICD + 4, 4) >> 17 & 1, 0); /* LPIS */
	CHECK_EQ(rd(0, GICR + 8, 8), 0);
	CHECK_EQ(rd(0, GICR + VGIC_REDIST_STRIDE + 8, 8), 1ull << 32 | 1 << 8 | 1 << 4);
	CHECK_EQ(rd(0, GICR + VGIC_REDIST_STRIDE + 12, 4), 1);
}

TEST(ctlr_keeps_are_and_ds)
{
	start();
	wr(0, GICD, 4, 0);
	CHECK_EQ(rd(0, GICD, 4), 0x50);
	wr(0, GICD, 4, 0xffffffff);
	CHECK_EQ(rd(0, GICD, 4), 0x53);
}

TEST(waker_children_follow)
{
	start();
	CHECK_EQ(rd(0, GICR + 0x14, 4), 0);
	wr(0, GICR + 0x14, 4, 2);
	CHECK_EQ(rd(0, GICR + 0x14, 4), 6);
	CHECK_EQ(rd(1, GICR + VGIC_REDIST_STRIDE + 0x14, 4), 0);
	wr(0, GICR + 0x14, 4, 0);
	CHECK_EQ(rd(0, GICR + 0x14, 4), 0);
}

TEST(enable_arms_and_disable_disarms)
{
	start();
	wr(0, GICD + 0x100 + 4, 4, 1u << (WIRED - 32));
	CHECK(vgic_host.armed[WIRED] && !vgic_host.edge[WIRED]);
	CHECK_EQ(rd(0, GICD + 0x100 + 4, 4), 1u << (WIRED - 32));
	CHECK_EQ(rd(0, GICD + 0x180 + 4, 4), 1u << (WIRED - 32));
	wr(0, GICD + 0x180 + 4, 4, 1u << (WIRED - 32));
	CHECK(!vgic_host.armed[WIRED]);
	CHECK_EQ(rd(0, GICD + 0x100 + 4, 4), 0);
}

TEST(nothing_is_forwarded_while_the_distributor_is_off)
{
	start();
	wr(0, GICD, 4, 0);
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32) | 1u << (SPI - 32));
	wr(0, GICD + 0x204, 4, 1u << (SPI - 32));
	CHECK(!vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (SPI - 32));
	wr(0, GICD, 4, 2);
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_PENDING);
	wr(0, GICD, 4, 0);
	CHECK(!vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (SPI - 32));
}

TEST(priorities_by_byte_and_word)
{
	start();
	wr(0, GICD + 0x400 + SPI, 1, 0xa5);
	CHECK_EQ(rd(0, GICD + 0x400 + SPI, 1), 0xa0);
	wr(0, GICD + 0x400 + SPI, 4, 0x10204080);
	CHECK_EQ(rd(0, GICD + 0x400 + SPI, 4), 0x10204080);
	CHECK_EQ(rd(0, GICD + 0x400 + SPI + 2, 1), 0x20);
	CHECK_EQ(rd(0, GICD + 0x400, 4), 0); /* private ones are not the distributor's */
	CHECK_EQ(rd(0, GICD + 0x400 + SPI, 2), 0);
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	wr(0, GICD + 0x400 + WIRED, 1, 0x40);
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.priority[0][WIRED], 0x40);
}

TEST(routes)
{
	start();
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	CHECK_EQ(vgic_host.armed_at[WIRED], 0);
	wr(0, GICD + 0x6000 + 8 * WIRED, 8, 1);
	CHECK_EQ(vgic_host.armed_at[WIRED], 1);
	CHECK_EQ(rd(0, GICD + 0x6000 + 8 * WIRED, 8), 1);
	/* To nobody: not forwarded. IRM is zero (No1N). */
	wr(0, GICD + 0x6000 + 8 * WIRED + 4, 4, 7);
	CHECK(!vgic_host.armed[WIRED]);
	CHECK_EQ(rd(0, GICD + 0x6000 + 8 * WIRED, 8), 7ull << 32 | 1);
	wr(0, GICD + 0x6000 + 8 * WIRED, 8, 1ull << 31);
	CHECK_EQ(rd(0, GICD + 0x6000 + 8 * WIRED, 8), 0);
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(rd(0, GICD + 0x6000 + 8 * 31, 8), 0); /* no route of private interrupts */
}

TEST(timer_ppi_goes_to_the_kernel)
{
	start();
	wr(0, GICR + SGI_BASE + 0x400 + 27, 1, 0x80);
	wr(0, GICR + SGI_BASE + 0x100, 4, 1u << 27);
	CHECK(vgic_host.source[0][VCPU_SOURCE_TIMER] && !vgic_host.source[1][VCPU_SOURCE_TIMER]);
	CHECK_EQ(vgic_host.source_priority[0][VCPU_SOURCE_TIMER], 0x80);
	wr(0, GICR + SGI_BASE + 0x180, 4, 1u << 27);
	CHECK(!vgic_host.source[0][VCPU_SOURCE_TIMER]);
	/* A redistributor may be written from another vCPU. */
	wr(0, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x100, 4, 1u << 27);
	CHECK(vgic_host.source[1][VCPU_SOURCE_TIMER]);
}

TEST(sgi_by_list)
{
	start();
	wr(0, GICR + SGI_BASE + 0x100, 4, 0xffff);
	wr(0, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x100, 4, 0xffff);
	vgic_sgi(&gic, 0, 5ull << 24 | 2, false);
	CHECK_EQ(vgic_host.state[0][5], 0);
	CHECK_EQ(vgic_host.state[1][5], IRQ_PENDING);
	vgic_sgi(&gic, 0, 6ull << 24 | 1 << 16 | 3, false); /* Aff1 = 1: nobody */
	CHECK_EQ(vgic_host.state[0][6] | vgic_host.state[1][6], 0);
	vgic_sgi(&gic, 0, 7ull << 24 | 1ull << 32 | 3, false); /* Aff2 */
	vgic_sgi(&gic, 0, 7ull << 24 | 1ull << 48 | 3, false); /* Aff3 */
	CHECK_EQ(vgic_host.state[0][7] | vgic_host.state[1][7], 0);
	vgic_sgi(&gic, 1, 8ull << 24 | 1ull << 40, false); /* IRM: all but self */
	CHECK_EQ(vgic_host.state[0][8], IRQ_PENDING);
	CHECK_EQ(vgic_host.state[1][8], 0);
}

TEST(sgi_while_disabled_waits)
{
	start();
	vgic_sgi(&gic, 0, 3ull << 24 | 1, false);
	CHECK_EQ(vgic_host.state[0][3], 0);
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0x200, 4), 1u << 3);
	wr(0, GICR + SGI_BASE + 0x100, 4, 1u << 3);
	CHECK_EQ(vgic_host.state[0][3], IRQ_PENDING);
}

TEST(sgi_affinity_of_clusters)
{
	const uint32_t affinity[] = {0x12030405, 0x12030406};

	start();
	CHECK(vgic_init(&gic, 2, affinity, 32));
	gic.ops = &vgic_host_ops;
	vgic_sgi(&gic, 0, 1ull << 24 | 0x12ull << 48 | 3ull << 32 | 4ull << 16 | 1 << 6, false);
	CHECK(vgic_is_pending(&gic, 1, 1));
	CHECK(!vgic_is_pending(&gic, 0, 1));
}

TEST(icfgr_of_private_interrupts_is_fixed)
{
	start();
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0xc00, 4), 0xaaaaaaaa);
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0xc04, 4), 0);
	wr(0, GICR + SGI_BASE + 0xc00, 4, 0);
	wr(0, GICR + SGI_BASE + 0xc04, 4, 0xffffffff);
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0xc00, 4), 0xaaaaaaaa);
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0xc04, 4), 0);
}

TEST(a_restarted_vcpu_has_fresh_private_interrupts)
{
	start();
	wr(0, GICR + SGI_BASE + 0x100, 4, 1u << 27 | 1u << 2);
	vgic_sgi(&gic, 0, 2ull << 24 | 1, false);
	vgic_host.state[0][2] |= IRQ_ACTIVE;
	vgic_cpu_reset(&gic, 0);
	CHECK(!vgic_host.source[0][VCPU_SOURCE_TIMER]);
	CHECK_EQ(vgic_host.state[0][2], 0);
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0x100, 4), 0);
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0x200, 4), 0);
}

TEST(reserved_registers_and_ranges)
{
	uint64_t value = 0;

	start();
	wr(0, GICD + 0xf00, 4, 0xffffffff);
	CHECK_EQ(rd(0, GICD + 0xf00, 4), 0);
	CHECK_EQ(rd(0, GICD + 0x5000, 4), 0);
	CHECK_EQ(rd(0, GICR + 0x70, 8), 0); /* PROPBASER: no LPIs */
	CHECK_EQ(rd(0, GICD, 1), 0);	    /* a width CTLR does not have */
	CHECK(!vgic_access(&gic, 0, GICD + 0x10000, 4, false, &value));
	CHECK(!vgic_access(&gic, 0, GICR + 2 * VGIC_REDIST_STRIDE, 4, false, &value));
	CHECK(!vgic_access(&gic, 0, GICD + 2, 4, false, &value));
	CHECK(!vgic_access(&gic, 2, GICD, 4, false, &value));
	CHECK(!vgic_access(&gic, 0, GICD - 1, 1, false, &value));
}

TEST(no_access_can_hurt)
{
	start();
	for (int i = 0; i < 200000; i++) {
		uint64_t r = test_random(), value = test_random();
		uint64_t base = r & 1 ? GICD : GICR;

		vgic_access(&gic, (unsigned int)(r >> 1 & 1), base + (r >> 8 & 0x4ffff),
			    1u << (r >> 2 & 3), r >> 4 & 1, &value);
		if ((r >> 40 & 0xff) == 0)
			vgic_sgi(&gic, r >> 1 & 1, test_random(), false);
		if ((r >> 48 & 0xf) == 0)
			vgic_host.wire[WIRED] = r >> 52 & 1;
	}
	/* Whatever was done, a full stop takes everything back. */
	wr(0, GICD, 4, 0);
	CHECK(!vgic_host.armed[WIRED]);
	CHECK(!vgic_host.source[0][VCPU_SOURCE_TIMER] && !vgic_host.source[1][VCPU_SOURCE_TIMER]);
	for (uint32_t id = 0; id < gic.ids; id++)
		CHECK_EQ((vgic_host.state[0][id] | vgic_host.state[1][id]) & IRQ_PENDING, 0);
}

/* PPI 30 of both vCPUs, as the physical timers have it. */
TEST(a_private_line_is_each_vcpus_own)
{
	const uint32_t id = 30;

	start();
	vgic_private_line(&gic, id);
	for (unsigned int cpu = 0; cpu < 2; cpu++)
		wr(cpu, GICR + cpu * VGIC_REDIST_STRIDE + SGI_BASE + 0x100, 4, 1u << id);
	vgic_host.wire[VGIC_IDS + id] = true; /* the second vCPU's */
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0x200, 4), 0);
	CHECK_EQ(rd(0, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x200, 4), 1u << id);
	wr(1, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x180, 4, 1u << id);
	CHECK(vgic_host.armed[id] && !vgic_host.armed[VGIC_IDS + id]);
	vgic_cpu_reset(&gic, 1);
	vgic_cpu_reset(&gic, 0);
	CHECK(!vgic_host.armed[id]);
	wr(1, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x100, 4, 1u << id);
	CHECK(vgic_host.armed[VGIC_IDS + id]); /* a reset leaves the wire */
	CHECK(vgic_host.state[1][id] & IRQ_PENDING);
}
