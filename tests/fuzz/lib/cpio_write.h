/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_CPIO_WRITE_H
#define FUZZ_CPIO_WRITE_H

#include <stddef.h>
#include <stdint.h>

#define CPIO_WRITE_MOST 160u /* bytes of an entry beside its data, with a name of 32 */

/* Adds a file (newc) at `at` of an archive, with `padding` bytes from the name's null byte on; null
 * data: zeros. Returns where the next one begins. */
size_t cpio_write(uint8_t *archive, size_t at, const char *name, size_t padding, const void *data,
		  size_t size);

#endif
