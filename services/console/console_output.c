/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <string.h>

#include "console.h"
#include "grants.h"
#include "log.h"

#define PIECE 256u     /* of raw output before the next source has its turn */
#define DECORATION 40u /* prefix and line ends around a line */
#define LINE_ROOM (CONSOLE_LINE + DECORATION)

/* A line on its way: what is written to the wire at once. */
struct text {
	char bytes[LINE_ROOM];
	uint32_t length;
};

static void add(struct text *t, const char *bytes, size_t size)
{
	memcpy(t->bytes + t->length, bytes, size);
	t->length += (uint32_t)size;
}

/* The prefix of a source that is not attached: the configured one, or its name. */
static void add_prefix(struct text *t, const skerry_ConsoleClient *config)
{
	if (config->prefix[0]) {
		add(t, config->prefix, strnlen(config->prefix, sizeof(config->prefix)));
		return;
	}
	add(t, "[", 1);
	add(t, config->name, strnlen(config->name, sizeof(config->name)));
	add(t, "] ", 2);
}

/* What is not attached must not steer the terminal. */
static char printable(char byte)
{
	return (unsigned char)byte < ' ' && byte != '\t' ? '.' : byte;
}

/* True when a line has ended, or is as long as one can be. It stays in the ring. */
static bool find_line(struct console_source *s)
{
	uint32_t used = ring_used(&s->from);

	while (!s->whole && s->seen < used) {
		uint8_t byte = ring_peek(&s->from, s->seen++);

		s->length += byte != '\n' && byte != '\r';
		s->whole = byte == '\n' || s->length == CONSOLE_LINE || s->seen == s->from.capacity;
	}
	return s->whole;
}

static void forget_line(struct console_source *s)
{
	s->seen = s->length = 0;
	s->whole = false;
}

/* One line of a source that is not attached. The ring's other party may have changed it. */
static void move_line(struct console *c, struct console_source *s)
{
	struct text t = {.length = 0};
	uint32_t length = 0;

	if (c->column)
		add(&t, "\r\n", 2);
	c->column = false;
	add_prefix(&t, s->config);
	for (uint32_t i = 0; i < s->seen && length < CONSOLE_LINE; i++) {
		char byte = (char)ring_peek(&s->from, i);

		if (byte != '\n' && byte != '\r')
			t.bytes[t.length + length++] = printable(byte);
	}
	t.length += length;
	add(&t, "\r\n", 2);
	(void)ring_write(&c->to_wire, t.bytes, t.length);
	ring_skip(&s->from, s->seen);
	forget_line(s);
}

static uint32_t piece_size(const struct console_source *s)
{
	uint32_t used = ring_used(&s->from);

	return used < PIECE ? used : PIECE;
}

static void move_raw(struct console *c, struct console_source *s, uint32_t size)
{
	char piece[PIECE];

	for (uint32_t i = 0; i < size; i++)
		piece[i] = (char)ring_peek(&s->from, i);
	(void)ring_write(&c->to_wire, piece, size);
	c->column = piece[size - 1] != '\n';
	ring_skip(&s->from, size);
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

/* The room that the source's next turn needs; 0: it has nothing. */
static uint32_t needs(struct console *c, uint32_t i)
{
	struct console_source *s = &c->sources[i];
	uint32_t seen = s->seen;

	if ((int32_t)i == c->attached)
		return piece_size(s);
	if (find_line(s))
		return LINE_ROOM;
	if (c->timer && s->seen != seen) /* its line grows */
		c->resting |= 1ull << i;
	return 0;
}

static void move(struct console *c, uint32_t i, uint32_t size)
{
	struct console_source *s = &c->sources[i];

	if ((int32_t)i == c->attached) {
		move_raw(c, s, size);
		c->quiet = 0;
	} else {
		move_line(c, s);
		c->waiting = false;
	}
	if (c->timer)
		c->resting |= 1ull << i;
	if (s->signal && ring_room_wanted(&s->from))
		(void)sys_signal(s->signal, s->signal_bits);
}

/* The timer will look again at a line that waits for the end of the attached client's. */
static bool waits(struct console *c, uint32_t i)
{
	if (!c->timer || !c->column || (int32_t)i == c->attached)
		return false;
	if (!c->waiting)
		c->waited = 0;
	c->waiting = true;
	if (c->quiet >= CONSOLE_QUIET || c->waited >= CONSOLE_PATIENCE)
		return false;
	c->resting |= 1ull << i;
	return true;
}

/* The source that is ready whose turn it is. */
static uint32_t next_ready(const struct console *c)
{
	uint64_t later = c->ready >> c->next << c->next;

	return (uint32_t)__builtin_ctzll(later ? later : c->ready);
}

/* Every source that is ready has its turns. Returns the room that one waits for; 0: none does. */
static uint32_t turns(struct console *c)
{
	(void)move_own(c);
	if (c->own_length != 0)
		return 1;
	while (c->ready != 0) {
		uint32_t i = next_ready(c), room = needs(c, i);

		if (room == 0 && !(c->resting >> i & 1)) {
			(void)ring_ask_data(&c->sources[i].from);
			room = needs(c, i);
		}
		if (room == 0 || waits(c, i))
			c->ready &= ~(1ull << i);
		else if (ring_room(&c->to_wire) < room)
			return room;
		else
			move(c, i, room);
		c->next = (i + 1) % c->count;
	}
	return 0;
}

void console_wake(struct console *c)
{
	c->ticking = false;
	c->quiet++;
	c->waited++;
	c->ready |= c->resting;
	c->resting = 0;
}

static void pump(struct console *c)
{
	for (;;) {
		uint32_t room = turns(c);

		if (ring_data_wanted(&c->to_wire))
			(void)sys_signal(c->wire, c->wire_bits);
		if (room == 0)
			return;
		/* The driver tells of any room, so it is asked also when there is some. */
		(void)ring_ask_room(&c->to_wire);
		if (ring_room(&c->to_wire) < room)
			return;
	}
}

/* False: there is no timer any more, and who rested is ready. */
static bool rest(struct console *c)
{
	uint64_t ticks = start_page()->frequency * CONSOLE_REST_MS / 1000;

	if (c->resting == 0 || c->ticking)
		return true;
	c->ticking = timer_set(c->timer, sys_counter() + ticks) == OK;
	if (c->ticking)
		return true;
	c->timer = 0;
	console_wake(c);
	return false;
}

void console_pump(struct console *c)
{
	do
		pump(c);
	while (!rest(c));
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
	forget_line(s);
}
