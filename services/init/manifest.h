/* SPDX-License-Identifier: BSD-2-Clause */
/* The manifest: decoded, then checked in all that init relies on. The compiler checked it too. */
#ifndef INIT_MANIFEST_H
#define INIT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.pb.h"

#define MANIFEST_ERROR_BYTES 160

struct manifest_context {
	uint32_t core;			    /* that reads it */
	bool (*has_file)(const char *name); /* in the bundle */
	char error[MANIFEST_ERROR_BYTES];   /* one line: what is wrong, and where */
};

bool manifest_decode(skerry_Manifest *m, const void *bytes, size_t size,
		     struct manifest_context *c);
bool manifest_check(const skerry_Manifest *m, struct manifest_context *c);

/* Index of a name; -1: there is none. */
int manifest_memory(const skerry_Manifest *m, const char *name);
int manifest_line(const skerry_Manifest *m, const char *name);
int manifest_service(const skerry_Manifest *m, const char *name);

#endif
