/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server that takes a call and never answers it: it spins, on its caller's budget. A device's
 * (which has a line) does so with accesses, and says what it is; another with whatever comes.
 */
#include "services/lib/grants.h"
#include "services/lib/server.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"

static _Noreturn void spin(void)
{
	for (;;)
		__asm__ volatile("");
}

static int32_t mmio(void *self, uint64_t badge, const struct mmio_access *in,
		    struct access_reply *out)
{
	(void)self;
	(void)badge;
	(void)in;
	(void)out;
	spin();
}

int main(void)
{
	static const struct server server = {.port = START_SLOT_PORT, .mmio = mmio};

	server_ready();
	if (grant_slot("line"))
		return server_run(&server, NULL);
	(void)sys_reply_wait(START_SLOT_PORT, INFO_NO_REPLY);
	spin();
}
