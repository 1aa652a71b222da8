/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM that starts again and again with the same channels, beside tests/guests/ivc_beside.c, which
 * goes on. In its first life it resets itself; then it publishes and unpublishes until its VMM is
 * killed, a step further each time. In its last life the service dies, with which all channels end.
 * Who kills is tests/qemu/ivc.py.
 */
#include "channel.h"

#define PSCI_SYSTEM_RESET 0x84000009u
#define MARK 0x100u

static uint64_t base, size, base_of_b, size_of_b;

void guest_interrupt(uint32_t id)
{
	(void)id;
}

static uint32_t begin(void)
{
	uint32_t boot, set = 0;

	ivc_bell_on();
	ivc_subscribe_when_there(VM_B, KEY_B, &base_of_b, &size_of_b);
	boot = read32(base_of_b + BOOTS_OF_A) + 1;
	size = 3 * PAGE;
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), 0);
	for (uint64_t at = base + 16; at < base + size; at += 8)
		set += read64(at) != 0;
	CHECK_EQUAL(set, 0);
	write32(base + 16, MARK + boot);
	write32(base_of_b + BOOTS_OF_A, boot);
	CHECK_EQUAL(ivc_notify(VM_B, KEY_B), 0);
	WAIT_UNTIL(read32(base_of_b + STEP_OF_B) >= boot);
	return boot;
}

/* All that is left is what this VM itself knows of: it can be left, and made again. */
static void without_service(void)
{
	trap_expect();
	(void)read32(base + 16);
	CHECK_ABORT(base + 16);
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), FAILED);
	CHECK_EQUAL(ivc_unpublish(KEY_A), 0);
	CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), 0);
	CHECK_EQUAL(base, IVC_WINDOW + size_of_b);
	CHECK_EQUAL(read64(base + 8), KEY_A);
	CHECK_EQUAL(ivc_unsubscribe(VM_B, KEY_B), 0);
	CHECK_EQUAL(ivc_subscribe(VM_B, KEY_B, &base_of_b, &size_of_b), FAILED);
}

void guest_main(uint64_t tree)
{
	uint32_t boot;

	(void)tree;
	test("a VM that starts again has its channels again, and nothing of before");
	boot = begin();
	if (boot == 1)
		hypercall(PSCI_SYSTEM_RESET, 0, 0, 0);
	if (boot < LIVES_OF_A) {
		say("up again\n");
		for (;;) {
			CHECK_EQUAL(ivc_unpublish(KEY_A), 0);
			CHECK_EQUAL(ivc_publish(KEY_A, &base, &size), 0);
		}
	}
	say("up once more\n");
	while (ivc_notify(VM_A, KEY_A) == 0)
		;
	CHECK_EQUAL(boot, LIVES_OF_A);
	test("with the service all channels end, and can be made again");
	without_service();
}
