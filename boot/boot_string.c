/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot code's part of libfdt wants of a C library, beside memory.c of those that stay. */
#include <stddef.h>

size_t strlen(const char *text);
void *memchr(const void *memory, int value, size_t bytes);
char *strrchr(const char *text, int value);
int memcmp(const void *a, const void *b, size_t bytes);

/* Else the compiler would make a call of strlen of the loop in it. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) size_t strlen(const char *text)
{
	size_t n = 0;

	while (text[n] != 0)
		n++;
	return n;
}

void *memchr(const void *memory, int value, size_t bytes)
{
	const unsigned char *p = memory;

	for (; bytes != 0; bytes--, p++)
		if (*p == (unsigned char)value)
			return (void *)(size_t)p;
	return NULL;
}

char *strrchr(const char *text, int value)
{
	for (size_t n = strlen(text) + 1; n-- > 0;)
		if (text[n] == (char)value)
			return (char *)(size_t)(text + n);
	return NULL;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	for (; bytes != 0; bytes--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
