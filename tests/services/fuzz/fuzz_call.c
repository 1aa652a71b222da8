/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One caller: a random call with arguments that are often sensible. Addresses are never those of
 * this program, so what a caller breaks is only what it was given.
 */
#include <stdbool.h>

#include "tries.h"
#include "init.skerry.h"
#include "services/lib/sys.h"

#define ADDRESSES 0x80000000ull /* nothing is mapped from here on */
#define SERVICES 17u
#define METHODS 28u

static uint32_t random_word(struct fuzz_caller *c)
{
	c->seed = c->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(c->seed >> 32);
}

static uint32_t below(struct fuzz_caller *c, uint32_t n)
{
	return random_word(c) % n;
}

static bool chance(struct fuzz_caller *c, uint32_t n)
{
	return below(c, n) == 0;
}

/* ---- Arguments ---- */

struct kind {
	uint16_t first_method, methods;
	uint8_t slot, slots;
};
static const struct kind kinds[] = {
    {UNTYPED_RETYPE, 2, FUZZ_UNTYPED, 2},
    {UNTYPED_RETYPE, 1, FUZZ_UNTYPED, 2},
    {FRAME_UNMAP, 3, FUZZ_FRAME, FUZZ_FRAMES},
    {CSPACE_COPY, 6, FUZZ_CSPACE, 2},
    {CSPACE_COPY, 6, FUZZ_CSPACE + 1, 1},
    {SPACE_MAP, 7, FUZZ_SPACE, 3},
    {SPACE_MAP, 5, FUZZ_SPACE, 3},
    {THREAD_CONFIGURE, 5, FUZZ_THREAD, 1 + FUZZ_CALLERS},
    {VCPU_CONFIGURE, 12, FUZZ_VCPU, 2},
    {VCPU_CONFIGURE, 6, FUZZ_VCPU, 2},
    {PORT_STATUS, 2, FUZZ_PORT, 6},
    {LINE_RAISE, 6, FUZZ_LINE, 2},
    {TIMER_BIND, 2, FUZZ_TIMER, 1},
    {IRQ_BIND, 6, FUZZ_IRQ, 1},
    {CORE_SCHEDULE, 2, FUZZ_CORE, 1},
    {CORE_STATUS, 1, FUZZ_CORE, 1},
};

static const struct kind *random_kind(struct fuzz_caller *c)
{
	return &kinds[below(c, sizeof(kinds) / sizeof(kinds[0]))];
}

static uint64_t slot_of(struct fuzz_caller *c, const struct kind *k)
{
	return k->slot + below(c, k->slots);
}

static uint64_t random_value(struct fuzz_caller *c)
{
	uint64_t value = (uint64_t)random_word(c) << 32 | random_word(c);

	switch (below(c, 5)) {
	case 0:
		return 1ull << (value & 63);
	case 1:
		return ~0ull;
	case 2:
		return value & 0xffff;
	case 3:
		return value & 0xffffffff;
	default:
		return value;
	}
}

/* A slot with something in it or without, a small number, an address, or anything. */
static uint64_t argument(struct fuzz_caller *c)
{
	switch (below(c, 8)) {
	case 0:
	case 1:
		return slot_of(c, random_kind(c));
	case 2:
		return below(c, FUZZ_SLOTS + 2);
	case 3:
	case 4:
		return below(c, 16);
	case 5:
		return ADDRESSES + (uint64_t)below(c, 64) * 0x1000;
	case 6:
		return chance(c, 2) ? 12 : CAP_FRAME + below(c, 3);
	default:
		return random_value(c);
	}
}

/* What a thread may be started with, whoever's it is: it needs no stack. */
void fuzz_idle(void);
__asm__(".globl fuzz_idle\n"
	"fuzz_idle: svc #8\n\t" /* CALL_YIELD */
	"mov x1, #3\n\t"
	"svc #7\n\t" /* CALL_POLL */
	"b fuzz_idle\n");
_Static_assert(CALL_YIELD == 8 && CALL_POLL == 7, "as above");

/* Sensible more often, where chance alone hardly ever is; and never this program's code. */
static void tame(struct fuzz_caller *c, uint64_t a[8])
{
	if (a[1] == THREAD_START)
		a[2] = chance(c, 2) ? (uintptr_t)fuzz_idle : ADDRESSES + (a[2] & 0xffff);
	if (a[1] == CORE_SCHEDULE && chance(c, 2)) {
		a[2] = FUZZ_THREAD + below(c, 1 + FUZZ_CALLERS + 2);
		a[3] = below(c, 13);
		a[4] = (uint64_t)below(c, 100) * 100000;
		a[5] = 10000000;
	}
	if (a[1] == SPACE_MAP && chance(c, 2)) {
		a[2] = FUZZ_FRAME + below(c, FUZZ_FRAMES);
		a[3] = ADDRESSES + (uint64_t)below(c, 64) * 0x1000;
		a[5] = 1 + below(c, 3);
	}
}

/* ---- Messages ---- */

/* init is not told that this service ends. */
static uint64_t random_info(struct fuzz_caller *c)
{
	uint32_t label = (1 + below(c, SERVICES)) << 8 | (1 + below(c, METHODS));
	uint32_t length = chance(c, 3) ? below(c, 512) : below(c, 64);
	uint64_t caps = chance(c, 4) ? below(c, 8) : 0;

	if (chance(c, 8))
		label = random_word(c);
	if (label == INIT_EXIT)
		label++;
	return INFO(label, length, caps) | (chance(c, 8) ? INFO_NO_REPLY : 0);
}

static void write_buffer(struct fuzz_caller *c)
{
	volatile struct message_buffer *b = c->buffer;
	uint32_t count = below(c, 96);

	for (uint32_t i = 0; i < count; i++)
		b->data[chance(c, 2) ? i : below(c, MESSAGE_BYTES)] =
		    (uint8_t)(chance(c, 3) ? 0x09 + i % 16 : random_word(c));
	for (uint32_t i = 0; i < MESSAGE_CAPS; i++)
		b->caps[i] = (uint32_t)argument(c);
	b->receive = chance(c, 2) ? 0 : FUZZ_FREE + below(c, FUZZ_SLOTS - FUZZ_FREE);
}

/* ---- Calls ---- */

static struct sys_result trap(uint32_t number, const uint64_t a[8])
{
#define TRAP(n) sys_trap8(n, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])
	switch (number) {
	case CALL_CALL:
		return TRAP(CALL_CALL);
	case CALL_REPLY_WAIT:
		return TRAP(CALL_REPLY_WAIT);
	case CALL_REPLY:
		return TRAP(CALL_REPLY);
	case CALL_SIGNAL:
		return TRAP(CALL_SIGNAL);
	case CALL_WAIT:
		return TRAP(CALL_WAIT);
	case CALL_POLL:
		return TRAP(CALL_POLL);
	case CALL_YIELD:
		return TRAP(CALL_YIELD);
	case CALL_INVOKE:
		return TRAP(CALL_INVOKE);
	case CALL_NULL:
		return TRAP(CALL_NULL);
	default:
		return TRAP(0xffff);
	}
}

static uint32_t random_call(struct fuzz_caller *c, uint64_t a[8])
{
	static const uint8_t calls[] = {CALL_CALL,  CALL_CALL,	 CALL_CALL, CALL_REPLY_WAIT,
					CALL_REPLY, CALL_SIGNAL, CALL_WAIT, CALL_POLL,
					CALL_YIELD, CALL_NULL,	 0};
	const struct kind *k = random_kind(c);
	uint32_t number = CALL_INVOKE;

	for (int i = 0; i < 8; i++)
		a[i] = argument(c);
	if (!chance(c, 3)) {
		if (!chance(c, 8))
			a[0] = slot_of(c, k);
		a[1] = k->first_method + below(c, k->methods);
		if (chance(c, 16))
			a[1] = below(c, 0x1000);
		tame(c, a);
		return number;
	}
	number = calls[below(c, sizeof(calls))];
	if (number == CALL_CALL || number == CALL_REPLY_WAIT || number == CALL_REPLY) {
		write_buffer(c);
		a[0] = number == CALL_REPLY ? (chance(c, 2) ? 0 : argument(c))
					    : FUZZ_PORT + below(c, number == CALL_CALL ? 6 : 2);
		a[1] = random_info(c);
	} else if (!chance(c, 8)) {
		a[0] = FUZZ_SIGNAL + below(c, 2);
	}
	return number;
}

void fuzz_call(struct fuzz_caller *c)
{
	uint64_t a[8];

	for (;;) {
		uint32_t number = random_call(c, a);
		int64_t status;

		c->calls++;
		status = (int64_t)trap(number, a).a[0];
		if (status > 0 || status < UNSUPPORTED)
			c->wrong++;
		else
			c->results[-status]++;
	}
}
