/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <string.h>

#include "ring.h"
#include "runtime.h"
#include "start.h"

#define LOG_PAGE 4096

static struct ring ring;
static skerry_cap signal = START_SLOT_LOG;
static uint64_t signal_bits = ~0ull;
static uint64_t lost; /* lines or writes that found no room since the last that did */

void log_attach(void *page)
{
	struct ring before = ring;
	char bytes[64];
	size_t count;

	if (!ring_attach_writer(&ring, page, LOG_PAGE))
		return;
	if (!before.shared || !ring_attach_reader(&before, before.shared, LOG_PAGE))
		return;
	while ((count = ring_read(&before, bytes, sizeof(bytes))) != 0)
		(void)ring_write(&ring, bytes, count);
	if (ring_data_wanted(&ring))
		(void)sys_signal(signal, signal_bits);
}

void log_signal_set(skerry_cap slot, uint64_t bits)
{
	signal = slot;
	signal_bits = bits;
}

static size_t number(char *text, uint64_t value)
{
	char digits[24];
	size_t count = 0, length = 0;

	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		text[length++] = digits[--count];
	return length;
}

/* What was lost is told where it is missing. */
static size_t lost_line(char *text)
{
	static const char head[] = "(", tail[] = " lines lost)\n";
	size_t length = 0;

	if (!lost)
		return 0;
	memcpy(text, head, sizeof(head) - 1);
	length += sizeof(head) - 1;
	length += number(text + length, lost);
	memcpy(text + length, tail, sizeof(tail) - 1);
	return length + sizeof(tail) - 1;
}

int log_bytes(const void *bytes, size_t size)
{
	char note[64];
	size_t length;
	bool fits, wanted = false;

	runtime_lock();
	length = lost_line(note);
	fits = ring.shared && ring_room(&ring) >= length + size;
	if (fits) {
		(void)ring_write(&ring, note, length);
		(void)ring_write(&ring, bytes, size);
		lost = 0;
		wanted = ring_data_wanted(&ring);
	} else {
		lost++;
	}
	runtime_unlock();
	if (wanted)
		(void)sys_signal(signal, signal_bits);
	return fits;
}

void log_vline(const char *format, va_list args)
{
	char text[LOG_LINE_BYTES];
	size_t length = log_format(text, sizeof(text), format, args);

	text[length] = '\n';
	(void)log_bytes(text, length + 1);
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vline(format, args);
	va_end(args);
}
