/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of Ethernet frames in memory that two parties share: one writes, one reads, neither trusts
 * the other. As in ring.h each keeps its own index privately and publishes it; the peer's is
 * checked when it is read, and what a frame's length says is checked, too. Who decides by a frame's
 * bytes copies them first: the peer can change them at any time.
 *
 * A fresh ring is zeroed memory of FRAMES_BYTES.
 */
#ifndef LIB_FRAMES_H
#define LIB_FRAMES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_SLOTS 64u    /* a power of two */
#define FRAME_LEAST 14u	    /* two addresses and a type */
#define FRAME_LARGEST 1518u /* with a VLAN tag and 1500 bytes behind it; no checksum at its end */

struct frames_slot {
	uint32_t length;
	uint32_t reserved[3];
	uint8_t bytes[2032];
};

struct frames_shared {
	_Atomic uint32_t head; /* frames ever written, by the writer */
	_Atomic uint32_t room_asked;
	uint32_t reserved0[14];
	_Atomic uint32_t tail; /* frames ever read, by the reader */
	_Atomic uint32_t data_asked;
	uint32_t reserved1[1006];
	struct frames_slot slots[FRAMES_SLOTS];
};
#define FRAMES_BYTES 0x21000u
_Static_assert(sizeof(struct frames_shared) == FRAMES_BYTES, "a page, and the slots");

struct frames {
	struct frames_shared *shared;
	uint32_t own; /* writer: head. reader: tail */
};

/* Takes one end. A restarted party goes on where the ring stands. False if the memory is too small.
 * A reader that finds more than fits starts at the end. */
bool frames_attach_writer(struct frames *f, void *memory, size_t bytes);
bool frames_attach_reader(struct frames *f, void *memory, size_t bytes);

/* 0..FRAMES_SLOTS, whatever the peer says. */
uint32_t frames_room(const struct frames *f); /* writer */
uint32_t frames_used(const struct frames *f); /* reader */

/* Where the next frame goes, if there is room; and then the ring has it. */
static inline uint8_t *frames_place(const struct frames *f)
{
	return f->shared->slots[f->own % FRAMES_SLOTS].bytes;
}
void frames_publish(struct frames *f, uint32_t length);

/* The next frame, if there is one. *length is 0 if what is there is no frame. */
const uint8_t *frames_first(const struct frames *f, uint32_t *length);
void frames_skip(struct frames *f, uint32_t count);

/* Asks to be told; true if there still is nothing (no room), so that sleeping is right. */
bool frames_ask_data(struct frames *f); /* reader */
bool frames_ask_room(struct frames *f); /* writer */

/* Whether the peer asked and there is data (room); takes the request. */
bool frames_data_wanted(struct frames *f); /* writer */
bool frames_room_wanted(struct frames *f); /* reader */

#endif
