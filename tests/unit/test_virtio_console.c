/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/state.c services/lib/ring.c */
/*
 * The console device under a driver and a console that check every byte, with a server that dies
 * after any write that somebody else could see. A death is a jump out of the device; its successor
 * gets the same memory and nothing else.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static void wrote(void);
#define VIRTIO_WROTE() wrote()
/* Built here, with deaths. NOLINTBEGIN(bugprone-suspicious-include) */
#include "services/lib/virtio/virtio_ring.c"

#include "services/lib/virtio/virtio_device.c"

#include "services/devices/virtio-console/virtio_console.c"
/* NOLINTEND(bugprone-suspicious-include) */
#include "test.h"

#define RAM 0x20000u
#define GPA 0x80000000ull
#define NUM 8u
#define PART 0x10000u /* of memory, for each queue */
#define RING 1024u    /* bytes of a ring's memory: 512 fit */
#define LONGEST 700u

enum { AT_DESC = 0, AT_AVAIL = 0x400, AT_USED = 0x800, AT_DATA = 0x1000 };

static struct world {
	uint8_t *ram, *state, *flights, *out, *in;
	struct virtio_console console;
	struct ring from, to; /* the console's ends */
	uint64_t sequence;
	struct side {
		uint16_t offered, seen;
		bool posted[NUM];
		uint32_t length[NUM];
	} sides[VIRTIO_PAIR];
	/* Byte n of each stream is a function of n: counts are enough to check them. */
	uint32_t offered, printed, typed, got;
	unsigned answers;
	int32_t fuse; /* visible writes until death; negative: immortal */
	jmp_buf death;
} w;

static void wrote(void)
{
	if (w.fuse > 0 && --w.fuse == 0) {
		w.fuse = -1;
		longjmp(w.death, 1);
	}
}

static uint8_t byte_of(uint32_t n)
{
	return (uint8_t)(n * 167 + (n >> 8) * 13);
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

static void start_server(void)
{
	bool new;

	memset(&w.console, 0xa5, sizeof(w.console)); /* a successor knows nothing */
	w.console.tell = false;
	w.console.wired = true;
	CHECK(ring_attach_writer(&w.console.tx, w.out, RING));
	CHECK(ring_attach_reader(&w.console.rx, w.in, RING));
	virtio_console_describe(&w.console);
	w.console.device.flights = (void *)w.flights;
	w.console.device.ram = (struct virtio_ram){1, {{GPA, RAM, w.ram}}};
	CHECK(state_open(&w.console.device.state, w.state, 4096,
			 sizeof(struct virtio_console_state), 1, &new));
}

/* One life: begins, resumes and serves; false if it ended in death. */
static bool live(void)
{
	start_server();
	if (setjmp(w.death))
		return false;
	virtio_console_begin(&w.console);
	virtio_device_resume(&w.console.device);
	for (int turns = 0; virtio_console_serve(&w.console, 2); turns++)
		CHECK(turns < 1000);
	return true;
}

static void store(uint64_t offset, uint32_t value)
{
	const struct virtio_access a = {
	    .offset = offset, .value = value, .width = 4, .write = true};
	uint64_t result;
	uint32_t action;

	(void)virtio_device_access(&w.console.device, ++w.sequence, &a, &result, &action);
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
	w.out = fresh(old.out, RING);
	w.in = fresh(old.in, RING);
	CHECK(ring_attach_reader(&w.from, w.out, RING) && ring_attach_writer(&w.to, w.in, RING));
	CHECK(live());
	store(0x70, 3);
	store(0x20, 0x20000000);
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

/* Offers descriptor i of a queue; output holds the next bytes of its stream. */
static void post(uint32_t q, uint32_t i)
{
	struct side *s = &w.sides[q];
	const uint32_t data = q * PART + AT_DATA + 0x400 * i;
	const uint32_t length = (uint32_t)(test_random() % (LONGEST + 1));
	const struct virtio_desc d = {GPA + data, length,
				      q == VIRTIO_RECEIVE ? VIRTIO_DESC_WRITE : 0, 0};
	const uint16_t head = (uint16_t)i;

	s->posted[i] = true;
	s->length[i] = length;
	for (uint32_t j = 0; q == VIRTIO_TRANSMIT && j < length; j++)
		w.ram[data + j] = byte_of(w.offered++);
	put(q * PART + 16 * i, &d, sizeof(d));
	put(q * PART + AT_AVAIL + 4 + 2 * (s->offered % NUM), &head, 2);
	s->offered++;
	put(q * PART + AT_AVAIL + 2, &s->offered, 2);
}

/* Takes the answers that are there; each must be of a request that waits for one. */
static void consume(uint32_t q)
{
	struct side *s = &w.sides[q];
	const uint32_t used = q * PART + AT_USED;

	while (s->seen != get_u16(used + 2)) {
		uint32_t entry[2];
		uint8_t *data;

		memcpy(entry, w.ram + used + 4 + 8 * (s->seen % NUM), 8);
		CHECK(entry[0] < NUM && s->posted[entry[0]]);
		data = w.ram + q * PART + AT_DATA + 0x400 * entry[0];
		CHECK(entry[1] <= (q == VIRTIO_RECEIVE ? s->length[entry[0]] : 0));
		for (uint32_t i = 0; i < entry[1]; i++)
			CHECK_EQ(data[i], byte_of(w.got++));
		/* The buffer is the driver's again: whoever still uses it gets this. */
		memset(data, 0x99, 0x400);
		s->posted[entry[0]] = false;
		s->seen++;
		w.answers++;
		put(q * PART + AT_AVAIL + 4 + 2 * NUM, &s->seen, 2); /* used_event: the next one */
	}
}

static void print(uint32_t most)
{
	uint8_t bytes[RING];
	size_t count = ring_read(&w.from, bytes, most < RING ? most : RING);

	for (size_t i = 0; i < count; i++)
		CHECK_EQ(bytes[i], byte_of(w.printed++));
	(void)ring_room_wanted(&w.from);
}

static void type(uint32_t count)
{
	for (; count > 0; count--) {
		uint8_t c = byte_of(w.typed);

		w.typed += (uint32_t)ring_write(&w.to, &c, 1);
	}
	(void)ring_data_wanted(&w.to);
}

/* What driver and console do while the server is at work or dead. */
static void drive(void)
{
	for (uint32_t q = 0; q < VIRTIO_PAIR; q++) {
		if (test_random() % 2)
			consume(q);
		for (uint32_t i = 0; i < NUM; i++)
			if (!w.sides[q].posted[i] && test_random() % 4 == 0)
				post(q, i);
	}
	if (test_random() % 2)
		print((uint32_t)(test_random() % 600));
	if (test_random() % 2)
		type((uint32_t)(test_random() % 300));
}

/* Serves until nothing is left to do: all that was offered is printed, all that was typed is got.
 */
static void drain(void)
{
	const struct side *output = &w.sides[VIRTIO_TRANSMIT];

	for (int turns = 0;
	     w.printed != w.offered || w.got != w.typed || output->seen != output->offered;
	     turns++) {
		CHECK(turns < 100);
		print(RING);
		CHECK(live());
		for (uint32_t q = 0; q < VIRTIO_PAIR; q++)
			consume(q);
		print(RING);
		for (uint32_t i = 0; i < NUM && w.got != w.typed; i++)
			if (!w.sides[VIRTIO_RECEIVE].posted[i])
				post(VIRTIO_RECEIVE, i);
	}
}

TEST(virtio_console_survives_death_at_every_step)
{
	int32_t step = 0;
	bool died = true;

	begin_test();
	while (died) {
		setup();
		for (uint32_t q = 0; q < VIRTIO_PAIR; q++)
			for (uint32_t i = 0; i < 3; i++)
				post(q, i);
		type(300);
		w.fuse = ++step;
		died = !live();
		if (died && step % 2)
			drive();
		w.fuse = -1;
		CHECK(live());
		/* What the driver has not seen yet it is told of. */
		for (uint32_t q = 0; q < VIRTIO_PAIR; q++)
			if (w.sides[q].seen != get_u16(q * PART + AT_USED + 2))
				CHECK(virtio_device_line(&w.console.device));
		drain();
	}
	CHECK(step > 20);
}

TEST(virtio_console_survives_deaths_at_random)
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
	CHECK(w.answers > rounds && w.got > rounds && w.printed > rounds);
}

TEST(virtio_console_gives_up_on_output_that_kills_its_servers)
{
	begin_test();
	setup();
	do {
		w.sides[VIRTIO_TRANSMIT].offered = 0;
		w.offered = 0;
		post(VIRTIO_TRANSMIT, 0);
	} while (w.sides[VIRTIO_TRANSMIT].length[0] == 0);
	for (uint32_t i = 0; i < VIRTIO_TRIES; i++) {
		w.fuse = 3; /* after begin's commit and the flight record, before the ring */
		CHECK(!live());
		CHECK_EQ(get_u16(PART + AT_USED + 2), 0);
	}
	CHECK(live());
	CHECK_EQ(get_u16(PART + AT_USED + 2), 1);
	CHECK_EQ(ring_used(&w.from), 0);
}
