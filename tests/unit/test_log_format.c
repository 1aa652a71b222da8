/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/log_format.c */
/* The formatter of log lines against the host's snprintf. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "test.h"

static size_t ours(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static size_t ours(char *text, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = log_format(text, size, format, args);
	va_end(args);
	return length;
}

#define SAME(...)                                                   \
	do {                                                        \
		char a[200], b[200];                                \
		int length_ = snprintf(b, sizeof(b), __VA_ARGS__);  \
		CHECK_EQ(ours(a, sizeof(a), __VA_ARGS__), length_); \
		CHECK_MEMORY(a, b, (size_t)length_ + 1);            \
	} while (0)

TEST(integers)
{
	static const long values[] = {0, 1, -1, 9, 10, 4096, -2147483648, 4294967296, 1L << 62};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		long v = values[i];
		int n = (int)v;

		SAME("%d %i %u %x", n, n, (unsigned int)n, (unsigned int)n);
		SAME("%ld|%lu|%lx|%llx", v, (unsigned long)v, (unsigned long)v,
		     (unsigned long long)v);
		SAME("%8d|%-8d|%08d|%2d", n, n, n, n);
		SAME("%016lx|%20ld|%-20ld|%zu", (unsigned long)v, v, v, (size_t)v);
	}
	SAME("%ld %ld", LONG_MIN, LONG_MAX);
}

TEST(strings_and_characters)
{
	SAME("%s|%10s|%-10s|%2s", "abc", "abc", "abc", "abc");
	SAME("%.2s|%.0s|%.10s|%5.1s", "abc", "abc", "abc", "abc");
	SAME("%c%3c%%", 'x', 'y');
	SAME("%p", (void *)0x1234);
	SAME("plain");
}

/* A precision ends a string that has no null byte. */
TEST(precision_bounds_the_read)
{
	char *text = malloc(3), out[8];

	CHECK(text);
	test_cleanup(free, text);
	for (int i = 0; i < 3; i++)
		text[i] = (char)('a' + i);
	CHECK_EQ(ours(out, sizeof(out), "%.3s", text), 3);
	CHECK_MEMORY(out, "abc", 4);
}

TEST(what_does_not_fit_is_cut)
{
	char text[8];

	memset(text, 'x', sizeof(text));
	CHECK_EQ(ours(text, 5, "%d%s", 123, "abcdef"), 4);
	CHECK_MEMORY(text, "123a", 5);
	CHECK_EQ(text[5], 'x');
	CHECK_EQ(ours(text, 1, "abc"), 0);
	CHECK_EQ(text[0], 0);
	CHECK_EQ(ours(NULL, 0, "abc"), 0);
}

TEST(widths_have_a_limit)
{
	char text[64];

	CHECK_EQ(ours(text, sizeof(text), "%0200d", 5), 63);
	CHECK_EQ(text[63], 0);
}
