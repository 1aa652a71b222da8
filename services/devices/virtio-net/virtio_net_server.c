/* SPDX-License-Identifier: BSD-2-Clause */
/* Serves a guest's virtio network device, a port of a switch. Grants: docs/config.md. */
#include <pb_decode.h>
#include <stdlib.h>

#include "grants.h"
#include "log.h"
#include "virtio_net.h"
#include "virtio_server.h"

#define STATE_VERSION 1
#define TURN 8 /* frames each way */

struct card {
	struct virtio_net net;
	struct virtio_server server;
	skerry_cap signal; /* the switch's */
	uint64_t bits;
};

static bool serve(void *self)
{
	struct card *c = self;
	bool more = virtio_net_serve(&c->net, TURN);

	if (c->net.tell)
		(void)sys_signal(c->signal, c->bits);
	c->net.tell = false;
	return more;
}

static bool attach_switch(struct card *c)
{
	const struct start_grant *lan = grant_find("switch");
	void *tx = grant_memory("tx", FRAMES_BYTES), *rx = grant_memory("rx", FRAMES_BYTES);

	if (!lan || !frames_attach_writer(&c->net.tx, tx, FRAMES_BYTES) ||
	    !frames_attach_reader(&c->net.rx, rx, FRAMES_BYTES)) {
		log_line("virtio-net: grants tx, rx (%u KiB) and switch are needed",
			 FRAMES_BYTES >> 10);
		return false;
	}
	c->signal = lan->slot;
	c->bits = lan->badge;
	return true;
}

static bool start(struct card *c)
{
	skerry_VirtioNetConfig config = skerry_VirtioNetConfig_init_zero;
	uint32_t size;
	const void *bytes = start_config(&size);
	pb_istream_t in = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&in, skerry_VirtioNetConfig_fields, &config)) {
		log_line("virtio-net: the configuration is not a VirtioNetConfig");
		return false;
	}
	if (!attach_switch(c))
		return false;
	c->net.address = config.address;
	virtio_net_describe(&c->net);
	if (!virtio_server_attach(&c->server, sizeof(struct virtio_net_state), STATE_VERSION) ||
	    !virtio_server_attach_ram(&c->server, config.ram, config.ram_count))
		return false;
	virtio_net_begin(&c->net);
	return true;
}

int main(void)
{
	static struct card card = {
	    .server = {.device = &card.net.device,
		       .serve = serve,
		       .self = &card,
		       .program = "virtio-net"},
	};

	return start(&card) ? virtio_server_run(&card.server) : EXIT_FAILURE;
}
