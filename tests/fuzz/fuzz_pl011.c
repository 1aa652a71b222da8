/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port under accesses of any register, width and value, characters that come and those
 * that are taken: what it says of itself in one register agrees with the others.
 */
#include "fuzz.h"
#include "services/devices/pl011/pl011.h"

REACH(sent);
REACH(received);

static void check_uart(const struct pl011 *s)
{
	const bool fifo = pl011_get(s, PL011_LCRH) & PL011_LCRH_FEN;
	const uint32_t tx = s->tx_head - s->tx_tail, rx = s->rx_head - s->rx_tail;
	const uint32_t flags = pl011_get(s, PL011_FR), depth = fifo ? PL011_FIFO : 1;

	CHECK(tx <= depth && rx <= depth);
	CHECK_EQ((flags & PL011_FR_TXFE) != 0, tx == 0);
	CHECK_EQ((flags & PL011_FR_TXFF) != 0, tx == depth);
	CHECK_EQ((flags & PL011_FR_RXFE) != 0, rx == 0);
	CHECK_EQ((flags & PL011_FR_RXFF) != 0, rx == depth);
	CHECK_EQ(pl011_get(s, PL011_MIS), pl011_get(s, PL011_RIS) & pl011_get(s, PL011_IMSC));
	CHECK_EQ(pl011_get(s, PL011_RIS) & ~0x7ffu, 0);
	CHECK(pl011_receive_room(s) <= depth - rx);
	/* An empty receiver has no reason to say that it timed out. */
	if (rx == 0)
		CHECK(!(pl011_get(s, PL011_RIS) & PL011_INT_RT));
}

static void access_register(struct pl011 *s)
{
	static const uint16_t offsets[] = {0,	 0,    4,    0x18, 0x2c, 0x30,
					   0x34, 0x38, 0x3c, 0x40, 0x44, 0x48};
	const struct pl011_access a = {
	    .offset = once_in(8)   ? test_random() % 0x1010
		      : once_in(3) ? 0
				   : offsets[test_random() % 12],
	    .value = once_in(2) ? test_random() : PICK(0, 0x70, 0x301, 0x301, 0x381, 0x7ff),
	    .width = (uint32_t)(once_in(4) ? test_random() % 9 : 4),
	    .write = once_in(2)};
	uint32_t value;

	if (!(pl011_get(s, PL011_FR) & PL011_FR_RXFE) && !a.write && !a.offset && a.width == 4)
		reached(received);
	(void)pl011_access(s, &a, &value);
}

/* As a driver does it: without FIFOs or with them, some interrupts. */
static void set_up(struct pl011 *s)
{
	const uint32_t values[][2] = {{0x2c, once_in(2) ? 0x70 : 0},
				      {0x38, (uint32_t)(test_random() % 0x800)},
				      {0x30, 0x301}};
	uint32_t value;

	for (unsigned i = 0; i < 3; i++) {
		const struct pl011_access a = {
		    .offset = values[i][0], .value = values[i][1], .width = 4, .write = true};

		(void)pl011_access(s, &a, &value);
	}
}

FUZZ(12000, 4096)
{
	struct pl011 s;
	uint8_t c;

	pl011_reset(&s);
	if (!once_in(4))
		set_up(&s);
	while (fuzz_more()) {
		switch (test_random() % 4) {
		case 0:
			pl011_receive(&s, (uint8_t)test_random());
			if (once_in(2))
				pl011_silence(&s);
			break;
		case 1:
			/* They go in one at a time, so no more than a FIFO comes out at once. */
			for (unsigned n = 0; pl011_transmit(&s, &c); n++) {
				CHECK(n < PL011_FIFO);
				reached(sent);
			}
			break;
		default:
			access_register(&s);
			break;
		}
		check_uart(&s);
	}
}
