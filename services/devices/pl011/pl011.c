/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl011.h"

/* Bits that a write keeps, of registers that are nothing but storage. */
static const uint16_t writable[PL011_REGISTERS] = {
    [PL011_ILPR / 4] = 0xff,  [PL011_IBRD / 4] = 0xffff, [PL011_FBRD / 4] = 0x3f,
    [PL011_LCRH / 4] = 0xff,  [PL011_CR / 4] = 0xff87,	 [PL011_IFLS / 4] = 0x3f,
    [PL011_IMSC / 4] = 0x7ff, [PL011_DMACR / 4] = 7,
};

static void set(struct pl011 *s, enum pl011_register r, uint32_t value)
{
	s->reg[r / 4] = (uint16_t)value;
}

static void raise(struct pl011 *s, uint32_t interrupts)
{
	set(s, PL011_RIS, pl011_get(s, PL011_RIS) | interrupts);
}

static void clear(struct pl011 *s, uint32_t interrupts)
{
	set(s, PL011_RIS, pl011_get(s, PL011_RIS) & ~interrupts);
}

static bool fifos(const struct pl011 *s)
{
	return (pl011_get(s, PL011_LCRH) & PL011_LCRH_FEN) != 0;
}

static bool loopback(const struct pl011 *s)
{
	return (pl011_get(s, PL011_CR) & PL011_CR_LBE) != 0;
}

static uint32_t depth(const struct pl011 *s)
{
	return fifos(s) ? PL011_FIFO : 1;
}

static uint32_t tx_level(const struct pl011 *s)
{
	return s->tx_head - s->tx_tail;
}

static uint32_t rx_level(const struct pl011 *s)
{
	return s->rx_head - s->rx_tail;
}

/* IFLS: 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; the reserved values act as the last. */
static uint32_t trigger(uint32_t select)
{
	static const uint8_t levels[8] = {4, 8, 16, 24, 28, 28, 28, 28};

	return levels[select & 7];
}

/* 3.4.3: the transmit interrupt. It follows the level passing the mark, not the level. */
static uint32_t tx_trigger(const struct pl011 *s)
{
	return fifos(s) ? trigger(pl011_get(s, PL011_IFLS)) : 0;
}

static uint32_t rx_trigger(const struct pl011 *s)
{
	return fifos(s) ? trigger(pl011_get(s, PL011_IFLS) >> 3) : 1;
}

/* Modem inputs: a connected peer, or in loopback our own outputs (3.2.3: RTS to CTS, DTR to DSR,
 * OUT1 to DCD, OUT2 to RI). */
static uint32_t modem(const struct pl011 *s)
{
	uint32_t cr = pl011_get(s, PL011_CR), fr = 0;

	if (!loopback(s))
		return PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD;
	fr |= cr & PL011_CR_RTS ? PL011_FR_CTS : 0u;
	fr |= cr & PL011_CR_DTR ? PL011_FR_DSR : 0u;
	fr |= cr & PL011_CR_OUT1 ? PL011_FR_DCD : 0u;
	fr |= cr & PL011_CR_OUT2 ? PL011_FR_RI : 0u;
	return fr;
}

static uint32_t flags(const struct pl011 *s)
{
	uint32_t fr = modem(s);

	fr |= tx_level(s) ? PL011_FR_BUSY : PL011_FR_TXFE;
	fr |= tx_level(s) >= depth(s) ? PL011_FR_TXFF : 0u;
	fr |= rx_level(s) ? 0u : PL011_FR_RXFE;
	fr |= rx_level(s) >= depth(s) ? PL011_FR_RXFF : 0u;
	return fr;
}

/* Every change of state ends here: the registers that follow from others. */
static void update(struct pl011 *s)
{
	set(s, PL011_FR, flags(s));
	set(s, PL011_MIS, pl011_get(s, PL011_RIS) & pl011_get(s, PL011_IMSC));
}

/* A register that reading does not change: all but DR. */
static uint32_t peek(const struct pl011 *s, uint64_t offset)
{
	/* part 0x011, designer 0x41, revision 3 (r1p5), no configuration; then the PrimeCell's */
	static const uint8_t id[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	if (offset >= PL011_ID)
		return id[(offset - PL011_ID) / 4];
	return offset / 4 < PL011_REGISTERS ? s->reg[offset / 4] : 0;
}

static bool refused(const struct pl011_access *a)
{
	if (a->width == 0 || a->width > 4 || (a->width & (a->width - 1)) != 0)
		return true;
	return a->offset >= PL011_BYTES || (a->offset & (a->width - 1)) != 0 ||
	       (a->write && (a->offset & 3) != 0);
}

/* The bytes of a register that a narrow read asks for. */
static uint32_t lane(const struct pl011_access *a, uint32_t value)
{
	value >>= 8 * (a->offset & 3);
	return a->width == 4 ? value : value & ((1u << 8 * a->width) - 1);
}

static uint32_t read_data(struct pl011 *s)
{
	uint32_t value = s->rx[s->rx_tail % PL011_FIFO];

	if (!rx_level(s))
		return 0;
	s->rx_tail++;
	if (rx_level(s) < rx_trigger(s))
		clear(s, PL011_INT_RX);
	if (!rx_level(s))
		clear(s, PL011_INT_RT);
	return value | (pl011_get(s, PL011_RSR) & PL011_RSR_OE ? PL011_DR_OE : 0u);
}

/* A character for a full FIFO is lost, as in hardware. */
static void write_data(struct pl011 *s, uint8_t c)
{
	if (tx_level(s) >= depth(s))
		return;
	s->tx[s->tx_head++ % PL011_FIFO] = c;
	if (tx_level(s) > tx_trigger(s))
		clear(s, PL011_INT_TX);
}

/* A change of a modem input is an interrupt; only loopback changes them. */
static void write_control(struct pl011 *s, uint32_t value)
{
	uint32_t before = modem(s), changed;

	set(s, PL011_CR, value);
	changed = before ^ modem(s);
	raise(s, (changed & PL011_FR_CTS ? PL011_INT_CTS : 0u) |
		     (changed & PL011_FR_DSR ? PL011_INT_DSR : 0u) |
		     (changed & PL011_FR_DCD ? PL011_INT_DCD : 0u) |
		     (changed & PL011_FR_RI ? PL011_INT_RI : 0u));
}

/* Turning the FIFOs off or on empties them (3.3.8, the note on changing UARTCR). */
static void write_line_control(struct pl011 *s, uint32_t value)
{
	if ((pl011_get(s, PL011_LCRH) ^ value) & PL011_LCRH_FEN) {
		s->tx_head = s->tx_tail;
		s->rx_tail = s->rx_head;
		clear(s, PL011_INT_RX | PL011_INT_RT);
	}
	set(s, PL011_LCRH, value);
}

static void write(struct pl011 *s, uint64_t offset, uint32_t value)
{
	uint64_t index = offset / 4;

	if (index >= PL011_REGISTERS)
		return;
	switch (offset) {
	case PL011_DR:
		write_data(s, (uint8_t)value);
		break;
	case PL011_RSR:
		set(s, PL011_RSR, 0);
		break;
	case PL011_LCRH:
		write_line_control(s, value & writable[index]);
		break;
	case PL011_CR:
		write_control(s, value & writable[index]);
		break;
	case PL011_ICR:
		clear(s, value);
		break;
	default:
		if (writable[index])
			s->reg[index] = (uint16_t)(value & writable[index]);
		break;
	}
	update(s);
}

void pl011_reset(struct pl011 *s)
{
	*s = (struct pl011){0};
	set(s, PL011_CR, PL011_CR_TXE | PL011_CR_RXE);
	set(s, PL011_IFLS, 0x12);
	update(s);
}

bool pl011_peek(const struct pl011 *s, const struct pl011_access *a, uint32_t *value)
{
	if (a->write || a->offset < 4 || refused(a))
		return false;
	*value = lane(a, peek(s, a->offset & ~3ull));
	return true;
}

bool pl011_access(struct pl011 *s, const struct pl011_access *a, uint32_t *value)
{
	*value = 0;
	if (refused(a))
		return false;
	if (a->write) {
		write(s, a->offset, (uint32_t)a->value);
	} else if (a->offset < 4) {
		*value = lane(a, read_data(s));
		update(s);
	} else {
		*value = lane(a, peek(s, a->offset & ~3ull));
	}
	return true;
}

static bool on(const struct pl011 *s, uint32_t direction)
{
	uint32_t needed = PL011_CR_UARTEN | direction;

	return (pl011_get(s, PL011_CR) & needed) == needed;
}

uint32_t pl011_receive_room(const struct pl011 *s)
{
	if (!on(s, PL011_CR_RXE) || loopback(s))
		return 0;
	return depth(s) - rx_level(s);
}

static void arrive(struct pl011 *s, uint8_t c)
{
	if (!on(s, PL011_CR_RXE))
		return;
	if (rx_level(s) >= depth(s)) {
		set(s, PL011_RSR, pl011_get(s, PL011_RSR) | PL011_RSR_OE);
		raise(s, PL011_INT_OE);
		return;
	}
	s->rx[s->rx_head++ % PL011_FIFO] = c;
	if (rx_level(s) >= rx_trigger(s))
		raise(s, PL011_INT_RX);
}

void pl011_receive(struct pl011 *s, uint8_t c)
{
	if (!loopback(s))
		arrive(s, c);
	update(s);
}

void pl011_silence(struct pl011 *s)
{
	if (rx_level(s))
		raise(s, PL011_INT_RT);
	update(s);
}

bool pl011_transmit(struct pl011 *s, uint8_t *c)
{
	while (tx_level(s) > 0 && on(s, PL011_CR_TXE)) {
		*c = s->tx[s->tx_tail++ % PL011_FIFO];
		if (tx_level(s) <= tx_trigger(s))
			raise(s, PL011_INT_TX);
		if (loopback(s)) {
			arrive(s, *c);
			pl011_silence(s);
			continue;
		}
		update(s);
		return true;
	}
	return false;
}
