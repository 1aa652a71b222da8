/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls a device server makes, answered by the runner at the other end of the pipe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "ipc.h"
#include "init.skerry.h"
#include "service_main.h"
#include "start.h"
#include "sys_arch.h"

static uint64_t pending; /* bits of the service's own signal */

static struct sys_result status(enum status s)
{
	return (struct sys_result){{(uint64_t)(int64_t)s}};
}

static void first_words(const struct host_frame *f, uint32_t *a, uint32_t *b)
{
	memcpy(a, f->payload, 4);
	memcpy(b, f->payload + 4, 4);
}

/* Handles commands until one is of that kind. */
static void await(struct host_frame *f, uint32_t kind, uint32_t other)
{
	uint32_t a, b;

	for (;;) {
		host_receive(f);
		if (f->kind == kind || f->kind == other)
			return;
		first_words(f, &a, &b);
		if (f->kind == HOST_DIE) {
			host_die_at(a, b);
		} else if (f->kind == HOST_FAIL) {
			host_fail_at(a);
		} else {
			fprintf(stderr, "command %c makes no sense here\n", (int)f->kind);
			exit(EXIT_FAILURE);
		}
	}
}

static struct sys_result signalled(void)
{
	struct sys_result r = {{OK, INFO_SIGNAL, 0, 0, 0, 0, pending}};

	pending = 0;
	return r;
}

/* The capabilities that go with a reply, as the runner is told of them. */
static uint32_t sent(uint64_t info)
{
	uint32_t count = info >> INFO_CAPS_SHIFT & INFO_CAPS_MASK;

	return count == 0 ? 0 : count | host_cap_rights(ipc_thread_buffer->caps[0]) << 8;
}

static struct sys_result reply_wait(uint64_t info)
{
	struct host_frame f;
	uint32_t method, reserved;
	uint64_t badge;
	size_t size;

	if (!(info & INFO_NO_REPLY))
		host_send(HOST_REPLY, (uint32_t)(info >> INFO_LABEL_SHIFT), sent(info),
			  ipc_buffer(), info & INFO_LENGTH_MASK);
	if (pending)
		return signalled();
	host_send(HOST_IDLE, host_caps_used(), 0, NULL, 0);
	await(&f, HOST_MESSAGE, HOST_SIGNAL);
	if (f.kind == HOST_SIGNAL) {
		memcpy(&pending, f.payload, 8);
		return signalled();
	}
	first_words(&f, &method, &reserved);
	memcpy(&badge, f.payload + 8, 8);
	size = f.length - 16;
	memcpy(ipc_buffer(), f.payload + 16, size);
	return (struct sys_result){{OK, INFO(method, size, 0), 0, 0, 0, 0, badge}};
}

static struct sys_result call(uint32_t slot, uint64_t info)
{
	uint32_t method = (uint32_t)(info >> INFO_LABEL_SHIFT);
	struct host_frame f;
	uint32_t answer, reserved;
	size_t size;

	if (method == INIT_READY)
		return (struct sys_result){{OK, INFO(0, INIT_REPLY_SIZE, 0)}};
	host_send(HOST_CALL, slot, method, ipc_buffer(), info & INFO_LENGTH_MASK);
	await(&f, HOST_RETURN, HOST_RETURN);
	first_words(&f, &answer, &reserved);
	size = f.length - 8;
	memcpy(ipc_buffer(), f.payload + 8, size);
	if ((int32_t)answer < 0)
		return status((enum status)(int32_t)answer);
	return (struct sys_result){{OK, INFO(answer, size, 0)}};
}

static struct sys_result raise_signal(uint32_t slot, uint64_t bits)
{
	if (slot == START_SLOT_SIGNAL)
		pending |= bits;
	else
		host_send(HOST_RAISE, slot, 0, &bits, sizeof(bits));
	return status(OK);
}

static struct sys_result invoke(uint32_t slot, const uint64_t a[8])
{
	const uint64_t method = a[1];
	enum status s;

	if (host_caps_invoke(slot, a, &s))
		return status(s);
	switch (method) {
	case LINE_RAISE:
	case LINE_LOWER:
		host_send(HOST_LINE, slot, method == LINE_RAISE, NULL, 0);
		return status(OK);
	case TIMER_SET: /* it fires when the scenario raises its bit */
		return status(OK);
	case IRQ_ACK:
		host_send(HOST_ACK, slot, 0, NULL, 0);
		return status(OK);
	default:
		return status(BAD_METHOD);
	}
}

struct sys_result host_trap(uint32_t number, const uint64_t a[8])
{
	switch (number) {
	case CALL_REPLY_WAIT:
		return reply_wait(a[1]);
	case CALL_CALL:
		return call((uint32_t)a[0], a[1]);
	case CALL_SIGNAL:
		return raise_signal((uint32_t)a[0], a[1]);
	case CALL_INVOKE:
		return invoke((uint32_t)a[0], a);
	default:
		return status(BAD_CALL);
	}
}

uint64_t sys_counter(void)
{
	return 0;
}

int main(int count, char **arguments)
{
	int result;

	if (count != 2) {
		fprintf(stderr, "usage: %s SETUP\n", arguments[0]);
		return EXIT_FAILURE;
	}
	host_setup(arguments[1]);
	result = service_main();
	host_send(HOST_EXIT, (uint32_t)result, 0, NULL, 0);
	return result;
}
