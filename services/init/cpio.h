/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a cpio archive (newc: 110 bytes of header in hexadecimal digits, name, data, each padded to
 * 4 bytes). Nothing in the archive is trusted to be well formed. A name ends at its first null
 * byte.
 */
#ifndef INIT_CPIO_H
#define INIT_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpio_file {
	const char *name; /* null-terminated, in the archive */
	const uint8_t *data;
	size_t size;
};

/*
 * The entry at *at (0: the first); *at moves behind it. False at the end of the archive, or where
 * it is not well formed.
 */
bool cpio_next(const void *archive, size_t size, size_t *at, struct cpio_file *file);

/* False: no such file. */
bool cpio_find(const void *archive, size_t size, const char *name, struct cpio_file *file);

#endif
