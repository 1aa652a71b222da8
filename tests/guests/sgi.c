/* SPDX-License-Identifier: BSD-2-Clause */
/* Software generated interrupts to itself: order, masks, preemption, pending and active. */
#include "guest.h"

#define SPURIOUS 1023u

static volatile uint32_t order[64], count, running, deepest;
static volatile uint32_t again, nested; /* what the handler sends, counted down; 0: nothing */
static uint8_t priority_of[16];

void guest_interrupt(uint32_t id)
{
	uint32_t before = running;

	if (count < 64)
		order[count] = id;
	count++;
	if (before > deepest)
		deepest = before;
	if (again) {
		again--;
		gic_send(id, 1);
	}
	if (nested) {
		uint32_t next = nested;

		nested = 0;
		running = before + 1;
		gic_send(next, 1);
		interrupts_on();
		for (int i = 0; i < 10; i++)
			(void)hypercall(PSCI_VERSION, 0, 0, 0);
		interrupts_off();
		running = before;
	}
}

static void set(uint32_t id, uint8_t priority)
{
	priority_of[id] = priority;
	gic_enable(id, priority);
}

static void begin(void)
{
	interrupts_off();
	count = running = deepest = again = nested = 0;
}

/* Waits until so many came, then looks whether more do. */
static void settle(uint32_t expected)
{
	WAIT_UNTIL(count >= expected);
	for (int i = 0; i < 10; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(count, expected);
}

static void test_one(void)
{
	test("each of the 16 arrives, with its number");
	begin();
	for (uint32_t id = 0; id < 16; id++)
		set(id, 0x80);
	interrupts_on();
	for (uint32_t id = 0; id < 16; id++) {
		gic_send(id, 1);
		settle(id + 1);
		CHECK_EQUAL(order[id], id);
	}
	test("sent twice while pending, it arrives once");
	begin();
	gic_send(5, 1);
	gic_send(5, 1);
	CHECK(gic_test(GIC_SET_PENDING, 5));
	interrupts_on();
	settle(1);
	CHECK(!gic_test(GIC_SET_PENDING, 5));
	test("sent in its own handler, it is pending and active, and arrives again");
	begin();
	again = 3;
	interrupts_on();
	gic_send(6, 1);
	settle(4);
	test("to nobody, to others and to a vCPU that is not there: it does not come");
	begin();
	interrupts_on();
	gic_send(1, 0);
	gic_send(1, 0xfffe);
	WRITE_REGISTER(ICC_SGI1R, 1ull << 40 | 1ull << 24);	/* all but this one */
	WRITE_REGISTER(ICC_SGI1R, 1ull << 16 | 1ull << 24 | 1); /* another cluster */
	settle(0);
}

static void test_order(void)
{
	test("many pending are taken in order of priority, each once");
	begin();
	for (uint32_t id = 0; id < 16; id++)
		set(id, (uint8_t)(((id * 7) % 16) << 4));
	for (uint32_t id = 0; id < 16; id++)
		gic_send(id, 1);
	WRITE_REGISTER(ICC_PMR, 0xff);
	interrupts_on();
	settle(16);
	for (uint32_t i = 1; i < 16; i++)
		CHECK(priority_of[order[i - 1]] < priority_of[order[i]]);
}

static void test_masks(void)
{
	test("the priority mask holds back what is not above it");
	begin();
	set(1, 0x40);
	set(2, 0x80);
	set(3, 0xc0);
	WRITE_REGISTER(ICC_PMR, 0x80);
	interrupts_on();
	gic_send(3, 1);
	gic_send(2, 1);
	gic_send(1, 1);
	settle(1);
	CHECK_EQUAL(order[0], 1);
	WRITE_REGISTER(ICC_PMR, 0x88);
	settle(2);
	CHECK_EQUAL(order[1], 2);
	WRITE_REGISTER(ICC_PMR, 0xff);
	settle(3);
	CHECK_EQUAL(order[2], 3);
	test("disabled, it stays pending until it is enabled, or is cleared");
	begin();
	interrupts_on();
	gic_disable(4);
	gic_disable(5);
	gic_send(4, 1);
	gic_send(5, 1);
	CHECK(gic_test(GIC_SET_PENDING, 4) && gic_test(GIC_SET_PENDING, 5));
	gic_write(GIC_CLEAR_PENDING, 5);
	gic_write(GIC_SET_ENABLE, 5);
	gic_write(GIC_SET_ENABLE, 4);
	settle(1);
	CHECK_EQUAL(order[0], 4);
	test("taken back while pending, it does not come");
	begin();
	gic_send(4, 1);
	CHECK(gic_test(GIC_SET_PENDING, 4));
	gic_write(GIC_CLEAR_PENDING, 4);
	CHECK(!gic_test(GIC_SET_PENDING, 4));
	interrupts_on();
	settle(0);
	test("group and distributor switched off hold it back");
	begin();
	WRITE_REGISTER(ICC_IGRPEN1, 0);
	interrupts_on();
	gic_send(4, 1);
	settle(0);
	WRITE_REGISTER(ICC_IGRPEN1, 1);
	settle(1);
	write32(GICD, 0x10);
	gic_send(4, 1);
	settle(1);
	write32(GICD, 0x12);
	settle(2);
}

static void test_nesting(void)
{
	test("one of higher priority interrupts a handler, one of lower waits");
	begin();
	WRITE_REGISTER(ICC_BPR1, 0);
	set(1, 0x40);
	set(2, 0x80);
	set(3, 0xc0);
	nested = 1;
	interrupts_on();
	gic_send(2, 1);
	settle(2);
	CHECK_EQUAL(deepest, 1);
	begin();
	nested = 3;
	interrupts_on();
	gic_send(2, 1);
	settle(2);
	CHECK_EQUAL(deepest, 0);
	CHECK_EQUAL(order[1], 3);
}

static void test_by_hand(void)
{
	test("acknowledge, running priority, end: as the manual says");
	begin();
	set(7, 0x50);
	WRITE_REGISTER(ICC_PMR, 0xff);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), SPURIOUS);
	CHECK_EQUAL(READ_REGISTER(ICC_HPPIR1), SPURIOUS);
	gic_send(7, 1);
	CHECK_EQUAL(READ_REGISTER(ICC_HPPIR1), 7);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), 7);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0x50);
	CHECK(gic_test(GIC_SET_ACTIVE, 7) && !gic_test(GIC_SET_PENDING, 7));
	gic_send(7, 1);
	CHECK(gic_test(GIC_SET_ACTIVE, 7) && gic_test(GIC_SET_PENDING, 7));
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), SPURIOUS);
	WRITE_REGISTER(ICC_EOIR1, 7);
	CHECK(!gic_test(GIC_SET_ACTIVE, 7));
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0xff);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), 7);
	WRITE_REGISTER(ICC_EOIR1, 7);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), SPURIOUS);

	test("with split end of interrupt, priority drops first and deactivation follows");
	WRITE_REGISTER(ICC_CTLR, 2);
	gic_send(7, 1);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), 7);
	WRITE_REGISTER(ICC_EOIR1, 7);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0xff);
	CHECK(gic_test(GIC_SET_ACTIVE, 7));
	gic_send(7, 1);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), SPURIOUS);
	WRITE_REGISTER(ICC_DIR, 7);
	CHECK_EQUAL(READ_REGISTER(ICC_IAR1), 7);
	WRITE_REGISTER(ICC_EOIR1, 7);
	WRITE_REGISTER(ICC_DIR, 7);
	CHECK(!gic_test(GIC_SET_ACTIVE, 7));
	WRITE_REGISTER(ICC_CTLR, 0);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	test_one();
	test_order();
	test_masks();
	test_nesting();
	test_by_hand();
}
