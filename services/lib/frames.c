/* SPDX-License-Identifier: BSD-2-Clause */
#include "frames.h"

static bool attach(struct frames *f, void *memory, size_t bytes)
{
	*f = (struct frames){.shared = memory};
	return memory && bytes >= FRAMES_BYTES;
}

bool frames_attach_writer(struct frames *f, void *memory, size_t bytes)
{
	if (!attach(f, memory, bytes))
		return false;
	f->own = atomic_load_explicit(&f->shared->head, memory_order_relaxed);
	return true;
}

bool frames_attach_reader(struct frames *f, void *memory, size_t bytes)
{
	uint32_t head;

	if (!attach(f, memory, bytes))
		return false;
	f->own = atomic_load_explicit(&f->shared->tail, memory_order_relaxed);
	head = atomic_load_explicit(&f->shared->head, memory_order_acquire);
	if (head - f->own > FRAMES_SLOTS)
		f->own = head;
	return true;
}

/* A difference that no honest peer publishes counts as none. */
uint32_t frames_room(const struct frames *f)
{
	uint32_t used = f->own - atomic_load_explicit(&f->shared->tail, memory_order_acquire);

	return used <= FRAMES_SLOTS ? FRAMES_SLOTS - used : 0;
}

uint32_t frames_used(const struct frames *f)
{
	uint32_t used = atomic_load_explicit(&f->shared->head, memory_order_acquire) - f->own;

	return used <= FRAMES_SLOTS ? used : 0;
}

void frames_publish(struct frames *f, uint32_t length)
{
	f->shared->slots[f->own % FRAMES_SLOTS].length = length;
	f->own++;
	atomic_store_explicit(&f->shared->head, f->own, memory_order_release);
}

const uint8_t *frames_first(const struct frames *f, uint32_t *length)
{
	const struct frames_slot *slot = &f->shared->slots[f->own % FRAMES_SLOTS];
	uint32_t claimed = *(const volatile uint32_t *)&slot->length; /* read once */

	*length = claimed >= FRAME_LEAST && claimed <= FRAME_LARGEST ? claimed : 0;
	return slot->bytes;
}

void frames_skip(struct frames *f, uint32_t count)
{
	f->own += count;
	atomic_store_explicit(&f->shared->tail, f->own, memory_order_release);
}

/* The order of stores and looks is that of ring.c. */
bool frames_ask_data(struct frames *f)
{
	atomic_store_explicit(&f->shared->data_asked, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return frames_used(f) == 0;
}

bool frames_ask_room(struct frames *f)
{
	atomic_store_explicit(&f->shared->room_asked, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return frames_room(f) == 0;
}

static bool wanted(_Atomic uint32_t *asked)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(asked, memory_order_relaxed))
		return false;
	atomic_store_explicit(asked, 0, memory_order_relaxed);
	return true;
}

bool frames_data_wanted(struct frames *f)
{
	return frames_room(f) != FRAMES_SLOTS && wanted(&f->shared->data_asked);
}

bool frames_room_wanted(struct frames *f)
{
	return frames_used(f) != FRAMES_SLOTS && wanted(&f->shared->room_asked);
}
