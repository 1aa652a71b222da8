/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller where two are concerned: both groups at one CPU interface, and an
 * interrupt that two vCPUs have to do with (Arm IHI 0069). Interrupts are masked in PSTATE and
 * acknowledged by hand; an SGI each way says whose turn it is.
 */
#include "guest.h"

#define SPI 70u
#define FIRST 72u
#define MANY 20u /* more than there are list registers */
#define TURN 2u
#define SPURIOUS 1023u
#define TIMER_SOON 20000

#define ICC_IAR0 S3_0_C12_C8_0
#define ICC_EOIR0 S3_0_C12_C8_1
#define ICC_IGRPEN0 S3_0_C12_C12_6
#define ROUTE(id) (GICD + 0x6000 + 8ull * (id))
#define WAKER (GICR + 0x14)

enum job { JOB_DEACTIVATE, JOB_ACKNOWLEDGE, JOB_WAIT };
static volatile enum job job;
static volatile bool split;
static volatile uint32_t argument, result;

void second_start(void);

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

static void eoi_mode(bool is_split)
{
	WRITE_REGISTER(ICC_CTLR, is_split ? 2 : 0);
}

static uint32_t wait(void)
{
	uint32_t id;

	do {
		wait_for_interrupt();
		id = acknowledge();
	} while (id == SPURIOUS);
	return id;
}

static void turn_start(uint32_t cpu)
{
	gic_start_cpu(cpu);
	gic_enable(TURN, 0);
}

static void turn_wait(void)
{
	CHECK_EQUAL(wait(), TURN);
	end(TURN);
	WRITE_REGISTER(ICC_DIR, TURN);
}

/* The other vCPU does it. */
static uint32_t other(enum job what, uint32_t id)
{
	job = what;
	argument = id;
	gic_send(TURN, 2);
	turn_wait();
	return result;
}

void second_main(uint64_t context)
{
	(void)context;
	interrupts_off();
	turn_start(1);
	for (;;) {
		turn_wait();
		eoi_mode(split);
		switch (job) {
		case JOB_DEACTIVATE:
			WRITE_REGISTER(ICC_DIR, argument);
			break;
		case JOB_ACKNOWLEDGE:
			result = acknowledge();
			break;
		case JOB_WAIT:
			result = wait();
			break;
		}
		if (job != JOB_DEACTIVATE && result != SPURIOUS) {
			end(result);
			WRITE_REGISTER(ICC_DIR, result);
		}
		eoi_mode(false);
		gic_send(TURN, 1);
	}
}

static void ready(uint32_t id, uint8_t priority)
{
	gic_enable(id, priority);
	gic_write(GIC_CLEAR_PENDING, id);
	gic_write(GIC_CLEAR_ACTIVE, id);
}

/* FIRST to FIRST + MANY - 1, in pending order of priority, in the group. */
static void many(bool group0)
{
	for (uint32_t n = 0; n < MANY; n++) {
		uint64_t group = GICD + 0x80 + (FIRST + n) / 32 * 4;
		uint32_t bit = 1u << (FIRST + n) % 32;

		ready(FIRST + n, (uint8_t)(0x10 + 8 * n));
		if (group0)
			write32(group, read32(group) & ~bit);
		gic_write(GIC_SET_PENDING, FIRST + n);
	}
}

/* What a change of enables brings to the front comes soon, not at once. */
static void take(uint32_t id, bool group0)
{
	uint32_t taken;

	for (;;) {
		taken = group0 ? (uint32_t)READ_REGISTER(ICC_IAR0) : acknowledge();
		if (taken != SPURIOUS)
			break;
		wait_for_interrupt();
	}
	CHECK_EQUAL(taken, id);
	if (group0)
		WRITE_REGISTER(ICC_EOIR0, taken);
	else
		end(taken);
}

static void enable(bool group0, bool on)
{
	if (group0)
		WRITE_REGISTER(ICC_IGRPEN0, on);
	else
		WRITE_REGISTER(ICC_IGRPEN1, on);
}

/* The group is disabled at the CPU interface; one interrupt, of lower priority, is of the other. */
static void held_back(bool group0)
{
	uint64_t group = GICD + 0x80 + SPI / 32 * 4;

	write32(GICD, 0x13);
	ready(SPI, 0xc0);
	if (!group0)
		write32(group, read32(group) & ~(1u << SPI % 32));
	enable(group0, false);
	enable(!group0, true);
	many(group0);
	for (int i = 0; i < 3; i++) {
		gic_write(GIC_SET_PENDING, SPI);
		take(SPI, !group0);
	}
	gic_write(GIC_SET_PENDING, SPI);
	enable(group0, true);
	for (uint32_t n = 0; n < MANY / 2; n++)
		take(FIRST + n, group0);
	enable(group0, false);
	take(SPI, !group0);
	enable(group0, true);
	for (uint32_t n = MANY / 2; n < MANY; n++)
		take(FIRST + n, group0);
	CHECK_EQUAL(group0 ? READ_REGISTER(ICC_IAR0) : acknowledge(), SPURIOUS);
	write32(GICD + 0x188, ~0u);
	write32(GICD + 0x88, ~0u);
	enable(true, false);
	write32(GICD, 0x12);
}

static void groups(void)
{
	test("pending ones of a disabled Group 0 hold back none of Group 1");
	held_back(true);
	test("pending ones of a disabled Group 1 hold back none of Group 0");
	held_back(false);
	enable(false, true);
}

static void asleep(void)
{
	ready(SPI, 0x80);
	gic_enable(TIMER_PPI, 0x80);
	test("asleep, a redistributor gives its vCPU nothing, and keeps what pends");
	write32(WAKER, 2);
	gic_write(GIC_SET_PENDING, SPI);
	timer_start(0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	CHECK(gic_test(GIC_SET_PENDING, SPI));
	CHECK(gic_test(GIC_SET_PENDING, TIMER_PPI));
	write32(WAKER, 0);
	CHECK_EQUAL(wait(), TIMER_PPI);
	timer_stop();
	end(TIMER_PPI);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	gic_disable(TIMER_PPI);
}

static void level_of_a_timer(void)
{
	test("a timer's level is pending while it is high, enabled or not");
	gic_disable(TIMER_PPI);
	timer_start(0);
	CHECK(gic_test(GIC_SET_PENDING, TIMER_PPI));
	gic_write(GIC_CLEAR_PENDING, TIMER_PPI);
	CHECK(gic_test(GIC_SET_PENDING, TIMER_PPI));
	timer_stop();
	CHECK(!gic_test(GIC_SET_PENDING, TIMER_PPI));
}

static void pended_by_software(void)
{
	gic_enable(TIMER_PPI, 0x80);
	test("software's pending of a timer's interrupt stays until it is cleared or taken");
	for (int i = 0; i < 2; i++) {
		timer_start(0);
		CHECK_EQUAL(wait(), TIMER_PPI);
		timer_stop();
		end(TIMER_PPI);
		gic_write(GIC_SET_PENDING, TIMER_PPI);
		CHECK(gic_test(GIC_SET_PENDING, TIMER_PPI));
		if (i != 0)
			gic_write(GIC_CLEAR_PENDING, TIMER_PPI);
		CHECK_EQUAL(gic_test(GIC_SET_PENDING, TIMER_PPI), i == 0);
		CHECK_EQUAL(acknowledge(), i == 0 ? TIMER_PPI : SPURIOUS);
		if (i == 0)
			end(TIMER_PPI);
	}
	gic_disable(TIMER_PPI);
}

static void deactivate(void)
{
	test("EOImode 1: another vCPU's ICC_DIR_EL1 deactivates an SPI");
	eoi_mode(true);
	ready(SPI, 0x80);
	for (int i = 0; i < 2; i++) {
		gic_write(GIC_SET_PENDING, SPI);
		CHECK_EQUAL(acknowledge(), SPI);
		end(SPI);
		split = true;
		other(JOB_DEACTIVATE, SPI);
		CHECK(!gic_test(GIC_SET_ACTIVE, SPI));
	}
	test("EOImode 0: its ICC_DIR_EL1 does nothing");
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	split = false;
	other(JOB_DEACTIVATE, SPI);
	CHECK(gic_test(GIC_SET_ACTIVE, SPI));
	WRITE_REGISTER(ICC_DIR, SPI);
	CHECK(!gic_test(GIC_SET_ACTIVE, SPI));
	test("nor of a private interrupt, nor of none");
	split = true;
	ready(3, 0x80);
	gic_write(GIC_SET_ACTIVE, 3);
	other(JOB_DEACTIVATE, 3);
	other(JOB_DEACTIVATE, 1019);
	other(JOB_DEACTIVATE, 0xffffff);
	CHECK(gic_test(GIC_SET_ACTIVE, 3));
	gic_write(GIC_CLEAR_ACTIVE, 3);
	split = false;
	eoi_mode(false);
}

static void routes(void)
{
	ready(SPI, 0x80);
	test("active here and routed to another: pending there after its end");
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	write64(ROUTE(SPI), 1);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK(gic_test(GIC_SET_PENDING, SPI) && gic_test(GIC_SET_ACTIVE, SPI));
	CHECK_EQUAL(other(JOB_ACKNOWLEDGE, 0), SPURIOUS);
	end(SPI);
	CHECK_EQUAL(other(JOB_WAIT, 0), SPI);
	CHECK(!gic_test(GIC_SET_PENDING, SPI) && !gic_test(GIC_SET_ACTIVE, SPI));
	test("the same with ICACTIVER for its end, and back");
	write64(ROUTE(SPI), 0);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	write64(ROUTE(SPI), 1);
	gic_write(GIC_SET_PENDING, SPI);
	end(SPI);
	gic_write(GIC_SET_ACTIVE, SPI);
	gic_write(GIC_CLEAR_ACTIVE, SPI);
	CHECK_EQUAL(other(JOB_WAIT, 0), SPI);
	write64(ROUTE(SPI), 0);
	gic_write(GIC_SET_PENDING, SPI);
	CHECK_EQUAL(acknowledge(), SPI);
	end(SPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	interrupts_off();
	gic_start();
	turn_start(0);
	groups();
	asleep();
	level_of_a_timer();
	pended_by_software();
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	deactivate();
	routes();
}
