/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions from the bytes of an input, and the part of test.h that ends a test. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

struct fuzz_reach *fuzz_reaches;

static struct {
	const uint8_t *data;
	size_t size, at;
	uint64_t last;
} input;

void fuzz_begin(const uint8_t *data, size_t size)
{
	input.data = data;
	input.size = size;
	input.at = 0;
	input.last = 0;
}

bool fuzz_more(void)
{
	return input.at < input.size;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* The low bits are the input's, as most decisions look at those alone. */
uint64_t test_random(void)
{
	uint64_t bytes = 0;

	if (input.size - input.at < 2) {
		input.at = input.size;
		return input.last = mix(input.last + 1);
	}
	memcpy(&bytes, input.data + input.at, 2);
	input.at += 2;
	input.last = input.last + bytes;
	return (mix(bytes) & ~0xffffull) | bytes;
}

const char *test_name(void)
{
	return "";
}

bool test_is_random(void)
{
	return true;
}

unsigned test_rounds(unsigned usual)
{
	return usual;
}

size_t fuzz_bytes(uint8_t *to, size_t most)
{
	size_t size = input.size - input.at;

	if (size > most)
		size = most;
	memcpy(to, input.data + input.at, size);
	input.at += size;
	return size;
}

bool once_in(unsigned n)
{
	return test_random() % n == 0;
}

uint64_t fuzz_pick(const uint64_t *values, size_t count)
{
	return values[test_random() % count];
}

/* A number of 1, 2, 4 or 8 bytes, in either order. */
static void put_number(uint8_t *bytes, size_t size)
{
	uint64_t value = PICK(0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
			      0xffffffff, 1ull << 32, 1ull << 63, ~0ull, ~0xfffull, test_random());
	size_t width = 1u << test_random() % 4, at;

	if (size < width)
		return;
	at = test_random() % (size - width + 1);
	if (once_in(2))
		value = __builtin_bswap64(value) >> (64 - 8 * width);
	memcpy(bytes + at, &value, width);
}

static size_t edit_once(uint8_t *bytes, size_t size, size_t most)
{
	size_t at = size ? test_random() % size : 0, other = size ? test_random() % size : 0;
	size_t count = 1 + test_random() % 16;

	switch (test_random() % 8) {
	case 0: /* cut */
		return at;
	case 1: /* take out */
		count = at + count <= size ? count : size - at;
		memmove(bytes + at, bytes + at + count, size - at - count);
		return size - count;
	case 2: /* put in */
		if (size + count > most)
			return size;
		memmove(bytes + at + count, bytes + at, size - at);
		memset(bytes + at, (int)test_random(), count);
		return size + count;
	case 3: /* copy */
		count = at + count <= size ? count : size - at;
		count = other + count <= size ? count : size - other;
		memmove(bytes + at, bytes + other, count);
		return size;
	case 4:
	case 5:
		if (size)
			bytes[at] = (uint8_t)test_random();
		return size;
	default:
		put_number(bytes, size);
		return size;
	}
}

size_t fuzz_edit(uint8_t *bytes, size_t size, size_t most)
{
	for (uint64_t n = PICK(0, 0, 1, 1, 1, 2, 3, 8); n > 0; n--)
		size = edit_once(bytes, size, most);
	return size;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	printf("%s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	fuzz_failed();
}
