/* SPDX-License-Identifier: BSD-2-Clause */
/* What a core runs to show that its kernel, VMM and virtual hardware work: no devices needed. */
#include "guest.h"

static volatile uint32_t seen[1024];

void guest_interrupt(uint32_t id)
{
	if (id < 1020)
		seen[id]++;
	if (id == TIMER_PPI)
		timer_stop();
}

static void test_hypercalls(void)
{
	test("PSCI is 1.0 or later, by HVC and by SMC");
	CHECK(hypercall(0x84000000, 0, 0, 0) >= 0x10000);
	CHECK(secure_call(0x84000000, 0, 0, 0) >= 0x10000);
	test("an unknown function is not supported");
	CHECK_EQUAL(hypercall(0x8400ffff, 0, 0, 0), (uint64_t)-1);
	CHECK_EQUAL(secure_call(0x8400ffff, 0, 0, 0), (uint64_t)-1);
}

static void test_abort(void)
{
	test("an address where nothing is aborts, with syndrome and address");
	trap_expect();
	(void)read32(0x0c001234);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome >> 26, 0x25);  /* data abort, same level */
	CHECK_EQUAL(trap_last.syndrome & 0x3f, 0x10); /* synchronous external abort */
	CHECK_EQUAL(trap_last.address, 0x0c001234);
}

static void test_memory(void)
{
	volatile uint64_t *words = (volatile uint64_t *)0x80800000;
	uint64_t sum = 0;

	test("memory nobody loaded is zero");
	for (int i = 0; i < 512; i++)
		sum |= words[i * 64];
	CHECK_EQUAL(sum, 0);
}

static void test_interrupts(void)
{
	gic_start();
	gic_enable(3, 0xa0);
	gic_enable(TIMER_PPI, 0xa0);
	interrupts_on();

	test("an SGI to itself arrives once");
	gic_send(3, 1);
	WAIT_UNTIL(seen[3]);
	CHECK_EQUAL(seen[3], 1);

	test("the virtual timer ends WFI, not before its time, each time");
	for (uint32_t i = 1; i <= 5; i++) {
		uint64_t from = counter();

		timer_start(20000);
		WAIT_UNTIL(seen[TIMER_PPI] >= i);
		CHECK(counter() - from >= 20000);
		CHECK_EQUAL(seen[TIMER_PPI], i);
	}
	interrupts_off();

	test("WFI with a masked but pending interrupt does not wait");
	timer_start(0);
	wait_for_interrupt();
	timer_stop();
	CHECK_EQUAL(seen[TIMER_PPI], 5);
}

static void test_fp(void)
{
	uint64_t value;

	test("FP registers keep what is in them over an exit");
	__asm__ volatile("fmov d7, %0" ::"r"(0x123456789abcdef0ull));
	(void)hypercall(0x84000000, 0, 0, 0);
	__asm__ volatile("fmov %0, d7" : "=r"(value));
	CHECK_EQUAL(value, 0x123456789abcdef0ull);
}

void guest_main(uint64_t tree)
{
	test("the device tree's magic is where x0 says");
	CHECK_EQUAL(read32(tree), 0xedfe0dd0);
	test_hypercalls();
	test_memory();
	test_abort();
	test_fp();
	test_interrupts();
}
