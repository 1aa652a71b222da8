/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts what a guest starts with into its memory: kernel, initrd, device tree. Files are not
 * trusted: each must lie in the guest's memory and beside the others. What is written is cleaned to
 * the point of coherency, because a guest with its caches off reads around them.
 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/vmm/axvm.h"

#define LOADER_PIECES 4

struct loader_piece {
	const char *name;
	uint64_t gpa, size;
};

struct loader {
	struct axvm *vm;
	size_t count;
	struct loader_piece pieces[LOADER_PIECES];
	char error[160];
};

/* What a kernel file says of itself. */
struct loader_image {
	uint64_t text_offset; /* from a 2 MiB boundary; only with a header */
	uint64_t memory;      /* bytes it needs from its load address, at least the file's */
	bool header;
	const char *problem; /* null: none */
};

void loader_init(struct loader *l, struct axvm *vm);
/* Copies the file to gpa and reserves `memory` bytes for it. False: `error` says why. */
bool loader_put(struct loader *l, const char *name, uint64_t gpa, const void *data, uint64_t size,
		uint64_t memory);
/* The kernel, at the config's kernel_load_addr, with the entry point inside. */
bool loader_kernel(struct loader *l, const void *data, uint64_t size);
/*
 * The highest `align`ed address in the first memory region with room for `size` bytes beside what
 * was loaded; ~0: there is none.
 */
uint64_t loader_room(struct loader *l, uint64_t size, uint64_t align);

#endif
