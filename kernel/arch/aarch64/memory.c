/* SPDX-License-Identifier: BSD-2-Clause */
/* What the compiler calls for copies and fills of structures, also in freestanding code. */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

/* Without this the loops below would be compiled into calls of the functions they are in. */
#define NOT_ITSELF __attribute__((optimize("no-tree-loop-distribute-patterns")))

NOT_ITSELF void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	char *t = to;
	const char *f = from;

	for (; bytes >= 8; bytes -= 8, t += 8, f += 8) {
		unsigned long word;

		__builtin_memcpy(&word, f, 8);
		__builtin_memcpy(t, &word, 8);
	}
	for (; bytes > 0; bytes--)
		*t++ = *f++;
	return to;
}

NOT_ITSELF void *memset(void *to, int value, size_t bytes)
{
	char *t = to;
	unsigned long word = 0x0101010101010101ul * (unsigned char)value;

	for (; bytes >= 8; bytes -= 8, t += 8)
		__builtin_memcpy(t, &word, 8);
	for (; bytes > 0; bytes--)
		*t++ = (char)value;
	return to;
}
