/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

static struct {
	uint32_t event, count;
} death;

static void read_all(void *to, size_t size)
{
	uint8_t *at = to;

	while (size > 0) {
		ssize_t got = read(STDIN_FILENO, at, size);

		if (got <= 0)
			_exit(0); /* the runner is gone, or done */
		at += got;
		size -= (size_t)got;
	}
}

void host_receive(struct host_frame *f)
{
	read_all(f, 8);
	if (f->length > sizeof(f->payload)) {
		fprintf(stderr, "a frame of %u bytes\n", f->length);
		exit(EXIT_FAILURE);
	}
	read_all(f->payload, f->length);
}

void host_die_at(uint32_t event, uint32_t count)
{
	death.event = event;
	death.count = count;
}

void host_send(enum host_event kind, uint32_t a, uint32_t b, const void *bytes, size_t size)
{
	struct host_frame f = {.kind = kind, .length = (uint32_t)(8 + size)};
	size_t whole = 16 + size;

	if (death.count != 0 && kind == death.event && --death.count == 0)
		_exit(HOST_DIED);
	memcpy(f.payload, &a, 4);
	memcpy(f.payload + 4, &b, 4);
	if (size != 0)
		memcpy(f.payload + 8, bytes, size);
	if (write(STDOUT_FILENO, &f, whole) != (ssize_t)whole)
		_exit(EXIT_FAILURE);
}
