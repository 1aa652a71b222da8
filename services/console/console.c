/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include <pb_decode.h>
#include <stdlib.h>
#include <string.h>

#include "console.ipc.h"
#include "grants.h"
#include "server.h"

#define PAGE 4096

/* A grant's name: the stem, at most twelve bytes, and a number below 100. */
static const char *numbered(char name[16], const char *stem, uint32_t number)
{
	size_t length = strnlen(stem, 12);

	memcpy(name, stem, length);
	if (number >= 10)
		name[length++] = (char)('0' + number / 10 % 10);
	name[length++] = (char)('0' + number % 10);
	name[length] = 0;
	return name;
}

static bool attach_client(struct console *c, uint32_t i)
{
	char name[16];
	struct console_source *s = &c->sources[i];
	const struct start_grant *signal = grant_find(numbered(name, "client", i));
	void *tx = grant_memory(numbered(name, "tx", i), PAGE);
	void *rx = grant_memory(numbered(name, "rx", i), PAGE);

	if (!signal || !tx || !rx)
		return false;
	s->config = &c->config.clients[i];
	s->signal = signal->slot;
	s->signal_bits = signal->badge;
	return ring_attach_reader(&s->from, tx, PAGE) && ring_attach_writer(&c->input[i], rx, PAGE);
}

static bool attach_log(struct console *c, uint32_t i)
{
	char name[16];
	struct console_source *s = &c->sources[c->clients + i];
	void *memory = grant_memory(numbered(name, "log", i), PAGE);

	s->config = &c->config.logs[i];
	return memory && ring_attach_reader(&s->from, memory, PAGE);
}

static bool attach_wire(struct console *c)
{
	const struct start_grant *wire = grant_find("wire");
	void *tx = grant_memory("wire.tx", PAGE), *rx = grant_memory("wire.rx", PAGE);

	if (!wire || !tx || !rx)
		return false;
	c->wire = wire->slot;
	c->wire_bits = wire->badge;
	return ring_attach_writer(&c->to_wire, tx, PAGE) &&
	       ring_attach_reader(&c->from_wire, rx, PAGE);
}

static bool start(struct console *c)
{
	uint32_t size;
	const void *bytes = start_config(&size);
	const struct start_grant *timer = grant_find("timer");
	pb_istream_t in = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&in, skerry_ConsoleConfig_fields, &c->config) || !attach_wire(c))
		return false;
	c->clients = c->config.clients_count;
	c->count = c->clients + c->config.logs_count;
	for (uint32_t i = 0; i < c->clients; i++)
		if (!attach_client(c, i))
			return false;
	for (uint32_t i = 0; i < c->config.logs_count; i++)
		if (!attach_log(c, i))
			return false;
	if (timer) {
		c->timer = timer->slot;
		c->timer_bits = timer->badge;
	}
	c->attached = -1;
	if (c->clients != 0)
		c->attached = c->config.has_attached && c->config.attached < c->clients
				  ? (int32_t)c->config.attached
				  : 0;
	c->ready = (1ull << c->count) - 1;
	return true;
}

/* The signal's bits to bits of `ready`. */
static uint64_t sources_of(const struct console *c, uint64_t bits)
{
	uint64_t ready = 0;

	for (uint32_t i = 0; i < c->count; i++)
		if (bits >> (c->sources[i].config->bit & 63) & 1)
			ready |= 1ull << i;
	return ready;
}

static void signal(void *self, uint64_t bits)
{
	struct console *c = self;

	c->ready |= sources_of(c, bits);
	if (bits & c->timer_bits)
		console_wake(c);
	console_type(c);
	console_pump(c);
}

static int32_t state(void *self, uint64_t badge, const struct console_query *in,
		     skerry_ConsoleState *out)
{
	const struct console *c = self;

	(void)badge;
	(void)in;
	out->client_count = (pb_size_t)c->clients;
	for (uint32_t i = 0; i < c->clients; i++)
		memcpy(out->client[i], c->sources[i].config->name, sizeof(out->client[i]));
	out->has_attached = c->attached >= 0;
	out->attached = out->has_attached ? (uint32_t)c->attached : 0;
	return CONSOLE_OK;
}

static int32_t attach(void *self, uint64_t badge, const struct console_target *in,
		      struct console_done *out)
{
	struct console *c = self;

	(void)badge;
	(void)out;
	if (in->client >= c->clients)
		return CONSOLE_NO_CLIENT;
	console_attach(c, (int32_t)in->client);
	console_pump(c);
	return CONSOLE_OK;
}

static int32_t detach(void *self, uint64_t badge, const struct console_query *in,
		      struct console_done *out)
{
	(void)badge;
	(void)in;
	(void)out;
	console_attach(self, -1);
	console_pump(self);
	return CONSOLE_OK;
}

static int32_t serve_console(void *self, struct ipc_msg *msg)
{
	static const struct console_ops ops = {.state = state, .attach = attach, .detach = detach};

	return console_dispatch(&ops, self, msg);
}

/* A predecessor may have died after it took a peer's wish, before it told: the peer waits. */
static void tell_all(const struct console *c)
{
	for (uint32_t i = 0; i < c->clients; i++)
		(void)sys_signal(c->sources[i].signal, c->sources[i].signal_bits);
	(void)sys_signal(c->wire, c->wire_bits);
}

int main(void)
{
	static struct console console;
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .serve = {[CONSOLE_SERVICE] = serve_console},
	    .signal = signal,
	};

	/* Who could not attach has nowhere to say so; init tells that it ended. */
	if (!start(&console))
		return EXIT_FAILURE;
	if (console.clients > 1)
		console_say(&console, "[console] attached to %s; Ctrl-] h: help",
			    console.sources[console.attached].config->name);
	signal(&console, 0);
	tell_all(&console);
	server_ready();
	return server_run(&server, &console) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
