/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state in memory that outlives its server. The memory holds two copies and one word that says
 *which is current; changes go to the other copy and the word is flipped last. So a server may die
 *anywhere: its successor finds the last whole state.
 *
 *	struct uart *u = state_open(&state, memory, bytes, sizeof(*u), VERSION, &fresh);
 *	...
 *	u = state_begin(&state);	the spare copy, equal to the current one
 *	u->data = value;		as often as needed
 *	state_commit(&state);		now it is the state
 *
 * The memory is this service's alone; zeroed memory is a fresh state, all zero.
 */
#ifndef LIB_STATE_H
#define LIB_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct state_memory {
	_Atomic uint32_t commits; /* bit 0: which copy is current */
	_Atomic uint32_t version; /* of the layout, given by the service; 0: fresh */
	uint32_t size;		  /* of one copy */
	uint32_t reserved[13];
	uint8_t copies[];
};
_Static_assert(sizeof(struct state_memory) == 64, "the copies are aligned as cache lines");

struct state {
	struct state_memory *memory;
	uint8_t *copy[2];
	size_t size;
};

/*
 * Opens the state in `bytes` of memory; version is not 0. Returns the current copy, which the
 * caller only reads; null if the memory is too small. *fresh: the state is all zero, never
 * committed; what another version or size of the service left is cleared and fresh.
 */
void *state_open(struct state *s, void *memory, size_t bytes, size_t size, uint32_t version,
		 bool *fresh);

/* The copy that is current. */
static inline void *state_current(const struct state *s)
{
	return s->copy[atomic_load_explicit(&s->memory->commits, memory_order_relaxed) & 1];
}

/* The other one, as it was left: for who writes all of it. */
static inline void *state_spare(const struct state *s)
{
	return s->copy[~atomic_load_explicit(&s->memory->commits, memory_order_relaxed) & 1];
}

/* The spare copy, made equal to the current one. With a constant `size` this is a few loads and
 * stores. */
static inline __attribute__((always_inline)) void *state_begin_sized(const struct state *s,
								     size_t size)
{
	void *spare = state_spare(s);

	memcpy(spare, state_current(s), size);
	return spare;
}

static inline void *state_begin(const struct state *s)
{
	return state_begin_sized(s, s->size);
}

/* The spare copy becomes the state. Nothing written before can come to light after it. */
static inline void state_commit(const struct state *s)
{
	uint32_t commits = atomic_load_explicit(&s->memory->commits, memory_order_relaxed);

	atomic_store_explicit(&s->memory->commits, commits + 1, memory_order_release);
}

#endif
