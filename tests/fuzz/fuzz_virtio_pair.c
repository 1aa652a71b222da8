/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/state.c services/lib/ring.c services/lib/frames.c */
/*
 * The console and the network device under accesses of registers, guest memory that holds
 * anything and changes at any time, also between two reads of the same request, and a console or
 * switch that writes anything into the rings. What must hold all the same: the sanitizer finds no
 * access outside of what was granted, each queue's answers are as many as its requests, a call does
 * a bounded amount of work, and a server that is started anew goes on.
 */
#include <stdlib.h>
#include <string.h>

static void wrote(void);
#define VIRTIO_WROTE() wrote()
/* Built here, with a guest that acts meanwhile. NOLINTBEGIN(bugprone-suspicious-include) */
#include "services/lib/virtio/virtio_ring.c"

#include "services/lib/virtio/virtio_device.c"
/* NOLINTEND(bugprone-suspicious-include) */
#include "services/devices/virtio-console/virtio_console.h"
#include "services/devices/virtio-net/virtio_net.h"
#include "fuzz.h"

#define LOW 0x80000000ull
#define HIGH 0x80004000ull /* touches the first region */
#define APART 0xfffffffffffff000ull
#define RING 1024u
#define TURN 4u
#define WRITES_MOST (2 * TURN * (VIRTIO_PIECES * 2 + 16)) /* of one turn, both queues */

/* One of the two devices, and what is done with it. */
struct kind {
	size_t ring_bytes, state_bytes;
	struct virtio_device *device;
	void (*start)(void); /* with state, flights and ram in *device: rings, begin */
	bool (*serve)(void);
};

static struct {
	struct virtio_console console;
	struct virtio_net net;
	const struct kind *kind;
	uint8_t *tx, *rx, *state, *flights;
	struct virtio_ram ram;
	uint64_t sequence;
	uint32_t writes;
	bool acts; /* guest and peer write to their memory while the device is at work */
} w;

static uint64_t address(void)
{
	return PICK(LOW, LOW, LOW, LOW, HIGH, HIGH, APART, 0, ~0ull) +
	       PICK(0, 0, 0x10, 0x400, 0x800, 0xff0, 0x1ff8, 0x3fff, test_random() % 0x4000);
}

static void put(uint32_t region, uint64_t at, const void *bytes, size_t size)
{
	const uint64_t room = w.ram.regions[region].size;

	if (size <= room && at <= room - size)
		memcpy(w.ram.regions[region].at + at, bytes, size);
}

/* Something that a driver writes, mostly where a queue is. */
static void guest_writes(void)
{
	const struct virtio_queue *q = virtio_device_queue(w.kind->device, test_random() % 2);
	const struct virtio_desc d = {address(),
				      (uint32_t)PICK(0, 1, 11, 12, 26, 60, 1526, 1530, 0x3000,
						     0x2000, 0x7fffffff, 0xffffffff,
						     test_random() % 4096),
				      (uint16_t)(test_random() % (test_random() % 4 ? 4 : 16)),
				      (uint16_t)(test_random() % 12)};
	uint16_t half = (uint16_t)(test_random() % 16);

	switch (test_random() % 6) {
	case 0:
	case 1:
		put(0, q->desc - LOW + 16 * (test_random() % 10), &d, sizeof(d));
		break;
	case 2:
		put(0, q->avail - LOW + 4 + 2 * (test_random() % 10), &half, 2);
		break;
	case 3:
		half = (uint16_t)(q->taken + PICK(0, 1, 1, 1, 2, 3, 8, 9, test_random()));
		put(0, q->avail - LOW + 2, &half, 2);
		break;
	default:
		put((uint32_t)(test_random() % 3), test_random() % 0x4000, &half, 1 + half % 2);
		break;
	}
}

/* Reads all that came, and sends a little: short frames, for the network. */
static void peer_is_honest(void)
{
	const uint32_t length = 60;
	uint32_t tail;

	memcpy(w.tx + 64, w.tx, 4);
	memcpy(&tail, w.rx + 64, 4);
	tail += (uint32_t)(test_random() % 4);
	memcpy(w.rx, &tail, 4);
	for (uint32_t i = 0; w.kind->ring_bytes == FRAMES_BYTES && i < FRAMES_SLOTS; i++)
		memcpy(w.rx + 0x1000 + 0x800 * i, &length, 4);
}

/* Console or switch: indices that are right by chance, lengths, requests to be told, data. */
static void peer_writes(void)
{
	uint8_t *ring = test_random() % 2 ? w.tx : w.rx;
	const uint32_t offset =
	    (uint32_t)(PICK(0, 0, 64, 64, 4, 68, 0x1000, test_random()) % (w.kind->ring_bytes - 4) &
		       ~3ull);
	uint32_t value;

	if (w.kind->ring_bytes == FRAMES_BYTES && once_in(4)) {
		value = (uint32_t)PICK(59, 60, 1518, 1519, 0x900, 0x1800, 0x1800, 0xffffffff);
		memcpy(w.rx + 0x1000 +
			   0x800 *
			       (FRAMES_SLOTS - 1 - test_random() % (once_in(2) ? 2 : FRAMES_SLOTS)),
		       &value, 4);
		return;
	}
	memcpy(&value, ring + (offset & 64), 4);
	value += (uint32_t)PICK(0, 1, 1, 2, 60, 64, 65, 1518, test_random());
	memcpy(ring + offset, &value, 4);
}

static void wrote(void)
{
	w.writes++;
	if (w.acts && test_random() % 4 == 0)
		guest_writes();
	if (w.acts && test_random() % 16 == 0)
		peer_writes();
}

static void *fresh(size_t bytes)
{
	void *memory = aligned_alloc(64, bytes);

	CHECK(memory);
	test_cleanup(free, memory);
	return memset(memory, 0, bytes);
}

static void start_console(void)
{
	w.console.wired = true;
	CHECK(ring_attach_writer(&w.console.tx, w.tx, RING));
	CHECK(ring_attach_reader(&w.console.rx, w.rx, RING));
	virtio_console_begin(&w.console);
}

static bool serve_console(void)
{
	return virtio_console_serve(&w.console, TURN);
}

static void start_net(void)
{
	CHECK(frames_attach_writer(&w.net.tx, w.tx, FRAMES_BYTES));
	CHECK(frames_attach_reader(&w.net.rx, w.rx, FRAMES_BYTES));
	virtio_net_begin(&w.net);
}

static bool serve_net(void)
{
	return virtio_net_serve(&w.net, TURN);
}

static const struct kind console_kind = {RING, sizeof(struct virtio_console_state),
					 &w.console.device, start_console, serve_console};
static const struct kind net_kind = {FRAMES_BYTES, sizeof(struct virtio_net_state), &w.net.device,
				     start_net, serve_net};

/* A server's start, the first or a later one. */
static void start(void)
{
	struct virtio_device *d = w.kind->device;
	bool new;

	virtio_console_describe(&w.console);
	virtio_net_describe(&w.net);
	d->flights = (void *)w.flights;
	d->ram = w.ram;
	CHECK(state_open(&d->state, w.state, 4096, w.kind->state_bytes, 1, &new));
	w.kind->start();
	virtio_device_resume(d);
}

static void store(uint64_t offset, uint32_t value)
{
	const struct virtio_access a = {
	    .offset = offset, .value = value, .width = 4, .write = true};
	uint64_t unused;
	uint32_t action;

	(void)virtio_device_access(w.kind->device, ++w.sequence, &a, &unused, &action);
}

static void access_register(void)
{
	static const uint16_t offsets[] = {0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x60,  0x64,
					   0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0x100, 0x104};
	const struct virtio_access a = {
	    .offset = test_random() % 8 ? offsets[test_random() % 18] : test_random() % 0x1010,
	    .value =
		PICK(0, 1, 1, 2, 3, 8, 11, 15, 128, 0x30010020, LOW, LOW + 0x400, test_random()),
	    .width = (uint32_t)(test_random() % 8 ? 4 : test_random() % 9),
	    .write = test_random() % 4 != 0};
	uint64_t value = 0, again = 0;
	uint32_t action, action_again;

	(void)virtio_device_access(w.kind->device, ++w.sequence, &a, &value, &action);
	CHECK(action == EXIT_ACTION_ADVANCE || action == EXIT_ACTION_ABORT);
	if (a.write && test_random() % 4 == 0) {
		/* The server died before the reply: the same exit again changes nothing. */
		const struct virtio_core before = *virtio_device_now(w.kind->device);

		(void)virtio_device_access(w.kind->device, w.sequence, &a, &again, &action_again);
		CHECK(action == action_again && value == again);
		CHECK_MEMORY(virtio_device_now(w.kind->device), &before, sizeof(before));
	}
}

/* As a driver does it, up to any point, with requests that are right until somebody writes there.
 */
static void set_up(void)
{
	static const uint32_t where[] = {0x80, 0x90, 0xa0}, at[] = {0, 0x400, 0x800};
	const size_t queues = test_random() % 8 ? 2 : test_random() % 3;

	store(0x70, 0);
	store(0x70, 3);
	store(0x20, (uint32_t)PICK(0, 0x10000000, 0x20000000, 0x30000000));
	store(0x24, 1);
	store(0x20, 1);
	store(0x70, 11);
	for (uint32_t q = 0; q < queues; q++) {
		store(0x30, q);
		store(0x38, (uint32_t)PICK(1, 8, 8, 8, 128));
		for (int i = 0; i < 3; i++)
			store(where[i], (uint32_t)(LOW + 0x1000 * q + at[i]));
		store(0x44, 1);
		for (uint32_t i = 0; i < 8; i++) {
			const struct virtio_desc d = {LOW + 0x2000 + 0x200 * i,
						      (uint32_t)PICK(12, 26, 1530, 0x2000),
						      q == 0 ? VIRTIO_DESC_WRITE : 0, 0};
			const uint16_t head = (uint16_t)i;

			put(0, 0x1000 * q + 16 * i, &d, sizeof(d));
			put(0, 0x1000 * q + 0x404 + 2 * i, &head, 2);
		}
	}
	store(0x70, 15);
}

static void check_state(void)
{
	const struct virtio_mmio *v = &virtio_device_now(w.kind->device)->mmio;

	for (uint32_t i = 0; i < VIRTIO_PAIR; i++) {
		const struct virtio_queue *q = virtio_device_queue(w.kind->device, i);

		CHECK(q->num <= VIRTIO_QUEUE_LARGEST && (q->num & (q->num - 1)) == 0);
		CHECK(q->ready <= 1 && (!q->ready || q->num));
		CHECK_EQ(q->done, q->taken); /* one at a time, each answered once */
	}
	CHECK((v->interrupt & ~3u) == 0);
	CHECK_EQ(virtio_device_line(w.kind->device), v->interrupt != 0);
	if (v->status & VIRTIO_DRIVER_OK)
		CHECK(v->status & VIRTIO_FEATURES_OK);
}

/* One turn; how many requests were answered. */
static uint32_t serve(void)
{
	uint32_t done = 0;
	uint16_t before[VIRTIO_PAIR];

	for (uint32_t q = 0; q < VIRTIO_PAIR; q++)
		before[q] = virtio_device_queue(w.kind->device, q)->done;
	w.writes = 0;
	(void)w.kind->serve();
	CHECK(w.writes <= WRITES_MOST);
	for (uint32_t q = 0; q < VIRTIO_PAIR; q++) {
		uint16_t own = (uint16_t)(virtio_device_queue(w.kind->device, q)->done - before[q]);

		CHECK(own <= TURN);
		done += own;
	}
	return done;
}

static void begin(const struct kind *kind)
{
	static const uint64_t gpa[] = {LOW, HIGH, APART}, size[] = {0x4000, 0x1000, 0x1000};

	memset(&w, 0, sizeof(w));
	w.kind = kind;
	w.tx = fresh(kind->ring_bytes);
	w.rx = fresh(kind->ring_bytes);
	/* The rings were in use before: the end of their memory is not far. */
	for (uint32_t i = 0; kind == &net_kind && i < 2; i++) {
		const uint32_t used = (uint32_t)(FRAMES_SLOTS - 3 + test_random() % 4);

		memcpy(i ? w.tx : w.rx, &used, 4);
		memcpy((i ? w.tx : w.rx) + 64, &used, 4);
	}
	w.state = fresh(4096);
	w.flights = fresh(64);
	w.ram.count = 3;
	for (int i = 0; i < 3; i++) {
		w.ram.regions[i].gpa = gpa[i];
		w.ram.regions[i].size = size[i];
		w.ram.regions[i].at = fresh(size[i]);
	}
	start();
}

REACH(console_answered);
REACH(net_answered);

FUZZ(10000, 4096)
{
	const struct kind *kind = once_in(2) ? &console_kind : &net_kind;

	begin(kind);
	while (fuzz_more()) {
		bool live = virtio_mmio_live(&virtio_device_now(kind->device)->mmio);

		if (once_in(live ? 64 : 2))
			set_up();
		w.acts = once_in(2);
		for (uint64_t n = test_random() % 8; n > 0; n--)
			guest_writes();
		for (uint64_t n = test_random() % 4; n > 0; n--)
			peer_writes();
		if (once_in(2))
			peer_is_honest();
		if (once_in(16))
			access_register();
		if (once_in(32))
			start();
		if (serve()) {
			if (kind == &console_kind)
				reached(console_answered);
			else
				reached(net_answered);
		}
		check_state();
	}
}
