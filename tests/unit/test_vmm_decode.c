/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/decode.c */
/* The decoder against the cross disassembler (decode_table.py), and its arithmetic. */
#include "services/vmm/arch/aarch64/decode.h"
#include "test.h"

struct record {
	uint32_t instruction;
	int64_t offset;
	uint8_t valid, count, width, write, sign, wide, unprivileged, rt, rt2, rn, index;
	uint8_t by_register, rm, extend, shift, end;
} __attribute__((packed));

__asm__(".section .rodata\n"
	"decode_table: .incbin \"build/host/unit/decode_table.bin\"\n"
	".balign 8\n"
	"decode_table_bytes: .quad decode_table_bytes - decode_table\n"
	".previous\n");
extern const struct record decode_table[];
extern const uint64_t decode_table_bytes;

static bool is_same(const struct record *r)
{
	struct decoded d;

	if (!decode_access(r->instruction, &d) || !r->valid)
		return !decode_access(r->instruction, &d) && !r->valid;
	return d.count == r->count && d.width == r->width && d.write == r->write &&
	       d.rt[0] == r->rt && d.rt[1] == r->rt2 && d.rn == r->rn && d.index == r->index &&
	       d.unprivileged == r->unprivileged && d.by_register == r->by_register &&
	       d.offset == r->offset && d.rm == r->rm && d.extend == r->extend &&
	       d.shift == r->shift && (d.write || d.sign == r->sign) &&
	       (!r->sign || d.wide == r->wide);
}

TEST(as_the_disassembler_says)
{
	const struct record *r = decode_table;
	const uint64_t count = decode_table_bytes / sizeof(*r);
	uint32_t valid = 0;

	for (uint64_t i = 0; i < count; i++, r++) {
		/* The number of the instruction is in the message. */
		CHECK_EQ(is_same(r) ? r->instruction : 0, r->instruction);
		valid += r->valid;
	}
	CHECK(valid > 2000);
	CHECK(count > 60000);
}

static uint64_t offset(uint32_t instruction, uint64_t rm)
{
	struct decoded d;

	CHECK(decode_access(instruction, &d));
	return decode_offset(&d, rm);
}

TEST(offsets)
{
	CHECK_EQ(offset(0xb8626820, 0x123456789), 0x123456789); /* ldr w0, [x1, x2] */
	CHECK_EQ(offset(0xf8627820, 0x123456789), 0x91a2b3c48); /* ldr x0, [x1, x2, lsl #3] */
	CHECK_EQ(offset(0xb8625820, 0x3fffffff1), 0x3ffffffc4); /* ldr w0, [x1, w2, uxtw #2] */
	CHECK_EQ(offset(0xb862d820, 0x3fffffff1), -60ull);	/* ldr w0, [x1, w2, sxtw #2] */
	CHECK_EQ(offset(0x7862e820, -5ull), -5ull);		/* ldrh w0, [x1, x2, sxtx] */
	CHECK_EQ(offset(0xb85fc420, 0), -4ull);			/* ldr w0, [x1], #-4 */
	CHECK_EQ(offset(0xa97f0820, 0), -16ull);		/* ldp x0, x2, [x1, #-16] */
}

static uint64_t extended(uint32_t instruction, uint64_t value)
{
	struct decoded d;

	CHECK(decode_access(instruction, &d));
	return decode_extended(&d, value);
}

TEST(values)
{
	const uint64_t value = 0xfedcba9887f5e3d9;

	CHECK_EQ(extended(0x39400020, value), 0xd9);		   /* ldrb w0, [x1] */
	CHECK_EQ(extended(0x79400020, value), 0xe3d9);		   /* ldrh w0 */
	CHECK_EQ(extended(0xb9400020, value), 0x87f5e3d9);	   /* ldr w0 */
	CHECK_EQ(extended(0xf9400020, value), value);		   /* ldr x0 */
	CHECK_EQ(extended(0x39800020, value), 0xffffffffffffffd9); /* ldrsb x0 */
	CHECK_EQ(extended(0x39c00020, value), 0xffffffd9);	   /* ldrsb w0 */
	CHECK_EQ(extended(0x79800020, value), 0xffffffffffffe3d9); /* ldrsh x0 */
	CHECK_EQ(extended(0xb9800020, value), 0xffffffff87f5e3d9); /* ldrsw x0 */
	CHECK_EQ(extended(0x69400820, value), 0xffffffff87f5e3d9); /* ldpsw x0, x2, [x1] */
	CHECK_EQ(extended(0x39c00020, 0x7f), 0x7f);
}
