/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All memory of a new guest is zero but for its image and its device tree. For a VM of 256 MiB, on
 * a machine whose RAM held something else before (bench/boot.py).
 */
#include "guest.h"

#define RAM 0x80000000ull
#define RAM_END 0x90000000ull
#define LIMIT 8 /* places of what is not zero that are told */

extern const uint8_t bss_end[];

/* A device tree's size is its second word, big endian. */
static uint64_t tree_end(uint64_t tree)
{
	return (tree + __builtin_bswap32(read32(tree + 4)) + 7) & ~7ull;
}

static uint64_t other_words(uint64_t from, uint64_t to)
{
	uint64_t found = 0;

	for (uint64_t at = from; at < to; at += 8) {
		if (*(const volatile uint64_t *)at == 0)
			continue;
		if (found++ < LIMIT) {
			say_hex(at);
			say("\n");
		}
	}
	return found;
}

void guest_main(uint64_t tree)
{
	test("256 MiB, less the image and the device tree, are zero");
	CHECK(tree % 8 == 0 && tree > (uint64_t)bss_end && tree_end(tree) <= RAM_END);
	CHECK_EQUAL(*(const volatile uint64_t *)RAM == 0, false);
	CHECK_EQUAL(other_words(((uint64_t)bss_end + 7) & ~7ull, tree), 0);
	CHECK_EQUAL(other_words(tree_end(tree), RAM_END), 0);
}
