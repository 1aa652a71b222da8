/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/state.c services/devices/virtio-blk/blk_memory.c */
/*
 * The disk: accesses of registers, and guest memory that holds anything and changes at any time,
 * also between two reads of the same request. What must hold all the same: the sanitizer finds no
 * access outside of what was granted, neither the used ring nor the disk get what nobody asked for,
 * a call does a bounded amount of work, and what the model says of itself agrees with its
 * registers.
 */

#include <stdlib.h>
#include <string.h>

static void wrote(void);
#define VIRTIO_WROTE() wrote()
/* Built here, with a guest that acts meanwhile. NOLINTBEGIN(bugprone-suspicious-include) */
#include "services/lib/virtio/virtio_ring.c"

#include "services/devices/virtio-blk/virtio_blk.c"
/* NOLINTEND(bugprone-suspicious-include) */
#include "fuzz.h"

#define LOW 0x80000000ull
#define HIGH 0x80002000ull /* touches the first region */
#define APART 0xfffffffffffff000ull
#define SECTORS 64u
#define TURN 4u
/* Writes of one turn at most: a chain's pieces for each transfer, and some for each request. */
#define WRITES_MOST (TURN * (VIRTIO_PIECES * 2 + 16))

static struct {
	struct virtio_blk blk;
	uint8_t *disk, *before;
	uint64_t sequence;
	uint32_t writes;
	bool acts; /* the guest writes to its memory while the device is at work */
} w;

static uint64_t address(void)
{
	uint64_t base = PICK(LOW, LOW, LOW, HIGH, HIGH, APART, 0, ~0ull);

	return base +
	       PICK(0, 0, 0x10, 0x100, 0x400, 0x800, 0xff0, 0x1ff8, 0x1fff, test_random() % 0x2000);
}

static uint32_t length(void)
{
	return (uint32_t)PICK(0, 1, 16, 16, 17, 32, 512, 512, 1024, 513, 0x1000, 0x2000, 0x4000,
			      0x7fffffff, 0xfffffff0, 0xffffffff, test_random() % 4096);
}

static void put(uint32_t region, uint64_t at, const void *bytes, size_t size)
{
	const uint64_t room = w.blk.ram.regions[region].size;

	if (size <= room && at <= room - size)
		memcpy(w.blk.ram.regions[region].at + at, bytes, size);
}

/* Something that a driver writes, mostly where the queue is. */
static void guest_writes(void)
{
	const struct virtio_blk_state *s = state_current(&w.blk.state);
	const struct virtio_queue *q = &s->queues[0];
	const struct virtio_desc d = {address(), length(),
				      (uint16_t)(test_random() % (test_random() % 4 ? 4 : 16)),
				      (uint16_t)(test_random() % 12)};
	const struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header = {(uint32_t)PICK(0, 0, 1, 1, 4, 8, 9, test_random()), 0,
		    PICK(0, 1, SECTORS - 1, SECTORS, SECTORS + 1, ~0ull, 1ull << 55,
			 test_random() % SECTORS)};
	uint16_t half = (uint16_t)(test_random() % 16);

	switch (test_random() % 8) {
	case 0:
	case 1:
		put(0, q->desc - LOW + 16 * (test_random() % 10), &d, sizeof(d));
		break;
	case 2:
		put(0, 16 * (test_random() % 512), &d, sizeof(d));
		break;
	case 3:
		put((uint32_t)(test_random() % 3), test_random() % 0x2000, &header, sizeof(header));
		break;
	case 4:
		put(0, q->avail - LOW + 4 + 2 * (test_random() % 10), &half, 2);
		break;
	case 5:
		half = (uint16_t)(q->taken + PICK(0, 1, 1, 1, 2, 3, 8, 9, test_random()));
		put(0, q->avail - LOW + 2, &half, 2);
		break;
	default:
		put((uint32_t)(test_random() % 3), test_random() % 0x2000, &half, 1 + half % 2);
		break;
	}
}

static void wrote(void)
{
	w.writes++;
	if (w.acts && test_random() % 4 == 0)
		guest_writes();
}

static void *fresh(size_t bytes)
{
	void *memory = aligned_alloc(64, bytes);

	CHECK(memory);
	test_cleanup(free, memory);
	return memset(memory, 0, bytes);
}

static void start(bool read_only)
{
	static const uint64_t gpa[] = {LOW, HIGH, APART}, size[] = {0x2000, 0x1000, 0x1000};
	bool new;

	memset(&w, 0, sizeof(w));
	w.disk = fresh(SECTORS * 512);
	w.before = fresh(SECTORS * 512);
	for (size_t i = 0; i < SECTORS * 512; i++)
		w.disk[i] = (uint8_t)(i * 7 + i / 512);
	memcpy(w.before, w.disk, SECTORS * 512);
	w.blk.sectors = SECTORS;
	w.blk.read_only = read_only;
	w.blk.ram.count = 3;
	for (int i = 0; i < 3; i++) {
		w.blk.ram.regions[i].gpa = gpa[i];
		w.blk.ram.regions[i].size = size[i];
		w.blk.ram.regions[i].at = fresh(size[i]);
	}
	CHECK(
	    state_open(&w.blk.state, fresh(4096), 4096, sizeof(struct virtio_blk_state), 1, &new));
	w.blk.flight = fresh(64);
	blk_memory_open(&w.blk.backend, w.disk, SECTORS * 512);
	w.blk.backend.largest = 1024; /* so that requests take several transfers */
	virtio_blk_describe(&w.blk);
}

static void check_state(void)
{
	const struct virtio_blk_state *s = state_current(&w.blk.state);
	const struct virtio_mmio *v = &s->mmio;
	const struct virtio_queue *q = &s->queues[0];

	CHECK(q->num <= VIRTIO_QUEUE_LARGEST && (q->num & (q->num - 1)) == 0);
	CHECK(!q->ready || q->num);
	CHECK(q->ready <= 1);
	CHECK_EQ(q->done, q->taken); /* one at a time, each answered once */
	CHECK((v->interrupt & ~3u) == 0);
	CHECK_EQ(virtio_blk_line(&w.blk), v->interrupt != 0);
	if (v->status & VIRTIO_DRIVER_OK)
		CHECK(v->status & VIRTIO_FEATURES_OK);
	if (v->status & VIRTIO_FEATURES_OK)
		CHECK((v->driver_features & ~w.blk.identity.features) == 0 &&
		      virtio_has(v, VIRTIO_F_VERSION_1));
}

/* One turn of the server: never more answers than requests, never more requests than allowed. */
static void serve(void)
{
	const struct virtio_blk_state *s = state_current(&w.blk.state);
	const struct virtio_queue before = s->queues[0];
	const bool live = virtio_mmio_live(&s->mmio) && before.ready;
	uint16_t done;

	w.writes = 0;
	(void)virtio_blk_serve(&w.blk, TURN);
	CHECK(w.writes <= WRITES_MOST);
	s = state_current(&w.blk.state);
	done = (uint16_t)(s->queues[0].done - before.done);
	CHECK(done <= (live ? TURN : 0));
	if (!live)
		CHECK_EQ(w.writes, 0);
}

static void access_register(void)
{
	static const uint16_t offsets[] = {0x14, 0x20, 0x24, 0x30,  0x38, 0x44, 0x50,
					   0x60, 0x64, 0x70, 0x80,  0x84, 0x90, 0x94,
					   0xa0, 0xa4, 0xfc, 0x100, 0x104};
	const struct virtio_access a = {
	    .offset = test_random() % 8 ? offsets[test_random() % 19] : test_random() % 0x1010,
	    .value = PICK(0, 1, 1, 2, 3, 4, 8, 11, 15, 128, 129, 256, 0x8000, 0x30000200, LOW,
			  LOW + 0x400, LOW + 0x800, test_random()),
	    .width = (uint32_t)(test_random() % 8 ? 4 : test_random() % 9),
	    .write = test_random() % 4 != 0};
	const struct virtio_blk_state *now = state_current(&w.blk.state);
	const struct virtio_queue queue = now->queues[0];
	uint64_t value = 0, again;
	uint32_t action, action_again;

	(void)virtio_blk_access(&w.blk, ++w.sequence, &a, &value, &action);
	CHECK(action == EXIT_ACTION_ADVANCE || action == EXIT_ACTION_ABORT);
	now = state_current(&w.blk.state);
	if (queue.ready && now->queues[0].ready)
		CHECK_MEMORY(&now->queues[0], &queue, sizeof(queue));
	/* The server died before the reply: the same exit again changes nothing. */
	if (a.write && test_random() % 4 == 0) {
		serve();

		const struct virtio_blk_state before =
		    *(const struct virtio_blk_state *)state_current(&w.blk.state);

		(void)virtio_blk_access(&w.blk, w.sequence, &a, &again, &action_again);
		CHECK_EQ(action, action_again);
		CHECK_EQ(value, again);
		CHECK_MEMORY(state_current(&w.blk.state), &before, sizeof(before));
	}
}

static void store(uint64_t offset, uint32_t value)
{
	const struct virtio_access a = {
	    .offset = offset, .value = value, .width = 4, .write = true};
	uint64_t unused;
	uint32_t action;

	(void)virtio_blk_access(&w.blk, ++w.sequence, &a, &unused, &action);
}

/* A chain that is right, until somebody writes there. */
static void offer(void)
{
	const uint64_t sector = test_random() % SECTORS;
	const uint32_t type = (uint32_t)(test_random() % 2), data = type ? 0 : VIRTIO_DESC_WRITE;
	const uint32_t bytes = (uint32_t)PICK(512, 1024, 2048);
	const struct virtio_desc chain[] = {
	    {APART, VIRTIO_BLK_HEADER, VIRTIO_DESC_NEXT, 1},
	    {LOW + 0x1000 + test_random() % 0x1800, bytes, (uint16_t)(VIRTIO_DESC_NEXT | data), 2},
	    {HIGH + 0xfff, 1, VIRTIO_DESC_WRITE, 0}};
	const uint16_t heads[8] = {0};

	put(0, 0, chain, sizeof(chain));
	put(2, 0, &type, sizeof(type));
	put(2, 8, &sector, sizeof(sector));
	put(0, 0x404, heads, sizeof(heads));
}

/* As a driver does it, up to any point. */
static void set_up(void)
{
	const uint32_t steps[][2] = {{0x70, 0},
				     {0x70, 3},
				     {0x24, 0},
				     {0x20, (uint32_t)PICK(0, 0x10000000, 0x20000000, 0x30000200)},
				     {0x24, 1},
				     {0x20, 1},
				     {0x70, 11},
				     {0x38, (uint32_t)PICK(1, 2, 8, 8, 128)},
				     {0x80, (uint32_t)address()},
				     {0x84, 0},
				     {0x90, LOW + 0x400},
				     {0x94, 0},
				     {0xa0, LOW + 0x800},
				     {0xa4, 0},
				     {0x44, 1},
				     {0x70, 15}};
	size_t count = test_random() % 4 ? 16 : test_random() % 17;

	for (size_t i = 0; i < count; i++)
		store(steps[i][0], steps[i][1]);
	if (test_random() % 4) {
		store(0x44, 0);
		store(0x80, LOW);
		store(0x44, 1);
		offer();
	}
}

REACH(answered);

FUZZ(12000, 4096)
{
	const bool read_only = once_in(2);

	start(read_only);
	while (fuzz_more()) {
		const struct virtio_blk_state *s = state_current(&w.blk.state);
		uint16_t done;

		if (once_in(virtio_mmio_live(&s->mmio) ? 64 : 2))
			set_up();
		w.acts = once_in(2);
		for (uint64_t n = test_random() % 8; n > 0; n--)
			guest_writes();
		if (once_in(16))
			access_register();
		s = state_current(&w.blk.state);
		done = s->queues[0].done;
		if (once_in(32))
			virtio_blk_resume(&w.blk);
		serve();
		s = state_current(&w.blk.state);
		if (s->queues[0].done != done)
			reached(answered);
		check_state();
	}
	if (read_only)
		CHECK_MEMORY(w.disk, w.before, SECTORS * 512);
}
