/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that do not end with a plain reply: kept for later, cycles, and either side going away. */
#include "user.h"

struct pair {
	struct machine *m;
	uint32_t port;
	struct user server, a, b; /* a server that owns its time, and two callers */
};

static struct pair pair_new(void)
{
	struct pair p = {.m = machine_new()};

	p.port = object_new(p.m, CAP_PORT, 0);
	p.server = server_start(p.m, p.port, 20);
	p.a = user_start(p.m, 9);
	SYS(p.m, p.a.t, CALL_CALL, p.port, 0, 1);
	IS_CURRENT(p.m, p.server.t);
	return p;
}

/* The server saves the call of a, and waits again. */
static uint32_t save(struct pair *p)
{
	uint32_t slot = slot_new(p->m, 1);

	CHECK_EQ(INVOKE_AS(p->m, p->server.t, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, slot).status,
		 OK);
	CHECK_EQ(slot_cap(p->m, slot)->type, CAP_REPLY);
	CHECK_EQ(SYS(p->m, p->server.t, CALL_REPLY_WAIT, p->port, INFO_NO_REPLY).status, BLOCKED);
	IS_CURRENT(p->m, p->m->init);
	return slot;
}

TEST(reply_saved_is_answered_after_another)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t slot = save(&p);

	p.b = user_start(m, 9);
	SYS(m, p.b.t, CALL_CALL, p.port, 0, 2);
	CHECK_EQ(user_result(p.server.t).r[2], 2);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, 0, 0, 22).status, OK);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, slot, 0, 11).status, OK);
	CHECK_EQ(slot_cap(m, slot)->type, CAP_EMPTY);
	CHECK_EQ(user_result(p.a.t).r[2], 11);
	CHECK_EQ(user_result(p.b.t).r[2], 22);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, slot, 0).status, BAD_CAP);
}

TEST(reply_saved_moves_to_another_slot)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t slot = save(&p), to = slot_new(m, 1);

	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, to, slot, RIGHT_ALL, 0), BAD_CAP);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, to, slot);
	CHECK_EQ(SYS(m, m->init, CALL_REPLY, to, INFO(4, 0, 0)).status, OK);
	CHECK_EQ(user_result(p.a.t).r[1], INFO(4, 0, 0));
}

TEST(reply_saved_and_deleted_ends_the_call)
{
	struct pair p = pair_new();
	uint32_t slot = save(&p);

	OKAY(p.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, slot);
	IS_CURRENT(p.m, p.a.t);
	CHECK_EQ(user_result(p.a.t).status, PEER_RESTARTED);
}

TEST(reply_saved_for_a_caller_that_is_gone_is_stale)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t slot = save(&p);

	OKAY(m, p.a.slot, THREAD_STOP);
	CHECK_EQ(SYS(m, m->init, CALL_REPLY, slot, 0).status, STALE);
	CHECK_EQ(p.a.t->context.state, CONTEXT_STOPPED);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, slot_new(m, 1)), NOT_FOUND);
}

TEST(reply_saved_needs_a_free_slot)
{
	struct pair p = pair_new();
	struct machine *m = p.m;

	CHECK_EQ(INVOKE_AS(m, p.server.t, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, p.port).status,
		 EXISTS);
	CHECK_EQ(INVOKE_AS(m, p.server.t, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, 0).status,
		 BAD_ARGUMENT);
	CHECK_EQ(p.a.t->context.server == p.server.t, 1);
}

TEST(reply_to_a_caller_that_was_stopped_is_stale)
{
	struct pair p = pair_new();
	struct machine *m = p.m;

	CHECK_EQ(INVOKE_AS(m, p.server.t, p.a.slot, THREAD_STOP).status, OK);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(0, 0, 0)).status, STALE);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, 0, 0).status, STALE);
}

TEST(reply_to_a_caller_that_was_deleted_is_stale)
{
	struct pair p = pair_new();
	struct machine *m = p.m;

	CHECK_EQ(INVOKE_AS(m, p.server.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, p.a.slot).status, OK);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, 0, 0).status, STALE);
}

static struct pair server_waits(void)
{
	struct pair p = {.m = machine_new()};
	uint32_t signal = object_new(p.m, CAP_SIGNAL, 0);

	p.port = object_new(p.m, CAP_PORT, 0);
	p.server = server_start(p.m, p.port, 20);
	p.a = user_start(p.m, 9);
	SYS(p.m, p.a.t, CALL_CALL, p.port, 0, 1);
	/* In the middle of the call it waits for something that never comes. */
	CHECK_EQ(SYS(p.m, p.server.t, CALL_WAIT, signal, 1).status, BLOCKED);
	p.b = user_start(p.m, 8);
	CHECK_EQ(SYS(p.m, p.b.t, CALL_CALL, p.port, 0, 2).status, BLOCKED);
	IS_CURRENT(p.m, p.m->init);
	return p;
}

TEST(call_ends_when_the_server_is_stopped)
{
	struct pair p = server_waits();

	OKAY(p.m, p.server.slot, THREAD_STOP);
	IS_CURRENT(p.m, p.a.t);
	CHECK_EQ(user_result(p.a.t).status, PEER_RESTARTED);
	/* Who had not been taken yet waits for the next server. */
	CHECK_EQ(p.b.t->context.state, CONTEXT_SENDING);
}

TEST(call_ends_when_the_server_is_restarted)
{
	struct pair p = server_waits();
	struct machine *m = p.m;

	OKAY(m, p.server.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(m, p.server.t);
	CHECK_EQ(user_result(p.a.t).status, PEER_RESTARTED);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, 0, 0).status, STALE);
	SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO_NO_REPLY);
	CHECK_EQ(user_result(p.server.t).r[2], 2);
}

TEST(call_ends_when_the_server_is_deleted)
{
	struct pair p = server_waits();

	OKAY(p.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, p.server.slot);
	IS_CURRENT(p.m, p.a.t);
	CHECK_EQ(user_result(p.a.t).status, PEER_RESTARTED);
	CHECK_EQ(p.b.t->context.state, CONTEXT_SENDING);
}

TEST(call_ends_when_the_port_is_renewed)
{
	struct pair p = server_waits();

	OKAY(p.m, p.port, PORT_RENEW);
	IS_CURRENT(p.m, p.a.t);
	CHECK_EQ(user_result(p.a.t).status, PEER_RESTARTED);
	CHECK_EQ(p.b.t->context.state, CONTEXT_SENDING);
}

/* Interrupted at every step: in_use_port_with_callers_deleted (test_in_use_calls.c). */
TEST(call_ends_when_the_port_is_deleted)
{
	struct pair p = server_waits();
	uint32_t other = object_new(p.m, CAP_PORT, 0);
	struct user idle = server_start(p.m, other, 20);

	OKAY(p.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, p.port);
	CHECK_EQ(user_result(p.a.t).status, PEER_DIED);
	CHECK_EQ(user_result(p.b.t).status, PEER_DIED);
	IS_CURRENT(p.m, p.a.t);
	CHECK_EQ(SYS(p.m, p.a.t, CALL_CALL, p.port, 0).status, BAD_CAP);
	CHECK_EQ(INVOKE_AS(p.m, p.a.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, other).status, OK);
	IS_CURRENT(p.m, idle.t);
	CHECK_EQ(user_result(idle.t).status, BAD_CAP);
}

TEST(call_to_oneself_is_a_deadlock)
{
	struct pair p = pair_new();

	CHECK_EQ(SYS(p.m, p.server.t, CALL_CALL, p.port, 0).status, DEADLOCK);
}

TEST(call_in_a_circle_is_a_deadlock)
{
	struct machine *m = machine_new();
	uint32_t ports[3];
	struct user u[3];

	for (int i = 0; i < 3; i++) {
		ports[i] = object_new(m, CAP_PORT, 0);
		u[i] = server_start(m, ports[i], 20);
	}
	SYS(m, m->init, CALL_CALL, ports[0], 0);
	SYS(m, u[0].t, CALL_CALL, ports[1], 0);
	SYS(m, u[1].t, CALL_CALL, ports[2], 0);
	CHECK_EQ(SYS(m, u[2].t, CALL_CALL, ports[0], 0).status, DEADLOCK);
	CHECK_EQ(SYS(m, u[2].t, CALL_CALL, ports[1], 0).status, DEADLOCK);
	CHECK_EQ(SYS(m, u[2].t, CALL_REPLY_WAIT, ports[2], 0).status, BLOCKED);
	IS_CURRENT(m, u[1].t);
}

TEST(call_chain_has_a_limit)
{
	struct machine *m = machine_new();
	uint32_t ports[24];
	struct user u[24];
	enum status s = BLOCKED;
	unsigned depth = 0;

	for (int i = 0; i < 24; i++) {
		ports[i] = object_new(m, CAP_PORT, 0);
		u[i] = server_start(m, ports[i], 20);
	}
	SYS(m, m->init, CALL_CALL, ports[0], 0);
	while (s == BLOCKED && depth < 23) {
		IS_CURRENT(m, u[depth].t);
		s = SYS(m, u[depth].t, CALL_CALL, ports[depth + 1], 0).status;
		depth++;
	}
	/* However deep it is let go, whoever is last can run, also after an interrupt. */
	CHECK_EQ(s, LIMIT);
	depth--;
	CHECK_EQ(depth, 14); /* after init, so 16 in all */
	time_pass(m, 1000);
	for (unsigned i = depth + 1; i-- > 0;) {
		IS_CURRENT(m, u[i].t);
		SYS(m, u[i].t, CALL_REPLY_WAIT, ports[i], 0);
	}
	IS_CURRENT(m, m->init);
}

/* Seen from the first caller the chain is cut before its end: who answers there lets it go on. */
TEST(call_chain_too_long_to_help_goes_on_with_the_reply)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), last = object_new(m, CAP_PORT, 0), ports[14];
	struct user owner = server_start(m, port, 5), server = server_start(m, last, 0), u[14];
	struct user first = user_new(m);

	for (int i = 0; i < 14; i++) {
		ports[i] = object_new(m, CAP_PORT, 0);
		u[i] = server_start(m, ports[i], 0);
	}
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, first.slot, 30, FOREVER, FOREVER);
	SYS(m, m->init, CALL_CALL, port, 0);
	SYS(m, owner.t, CALL_REPLY, 0, 0);
	SYS(m, owner.t, CALL_CALL, last, 0);
	INVOKE_AS(m, server.t, first.slot, THREAD_START, 0, 0, 0, 0);
	SYS(m, first.t, CALL_CALL, ports[0], 0);
	for (int i = 0; i < 14; i++)
		SYS(m, u[i].t, CALL_CALL, i < 13 ? ports[i + 1] : port, 0);
	IS_CURRENT(m, server.t); /* for `owner`, which is two too far for `first` */
	CHECK(first.t->context.stalled);
	SYS(m, server.t, CALL_REPLY_WAIT, last, 0);
	IS_CURRENT(m, owner.t);
	CHECK(m->k->owner == &first.t->context);
}
