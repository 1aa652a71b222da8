/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of an Arm PrimeCell UART (PL011) revision r1p5, as in DDI 0183G. Characters
 * take no time: the wire is whoever calls pl011_receive and pl011_transmit. There are no framing,
 * parity or break errors, no DMA requests, and the registers for integration tests (0x80 to 0x8c)
 * read as zero.
 *
 * Everything is a function of the state alone; nothing here touches memory outside it.
 */
#ifndef PL011_H
#define PL011_H

#include <stdbool.h>
#include <stdint.h>

#define PL011_FIFO 32u /* depth since r1p5 */
#define PL011_BYTES 0x1000u

enum pl011_register {			   /*      at reset */
		      PL011_DR = 0x000,	   /* rw -      data: 7:0, receive errors 11:8 */
		      PL011_RSR = 0x004,   /* rw 0      receive status; a write clears it (ECR) */
		      PL011_FR = 0x018,	   /* ro        flags */
		      PL011_ILPR = 0x020,  /* rw 0      IrDA low-power counter */
		      PL011_IBRD = 0x024,  /* rw 0      baud rate, integer */
		      PL011_FBRD = 0x028,  /* rw 0      baud rate, fraction */
		      PL011_LCRH = 0x02c,  /* rw 0      line control */
		      PL011_CR = 0x030,	   /* rw 0x300  control */
		      PL011_IFLS = 0x034,  /* rw 0x12   FIFO levels for interrupts */
		      PL011_IMSC = 0x038,  /* rw 0      interrupt mask, 1: enabled */
		      PL011_RIS = 0x03c,   /* ro 0      interrupts before the mask */
		      PL011_MIS = 0x040,   /* ro 0      interrupts behind it */
		      PL011_ICR = 0x044,   /* wo        a 1 clears the interrupt */
		      PL011_DMACR = 0x048, /* rw 0      DMA control */
		      PL011_ID = 0xfe0,	   /* ro        PeriphID0..3, PCellID0..3 */
};

enum pl011_bit {
	PL011_DR_OE = 1 << 11,
	PL011_RSR_OE = 1 << 3,
	PL011_FR_CTS = 1 << 0,
	PL011_FR_DSR = 1 << 1,
	PL011_FR_DCD = 1 << 2,
	PL011_FR_BUSY = 1 << 3,
	PL011_FR_RXFE = 1 << 4,
	PL011_FR_TXFF = 1 << 5,
	PL011_FR_RXFF = 1 << 6,
	PL011_FR_TXFE = 1 << 7,
	PL011_FR_RI = 1 << 8,
	PL011_LCRH_FEN = 1 << 4,
	PL011_CR_UARTEN = 1 << 0,
	PL011_CR_LBE = 1 << 7,
	PL011_CR_TXE = 1 << 8,
	PL011_CR_RXE = 1 << 9,
	PL011_CR_DTR = 1 << 10,
	PL011_CR_RTS = 1 << 11,
	PL011_CR_OUT1 = 1 << 12,
	PL011_CR_OUT2 = 1 << 13,
	PL011_INT_RI = 1 << 0,
	PL011_INT_CTS = 1 << 1,
	PL011_INT_DCD = 1 << 2,
	PL011_INT_DSR = 1 << 3,
	PL011_INT_RX = 1 << 4,
	PL011_INT_TX = 1 << 5,
	PL011_INT_RT = 1 << 6,
	PL011_INT_OE = 1 << 10,
};

/*
 * FIFO indices run freely; index % PL011_FIFO is the place. What has left tx stays readable until
 * PL011_FIFO more characters were written. `reg` holds what a read of each register up to DMACR
 * gives, at offset / 4 (DR excepted), those that follow from others (FR, MIS) included.
 */
#define PL011_REGISTERS (PL011_DMACR / 4 + 1)
struct pl011 {
	uint32_t tx_head, tx_tail; /* characters written by the guest, sent to the wire */
	uint32_t rx_head, rx_tail; /* received from the wire, read by the guest */
	uint16_t reg[PL011_REGISTERS];
	uint16_t reserved;
	uint8_t tx[PL011_FIFO], rx[PL011_FIFO];
};

struct pl011_access {
	uint64_t offset;
	uint64_t value; /* of a write */
	uint32_t width; /* bytes */
	bool write;
};

/* As after nUARTRST. */
void pl011_reset(struct pl011 *s);

/*
 * Executes an access. False if the bus refuses it: wider than 32 bits, not aligned to its width,
 * behind the registers, or a narrow write that leaves out bits 7:0 (the APB has no byte strobes). A
 * narrow read gets its bytes of the register. A refused access changes nothing.
 */
bool pl011_access(struct pl011 *s, const struct pl011_access *a, uint32_t *value);

/* The register at an offset, by its name; not DR. */
static inline uint32_t pl011_get(const struct pl011 *s, enum pl011_register r)
{
	return s->reg[r / 4];
}

/* True if the access changes nothing: then *value is what it reads. */
bool pl011_peek(const struct pl011 *s, const struct pl011_access *a, uint32_t *value);

/*
 * The same for a load of 32 bits, as most are, or of 16, as Linux's: no register has more. False
 * says only that pl011_peek has to look.
 */
static inline bool pl011_peek_word(const struct pl011 *s, uint64_t offset, uint64_t *value)
{
	uint64_t index = offset / 4;

	if (offset % 4 != 0 || index - 1 >= PL011_REGISTERS - 1)
		return false;
	*value = s->reg[index];
	return true;
}

/* Characters that fit before the receiver overruns; 0 while it is off. */
uint32_t pl011_receive_room(const struct pl011 *s);
/* A character comes from the wire. It is lost when the receiver is off, an overrun when full. */
void pl011_receive(struct pl011 *s, uint8_t c);
/* The wire has been silent for 32 bit times: the receive timeout. */
void pl011_silence(struct pl011 *s);

/* The next character for the wire; false if there is none or the transmitter is off. In loopback
 * it goes to the receiver instead. */
bool pl011_transmit(struct pl011 *s, uint8_t *c);

/* Level of UARTINTR. */
static inline bool pl011_line(const struct pl011 *s)
{
	return pl011_get(s, PL011_MIS) != 0;
}

#endif
