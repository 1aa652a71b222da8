/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The harness of the tests on this machine. A test file holds functions
 *
 *     TEST(name_of_the_behaviour)
 *     {
 *             CHECK_EQ(f(1), 2);
 *     }
 *
 * and nothing else is needed: main is in test.c. Each test prints `ok NAME` or `FAIL NAME`; the
 * last line is `N passed, N failed`; the exit status is 0 when none failed. A check that fails ends
 * its test. With arguments, only tests run whose name contains one of them.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *t);
/* Ends the running test. `format` as printf's. */
void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void test_check_eq(const char *file, int line, const char *what, int64_t actual, int64_t expected);
void test_check_memory(const char *file, int line, const char *what, const void *actual,
		       const void *expected, size_t bytes);
/* Pseudo-random numbers, the same in every run of a test with the same TEST_SEED (a number). */
uint64_t test_random(void);
bool test_is_random(void); /* the running test has drawn one */
const char *test_name(void);
/* `usual` rounds of something random, or as many times more as TEST_ROUNDS in the environment says.
 */
unsigned test_rounds(unsigned usual);
/* Called when the running test ends, in whatever way, last registered first. At most 16. */
void test_cleanup(void (*f)(void *), void *argument);
void test_clean(void); /* calls them now */

#define TEST(function)                                                     \
	static void function(void);                                        \
	__attribute__((constructor)) static void register_##function(void) \
	{                                                                  \
		static struct test t = {#function, function, NULL};        \
		test_register(&t);                                         \
	}                                                                  \
	static void function(void)

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition)                                  \
	do {                                              \
		if (!(condition))                         \
			FAIL("not true: %s", #condition); \
	} while (0)
/* Integers, enums and, with a cast, pointers. */
#define CHECK_EQ(actual, expected) \
	test_check_eq(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(expected))
#define CHECK_MEMORY(actual, expected, bytes) \
	test_check_memory(__FILE__, __LINE__, #actual, actual, expected, bytes)

#endif
