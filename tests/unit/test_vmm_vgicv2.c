/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/vgic.c services/vmm/arch/aarch64/vgic_bank.c */
/* sources: services/vmm/arch/aarch64/vgic_dist.c services/vmm/arch/aarch64/vgic_redist.c */
/* sources: services/vmm/arch/aarch64/vgicv2.c services/vmm/arch/aarch64/vgic_lpi.c */
/* sources: tests/unit/vgic_host.c */
/* The GICv2's distributor against the words of Arm IHI 0048B, chapter 4. */
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/arch/aarch64/vgicv2.h"
#include "test.h"
#include "vgic_host.h"

#define GICC 0x08010000ull
#define TARGETS (GICD + 0x800)
#define SGIR (GICD + 0xf00)
#define CPENDSGIR (GICD + 0xf10)
#define SPENDSGIR (GICD + 0xf20)
#define SENT(id, source) vgic_host.state[1][VGIC_SOURCED(id, source)]

static void start_v2(unsigned int cpus)
{
	const uint32_t affinity[] = {0x0, 0x1};

	memset(&vgic_host, 0, sizeof(vgic_host));
	CHECK(vgic_init(&gic, cpus, affinity, WIRED));
	gic.ops = &vgic_host_ops;
	vgicv2_init(&gic);
	gic.dist_base = GICD;
	gic.cpu_base = GICC;
	CHECK(vgic_line(&gic, WIRED, false, false));
	wr(0, GICD, 4, 1);
}

/* 4.3.2 GICD_TYPER, 4.3.4 GICD_IIDR, 4.3.18 ICPIDR2 */
TEST(identification)
{
	start_v2(2);
	CHECK_EQ(rd(0, GICD + 0xfe8, 4) >> 4 & 0xf, 2); /* ArchRev */
	CHECK_EQ(rd(0, GICD + 4, 4), 1u << 5 | 2);	/* two CPUs, 96 interrupts, one state */
	start_v2(1);
	CHECK_EQ(rd(0, GICD + 4, 4), 2);
	CHECK_EQ(rd(0, GICD + 0xffe8, 4), 0); /* where a GICv3 has it */
}

/* 4.3.1: both groups can be enabled, and there is nothing else. */
TEST(ctlr)
{
	start_v2(2);
	wr(0, GICD, 4, 0xffffffff);
	CHECK_EQ(rd(1, GICD, 4), 3);
	wr(1, GICD, 4, 0);
	CHECK_EQ(rd(0, GICD, 4), 0);
}

/* 4.3.4: all interrupts are of Group 0 out of reset. */
TEST(groups)
{
	start_v2(2);
	CHECK_EQ(rd(0, GICD + 0x80, 4), 0);
	CHECK_EQ(rd(0, GICD + 0x84, 4), 0);
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	wr(0, GICD + 0x204, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[0][SPI], 0); /* no target yet */
	wr(0, TARGETS + SPI, 1, 1);
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_PENDING);
	CHECK_EQ(vgic_host.priority[0][SPI], IRQ_GROUP0);
	wr(0, GICD + 0x84, 4, 1u << (SPI - 32)); /* to Group 1, which is off */
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (SPI - 32));
	wr(0, GICD, 4, 3);
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_PENDING);
	CHECK_EQ(vgic_host.priority[0][SPI], 0);
}

/* 4.3.12: who reads finds itself in its private interrupts' fields, which cannot be written. */
TEST(targets)
{
	start_v2(2);
	CHECK_EQ(rd(0, TARGETS, 4), 0x01010101);
	CHECK_EQ(rd(1, TARGETS + 28, 4), 0x02020202);
	wr(0, TARGETS, 4, 0xffffffff);
	CHECK_EQ(rd(0, TARGETS, 4), 0x01010101);
	CHECK_EQ(rd(0, TARGETS + WIRED, 1), 0); /* out of reset */
	wr(0, TARGETS + WIRED, 1, 0xff);
	CHECK_EQ(rd(1, TARGETS + WIRED, 1), 3); /* no more CPUs than there are */
	wr(0, TARGETS + SPI, 4, 0x01020300);
	CHECK_EQ(rd(0, TARGETS + SPI, 4), 0x01020300);
	CHECK_EQ(rd(0, TARGETS + SPI + 1, 1), 3);
	CHECK_EQ(rd(0, TARGETS + SPI, 2), 0); /* by bytes and words alone */
	CHECK_EQ(rd(0, TARGETS + 96, 4), 0);
	wr(0, TARGETS + 96, 4, ~0u);
}

/* "In a uniprocessor implementation, all interrupts target the single processor, and the
 * GICD_ITARGETSRs are RAZ/WI." */
TEST(targets_of_one)
{
	start_v2(1);
	wr(0, TARGETS + WIRED, 1, 1);
	CHECK_EQ(rd(0, TARGETS, 4), 0);
	CHECK_EQ(rd(0, TARGETS + WIRED, 1), 0);
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.armed_at[WIRED], 0);
}

TEST(an_interrupt_goes_where_it_is_targeted)
{
	start_v2(2);
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	CHECK(!vgic_host.armed[WIRED]);
	wr(0, TARGETS + WIRED, 1, 2);
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.armed_at[WIRED], 1);
	wr(0, TARGETS + WIRED, 1, 3);
	CHECK_EQ(vgic_host.armed_at[WIRED], 0);
	vgic_host.state[0][WIRED] = IRQ_ACTIVE;
	wr(0, TARGETS + WIRED, 1, 2);
	CHECK_EQ(rd(1, GICD + 0x304, 4), 1u << (WIRED - 32)); /* still active, where it was */
	wr(0, TARGETS + WIRED, 1, 0);
	CHECK(!vgic_host.armed[WIRED]);
}

/* 4.3.5: the first word of each bank is the reader's own. */
TEST(private_interrupts_are_banked)
{
	start_v2(2);
	wr(1, GICD + 0x100, 4, 1u << 20);
	CHECK_EQ(rd(1, GICD + 0x100, 4), 1u << 20 | 0xffff);
	CHECK_EQ(rd(0, GICD + 0x100, 4), 0xffff);
	wr(1, GICD + 0x200, 4, 1u << 20);
	CHECK_EQ(vgic_host.state[1][20], IRQ_PENDING);
	wr(0, GICD + 0x400 + 20, 1, 0x50);
	CHECK_EQ(rd(0, GICD + 0x400 + 20, 1), 0x50);
	CHECK_EQ(rd(1, GICD + 0x400 + 20, 1), 0);
	CHECK_EQ(rd(0, GICD + 0xc00, 4), 0xaaaaaaaa); /* SGIs are edges */
	wr(1, GICD + 0x180, 4, ~0u);
	CHECK_EQ(rd(1, GICD + 0x100, 4), 0xffff); /* and always enabled */
}

/* 4.3.15 GICD_SGIR: a list, all others, oneself. The source goes with it. */
TEST(sgis)
{
	start_v2(2);
	wr(0, SGIR, 4, 2u << 16 | 5);
	CHECK_EQ(SENT(5, 0), IRQ_PENDING);
	wr(1, SGIR, 4, 3u << 16 | 6);
	CHECK_EQ(SENT(6, 1), IRQ_PENDING);
	CHECK_EQ(vgic_host.state[0][VGIC_SOURCED(6, 1)], IRQ_PENDING);
	wr(0, SGIR, 4, 1u << 24 | 1u << 16 | 7);
	CHECK_EQ(SENT(7, 0), IRQ_PENDING);
	CHECK_EQ(vgic_host.state[0][7], 0);
	wr(1, SGIR, 4, 2u << 24 | 1u << 16 | 8);
	CHECK_EQ(SENT(8, 1), IRQ_PENDING);
	CHECK_EQ(vgic_host.state[0][VGIC_SOURCED(8, 1)], 0);
	wr(1, SGIR, 4, 3u << 24 | 3u << 16 | 9); /* reserved */
	CHECK_EQ(SENT(9, 1), 0);
	CHECK_EQ(rd(0, SGIR, 4), 0);
}

/* 4.3.16, 4.3.17: pending is by source, and each CPU has its own. */
TEST(sgis_are_pending_by_source)
{
	start_v2(2);
	wr(0, SGIR, 4, 2u << 16 | 5);
	wr(1, SGIR, 4, 2u << 16 | 5);
	CHECK_EQ(rd(1, CPENDSGIR + 4, 4), 0x0300);
	CHECK_EQ(rd(1, SPENDSGIR + 5, 1), 3);
	CHECK_EQ(rd(0, CPENDSGIR + 4, 4), 0);
	CHECK_EQ(rd(1, GICD + 0x200, 4), 1u << 5);
	wr(1, CPENDSGIR + 5, 1, 1);
	CHECK_EQ(SENT(5, 0), 0);
	CHECK_EQ(rd(1, SPENDSGIR + 4, 4), 0x0200);
	wr(0, SPENDSGIR + 15, 1, 0xff); /* of two CPUs */
	CHECK_EQ(rd(0, SPENDSGIR + 12, 4), 0x03000000);
	CHECK_EQ(rd(0, SPENDSGIR + 12, 2), 0);
	/* 4.3.7: the other registers do not change it. */
	wr(1, GICD + 0x280, 4, ~0u);
	CHECK_EQ(rd(1, SPENDSGIR + 4, 4), 0x0200);
	wr(1, GICD + 0x200, 4, 1u << 1);
	CHECK_EQ(rd(1, GICD + 0x200, 4), 1u << 5);
}

TEST(sgis_wait_while_the_distributor_is_off)
{
	start_v2(2);
	wr(0, SGIR, 4, 2u << 16 | 5);
	wr(0, GICD, 4, 0);
	CHECK_EQ(SENT(5, 0), 0);
	wr(1, SGIR, 4, 2u << 16 | 5);
	CHECK_EQ(SENT(5, 1), 0);
	CHECK_EQ(rd(1, SPENDSGIR + 4, 4), 0x0300);
	wr(1, CPENDSGIR + 4, 4, 0x0100);
	wr(0, GICD, 4, 1);
	CHECK_EQ(SENT(5, 0), 0);
	CHECK_EQ(SENT(5, 1), IRQ_PENDING);
	CHECK_EQ(rd(1, SPENDSGIR + 4, 4), 0x0200);
}

TEST(a_cpu_that_starts_anew_has_none)
{
	start_v2(2);
	wr(0, SGIR, 4, 2u << 16 | 5);
	wr(1, SGIR, 4, 2u << 16 | 5);
	wr(1, GICD + 0x80, 4, 1u << 6);
	vgic_cpu_reset(&gic, 1);
	CHECK_EQ(rd(1, SPENDSGIR + 4, 4), 0);
	CHECK_EQ(SENT(5, 0) | SENT(5, 1), 0);
	CHECK_EQ(rd(1, GICD + 0x80, 4), 0);
	wr(0, SGIR, 4, 2u << 16 | 6); /* the distributor is on */
	CHECK_EQ(SENT(6, 0), IRQ_PENDING);
}

/* 4.4.15 GICC_DIR, on the second page; the first is not the model's. */
TEST(deactivation)
{
	uint64_t value = 0;

	start_v2(2);
	wr(0, TARGETS + SPI, 1, 2);
	wr(0, GICD + 0x304, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[1][SPI], IRQ_ACTIVE);
	wr(0, GICC + 0x1000, 4, SPI); /* from any CPU */
	CHECK_EQ(vgic_host.state[1][SPI], 0);
	wr(0, SGIR, 4, 2u << 16 | 5);
	SENT(5, 0) = IRQ_ACTIVE;
	wr(0, GICC + 0x1000, 4, 5); /* another CPU's */
	CHECK_EQ(SENT(5, 0), IRQ_ACTIVE);
	wr(1, GICC + 0x1000, 4, VGIC_SOURCED(5, 0));
	CHECK_EQ(SENT(5, 0), 0);
	wr(0, GICC + 0x1000, 4, 1023);
	CHECK_EQ(rd(0, GICC + 0x1000, 4), 0);
	CHECK(!vgic_access(&gic, 0, GICC, 4, false, &value));
	CHECK(!vgic_access(&gic, 0, GICC + 0x2000, 4, false, &value));
	CHECK(!vgic_access(&gic, 0, GICR, 4, false, &value));
	CHECK(!vgic_access(&gic, 2, GICD, 4, false, &value));
}

/* A device that is not for an access of eight bytes: IHI 0048B, 4.1.4. */
TEST(widths)
{
	start_v2(2);
	CHECK_EQ(rd(0, GICD + 0x100, 8), 0);
	wr(0, GICD + 0x100, 8, ~0ull);
	wr(0, GICD + 0x100, 2, 0xffff);
	CHECK_EQ(rd(0, GICD + 0x100, 4), 0xffff);
	CHECK_EQ(rd(0, GICD + 0x100, 1), 0);
}
