/* SPDX-License-Identifier: BSD-2-Clause */
/* Publishes to tests/guests/ivc_b.c, step by step, and is refused what the system file does not
 * give. */
#include "channel.h"

static uint64_t base, size, base_of_b, size_of_b;
static volatile uint32_t rung;

void guest_interrupt(uint32_t id)
{
	rung += id == IVC_IRQ;
}

static void step(uint32_t n)
{
	write32(base_of_b + STEP_OF_A, n);
	CHECK_EQUAL(ivc_notify(VM_B, KEY_B), 0);
	WAIT_UNTIL(read32(base_of_b + STEP_OF_B) >= n);
}

static uint32_t words_set(uint64_t from, uint64_t end)
{
	uint32_t set = 0;

	for (; from < end; from += 8)
		set += read64(from) != 0;
	return set;
}

static void test_refusals(void)
{
	static uint64_t words[4];
	uint64_t misaligned = (uintptr_t)&words[1] + 4;

	test("a channel that the file does not name is refused");
	size = PAGE;
	CHECK_EQUAL(ivc_publish(KEY_A + 1, &base, &size), FAILED);
	CHECK_EQUAL(ivc_publish(KEY_B, &base, &size), FAILED);
	CHECK_EQUAL(ivc_subscribe(VM_B, KEY_A, &base, &size), FAILED);
	CHECK_EQUAL(ivc_subscribe(VM_A, KEY_A, &base, &size), FAILED);
	CHECK_EQUAL(ivc_subscribe(77, KEY_A, &base, &size), FAILED);
	test("so is one that is too large, or of no size");
	size = 4 * PAGE;
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), FAILED);
	size = ~0ull;
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), FAILED);
	size = 0;
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), FAILED);
	test("pointers to no memory, and one to a size that is not aligned, are refused");
	size = PAGE;
	CHECK_EQUAL(ivc_publish(KEY_A, (uint64_t *)0x1000, &size), FAILED);
	CHECK_EQUAL(ivc_publish(KEY_A, &base, (uint64_t *)0x1000), FAILED);
	CHECK_EQUAL(ivc_publish(KEY_A, &base, (uint64_t *)~7ull), FAILED);
	CHECK_EQUAL(ivc_publish(KEY_A, &base, (uint64_t *)UART), FAILED);
	CHECK_EQUAL(ivc_publish(KEY_A, &base, (uint64_t *)misaligned), FAILED);
	test("what is not there cannot be left or rung");
	CHECK_EQUAL(ivc_unpublish(KEY_A), FAILED);
	CHECK_EQUAL(ivc_unsubscribe(VM_B, KEY_B), FAILED);
	CHECK_EQUAL(ivc_notify(VM_A, KEY_A), FAILED);
	CHECK_EQUAL(ivc_notify(VM_B, KEY_B), FAILED);
	test("nothing is mapped after all that");
	trap_expect();
	(void)read32(IVC_WINDOW);
	CHECK_ABORT(IVC_WINDOW);
}

static void test_publication(void)
{
	test("a channel has whole pages, its header, and zeros");
	size = 2 * PAGE + 1;
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), 0);
	CHECK_EQUAL(base, IVC_WINDOW);
	CHECK_EQUAL(size, 3 * PAGE);
	CHECK_EQUAL(read64(base), VM_A);
	CHECK_EQUAL(read64(base + 8), KEY_A);
	CHECK_EQUAL(words_set(base + 16, base + size), 0);
	trap_expect();
	(void)read32(base + size);
	CHECK_ABORT(base + size);
	test("a key that is published is not published again");
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), FAILED);
	CHECK_EQUAL(read64(base), VM_A);
}

static void test_exchange(void)
{
	test("a subscriber that may writes, and its notification is heard");
	ivc_subscribe_when_there(VM_B, KEY_B, &base_of_b, &size_of_b);
	CHECK_EQUAL(size_of_b, PAGE);
	CHECK_EQUAL(base_of_b, base + 3 * PAGE);
	CHECK_EQUAL(read64(base_of_b), VM_B);
	CHECK_EQUAL(ivc_subscribe(VM_B, KEY_B, &base_of_b, &size_of_b), FAILED);
	write32(base + 2 * PAGE + 8, 0xabcd);
	step(1);
	CHECK(rung > 0);
	test("a thousand steps, each with an answer");
	for (uint32_t i = 0; i < 1000; i++) {
		write32(base + 16, i);
		step(2 + i);
	}
	CHECK_EQUAL(read32(base_of_b + STEP_OF_B), 1001);
}

static void test_end(void)
{
	test("what is unpublished is out of the guest");
	CHECK_EQUAL(ivc_unpublish(KEY_A), 0);
	trap_expect();
	(void)read32(base + 16);
	CHECK_ABORT(base + 16);
	CHECK_EQUAL(ivc_unpublish(KEY_A), FAILED);
	step(2000);
	test("what is published next is at the same place, other memory, and zeros");
	size = 3 * PAGE;
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), 0);
	CHECK_EQUAL(base, IVC_WINDOW);
	CHECK_EQUAL(words_set(base + 16, base + size), 0);
	write32(base + 16, 0x5eed);
	step(2001);
	test("a thousand times published and subscribed to, and nothing is used up");
	CHECK_EQUAL(ivc_unpublish(KEY_A), 0);
	CHECK_EQUAL(ivc_unsubscribe(VM_B, KEY_B), 0);
	for (uint32_t i = 0, wrong = 0; i < 1000 || wrong; i++) {
		wrong = 0;
		size = 3 * PAGE;
		wrong += ivc_publish(KEY_A, &base, &size) != 0;
		wrong += ivc_subscribe(VM_B, KEY_B, &base_of_b, &size_of_b) != 0;
		wrong += base != IVC_WINDOW || base_of_b != base + 3 * PAGE;
		wrong += words_set(base + 16, base + size) != 0;
		write32(base + 16, i + 1);
		wrong += ivc_unpublish(KEY_A) != 0;
		wrong += ivc_unsubscribe(VM_B, KEY_B) != 0;
		CHECK_EQUAL(wrong, 0);
		if (wrong)
			break;
	}
	ivc_subscribe_when_there(VM_B, KEY_B, &base_of_b, &size_of_b);
	step(3000);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	ivc_bell_on();
	test_refusals();
	test_publication();
	test_exchange();
	test_end();
}
