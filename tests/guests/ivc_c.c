/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM beside those of tests/guests/ivc_a.c: it has a channel of its own, and nothing of theirs. */
#include "channel.h"

void guest_main(uint64_t tree)
{
	uint64_t base = 0, size = PAGE, base_of_other, size_of_other = 0;
	uint32_t refused = 0;

	(void)tree;
	test("a VM that is no subscriber is refused, whether or not the channel is there");
	CHECK_EQUAL(ivc_publish(KEY_C, &base, &size), 0);
	for (uint32_t i = 0; i < 200; i++) {
		refused += ivc_subscribe(VM_A, KEY_A, &base_of_other, &size_of_other) == FAILED;
		refused += ivc_subscribe(VM_B, KEY_B, &base_of_other, &size_of_other) == FAILED;
		refused += ivc_notify(VM_A, KEY_A) == FAILED;
		refused += ivc_unsubscribe(VM_B, KEY_B) == FAILED;
	}
	CHECK_EQUAL(refused, 800);
	CHECK_EQUAL(read64(base + 8), KEY_C);
}
