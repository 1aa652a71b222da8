/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the generated table tells driver.c about each constant-layout message: the three codecs that
 * must agree, each with the message as an array of words (a field is one word, sign-extended).
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest message, and one byte more to see what it does to an oversized one. */
#define DRIVER_WIRE_MAX 481
#define DRIVER_WORDS_MAX 64

enum driver_codec { DRIVER_OURS, DRIVER_NANOPB, DRIVER_FALLBACK, DRIVER_CODECS };

struct driver_message {
	size_t words;
	size_t size;
	/* Encoders return the number of bytes, SIZE_MAX on failure; NULL if the codec has none. */
	size_t (*encode[DRIVER_CODECS])(const uint64_t *words, uint8_t *wire, size_t room);
	/* Decoders return whether they accept the bytes. */
	bool (*decode[DRIVER_CODECS])(const uint8_t *wire, size_t size, uint64_t *words);
};

extern const struct driver_message driver_messages[];
extern const size_t driver_message_count;

/* SampleText through nanopb and out again: bytes written to `out`, SIZE_MAX if refused. */
size_t driver_text_echo(const uint8_t *wire, size_t size, uint8_t *out, size_t room);

#endif
