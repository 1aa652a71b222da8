/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A GICv2 against the words of Arm IHI 0048B: the distributor's registers, which the VMM is, and
 * the CPU interface, which is the machine's but for GICC_DIR.
 */
#include "gicv2.h"

#define SPI 70u
#define OTHER 71u
#define FIRST 72u  /* of LEVELS */
#define LEVELS 12u /* more than there are list registers */
#define GROUP1 1022u
#define FIVE_BITS 0xf8u

void guest_interrupt(uint32_t id)
{
	(void)id;
	CHECK(!"an interrupt while they are masked");
}

static void identification(void)
{
	uint32_t typer = read32(GICD + 4);

	test("ICPIDR2 and GICC_IIDR say GICv2");
	CHECK_EQUAL(read32(GICD + 0xfe8) >> 4 & 0xf, 2);
	CHECK_EQUAL(read32(GICC + 0xfc) >> 16 & 0xf, 2);
	test("GICD_TYPER: one CPU, no Security Extensions");
	CHECK((typer & 31) >= 2);
	CHECK_EQUAL(typer >> 5 & 7, 0);
	CHECK_EQUAL(typer >> 10 & 1, 0);
	test("GICD_CTLR: a bit for each group");
	write32(GICD, 0xffffffff);
	CHECK_EQUAL(read32(GICD), 3);
	write32(GICD, 0);
	CHECK_EQUAL(read32(GICD), 0);
	write32(GICD, 3);
}

/* [from, to) reads as `value` whatever is written. */
static void fixed(uint64_t from, uint64_t to, uint32_t value)
{
	for (uint64_t at = from; at < to; at += 4) {
		write32(at, 0xffffffff);
		CHECK_EQUAL(read32(at), value);
	}
}

static void registers(void)
{
	test("of one CPU: GICD_ITARGETSR is zero, writes ignored");
	fixed(TARGETS, TARGETS + 128, 0);
	test("SGIs are always enabled, and edges");
	write32(GICD + 0x180, 0xffff);
	CHECK_EQUAL(read32(GICD + 0x100) & 0xffff, 0xffff);
	fixed(GICD + 0xc00, GICD + 0xc04, 0xaaaaaaaa);
	test("GICD_IPRIORITYR: five bits, by bytes and words");
	priority(SPI, 0xff);
	CHECK_EQUAL(read8(GICD + 0x400 + SPI), FIVE_BITS);
	write32(GICD + 0x400 + 68, 0xffffffff);
	CHECK_EQUAL(read32(GICD + 0x400 + 68), FIVE_BITS * 0x01010101u);
	test("there are no redistributors, no ITS, and no system registers");
	trap_expect();
	(void)read32(GICR);
	CHECK_ABORT(GICR);
	CHECK_EQUAL(READ_REGISTER(id_aa64pfr0_el1) >> 24 & 0xf, 0);
}

static void pending(void)
{
	ready(SPI, 0x80);
	set(GIC_CLEAR_ENABLE, SPI);
	test("pending while disabled: kept, not signalled");
	set(GIC_SET_PENDING, SPI);
	CHECK(is(GIC_CLEAR_PENDING, SPI));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("enabled it is signalled, once; GICC_HPPIR says which before");
	set(GIC_SET_ENABLE, SPI);
	CHECK_EQUAL(read32(GICC_HPPIR), SPI);
	CHECK_EQUAL(READ_REGISTER(isr_el1) >> 6 & 3, 2); /* IRQ: GICC_CTLR.FIQEn is 0 */
	CHECK_EQUAL(acknowledge(), SPI);
	CHECK(!is(GIC_SET_PENDING, SPI));
	CHECK(is(GIC_SET_ACTIVE, SPI));
	CHECK_EQUAL(read32(GICC_RPR), 0x80);
	end(SPI);
	CHECK(!is(GIC_SET_ACTIVE, SPI));
	CHECK_EQUAL(read32(GICC_RPR), IDLE);
	test("GICD_ICPENDR takes back what GICD_ISPENDR gave");
	set(GIC_SET_PENDING, SPI);
	set(GIC_CLEAR_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("the distributor off: not signalled, not lost");
	set(GIC_SET_PENDING, SPI);
	write32(GICD, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK(is(GIC_SET_PENDING, SPI));
	write32(GICD, 3);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	test("active and pending: again after its end");
	set(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	set(GIC_SET_PENDING, SPI);
	CHECK(is(GIC_SET_PENDING, SPI) && is(GIC_SET_ACTIVE, SPI));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	end(SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
}

static void groups(void)
{
	uint64_t group = GICD + 0x80 + SPI / 32 * 4;

	test("Group 1: GICC_IAR says 1022, and acknowledges it if GICC_CTLR.AckCtl is 1");
	write32(group, 1u << SPI % 32);
	set(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), GROUP1);
	CHECK(!is(GIC_SET_ACTIVE, SPI));
	write32(GICC_CTLR, GROUPS_ON | ACKCTL);
	CHECK_EQUAL(acknowledge(), SPI);
	CHECK(is(GIC_SET_ACTIVE, SPI));
	end(SPI);
	CHECK(!is(GIC_SET_ACTIVE, SPI));
	test("a group that is off in the distributor is not signalled");
	write32(GICD, 1);
	set(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	write32(GICD, 3);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	eoi_mode(false);
	write32(group, 0);
}

static void priorities(void)
{
	ready(SPI, 0x80);
	ready(OTHER, 0x40);
	write32(GICC_BPR, 0);
	test("GICC_PMR: only what is of higher priority");
	set(GIC_SET_PENDING, SPI);
	write32(GICC_PMR, 0x80);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	write32(GICC_PMR, 0x88);
	CHECK_EQUAL(acknowledge(), SPI);
	write32(GICC_PMR, 0xff);
	test("a higher priority preempts, the running priority is its, and comes back");
	set(GIC_SET_PENDING, OTHER);
	CHECK_EQUAL(acknowledge(), OTHER);
	CHECK_EQUAL(read32(GICC_RPR), 0x40);
	end(OTHER);
	CHECK_EQUAL(read32(GICC_RPR), 0x80);
	test("an equal priority does not preempt");
	priority(OTHER, 0x80);
	set(GIC_SET_PENDING, OTHER);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	end(SPI);
	CHECK_EQUAL(acknowledge(), OTHER);
	end(OTHER);
	test("GICC_BPR: priorities of one group do not preempt each other");
	priority(SPI, 0xc0);
	priority(OTHER, 0xa0);
	write32(GICC_BPR, 6); /* only bit 7 is a group */
	set(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	set(GIC_SET_PENDING, OTHER);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	end(SPI);
	CHECK_EQUAL(acknowledge(), OTHER);
	end(OTHER);
	write32(GICC_BPR, 0);
	test("a priority changed while pending counts");
	priority(SPI, 0x80);
	priority(OTHER, 0x40);
	set(GIC_SET_PENDING, SPI);
	set(GIC_SET_PENDING, OTHER);
	priority(OTHER, 0xc0);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	CHECK_EQUAL(acknowledge(), OTHER);
	end(OTHER);
}

/* Interrupt FIRST + n of priority f0, e8, ...: each preempts the one before. */
static void nest(bool drop)
{
	for (uint32_t n = 0; n < LEVELS; n++) {
		ready(FIRST + n, 0xf0 - 8 * n);
		set(GIC_SET_PENDING, FIRST + n);
		CHECK_EQUAL(acknowledge(), FIRST + n);
		CHECK_EQUAL(read32(GICC_RPR), 0xf0 - 8 * n);
		if (drop)
			end(FIRST + n);
	}
	for (uint32_t n = 0; n < LEVELS; n++)
		CHECK(is(GIC_SET_ACTIVE, FIRST + n));
}

static void many_active(void)
{
	test("EOImode 0: more levels of preemption than list registers end one by one");
	nest(false);
	for (uint32_t n = LEVELS; n-- > 0;) {
		end(FIRST + n);
		CHECK(!is(GIC_SET_ACTIVE, FIRST + n));
		CHECK(n == 0 || is(GIC_SET_ACTIVE, FIRST + n - 1));
		CHECK_EQUAL(read32(GICC_RPR), n == 0 ? IDLE : 0xf0 - 8 * (n - 1));
	}
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("EOImode 1: the end drops priority, GICC_DIR deactivates, in any order");
	eoi_mode(true);
	nest(true);
	CHECK_EQUAL(read32(GICC_RPR), IDLE);
	for (uint32_t n = 0; n < LEVELS; n++) {
		uint32_t id = FIRST + n * 5 % LEVELS;

		set(GIC_SET_PENDING, id);
		CHECK_EQUAL(acknowledge(), SPURIOUS);
		write32(GICC_DIR, id);
		CHECK(!is(GIC_SET_ACTIVE, id));
		CHECK_EQUAL(acknowledge(), id);
		end(id);
		write32(GICC_DIR, id);
		CHECK(!is(GIC_SET_ACTIVE, id));
	}
	CHECK_EQUAL(read32(GICD + 0x308), 0);
	test("EOImode 1: all pending at once come, though none is deactivated");
	for (uint32_t n = 0; n < LEVELS; n++) {
		priority(FIRST + n, 0x80);
		set(GIC_SET_PENDING, FIRST + n);
	}
	for (uint32_t n = 0; n < LEVELS; n++) {
		uint32_t id = acknowledge();

		CHECK(id >= FIRST && id < FIRST + LEVELS);
		end(id);
	}
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK_EQUAL(read32(GICD + 0x308), ((1u << LEVELS) - 1) << FIRST % 32);
	for (uint32_t n = 0; n < LEVELS; n++)
		write32(GICC_DIR, FIRST + n);
	CHECK_EQUAL(read32(GICD + 0x308), 0);
	eoi_mode(false);
	write32(GICD + 0x188, 0xffffffff);
}

static void timer(void)
{
	priority(TIMER_PPI, 0x40);
	set(GIC_SET_ENABLE, TIMER_PPI);
	test("the virtual timer's interrupt comes again after each end");
	for (int i = 0; i < 4; i++) {
		timer_start(50000);
		CHECK_EQUAL(take(), TIMER_PPI);
		CHECK_EQUAL(acknowledge(), SPURIOUS);
		timer_stop();
		end(TIMER_PPI);
		CHECK(!is(GIC_SET_ACTIVE, TIMER_PPI));
	}
	test("EOImode 1: and after each GICC_DIR");
	eoi_mode(true);
	for (int i = 0; i < 4; i++) {
		timer_start(50000);
		CHECK_EQUAL(take(), TIMER_PPI);
		end(TIMER_PPI);
		CHECK(is(GIC_SET_ACTIVE, TIMER_PPI));
		timer_stop();
		write32(GICC_DIR, TIMER_PPI);
		CHECK(!is(GIC_SET_ACTIVE, TIMER_PPI));
	}
	eoi_mode(false);
	set(GIC_CLEAR_ENABLE, TIMER_PPI);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	interrupts_off();
	write32(GICD, 3);
	gicv2_start();
	identification();
	registers();
	pending();
	groups();
	priorities();
	many_active();
	timer();
}
