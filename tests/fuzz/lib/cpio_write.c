/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpio_write.h"

#include <stdio.h>
#include <string.h>

#define HEADER 110u

size_t cpio_write(uint8_t *archive, size_t at, const char *name, size_t padding, const void *data,
		  size_t size)
{
	const size_t named = strlen(name);
	const uint32_t length = (uint32_t)(named + padding), bytes = (uint32_t)size;
	char header[HEADER + 1];
	size_t next = (at + HEADER + length + 3) & ~(size_t)3;

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x", 1, 0100644, 0, 0, 1,
		 0, bytes, 0, 0, 0, 0, length, 0);
	memset(archive + at, 0, next + size - at);
	memcpy(archive + at, header, HEADER);
	for (size_t i = 0; i < named; i++) /* what follows is zero */
		archive[at + HEADER + i] = (uint8_t)name[i];
	if (data)
		memcpy(archive + next, data, size);
	return (next + size + 3) & ~(size_t)3;
}
