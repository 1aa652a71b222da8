/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service that wants more of the core than its budget. What it does follows from its grants; each
 * has its phase (tests/guests/lib/phases.h), before which it sleeps:
 *
 *	none		0	spins: what any service of this budget costs
 *	uart0.share	1	calls a server of the VM that works, so that its budget ends in
 *there untyped		2	makes threads until there is no more memory, and lets all of them
 *run mute		3	calls a server that never answers
 */
#include <stdbool.h>
#include <stdlib.h>

#include "device.ipc.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/server.h"
#include "services/lib/sys.h"
#include "tests/guests/lib/phases.h"

#define THREAD_PRIORITY 5

static uint64_t phase_start(uint32_t phase)
{
	return PHASE_START + phase * (uint64_t)PHASE_TICKS;
}

static void sleep_until(uint64_t at)
{
	uint64_t bits;

	if (timer_set(grant_slot("timer"), at) == OK)
		(void)sys_wait(START_SLOT_SIGNAL, 1, &bits);
}

static void spin(uint64_t end)
{
	while (sys_counter() < end)
		;
}

static void share_a_server(skerry_cap uart, uint64_t end)
{
	const struct device_query query = {0};
	skerry_DeviceInfo info = skerry_DeviceInfo_init_zero;
	uint32_t calls = 0;

	for (; sys_counter() < end; calls++)
		(void)device_describe_call(uart, &query, &info);
	log_line("%u calls", calls);
}

static _Noreturn void thread_main(void)
{
	for (;;)
		__asm__ volatile("");
}

static void threads_without_end(skerry_cap untyped, skerry_cap core)
{
	uint32_t made = 0;
	bool running = true;

	for (;; made++) {
		skerry_cap thread = slots_take(1);

		if (!thread || untyped_retype(untyped, CAP_THREAD, 0, 0, thread, 1) != OK)
			break;
		running &= thread_configure(thread, START_SLOT_CSPACE, START_SLOT_SPACE,
					    START_SLOT_BUFFER, 0, 0, 0) == OK &&
			   core_schedule(core, thread, THREAD_PRIORITY, 10000000, 10000000) == OK &&
			   thread_start(thread, (uint64_t)thread_main, 0, 0, 0) == OK;
	}
	log_line("%u threads%s", made, running ? "" : ", not all of them run");
}

int main(void)
{
	skerry_cap uart = grant_slot("uart0.share"), untyped = grant_slot("untyped");
	skerry_cap mute = grant_slot("mute"), core = grant_slot("core");
	uint32_t phase = uart ? 1 : untyped ? 2 : mute ? 3 : 0;

	server_ready();
	sleep_until(phase_start(phase));
	if (uart) {
		share_a_server(uart, phase_start(phase + 1));
	} else if (untyped) {
		threads_without_end(untyped, core);
		spin(phase_start(phase + 1));
	} else if (mute) {
		(void)sys_call(mute, 0);
	} else {
		spin(phase_start(phase + 1));
	}
	return EXIT_SUCCESS;
}
