/* SPDX-License-Identifier: BSD-2-Clause */
/* Serves a guest's virtio console. Grants: docs/config.md. */
#include <pb_decode.h>
#include <stdlib.h>

#include "grants.h"
#include "log.h"
#include "virtio_console.h"
#include "virtio_server.h"

#define STATE_VERSION 1
#define PAGE 4096
#define TURN 4 /* pieces each way */

struct port {
	struct virtio_console console;
	struct virtio_server server;
	skerry_cap signal; /* the console's */
	uint64_t bits;
};

static bool serve(void *self)
{
	struct port *p = self;
	bool more = virtio_console_serve(&p->console, TURN);

	if (p->console.tell)
		(void)sys_signal(p->signal, p->bits);
	p->console.tell = false;
	return more;
}

static bool attach_console(struct port *p)
{
	const struct start_grant *console = grant_find("console");
	void *tx = grant_memory("tx", PAGE), *rx = grant_memory("rx", PAGE);

	if (!console || !tx || !rx || !ring_attach_writer(&p->console.tx, tx, PAGE) ||
	    !ring_attach_reader(&p->console.rx, rx, PAGE)) {
		log_line("virtio-console: grants tx, rx and console are needed for backend "
			 "console");
		return false;
	}
	p->signal = console->slot;
	p->bits = console->badge;
	p->console.wired = true;
	return true;
}

static bool start(struct port *p)
{
	skerry_VirtioConsoleConfig config = skerry_VirtioConsoleConfig_init_zero;
	uint32_t size;
	const void *bytes = start_config(&size);
	pb_istream_t in = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&in, skerry_VirtioConsoleConfig_fields, &config)) {
		log_line("virtio-console: the configuration is not a VirtioConsoleConfig");
		return false;
	}
	if (config.backend == skerry_VirtioConsoleConfig_Backend_CONSOLE && !attach_console(p))
		return false;
	virtio_console_describe(&p->console);
	if (!virtio_server_attach(&p->server, sizeof(struct virtio_console_state), STATE_VERSION) ||
	    !virtio_server_attach_ram(&p->server, config.ram, config.ram_count))
		return false;
	virtio_console_begin(&p->console);
	return true;
}

int main(void)
{
	static struct port port = {
	    .server = {.device = &port.console.device,
		       .serve = serve,
		       .self = &port,
		       .program = "virtio-console"},
	};

	return start(&port) ? virtio_server_run(&port.server) : EXIT_FAILURE;
}
