/* SPDX-License-Identifier: BSD-2-Clause */
#include "state.h"

#define STATE_LINE 64

void *state_open(struct state *s, void *memory, size_t bytes, size_t size, uint32_t version,
		 bool *fresh)
{
	struct state_memory *m = memory;
	size_t copy = (size + STATE_LINE - 1) & ~(size_t)(STATE_LINE - 1);

	if (bytes < sizeof(*m) || copy < size || copy > (bytes - sizeof(*m)) / 2 ||
	    size > UINT32_MAX)
		return NULL;
	*s = (struct state){.memory = m, .copy = {m->copies, m->copies + copy}, .size = size};
	*fresh = m->version != version || m->size != size;
	if (*fresh) {
		/* Valid only from the last store on: who dies before it leaves it fresh. */
		atomic_store_explicit(&m->version, 0, memory_order_relaxed);
		atomic_thread_fence(memory_order_release);
		memset(m->copies, 0, copy * 2);
		m->size = (uint32_t)size;
		atomic_store_explicit(&m->commits, 0, memory_order_relaxed);
		atomic_store_explicit(&m->version, version, memory_order_release);
	}
	return state_current(s);
}
