/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/init/cpio.c */
/* The bundle's reader: archives as they should be, and every kind of broken one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/init/cpio.h"
#include "test.h"

#define ROOM 4096

struct archive {
	uint8_t *bytes;
	size_t size;
};

/* One entry; `padding` more null bytes behind the name. */
static void add(struct archive *a, const char *name, const char *data, size_t padding)
{
	size_t name_size = strlen(name) + 1 + padding, data_size = strlen(data);

	CHECK(a->size + 110 + name_size + data_size + 16 < ROOM);
	a->size += (size_t)sprintf((char *)a->bytes + a->size,
				   "070701%08x%08x%08x%08x%08x%08x%08zX%08x%08x%08x%08x%08zx%08x",
				   1, 0100644, 0, 0, 1, 0, data_size, 0, 0, 0, 0, name_size, 0);
	memcpy(a->bytes + a->size, name, strlen(name));
	a->size = (a->size + name_size + 3) & ~(size_t)3;
	memcpy(a->bytes + a->size, data, data_size);
	a->size = (a->size + data_size + 3) & ~(size_t)3;
}

static struct archive archive_new(void)
{
	struct archive a = {calloc(1, ROOM), 0};

	CHECK(a.bytes);
	test_cleanup(free, a.bytes);
	add(&a, "plan", "abc", 0);
	add(&a, "init", "", 0);
	add(&a, "manifest.0", "0123456789", 37);
	add(&a, "last", "xyzw", 0);
	add(&a, "TRAILER!!!", "", 0);
	return a;
}

TEST(files_are_found_by_name)
{
	struct archive a = archive_new();
	struct cpio_file f;

	CHECK(cpio_find(a.bytes, a.size, "plan", &f));
	CHECK_EQ(f.size, 3);
	CHECK_MEMORY(f.data, "abc", 3);
	CHECK(cpio_find(a.bytes, a.size, "init", &f));
	CHECK_EQ(f.size, 0);
	CHECK(cpio_find(a.bytes, a.size, "manifest.0", &f));
	CHECK_EQ(f.size, 10);
	CHECK_MEMORY(f.data, "0123456789", 10);
	CHECK(cpio_find(a.bytes, a.size, "last", &f));
	CHECK(!cpio_find(a.bytes, a.size, "las", &f));
	CHECK(!cpio_find(a.bytes, a.size, "TRAILER!!!", &f));
	CHECK(!cpio_find(a.bytes, a.size, "", &f));
}

TEST(nothing_is_found_behind_the_trailer)
{
	struct archive a = archive_new();
	struct cpio_file f;

	add(&a, "behind", "abc", 0);
	CHECK(!cpio_find(a.bytes, a.size, "behind", &f));
}

/* A copy of each length on the heap: the sanitizer sees any byte read beyond it. */
TEST(a_truncated_archive_ends_where_it_ends)
{
	struct archive a = archive_new();

	for (size_t size = 0; size < a.size; size++) {
		uint8_t *part = malloc(size ? size : 1);
		struct cpio_file f;
		size_t at = 0;

		CHECK(part);
		memcpy(part, a.bytes, size);
		while (cpio_next(part, size, &at, &f))
			CHECK(f.data >= part && (size_t)(f.data - part) + f.size <= size);
		CHECK(!cpio_find(part, size, "nothing", &f));
		free(part);
	}
}

TEST(a_changed_byte_leads_nowhere)
{
	struct archive a = archive_new();

	for (int i = 0; i < 30000; i++) {
		size_t where = test_random() % a.size, at = 0;
		uint8_t old = a.bytes[where];
		struct cpio_file f;

		a.bytes[where] = (uint8_t)test_random();
		while (cpio_next(a.bytes, a.size, &at, &f)) {
			CHECK(f.data >= a.bytes);
			CHECK((size_t)(f.data - a.bytes) + f.size <= a.size);
			CHECK(memchr(f.name, 0,
				     (size_t)(a.bytes + a.size - (const uint8_t *)f.name)));
		}
		a.bytes[where] = old;
	}
}

TEST(sizes_that_overflow_are_refused)
{
	struct archive a = archive_new();
	struct cpio_file f;

	memcpy(a.bytes + 54, "ffffffff", 8);
	CHECK(!cpio_find(a.bytes, a.size, "plan", &f));
	memcpy(a.bytes + 54, "00000003", 8);
	CHECK(cpio_find(a.bytes, a.size, "plan", &f));
	memcpy(a.bytes + 94, "ffffffff", 8);
	CHECK(!cpio_find(a.bytes, a.size, "plan", &f));
	memcpy(a.bytes + 94, "00000000", 8);
	CHECK(!cpio_find(a.bytes, a.size, "plan", &f));
	memcpy(a.bytes + 94, "0000000g", 8);
	CHECK(!cpio_find(a.bytes, a.size, "plan", &f));
}
