/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM with a range for channels, and none in the system file. */
#include "channel.h"

void guest_main(uint64_t tree)
{
	uint64_t base = 0, size = PAGE;

	(void)tree;
	test("without channels in the system file every call fails");
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), FAILED);
	CHECK_EQUAL(ivc_subscribe(VM_B, KEY_B, &base, &size), FAILED);
	CHECK_EQUAL(ivc_unpublish(KEY_A), FAILED);
	CHECK_EQUAL(ivc_unsubscribe(VM_B, KEY_B), FAILED);
	CHECK_EQUAL(ivc_notify(VM_A, KEY_A), FAILED);
	CHECK_EQUAL(base, 0);
	CHECK_EQUAL(size, PAGE);
	test("and nothing is there");
	trap_expect();
	(void)read32(IVC_WINDOW);
	CHECK_ABORT(IVC_WINDOW);
}
