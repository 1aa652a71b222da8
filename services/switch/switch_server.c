/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch as a service. Grants: docs/config.md. */
#include <pb_decode.h>
#include <stdlib.h>

#include "grants.h"
#include "log.h"
#include "server.h"
#include "services.pb.h"
#include "switch.h"
#include "sys.h"

#define AGAIN_BIT 1ull

struct service {
	struct lan_switch lan;
	const struct start_grant *signals[SWITCH_PORTS]; /* of the ports' devices */
};

static void signal(void *self, uint64_t bits)
{
	struct service *s = self;

	(void)bits;
	if (switch_serve(&s->lan))
		(void)sys_signal(START_SLOT_SIGNAL, AGAIN_BIT);
	for (uint32_t i = 0; i < s->lan.count; i++)
		if (s->lan.tell >> i & 1)
			(void)sys_signal(s->signals[i]->slot, s->signals[i]->badge);
	s->lan.tell = 0;
}

static bool attach(struct service *s, uint32_t port, uint64_t address)
{
	char from[] = "from0", to[] = "to0", signal_name[] = "port0";
	struct frames out, in;

	from[4] = to[2] = signal_name[4] = (char)('0' + port);
	s->signals[port] = grant_find(signal_name);
	if (!s->signals[port] ||
	    !frames_attach_reader(&out, grant_memory(from, FRAMES_BYTES), FRAMES_BYTES) ||
	    !frames_attach_writer(&in, grant_memory(to, FRAMES_BYTES), FRAMES_BYTES))
		return false;
	switch_add(&s->lan, &out, &in, address);
	return true;
}

static bool start(struct service *s)
{
	skerry_SwitchConfig config = skerry_SwitchConfig_init_zero;
	uint32_t size;
	const void *bytes = start_config(&size);
	pb_istream_t in = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&in, skerry_SwitchConfig_fields, &config)) {
		log_line("switch: the configuration is not a SwitchConfig");
		return false;
	}
	for (uint32_t i = 0; i < config.ports_count; i++)
		if (!attach(s, i, config.ports[i].address)) {
			log_line("switch: grants from%u, to%u (%u KiB) and port%u are needed", i, i,
				 FRAMES_BYTES >> 10, i);
			return false;
		}
	return true;
}

int main(void)
{
	static struct service service;
	static const struct server server = {.port = START_SLOT_PORT, .signal = signal};

	if (!start(&service))
		return EXIT_FAILURE;
	/* A predecessor may have died after it took a port's wish, before it told. */
	service.lan.tell = (1ull << service.lan.count) - 1;
	signal(&service, 0);
	server_ready();
	return server_run(&server, &service) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
