/* SPDX-License-Identifier: BSD-2-Clause */
/* What travels with a call or a reply: bytes of the message buffers, and capabilities. */
#include "internal.h"

#define SENDABLE (1u << CAP_FRAME | 1u << CAP_PORT | 1u << CAP_SIGNAL | 1u << CAP_LINE)

static WARM void copy_tail(uint8_t *to, const uint8_t *from, unsigned bytes)
{
	for (; bytes >= 4; bytes -= 4, to += 4, from += 4)
		__builtin_memcpy(to, from, 4);
	for (; bytes; bytes--)
		*to++ = *from++;
}

/* Exactly `bytes` bytes: what lies behind them in the sender's buffer stays private. */
static void copy_bytes(uint8_t *to, const uint8_t *from, uint64_t bytes)
{
	int64_t left = (int64_t)bytes - 16;
	uint64_t word[2];

	for (; left >= 0; left -= 16, to += 16, from += 16) {
		__builtin_memcpy(word, from, 16);
		__builtin_memcpy(to, word, 16);
		__asm__("" : "+r"(left)); /* counted, not the end compared */
	}
	if (left &= 15)
		copy_tail(to, from, (unsigned)left);
}

struct cap_transfer {
	struct cap *from[MESSAGE_CAPS], *to[MESSAGE_CAPS];
	uint32_t slot[MESSAGE_CAPS];
};

/* All or nothing: every capability is checked before the first one is made. */
static enum status caps_decode(struct thread *from, struct thread *to, uint32_t count,
			       struct cap_transfer *x)
{
	struct cspace *cs = to->cspace.object;
	uint32_t first = to->message->receive;

	if (count > MESSAGE_CAPS || !cs || cs->dying || first == 0)
		return BAD_ARGUMENT;
	for (uint32_t i = 0; i < count; i++) {
		x->from[i] = cspace_slot(from, from->message->caps[i]);
		x->to[i] = cspace_slot(to, (uint64_t)first + i);
		x->slot[i] = first + i;
		if (!x->from[i] || x->from[i]->type == CAP_EMPTY)
			return BAD_CAP;
		if (!x->to[i] || x->to[i]->type != CAP_EMPTY)
			return EXISTS;
		if (!(x->from[i]->rights & RIGHT_GRANT))
			return NO_RIGHT;
		if (x->from[i]->depth >= CAP_DEPTH_LIMIT)
			return LIMIT;
		if (!(SENDABLE >> x->from[i]->type & 1))
			return BAD_CAP;
	}
	return OK;
}

static WARM enum status caps_copy(struct thread *from, struct thread *to, uint32_t count)
{
	struct cap_transfer x;
	enum status s = caps_decode(from, to, count, &x);

	for (uint32_t i = 0; s == OK && i < count; i++) {
		cap_derive(x.from[i], x.to[i]);
		to->message->caps[i] = x.slot[i];
	}
	return s;
}

enum status message_copy(struct thread *from, struct thread *to, uint64_t info)
{
	uint64_t bytes = info & INFO_LENGTH_MASK;
	uint32_t caps = (uint32_t)(info >> INFO_CAPS_SHIFT) & INFO_CAPS_MASK;
	enum status s;

	if (bytes > MESSAGE_BYTES)
		return BAD_MESSAGE;
	if ((bytes || caps) && (!from->message || !to->message))
		return BAD_STATE;
	if (caps && (s = caps_copy(from, to, caps)) != OK)
		return s;
	if (bytes)
		copy_bytes(to->message->data, from->message->data, bytes);
	return OK;
}
