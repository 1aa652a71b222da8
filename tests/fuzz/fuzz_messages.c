/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every message of idl/, by every decoder there is of it, from bytes that are almost right or are
 * anything. What is of constant layout is written again as it came; the codecs agree with each
 * other and with nanopb; what nanopb read it writes, and reads again to the same bytes.
 */
#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

struct message {
	const char *name;
	const pb_msgdesc_t *fields;
	size_t bytes; /* of nanopb's struct */
	/* Of constant layout: */
	size_t wire, own;
	bool (*get)(const uint8_t *wire, size_t size, void *m);
	bool (*decode)(const uint8_t *wire, size_t size, void *m);
	void (*put)(uint8_t *wire, const void *m);
};
#include "fuzz_messages_table.h"

#define COUNT (sizeof(messages) / sizeof(messages[0]))
#define MOST 4096u
#define DEPTH 3

REACH(constant_accepted);
REACH(reordered_accepted);
REACH(any_accepted);

static _Alignas(8) uint8_t wire[MOST], again[2 * MOST], third[2 * MOST];

static void *fresh(size_t bytes)
{
	void *memory = calloc(1, bytes);

	CHECK(memory);
	return memory;
}

static size_t put_varint(uint8_t *to, uint64_t value)
{
	size_t n = 0;

	for (; value >> 7; value >>= 7)
		to[n++] = (uint8_t)(value | 0x80);
	to[n++] = (uint8_t)value;
	return n;
}

static size_t put_value(uint8_t *to, uint64_t type)
{
	const uint64_t value = PICK(0, 1, 2, 4, 0x1000, 0x80000000, ~0ull, test_random());

	switch (type) {
	case PB_WT_VARINT:
		return put_varint(to, value);
	case PB_WT_64BIT:
	case PB_WT_32BIT:
		memcpy(to, &value, 8);
		return type == PB_WT_64BIT ? 8 : 4;
	default:
		to[0] = (uint8_t)(test_random() % 33);
		memset(to + 1, 'a', to[0]);
		return 1u + to[0];
	}
}

static uint64_t wire_type(pb_type_t type)
{
	switch (PB_LTYPE(type)) {
	case PB_LTYPE_BOOL:
	case PB_LTYPE_VARINT:
	case PB_LTYPE_UVARINT:
	case PB_LTYPE_SVARINT:
		return PB_WT_VARINT;
	case PB_LTYPE_FIXED32:
		return PB_WT_32BIT;
	case PB_LTYPE_FIXED64:
		return PB_WT_64BIT;
	default:
		return PB_WT_STRING;
	}
}

/* The fields that the message has, some not and some more than once, messages within it too. */
static size_t write_fields(uint8_t *to, size_t room, const pb_msgdesc_t *fields, int depth)
{
	pb_field_iter_t iter;
	size_t at = 0;

	if (!pb_field_iter_begin(&iter, fields, again))
		return 0;
	do {
		const bool repeated = PB_HTYPE(iter.type) == PB_HTYPE_REPEATED;
		uint64_t type = once_in(32) ? test_random() % 8 : wire_type(iter.type);
		uint64_t count = repeated ? test_random() % 4 : PB_HTYPE(iter.type) || once_in(32);

		if (!repeated && PB_HTYPE(iter.type) == PB_HTYPE_REQUIRED)
			count = !once_in(32);
		for (; count > 0 && room - at > 64; count--) {
			at += put_varint(to + at, (uint64_t)iter.tag << 3 | type);
			if (type == PB_WT_STRING && PB_LTYPE_IS_SUBMSG(iter.type) &&
			    depth < DEPTH) {
				const size_t size = write_fields(to + at + 2, room - at - 2,
								 iter.submsg_desc, depth + 1);

				to[at] = (uint8_t)(size | 0x80);
				to[at + 1] = (uint8_t)(size >> 7);
				at += size + 2;
			} else {
				at += put_value(to + at, type);
			}
		}
	} while (pb_field_iter_next(&iter));
	return at;
}

/* The bytes, alone in memory of their own. */
static uint8_t *alone(size_t size)
{
	uint8_t *at = malloc(size ? size : 1);

	CHECK(at);
	memcpy(at, wire, size);
	return at;
}

static bool by_nanopb(const struct message *m, const uint8_t *from, size_t size, void *to)
{
	pb_istream_t stream = pb_istream_from_buffer(from, size);

	return pb_decode(&stream, m->fields, to);
}

static size_t encoded(const struct message *m, const void *from, uint8_t *to)
{
	pb_ostream_t stream = pb_ostream_from_buffer(to, 2 * MOST);

	if (!pb_encode(&stream, m->fields, from))
		FAIL("%s is read, and cannot be written: %s", m->name, PB_GET_ERROR(&stream));
	return stream.bytes_written;
}

static void check_nanopb(const struct message *m, size_t size)
{
	void *first = fresh(m->bytes), *second = fresh(m->bytes);
	uint8_t *from = alone(size);

	if (by_nanopb(m, from, size, first)) {
		const size_t length = encoded(m, first, again);

		CHECK(by_nanopb(m, again, length, second));
		CHECK_EQ(encoded(m, second, third), length);
		CHECK_MEMORY(third, again, length);
		reached(any_accepted);
	}
	free(first);
	free(second);
	free(from);
}

static void check_constant(const struct message *m, size_t size)
{
	void *got = fresh(m->own), *decoded = fresh(m->own), *any = fresh(m->bytes);
	uint8_t *from = alone(size);
	const bool accepted = m->get(from, size, got), legal = by_nanopb(m, from, size, any);

	CHECK_EQ(m->decode(from, size, decoded), accepted || legal);
	if (accepted) {
		CHECK(legal);
		CHECK_EQ(size, m->wire);
		m->put(again, got);
		CHECK_MEMORY(again, from, size);
		reached(constant_accepted);
	}
	if (legal) {
		m->put(again, decoded);
		CHECK_EQ(encoded(m, any, third), m->wire);
		CHECK_MEMORY(again, third, m->wire);
		if (!accepted)
			reached(reordered_accepted);
	}
	free(got);
	free(decoded);
	free(any);
	free(from);
}

/* One of constant layout that is right, with its fields in another order at times. */
static size_t right(const struct message *m)
{
	void *zero = fresh(m->own);
	size_t at;

	m->put(wire, zero);
	free(zero);
	at = m->wire ? test_random() % m->wire : 0;
	if (once_in(4)) { /* rotated: right, if it was cut between two fields */
		memcpy(again, wire, m->wire);
		memcpy(wire, again + at, m->wire - at);
		memcpy(wire + m->wire - at, again, at);
	}
	return m->wire;
}

FUZZ(25000, 1024)
{
	const struct message *m = &messages[test_random() % COUNT];
	size_t size;

	switch (test_random() % 4) {
	case 0:
		size = write_fields(wire, sizeof(wire), m->fields, 0);
		size = fuzz_edit(wire, size, sizeof(wire));
		break;
	case 1:
		size = fuzz_bytes(wire, sizeof(wire));
		break;
	default:
		size = m->put ? right(m) : write_fields(wire, sizeof(wire), m->fields, 0);
		size = fuzz_edit(wire, size, sizeof(wire));
	}
	check_nanopb(m, size);
	if (m->put)
		check_constant(m, size);
}
