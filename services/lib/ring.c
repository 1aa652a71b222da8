/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

#include <stdatomic.h>
#include <string.h>

#define RING_LARGEST (1u << 30)

uint32_t ring_capacity(size_t bytes)
{
	uint32_t capacity = 1;

	if (bytes <= sizeof(struct ring_shared))
		return 0;
	bytes -= sizeof(struct ring_shared);
	while (capacity < RING_LARGEST && (size_t)capacity * 2 <= bytes)
		capacity *= 2;
	return capacity;
}

static bool attach(struct ring *r, void *memory, size_t bytes)
{
	*r = (struct ring){.shared = memory, .capacity = ring_capacity(bytes)};
	return r->capacity != 0;
}

bool ring_attach_writer(struct ring *r, void *memory, size_t bytes)
{
	if (!attach(r, memory, bytes))
		return false;
	r->own = atomic_load_explicit(&r->shared->head, memory_order_relaxed);
	return true;
}

bool ring_attach_reader(struct ring *r, void *memory, size_t bytes)
{
	if (!attach(r, memory, bytes))
		return false;
	r->own = atomic_load_explicit(&r->shared->tail, memory_order_relaxed);

	uint32_t head = atomic_load_explicit(&r->shared->head, memory_order_acquire);

	if (head - r->own > r->capacity)
		r->own = head;
	return true;
}

/* A difference that no honest peer publishes counts as none. */
uint32_t ring_room(const struct ring *r)
{
	uint32_t used = r->own - atomic_load_explicit(&r->shared->tail, memory_order_acquire);

	return used <= r->capacity ? r->capacity - used : 0;
}

size_t ring_write(struct ring *r, const void *bytes, size_t size)
{
	uint32_t room = ring_room(r);
	uint32_t count = size < room ? (uint32_t)size : room;
	uint32_t at = r->own & (r->capacity - 1);
	uint32_t first = count < r->capacity - at ? count : r->capacity - at;

	memcpy(r->shared->data + at, bytes, first);
	memcpy(r->shared->data, (const uint8_t *)bytes + first, count - first);
	r->own += count;
	atomic_store_explicit(&r->shared->head, r->own, memory_order_release);
	return count;
}

size_t ring_read(struct ring *r, void *bytes, size_t size)
{
	uint32_t used = ring_used(r);
	uint32_t count = size < used ? (uint32_t)size : used;
	uint32_t at = r->own & (r->capacity - 1);
	uint32_t first = count < r->capacity - at ? count : r->capacity - at;

	memcpy(bytes, r->shared->data + at, first);
	memcpy((uint8_t *)bytes + first, r->shared->data, count - first);
	r->own += count;
	atomic_store_explicit(&r->shared->tail, r->own, memory_order_release);
	return count;
}

void ring_skip(struct ring *r, size_t size)
{
	uint32_t used = ring_used(r);

	r->own += size < used ? (uint32_t)size : used;
	atomic_store_explicit(&r->shared->tail, r->own, memory_order_release);
}

/*
 * Asking stores the flag, then looks at the peer's index; the peer stores its index, then looks at
 * the flag. With both orders kept, at least one of the two sees what the other stored.
 */
bool ring_ask_data(struct ring *r)
{
	atomic_store_explicit(&r->shared->data_asked, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return ring_used(r) == 0;
}

bool ring_ask_room(struct ring *r)
{
	atomic_store_explicit(&r->shared->room_asked, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return ring_room(r) == 0;
}

static bool wanted(_Atomic uint32_t *asked)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(asked, memory_order_relaxed))
		return false;
	atomic_store_explicit(asked, 0, memory_order_relaxed);
	return true;
}

/* With nothing to tell the request stays: two who both ask would else wake each other for ever. */
bool ring_data_wanted(struct ring *r)
{
	return ring_room(r) != r->capacity && wanted(&r->shared->data_asked);
}

bool ring_room_wanted(struct ring *r)
{
	return ring_used(r) != r->capacity && wanted(&r->shared->room_asked);
}
