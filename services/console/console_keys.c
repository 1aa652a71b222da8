/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#define ESCAPE 0x1d /* Ctrl-] */

static void help(struct console *c)
{
	console_say(c,
		    "[console] Ctrl-] then: h help, n next, 0-9 attach, d detach, Ctrl-] itself");
	for (uint32_t i = 0; i < c->clients; i++)
		console_say(c, "[console] %c %u %s", (int32_t)i == c->attached ? '*' : ' ', i,
			    c->sources[i].config->name);
}

static void run_command(struct console *c, char key)
{
	switch (key) {
	case 'h':
	case '?':
		help(c);
		break;
	case 'n':
		if (c->clients != 0)
			console_attach(c, (c->attached + 1) % (int32_t)c->clients);
		break;
	case 'd':
		console_attach(c, -1);
		break;
	default:
		if (key >= '0' && key <= '9' && (uint32_t)(key - '0') < c->clients)
			console_attach(c, key - '0');
		else
			console_say(c, "[console] no such key or guest; Ctrl-] h: help");
		break;
	}
}

/* Puts a byte into the attached client's ring; false if it has no room now. */
static bool deliver(struct console *c, char byte)
{
	struct ring *to;

	if (c->attached < 0)
		return true;
	to = &c->input[c->attached];
	if (ring_room(to) == 0 && ring_ask_room(to))
		return false;
	return ring_write(to, &byte, 1) == 1;
}

/*
 * A client that takes no input must not keep the user from leaving it: what was typed before the
 * next escape key is dropped then. False if there is no such key.
 */
static bool skip_to_escape(struct console *c)
{
	uint32_t used = ring_used(&c->from_wire);

	for (uint32_t i = 1; i < used; i++) {
		if (ring_peek(&c->from_wire, i) != ESCAPE)
			continue;
		ring_skip(&c->from_wire, i);
		return true;
	}
	return false;
}

/* True if the byte was used up. */
static bool type(struct console *c, char byte)
{
	if (!c->command && byte == ESCAPE) {
		c->command = true;
		return true;
	}
	if (c->command && byte != ESCAPE) {
		c->command = false;
		run_command(c, byte);
		return true;
	}
	if (!deliver(c, byte))
		return false;
	c->command = false;
	return true;
}

/* Tells every client that has new input and asked for it. */
static void tell(struct console *c)
{
	for (uint32_t i = 0; i < c->clients; i++)
		if (ring_data_wanted(&c->input[i]))
			(void)sys_signal(c->sources[i].signal, c->sources[i].signal_bits);
}

void console_type(struct console *c)
{
	bool typed = false, full = false;

	while (!full && (ring_used(&c->from_wire) != 0 || !ring_ask_data(&c->from_wire))) {
		if (type(c, (char)ring_peek(&c->from_wire, 0))) {
			ring_skip(&c->from_wire, 1);
			typed = true;
		} else {
			full = !skip_to_escape(c);
		}
	}
	if (typed)
		tell(c);
	if (ring_room_wanted(&c->from_wire))
		(void)sys_signal(c->wire, c->wire_bits);
}
