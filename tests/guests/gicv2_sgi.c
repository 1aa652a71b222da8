/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A GICv2 of two vCPUs against the words of Arm IHI 0048B: SGIs by source, targets, what is banked.
 * The second vCPU does what it is told: one step at a time, so what is seen does not depend on who
 * runs.
 */
#include "gicv2.h"

#define SPI 70u

void second_start(void);

/* ---- What the second vCPU is told ---- */
enum job { NOTHING, SEND, TAKE, END, LOOK, LEAVE };
static volatile enum job job;
static volatile uint32_t given, taken;

static uint32_t do_job(enum job what, uint32_t value)
{
	switch (what) {
	case SEND:
		write32(SGIR, value);
		return 0;
	case TAKE:
		return take();
	case END:
		end(value);
		return 0;
	default:
		return read32(value);
	}
}

void second_main(uint64_t argument)
{
	enum job what;

	(void)argument;
	gicv2_start();
	while ((what = job) != LEAVE) {
		if (what == NOTHING)
			continue;
		taken = do_job(what, given);
		job = NOTHING;
	}
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

/* The second vCPU does it; -> what came of it. */
static uint32_t second(enum job what, uint32_t value)
{
	given = value;
	job = what;
	while (job != NOTHING)
		;
	return taken;
}

void guest_interrupt(uint32_t id)
{
	(void)id;
	CHECK(!"an interrupt while they are masked");
}

/* [from, to) reads as `value` whatever is written. */
static void fixed(uint64_t from, uint64_t to, uint32_t value)
{
	for (uint64_t at = from; at < to; at += 4) {
		write32(at, 0xffffffff);
		CHECK_EQUAL(read32(at), value);
	}
}

static void banked(void)
{
	test("GICD_ITARGETSR: private interrupts are the reader's, others a mask");
	fixed(TARGETS, TARGETS + 32, 0x01010101);
	CHECK_EQUAL(second(LOOK, (uint32_t)TARGETS), 0x02020202);
	write8(TARGETS + SPI, 0xff);
	CHECK_EQUAL(read8(TARGETS + SPI), 3);
	write32(TARGETS + 68, 0x00030201);
	CHECK_EQUAL(read32(TARGETS + 68), 0x00030201);
	write32(TARGETS + 68, 0);
	test("private interrupts are banked");
	set(GIC_SET_ENABLE, 20);
	CHECK(is(GIC_CLEAR_ENABLE, 20));
	CHECK_EQUAL(second(LOOK, (uint32_t)GICD + 0x100) >> 20 & 1, 0);
	set(GIC_CLEAR_ENABLE, 20);
	CHECK_EQUAL(read32(GICD + 4) >> 5 & 7, 1);
}

static void sgis(void)
{
	test("GICD_SGIR: to oneself, to a list, to all others; GICC_IAR says from whom");
	write32(SGIR, SGI_SELF | 3);
	CHECK_EQUAL(acknowledge(), 3);
	end(3);
	write32(SGIR, SGI_TO(3, 4));
	CHECK_EQUAL(acknowledge(), 4);
	end(4);
	CHECK_EQUAL(second(TAKE, 0), FROM(4, 0));
	second(END, FROM(4, 0));
	second(SEND, SGI_OTHERS | 5);
	CHECK_EQUAL(acknowledge(), FROM(5, 1u));
	end(FROM(5, 1u));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK_EQUAL(second(LOOK, (uint32_t)GICC_IAR), SPURIOUS);
	test("one id from two CPUs: pending by source, and taken twice");
	write32(SGIR, SGI_SELF | 6);
	second(SEND, SGI_TO(1, 6));
	CHECK_EQUAL(read8(SPENDSGIR + 6), 3);
	CHECK_EQUAL(read32(CPENDSGIR + 4), 0x030000);
	CHECK_EQUAL(second(LOOK, (uint32_t)SPENDSGIR + 4), 0);
	CHECK_EQUAL(acknowledge(), FROM(6, 0));
	CHECK_EQUAL(read8(SPENDSGIR + 6), 2);
	CHECK(is(GIC_SET_PENDING, 6) && is(GIC_SET_ACTIVE, 6));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	end(FROM(6, 0));
	CHECK_EQUAL(take(), FROM(6, 1u));
	CHECK_EQUAL(read8(SPENDSGIR + 6), 0);
	end(FROM(6, 1u));
	CHECK(!is(GIC_SET_ACTIVE, 6));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("GICD_CPENDSGIR takes back one source, GICD_SPENDSGIR gives one");
	write8(SPENDSGIR + 7, 3);
	write8(CPENDSGIR + 7, 1);
	CHECK_EQUAL(acknowledge(), FROM(7, 1u));
	write8(SPENDSGIR + 7, 3); /* while it is active */
	CHECK_EQUAL(read8(SPENDSGIR + 7), 3);
	write8(CPENDSGIR + 7, 2);
	end(FROM(7, 1u));
	CHECK_EQUAL(take(), FROM(7, 0));
	end(FROM(7, 0));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("sources outlive the distributor's being off");
	write8(SPENDSGIR + 8, 3);
	write32(GICD, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK_EQUAL(read8(SPENDSGIR + 8), 3);
	write32(GICD, 3);
	for (uint32_t left = 3; left; left &= left - 1) {
		uint32_t id = take();

		CHECK_EQUAL(id & 0x3ff, 8);
		CHECK(left >> (id >> 10) & 1);
		end(id);
	}
	CHECK_EQUAL(acknowledge(), SPURIOUS);
}

/* All sixteen from both, more than there are list registers. */
static void many_sgis(void)
{
	uint32_t seen[2] = {0, 0};

	test("sixteen SGIs from two CPUs are thirty-two interrupts");
	for (uint32_t id = 0; id < 16; id++) {
		write32(SGIR, SGI_SELF | id);
		second(SEND, SGI_TO(1, id));
	}
	for (int i = 0; i < 32; i++) {
		uint32_t id = take();

		if (id >= FROM(16u, 1u) || (id & 0x3ff) >= 16) {
			CHECK_EQUAL(id, 0);
			break;
		}
		CHECK(!(seen[id >> 10] >> (id & 15) & 1));
		seen[id >> 10] |= 1u << (id & 15);
		end(id);
	}
	CHECK_EQUAL(seen[0], 0xffff);
	CHECK_EQUAL(seen[1], 0xffff);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK_EQUAL(read32(GICD + 0x200), 0);
	CHECK_EQUAL(read32(GICD + 0x300), 0);
}

static void routes(void)
{
	ready(SPI, 0x80);
	test("GICD_ITARGETSR: it comes at its target, and goes with it");
	write8(TARGETS + SPI, 2);
	set(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK_EQUAL(second(TAKE, 0), SPI);
	CHECK(is(GIC_SET_ACTIVE, SPI));
	test("active at the other CPU: GICC_DIR deactivates it from here");
	CHECK_EQUAL(second(LOOK, (uint32_t)GICC_RPR), 0x80);
	second(END, SPI);
	CHECK(!is(GIC_SET_ACTIVE, SPI));
	set(GIC_SET_ACTIVE, SPI);
	write32(GICC_DIR, SPI);
	CHECK(!is(GIC_SET_ACTIVE, SPI));
	test("pending without a target it waits for one");
	write8(TARGETS + SPI, 0);
	set(GIC_SET_PENDING, SPI);
	CHECK(is(GIC_SET_PENDING, SPI));
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	write8(TARGETS + SPI, 3); /* any of them */
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	interrupts_off();
	write32(GICD, 3);
	gicv2_start();
	test("the second vCPU starts");
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	banked();
	sgis();
	many_sgis();
	routes();
	job = LEAVE;
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) != 1)
		;
}
