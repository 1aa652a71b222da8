/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/state.c services/lib/frames.c */
/*
 * The network device under a driver and a switch that check every frame, with a server that dies
 * after any write that somebody else could see. A death is a jump out of the device; its successor
 * gets the same memory and nothing else. Frames have numbers: each comes once, in order.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static void wrote(void);
#define VIRTIO_WROTE() wrote()
/* Built here, with deaths. NOLINTBEGIN(bugprone-suspicious-include) */
#include "services/lib/virtio/virtio_ring.c"

#include "services/lib/virtio/virtio_device.c"

#include "services/devices/virtio-net/virtio_net.c"
/* NOLINTEND(bugprone-suspicious-include) */
#include "test.h"

#define RAM 0x20000u
#define GPA 0x80000000ull
#define NUM 8u
#define PART 0x10000u /* of memory, for each queue */
#define BUFFER 0x800u

enum { AT_DESC = 0, AT_AVAIL = 0x400, AT_USED = 0x800, AT_DATA = 0x1000 };

static struct world {
	uint8_t *ram, *state, *flights, *out, *in;
	struct virtio_net net;
	struct frames from, to; /* the switch's ends */
	uint64_t sequence;
	struct side {
		uint16_t offered, seen;
		bool posted[NUM];
	} sides[VIRTIO_PAIR];
	uint32_t offered, passed, came, got; /* frames: out, and how many the switch has; in, too */
	int32_t fuse;			     /* visible writes until death; negative: immortal */
	jmp_buf death;
} w;

static void wrote(void)
{
	if (w.fuse > 0 && --w.fuse == 0) {
		w.fuse = -1;
		longjmp(w.death, 1);
	}
}

/* Zeroed, exactly as large, and the same in every round of a test. */
static void *fresh(void *before, size_t bytes)
{
	void *memory = before ? before : aligned_alloc(64, (bytes + 63) & ~(size_t)63);

	CHECK(memory);
	if (!before)
		test_cleanup(free, memory);
	return memset(memory, 0, bytes);
}

/* The first set-up of a test; later ones reuse its memory. */
static void begin_test(void)
{
	w.ram = w.state = w.flights = w.out = w.in = NULL;
}

/* Frame n of a direction: its length and each byte follow from the number. */
static uint32_t length_of(uint32_t n)
{
	return FRAME_LEAST + n * 389 % (FRAME_LARGEST - FRAME_LEAST + 1);
}

static uint8_t byte_of(uint32_t n, uint32_t i)
{
	return (uint8_t)(n * 31 + i * 7);
}

static void check_frame(const uint8_t *frame, uint32_t length, uint32_t n)
{
	CHECK_EQ(length, length_of(n));
	for (uint32_t i = 0; i < length; i++)
		CHECK_EQ(frame[i], byte_of(n, i));
}

static void start_server(void)
{
	bool new;

	memset(&w.net, 0xa5, sizeof(w.net)); /* a successor knows nothing */
	w.net.tell = false;
	w.net.address = 0x020000000001;
	memset(w.net.config, 0, sizeof(w.net.config));
	CHECK(frames_attach_writer(&w.net.tx, w.out, FRAMES_BYTES));
	CHECK(frames_attach_reader(&w.net.rx, w.in, FRAMES_BYTES));
	virtio_net_describe(&w.net);
	w.net.device.flights = (void *)w.flights;
	w.net.device.ram = (struct virtio_ram){1, {{GPA, RAM, w.ram}}};
	CHECK(state_open(&w.net.device.state, w.state, 4096, sizeof(struct virtio_net_state), 1,
			 &new));
}

/* One life: begins, resumes and serves; false if it ended in death. */
static bool live(void)
{
	start_server();
	if (setjmp(w.death))
		return false;
	virtio_net_begin(&w.net);
	virtio_device_resume(&w.net.device);
	for (int turns = 0; virtio_net_serve(&w.net, 2); turns++)
		CHECK(turns < 1000);
	return true;
}

static void store(uint64_t offset, uint32_t value)
{
	const struct virtio_access a = {
	    .offset = offset, .value = value, .width = 4, .write = true};
	uint64_t result;
	uint32_t action;

	(void)virtio_device_access(&w.net.device, ++w.sequence, &a, &result, &action);
	CHECK_EQ(action, EXIT_ACTION_ADVANCE);
}

static void put(uint32_t at, const void *value, size_t bytes)
{
	memcpy(w.ram + at, value, bytes);
}

static uint16_t get_u16(uint32_t at)
{
	uint16_t value;

	memcpy(&value, w.ram + at, sizeof(value));
	return value;
}

static void setup(void)
{
	static const uint32_t where[] = {0x80, 0x90, 0xa0}, at[] = {AT_DESC, AT_AVAIL, AT_USED};
	const struct world old = w;

	w = (struct world){.fuse = -1};
	w.ram = fresh(old.ram, RAM);
	w.state = fresh(old.state, 4096);
	w.flights = fresh(old.flights, 64);
	w.out = fresh(old.out, FRAMES_BYTES);
	w.in = fresh(old.in, FRAMES_BYTES);
	CHECK(frames_attach_reader(&w.from, w.out, FRAMES_BYTES));
	CHECK(frames_attach_writer(&w.to, w.in, FRAMES_BYTES));
	CHECK(live());
	store(0x70, 3);
	store(0x20, 0x20010020);
	store(0x24, 1);
	store(0x20, 1);
	store(0x70, 11);
	for (uint32_t q = 0; q < VIRTIO_PAIR; q++) {
		store(0x30, q);
		store(0x38, NUM);
		for (int i = 0; i < 3; i++) {
			store(where[i], (uint32_t)(GPA + q * PART + at[i]));
			store(where[i] + 4, 0);
		}
		store(0x44, 1);
	}
	store(0x70, 15);
}

/* Offers buffer i of a queue; output holds the next frame. */
static void post(uint32_t q, uint32_t i)
{
	struct side *s = &w.sides[q];
	const uint32_t data = q * PART + AT_DATA + BUFFER * i;
	const uint32_t bytes =
	    HEADER + (q == VIRTIO_TRANSMIT ? length_of(w.offered) : FRAME_LARGEST);
	const struct virtio_desc d = {GPA + data, bytes,
				      q == VIRTIO_RECEIVE ? VIRTIO_DESC_WRITE : 0, 0};
	const uint16_t head = (uint16_t)i;

	s->posted[i] = true;
	for (uint32_t j = HEADER; q == VIRTIO_TRANSMIT && j < bytes; j++)
		w.ram[data + j] = byte_of(w.offered, j - HEADER);
	w.offered += q == VIRTIO_TRANSMIT;
	put(q * PART + 16 * i, &d, sizeof(d));
	put(q * PART + AT_AVAIL + 4 + 2 * (s->offered % NUM), &head, 2);
	s->offered++;
	put(q * PART + AT_AVAIL + 2, &s->offered, 2);
}

/* Takes the answers that are there; each must be of a request that waits for one. */
static void consume(uint32_t q)
{
	static const uint8_t header[HEADER] = {[VIRTIO_NET_NUM_BUFFERS] = 1};
	struct side *s = &w.sides[q];
	const uint32_t used = q * PART + AT_USED;

	while (s->seen != get_u16(used + 2)) {
		uint32_t entry[2];
		uint8_t *data;

		memcpy(entry, w.ram + used + 4 + 8 * (s->seen % NUM), 8);
		CHECK(entry[0] < NUM && s->posted[entry[0]]);
		data = w.ram + q * PART + AT_DATA + BUFFER * entry[0];
		if (q == VIRTIO_RECEIVE) {
			CHECK_MEMORY(data, header, HEADER);
			check_frame(data + HEADER, entry[1] - HEADER, w.got++);
		} else {
			CHECK_EQ(entry[1], 0);
		}
		/* The buffer is the driver's again: whoever still uses it gets this. */
		memset(data, 0x99, BUFFER);
		s->posted[entry[0]] = false;
		s->seen++;
		put(q * PART + AT_AVAIL + 4 + 2 * NUM, &s->seen, 2); /* used_event: the next one */
	}
}

/* The switch takes frames, and sends some. */
static void pass(uint32_t most)
{
	for (uint32_t length; most > 0 && frames_used(&w.from) != 0; most--) {
		const uint8_t *frame = frames_first(&w.from, &length);

		check_frame(frame, length, w.passed++);
		frames_skip(&w.from, 1);
	}
}

static void come(uint32_t count)
{
	for (; count > 0 && frames_room(&w.to) != 0; count--) {
		for (uint32_t i = 0; i < length_of(w.came); i++)
			frames_place(&w.to)[i] = byte_of(w.came, i);
		frames_publish(&w.to, length_of(w.came++));
	}
}

/* What driver and switch do while the server is at work or dead. */
static void drive(void)
{
	for (uint32_t q = 0; q < VIRTIO_PAIR; q++) {
		if (test_random() % 2)
			consume(q);
		for (uint32_t i = 0; i < NUM; i++)
			if (!w.sides[q].posted[i] && test_random() % 4 == 0)
				post(q, i);
	}
	if (test_random() % 4 == 0)
		pass((uint32_t)(test_random() % 10));
	if (test_random() % 2)
		come((uint32_t)(test_random() % 4));
}

static void drain(void)
{
	const struct side *output = &w.sides[VIRTIO_TRANSMIT];

	for (int turns = 0; output->seen != output->offered || w.got != w.came; turns++) {
		CHECK(turns < 100);
		pass(FRAMES_SLOTS);
		CHECK(live());
		for (uint32_t q = 0; q < VIRTIO_PAIR; q++)
			consume(q);
		for (uint32_t i = 0; i < NUM && w.got != w.came; i++)
			if (!w.sides[VIRTIO_RECEIVE].posted[i])
				post(VIRTIO_RECEIVE, i);
	}
	pass(FRAMES_SLOTS);
	CHECK_EQ(w.passed, w.offered);
}

TEST(virtio_net_survives_death_at_every_step)
{
	int32_t step = 0;
	bool died = true;

	begin_test();
	while (died) {
		setup();
		for (uint32_t q = 0; q < VIRTIO_PAIR; q++)
			for (uint32_t i = 0; i < 2; i++)
				post(q, i);
		come(3);
		w.fuse = ++step;
		died = !live();
		if (died && step % 2)
			drive();
		w.fuse = -1;
		CHECK(live());
		/* What the driver has not seen yet it is told of. */
		for (uint32_t q = 0; q < VIRTIO_PAIR; q++)
			if (w.sides[q].seen != get_u16(q * PART + AT_USED + 2))
				CHECK(virtio_device_line(&w.net.device));
		drain();
	}
	CHECK(step > 30);
}

TEST(virtio_net_survives_deaths_at_random)
{
	const unsigned rounds = test_rounds(6000);

	begin_test();
	setup();
	for (unsigned i = 0; i < rounds; i++) {
		drive();
		w.fuse = (int32_t)(test_random() % 40);
		if (!live()) {
			drive();
			w.fuse = -1;
			CHECK(live());
		}
		w.fuse = -1;
		/* No request is to see more deaths than it is allowed. */
		if (i % 2)
			drain();
	}
	drain();
	CHECK(w.got > rounds && w.passed > rounds);
}

/* The frame is lost, its buffer is not. */
TEST(virtio_net_gives_up_on_a_frame_that_kills_its_servers)
{
	begin_test();
	setup();
	post(VIRTIO_TRANSMIT, 0);
	for (uint32_t i = 0; i < VIRTIO_TRIES; i++) {
		w.fuse = 3; /* after begin's commit and the flight record, before the ring */
		CHECK(!live());
		CHECK_EQ(get_u16(PART + AT_USED + 2), 0);
	}
	CHECK(live());
	CHECK_EQ(get_u16(PART + AT_USED + 2), 1);
	CHECK_EQ(frames_used(&w.from), 0);
	w.passed = 1;
	post(VIRTIO_TRANSMIT, 1);
	drain();
}
