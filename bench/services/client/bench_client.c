/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measures the calls a service makes, in instructions, and writes a line `bench NAME FIGURE` for
 * each to its log. Needs QEMU's -icount shift=0: an instruction is a nanosecond. What is measured
 * runs COUNT times; of some BATCHES that the machine may have interrupted, the shortest counts;
 * what a loop without the call takes is taken off. Grants: echo, waiter, raw and fp (calls),
 * untyped.
 */
#include <stdbool.h>

#include "bench.ipc.h"
#include "grants.h"
#include "log.h"
#include "sys.h"

#define COUNT 1024u
#define BATCHES 8u
#define PAGE 4096u
#define FRAMES 256u
#define ADDRESS 0x60000000ull /* behind what init mapped; FRAMES pages of it share a table */
#define STRING_(text) #text
#define STRING(text) STRING_(text)
#define NOINLINE __attribute__((noinline))

/* What the loop changes and reads, out of the compiler's sight. */
#define OPAQUE(...) __asm__ volatile("" : : __VA_ARGS__ : "memory")

static struct {
	skerry_cap echo, raw, fp, signal, woken, frames;
	bool failed;
} bench;

/* ---- Loops around one trap: a0 and a1 are what it takes ---- */

#define TRAP_LOOP(name, trap)                                                                      \
	static NOINLINE uint64_t name(uint64_t a0, uint64_t a1)                                    \
	{                                                                                          \
		uint64_t n = COUNT, begin = sys_counter();                                         \
                                                                                                   \
		__asm__ volatile(                                                                  \
		    "1:\tmov x0, %[a0]\n\tmov x1, %[a1]\n\t" trap "subs %[n], %[n], #1\n\tb.ne 1b" \
		    : [n] "+r"(n)                                                                  \
		    : [a0] "r"(a0), [a1] "r"(a1)                                                   \
		    : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",    \
		      "x12", "x13", "x14", "x15", "x16", "x17", "cc", "memory");                   \
		return sys_counter() - begin;                                                      \
	}

TRAP_LOOP(loop_empty, "")
TRAP_LOOP(loop_null, "svc #1\n\t")
TRAP_LOOP(loop_signal, "svc #5\n\t")
TRAP_LOOP(loop_raw, "svc #2\n\t")
TRAP_LOOP(loop_fp, "svc #2\n\t.arch_extension fp\n\tfmov d0, #1.0\n\t")
_Static_assert(CALL_NULL == 1 && CALL_CALL == 2 && CALL_SIGNAL == 5, "the numbers above");

/* ---- Loops around a call that a service writes in C ---- */

static NOINLINE uint64_t loop_echo(uint64_t call, uint64_t unused)
{
	struct bench_message in = {1, 2, 3, 4}, out = {0};
	uint64_t begin = sys_counter();
	int32_t status = 0;

	(void)unused;
	for (uint32_t n = COUNT; n; n--) {
		OPAQUE("r"(&in), "r"(&out), "r"(n));
		if (call)
			status |= bench_echo_call(bench.echo, &in, &out);
	}
	begin = sys_counter() - begin;
	bench.failed |= call && (status || out.a != 1 || out.b != 2 || out.c != 3 || out.d != 4);
	return begin;
}

static NOINLINE uint64_t loop_unmap(uint64_t call)
{
	uint64_t begin = sys_counter();
	int32_t status = 0;

	for (uint32_t n = 0; n < FRAMES; n++) {
		OPAQUE("r"(n), "r"(bench.frames + n));
		if (call)
			status |= frame_unmap(bench.frames + n);
	}
	begin = sys_counter() - begin;
	bench.failed |= status != OK;
	return begin;
}

/* Returns what mapping takes, or unmapping. */
static NOINLINE uint64_t loop_map(uint64_t call, uint64_t unmap)
{
	uint64_t begin = sys_counter(), end;
	int32_t status = 0;

	for (uint32_t n = 0; n < FRAMES; n++) {
		OPAQUE("r"(n), "r"(bench.frames + n), "r"(ADDRESS + n * PAGE));
		if (call)
			status |= space_map(START_SLOT_SPACE, bench.frames + n, ADDRESS + n * PAGE,
					    SPACE_ATTR_READ | SPACE_ATTR_WRITE, 1);
	}
	begin = sys_counter() - begin;
	end = loop_unmap(call);
	bench.failed |= status != OK;
	return unmap ? end : begin;
}

/* ---- Figures ---- */

static uint64_t shortest(uint64_t (*loop)(uint64_t, uint64_t), uint64_t a0, uint64_t a1)
{
	uint64_t least = ~0ull;

	for (uint32_t i = 0; i < BATCHES; i++) {
		uint64_t ticks = loop(a0, a1);

		least = ticks < least ? ticks : least;
	}
	return least;
}

static void say(const char *name, uint64_t ticks, uint64_t count)
{
	uint64_t tick = 1000000000ull / start_page()->frequency;

	if (bench.failed)
		log_line("bench: %s failed", name);
	else
		log_line("bench %s %lu", name, (unsigned long)((ticks * tick + count / 2) / count));
	bench.failed = false;
}

static void traps(void)
{
	uint64_t empty = shortest(loop_empty, 0, 0);

	uint64_t raw = shortest(loop_raw, bench.raw, INFO(0, 0, 0));

	say("ipc_call_reply_raw", raw - empty, COUNT);
	/* Two of them in each turn: the client's and the server's. */
	say("fp_switch", shortest(loop_fp, bench.fp, INFO(0, 0, 0)) - raw, 2 * COUNT);
	say("svc_null", shortest(loop_null, 0, 0) - empty, COUNT);
	say("signal", shortest(loop_signal, bench.signal, 1) - empty, COUNT);
	/* The first signal makes the server one that only waits. */
	bench.failed |= sys_signal(bench.woken, 1) != OK;
	say("signal_wake", shortest(loop_signal, bench.woken, 1) - empty, COUNT);
}

static bool prepare(void)
{
	skerry_cap untyped = grant_slot("untyped"), waiter = grant_slot("waiter");
	skerry_cap tables = slots_take(4);
	struct bench_nothing in = {0}, out;

	bench.echo = grant_slot("echo");
	bench.raw = grant_slot("raw");
	bench.fp = grant_slot("fp");
	bench.signal = slots_take(1);
	bench.woken = slots_take(MESSAGE_CAPS);
	bench.frames = slots_take(FRAMES);
	return bench_registers_call(bench.raw, &in, &out) == OK &&
	       bench_registers_fp_call(bench.fp, &in, &out) == OK &&
	       bench_signal_call(waiter, &in, &out, bench.woken) == OK &&
	       untyped_retype(untyped, CAP_SIGNAL, 0, 0, bench.signal, 1) == OK &&
	       untyped_retype(untyped, CAP_FRAME, 12, 0, tables, 4) == OK &&
	       untyped_retype(untyped, CAP_FRAME, 12, 0, bench.frames, FRAMES) == OK &&
	       space_donate(START_SLOT_SPACE, tables, 4) == OK;
}

int main(void)
{
	if (!prepare()) {
		log_line("bench: the services cannot be set up");
		return 1;
	}
	say("ipc_call_reply", shortest(loop_echo, 1, 0) - shortest(loop_echo, 0, 0), COUNT);
	traps();
	say("unmap_4k", shortest(loop_map, 1, 1) - shortest(loop_map, 0, 1), FRAMES);
	say("map_4k", shortest(loop_map, 1, 0) - shortest(loop_map, 0, 0), FRAMES);
	return 0;
}
