/* SPDX-License-Identifier: BSD-2-Clause */
/* The live objects of a kernel, as check_kernel.c found them in the derivation tree. */
#ifndef CHECK_KERNEL_H
#define CHECK_KERNEL_H

#include "kernel.h"
#include "objects.h"

#define CENSUS_MAX 4096
#define CENSUS_HASH 16384
#define CENSUS_CAPS 70000

struct census {
	const struct cap *originals[CENSUS_MAX], *hash[CENSUS_HASH];
	unsigned count, caps;
};

bool census_has(enum cap_type type, const void *object);
bool census_has_context(const struct context *c);
/* Tables and capabilities agree on what is mapped, bound and lent (check_spaces.c). */
void check_spaces(struct kernel *k, const struct census *census);
/* No word names memory that is nothing now (check_words.c). */
void check_words(struct kernel *k, const struct census *census);

#endif
