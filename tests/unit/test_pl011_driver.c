/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/drivers/pl011/pl011_driver.c services/lib/ring.c */
/* The driver of the host's PL011 against the model of the same device, with a wire of finite speed.
 */
#include <stdlib.h>
#include <string.h>

#include "services/devices/pl011/pl011.h"
#include "services/drivers/pl011/pl011_driver.h"
#include "test.h"

#define RING 256u /* 128 bytes of data */

static struct pl011 device;
static uint8_t *tx_memory, *rx_memory;
static struct uart_driver driver;
static struct ring console_tx, console_rx;
static unsigned accesses;

uint32_t uart_get(void *at, uint32_t offset)
{
	const struct pl011_access a = {.offset = offset, .width = 4};
	uint32_t value;

	CHECK(at == &device);
	CHECK(pl011_access(&device, &a, &value));
	accesses++;
	return value;
}

void uart_put(void *at, uint32_t offset, uint32_t value)
{
	const struct pl011_access a = {.offset = offset, .value = value, .width = 4, .write = true};
	uint32_t unused;

	CHECK(at == &device);
	CHECK(pl011_access(&device, &a, &unused));
	accesses++;
}

static uint8_t *memory_new(void)
{
	uint8_t *memory = aligned_alloc(64, RING);

	CHECK(memory);
	test_cleanup(free, memory);
	return memset(memory, 0, RING);
}

static void set_up(void)
{
	tx_memory = memory_new();
	rx_memory = memory_new();
	pl011_reset(&device);
	driver = (struct uart_driver){.device = &device};
	CHECK(ring_attach_reader(&driver.tx, tx_memory, RING));
	CHECK(ring_attach_writer(&driver.rx, rx_memory, RING));
	CHECK(ring_attach_writer(&console_tx, tx_memory, RING));
	CHECK(ring_attach_reader(&console_rx, rx_memory, RING));
	pl011_driver_start(&driver);
	(void)pl011_driver_turn(&driver);
}

/* The driver runs when its interrupt is up or the console told it, never otherwise. */
static void run(bool told)
{
	for (int i = 0; told || pl011_line(&device); i++) {
		CHECK(i < 100); /* a level that nobody lowers is a storm */
		(void)pl011_driver_turn(&driver);
		told = false;
	}
}

TEST(pl011_driver_moves_every_byte_once_in_order)
{
	static uint8_t sent[60000], seen[sizeof(sent)], typed[60000], got[sizeof(typed)];
	size_t sends = 0, sees = 0, types = 0, gets = 0;

	set_up();
	for (int i = 0; i < 60000; i++) {
		uint8_t bytes[64], c;
		size_t count = test_random() % sizeof(bytes);

		switch (test_random() % 4) {
		case 0: /* the console writes */
			for (size_t j = 0; j < count; j++)
				bytes[j] = (uint8_t)test_random();
			if (sends + count > sizeof(sent))
				break;
			count = ring_write(&console_tx, bytes, count);
			memcpy(sent + sends, bytes, count);
			sends += count;
			run(ring_data_wanted(&console_tx));
			break;
		case 1: /* the console reads */
			if (gets + count > sizeof(got))
				break;
			gets += ring_read(&console_rx, got + gets, count);
			run(ring_room_wanted(&console_rx));
			break;
		case 2: /* the wire takes some */
			while (count-- > 0 && sees < sizeof(seen) && pl011_transmit(&device, &c))
				seen[sees++] = c;
			run(false);
			break;
		default: /* the wire brings some, as long as the other end heeds RTS */
			while (count-- > 0 && types < sizeof(typed) &&
			       pl011_receive_room(&device) > 0) {
				typed[types++] = (uint8_t)test_random();
				pl011_receive(&device, typed[types - 1]);
			}
			pl011_silence(&device);
			run(false);
			break;
		}
	}
	for (int i = 0; i < 100; i++) {
		while (sees < sizeof(seen) && pl011_transmit(&device, seen + sees))
			sees++;
		gets += ring_read(&console_rx, got + gets, sizeof(got) - gets);
		run(ring_room_wanted(&console_rx));
	}
	CHECK(sends > 10000 && types > 10000);
	CHECK_EQ(sees, sends);
	CHECK_EQ(gets, types);
	CHECK_MEMORY(seen, sent, sends);
	CHECK_MEMORY(got, typed, types);
}

TEST(pl011_driver_is_quiet_when_there_is_nothing_to_do)
{
	uint8_t byte = 'x';
	unsigned before;

	set_up();
	for (int i = 0; i < 200; i++) { /* more than the ring and the FIFO hold */
		pl011_receive(&device, byte);
		pl011_silence(&device);
		run(false);
	}
	CHECK(!pl011_line(&device));
	CHECK_EQ(ring_used(&console_rx), 128);
	before = accesses;
	run(false);
	CHECK_EQ(accesses, before);
	CHECK_EQ(ring_read(&console_rx, &byte, 1), 1);
	CHECK(ring_room_wanted(&console_rx)); /* it had asked */
}

TEST(pl011_driver_ends_its_turn_whatever_the_peer_writes)
{
	set_up();
	for (int i = 0; i < 2000; i++) {
		struct ring_shared *s =
		    (struct ring_shared *)(void *)(i % 2 ? tx_memory : rx_memory);

		s->head = (uint32_t)test_random();
		s->tail = (uint32_t)test_random();
		pl011_receive(&device, 'x');
		accesses = 0;
		(void)pl011_driver_turn(&driver);
		CHECK(accesses < 20000);
	}
}
