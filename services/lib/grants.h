/* SPDX-License-Identifier: BSD-2-Clause */
/* What this service was granted: the start page, read. Names are those of the manifest's grants. */
#ifndef LIB_GRANTS_H
#define LIB_GRANTS_H

#include <stdint.h>

#include "ipc.h"
#include "start.h"

/* Where a process finds what it was started with; init, which has no start page, has its own. */
struct start_places {
	const struct start_page *page;
	struct message_buffer *buffers; /* the first thread's; START_THREADS in all */
	void *log;			/* ring, one page */
	void (*exit)(int status);	/* the process ends; does not return */
};
extern struct start_places start_places;

#define START_THREADS 8

static inline const struct start_page *start_page(void)
{
	return start_places.page;
}

/* The grant of that name (and kind; 0: any); null if there is none. */
const struct start_grant *grant_find(const char *name);
const struct start_grant *grant_find_kind(const char *name, uint32_t kind);

/* First slot of the grant; 0 if there is none. */
skerry_cap grant_slot(const char *name);

/* Where the grant is mapped, if it is at least `size` bytes; else null. */
void *grant_memory(const char *name, uint64_t size);

/* The configuration bytes of the manifest; *size may be 0. */
const void *start_config(uint32_t *size);

/*
 * `count` free consecutive slots, for what the service makes or receives; 0 when they are used up.
 * They are never given back.
 */
skerry_cap slots_take(uint32_t count);

#endif
