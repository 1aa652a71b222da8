/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl011.h"

#define CR_MODEM (PL011_CR_DTR | PL011_CR_RTS | PL011_CR_OUT1 | PL011_CR_OUT2)
#define FR_MODEM (PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD | PL011_FR_RI)

enum { CR_BITS = 0xff87, IMSC_BITS = 0x7ff, IFLS_BITS = 0x3f, FBRD_BITS = 0x3f, DMACR_BITS = 7 };

static uint32_t depth(const struct pl011 *s)
{
	return s->lcrh & PL011_LCRH_FEN ? PL011_FIFO : 1;
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
	return s->lcrh & PL011_LCRH_FEN ? trigger(s->ifls) : 0;
}

static uint32_t rx_trigger(const struct pl011 *s)
{
	return s->lcrh & PL011_LCRH_FEN ? trigger((uint32_t)s->ifls >> 3) : 1;
}

/* Modem inputs: a connected peer, or in loopback our own outputs (3.2.3: RTS to CTS, DTR to DSR,
 * OUT1 to DCD, OUT2 to RI). */
static uint32_t modem(const struct pl011 *s)
{
	uint32_t fr = 0;

	if (!(s->cr & PL011_CR_LBE))
		return PL011_FR_CTS | PL011_FR_DSR | PL011_FR_DCD;
	fr |= s->cr & PL011_CR_RTS ? PL011_FR_CTS : 0u;
	fr |= s->cr & PL011_CR_DTR ? PL011_FR_DSR : 0u;
	fr |= s->cr & PL011_CR_OUT1 ? PL011_FR_DCD : 0u;
	fr |= s->cr & PL011_CR_OUT2 ? PL011_FR_RI : 0u;
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

static uint32_t identity(uint64_t offset)
{
	/* part 0x011, designer 0x41, revision 3 (r1p5), no configuration; then the PrimeCell's */
	static const uint8_t id[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	return id[(offset - PL011_ID) / 4];
}

/* A register that reading does not change: all but DR. */
static uint32_t peek(const struct pl011 *s, uint64_t offset)
{
	switch (offset) {
	case PL011_RSR:
		return s->rsr;
	case PL011_FR:
		return flags(s);
	case PL011_ILPR:
		return s->ilpr;
	case PL011_IBRD:
		return s->ibrd;
	case PL011_FBRD:
		return s->fbrd;
	case PL011_LCRH:
		return s->lcrh;
	case PL011_CR:
		return s->cr;
	case PL011_IFLS:
		return s->ifls;
	case PL011_IMSC:
		return s->imsc;
	case PL011_RIS:
		return s->ris;
	case PL011_MIS:
		return (uint32_t)s->ris & s->imsc;
	case PL011_DMACR:
		return s->dmacr;
	default:
		return offset >= PL011_ID ? identity(offset) : 0;
	}
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
		s->ris &= (uint16_t)~PL011_INT_RX;
	if (!rx_level(s))
		s->ris &= (uint16_t)~PL011_INT_RT;
	return value | (s->rsr & PL011_RSR_OE ? PL011_DR_OE : 0u);
}

/* A character for a full FIFO is lost, as in hardware. */
static void write_data(struct pl011 *s, uint8_t c)
{
	if (tx_level(s) >= depth(s))
		return;
	s->tx[s->tx_head++ % PL011_FIFO] = c;
	if (tx_level(s) > tx_trigger(s))
		s->ris &= (uint16_t)~PL011_INT_TX;
}

static void write_control(struct pl011 *s, uint32_t value)
{
	uint32_t before = modem(s);
	uint32_t changed;

	s->cr = (uint16_t)(value & CR_BITS);
	changed = before ^ modem(s);
	s->ris |= changed & PL011_FR_CTS ? PL011_INT_CTS : 0;
	s->ris |= changed & PL011_FR_DSR ? PL011_INT_DSR : 0;
	s->ris |= changed & PL011_FR_DCD ? PL011_INT_DCD : 0;
	s->ris |= changed & PL011_FR_RI ? PL011_INT_RI : 0;
}

/* Turning the FIFOs off empties them (3.3.8, the note on changing UARTCR). */
static void write_line_control(struct pl011 *s, uint32_t value)
{
	if ((s->lcrh ^ value) & PL011_LCRH_FEN) {
		s->tx_head = s->tx_tail;
		s->rx_tail = s->rx_head;
		s->ris &= (uint16_t) ~(PL011_INT_RX | PL011_INT_RT);
	}
	s->lcrh = (uint8_t)value;
}

static void write(struct pl011 *s, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case PL011_DR:
		write_data(s, (uint8_t)value);
		break;
	case PL011_RSR:
		s->rsr = 0;
		break;
	case PL011_ILPR:
		s->ilpr = (uint8_t)value;
		break;
	case PL011_IBRD:
		s->ibrd = (uint16_t)value;
		break;
	case PL011_FBRD:
		s->fbrd = (uint8_t)(value & FBRD_BITS);
		break;
	case PL011_LCRH:
		write_line_control(s, value & 0xff);
		break;
	case PL011_CR:
		write_control(s, value);
		break;
	case PL011_IFLS:
		s->ifls = (uint8_t)(value & IFLS_BITS);
		break;
	case PL011_IMSC:
		s->imsc = (uint16_t)(value & IMSC_BITS);
		break;
	case PL011_ICR:
		s->ris &= (uint16_t)~value;
		break;
	case PL011_DMACR:
		s->dmacr = (uint8_t)(value & DMACR_BITS);
		break;
	default:
		break;
	}
}

void pl011_reset(struct pl011 *s)
{
	*s = (struct pl011){.cr = PL011_CR_TXE | PL011_CR_RXE, .ifls = 0x12};
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
	if (a->write)
		write(s, a->offset, (uint32_t)a->value);
	else if (a->offset < 4)
		*value = lane(a, read_data(s));
	else
		*value = lane(a, peek(s, a->offset & ~3ull));
	return true;
}

static bool on(const struct pl011 *s, uint32_t direction)
{
	return (s->cr & PL011_CR_UARTEN) && (s->cr & direction);
}

uint32_t pl011_receive_room(const struct pl011 *s)
{
	if (!on(s, PL011_CR_RXE) || (s->cr & PL011_CR_LBE))
		return 0;
	return depth(s) - rx_level(s);
}

static void arrive(struct pl011 *s, uint8_t c)
{
	if (!on(s, PL011_CR_RXE))
		return;
	if (rx_level(s) >= depth(s)) {
		s->rsr |= PL011_RSR_OE;
		s->ris |= PL011_INT_OE;
		return;
	}
	s->rx[s->rx_head++ % PL011_FIFO] = c;
	if (rx_level(s) >= rx_trigger(s))
		s->ris |= PL011_INT_RX;
}

void pl011_receive(struct pl011 *s, uint8_t c)
{
	if (!(s->cr & PL011_CR_LBE))
		arrive(s, c);
}

void pl011_silence(struct pl011 *s)
{
	if (rx_level(s))
		s->ris |= PL011_INT_RT;
}

bool pl011_transmit(struct pl011 *s, uint8_t *c)
{
	for (uint32_t n = tx_level(s); n > 0 && on(s, PL011_CR_TXE); n--) {
		*c = s->tx[s->tx_tail++ % PL011_FIFO];
		if (tx_level(s) <= tx_trigger(s))
			s->ris |= PL011_INT_TX;
		if (!(s->cr & PL011_CR_LBE))
			return true;
		arrive(s, *c);
		pl011_silence(s);
	}
	return false;
}
