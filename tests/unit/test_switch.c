/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/frames.c services/switch/switch.c */
/*
 * A switch whose ports send anything, and write anything into their rings: who gets what, and what
 * nobody can do to others. Each frame carries its sender and a number; a second reader of the rules
 * says whether a port may have got it.
 */
#include <stdlib.h>
#include <string.h>

#include "services/lib/frames.h"
#include "services/switch/switch.h"
#include "test.h"

#define PORTS 4u
#define OWN(i) (0x020000000001ull + (i))
#define ALL 0xffffffffffffull
#define BYTES 40u

static struct {
	struct lan_switch lan;
	uint8_t *memory[PORTS][2]; /* of a port's device: its output, its input */
	struct frames out[PORTS], in[PORTS];
	uint32_t sent[PORTS];
} w;

static void *fresh(size_t bytes)
{
	void *memory = aligned_alloc(64, bytes);

	CHECK(memory);
	test_cleanup(free, memory);
	return memset(memory, 0, bytes);
}

/* The switch's process, the first or a later one. */
static void start(uint32_t ports)
{
	memset(&w.lan, 0, sizeof(w.lan));
	for (uint32_t i = 0; i < ports; i++) {
		struct frames from, to;

		CHECK(frames_attach_reader(&from, w.memory[i][0], FRAMES_BYTES));
		CHECK(frames_attach_writer(&to, w.memory[i][1], FRAMES_BYTES));
		switch_add(&w.lan, &from, &to, OWN(i));
	}
}

static void set_up(uint32_t ports)
{
	memset(&w, 0, sizeof(w));
	for (uint32_t i = 0; i < ports; i++) {
		for (int j = 0; j < 2; j++)
			w.memory[i][j] = fresh(FRAMES_BYTES);
		CHECK(frames_attach_writer(&w.out[i], w.memory[i][0], FRAMES_BYTES));
		CHECK(frames_attach_reader(&w.in[i], w.memory[i][1], FRAMES_BYTES));
	}
	start(ports);
}

static void put_address(uint8_t *at, uint64_t address)
{
	for (uint32_t i = 0; i < 6; i++)
		at[i] = (uint8_t)(address >> (40 - 8 * i));
}

static uint64_t get_address(const uint8_t *at)
{
	uint64_t address = 0;

	for (uint32_t i = 0; i < 6; i++)
		address = address << 8 | at[i];
	return address;
}

static bool send(uint32_t port, uint64_t to, uint64_t from)
{
	uint8_t *frame = frames_place(&w.out[port]);

	if (frames_room(&w.out[port]) == 0)
		return false;
	put_address(frame, to);
	put_address(frame + 6, from);
	memset(frame + 12, (int)port, BYTES - 16);
	memcpy(frame + BYTES - 4, &w.sent[port], 4);
	w.sent[port]++;
	frames_publish(&w.out[port], BYTES);
	return true;
}

/* The next frame of a port's input: its sender, or -1; it must be one that the port may get. */
static int receive(uint32_t port)
{
	const uint8_t *frame;
	uint32_t length, sender;

	if (frames_used(&w.in[port]) == 0)
		return -1;
	frame = frames_first(&w.in[port], &length);
	CHECK_EQ(length, BYTES);
	sender = frame[12];
	CHECK(sender < PORTS && sender != port);
	for (uint32_t i = 0; i < PORTS; i++) {
		/* Nobody gets what is another's, or comes in another's name. */
		if (i != port)
			CHECK(get_address(frame) != OWN(i));
		if (i != sender)
			CHECK(get_address(frame + 6) != OWN(i));
	}
	frames_skip(&w.in[port], 1);
	return (int)sender;
}

static void serve_all(void)
{
	for (int turns = 0; switch_serve(&w.lan); turns++)
		CHECK(turns < 100);
}

TEST(switch_each_frame_comes_once_and_in_order)
{
	uint32_t expected[PORTS][PORTS] = {{0}};

	set_up(PORTS);
	for (int i = 0; i < 20000; i++) {
		uint32_t from = (uint32_t)(test_random() % PORTS);
		uint32_t to = (uint32_t)(test_random() % PORTS);

		/* Numbers count for each pair. */
		w.sent[from] = expected[from][to];
		if (from == to || !send(from, OWN(to), OWN(from)))
			continue;
		expected[from][to]++;
		if (test_random() % 8)
			continue;
		serve_all();
		for (uint32_t port = 0; port < PORTS; port++) {
			static uint32_t seen[PORTS][PORTS];
			const uint8_t *frame;
			uint32_t length, number;

			while (frames_used(&w.in[port]) != 0) {
				frame = frames_first(&w.in[port], &length);
				memcpy(&number, frame + BYTES - 4, 4);
				CHECK_EQ(number, seen[frame[12]][port]);
				seen[frame[12]][port]++;
				CHECK(receive(port) >= 0);
			}
		}
	}
	CHECK_EQ(w.lan.dropped, 0);
}

/* However much one sends, to one or to all, another's frames find room with who reads. */
TEST(switch_a_flood_takes_no_room_of_others)
{
	unsigned got = 0, flood = 0;

	set_up(PORTS);
	for (int round = 0; round < 2000; round++) {
		while (send(0, test_random() % 2 ? ALL : OWN(2), OWN(0)))
			;
		if (round % 4 == 0)
			CHECK(send(1, OWN(2), OWN(1)));
		(void)switch_serve(&w.lan);
		/* Port 2 reads slower than port 0 sends; port 3 never does. */
		for (int i = 0; i < 3; i++) {
			int sender = receive(2);

			got += sender == 1;
			flood += sender == 0;
		}
	}
	for (int sender = receive(2); sender >= 0; sender = receive(2))
		got += sender == 1;
	CHECK_EQ(got, 500);
	CHECK(flood > 4000);
}

/* A turn is bounded: of each port a few frames, to each other port. */
TEST(switch_a_turn_is_bounded)
{
	uint32_t before[PORTS];

	set_up(PORTS);
	for (uint32_t i = 0; i < PORTS; i++)
		while (send(i, ALL, OWN(i)))
			;
	for (uint32_t i = 0; i < PORTS; i++)
		before[i] = w.lan.ports[i].from.own;
	CHECK(switch_serve(&w.lan));
	for (uint32_t i = 0; i < PORTS; i++)
		CHECK_EQ(w.lan.ports[i].from.own - before[i], SWITCH_TURN);
}

static uint64_t any_address(void)
{
	switch (test_random() % 4) {
	case 0:
		return OWN(test_random() % PORTS);
	case 1:
		return 0x020000000100ull + test_random() % 40; /* behind somebody */
	case 2:
		return test_random() % 2 ? ALL : 0;
	default:
		return test_random() & ALL;
	}
}

/* What a port's device may write: anything, anywhere in its two rings. */
static void wild(uint32_t port)
{
	uint8_t *ring = w.memory[port][test_random() % 2];
	uint32_t at = (uint32_t)(test_random() % 2 ? 64 * (test_random() % 2)
						   : test_random() % (FRAMES_BYTES - 4)) &
		      ~3u;
	uint32_t value = (uint32_t)test_random();

	if (test_random() % 2) {
		memcpy(&value, ring + at, 4);
		value += (uint32_t)(test_random() % 66);
	}
	memcpy(ring + at, &value, 4);
}

static void check_shares(void)
{
	for (uint32_t i = 0; i < w.lan.count; i++) {
		const struct switch_port *p = &w.lan.ports[i];
		uint32_t held = 0;

		CHECK(p->to.own - p->first <= FRAMES_SLOTS);
		for (uint32_t j = 0; j < PORTS; j++) {
			CHECK(p->held[j] <= FRAMES_SLOTS / (PORTS - 1));
			held += p->held[j];
		}
		CHECK(held <= FRAMES_SLOTS);
		for (uint32_t j = 0; j < SWITCH_LEARNED; j++)
			for (uint32_t k = 0; k < PORTS; k++)
				CHECK(p->learned[j] != OWN(k));
	}
}

/* Port 0 is wild, port 1 sends to 2 and nobody else: all of it arrives, whatever port 0 does. */
TEST(switch_a_wild_port_hurts_itself_alone)
{
	const unsigned rounds = test_rounds(60000);
	unsigned sent = 0, got = 0;

	set_up(PORTS);
	for (unsigned i = 0; i < rounds; i++) {
		for (uint64_t n = test_random() % 4; n > 0; n--)
			wild(0);
		if (test_random() % 2)
			(void)send(0, any_address(), any_address());
		if (test_random() % 8 == 0)
			(void)send(3, any_address(), any_address());
		if (test_random() % 4 == 0)
			sent += send(1, OWN(2), OWN(1));
		(void)switch_serve(&w.lan);
		check_shares();
		for (uint32_t length = 0; frames_used(&w.in[2]) != 0; frames_skip(&w.in[2], 1)) {
			const uint8_t *frame = frames_first(&w.in[2], &length);

			CHECK(length >= FRAME_LEAST && length <= FRAME_LARGEST);
			CHECK(get_address(frame + 6) != OWN(2));
			got += get_address(frame + 6) == OWN(1);
		}
		if (i % 1024 == 0)
			start(PORTS); /* a successor */
	}
	CHECK_EQ(got, sent);
	CHECK(sent > rounds / 8);
}
