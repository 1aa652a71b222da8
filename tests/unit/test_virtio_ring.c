/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading requests out of guest memory that a hostile driver wrote: against a second reader, which
 * collects every byte's address one by one, and under the sanitizer with memory of exactly the size
 * that was granted.
 */
#include <stdlib.h>
#include <string.h>

#include "services/lib/virtio/virtio.h"
#include "services/lib/virtio/virtio_ring.h"
#include "test.h"

/* Two regions that touch, so that a buffer can lie across, and one apart. */
#define FIRST 0x80000000ull
#define SECOND 0x80001000ull
#define THIRD 0x90000000ull
#define BYTES 0x1000u
#define NUM 8u
#define AT_AVAIL 0x100u
#define AT_USED 0x200u

static struct virtio_ram ram;
static struct virtio_mmio mmio;
static struct virtio_queue queue;

static void set_up(uint64_t features)
{
	static const uint64_t gpa[] = {FIRST, SECOND, THIRD};

	ram.count = 3;
	for (int i = 0; i < 3; i++) {
		ram.regions[i].gpa = gpa[i];
		ram.regions[i].size = BYTES;
		ram.regions[i].at = aligned_alloc(64, BYTES);
		CHECK(ram.regions[i].at);
		test_cleanup(free, ram.regions[i].at);
		memset(ram.regions[i].at, 0, BYTES);
	}
	mmio = (struct virtio_mmio){.driver_features = features};
	queue = (struct virtio_queue){.desc = FIRST,
				      .avail = FIRST + AT_AVAIL,
				      .used = FIRST + AT_USED,
				      .num = NUM,
				      .ready = 1};
}

static uint8_t *byte_at(uint64_t gpa)
{
	for (uint32_t i = 0; i < ram.count; i++)
		if (gpa >= ram.regions[i].gpa && gpa - ram.regions[i].gpa < ram.regions[i].size)
			return ram.regions[i].at + (gpa - ram.regions[i].gpa);
	return NULL;
}

/* ---- The second reader: lists of byte addresses ---- */
static struct {
	uint8_t *read[4 * BYTES], *written[4 * BYTES];
	uint32_t reads, writes, descriptors;
} second;

static bool second_desc(uint64_t table, uint32_t index, struct virtio_desc *d)
{
	uint8_t bytes[16];

	for (uint32_t i = 0; i < 16; i++) {
		uint8_t *at = byte_at(table + 16ull * index + i);

		if (!at)
			return false;
		bytes[i] = *at;
	}
	memcpy(d, bytes, 16);
	return true;
}

static bool second_buffer(const struct virtio_desc *d)
{
	if (!(d->flags & 2) && second.writes > 0)
		return false;
	if (d->length > 3 * BYTES) /* no buffer in memory is longer */
		return false;
	for (uint32_t i = 0; i < d->length; i++) {
		uint8_t *at = d->address + i < d->address ? NULL : byte_at(d->address + i);

		if (!at || second.reads + second.writes >= 4 * BYTES - 1)
			return false;
		if (d->flags & 2)
			second.written[second.writes++] = at;
		else
			second.read[second.reads++] = at;
	}
	return true;
}

static bool second_table(uint64_t table, uint32_t entries, uint32_t index, bool nested,
			 bool allowed)
{
	struct virtio_desc d;

	for (;;) {
		if (index >= entries || !second_desc(table, index, &d))
			return false;
		if (d.flags & 4) {
			uint32_t last = d.length;

			if (nested || !allowed || (d.flags & 1) || last == 0 || last % 16 != 0)
				return false;
			/* whole and in one region */
			if (!byte_at(d.address) || !byte_at(d.address + last - 1) ||
			    byte_at(d.address) + last - 1 != byte_at(d.address + last - 1))
				return false;
			return second_table(d.address, last / 16, 0, true, allowed);
		}
		if (++second.descriptors > NUM)
			return false;
		if (!second_buffer(&d))
			return false;
		if (!(d.flags & 1))
			return true;
		index = d.next;
	}
}

static bool second_take(uint32_t head, bool indirect)
{
	second.reads = second.writes = second.descriptors = 0;
	return second_table(FIRST, NUM, head, false, indirect);
}

static void compare(const struct virtio_chain *chain)
{
	uint32_t at = 0;

	CHECK_EQ(chain->readable_bytes, second.reads);
	CHECK_EQ(chain->writable_bytes, second.writes);
	for (uint32_t i = 0; i < chain->readable; i++)
		for (uint32_t j = 0; j < chain->piece[i].length; j++)
			CHECK(chain->piece[i].at + j == second.read[at++]);
	CHECK_EQ(at, second.reads);
	at = 0;
	for (uint32_t i = chain->readable; i < chain->pieces; i++)
		for (uint32_t j = 0; j < chain->piece[i].length; j++)
			CHECK(chain->piece[i].at + j == second.written[at++]);
	CHECK_EQ(at, second.writes);
}

/* Mostly well-formed, so that long chains happen, with a lie here and there. */
static void random_desc(uint8_t *at, uint32_t index, bool within)
{
	static const uint64_t places[] = {FIRST + 0x400, SECOND,	SECOND - 0x40,
					  THIRD,	 THIRD + 0xfc0, FIRST};
	struct virtio_desc d = {
	    .address = places[test_random() % 6] + test_random() % 64,
	    .length = 1 + (uint32_t)(test_random() % 100),
	    .flags = (uint16_t)((test_random() % 4 ? 1 : 0) | (index > 3 ? 2 : 0)),
	    .next = (uint16_t)(index + 1),
	};

	if (test_random() % 8 == 0 && !within) {
		d.flags = 4;
		d.address = SECOND + 0x200 + 16 * (test_random() % 4);
		d.length = 16 * (1 + (uint32_t)(test_random() % 8));
	}
	switch (test_random() % 64) {
	case 0:
		d.address = test_random();
		break;
	case 1:
		d.length = (uint32_t)test_random();
		break;
	case 2:
		d.flags = (uint16_t)test_random();
		break;
	case 3:
		d.next = (uint16_t)test_random();
		break;
	case 4:
		d.next = (uint16_t)(test_random() % NUM);
		break;
	default:
		break;
	}
	memcpy(at, &d, sizeof(d));
}

TEST(virtio_ring_reads_requests_as_a_second_reader_does)
{
	static struct virtio_chain chain;
	unsigned good = 0, bad = 0;

	set_up(VIRTIO_F_VERSION_1);
	for (uint32_t i = 0; i < 60000; i++) {
		uint16_t head = (uint16_t)(test_random() % 16 ? test_random() % 3 : test_random());
		bool indirect = i % 4 != 0, expected, actual;
		struct virtio_ring r;

		mmio.driver_features = indirect ? VIRTIO_F_INDIRECT_DESC : 0;
		CHECK(virtio_ring_open(&r, &ram, &mmio, &queue));
		for (uint32_t d = 0; d < NUM; d++) {
			random_desc(ram.regions[0].at + (size_t)16 * d, d, false);
			random_desc(ram.regions[1].at + 0x200 + (size_t)16 * d, d, true);
		}
		memcpy(ram.regions[0].at + AT_AVAIL + 4 + (size_t)2 * (i % NUM), &head, 2);
		expected = second_take(head, indirect);
		actual = virtio_ring_take(&r, (uint16_t)i, &chain);
		CHECK_EQ(actual, expected);
		if (actual)
			compare(&chain);
		*(actual ? &good : &bad) += 1;
	}
	CHECK(good > 10000);
	CHECK(bad > 10000);
}

TEST(virtio_ring_refuses_queues_that_do_not_lie_in_memory)
{
	struct virtio_ring r;
	struct virtio_queue *q = &queue;

	set_up(VIRTIO_F_VERSION_1);
	for (uint64_t at = FIRST - 64; at < SECOND + 64; at++) {
		q->desc = at;
		CHECK_EQ(virtio_ring_open(&r, &ram, &mmio, q),
			 at % 16 == 0 &&
			     ((at >= FIRST && at + 16 * NUM <= SECOND) || at >= SECOND));
	}
	q->desc = FIRST;
	for (uint64_t at = FIRST - 64; at < SECOND; at++) {
		q->avail = at;
		CHECK_EQ(virtio_ring_open(&r, &ram, &mmio, q),
			 at % 2 == 0 && at >= FIRST && at + 6 + 2 * NUM <= SECOND);
	}
	q->avail = FIRST + AT_AVAIL;
	for (uint64_t at = FIRST - 64; at < SECOND; at++) {
		q->used = at;
		CHECK_EQ(virtio_ring_open(&r, &ram, &mmio, q),
			 at % 4 == 0 && at >= FIRST && at + 6 + 8 * NUM <= SECOND);
	}
	q->used = UINT64_MAX - 3;
	CHECK(!virtio_ring_open(&r, &ram, &mmio, q));
	q->used = FIRST + AT_USED;
	q->ready = 0;
	CHECK(!virtio_ring_open(&r, &ram, &mmio, q));
}

TEST(virtio_ram_at_needs_all_bytes_in_one_region)
{
	set_up(0);
	CHECK(virtio_ram_at(&ram, FIRST, BYTES) == ram.regions[0].at);
	CHECK(!virtio_ram_at(&ram, FIRST, BYTES + 1));
	CHECK(!virtio_ram_at(&ram, FIRST - 1, 2));
	CHECK(!virtio_ram_at(&ram, UINT64_MAX, 2));
	CHECK(!virtio_ram_at(&ram, THIRD + 1, UINT64_MAX));
	CHECK(virtio_ram_at(&ram, THIRD + BYTES - 1, 1) == ram.regions[2].at + BYTES - 1);
}

/* 2.7.10: the driver is told if the index passed the one it waits for, also across the wrap. */
TEST(virtio_event_is_passed_when_the_index_steps_over_it)
{
	for (int i = 0; i < 100000; i++) {
		uint16_t before = (uint16_t)test_random(), steps = (uint16_t)(test_random() % 300);
		uint16_t event = (uint16_t)(before + test_random() % 600 - 300);
		bool passed = false;

		for (uint16_t s = 0; s < steps; s++)
			passed |= (uint16_t)(before + s) == event;
		CHECK_EQ(virtio_event_passed(event, (uint16_t)(before + steps), before) != 0,
			 passed);
	}
}

/* A queue's part may lie across regions that touch here, too; in others it is not in memory. */
TEST(regions_that_touch_here_and_in_the_guest_are_one)
{
	static _Alignas(64) uint8_t memory[4 * BYTES];
	struct virtio_ring ring;

	set_up(0);
	ram.count = 4;
	ram.regions[0].gpa = SECOND + BYTES;
	ram.regions[0].at = memory + 2 * BYTES;
	ram.regions[1].gpa = FIRST;
	ram.regions[1].at = memory;
	ram.regions[2].gpa = THIRD;
	ram.regions[2].at = memory + 3 * BYTES;
	ram.regions[3].gpa = SECOND;
	ram.regions[3].at = memory + BYTES;
	ram.regions[3].size = BYTES;
	queue.desc = SECOND - 0x40;
	CHECK(!virtio_ring_open(&ring, &ram, &mmio, &queue));
	virtio_ram_join(&ram);
	CHECK_EQ(ram.count, 2);
	CHECK(virtio_ram_at(&ram, FIRST, 3 * BYTES) == memory);
	CHECK(virtio_ram_at(&ram, FIRST, 3 * BYTES + 1) == NULL);
	CHECK(virtio_ram_at(&ram, THIRD, BYTES) == memory + 3 * BYTES);
	CHECK(virtio_ring_open(&ring, &ram, &mmio, &queue));
	CHECK(ring.desc == memory + BYTES - 0x40);
}

TEST(regions_that_touch_in_the_guest_alone_stay_apart)
{
	set_up(0);
	virtio_ram_join(&ram);
	CHECK_EQ(ram.count, 3);
	CHECK(virtio_ram_at(&ram, SECOND - 1, 2) == NULL);
}
