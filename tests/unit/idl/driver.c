/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Encodes and decodes on behalf of test_idl.py, over a pipe:
 *   request  u16 message, u8 codec, u8 'e', 'd' or 't', u16 length, then words ('e') or bytes
 *   reply    u8 accepted, u16 length, then words ('d') or bytes
 * 't' is SampleText: decoded and encoded again.
 * Bytes lie in a heap block of exactly their length, so that ASan sees any access beyond them.
 */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	uint16_t message;
	uint8_t codec;
	uint8_t operation;
	uint16_t length;
};

static void *exact_copy(const void *bytes, size_t size)
{
	void *copy = malloc(size);

	if (!copy && size > 0)
		abort();
	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

static bool reply(bool accepted, const void *bytes, size_t size)
{
	uint8_t head[3] = {accepted, (uint8_t)size, (uint8_t)(size >> 8)};

	return fwrite(head, 1, sizeof(head), stdout) == sizeof(head) &&
	       fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0;
}

static bool encode(const struct driver_message *message, unsigned int codec, const uint8_t *payload)
{
	uint64_t words[DRIVER_WORDS_MAX];
	uint8_t *wire = exact_copy(payload, message->size);
	size_t size;
	bool ok;

	memset(wire, 0xa5, message->size); /* what an encoder leaves out must show */
	memcpy(words, payload, message->words * sizeof(*words));
	size = message->encode[codec](words, wire, message->size);
	ok = reply(size == message->size, wire, message->size);
	free(wire);
	return ok;
}

static bool decode(const struct driver_message *message, unsigned int codec, const uint8_t *payload,
		   size_t length)
{
	uint64_t words[DRIVER_WORDS_MAX] = {0};
	uint8_t *wire = exact_copy(payload, length);
	bool accepted = message->decode[codec](wire, length, words);

	free(wire);
	return reply(accepted, words, accepted ? message->words * sizeof(*words) : 0);
}

static bool echo_text(const uint8_t *payload, size_t length)
{
	uint8_t out[DRIVER_WIRE_MAX];
	uint8_t *wire = exact_copy(payload, length);
	size_t size = driver_text_echo(wire, length, out, sizeof(out));

	free(wire);
	return reply(size != SIZE_MAX, out, size != SIZE_MAX ? size : 0);
}

static bool serve(void)
{
	static uint8_t payload[DRIVER_WORDS_MAX * sizeof(uint64_t)];
	const struct driver_message *message;
	struct request request;
	uint8_t head[6];

	_Static_assert(sizeof(payload) >= DRIVER_WIRE_MAX, "any request fits");
	if (fread(head, 1, sizeof(head), stdin) != sizeof(head))
		return false;
	request.message = (uint16_t)(head[0] | head[1] << 8);
	request.codec = head[2];
	request.operation = head[3];
	request.length = (uint16_t)(head[4] | head[5] << 8);
	if (request.message >= driver_message_count || request.codec >= DRIVER_CODECS ||
	    request.length > sizeof(payload) ||
	    fread(payload, 1, request.length, stdin) != request.length)
		abort();
	if (request.operation == 't')
		return echo_text(payload, request.length);
	message = &driver_messages[request.message];
	if (request.operation == 'e')
		return encode(message, request.codec, payload);
	return decode(message, request.codec, payload, request.length);
}

int main(void)
{
	while (serve())
		;
	return 0;
}
