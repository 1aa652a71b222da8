/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A byte ring in memory that two parties share: one writes, one reads, neither trusts the other.
 *Each keeps its own index privately and only publishes it; the peer's index is read once and
 *masked, so a hostile peer can make bytes appear or vanish, never an access outside the ring.
 *
 * Doorbells: who finds the ring empty (or full) asks to be told, looks once more, and sleeps. The
 *peer raises the signal only when it was asked, once per asking:
 *
 *	reader: while (ring_read(...)) ...;  if (ring_ask_data(r)) sleep;
 *	writer: ring_write(...);             if (ring_data_wanted(r)) sys_signal(...);
 *
 * A fresh ring is zeroed memory. Capacity: the largest power of two that fits behind the header.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_shared {
	_Atomic uint32_t head; /* bytes ever written, by the writer */
	_Atomic uint32_t room_asked;
	uint32_t reserved0[14];
	_Atomic uint32_t tail; /* bytes ever read, by the reader */
	_Atomic uint32_t data_asked;
	uint32_t reserved1[14];
	uint8_t data[];
};
_Static_assert(sizeof(struct ring_shared) == 128, "a line for each side");

struct ring {
	struct ring_shared *shared;
	uint32_t capacity; /* bytes, a power of two */
	uint32_t own;	   /* writer: head. reader: tail */
};

/* Bytes a ring in `bytes` of memory holds; 0: too small. */
uint32_t ring_capacity(size_t bytes);

/*
 * Takes one end of the ring in `memory`. A restarted party goes on where the ring stands. False if
 * the memory is too small. A reader that finds more than fits (a hostile writer) starts at the end.
 */
bool ring_attach_writer(struct ring *r, void *memory, size_t bytes);
bool ring_attach_reader(struct ring *r, void *memory, size_t bytes);

/* Bytes that can be written (writer) or read (reader) now: 0..capacity whatever the peer says. */
uint32_t ring_room(const struct ring *r);
static inline uint32_t ring_used(const struct ring *r)
{
	uint32_t used = atomic_load_explicit(&r->shared->head, memory_order_acquire) - r->own;

	return used <= r->capacity ? used : 0;
}

/* Moves up to `size` bytes; returns how many. */
size_t ring_write(struct ring *r, const void *bytes, size_t size);
size_t ring_read(struct ring *r, void *bytes, size_t size);

/* A byte that waits, 0 the next one; and the end of up to `size` of them, as if read. */
static inline uint8_t ring_peek(const struct ring *r, uint32_t index)
{
	return r->shared->data[(r->own + index) & (r->capacity - 1)];
}
void ring_skip(struct ring *r, size_t size);

/* Asks to be told; true if there still is nothing (no room), so that sleeping is right. */
bool ring_ask_data(struct ring *r); /* reader */
bool ring_ask_room(struct ring *r); /* writer */

/* Whether the peer asked and there is data (room); takes the request. Call it after a write (read).
 */
bool ring_data_wanted(struct ring *r); /* writer */
bool ring_room_wanted(struct ring *r); /* reader */

#endif
