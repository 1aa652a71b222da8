/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/vgic.c services/vmm/arch/aarch64/vgic_bank.c */
/* sources: services/vmm/arch/aarch64/vgic_dist.c services/vmm/arch/aarch64/vgic_redist.c */
/* sources: services/vmm/arch/aarch64/vgicv2.c services/vmm/arch/aarch64/vgic_lpi.c */
/* sources: tests/unit/vgic_host.c */
/* States of interrupts, groups and physical interrupts of the interrupt controller's model. */
#include "kernel/abi.h"
#include "services/vmm/arch/aarch64/vgic.h"
#include "test.h"
#include "vgic_host.h"

/* 12.9.7 GICD_IGROUPR, with one security state: a bit for each interrupt, 0 is Group 0. */
TEST(groups)
{
	start();
	CHECK_EQ(rd(0, GICD + 0x84, 4), 0xffffffff);
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0x80, 4), 0xffffffff);
	CHECK_EQ(rd(0, GICD + 0x80, 4), 0);
	CHECK_EQ(rd(0, GICD + 0x80 + 12, 4), 0); /* beyond 96 */
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	CHECK(vgic_host.armed[WIRED]);
	wr(0, GICD + 0x84, 4, ~(1u << (WIRED - 32)));
	CHECK_EQ(rd(0, GICD + 0x84, 4), ~(1u << (WIRED - 32)));
	CHECK(!vgic_host.armed[WIRED]); /* EnableGrp0 is 0 */
	wr(0, GICD, 4, 3);
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.priority[0][WIRED], IRQ_GROUP0);
	wr(0, GICD, 4, 1);
	CHECK(vgic_host.armed[WIRED]);
	wr(0, GICD + 0x84, 4, 0xffffffff);
	CHECK(!vgic_host.armed[WIRED]);
}

/* 12.11: which register makes SGIs of which group. */
TEST(sgi_by_group)
{
	start();
	wr(0, GICD, 4, 3);
	wr(0, GICR + SGI_BASE + 0x100, 4, 0xffff);
	wr(0, GICR + SGI_BASE + 0x80, 4, 0xfffffffe);
	vgic_sgi(&gic, 0, 1ull << 24 | 1, true);
	CHECK_EQ(vgic_host.state[0][1], 0);
	vgic_sgi(&gic, 0, 0ull << 24 | 1, true);
	CHECK_EQ(vgic_host.state[0][0], IRQ_PENDING);
	CHECK_EQ(vgic_host.priority[0][0], IRQ_GROUP0);
	vgic_host.state[0][0] = 0;
	vgic_sgi(&gic, 0, 0ull << 24 | 1, false);
	CHECK_EQ(vgic_host.state[0][0], IRQ_PENDING);
}

/* 12.9.17 GICD_ISACTIVER */
TEST(active_is_set)
{
	start();
	wr(0, GICD + 0x304, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_ACTIVE); /* enabled or not */
	CHECK_EQ(rd(0, GICD + 0x384, 4), 1u << (SPI - 32));
	wr(0, GICD + 0x204, 4, 1u << (SPI - 32));
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (SPI - 32));
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_ACTIVE | IRQ_PENDING);
	wr(0, GICD + 0x384, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_PENDING);
	wr(1, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x300, 4, 1u << 20);
	CHECK_EQ(vgic_host.state[1][20], IRQ_ACTIVE);
	CHECK_EQ(rd(1, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x300, 4), 1u << 20);
}

TEST(active_goes_on_while_disabled)
{
	start();
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	vgic_host.state[0][WIRED] = IRQ_ACTIVE;
	wr(0, GICD + 0x184, 4, 1u << (WIRED - 32));
	CHECK(!vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_ACTIVE);
	CHECK_EQ(rd(0, GICD + 0x304, 4), 1u << (WIRED - 32));
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_ACTIVE);
}

/* Its priority counts for the next time; the one it was taken with ends it. */
TEST(active_keeps_its_priority)
{
	start();
	wr(0, GICD + 0x400 + WIRED, 1, 0x40);
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	vgic_host.state[0][WIRED] = IRQ_ACTIVE;
	vgic_host.wire[WIRED] = false;
	wr(0, GICD + 0x184, 4, 1u << (WIRED - 32));
	wr(0, GICD + 0x400 + WIRED, 1, 0x80);
	CHECK_EQ(vgic_host.priority[0][WIRED], 0x40);
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_ACTIVE);
}

TEST(active_is_seen_where_it_was_routed_before)
{
	start();
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	wr(0, GICD + 0x204, 4, 1u << (SPI - 32));
	vgic_host.state[0][SPI] = IRQ_ACTIVE;
	wr(0, GICD + 0x6000 + 8 * SPI, 8, 1);
	CHECK_EQ(rd(0, GICD + 0x304, 4), 1u << (SPI - 32));
	wr(0, GICD + 0x384, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	CHECK_EQ(rd(0, GICD + 0x304, 4), 0);
}

TEST(a_kept_edge_can_be_cleared)
{
	for (int enabled = 0; enabled < 2; enabled++) {
		start();
		wr(0, GICD + 0xc08, 4, 2u << (2 * (WIRED - 32)));
		if (enabled)
			wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
		vgic_host.wire[WIRED] = true;
		CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (WIRED - 32));
		vgic_host.state[0][WIRED] |= IRQ_ACTIVE;
		wr(0, GICD + 0x284, 4, 1u << (WIRED - 32));
		CHECK_EQ(rd(0, GICD + 0x204, 4), 0);
		CHECK_EQ(vgic_host.state[0][WIRED], IRQ_ACTIVE);
		CHECK_EQ(vgic_host.armed[WIRED], enabled);
	}
}

/* ISPENDR of a device's level: pending also with its wire low, until it is taken back. */
TEST(software_pends_a_level)
{
	start();
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	wr(0, GICD + 0x204, 4, 1u << (WIRED - 32));
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_PENDING);
	wr(0, GICD + 0x184, 4, 1u << (WIRED - 32));
	CHECK_EQ(vgic_host.state[0][WIRED], 0);
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (WIRED - 32));
	wr(0, GICD + 0x284, 4, 1u << (WIRED - 32));
	CHECK_EQ(rd(0, GICD + 0x204, 4), 0);
}

TEST(software_pends_a_vcpus_own)
{
	start();
	wr(0, GICR + SGI_BASE + 0x100, 4, 1u << 27);
	wr(0, GICR + SGI_BASE + 0x200, 4, 1u << 27);
	CHECK_EQ(vgic_host.state[0][27], IRQ_PENDING);
	wr(0, GICR + SGI_BASE + 0x280, 4, 1u << 27);
	CHECK_EQ(vgic_host.state[0][27], 0);
}

/* A physical interrupt is pending in the machine, or at the vCPU. */
TEST(physical_interrupts_pend_in_the_machine)
{
	start();
	CHECK(vgic_line(&gic, SPI, true, true));
	CHECK_EQ(rd(0, GICD + 0xc08, 4), 2u << (2 * (SPI - 32)));
	wr(0, GICD + 0x204, 4, 1u << (SPI - 32));
	CHECK(vgic_host.pended[SPI]);
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	wr(0, GICD + 0x284, 4, 1u << (SPI - 32));
	CHECK(!vgic_host.pended[SPI]);
	wr(0, GICD + 0x400 + SPI, 1, 0x90);
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	CHECK(vgic_host.armed[SPI] && vgic_host.edge[SPI]);
	CHECK_EQ(vgic_host.priority[0][SPI], 0x90);
	wr(0, GICD + 0xc08, 4, 0);
	CHECK(vgic_host.armed[SPI] && !vgic_host.edge[SPI]);
	wr(0, GICD + 0x6000 + 8 * SPI, 8, 1);
	CHECK_EQ(vgic_host.armed_at[SPI], 1);
	vgic_host.state[1][SPI] = IRQ_PENDING;
	wr(0, GICD + 0x184, 4, 1u << (SPI - 32));
	CHECK(!vgic_host.armed[SPI]);
}

TEST(active_is_read_and_cleared)
{
	start();
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32) | 1u << (SPI - 32));
	vgic_host.state[0][WIRED] = IRQ_ACTIVE;
	vgic_host.state[0][SPI] = IRQ_ACTIVE;
	vgic_host.wire[WIRED] = true;
	CHECK_EQ(rd(0, GICD + 0x304, 4), 1u << (WIRED - 32) | 1u << (SPI - 32));
	wr(0, GICD + 0x384, 4, 1u << (WIRED - 32) | 1u << (SPI - 32));
	CHECK_EQ(rd(0, GICD + 0x304, 4), 0);
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	/* Its line is still high, so it is pending at once. */
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_PENDING);
}

TEST(clearing_what_was_never_there_asks_nobody)
{
	start();
	wr(0, GICD + 0x384, 4, 0xffffffff);
	wr(0, GICR + SGI_BASE + 0x380, 4, 0xffffffff);
	wr(0, GICR + SGI_BASE + 0x280, 4, 0xffffffff);
	CHECK_EQ(vgic_host.calls, 0);
}

/* 12.9.26 GICD_IPRIORITYR, 12.9.33 GICD_ITARGETSR, GICD_NSACR, GICD_IGRPMODR, GICD_SGIR. */
TEST(registers_of_other_configurations_are_zero)
{
	start();
	for (uint32_t offset = 0x820; offset < 0xc00; offset += 4) {
		wr(0, GICD + offset, 4, 0xffffffff);
		CHECK_EQ(rd(0, GICD + offset, 4), 0);
	}
	for (uint32_t offset = 0xd00; offset < 0x1000; offset += 4) {
		wr(0, GICD + offset, 4, 0xffffffff);
		CHECK_EQ(rd(0, GICD + offset, 4), 0);
	}
	CHECK_EQ(vgic_host.calls, 0);
}

TEST(pending_while_disabled_is_kept)
{
	start();
	wr(0, GICD + 0x204, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.calls, 0);
	CHECK_EQ(rd(0, GICD + 0x284, 4), 1u << (SPI - 32));
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_PENDING);
	wr(0, GICD + 0x184, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (SPI - 32));
	wr(0, GICD + 0x284, 4, 1u << (SPI - 32));
	CHECK_EQ(rd(0, GICD + 0x204, 4), 0);
}

TEST(a_high_level_cannot_be_cleared)
{
	start();
	vgic_host.wire[WIRED] = true;
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (WIRED - 32));
	wr(0, GICD + 0x284, 4, 1u << (WIRED - 32));
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (WIRED - 32));
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	wr(0, GICD + 0x284, 4, 1u << (WIRED - 32));
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_PENDING);
	/* The wire alone held it: when it falls while disabled, nothing is left. */
	wr(0, GICD + 0x184, 4, 1u << (WIRED - 32));
	vgic_host.wire[WIRED] = false;
	CHECK_EQ(rd(0, GICD + 0x204, 4), 0);
}

TEST(an_edge_survives_disabling)
{
	start();
	wr(0, GICD + 0xc08, 4, 2u << (2 * (WIRED - 32)));
	CHECK_EQ(rd(0, GICD + 0xc08, 4), 2u << (2 * (WIRED - 32)));
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	CHECK(vgic_host.edge[WIRED]);
	vgic_host.state[0][WIRED] = IRQ_PENDING;
	wr(0, GICD + 0x184, 4, 1u << (WIRED - 32));
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (WIRED - 32));
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_PENDING);
}

/* vgic_pend, which is AxVm's inject_interrupt: as if a device had raised it. */
TEST(injected_ones_follow_the_guests_registers)
{
	start();
	/* A PPI is the named vCPU's, an SPI goes where the guest routes it. */
	wr(1, GICR + VGIC_REDIST_STRIDE + SGI_BASE + 0x100, 4, 1u << 20);
	CHECK(vgic_pend(&gic, 1, 20));
	CHECK_EQ(vgic_host.state[1][20], IRQ_PENDING);
	CHECK_EQ(vgic_host.state[0][20], 0);
	wr(0, GICD + 0x6000 + 8 * SPI, 8, 1);
	wr(0, GICD + 0x400 + SPI, 1, 0x60);
	CHECK(vgic_pend(&gic, 0, SPI));
	CHECK_EQ(vgic_host.calls, 1); /* disabled: kept */
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	CHECK_EQ(vgic_host.state[1][SPI], IRQ_PENDING);
	CHECK_EQ(vgic_host.priority[1][SPI], 0x60);
	vgic_host.state[1][SPI] = IRQ_ACTIVE;
	CHECK(vgic_pend(&gic, 0, SPI));
	CHECK_EQ(vgic_host.state[1][SPI], IRQ_ACTIVE | IRQ_PENDING);
	/* What is not there. */
	CHECK(!vgic_pend(&gic, 2, SPI));
	CHECK(!vgic_pend(&gic, 0, gic.ids));
	CHECK(!vgic_pend(&gic, 0, 1020));
	CHECK(!vgic_pend(&gic, 0, VGIC_LPI_FIRST)); /* no ITS, no LPIs */
	CHECK(!vgic_pend(&gic, 0, ~0u));
}

/* An interrupt is active in one place: the route it has meanwhile waits for its end. */
TEST(active_and_routed_elsewhere)
{
	const uint64_t route = GICD + 0x6000 + 8ull * WIRED;

	start();
	wr(0, GICD + 0x104, 4, 1u << (WIRED - 32));
	vgic_host.state[0][WIRED] = IRQ_ACTIVE;
	vgic_host.wire[WIRED] = true;
	wr(0, route, 8, 1);
	CHECK(!vgic_host.armed[WIRED]);
	CHECK(vgic_host.recheck);
	CHECK_EQ(vgic_host.state[0][WIRED], IRQ_ACTIVE);
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (WIRED - 32));
	vgic_host.recheck = false;
	vgic_recheck(&gic);
	CHECK(vgic_host.recheck);
	vgic_host.state[0][WIRED] = 0;
	vgic_recheck(&gic);
	CHECK(vgic_host.armed[WIRED]);
	CHECK_EQ(vgic_host.armed_at[WIRED], 1);
	CHECK_EQ(vgic_host.state[1][WIRED], IRQ_PENDING);
}

/* ICC_DIR_EL1 and ICACTIVER reach it where it is active, and it moves at once. */
TEST(ended_from_elsewhere)
{
	const uint64_t route = GICD + 0x6000 + 8ull * SPI;

	start();
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	CHECK(vgic_pend(&gic, 0, SPI));
	vgic_host.state[0][SPI] = IRQ_ACTIVE;
	wr(0, route, 8, 1);
	CHECK(vgic_pend(&gic, 0, SPI));
	CHECK_EQ(vgic_host.state[1][SPI], 0);
	vgic_end(&gic, 1, SPI);
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	CHECK_EQ(vgic_host.state[1][SPI], IRQ_PENDING);
	vgic_host.state[0][3] = IRQ_ACTIVE;
	vgic_end(&gic, 1, 3);
	vgic_end(&gic, 1, VGIC_IDS);
	vgic_end(&gic, 1, 0xffffffffff);
	CHECK_EQ(vgic_host.state[0][3], IRQ_ACTIVE);
}

/* 12.11 GICR_WAKER: nothing goes to a vCPU whose redistributor is asleep. */
TEST(asleep_holds_back)
{
	start();
	wr(0, GICD + 0x104, 4, 1u << (SPI - 32));
	wr(0, GICR + SGI_BASE + 0x100, 4, 1u << 27);
	CHECK(vgic_host.source[0][VCPU_SOURCE_TIMER]);
	CHECK(vgic_pend(&gic, 0, SPI));
	wr(0, GICR + 0x14, 4, 2);
	CHECK_EQ(vgic_host.state[0][SPI], 0);
	CHECK(!vgic_host.source[0][VCPU_SOURCE_TIMER]);
	CHECK_EQ(rd(0, GICD + 0x204, 4), 1u << (SPI - 32));
	wr(0, GICR + 0x14, 4, 0);
	CHECK_EQ(vgic_host.state[0][SPI], IRQ_PENDING);
	CHECK(vgic_host.source[0][VCPU_SOURCE_TIMER]);
}

TEST(sources_of_the_vcpu)
{
	start();
	vgic_host.state[0][23] = IRQ_PENDING; /* high, in the kernel */
	CHECK_EQ(rd(0, GICR + SGI_BASE + 0x200, 4), 1u << 23);
	wr(0, GICR + SGI_BASE + 0x400 + 20, 4, 0x60000000);
	wr(0, GICR + SGI_BASE + 0x100, 4, 1u << 23);
	CHECK(vgic_host.source[0][VCPU_SOURCE_MONITOR] &&
	      !vgic_host.source[1][VCPU_SOURCE_MONITOR]);
	CHECK(!vgic_host.source[0][VCPU_SOURCE_TIMER]);
	CHECK_EQ(vgic_host.source_priority[0][VCPU_SOURCE_MONITOR], 0x60);
	wr(0, GICR + SGI_BASE + 0x180, 4, 1u << 23);
	CHECK(!vgic_host.source[0][VCPU_SOURCE_MONITOR]);
}
