/* SPDX-License-Identifier: BSD-2-Clause */
/* A small set of address ranges, sorted, none touching another. */
#ifndef KERNEL_RANGE_H
#define KERNEL_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define RANGES 64

struct range {
	uint64_t base, size;
};

struct ranges {
	uint32_t count;
	struct range r[RANGES];
};

/* Both return false, and change nothing, when the set would need more than RANGES entries. */
bool ranges_add(struct ranges *set, uint64_t base, uint64_t size);
bool ranges_remove(struct ranges *set, uint64_t base, uint64_t size);
bool ranges_overlap(const struct ranges *set, uint64_t base, uint64_t size);
bool range_overlap(const struct range *a, uint64_t base, uint64_t size);

#endif
