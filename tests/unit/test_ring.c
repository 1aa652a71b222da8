/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/ring.c */
/* The ring against a plain queue, and against a peer that writes whatever it likes into the header.
 */
#include <stdlib.h>
#include <string.h>

#include "ring.h"
#include "test.h"

/* On the heap, so that a byte beyond the memory is an error of the sanitizer. */
static void *memory_new(size_t bytes)
{
	void *memory = NULL;

	CHECK(!posix_memalign(&memory, 64, bytes));
	memset(memory, 0, bytes);
	test_cleanup(free, memory);
	return memory;
}

TEST(capacity_is_the_largest_power_of_two_behind_the_header)
{
	CHECK_EQ(ring_capacity(0), 0);
	CHECK_EQ(ring_capacity(128), 0);
	CHECK_EQ(ring_capacity(129), 1);
	CHECK_EQ(ring_capacity(128 + 255), 128);
	CHECK_EQ(ring_capacity(4096), 2048);
}

TEST(attaching_refuses_memory_without_room)
{
	struct ring r;
	void *memory = memory_new(128);

	CHECK(!ring_attach_writer(&r, memory, 128));
	CHECK(!ring_attach_reader(&r, memory, 128));
}

TEST(bytes_come_out_as_they_went_in)
{
	size_t bytes = 128 + 64, written = 0, read = 0;
	void *memory = memory_new(bytes);
	struct ring w, r;

	CHECK(ring_attach_writer(&w, memory, bytes) && ring_attach_reader(&r, memory, bytes));
	for (int i = 0; i < 20000; i++) {
		uint8_t in[100], out[100];
		size_t size = test_random() % sizeof(in), room = 64 - (written - read);
		size_t expected = size < room ? size : room;

		for (size_t k = 0; k < size; k++)
			in[k] = (uint8_t)((written + k) * 31 >> 3);
		CHECK_EQ(ring_room(&w), room);
		CHECK_EQ(ring_write(&w, in, size), expected);
		written += expected;
		size = test_random() % sizeof(out);
		CHECK_EQ(ring_used(&r), written - read);
		expected = size < written - read ? size : written - read;
		if (test_random() % 2) {
			for (uint32_t k = 0; k < expected; k++)
				out[k] = ring_peek(&r, k);
			ring_skip(&r, size);
		} else {
			CHECK_EQ(ring_read(&r, out, size), expected);
		}
		for (size_t k = 0; k < expected; k++)
			CHECK_EQ(out[k], (uint8_t)((read + k) * 31 >> 3));
		read += expected;
	}
	CHECK(written > 100000);
}

TEST(indices_wrap_around)
{
	size_t bytes = 128 + 16;
	struct ring_shared *memory = memory_new(bytes);
	struct ring w, r;
	char text[8];

	memory->head = memory->tail = UINT32_MAX - 3;
	CHECK(ring_attach_writer(&w, memory, bytes) && ring_attach_reader(&r, memory, bytes));
	CHECK_EQ(ring_write(&w, "abcdefgh", 8), 8);
	CHECK_EQ(ring_used(&r), 8);
	CHECK_EQ(ring_room(&w), 8);
	CHECK_EQ(ring_read(&r, text, 8), 8);
	CHECK_MEMORY(text, "abcdefgh", 8);
}

TEST(a_restarted_party_goes_on)
{
	size_t bytes = 4096;
	void *memory = memory_new(bytes);
	struct ring w, r;
	char text[8];

	CHECK(ring_attach_writer(&w, memory, bytes) && ring_attach_reader(&r, memory, bytes));
	CHECK_EQ(ring_write(&w, "abcdef", 6), 6);
	CHECK_EQ(ring_read(&r, text, 2), 2);
	CHECK(ring_attach_reader(&r, memory, bytes));
	CHECK(ring_attach_writer(&w, memory, bytes));
	CHECK_EQ(ring_write(&w, "gh", 2), 2);
	CHECK_EQ(ring_read(&r, text, 8), 6);
	CHECK_MEMORY(text, "cdefgh", 6);
}

TEST(a_hostile_peer_reaches_nothing_outside)
{
	size_t bytes = 128 + 256;
	struct ring_shared *memory = memory_new(bytes);
	uint8_t data[300] = {0};
	struct ring w, r;

	CHECK(ring_attach_writer(&w, memory, bytes) && ring_attach_reader(&r, memory, bytes));
	for (int i = 0; i < 20000; i++) {
		memory->head = (uint32_t)test_random();
		memory->tail = (uint32_t)test_random();
		CHECK(ring_used(&r) <= 256);
		CHECK(ring_room(&w) <= 256);
		CHECK(ring_read(&r, data, test_random() % sizeof(data)) <= 256);
		memory->tail = (uint32_t)test_random();
		CHECK(ring_write(&w, data, test_random() % sizeof(data)) <= 256);
		if (i % 16 == 0) {
			CHECK(ring_attach_writer(&w, memory, bytes));
			CHECK(ring_attach_reader(&r, memory, bytes));
		}
	}
}

/* The reader's own index is not the one in memory: the writer cannot make it read old bytes again.
 */
TEST(own_index_is_not_read_back)
{
	size_t bytes = 4096;
	struct ring_shared *memory = memory_new(bytes);
	struct ring w, r;
	char text[4];

	CHECK(ring_attach_writer(&w, memory, bytes) && ring_attach_reader(&r, memory, bytes));
	CHECK_EQ(ring_write(&w, "abcd", 4), 4);
	CHECK_EQ(ring_read(&r, text, 4), 4);
	memory->tail = 0;
	CHECK_EQ(ring_used(&r), 0);
}

TEST(a_doorbell_rings_once_per_asking)
{
	size_t bytes = 128 + 4;
	void *memory = memory_new(bytes);
	struct ring w, r;
	char text[4];

	CHECK(ring_attach_writer(&w, memory, bytes) && ring_attach_reader(&r, memory, bytes));
	CHECK_EQ(ring_write(&w, "a", 1), 1);
	CHECK(!ring_data_wanted(&w));
	CHECK_EQ(ring_read(&r, text, 4), 1);
	CHECK(ring_ask_data(&r));
	CHECK_EQ(ring_write(&w, "bcde", 4), 4);
	CHECK(ring_data_wanted(&w));
	CHECK(!ring_data_wanted(&w));
	CHECK(!ring_ask_data(&r));
	CHECK(ring_ask_room(&w));
	CHECK_EQ(ring_read(&r, text, 2), 2);
	CHECK(ring_room_wanted(&r));
	CHECK(!ring_room_wanted(&r));
	CHECK(!ring_ask_room(&w));
}

TEST(two_who_both_ask_do_not_wake_each_other)
{
	size_t bytes = 128 + 4;
	void *memory = memory_new(bytes);
	struct ring w, r;
	char text[4];

	CHECK(ring_attach_writer(&w, memory, bytes) && ring_attach_reader(&r, memory, bytes));
	CHECK(ring_ask_data(&r));
	CHECK(!ring_data_wanted(&w)); /* there is none, and the request stays */
	CHECK_EQ(ring_write(&w, "abcd", 4), 4);
	CHECK(ring_data_wanted(&w));
	CHECK(ring_ask_room(&w));
	CHECK(!ring_room_wanted(&r));
	CHECK_EQ(ring_read(&r, text, 1), 1);
	CHECK(ring_room_wanted(&r));
}
