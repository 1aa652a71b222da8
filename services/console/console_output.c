/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <string.h>

#include "console.h"
#include "log.h"

#define PIECE 256u     /* of raw output before the next source has its turn */
#define DECORATION 40u /* prefix and line ends around a line */

static bool end_line(struct console *c)
{
	bool begun = c->column;

	if (begun)
		(void)ring_write(&c->to_wire, "\r\n", 2);
	c->column = false;
	return begun;
}

/* The prefix of a source that is not attached: the configured one, or its name. */
static void write_prefix(struct console *c, const struct console_source *s)
{
	const char *prefix = s->config->prefix;

	if (prefix[0]) {
		(void)ring_write(&c->to_wire, prefix, strnlen(prefix, sizeof(s->config->prefix)));
		return;
	}
	(void)ring_write(&c->to_wire, "[", 1);
	(void)ring_write(&c->to_wire, s->config->name,
			 strnlen(s->config->name, sizeof(s->config->name)));
	(void)ring_write(&c->to_wire, "] ", 2);
}

/* What is not attached must not steer the terminal. */
static char printable(char byte)
{
	return (unsigned char)byte < ' ' && byte != '\t' ? '.' : byte;
}

/* Collects bytes up to the end of a line or of the buffer; true when a line is whole. */
static bool collect(struct console_source *s)
{
	char byte;

	while (s->length < CONSOLE_LINE && ring_read(&s->from, &byte, 1) == 1) {
		if (byte == '\n')
			return true;
		if (byte != '\r')
			s->line[s->length++] = printable(byte);
	}
	return s->length == CONSOLE_LINE;
}

/* One line of a source that is not attached. False: nothing was moved. */
static bool move_line(struct console *c, struct console_source *s)
{
	if (ring_room(&c->to_wire) < CONSOLE_LINE + 2 * DECORATION || !collect(s))
		return false;
	(void)end_line(c);
	write_prefix(c, s);
	(void)ring_write(&c->to_wire, s->line, s->length);
	(void)ring_write(&c->to_wire, "\r\n", 2);
	s->length = 0;
	return true;
}

static bool move_raw(struct console *c, struct console_source *s)
{
	char piece[PIECE];
	uint32_t room = ring_room(&c->to_wire);
	size_t size = ring_read(&s->from, piece, room < PIECE ? room : PIECE);

	if (size == 0)
		return false;
	(void)ring_write(&c->to_wire, piece, size);
	c->column = piece[size - 1] != '\n';
	return true;
}

static bool move_own(struct console *c)
{
	size_t written;

	if (c->own_length == 0)
		return false;
	written = ring_write(&c->to_wire, c->own, c->own_length);
	c->own_length -= (uint32_t)written;
	memmove(c->own, c->own + written, c->own_length);
	return written != 0;
}

static bool move(struct console *c, uint32_t i)
{
	struct console_source *s = &c->sources[i];
	bool moved = (int32_t)i == c->attached ? move_raw(c, s) : move_line(c, s);

	if (s->signal && ring_room_wanted(&s->from))
		(void)sys_signal(s->signal, s->signal_bits);
	return moved;
}

/* One turn of every source that is ready. True: something may be left to move. */
static bool turn(struct console *c)
{
	bool moved = move_own(c);

	if (c->own_length != 0)
		return moved;
	for (uint64_t left = c->ready; left != 0; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(left);

		if (move(c, i))
			moved = true;
		else if (ring_ask_data(&c->sources[i].from))
			c->ready &= ~(1ull << i);
		else if (ring_room(&c->to_wire) >= CONSOLE_LINE + 2 * DECORATION)
			moved = true;
	}
	return moved;
}

void console_pump(struct console *c)
{
	do {
		while (turn(c))
			;
		if (ring_data_wanted(&c->to_wire))
			(void)sys_signal(c->wire, c->wire_bits);
		/* Whatever is left waits for room. It is less than a line that is asked for, so
		 * look at that, not at the ring being full. */
		if (!c->ready && !c->own_length)
			return;
		(void)ring_ask_room(&c->to_wire);
	} while (ring_room(&c->to_wire) >= CONSOLE_LINE + 2 * DECORATION);
}

void console_say(struct console *c, const char *format, ...)
{
	char text[CONSOLE_LINE];
	size_t length;
	va_list args;

	va_start(args, format);
	length = log_format(text, sizeof(text), format, args);
	va_end(args);
	if (c->own_length + length + 4 > CONSOLE_OWN)
		return;
	if (c->column) {
		memcpy(c->own + c->own_length, "\r\n", 2);
		c->own_length += 2;
	}
	c->column = false;
	memcpy(c->own + c->own_length, text, length);
	memcpy(c->own + c->own_length + length, "\r\n", 2);
	c->own_length += (uint32_t)length + 2;
}

/* The new client's unfinished line (a prompt, most often) comes to light. */
void console_attach(struct console *c, int32_t client)
{
	struct console_source *s;

	c->attached = client;
	if (client < 0) {
		console_say(c, "[console] detached; Ctrl-] h: help");
		return;
	}
	s = &c->sources[client];
	c->ready |= 1ull << client;
	console_say(c, "[console] attached to %s; Ctrl-] h: help", s->config->name);
	if (c->own_length + s->length <= CONSOLE_OWN) {
		memcpy(c->own + c->own_length, s->line, s->length);
		c->own_length += s->length;
		c->column = s->length != 0;
	}
	s->length = 0;
}
