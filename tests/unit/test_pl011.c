/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PL011 against a second one, written from the manual (DDI 0183G) in the most literal way:
 * FIFOs as arrays that are shifted, interrupts as separate conditions.
 */
#include <string.h>

#include "services/devices/pl011/pl011.h"
#include "test.h"

struct reference {
	uint8_t tx[32], rx[32];
	unsigned tx_count, rx_count;
	unsigned cr, lcrh, ifls, imsc, ris, overrun;
};

static unsigned reference_depth(const struct reference *r)
{
	return r->lcrh & 0x10 ? 32 : 1;
}

static unsigned reference_level(unsigned select)
{
	switch (select) {
	case 0:
		return 32 / 8;
	case 1:
		return 32 / 4;
	case 2:
		return 32 / 2;
	case 3:
		return 32 * 3 / 4;
	default:
		return 32 * 7 / 8;
	}
}

static unsigned reference_flags(const struct reference *r)
{
	unsigned fr = 0x7; /* CTS, DSR, DCD of a connected peer */

	if (r->tx_count > 0)
		fr |= 0x08;
	if (r->rx_count == 0)
		fr |= 0x10;
	if (r->tx_count == reference_depth(r))
		fr |= 0x20;
	if (r->rx_count == reference_depth(r))
		fr |= 0x40;
	if (r->tx_count == 0)
		fr |= 0x80;
	return fr;
}

static void reference_write_data(struct reference *r, uint8_t c)
{
	unsigned mark = r->lcrh & 0x10 ? reference_level(r->ifls & 7) : 0;

	if (r->tx_count == reference_depth(r))
		return;
	r->tx[r->tx_count++] = c;
	if (r->tx_count > mark)
		r->ris &= ~0x20u;
}

static unsigned reference_read_data(struct reference *r)
{
	unsigned mark = r->lcrh & 0x10 ? reference_level(r->ifls >> 3 & 7) : 1;
	unsigned value;

	if (r->rx_count == 0)
		return 0;
	value = r->rx[0] | r->overrun << 11;
	memmove(r->rx, r->rx + 1, 31);
	r->rx_count--;
	if (r->rx_count < mark)
		r->ris &= ~0x10u;
	if (r->rx_count == 0)
		r->ris &= ~0x40u;
	return value;
}

static void reference_receive(struct reference *r, uint8_t c)
{
	unsigned mark = r->lcrh & 0x10 ? reference_level(r->ifls >> 3 & 7) : 1;

	if ((r->cr & 0x201) != 0x201)
		return;
	if (r->rx_count == reference_depth(r)) {
		r->overrun = 1;
		r->ris |= 0x400;
		return;
	}
	r->rx[r->rx_count++] = c;
	if (r->rx_count >= mark)
		r->ris |= 0x10;
}

static int reference_transmit(struct reference *r)
{
	unsigned mark = r->lcrh & 0x10 ? reference_level(r->ifls & 7) : 0;
	int c;

	if ((r->cr & 0x101) != 0x101 || r->tx_count == 0)
		return -1;
	c = r->tx[0];
	memmove(r->tx, r->tx + 1, 31);
	if (--r->tx_count <= mark)
		r->ris |= 0x20;
	return c;
}

static void reference_write(struct reference *r, unsigned offset, unsigned value)
{
	switch (offset) {
	case 0x00:
		reference_write_data(r, (uint8_t)value);
		break;
	case 0x04:
		r->overrun = 0;
		break;
	case 0x2c:
		if ((r->lcrh ^ value) & 0x10) {
			r->tx_count = r->rx_count = 0;
			r->ris &= ~0x50u;
		}
		r->lcrh = value & 0xff;
		break;
	case 0x30:
		r->cr = value & 0xff87;
		break;
	case 0x34:
		r->ifls = value & 0x3f;
		break;
	case 0x38:
		r->imsc = value & 0x7ff;
		break;
	case 0x44:
		r->ris &= ~value;
		break;
	default:
		break;
	}
}

static uint32_t load(struct pl011 *s, uint64_t offset)
{
	const struct pl011_access a = {.offset = offset, .width = 4};
	uint32_t value = 0xdead;

	CHECK(pl011_access(s, &a, &value));
	return value;
}

static void store(struct pl011 *s, uint64_t offset, uint32_t value)
{
	const struct pl011_access a = {.offset = offset, .value = value, .width = 4, .write = true};
	uint32_t unused;

	CHECK(pl011_access(s, &a, &unused));
}

static void compare(struct pl011 *s, const struct reference *r)
{
	CHECK_EQ(load(s, 0x18), reference_flags(r));
	CHECK_EQ(load(s, 0x3c), r->ris);
	CHECK_EQ(load(s, 0x40), r->ris & r->imsc);
	CHECK_EQ(load(s, 0x04), r->overrun << 3);
	CHECK_EQ(pl011_line(s), (r->ris & r->imsc) != 0);
}

static void random_write(struct pl011 *s, struct reference *r)
{
	static const uint8_t offsets[] = {0x00, 0x00, 0x00, 0x04, 0x2c, 0x30, 0x34, 0x38, 0x44};
	unsigned offset = offsets[test_random() % sizeof(offsets)];
	uint32_t value = (uint32_t)test_random();

	/* Mostly switched on and with FIFOs; loopback has its own test. */
	if (offset == 0x30)
		value = (value & ~0x80u) | (test_random() % 4 ? 0x301 : 0);
	if (offset == 0x2c && test_random() % 4)
		value |= 0x10;
	store(s, offset, value);
	reference_write(r, offset, value);
}

TEST(pl011_is_what_the_manual_says)
{
	struct reference r = {.cr = 0x300, .ifls = 0x12};
	struct pl011 s;
	uint8_t c;

	pl011_reset(&s);
	for (int i = 0; i < 200000; i++) {
		switch (test_random() % 8) {
		case 0:
		case 1:
			random_write(&s, &r);
			break;
		case 2:
			CHECK_EQ(load(&s, 0), reference_read_data(&r));
			break;
		case 3:
		case 4:
			c = (uint8_t)test_random();
			pl011_receive(&s, c);
			reference_receive(&r, c);
			break;
		case 5:
			pl011_silence(&s);
			r.ris |= r.rx_count ? 0x40u : 0;
			break;
		case 6:
			CHECK_EQ(pl011_transmit(&s, &c) ? c : -1, reference_transmit(&r));
			break;
		default:
			CHECK_EQ(pl011_receive_room(&s),
				 (r.cr & 0x201) == 0x201 ? reference_depth(&r) - r.rx_count : 0);
			break;
		}
		compare(&s, &r);
	}
}

TEST(pl011_peeks_only_where_nothing_changes)
{
	struct pl011 s, before;
	uint32_t peeked, value;

	pl011_reset(&s);
	store(&s, 0x30, 0x301);
	pl011_receive(&s, 'x');
	for (int i = 0; i < 100000; i++) {
		const struct pl011_access a = {.offset = test_random() % 0x1010,
					       .value = test_random(),
					       .width = (uint32_t)(test_random() % 9),
					       .write = test_random() & 1};

		before = s;
		if (!pl011_peek(&s, &a, &peeked))
			continue;
		CHECK(!a.write);
		CHECK(pl011_access(&s, &a, &value));
		CHECK_EQ(peeked, value);
		CHECK_MEMORY(&s, &before, sizeof(s));
	}
}

TEST(pl011_refuses_what_the_bus_refuses_and_changes_nothing)
{
	struct pl011 s, before;
	uint32_t value;

	pl011_reset(&s);
	for (uint32_t width = 0; width < 10; width++)
		for (uint64_t offset = 0; offset < 0x1004; offset++)
			for (int write = 0; write < 2; write++) {
				const struct pl011_access a = {offset, 0x41, width, write};
				bool fits = (width == 1 || width == 2 || width == 4) &&
					    offset % width == 0 && offset < 0x1000 &&
					    !(write && offset % 4 != 0);

				before = s;
				CHECK_EQ(pl011_access(&s, &a, &value), fits);
				if (!fits)
					CHECK_MEMORY(&s, &before, sizeof(s));
			}
}

TEST(pl011_loopback_feeds_its_own_receiver)
{
	struct pl011 s;
	uint8_t c;

	pl011_reset(&s);
	store(&s, 0x2c, 0x70);
	store(&s, 0x30, 0x381);
	for (uint32_t i = 0; i < 40; i++)
		store(&s, 0, i); /* the last eight find the FIFO full */
	CHECK(!pl011_transmit(&s, &c));
	CHECK_EQ(load(&s, 0x18) & 0x58, 0x40);
	pl011_receive(&s, 'x'); /* the wire is not connected */
	for (uint32_t i = 0; i < 32; i++)
		CHECK_EQ(load(&s, 0), i);
	CHECK_EQ(load(&s, 0x18) & 0x10, 0x10);
	store(&s, 0x44, 0x7ff);
	store(&s, 0x30, 0x3f81); /* all modem outputs on: all inputs change */
	CHECK_EQ(load(&s, 0x3c) & 0xf, 0xf);
	CHECK_EQ(load(&s, 0x18) & 0x107, 0x107);
}
