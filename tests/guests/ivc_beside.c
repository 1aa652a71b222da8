/* SPDX-License-Identifier: BSD-2-Clause */
/* Beside tests/guests/ivc_again.c, which starts again and again: keeps what it has of each life
 * until the next. */
#include "channel.h"

#define MARK 0x100u

static uint64_t base, size, base_of_a, size_of_a;

void guest_interrupt(uint32_t id)
{
	(void)id;
}

void guest_main(uint64_t tree)
{
	(void)tree;
	ivc_bell_on();
	test("what a VM published stays with its subscriber when the VM has gone");
	size = PAGE;
	CHECK_EQUAL(ivc_publish(KEY_B, &base, &size), 0);
	for (uint32_t life = 1; life <= LIVES_OF_A; life++) {
		WAIT_UNTIL(read32(base + BOOTS_OF_A) >= life);
		if (life > 1) {
			CHECK_EQUAL(read32(base_of_a + 16), MARK + life - 1);
			CHECK_EQUAL(ivc_unsubscribe(VM_A, KEY_A), 0);
		}
		CHECK_EQUAL(ivc_subscribe(VM_A, KEY_A, &base_of_a, &size_of_a), 0);
		CHECK_EQUAL(size_of_a, 3 * PAGE);
		CHECK_EQUAL(read32(base_of_a + 16), MARK + life);
		write32(base + STEP_OF_B, life);
		CHECK_EQUAL(ivc_notify(VM_B, KEY_B), 0);
	}
	/* The other side may still be reading. */
	while (ivc_notify(VM_B, KEY_B) == 0)
		__asm__ volatile("yield");
}
