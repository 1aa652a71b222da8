/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/drivers/cadence-uart/cadence_driver.c services/lib/ring.c */
/*
 * The driver of Cadence's UART against a model of it, with a wire of finite speed. Whether ISR's
 * bits of FIFO levels are set once when a level is reached, or for as long as it lasts, the manual
 * leaves open: the model does either.
 */
#include <stdlib.h>
#include <string.h>

#include "services/drivers/cadence-uart/cadence_driver.h"
#include "test.h"

#define RING 256u /* 128 bytes of data */
#define FIFO 64u
#define RTRIG (1u << 0)
#define REMPTY (1u << 1)
#define RFUL (1u << 2)
#define TEMPTY (1u << 3)
#define TFUL (1u << 4)
#define LEVELS 0x1fu /* bits that are the same in ISR and SR */
#define ROVR (1u << 5)

struct fifo {
	uint8_t data[FIFO];
	unsigned count;
};

static struct model {
	bool levels; /* ISR's bits come back while their condition holds */
	uint32_t control, mode, enabled, happened, status, watermark;
	struct fifo rx, tx;
	unsigned accesses;
} device;
static uint8_t *tx_memory, *rx_memory;
static struct uart_driver driver;
static struct ring console_tx, console_rx;
static uint8_t sent[60000], seen[sizeof(sent)], typed[60000], got[sizeof(typed)];
static size_t sends, sees, types, gets;
static bool racing; /* the wire goes on while the driver looks */

static void fifo_put(struct fifo *f, uint8_t c)
{
	CHECK(f->count < FIFO);
	f->data[f->count++] = c;
}

static bool fifo_get(struct fifo *f, uint8_t *c)
{
	if (f->count == 0)
		return false;
	*c = f->data[0];
	memmove(f->data, f->data + 1, --f->count);
	return true;
}

/* After each change. */
static void settle(void)
{
	uint32_t status =
	    (device.rx.count >= device.watermark ? RTRIG : 0) |
	    (device.rx.count == 0 ? REMPTY : 0) | (device.rx.count == FIFO ? RFUL : 0) |
	    (device.tx.count == 0 ? TEMPTY : 0) | (device.tx.count == FIFO ? TFUL : 0);

	device.happened |= device.levels ? status : status & ~device.status;
	device.status = status;
}

static bool line(void)
{
	return (device.happened & device.enabled) != 0;
}

static bool on(uint32_t enable, uint32_t disable)
{
	return (device.control & (enable | disable)) == enable;
}

static void wire_brings(uint8_t c)
{
	if (on(1u << 2, 1u << 3)) {
		if (device.rx.count < FIFO)
			fifo_put(&device.rx, c);
		else
			device.happened |= ROVR;
	}
	settle();
}

static bool wire_takes(uint8_t *c)
{
	bool there = on(1u << 4, 1u << 5) && fifo_get(&device.tx, c);

	settle();
	return there;
}

/* As long as the other end sees room. */
static void type(void)
{
	if (types == sizeof(typed) || device.rx.count == FIFO)
		return;
	typed[types++] = (uint8_t)test_random();
	wire_brings(typed[types - 1]);
}

static void see(void)
{
	if (sees < sizeof(seen) && wire_takes(seen + sees))
		sees++;
}

static void race(void)
{
	if (racing && test_random() % 4 == 0)
		type();
	if (racing && test_random() % 4 == 0)
		see();
}

uint32_t uart_get(void *at, uint32_t offset)
{
	uint8_t c = 0;

	CHECK(at == &device);
	device.accesses++;
	race();
	switch (offset) {
	case 0x00:
		return device.control;
	case 0x04:
		return device.mode;
	case 0x10:
		return device.enabled;
	case 0x14:
		return device.happened;
	case 0x2c:
		return device.status;
	case 0x30:
		CHECK(fifo_get(&device.rx, &c)); /* what an empty FIFO gives is no character */
		settle();
		return c;
	default:
		FAIL("a read of register 0x%x", offset);
	}
}

void uart_put(void *at, uint32_t offset, uint32_t value)
{
	CHECK(at == &device);
	device.accesses++;
	race();
	switch (offset) {
	case 0x00:
		CHECK_EQ(value & 3, 0); /* RXRES, TXRES lose what is in the FIFOs */
		device.control = value;
		break;
	case 0x04:
		device.mode = value;
		break;
	case 0x08:
		device.enabled |= value;
		break;
	case 0x0c:
		device.enabled &= ~value;
		break;
	case 0x14:
		device.happened &= ~value;
		break;
	case 0x20:
		device.watermark = value;
		break;
	case 0x30:
		fifo_put(&device.tx, (uint8_t)value); /* a full one would lose it */
		break;
	default:
		FAIL("a write of register 0x%x", offset);
	}
	settle();
}

static uint8_t *memory_new(void)
{
	uint8_t *memory = aligned_alloc(64, RING);

	CHECK(memory);
	test_cleanup(free, memory);
	return memset(memory, 0, RING);
}

/* As after a reset of the hardware: transmitter and receiver off, a watermark of 32. */
static void set_up(bool levels)
{
	tx_memory = memory_new();
	rx_memory = memory_new();
	device = (struct model){.levels = levels, .control = 0x128, .watermark = 32, .mode = 1};
	settle();
	driver = (struct uart_driver){.device = &device};
	CHECK(ring_attach_reader(&driver.tx, tx_memory, RING));
	CHECK(ring_attach_writer(&driver.rx, rx_memory, RING));
	CHECK(ring_attach_writer(&console_tx, tx_memory, RING));
	CHECK(ring_attach_reader(&console_rx, rx_memory, RING));
	cadence_driver_start(&driver);
	(void)cadence_driver_turn(&driver);
}

/* The driver runs when its interrupt is up or the console told it, never otherwise: what it leaves
 * undone then, something still to come must tell it of. */
static void run(bool told)
{
	for (int i = 0; told || line(); i++) {
		CHECK(i < 1000); /* a level that nobody lowers is a storm */
		(void)cadence_driver_turn(&driver);
		told = false;
	}
	CHECK(device.rx.count == 0 || ring_room(&driver.rx) == 0);
	CHECK(device.tx.count > 0 || ring_used(&driver.tx) == 0);
}

static void moves_every_byte(bool levels)
{
	sends = sees = types = gets = 0;
	set_up(levels);
	for (int i = 0; i < 60000; i++) {
		uint8_t bytes[64];
		size_t count = test_random() % sizeof(bytes);

		racing = test_random() % 2 == 0;
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
		case 2:
			while (count-- > 0)
				see();
			run(false);
			break;
		default:
			while (count-- > 0)
				type();
			run(false);
			break;
		}
	}
	racing = false;
	for (int i = 0; i < 100; i++) {
		for (unsigned j = 0; j < FIFO; j++)
			see();
		run(false);
		gets += ring_read(&console_rx, got + gets, sizeof(got) - gets);
		run(ring_room_wanted(&console_rx));
	}
	CHECK(sends > 10000 && types > 10000);
	CHECK_EQ(sees, sends);
	CHECK_EQ(gets, types);
	CHECK_MEMORY(seen, sent, sends);
	CHECK_MEMORY(got, typed, types);
}

TEST(cadence_driver_moves_every_byte_once_in_order)
{
	moves_every_byte(false);
	moves_every_byte(true);
}

TEST(cadence_driver_brings_a_byte_at_once)
{
	uint8_t c = 0;

	for (unsigned i = 0; i < 200; i++) {
		if (i % 100 == 0)
			set_up(i == 100);
		wire_brings((uint8_t)i);
		run(false);
		CHECK_EQ(ring_read(&console_rx, &c, 1), 1);
		CHECK_EQ(c, i);
		run(ring_room_wanted(&console_rx));
	}
}

TEST(cadence_driver_keeps_what_the_fifos_hold_and_firmwares_clock)
{
	uint8_t c = 0;

	set_up(false);
	uart_put(&device, 0x30, 'a'); /* what boot code said last */
	for (unsigned i = 0; i < 3; i++)
		wire_brings((uint8_t)('x' + i));
	cadence_driver_start(&driver);
	(void)cadence_driver_turn(&driver);
	CHECK_EQ(device.mode, 0x21);
	CHECK(wire_takes(&c));
	CHECK_EQ(c, 'a');
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(ring_read(&console_rx, &c, 1), 1);
		CHECK_EQ(c, 'x' + i);
	}
}

static void quiet(bool levels)
{
	uint8_t byte = 'x';
	unsigned before;

	set_up(levels);
	for (int i = 0; i < 200; i++) { /* more than the ring and the FIFO hold */
		wire_brings(byte);
		run(false);
	}
	CHECK(!line());
	CHECK_EQ(ring_used(&console_rx), 128);
	before = device.accesses;
	run(false);
	CHECK_EQ(device.accesses, before);
	CHECK_EQ(ring_read(&console_rx, &byte, 1), 1);
	CHECK(ring_room_wanted(&console_rx)); /* it had asked */
}

TEST(cadence_driver_is_quiet_when_there_is_nothing_to_do)
{
	quiet(false);
	quiet(true);
}

TEST(cadence_driver_ends_its_turn_whatever_the_peer_writes)
{
	set_up(true);
	for (int i = 0; i < 2000; i++) {
		struct ring_shared *s =
		    (struct ring_shared *)(void *)(i % 2 ? tx_memory : rx_memory);

		s->head = (uint32_t)test_random();
		s->tail = (uint32_t)test_random();
		wire_brings('x');
		device.accesses = 0;
		(void)cadence_driver_turn(&driver);
		CHECK(device.accesses < 20000);
	}
}
