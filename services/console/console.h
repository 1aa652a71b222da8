/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several guests and the logs of services on one wire. The attached client has the keyboard, and
 * its output goes to the wire as it is; of all others whole lines go, behind a prefix.
 *
 * Nothing is lost here: what the wire does not take stays in the clients' rings, and fills them (a
 * log's writer counts the lines that then do not fit). That goes for lines that have not ended,
 * too, so that a successor finds them; a line leaves its ring when it is on the wire.
 *
 * Sources take turns, each with a piece or a line. One that finds no room waits for it, and the
 * others behind it: who needs little room would else take all that a slow wire ever gives.
 *
 * The first bytes of a source come at once; while more keep coming, it is looked at each
 * CONSOLE_REST_MS and does not signal: guests write byte by byte, and a wake-up for each would cost
 * more than the byte.
 *
 * A line of another source waits while the attached client is in the middle of one and goes on with
 * it, but not for ever: a prompt ends no line.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"
#include "services.pb.h"
#include "sys.h"

#define CONSOLE_CLIENTS 8
#define CONSOLE_LOGS 24
#define CONSOLE_LINE 256  /* longer lines are cut in pieces */
#define CONSOLE_OWN 1024  /* bytes of the console's own messages on their way */
#define CONSOLE_REST_MS 1 /* between two looks at a source that has output */
#define CONSOLE_QUIET                                                              \
	10 /* such looks without a byte: the attached client's line does not go on \
	    */
#define CONSOLE_PATIENCE 50 /* such looks that another line waits at most */

/* Something whose output goes to the wire: clients first, then logs. */
struct console_source {
	struct ring from;
	const skerry_ConsoleClient *config;
	skerry_cap signal; /* of a client; 0: a log, whose writer never waits */
	uint64_t signal_bits;
	/* Of its next line: bytes looked at, how many of them are shown, and whether it has ended.
	 */
	uint32_t seen, length;
	bool whole;
};

struct console {
	skerry_ConsoleConfig config;
	struct console_source sources[CONSOLE_CLIENTS + CONSOLE_LOGS];
	uint32_t clients, count; /* sources[0..clients) are clients */
	struct ring input[CONSOLE_CLIENTS];
	uint64_t ready;	  /* sources that may have output: bit i is sources[i] */
	uint32_t next;	  /* the source whose turn it is */
	uint64_t resting; /* sources that had output and are looked at when the timer fires */
	skerry_cap timer; /* 0: none, so no source rests */
	uint64_t timer_bits;
	bool ticking;
	uint32_t quiet;	 /* firings of the timer since the attached client wrote */
	uint32_t waited; /* and since another's line waits for the end of the attached client's */
	bool waiting;
	struct ring to_wire, from_wire;
	skerry_cap wire;
	uint64_t wire_bits;
	int32_t attached; /* client; -1: none */
	bool column;	  /* the attached client's line on the wire has begun and not ended */
	bool command;	  /* the escape key was pressed: the next one is a command */
	uint32_t own_length;
	char own[CONSOLE_OWN];
};

/* ---- console_output.c ---- */
/* Moves what can be moved to the wire; asks for what can not. */
void console_pump(struct console *c);
/* The timer has fired: all sources that rest are ready. */
void console_wake(struct console *c);
/* A message of the console itself, a format like log_line's; a line end follows. */
void console_say(struct console *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Gives the keyboard to a client, or to none (-1). */
void console_attach(struct console *c, int32_t client);

/* ---- console_keys.c ---- */
/* Handles what was typed as far as the attached client takes it. */
void console_type(struct console *c);

#endif
