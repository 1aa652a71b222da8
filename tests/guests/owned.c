/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest whose VM a client makes and runs (tests/services/owner): what it calls for goes there,
 * and comes back.
 */
#include "guest.h"
#include "tests/services/owner/owned.h"

#define OFF 1ull

static volatile uint64_t context, answer;

void second_start(void);

void second_main(uint64_t argument)
{
	context = argument;
	answer = hypercall(OWNED_SECOND_CALL, 0, 0, 0);
	(void)hypercall(PSCI_CPU_OFF, 0, 0, 0);
	say("it still runs\n");
	for (;;)
		;
}

static void start_second(void)
{
	context = answer = 0;
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)(uintptr_t)second_start, OWNED_CONTEXT), 0);
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) != OFF)
		;
	CHECK_EQUAL(context, OWNED_CONTEXT);
	CHECK_EQUAL(answer, OWNED_SECOND_ANSWER);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("a hypercall is answered by who runs the VM");
	CHECK_EQUAL(hypercall(OWNED_CALL, 1, 2, 3), OWNED_ANSWER);
	test("one without an answer leaves the register");
	CHECK_EQUAL(hypercall(OWNED_SILENT_CALL, 0, 0, 0), OWNED_SILENT_CALL);
	test("a second vCPU is started by who runs the VM");
	start_second();
	test("and again, after it turned itself off");
	start_second();
	test("a start that is refused");
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, OWNED_REFUSED_ENTRY, 0), OWNED_REFUSED);
	test("devices are there");
	CHECK_EQUAL(read32(UART + 0xfe0), 0x11); /* PL011's PeriphID0 */
}
