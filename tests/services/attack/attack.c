/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service that looks for what is not its own: in registers, in memory, behind pages that are gone
 * or were never its to write or to execute, and in calls of others (attack_calls.c). A guest beside
 * it has a mark in every register (tests/guests/marked.c). Its cases go to its log.
 */
#include "attack.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "axvm.ipc.h"
#include "console.ipc.h"
#include "probe.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/server.h"
#include "services/lib/start.h"
#include "tests/services/steer/steered.h"

#define HELD 0xa5c3u /* MARK_HELD of tests/guests/lib/marks.h */
#define PAGE 0x1000ull
#define BLOCK 0x200000ull
#define GIB (1ull << 30)
#define NOTHING (1ull << 30) /* a service has nothing from here on */
#define PLACE 0x30000000ull  /* where pages come and go */
#define RETURNS 0xd65f03c0u

static uint32_t failed;
static skerry_cap untyped, frame;

void result(bool ok, const char *name)
{
	failed += !ok;
	log_line("%s %s", ok ? "ok" : "FAIL", name);
}

static bool holds_mark(uint64_t value)
{
	for (; value; value >>= 16)
		if ((uint16_t)value == HELD)
			return true;
	return false;
}

/* ---- Registers ---- */

/* What a call leaves in the registers it may clobber: nothing of others, no address of the
 * kernel's. */
static bool is_clean(const struct probe_state *s, const uint64_t in[8], const char *what)
{
	for (uint64_t i = 1; i < 31; i++) {
		uint64_t value = s->x[i];
		bool own =
		    i < 8 ? value == in[i] || (uint32_t)value < NOTHING : value == PROBE_MARK(i);

		if (!own || holds_mark(value)) {
			log_line("%s: x%lu is 0x%lx", what, i, value);
			return false;
		}
	}
	return true;
}

static void call_registers(void)
{
	static const uint16_t methods[] = {CSPACE_STATUS, 0xfff, CSPACE_REVOKE, CSPACE_COPY};
	uint64_t in[8];
	struct probe_state s;
	bool ok = true;

	for (uint32_t i = 0; i < 64 && ok; i++) {
		static const uint8_t calls[] = {CALL_NULL, CALL_CALL,  CALL_SIGNAL,
						CALL_POLL, CALL_YIELD, CALL_INVOKE};
		uint32_t number = calls[i % sizeof(calls)];

		for (uint64_t n = 0; n < 8; n++)
			in[n] = 0x300 + n;
		in[0] = number == CALL_CALL	? grant_slot(i & 1 ? "uart0.marked" : "console")
			: number == CALL_INVOKE ? START_SLOT_CSPACE
						: START_SLOT_SIGNAL;
		in[1] = number == CALL_CALL ? INFO(CONSOLE_STATE, 0, 0) : methods[i % 4];
		probe_call(number, in, &s);
		ok = is_clean(&s, in, "a call");
	}
	result(ok, "a call leaves nothing of others in the registers");
}

/* The first time it fills its vector registers, the second they are as new. */
static void started_again(void)
{
	static struct probe_state s;
	uint64_t found;
	bool ok = probe_fill() && probe_fresh(&s);

	found = s.fpsr | s.fpcr;
	for (uint32_t i = 1; i < 31; i++)
		found |= s.x[i];
	for (uint32_t i = 0; i < 64; i++)
		found |= s.q[i];
	result(ok && found == 0, "the registers of a thread that is started again are zero");
}

#define ENCODING(op1, crn, crm, op2) (3u << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static bool is_readable(uint32_t encoding)
{
	static const uint32_t readable[] = {
	    ENCODING(3, 0, 0, 1),  /* CTR_EL0 */
	    ENCODING(3, 0, 0, 7),  /* DCZID_EL0 */
	    ENCODING(3, 4, 2, 0),  /* NZCV */
	    ENCODING(3, 4, 4, 0),  /* FPCR */
	    ENCODING(3, 4, 4, 1),  /* FPSR */
	    ENCODING(3, 13, 0, 2), /* TPIDR_EL0 */
	    ENCODING(3, 13, 0, 3), /* TPIDRRO_EL0 */
	    ENCODING(3, 14, 0, 0), /* CNTFRQ_EL0 */
	    ENCODING(3, 14, 0, 2), /* CNTVCT_EL0 */
	};

	for (uint32_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		if (readable[i] == encoding)
			return true;
	return false;
}

static void system_registers(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < PROBE_REGISTERS; i++) {
		uint64_t value = 0;
		bool can = probe_register(i, &value);

		if (can == is_readable(probe_encoding(i)) && !holds_mark(value))
			continue;
		if (wrong++ < 8)
			log_line("register 0x%x: %s, 0x%lx", probe_encoding(i),
				 can ? "read" : "not read", value);
	}
	result(wrong == 0, "system registers: nine can be read, and nothing of a guest in them");
}

/* ---- Memory ---- */

static void memory(void)
{
	uint64_t value;
	uint32_t found = 0;

	for (uint64_t at = NOTHING; at < 4 * GIB; at += BLOCK)
		found += probe_load(at, &value);
	for (uint64_t at = 4 * GIB; at < 1024 * GIB; at += GIB)
		found += probe_load(at, &value);
	result(found == 0, "no memory but its own: the machine's, and of each GiB");
}

static void physical(void)
{
	struct untyped_status s = {0};
	uint64_t address;

	result(frame_address(frame, &address) == NO_RIGHT &&
		   space_root(START_SLOT_SPACE, &address) == NO_RIGHT &&
		   !untyped_status(untyped, &s) && s.first == 0,
	       "no call tells where memory is");
}

static bool map(skerry_cap f, uint32_t attributes)
{
	return space_map(START_SLOT_SPACE, f, PLACE, attributes, 1) == OK;
}

/* A page that can be loaded from is gone: whatever remembers it must have been told. */
static bool is_gone(void)
{
	uint64_t value;

	return !probe_load(PLACE, &value) && !probe_store(PLACE, 0) && !probe_run(PLACE);
}

static bool write_code(skerry_cap f, uint64_t word)
{
	return map(f, SPACE_ATTR_READ | SPACE_ATTR_WRITE) && probe_store(PLACE, word) &&
	       !frame_unmap(f);
}

static void stale(void)
{
	const uint32_t rx = SPACE_ATTR_READ | SPACE_ATTR_EXECUTE;
	uint64_t value = 0;

	result(write_code(frame, RETURNS) && is_gone() && map(frame, SPACE_ATTR_READ) &&
		   probe_load(PLACE, &value) && value == RETURNS && !probe_store(PLACE, 0) &&
		   !probe_run(PLACE) && !frame_unmap(frame),
	       "a page that was written can be read alone");
	result(map(frame, rx) && probe_run(PLACE) && !probe_store(PLACE, 0) &&
		   !frame_unmap(frame) && is_gone(),
	       "code that was unmapped is gone");
	result(map(frame, rx) && probe_run(PLACE) && write_code(frame + 1, 0) == false &&
		   !frame_unmap(frame) && map(frame + 1, rx) && probe_load(PLACE, &value) &&
		   value == 0 && !probe_run(PLACE) && !frame_unmap(frame + 1),
	       "another page in its place is seen");
	result(map(frame, rx) && probe_run(PLACE) && !cspace_delete(START_SLOT_CSPACE, frame) &&
		   is_gone(),
	       "code whose frame was deleted is gone");
	result(map(frame + 1, SPACE_ATTR_READ | SPACE_ATTR_WRITE) && probe_store(PLACE, 1) &&
		   !cspace_revoke(START_SLOT_CSPACE, untyped) && is_gone(),
	       "memory whose untyped was revoked is gone");
}

static void write_or_execute(void)
{
	const uint32_t wx = SPACE_ATTR_WRITE | SPACE_ATTR_EXECUTE;
	static uint32_t data[2] = {RETURNS, RETURNS};

	result(space_map(START_SLOT_SPACE, frame, PLACE, wx, 1) == BAD_ARGUMENT &&
		   space_map(START_SLOT_SPACE, frame, PLACE, wx | SPACE_ATTR_READ, 1) ==
		       BAD_ARGUMENT,
	       "no page is mapped to be written and executed");
	result(!probe_store((uintptr_t)probe_load & ~7ull, 0) && !probe_run((uintptr_t)data),
	       "code cannot be written, data not be executed");
}

/* The guest beside has its marks where it should. Whoever runs this has a limit. */
static void wait_marked(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	const struct ax_vm_range range = {.gpa = STEERED_MAIL, .size = 4, .align = 4};
	skerry_AxVmData data = skerry_AxVmData_init_zero;

	while (ax_vm_read_from_guest_of_call(grant_slot("vmm.marked"), &range, &data) ||
	       data.data.size != 4 || data.data.bytes[0] == 0)
		(void)nanosleep(&pause, NULL);
}

int main(void)
{
	skerry_cap slots = slots_take(4);

	untyped = slots;
	frame = slots + 1;
	server_ready();
	if (!probe_make() ||
	    untyped_retype(grant_slot("untyped"), CAP_UNTYPED, 14, 0, untyped, 1) ||
	    untyped_retype(untyped, CAP_FRAME, 12, 0, frame, 2))
		return EXIT_FAILURE;
	wait_marked();
	call_registers();
	system_registers();
	memory();
	started_again();
	physical();
	write_or_execute();
	stale();
	attack_calls();
	log_line("attacks: %u failed", failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
