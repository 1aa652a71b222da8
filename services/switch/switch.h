/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An Ethernet switch between network devices, its ports, that learns which address is behind which
 * port. A port is a pair of rings of frames (frames.h), and its device may be anybody's: a frame is
 * copied before it is looked at, and what a port does is paid for by the port.
 *
 *   - Ports take turns, each with a few frames; a turn does a bounded amount of work.
 *   - Of a port's input each other port has an equal share. What is beyond it is dropped, so a port
 *     that floods, or one that does not read, makes no room scarce for others.
 *   - A port's own address is its device's by configuration: nobody else is believed to have it,
 * and a frame that says it comes from another port's own address is dropped. Other addresses belong
 *     to who sent from them last, and each port has so many; to an unknown one a frame goes to all.
 *
 * What was learned ends with the process. A successor may send a frame again that its predecessor
 * had sent and not yet taken from its ring; none is lost.
 */
#ifndef SWITCH_H
#define SWITCH_H

#include "frames.h"

#define SWITCH_PORTS 8u
#define SWITCH_LEARNED 16u /* addresses of a port, beside its own */
#define SWITCH_TURN 8u	   /* frames of a port in a turn */

struct switch_port {
	struct frames from, to; /* its output, its input */
	uint64_t own;		/* address; the first byte on the wire is bits 47:40 */
	uint64_t learned[SWITCH_LEARNED];
	uint32_t next; /* of them to be forgotten */
	/* Of its input: the first frame that it may not have read, whose each is, how many of whom.
	 */
	uint32_t first;
	uint8_t sender[FRAMES_SLOTS];
	uint32_t held[SWITCH_PORTS];
};

struct lan_switch {
	uint32_t count;
	uint32_t share; /* frames of one port in another's input */
	struct switch_port ports[SWITCH_PORTS];
	uint32_t turn; /* the port that begins the next turn */
	uint64_t tell; /* ports that wait for what was done to a ring; the server clears it */
	uint32_t dropped;
	uint8_t frame[FRAME_LARGEST];
};

/* A port's rings, attached, and its address. */
void switch_add(struct lan_switch *s, const struct frames *from, const struct frames *to,
		uint64_t own);

/* One turn of all ports. True if more may wait; then call it again. */
bool switch_serve(struct lan_switch *s);

#endif
