/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the kernel for the most of everything: what its longest path is measured on. Every case says
 * whether the kernel did what was asked. Grants: untyped, core, echo (calls).
 */
#include <stdbool.h>

#include "bench.ipc.h"
#include "grants.h"
#include "log.h"
#include "sys.h"

#define SLOTS 4096u /* of the cspace that things are made in */
#define LINES 128u
#define TIMERS 64u
#define DOORBELLS 64u
#define IDS 988u /* of virtual interrupts, with the last SPI; LPIs from 8192 on */
#define LPIS 256u
#define PAGE 4096u
#define ADDRESS 0x40000000ull
#define RETYPED 256u

static struct {
	skerry_cap untyped, box, made; /* box: what everything is made of, and revoked with */
	bool failed;
} worst;

static void want(int32_t status)
{
	worst.failed |= status != OK;
}

static void say(const char *what)
{
	log_line("%s: %s", what, worst.failed ? "failed" : "done");
	worst.failed = false;
}

static void make(enum cap_type type, uint64_t param, uint32_t at, uint32_t count)
{
	want(untyped_retype(worst.box, type, param, 0, worst.made + at, count));
}

static void clear(void)
{
	want(cspace_revoke(START_SLOT_CSPACE, worst.box));
}

/* As many objects of a type as a call makes, ended together. */
static void many(enum cap_type type, uint64_t param)
{
	make(type, param, 0, RETYPED);
	clear();
}

static void retyped(void)
{
	many(CAP_FRAME, 12);
	many(CAP_THREAD, 0);
	many(CAP_VCPU, 0);
	many(CAP_PORT, 0);
	many(CAP_SIGNAL, 0);
	many(CAP_LINE, 0);
	many(CAP_TIMER, 0);
	many(CAP_IRQ, 0);
	many(CAP_CSPACE, 8);
	make(CAP_FRAME, 21, 0, 1);
	clear();
	make(CAP_CSPACE, 65536, 0, 1);
	clear();
	say("retype and revoke");
}

/* Each copy of the one before: the tree is as deep as it gets here, and goes at once. */
static void derived(void)
{
	make(CAP_PORT, 0, 0, 1);
	for (uint32_t i = 1; i < 1500; i++)
		want(cspace_copy(START_SLOT_CSPACE, worst.made + i, worst.made + i - 1, RIGHT_ALL,
				 0));
	clear();
	say("a chain of copies");
}

static void mapped(void)
{
	make(CAP_FRAME, 12, 0, RETYPED);
	make(CAP_SPACE, SPACE_VM(60), 300, 1);
	make(CAP_FRAME, 12, 301, 16);
	want(space_donate(worst.made + 300, worst.made + 301, 16));
	want(space_map(worst.made + 300, worst.made, ADDRESS, SPACE_ATTR_READ, RETYPED));
	for (uint32_t i = 0; i < RETYPED; i += 2)
		want(frame_unmap(worst.made + i));
	want(cspace_delete(START_SLOT_CSPACE, worst.made + 301 + 2)); /* a table in use */
	want(cspace_delete(START_SLOT_CSPACE, worst.made + 300));
	clear();
	say("a space of many pages");
}

/* A window with all its doorbells, which go one by one, and another whose doorbells go with it. */
static void windowed(void)
{
	skerry_cap space = worst.made, tables = space + 1, windows = space + 20;
	skerry_cap port = windows + 1, signal = port + 1;

	make(CAP_SPACE, SPACE_VM(60), 0, 1);
	make(CAP_FRAME, 12, 1, 16);
	make(CAP_CSPACE, 256, 20, 1);
	make(CAP_PORT, 0, 21, 1);
	make(CAP_SIGNAL, 0, 22, 1);
	want(space_donate(space, tables, 16));
	want(space_windows(space, windows));
	for (uint32_t w = 1; w <= 2; w++)
		want(space_bind(space, w, port, ADDRESS + w * PAGE, 12, 0));
	for (uint32_t i = 0; i < 2 * DOORBELLS; i++)
		want(space_doorbell(space, 10 + i, 1 + i % 2, signal, i / 2 * 4, 4, 0, 0));
	for (uint32_t i = 0; i < 2 * DOORBELLS; i += 2)
		want(cspace_delete(windows, 10 + i));
	want(cspace_delete(windows, 2));
	clear();
	say("windows and doorbells");
}

/* Every id is pending, of one priority and of others, with lines for as many as there can be. */
static void interrupted(void)
{
	skerry_cap vcpu = worst.made, space = vcpu + 1, lines = vcpu + 2;
	uint32_t states;

	make(CAP_VCPU, 0, 0, 1);
	make(CAP_SPACE, SPACE_VM(60), 1, 1);
	make(CAP_LINE, 0, 2, LINES);
	want(vcpu_configure(vcpu, space, 0, &states));
	for (uint32_t i = 0; i < LINES; i++)
		want(line_arm(lines + i, vcpu, 800 + i, i, LINE_LEVEL));
	for (uint32_t i = 0; i < LINES; i++)
		want(line_raise(lines + i));
	for (uint32_t id = 0; id < IDS; id++)
		if (id < 800 || id >= 800 + LINES)
			(void)vcpu_inject(vcpu, id, 255 - id % 256, 0);
	for (uint32_t i = 0; i < LPIS; i++)
		(void)vcpu_inject(vcpu, 8192 + i, i, 0);
	for (uint32_t i = 0; i < LINES; i += 2)
		want(line_lower(lines + i));
	for (uint32_t i = 0; i < LINES; i += 2)
		want(line_disarm(lines + i, &states));
	for (uint32_t id = 0; id < IDS; id += 3)
		(void)vcpu_retract(vcpu, id, 3, &states);
	for (uint32_t group = 0; group < 32; group++) {
		uint32_t bytes;

		if (vcpu_get(vcpu, group, &bytes) == OK)
			(void)vcpu_set(vcpu, group); /* some are read only */
	}
	want(cspace_delete(START_SLOT_CSPACE, vcpu));
	clear();
	say("virtual interrupts");
}

/* All at one time, each to a thread that waits, is more urgent than the one before, and ends. */
static void timed(void)
{
	skerry_cap timers = worst.made, signal = timers + TIMERS;
	uint64_t at, bits;

	make(CAP_TIMER, 0, 0, TIMERS);
	make(CAP_SIGNAL, 0, TIMERS, 1);
	for (uint32_t round = 0; round < 4; round++) {
		at = sys_counter() + 6000;
		for (uint32_t i = 0; i < TIMERS; i++) {
			want(timer_bind(timers + i, signal, 1ull << i));
			want(timer_set(timers + i, at));
		}
		for (bits = 0; bits != ~0ull;) {
			uint64_t more = 0;

			want(sys_wait(signal, ~0ull, &more));
			bits |= more;
		}
	}
	clear();
	say("many deadlines at once");
}

static void called(void)
{
	skerry_cap echo = grant_slot("echo");

	for (uint32_t i = 0; i < 64; i++)
		(void)sys_call(echo, INFO(99, MESSAGE_BYTES, 0));
	say("the largest messages");
}

int main(void)
{
	worst.untyped = grant_slot("untyped");
	worst.box = slots_take(1);
	worst.made = slots_take(1600);
	if (!worst.made || untyped_retype(worst.untyped, CAP_UNTYPED, 24, 0, worst.box, 1) != OK) {
		log_line("worst: it cannot be set up");
		return 1;
	}
	retyped();
	derived();
	mapped();
	windowed();
	interrupted();
	timed();
	called();
	log_line("worst: all done");
	return 0;
}
