/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device for the bench guest: its doorbell raises its line. Grants: line.
 *
 *	0x00 write	1: the doorbell wakes this server; 0: its bits stay where they are
 *	0x08 read	the counter when the line was raised last
 *	0x10 write	lowers the line
 *	0x50 write	the doorbell
 */
#include "exit.skerry.h"
#include "grants.h"
#include "server.h"
#include "start.h"
#include "sys.h"

struct device {
	skerry_cap line;
	uint64_t raised_at;
};

static bool wake(uint64_t on)
{
	uint64_t bits;

	if (!on)
		return thread_bind(START_SLOT_THREAD, 0) == OK;
	(void)sys_poll(START_SLOT_SIGNAL, ~0ull, &bits);
	return thread_bind(START_SLOT_THREAD, START_SLOT_SIGNAL) == OK;
}

static bool store(struct device *d, uint64_t offset, uint64_t value)
{
	switch (offset) {
	case 0x00:
		return wake(value);
	case 0x10:
		return line_lower(d->line) == OK;
	default:
		return false;
	}
}

static int32_t mmio(void *self, uint64_t badge, const struct mmio_access *in,
		    struct access_reply *out)
{
	struct device *d = self;
	bool done = in->write ? store(d, in->address, in->value) : in->address == 0x08;

	(void)badge;
	out->value = d->raised_at;
	out->action = done ? EXIT_ACTION_ADVANCE : EXIT_ACTION_ABORT;
	return 0;
}

/* Between the counter and the call lies what the call itself needs: the store comes behind it. */
static void rung(void *self, uint64_t bits)
{
	struct device *d = self;
	skerry_cap line = d->line;
	uint64_t now = sys_counter();

	(void)bits;
	(void)line_raise(line);
	d->raised_at = now;
}

int main(void)
{
	static struct device device;
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .mmio = mmio,
	    .signal = rung,
	};

	device.line = grant_slot("line");
	server_ready();
	return server_run(&server, &device);
}
