/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpio.h"

#include <string.h>

#define HEADER 110u
#define SIZE_AT 54u /* of the data; the field before the two device numbers' pairs */
#define NAME_AT 94u /* length of the name with its null byte */
#define TRAILER "TRAILER!!!"

static bool number(const uint8_t *digits, size_t *value)
{
	*value = 0;
	for (int i = 0; i < 8; i++) {
		uint8_t c = digits[i];
		uint8_t letter = c | 0x20;

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (size_t)(c - '0');
		else if (letter >= 'a' && letter <= 'f')
			*value = *value << 4 | (size_t)(letter - 'a' + 10);
		else
			return false;
	}
	return true;
}

bool cpio_next(const void *archive, size_t size, size_t *at, struct cpio_file *file)
{
	const uint8_t *bytes = archive;
	size_t start = *at, length, name_length, data;

	if (start > size || size - start < HEADER || memcmp(bytes + start, "070701", 6) != 0)
		return false;
	if (!number(bytes + start + SIZE_AT, &length) ||
	    !number(bytes + start + NAME_AT, &name_length))
		return false;
	if (name_length == 0 || name_length > size - start - HEADER)
		return false;
	file->name = (const char *)bytes + start + HEADER;
	if (!memchr(file->name, 0, name_length))
		return false;
	data = (start + HEADER + name_length + 3) & ~(size_t)3;
	if (data > size || length > size - data)
		return false;
	if (!strcmp(file->name, TRAILER))
		return false;
	file->data = bytes + data;
	file->size = length;
	*at = (data + length + 3) & ~(size_t)3;
	return true;
}

bool cpio_find(const void *archive, size_t size, const char *name, struct cpio_file *file)
{
	size_t at = 0;

	while (cpio_next(archive, size, &at, file))
		if (!strcmp(file->name, name))
			return true;
	return false;
}
