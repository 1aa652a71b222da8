/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks and cleanups of test.h, for unit tests and for what is fuzzed. */
#include <inttypes.h>

#include "test.h"

static struct {
	void (*f)(void *);
	void *argument;
} cleanups[20];
static unsigned cleanup_count;

void test_check_eq(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
	if (actual != expected)
		test_fail(file, line,
			  "%s: expected %" PRId64 " (0x%" PRIx64 "), actual %" PRId64 " (0x%" PRIx64
			  ")",
			  what, expected, (uint64_t)expected, actual, (uint64_t)actual);
}

void test_check_memory(const char *file, int line, const char *what, const void *actual,
		       const void *expected, size_t bytes)
{
	const uint8_t *a = actual, *e = expected;

	for (size_t i = 0; i < bytes; i++)
		if (a[i] != e[i])
			test_fail(file, line, "%s[%zu]: expected 0x%02x, actual 0x%02x", what, i,
				  e[i], a[i]);
}

void test_cleanup(void (*f)(void *), void *argument)
{
	if (cleanup_count == sizeof(cleanups) / sizeof(cleanups[0]))
		FAIL("too many cleanups");
	cleanups[cleanup_count].f = f;
	cleanups[cleanup_count++].argument = argument;
}

void test_clean(void)
{
	while (cleanup_count > 0) {
		cleanup_count--;
		cleanups[cleanup_count].f(cleanups[cleanup_count].argument);
	}
}
