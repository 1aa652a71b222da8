/* SPDX-License-Identifier: BSD-2-Clause */
/* More interrupts pending than there are list registers: each is taken once, in order of priority.
 */
#include "guest.h"

#define FIRST_SPI 34u /* 33 is a device's */
#define LAST_SPI 95u
#define IDS 96u

static volatile uint32_t order[512], count, seen[IDS];
static volatile uint32_t resend, more; /* in this interrupt's handler, another is sent */
static uint8_t priority_of[IDS];
static uint64_t seed = 1;

static uint32_t random_below(uint32_t limit)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % limit;
}

void guest_interrupt(uint32_t id)
{
	if (id >= IDS)
		return;
	seen[id]++;
	if (count < 512)
		order[count] = id;
	count++;
	if (id == TIMER_PPI)
		timer_stop();
	if (id == resend && more) {
		more--;
		gic_send(resend, 1);
	}
}

static bool usable(uint32_t id)
{
	return id < 16 || id == TIMER_PPI || (id >= FIRST_SPI && id <= LAST_SPI);
}

static void begin(void)
{
	interrupts_off();
	count = more = 0;
	resend = IDS;
	for (uint32_t id = 0; id < IDS; id++)
		seen[id] = 0;
}

static void priorities(uint32_t step)
{
	for (uint32_t id = 0; id < IDS; id++) {
		if (!usable(id))
			continue;
		priority_of[id] = (uint8_t)(random_below(step) * (0xf8 / step) & 0xf8);
		gic_enable(id, priority_of[id]);
	}
}

static void pend_all(void)
{
	timer_start(0);
	for (uint32_t id = FIRST_SPI; id <= LAST_SPI; id++)
		gic_write(GIC_SET_PENDING, id);
	for (uint32_t id = 0; id < 16; id++)
		gic_send(id, 1);
}

static uint32_t number_of(void)
{
	uint32_t n = 0;

	for (uint32_t id = 0; id < IDS; id++)
		n += usable(id);
	return n;
}

static void settle(uint32_t expected)
{
	WAIT_UNTIL(count >= expected);
	for (int i = 0; i < 10; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(count, expected);
}

static void check_once(void)
{
	for (uint32_t id = 0; id < IDS; id++)
		CHECK_EQUAL(seen[id], usable(id));
}

static void check_order(void)
{
	for (uint32_t i = 1; i < count; i++)
		CHECK(priority_of[order[i - 1]] <= priority_of[order[i]]);
}

static void test_all(void)
{
	const uint32_t n = number_of();

	test("all SGIs, the timer and all SPIs pending: each comes once, by priority");
	for (int round = 0; round < 5; round++) {
		begin();
		priorities(31);
		pend_all();
		interrupts_on();
		settle(n);
		check_once();
		check_order();
	}
	test("the same with one priority for all: each comes once");
	begin();
	for (uint32_t id = 0; id < IDS; id++) {
		if (usable(id))
			gic_enable(id, priority_of[id] = 0x80);
	}
	pend_all();
	interrupts_on();
	settle(n);
	check_once();

	test("all pending are seen pending, none when taken back, and none comes");
	begin();
	pend_all();
	for (uint32_t id = 0; id < IDS; id++)
		CHECK_EQUAL(gic_test(GIC_SET_PENDING, id), usable(id));
	timer_stop();
	for (uint32_t id = 0; id < IDS; id++) {
		if (usable(id))
			gic_write(GIC_CLEAR_PENDING, id);
	}
	for (uint32_t id = 0; id < IDS; id++) {
		if (id != TIMER_PPI)
			CHECK(!gic_test(GIC_SET_PENDING, id));
	}
	interrupts_on();
	for (int i = 0; i < 10; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(count, seen[TIMER_PPI]);
}

static void test_late(void)
{
	const uint32_t n = number_of();

	test("a late one of highest priority comes first");
	begin();
	priorities(31);
	gic_enable(9, priority_of[9] = 0);
	for (uint32_t id = 0; id < IDS; id++) {
		if (usable(id) && id != 9 && priority_of[id] == 0)
			gic_enable(id, priority_of[id] = 8);
	}
	pend_all();
	interrupts_on();
	settle(n);
	CHECK_EQUAL(order[0], 9);
	check_once();

	test("sent again in its handler, of lowest priority: comes that often, after all others");
	begin();
	gic_enable(3, priority_of[3] = 0xf0);
	for (uint32_t id = 0; id < IDS; id++) {
		if (usable(id) && id != 3)
			gic_enable(id, priority_of[id] = (uint8_t)(random_below(16) << 3));
	}
	resend = 3;
	more = 10;
	pend_all();
	interrupts_on();
	settle(n + 10);
	CHECK_EQUAL(seen[3], 11);
	for (uint32_t i = n - 1; i < n + 10; i++)
		CHECK_EQUAL(order[i], 3);
	check_order();
}

static void test_disabled(void)
{
	const uint32_t n = number_of();

	test("disabled in the overflow: the others come, and it when enabled");
	begin();
	priorities(31);
	pend_all();
	for (uint32_t id = FIRST_SPI; id <= LAST_SPI; id += 3)
		gic_disable(id);
	interrupts_on();
	settle(n - 21);
	for (uint32_t id = FIRST_SPI; id <= LAST_SPI; id++)
		CHECK_EQUAL(seen[id], (id - FIRST_SPI) % 3 != 0);
	for (uint32_t id = FIRST_SPI; id <= LAST_SPI; id += 3)
		gic_write(GIC_SET_ENABLE, id);
	settle(n);
	check_once();

	test("priorities changed while pending count");
	begin();
	priorities(31);
	pend_all();
	for (uint32_t id = 0; id < IDS; id++) {
		if (usable(id))
			gic_priority(id, priority_of[id] = (uint8_t)(0xf0 - priority_of[id]));
	}
	interrupts_on();
	settle(n);
	check_once();
	check_order();

	test("the mask opens step by step: what comes is above it");
	begin();
	WRITE_REGISTER(ICC_PMR, 0);
	pend_all();
	interrupts_on();
	for (uint32_t mask = 0; mask <= 0xf8; mask += 8) {
		uint32_t expected = 0;

		WRITE_REGISTER(ICC_PMR, mask);
		for (uint32_t id = 0; id < IDS; id++)
			expected += usable(id) && priority_of[id] < mask;
		settle(expected);
	}
	WRITE_REGISTER(ICC_PMR, 0xff);
	settle(n);
	check_once();
	check_order();
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	test("the distributor has SPIs to the number the test uses");
	CHECK(((read32(GICD + 4) & 31) + 1) * 32 > LAST_SPI);
	test_all();
	test_late();
	test_disabled();
}
