/* SPDX-License-Identifier: BSD-2-Clause */
/* The other side of tests/guests/ivc_a.c: subscribes without the right to write, and answers. */
#include "channel.h"

static uint64_t base, size, base_of_a, size_of_a;
static volatile uint32_t rung;

void guest_interrupt(uint32_t id)
{
	rung += id == IVC_IRQ;
}

static void await(uint32_t n)
{
	WAIT_UNTIL(read32(base + STEP_OF_A) >= n);
}

static void answer(uint32_t n)
{
	write32(base + STEP_OF_B, n);
	CHECK_EQUAL(ivc_notify(VM_B, KEY_B), 0);
}

static void test_reading(void)
{
	test("a doorbell comes with what was written before");
	await(1);
	CHECK(rung > 0);
	ivc_subscribe_when_there(VM_A, KEY_A, &base_of_a, &size_of_a);
	CHECK_EQUAL(size_of_a, 3 * PAGE);
	CHECK_EQUAL(read64(base_of_a), VM_A);
	CHECK_EQUAL(read64(base_of_a + 8), KEY_A);
	CHECK_EQUAL(read32(base_of_a + 2 * PAGE + 8), 0xabcd);
	test("what is read-only cannot be written");
	for (uint32_t i = 0; i < 3; i++) {
		trap_expect();
		write32(base_of_a + i * PAGE + 8, 1);
		CHECK_ABORT(base_of_a + i * PAGE + 8);
	}
	CHECK_EQUAL(read32(base_of_a + 2 * PAGE + 8), 0xabcd);
	test("a second subscription is refused");
	CHECK_EQUAL(ivc_subscribe(VM_A, KEY_A, &base_of_a, &size_of_a), FAILED);
	answer(1);
	test("each step is read");
	for (uint32_t i = 0; i < 1000; i++) {
		await(2 + i);
		CHECK_EQUAL(read32(base_of_a + 16), i);
		answer(2 + i);
	}
}

static void test_end(void)
{
	test("what its publisher has left stays, and nobody new can have it");
	await(2000);
	CHECK_EQUAL(read32(base_of_a + 16), 999);
	CHECK_EQUAL(ivc_notify(VM_A, KEY_A), FAILED);
	CHECK_EQUAL(ivc_subscribe(VM_A, KEY_A, &base_of_a, &size_of_a), FAILED);
	answer(2000);
	test("what is published next is another channel");
	await(2001);
	CHECK_EQUAL(read32(base_of_a + 16), 999);
	CHECK_EQUAL(ivc_unsubscribe(VM_A, KEY_A), 0);
	trap_expect();
	(void)read32(base_of_a + 16);
	CHECK_ABORT(base_of_a + 16);
	CHECK_EQUAL(ivc_subscribe(VM_A, KEY_A, &base_of_a, &size_of_a), 0);
	CHECK_EQUAL(read32(base_of_a + 16), 0x5eed);
	CHECK_EQUAL(ivc_unsubscribe(VM_A, KEY_A), 0);
	answer(2001);
	await(3000);
	answer(3000);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	ivc_bell_on();
	test("a channel of one page");
	size = 1;
	CHECK_EQUAL(ivc_publish(KEY_B, &base, &size), 0);
	CHECK_EQUAL(size, PAGE);
	test_reading();
	test_end();
}
