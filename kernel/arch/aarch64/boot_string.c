/* SPDX-License-Identifier: BSD-2-Clause */
/* What libfdt wants of a C library, beside memory.c of those that stay. */
#include <stddef.h>

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
void *memchr(const void *memory, int value, size_t bytes);
char *strchr(const char *text, int value);
char *strrchr(const char *text, int value);
int strcmp(const char *a, const char *b);
int memcmp(const void *a, const void *b, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);

/* Else the compiler would make a call of strlen of the loop in it. */
#define LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))

LOOPS size_t strlen(const char *text)
{
	size_t n = 0;

	while (text[n] != 0)
		n++;
	return n;
}

size_t strnlen(const char *text, size_t limit)
{
	size_t n = 0;

	while (n < limit && text[n] != 0)
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

char *strchr(const char *text, int value)
{
	return memchr(text, value, strlen(text) + 1);
}

char *strrchr(const char *text, int value)
{
	for (size_t n = strlen(text) + 1; n-- > 0;)
		if (text[n] == (char)value)
			return (char *)(size_t)(text + n);
	return NULL;
}

int strcmp(const char *a, const char *b)
{
	while (*a != 0 && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	for (; bytes != 0; bytes--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

LOOPS void *memmove(void *to, const void *from, size_t bytes)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	if (d < s) {
		for (size_t i = 0; i < bytes; i++)
			d[i] = s[i];
	} else {
		while (bytes-- > 0)
			d[bytes] = s[bytes];
	}
	return to;
}
