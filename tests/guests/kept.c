/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reserved memory: what was in it before anything ran, and what is in it when the VM starts anew. A
 * mark in the VM's other memory does not survive that.
 */
#include "guest.h"

#define KEPT 0xbfe00000ull	   /* of the machine: reserved, 8 KiB */
#define WORD 0x1122334455667788ull /* from before */
#define PSCI_SYSTEM_RESET 0x84000009u
#define STARTS 3

static volatile uint64_t mark;

void guest_main(uint64_t tree)
{
	uint64_t starts = read64(KEPT + 0x1ff8) + 1;

	(void)tree;
	write64(KEPT + 0x1ff8, starts);
	if (starts < STARTS) {
		mark = starts;
		hypercall(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
	test("what was there before the machine started is there");
	CHECK_EQUAL(read64(KEPT), WORD);
	test("what the VM wrote is there after it started anew");
	CHECK_EQUAL(starts, STARTS);
	test("other memory is as new");
	CHECK_EQUAL(mark, 0);
	test("no more than the range is there");
	trap_expect();
	(void)read32(KEPT + 0x2000);
	CHECK_ABORT(KEPT + 0x2000);
}
