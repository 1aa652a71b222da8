/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service that makes random system calls. Its threads share a cspace that has one of each kind,
 * the cspace itself and the threads included, and send random messages to the servers they may call
 * and to each other. When they have come to a stop, all they made is revoked and they begin anew.
 * (Words: this thread, which watches; callers; a life, from one such beginning to the next.)
 *
 * Configuration: two numbers of 64 bits, seed and how many calls. Then the victim
 * (tests/guests/victim.c) is told to end.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "axvm.ipc.h"
#include "tries.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/server.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "tests/services/steer/steered.h"

#define LIFE_ORDER 18u
#define PRIORITY 12u /* above the guests, below all servers */
#define BUDGET_NS 10000000ull
#define LIFE_CALLS 400u
#define STACK_BYTES 8192u
#define CALLER_VM 63u

struct fuzz_caller fuzz_callers[FUZZ_CALLERS];
static _Alignas(16) uint8_t stacks[FUZZ_CALLERS][STACK_BYTES];
static skerry_cap life, cspace, threads;
static uint32_t lives, results[1 - UNSUPPORTED];

static void need(int32_t status, const char *what)
{
	if (status == OK)
		return;
	log_line("FAIL %s: %d", what, status);
	exit(EXIT_FAILURE);
}

static void make(enum cap_type type, uint64_t param, skerry_cap slot, uint32_t count)
{
	need(untyped_retype(life, type, param, cspace, slot, count), "an object is made");
}

static void copy(skerry_cap to, skerry_cap from)
{
	need(cspace_copy(cspace, to, from, RIGHT_ALL, 0), "a capability is copied");
}

/* What START and grants gave, if it did. */
static void copy_grant(skerry_cap to, const char *name)
{
	const struct start_grant *g = grant_find(name);

	if (g)
		copy(to, g->slot);
}

static void fill_cspace(void)
{
	make(CAP_UNTYPED, 15, FUZZ_UNTYPED, 1);
	make(CAP_UNTYPED, 12, FUZZ_UNTYPED + 1, 1);
	make(CAP_FRAME, 12, FUZZ_FRAME, FUZZ_FRAMES);
	make(CAP_CSPACE, 16, FUZZ_CSPACE, 1);
	copy(FUZZ_CSPACE + 1, cspace);
	make(CAP_SPACE, SPACE_SERVICE, FUZZ_SPACE, 1);
	make(CAP_SPACE, SPACE_VM(CALLER_VM), FUZZ_SPACE + 1, 1);
	copy(FUZZ_SPACE + 2, START_SLOT_SPACE);
	make(CAP_THREAD, 0, FUZZ_THREAD, 1);
	make(CAP_VCPU, 0, FUZZ_VCPU, 2);
	make(CAP_PORT, 0, FUZZ_PORT, 2);
	make(CAP_SIGNAL, 0, FUZZ_SIGNAL, 2);
	make(CAP_LINE, 0, FUZZ_LINE, 2);
	make(CAP_TIMER, 0, FUZZ_TIMER, 1);
	make(CAP_IRQ, 0, FUZZ_IRQ, 1);
	copy_grant(FUZZ_CORE, "core");
	copy(FUZZ_SERVER, START_SLOT_INIT);
	copy_grant(FUZZ_SERVER + 1, "console");
	copy_grant(FUZZ_SERVER + 2, "uart0.prey");
	copy_grant(FUZZ_SERVER + 3, "vmm.prey");
}

/* Each caller: its thread is this one's, and copied to where all of them can reach it. */
static void start_caller(uint32_t i, uint64_t seed)
{
	struct fuzz_caller *c = &fuzz_callers[i];
	const skerry_cap thread = threads + i;

	need(untyped_retype(life, CAP_THREAD, 0, 0, thread, 1), "a thread is made");
	copy(FUZZ_THREAD + 1 + i, thread);
	*c = (struct fuzz_caller){
	    .seed = seed,
	    .buffer = (struct message_buffer *)START_BUFFER + 1 + i,
	    .stack_top = (uintptr_t)stacks[i] + STACK_BYTES,
	};
	need(thread_configure(thread, cspace, START_SLOT_SPACE, START_SLOT_BUFFER, 512 * (1 + i), 0,
			      0),
	     "a thread is configured");
	need(core_schedule(grant_slot("core"), thread, PRIORITY, BUDGET_NS, BUDGET_NS),
	     "a thread is scheduled");
	need(thread_start(thread, (uintptr_t)fuzz_call, c->stack_top, (uintptr_t)c, 0),
	     "a thread is started");
}

static uint64_t calls_so_far(void)
{
	uint64_t calls = 0;

	for (uint32_t i = 0; i < FUZZ_CALLERS; i++)
		calls += fuzz_callers[i].calls;
	return calls;
}

/* Until a moment passes in which nobody called, or there were enough. */
static uint64_t live(uint64_t seed)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	uint64_t before = 1, calls = 0;

	lives++;
	need(untyped_retype(life, CAP_CSPACE, FUZZ_SLOTS, 0, cspace, 1), "a cspace is made");
	fill_cspace();
	for (uint32_t i = 0; i < FUZZ_CALLERS; i++)
		start_caller(i, seed + i);
	while (calls != before && calls < LIFE_CALLS) {
		before = calls;
		(void)nanosleep(&moment, NULL);
		calls = calls_so_far();
	}
	for (uint32_t i = 0; i < FUZZ_CALLERS; i++)
		need(thread_stop(threads + i), "a thread is stopped");
	need(cspace_revoke(START_SLOT_CSPACE, life), "a life is revoked");
	return calls_so_far();
}

/* Of the last life; how often each result came is counted. */
static uint32_t wrong_results(void)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < FUZZ_CALLERS; i++) {
		wrong += fuzz_callers[i].wrong;
		for (uint32_t status = 0; status <= -UNSUPPORTED; status++)
			results[status] += fuzz_callers[i].results[status];
	}
	return wrong;
}

static uint32_t statuses(void)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i <= -UNSUPPORTED; i++)
		seen += results[i] != 0;
	return seen;
}

/* Whatever came of a life, all of its memory is there again. */
static bool all_is_back(void)
{
	struct untyped_status s = {0};

	return untyped_status(life, &s) == OK && s.left == s.size;
}

static bool end_victim(void)
{
	const uint32_t word = 1;
	skerry_AxVmWrite mail = {.gpa = STEERED_MAIL, .data = {.size = 4}};
	struct ax_vm_done done;

	memcpy(mail.data.bytes, &word, 4);
	return !ax_vm_write_to_guest_of_call(grant_slot("vmm.victim"), &mail, &done);
}

int main(void)
{
	uint32_t size, wrong = 0, lost = 0;
	const uint64_t *config = start_config(&size);
	uint64_t calls = 0;

	server_ready();
	life = slots_take(2 + FUZZ_CALLERS);
	cspace = life + 1;
	threads = life + 2;
	if (size != 16)
		return EXIT_FAILURE;
	need(untyped_retype(grant_slot("untyped"), CAP_UNTYPED, LIFE_ORDER, 0, life, 1),
	     "memory for lives");
	while (calls < config[1]) {
		calls += live(config[0] + lives * FUZZ_CALLERS);
		wrong += wrong_results();
		lost += !all_is_back();
	}
	log_line("%lu calls in %u lives, %u wrong results, %u times memory was lost", calls, lives,
		 wrong, lost);
	log_line("%u of them OK, %u statuses", results[OK], statuses());
	log_line("%s random calls", wrong || lost || results[OK] < calls / 8 ? "FAIL" : "ok");
	return end_victim() ? EXIT_SUCCESS : EXIT_FAILURE;
}
