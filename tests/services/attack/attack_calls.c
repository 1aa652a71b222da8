/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between threads of one service, which share memory and cspace: a message that changes while
 * its call waits, and a reply that is another's to give. A server, a caller and an intruder, each
 * of higher priority than who watches: they have gone on as far as they can when a call here
 * returns.
 */
#include "attack.h"

#include "services/lib/grants.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"

#define BUDGET_NS 10000000ull
#define STACK 2048u
#define SECRET 0x5ec2e7u

enum { SERVER, CALLER, INTRUDER, ROLES };
#define BUFFER(role) ((volatile struct message_buffer *)START_BUFFER + 2 + (role))

static skerry_cap port, gate, given, received, kept, threads;
static _Alignas(16) uint8_t stacks[ROLES][STACK];
static volatile int32_t call_status, serve_status, reply_status;
static volatile uint64_t call_word, serve_word, serve_byte;
static volatile bool answered;

/* A fault ends a thread that has no fault port. */
static void stop(void)
{
	__asm__ volatile("udf #0");
}

/* The server's way, which may hold a call. */
static void sleep(void)
{
	for (;;) {
		uint64_t bits;

		(void)sys_wait(gate, 1ull << 63, &bits);
	}
}

/* With one capability and eight bytes. */
static void caller(void)
{
	struct sys_message m = sys_call_words(port, INFO(1, 8, 1), SECRET, 0, 0, 0);

	call_word = m.words[0];
	call_status = m.status;
	answered = true;
	stop();
}

/* Takes one call, and keeps its reply or holds it. */
static void server(void)
{
	struct sys_message m = sys_reply_wait(port, INFO_NO_REPLY);

	serve_word = m.words[0];
	serve_byte = BUFFER(SERVER)->data[0];
	serve_status = m.status;
	if (kept)
		reply_status = cspace_save_reply(START_SLOT_CSPACE, kept);
	sleep();
}

static void intruder(void)
{
	reply_status = sys_reply(0, INFO(0, 0, 0));
	stop();
}

static bool start(uint32_t role, void (*f)(void))
{
	const struct start_grant *core = grant_find("core");
	const skerry_cap thread = threads + role;

	return !thread_stop(thread) &&
	       !thread_configure(thread, START_SLOT_CSPACE, START_SLOT_SPACE, START_SLOT_BUFFER,
				 512 * (2 + role), 0, 0) &&
	       !core_schedule(core->slot, thread, (uint32_t)core->badge, BUDGET_NS, BUDGET_NS) &&
	       !thread_start(thread, (uintptr_t)f, (uintptr_t)stacks[role] + STACK, 0, 0);
}

static void forget(void)
{
	for (uint32_t i = 0; i < ROLES; i++)
		(void)thread_stop(threads + i);
	for (uint32_t i = 0; i < MESSAGE_CAPS; i++)
		(void)cspace_delete(START_SLOT_CSPACE, received + i);
	answered = false;
	kept = 0;
	serve_status = 1;
	BUFFER(CALLER)->caps[0] = given;
	BUFFER(CALLER)->data[0] = 1;
	BUFFER(SERVER)->receive = received;
}

static bool is_empty(skerry_cap slot)
{
	uint32_t type = 0, rights;
	uint64_t badge;

	return !cspace_status(START_SLOT_CSPACE, slot, &type, &rights, &badge) && type == CAP_EMPTY;
}

/* ---- What changes while a call waits for a server is checked when it is taken ---- */

static void changed_capability(skerry_cap now, int32_t status, const char *name)
{
	bool ok;

	forget();
	ok = start(CALLER, caller);
	BUFFER(CALLER)->caps[0] = now;
	ok = ok && start(SERVER, server);
	result(ok && answered && call_status == status && is_empty(received) && serve_status == 1,
	       name);
}

static void changed_receive(uint32_t now, int32_t status, const char *name)
{
	bool ok;

	forget();
	ok = start(SERVER, server);
	BUFFER(SERVER)->receive = now;
	ok = ok && start(CALLER, caller);
	result(ok && answered && call_status == status && serve_status == 1, name);
}

static void changed_bytes(void)
{
	bool ok;

	forget();
	ok = start(CALLER, caller);
	BUFFER(CALLER)->data[0] = 2;
	BUFFER(CALLER)->data[8] = 3;
	BUFFER(SERVER)->data[8] = 0;
	ok = ok && start(SERVER, server);
	BUFFER(CALLER)->data[0] = 4;
	result(ok && serve_status == OK && serve_byte == 2 && BUFFER(SERVER)->data[0] == 2 &&
		   BUFFER(SERVER)->data[8] == 0 && !is_empty(received) && serve_word == SECRET,
	       "what was taken is the server's: once, and no byte more than said");
}

/* ---- Replies ---- */

static void others_reply(void)
{
	const skerry_cap copy = received + 3;
	bool ok;

	forget();
	ok = start(CALLER, caller) && start(SERVER, server) && serve_status == OK;
	result(ok && start(INTRUDER, intruder) && reply_status == STALE && !answered,
	       "who holds no call answers none");
	result(sys_reply(0, INFO(0, 0, 0)) == STALE && !answered, "nor does who watches");
	forget();
	kept = received + 2;
	ok = start(CALLER, caller) && start(SERVER, server) && serve_status == OK &&
	     reply_status == OK;
	result(ok && cspace_copy(START_SLOT_CSPACE, copy, kept, RIGHT_ALL, 0) == BAD_CAP &&
		   sys_reply(copy, INFO(0, 0, 0)) == BAD_CAP && !answered,
	       "a kept reply has no copy");
	result(!sys_reply(kept, INFO(0, 0, 0)) && answered && call_status == OK &&
		   sys_reply(kept, INFO(0, 0, 0)) == BAD_CAP,
	       "it is given once");
	forget();
	kept = received + 2;
	ok = start(CALLER, caller) && start(SERVER, server) && !thread_stop(threads + CALLER);
	result(ok && start(CALLER, caller) && sys_reply(kept, INFO(0, 0, 0)) == STALE && !answered,
	       "the next call of the same caller is not answered by it");
}

void attack_calls(void)
{
	const skerry_cap untyped = grant_slot("untyped");
	const skerry_cap slots = slots_take(4 + MESSAGE_CAPS + ROLES);
	const skerry_cap plain = slots + 3;

	port = slots;
	gate = slots + 1;
	given = slots + 2;
	received = slots + 4;
	threads = received + MESSAGE_CAPS;
	if (untyped_retype(untyped, CAP_PORT, 0, 0, port, 1) ||
	    untyped_retype(untyped, CAP_SIGNAL, 0, 0, gate, 2) ||
	    untyped_retype(untyped, CAP_THREAD, 0, 0, threads, ROLES) ||
	    cspace_copy(START_SLOT_CSPACE, plain, given, RIGHT_RAISE, 0)) {
		result(false, "threads are made");
		return;
	}
	changed_capability(threads, BAD_CAP, "a capability that became a thread is not sent");
	changed_capability(plain, NO_RIGHT, "nor one that became another without GRANT");
	changed_capability(0xffffffff, BAD_CAP, "nor what became no slot");
	changed_receive(START_SLOT_CSPACE, EXISTS, "a slot to receive in that became a used one");
	changed_receive(0xfffffffe, EXISTS, "and one that became none");
	changed_bytes();
	others_reply();
	forget();
}
