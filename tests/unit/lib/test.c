/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct test *tests, **last = &tests;
static jmp_buf after_failure;
static uint64_t random_state;
static const char *running = "";
static bool drawn; /* a random number */

void test_register(struct test *t)
{
	*last = t;
	last = &t->next;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	printf("%s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	longjmp(after_failure, 1);
}

uint64_t test_random(void)
{
	drawn = true;
	/* xorshift64: good enough to mix operations, and the same everywhere */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

const char *test_name(void)
{
	return running;
}

bool test_is_random(void)
{
	return drawn;
}

static uint64_t seed(void)
{
	const char *number = getenv("TEST_SEED");

	return 0x9e3779b97f4a7c15u * (number ? 2 * strtoull(number, NULL, 10) + 1 : 1);
}

unsigned test_rounds(unsigned usual)
{
	const char *times = getenv("TEST_ROUNDS");

	return times ? usual * (unsigned)strtoul(times, NULL, 10) : usual;
}

static bool run(const struct test *t)
{
	/* volatile: read after longjmp */
	volatile bool passed = false;

	running = t->name;
	drawn = false;
	random_state = seed();
	if (!setjmp(after_failure)) {
		t->run();
		passed = true;
	}
	if (setjmp(after_failure)) /* a cleanup may check, too */
		passed = false;
	test_clean();
	printf("%s %s\n", passed ? "ok" : "FAIL", t->name);
	fflush(stdout);
	return passed;
}

static bool wanted(const struct test *t, int count, char **names)
{
	for (int i = 1; i < count; i++)
		if (strstr(t->name, names[i]))
			return true;
	return count <= 1;
}

int main(int count, char **names)
{
	unsigned passed = 0, failed = 0;

	for (const struct test *t = tests; t; t = t->next)
		if (wanted(t, count, names))
			*(run(t) ? &passed : &failed) += 1;
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
