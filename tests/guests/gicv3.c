/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller against the words of Arm IHI 0069: the distributor's and redistributor's
 * registers, which the VMM is, and the virtual CPU interface, which is the machine's. Interrupts
 * are masked in PSTATE and acknowledged by hand; a read of ICC_IAR1_EL1 is a signal and its being
 * taken.
 */
#include "guest.h"

#define RD GICR
#define SGI_FRAME (GICR + 0x10000)
#define SPI 70u
#define OTHER 71u
#define SPURIOUS 1023u
#define IDLE 0xffu

#define ICC_IAR0 S3_0_C12_C8_0
#define ICC_EOIR0 S3_0_C12_C8_1
#define ICC_HPPIR0 S3_0_C12_C8_2
#define ICC_BPR0 S3_0_C12_C8_3
#define ICC_AP1R0 S3_0_C12_C9_0
#define ICC_SGI0R S3_0_C12_C11_7
#define ICC_ASGI1R S3_0_C12_C11_6
#define ICC_IGRPEN0 S3_0_C12_C12_6
#define ISR_IRQ (1u << 7)
#define ISR_FIQ (1u << 6)

void guest_interrupt(uint32_t id)
{
	(void)id;
	CHECK(!"an interrupt while they are masked");
}

static uint32_t acknowledge(void)
{
	return (uint32_t)READ_REGISTER(ICC_IAR1);
}

static void end(uint32_t id)
{
	WRITE_REGISTER(ICC_EOIR1, id);
}

static void eoi_mode(bool split)
{
	WRITE_REGISTER(ICC_CTLR, split ? 2 : 0);
}

static void ready(uint32_t id, uint8_t priority)
{
	gic_enable(id, priority);
	gic_write(GIC_CLEAR_PENDING, id);
	gic_write(GIC_CLEAR_ACTIVE, id);
}

static uint8_t priority_mask(void)
{
	return (uint8_t)(0xff00u >> ((READ_REGISTER(ICC_CTLR) >> 8 & 7) + 1));
}

static void identification(void)
{
	uint32_t typer = read32(GICD + 4);

	test("GICD_PIDR2 and GICR_PIDR2 say GICv3");
	CHECK_EQUAL(read32(GICD + 0xffe8) >> 4 & 0xf, 3);
	CHECK_EQUAL(read32(RD + 0xffe8) >> 4 & 0xf, 3);
	CHECK_EQUAL(read32(GICD + 0xfff0), 0x0d);
	test("GICD_TYPER: one security state, Aff3, no 1 of N, no range selector");
	CHECK((typer & 31) >= 2);
	CHECK_EQUAL(typer >> 5 & 7, 0);
	CHECK_EQUAL(typer >> 10 & 1, 0);
	CHECK_EQUAL(typer >> 24 & 7, 3);
	CHECK((typer >> 19 & 31) >= 9);
	test("GICD_CTLR: ARE and DS are fixed, RWP is clear, both enables are kept");
	write32(GICD, 0);
	CHECK_EQUAL(read32(GICD), 0x50);
	write32(GICD, 0xffffffff);
	CHECK_EQUAL(read32(GICD), 0x53);
	write32(GICD, 0x12);
	test("GICR_TYPER: affinity as MPIDR_EL1, the last one");
	CHECK_EQUAL(read64(RD + 8) >> 32, READ_REGISTER(mpidr_el1) & 0xffffff);
	CHECK_EQUAL(read64(RD + 8) >> 4 & 1, 1);
	CHECK_EQUAL(read32(RD + 8), (uint32_t)read64(RD + 8));
	test("GICR_WAKER: ChildrenAsleep follows ProcessorSleep");
	write32(RD + 0x14, 2);
	CHECK_EQUAL(read32(RD + 0x14) & 6, 6);
	write32(RD + 0x14, 0);
	CHECK_EQUAL(read32(RD + 0x14) & 6, 0);
}

/* [from, to) reads as `value` whatever is written. */
static void fixed(uint64_t from, uint64_t to, uint32_t value)
{
	for (uint64_t at = from; at < to; at += 4) {
		write32(at, 0xffffffff);
		CHECK_EQUAL(read32(at), value);
	}
}

static void fixed_registers(void)
{
	uint8_t mask = priority_mask();

	test("GICD_ITARGETSR, SGIR, SPENDSGIR, NSACR, IGRPMODR: zero, writes ignored");
	fixed(GICD + 0x800, GICD + 0x880, 0);
	fixed(GICD + 0xd00, GICD + 0xd20, 0);
	fixed(GICD + 0xe00, GICD + 0xf30, 0);
	fixed(SGI_FRAME + 0xd00, SGI_FRAME + 0xd04, 0);
	fixed(SGI_FRAME + 0xe00, SGI_FRAME + 0xe04, 0);
	test("the distributor does not show private interrupts");
	fixed(GICD + 0x80, GICD + 0x84, 0);
	fixed(GICD + 0x100, GICD + 0x104, 0);
	fixed(GICD + 0x200, GICD + 0x204, 0);
	fixed(GICD + 0x300, GICD + 0x304, 0);
	fixed(GICD + 0x400, GICD + 0x420, 0);
	fixed(GICD + 0xc00, GICD + 0xc08, 0);
	test("ICFGR: SGIs are edges, bit 0 of each field is zero");
	fixed(SGI_FRAME + 0xc00, SGI_FRAME + 0xc04, 0xaaaaaaaa);
	fixed(GICD + 0xc10, GICD + 0xc14, 0xaaaaaaaa);
	write32(GICD + 0xc10, 0);
	CHECK_EQUAL(read32(GICD + 0xc10), 0);
	test("IPRIORITYR: bytes and words, as many bits as ICC_CTLR_EL1.PRIbits says");
	write8(GICD + 0x400 + SPI, 0xff);
	CHECK_EQUAL(read8(GICD + 0x400 + SPI), mask);
	write32(GICD + 0x400 + 68, 0xffffffff);
	CHECK_EQUAL(read32(GICD + 0x400 + 68), mask * 0x01010101u);
	write8(GICD + 0x400 + 69, 0);
	CHECK_EQUAL(read32(GICD + 0x400 + 68), (mask * 0x01010101u) & 0xffff00ff);
	test("IGROUPR: a bit each");
	write32(GICD + 0x88, 0xffff0000);
	CHECK_EQUAL(read32(GICD + 0x88), 0xffff0000);
	write32(GICD + 0x88, 0xffffffff);
	write32(SGI_FRAME + 0x80, 0x0000ffff);
	CHECK_EQUAL(read32(SGI_FRAME + 0x80), 0x0000ffff);
	write32(SGI_FRAME + 0x80, 0xffffffff);
	test("ISENABLER sets, ICENABLER clears, zeros do nothing, both read alike");
	write32(GICD + 0x108, 0x50);
	write32(GICD + 0x108, 0);
	CHECK_EQUAL(read32(GICD + 0x108), 0x50);
	CHECK_EQUAL(read32(GICD + 0x188), 0x50);
	write32(GICD + 0x188, 0x10);
	CHECK_EQUAL(read32(GICD + 0x108), 0x40);
	write32(GICD + 0x188, 0xffffffff);
	CHECK_EQUAL(read32(GICD + 0x108), 0);
}

static void pending(void)
{
	ready(SPI, 0x80);
	gic_disable(SPI);
	test("pending while disabled: kept, not signalled");
	gic_write(GIC_SET_PENDING, SPI);
	CHECK(gic_test(GIC_CLEAR_PENDING, SPI));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("enabled it is signalled, once; ICC_HPPIR1_EL1 says which before");
	gic_write(GIC_SET_ENABLE, SPI);
	CHECK_EQUAL(READ_REGISTER(ICC_HPPIR1), SPI);
	CHECK_EQUAL(READ_REGISTER(isr_el1) & (ISR_IRQ | ISR_FIQ), ISR_IRQ);
	CHECK_EQUAL(acknowledge(), SPI);
	CHECK(!gic_test(GIC_SET_PENDING, SPI));
	CHECK(gic_test(GIC_SET_ACTIVE, SPI));
	test("disabled while active it stays active, and ends");
	gic_disable(SPI);
	CHECK(gic_test(GIC_SET_ACTIVE, SPI));
	end(SPI);
	CHECK(!gic_test(GIC_SET_ACTIVE, SPI));
	gic_write(GIC_SET_ENABLE, SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("ICPENDR takes back what ISPENDR gave");
	gic_write(GIC_SET_PENDING, SPI);
	gic_write(GIC_CLEAR_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("its distributor group off: not signalled, not lost");
	gic_write(GIC_SET_PENDING, SPI);
	write32(GICD, 0x11);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK(gic_test(GIC_SET_PENDING, SPI));
	write32(GICD, 0x12);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	test("routed to no such vCPU: pending until it is routed here");
	write64(GICD + 0x6000 + 8 * SPI, 0x55);
	CHECK_EQUAL(read64(GICD + 0x6000 + 8 * SPI), 0x55);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK(gic_test(GIC_SET_PENDING, SPI));
	write64(GICD + 0x6000 + 8 * SPI, 1ull << 31); /* IRM is zero, as GICD_TYPER.No1N says */
	CHECK_EQUAL(read64(GICD + 0x6000 + 8 * SPI), 0);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
}

static void active(void)
{
	test("ISACTIVER: active is not signalled, pending and active neither");
	ready(SPI, 0x80);
	gic_write(GIC_SET_ACTIVE, SPI);
	CHECK(gic_test(GIC_CLEAR_ACTIVE, SPI));
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), IDLE);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK(gic_test(GIC_SET_PENDING, SPI));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("ICACTIVER: what was pending is signalled");
	gic_write(GIC_CLEAR_ACTIVE, SPI);
	CHECK(!gic_test(GIC_SET_ACTIVE, SPI));
	CHECK_EQUAL(acknowledge(), SPI);
	test("pended again while active: again after its end");
	gic_write(GIC_SET_PENDING, SPI);
	CHECK(gic_test(GIC_SET_PENDING, SPI) && gic_test(GIC_SET_ACTIVE, SPI));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	end(SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("more active ones than there are list registers, and one pending");
	for (uint32_t id = 72; id < 92; id++)
		gic_write(GIC_SET_ACTIVE, id);
	for (uint32_t id = 72; id < 92; id++)
		CHECK(gic_test(GIC_SET_ACTIVE, id));
	for (uint32_t id = 72; id < 92; id++)
		gic_write(GIC_CLEAR_ACTIVE, id);
	CHECK_EQUAL(read32(GICD + 0x308), 0);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
}

static void end_of_interrupt(void)
{
	test("EOImode 0: the end drops priority and deactivates");
	eoi_mode(false);
	ready(SPI, 0x80);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0x80);
	end(SPI);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), IDLE);
	CHECK(!gic_test(GIC_SET_ACTIVE, SPI));
	test("EOImode 1: the end drops priority, ICC_DIR_EL1 deactivates");
	eoi_mode(true);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), IDLE);
	CHECK(gic_test(GIC_SET_ACTIVE, SPI));
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	WRITE_REGISTER(ICC_DIR, SPI);
	CHECK(!gic_test(GIC_SET_ACTIVE, SPI));
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	test("EOImode 1: what ISACTIVER made active ICC_DIR_EL1 deactivates");
	gic_write(GIC_CLEAR_ACTIVE, SPI);
	gic_write(GIC_SET_ACTIVE, OTHER);
	WRITE_REGISTER(ICC_DIR, OTHER);
	CHECK(!gic_test(GIC_SET_ACTIVE, OTHER));
	eoi_mode(false);
}

#define LEVELS 12u /* more than there are list registers */

/* Interrupt 72 + n of priority f0, e8, ...: each preempts the one before. */
static void nest(bool drop)
{
	for (uint32_t n = 0; n < LEVELS; n++) {
		ready(72 + n, (uint8_t)(0xf0 - 8 * n));
		gic_write(GIC_SET_PENDING, 72 + n);
		CHECK_EQUAL(acknowledge(), 72 + n);
		CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0xf0 - 8 * n);
		if (drop)
			end(72 + n);
	}
	for (uint32_t n = 0; n < LEVELS; n++)
		CHECK(gic_test(GIC_SET_ACTIVE, 72 + n));
}

static void many_active(void)
{
	WRITE_REGISTER(ICC_BPR1, 0);
	test("EOImode 0: more levels of preemption than list registers end one by one");
	nest(false);
	for (uint32_t n = LEVELS; n-- > 0;) {
		end(72 + n);
		CHECK(!gic_test(GIC_SET_ACTIVE, 72 + n));
		CHECK(n == 0 || gic_test(GIC_SET_ACTIVE, 72 + n - 1));
		CHECK_EQUAL(READ_REGISTER(ICC_RPR), n == 0 ? IDLE : 0xf0 - 8 * (n - 1));
	}
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("EOImode 1: more active than list registers, deactivated in any order");
	eoi_mode(true);
	nest(true);
	for (uint32_t n = 0; n < LEVELS; n++) {
		uint32_t id = 72 + n * 5 % LEVELS;

		gic_write(GIC_SET_PENDING, id);
		CHECK_EQUAL(acknowledge(), SPURIOUS);
		WRITE_REGISTER(ICC_DIR, id);
		CHECK(!gic_test(GIC_SET_ACTIVE, id));
		CHECK_EQUAL(acknowledge(), id);
		end(id);
		WRITE_REGISTER(ICC_DIR, id);
		CHECK(!gic_test(GIC_SET_ACTIVE, id));
	}
	CHECK_EQUAL(read32(GICD + 0x308), 0);
	CHECK_EQUAL(read32(GICD + 0x208), 0);
	test("EOImode 1: all pending at once come, though none is deactivated");
	for (uint32_t n = 0; n < LEVELS; n++) {
		gic_priority(72 + n, 0x80);
		gic_write(GIC_SET_PENDING, 72 + n);
	}
	for (uint32_t n = 0; n < LEVELS; n++) {
		uint32_t id = acknowledge();

		CHECK(id >= 72 && id < 72 + LEVELS);
		end(id);
	}
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK_EQUAL(read32(GICD + 0x308), ((1u << LEVELS) - 1) << 8);
	for (uint32_t n = 0; n < LEVELS; n++)
		WRITE_REGISTER(ICC_DIR, 72 + n);
	CHECK_EQUAL(read32(GICD + 0x308), 0);
	eoi_mode(false);
	write32(GICD + 0x188, 0xffffffff);
}

static void priorities(void)
{
	ready(SPI, 0x80);
	ready(OTHER, 0x40);
	WRITE_REGISTER(ICC_BPR1, 0);
	test("ICC_PMR_EL1: only what is of higher priority");
	gic_write(GIC_SET_PENDING, SPI);
	WRITE_REGISTER(ICC_PMR, 0x80);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	WRITE_REGISTER(ICC_PMR, 0x88);
	CHECK_EQUAL(acknowledge(), SPI);
	WRITE_REGISTER(ICC_PMR, 0xff);
	test("a higher priority preempts, the running priority is its, and comes back");
	gic_write(GIC_SET_PENDING, OTHER);
	CHECK_EQUAL(acknowledge(), OTHER);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0x40);
	end(OTHER);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0x80);
	test("an equal priority does not preempt");
	gic_priority(OTHER, 0x80);
	gic_write(GIC_SET_PENDING, OTHER);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	end(SPI);
	CHECK_EQUAL(acknowledge(), OTHER);
	end(OTHER);
	test("ICC_BPR1_EL1: priorities of one group do not preempt each other");
	gic_priority(SPI, 0xc0);
	gic_priority(OTHER, 0xa0);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	gic_write(GIC_SET_PENDING, OTHER);
	WRITE_REGISTER(ICC_BPR1, 7); /* only bit 7 is a group */
	CHECK_EQUAL(READ_REGISTER(ICC_BPR1), 7);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	WRITE_REGISTER(ICC_BPR1, 0);
	CHECK_EQUAL(acknowledge(), OTHER);
	end(OTHER);
	end(SPI);
	test("a priority changed while pending counts");
	gic_priority(SPI, 0x80);
	gic_priority(OTHER, 0x40);
	gic_write(GIC_SET_PENDING, SPI);
	gic_write(GIC_SET_PENDING, OTHER);
	CHECK_EQUAL(READ_REGISTER(ICC_HPPIR1), OTHER);
	gic_priority(OTHER, 0xc0);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	CHECK_EQUAL(acknowledge(), OTHER);
	test("a priority changed while active does not spoil its end");
	gic_priority(OTHER, 0x20);
	gic_disable(OTHER);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0xc0);
	end(OTHER);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), IDLE);
	CHECK(!gic_test(GIC_SET_ACTIVE, OTHER));
}

/* WFI with an interrupt active: another vCPU runs meanwhile, if there is one. */
static void kept_over_a_wait(void)
{
	ready(SPI, 0x80);
	gic_enable(TIMER_PPI, 0x40);
	test("active priorities are the vCPU's own while it waits");
	for (int i = 0; i < 4; i++) {
		gic_write(GIC_SET_PENDING, SPI);
		CHECK_EQUAL(acknowledge(), SPI);
		timer_start(200000);
		wait_for_interrupt();
		while (acknowledge() != TIMER_PPI)
			;
		CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0x40);
		timer_stop();
		end(TIMER_PPI);
		CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0x80);
		CHECK(READ_REGISTER(ICC_AP1R0) != 0);
		end(SPI);
		CHECK_EQUAL(READ_REGISTER(ICC_RPR), IDLE);
		CHECK_EQUAL(READ_REGISTER(ICC_AP1R0), 0);
	}
	gic_disable(TIMER_PPI);
}

static void group_0(void)
{
	uint64_t group = GICD + 0x80 + SPI / 32 * 4;

	ready(SPI, 0x80);
	write32(group, read32(group) & ~(1u << SPI % 32));
	write32(GICD, 0x13);
	test("Group 0 is signalled as FIQ, and only with its enable bits");
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(READ_REGISTER(isr_el1) & (ISR_IRQ | ISR_FIQ), 0);
	WRITE_REGISTER(ICC_IGRPEN0, 1);
	CHECK_EQUAL(READ_REGISTER(isr_el1) & (ISR_IRQ | ISR_FIQ), ISR_FIQ);
	write32(GICD, 0x12);
	CHECK_EQUAL(READ_REGISTER(isr_el1) & (ISR_IRQ | ISR_FIQ), 0);
	write32(GICD, 0x13);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK_EQUAL(READ_REGISTER(ICC_HPPIR0), SPI);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR0), SPI);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0x80);
	WRITE_REGISTER(ICC_EOIR0, SPI);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), IDLE);
	CHECK(!gic_test(GIC_SET_ACTIVE, SPI));
	write32(group, 0xffffffff);
	test("ICC_SGI0R_EL1 makes SGIs of Group 0, ICC_SGI1R_EL1 of both");
	write32(SGI_FRAME + 0x80, 0xfffffffe);
	write32(SGI_FRAME + 0x100, 3);
	WRITE_REGISTER(ICC_SGI0R, 0ull << 24 | 1);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR0), 0);
	WRITE_REGISTER(ICC_EOIR0, 0);
	WRITE_REGISTER(ICC_SGI0R, 1ull << 24 | 1);
	WRITE_REGISTER(ICC_ASGI1R, 1ull << 24 | 1);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	gic_send(1, 1);
	CHECK_EQUAL(acknowledge(), 1);
	end(1);
	gic_send(0, 1);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR0), 0);
	WRITE_REGISTER(ICC_EOIR0, 0);
	write32(SGI_FRAME + 0x80, 0xffffffff);
	WRITE_REGISTER(ICC_IGRPEN0, 0);
	write32(GICD, 0x12);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	interrupts_off();
	gic_start();
	identification();
	fixed_registers();
	pending();
	active();
	end_of_interrupt();
	many_active();
	priorities();
	kept_over_a_wait();
	group_0();
}
