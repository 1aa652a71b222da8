/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/arch/aarch64/decode.h"

#define EXTEND_UXTW 2u
#define EXTEND_SXTW 6u

static uint32_t bits(uint32_t word, unsigned int low, unsigned int count)
{
	return word >> low & ((1u << count) - 1);
}

static int64_t signed_bits(uint32_t word, unsigned int low, unsigned int count)
{
	const uint32_t sign = 1u << (count - 1);

	return (int64_t)(bits(word, low, count) ^ sign) - (int64_t)sign;
}

/* The base is written, and is also a register moved. */
static bool is_base_moved(const struct decoded *d)
{
	return d->index != DECODE_OFFSET && d->rn != DECODE_ZERO_OR_SP &&
	       (d->rt[0] == d->rn || (d->count == 2 && d->rt[1] == d->rn));
}

/* LDP, STP, LDPSW, LDNP, STNP: opc 101 V 0 index L imm7 Rt2 Rn Rt. */
static bool pair(uint32_t i, struct decoded *d)
{
	static const uint8_t indexes[] = {DECODE_OFFSET, DECODE_POST, DECODE_OFFSET, DECODE_PRE};
	const uint32_t opc = bits(i, 30, 2), index = bits(i, 23, 2);
	const bool load = bits(i, 22, 1);

	/* opc 1: LDPSW; STGP as a store, nothing without an index. */
	if (opc == 3 || (opc == 1 && (!load || index == 0)))
		return false;
	d->count = 2;
	d->width = opc == 2 ? 8 : 4;
	d->write = !load;
	d->sign = opc == 1;
	d->wide = opc != 0;
	d->index = indexes[index];
	d->rt[1] = (uint8_t)bits(i, 10, 5);
	d->offset = signed_bits(i, 15, 7) * d->width;
	return d->write || d->rt[0] != d->rt[1];
}

/* size 111 V 01 opc imm12 Rn Rt */
static void unsigned_offset(uint32_t i, struct decoded *d)
{
	d->offset = (int64_t)(uint64_t)bits(i, 10, 12) * d->width;
}

/* size 111 V 00 opc 0 imm9 kind Rn Rt: unscaled, post-index, unprivileged, pre-index */
static void nine_bits(uint32_t i, struct decoded *d)
{
	static const uint8_t indexes[] = {DECODE_OFFSET, DECODE_POST, DECODE_OFFSET, DECODE_PRE};
	const uint32_t kind = bits(i, 10, 2);

	d->index = indexes[kind];
	d->unprivileged = kind == 2;
	d->offset = signed_bits(i, 12, 9);
}

/* size 111 V 00 opc 1 Rm option S 10 Rn Rt */
static bool register_offset(uint32_t i, struct decoded *d)
{
	d->by_register = true;
	d->rm = (uint8_t)bits(i, 16, 5);
	d->extend = (uint8_t)bits(i, 13, 3);
	d->shift = bits(i, 12, 1) ? (uint8_t)bits(i, 30, 2) : 0;
	return d->extend & 2;
}

static bool single(uint32_t i, struct decoded *d)
{
	const uint32_t size = bits(i, 30, 2), opc = bits(i, 22, 2);

	/* A sign can be extended to what is wider only; in their place are prefetches. */
	if (opc >= 2 && size + opc >= 5)
		return false;
	d->count = 1;
	d->width = (uint8_t)(1u << size);
	d->write = opc == 0;
	d->sign = opc >= 2;
	d->wide = opc == 2 || size == 3;
	if (bits(i, 24, 1)) {
		unsigned_offset(i, d);
		return true;
	}
	if (!bits(i, 21, 1)) {
		nine_bits(i, d);
		return true;
	}
	return bits(i, 10, 2) == 2 && register_offset(i, d);
}

bool decode_access(uint32_t i, struct decoded *d)
{
	const uint32_t group = bits(i, 27, 3);
	bool valid = false;

	*d = (struct decoded){.rt = {(uint8_t)bits(i, 0, 5), 0}, .rn = (uint8_t)bits(i, 5, 5)};
	if (bits(i, 26, 1)) /* SIMD and FP */
		return false;
	if (group == 5 && !bits(i, 25, 1))
		valid = pair(i, d);
	else if (group == 7 && !bits(i, 25, 1))
		valid = single(i, d);
	return valid && !is_base_moved(d);
}

uint64_t decode_offset(const struct decoded *d, uint64_t rm)
{
	if (!d->by_register)
		return (uint64_t)d->offset;
	if (d->extend == EXTEND_UXTW)
		rm = (uint32_t)rm;
	else if (d->extend == EXTEND_SXTW)
		rm = (uint64_t)(int64_t)(int32_t)rm;
	return rm << d->shift;
}

uint64_t decode_extended(const struct decoded *d, uint64_t value)
{
	const unsigned int unused = 64u - 8u * d->width;

	value = value << unused;
	if (!d->sign)
		return value >> unused;
	value = (uint64_t)((int64_t)value >> unused);
	return d->wide ? value : (uint32_t)value;
}
