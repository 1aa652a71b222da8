/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls and replies: what arrives, in which order, and what is refused. */
#include "user.h"

#include <string.h>

#define METHOD 0x70000001u

struct pair { /* init calls, a server of higher priority answers */
	struct machine *m;
	uint32_t port, call; /* the port, and a badged capability to call it */
	struct user server;
};

static struct pair pair_new(void)
{
	struct pair p = {.m = machine_new()};

	p.port = object_new(p.m, CAP_PORT, 0);
	p.call = copy_new(p.m, p.port, RIGHT_CALL, 0x77);
	p.server = server_start(p.m, p.port, 0);
	return p;
}

static struct message_buffer *init_buffer(const struct machine *m)
{
	return slot_object(m, BOOT_SLOT_BUFFER);
}

TEST(port_call_and_reply_carry_words_bytes_and_badge)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	struct message_buffer *b = init_buffer(m);
	struct result r;

	for (unsigned i = 0; i < MESSAGE_BYTES; i++)
		b->data[i] = (uint8_t)(i + 1);
	memset(p.server.message->data, 0xee, MESSAGE_BYTES);
	r = SYS(m, m->init, CALL_CALL, p.call, INFO(METHOD, 13, 0), 2, 3, 4, ~0ull);
	CHECK_EQ(r.status, BLOCKED);
	IS_CURRENT(m, p.server.t);
	r = user_result(p.server.t);
	CHECK_EQ(r.status, OK);
	CHECK_EQ(r.r[1], INFO(METHOD, 13, 0));
	CHECK(r.r[2] == 2 && r.r[3] == 3 && r.r[4] == 4 && r.r[5] == ~0ull);
	CHECK_EQ(r.r[6], 0x77);
	CHECK_MEMORY(p.server.message->data, b->data, 13);
	CHECK_EQ(p.server.message->data[13], 0xee); /* not a byte more */

	memset(p.server.message->data, 0x42, 480);
	r = SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(9, 480, 0), 20, 30, 40, 50);
	CHECK_EQ(r.status, BLOCKED);
	IS_CURRENT(m, m->init);
	r = user_result(m->init);
	CHECK_EQ(r.status, OK);
	CHECK_EQ(r.r[1], INFO(9, 480, 0));
	CHECK(r.r[2] == 20 && r.r[3] == 30 && r.r[4] == 40 && r.r[5] == 50);
	CHECK_EQ(r.r[6], 0);
	CHECK_MEMORY(b->data, p.server.message->data, 480);
}

TEST(port_info_holds_nothing_of_the_kernels)
{
	struct pair p = pair_new();

	SYS(p.m, p.m->init, CALL_CALL, p.call, INFO(1, 0, 0) | INFO_SIGNAL | INFO_NO_REPLY);
	CHECK_EQ(user_result(p.server.t).r[1] & (INFO_SIGNAL | INFO_NO_REPLY), 0);
	/* A server cannot make its own status look like one of the kernel's. */
	SYS(p.m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(0xffffffffu, 0, 0) | INFO_SIGNAL);
	CHECK_EQ(user_result(p.m->init).status, OK);
	CHECK_EQ(user_result(p.m->init).r[1] & INFO_SIGNAL, 0);
	CHECK((int32_t)(user_result(p.m->init).r[1] >> INFO_LABEL_SHIFT) >= 0);
}

TEST(port_call_refuses)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t serve = copy_new(m, p.port, RIGHT_SERVE, 0),
		 call = copy_new(m, p.port, RIGHT_CALL, 0);
	uint32_t signal = object_new(m, CAP_SIGNAL, 0);

	CHECK_EQ(SYS(m, m->init, CALL_CALL, 0, 0).status, BAD_CAP);
	CHECK_EQ(SYS(m, m->init, CALL_CALL, ~0ull, 0).status, BAD_CAP);
	CHECK_EQ(SYS(m, m->init, CALL_CALL, signal, 0).status, BAD_CAP);
	CHECK_EQ(SYS(m, m->init, CALL_CALL, serve, 0).status, NO_RIGHT);
	CHECK_EQ(SYS(m, m->init, CALL_CALL, call, INFO(1, 481, 0)).status, BAD_MESSAGE);
	CHECK_EQ(SYS(m, m->init, CALL_CALL, call, INFO(1, 511, 0)).status, BAD_MESSAGE);
	CHECK_EQ(SYS(m, m->init, CALL_REPLY_WAIT, call, INFO_NO_REPLY).status, NO_RIGHT);
	CHECK_EQ(SYS(m, m->init, CALL_REPLY_WAIT, signal, INFO_NO_REPLY).status, BAD_CAP);
	CHECK_EQ(SYS(m, m->init, CALL_REPLY_WAIT, serve, 0).status, STALE);
	CHECK_EQ(SYS(m, m->init, CALL_REPLY, 0, 0).status, STALE);
	CHECK_EQ(SYS(m, m->init, CALL_REPLY, p.port, 0).status, BAD_CAP);
	CHECK_EQ(SYS(m, m->init, CALL_NULL, 0).status, BAD_CALL);
	CHECK_EQ(SYS(m, m->init, 99, 0).status, BAD_CALL);
	CHECK_EQ(SYS(m, m->init, 0xffffffff, 0).status, BAD_CALL);
	CHECK_EQ(p.server.t->context.state, CONTEXT_RECEIVING);
}

TEST(port_server_holds_one_call_at_a_time)
{
	struct pair p = pair_new();
	struct machine *m = p.m;

	SYS(m, m->init, CALL_CALL, p.call, 0);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO_NO_REPLY).status, BUSY);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(0, 481, 0)).status, BAD_MESSAGE);
	/* It still has the call, and answers it. */
	CHECK_EQ(m->init->context.state, CONTEXT_CALLING);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(5, 0, 0)).status, BLOCKED);
	CHECK_EQ(user_result(m->init).r[1], INFO(5, 0, 0));
}

TEST(port_queued_callers_are_served_in_order)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = user_new(m), callers[5];

	for (unsigned i = 0; i < 5; i++) {
		uint32_t badged = copy_new(m, port, RIGHT_CALL, 100 + i);

		callers[i] = user_start(m, 9);
		CHECK_EQ(SYS(m, callers[i].t, CALL_CALL, badged, 0, i).status, BLOCKED);
	}
	IS_CURRENT(m, m->init);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, server.slot, 20, FOREVER, FOREVER);
	OKAY(m, server.slot, THREAD_START, 0, 0, 0, 0);
	SYS(m, server.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY);
	for (unsigned i = 0; i < 5; i++) {
		IS_CURRENT(m, server.t);
		CHECK_EQ(user_result(server.t).r[6], 100 + i);
		CHECK_EQ(user_result(server.t).r[2], i);
		SYS(m, server.t, CALL_REPLY_WAIT, port, INFO(i, 0, 0), i);
		/* The server runs for its next caller when it is that one's turn. */
		IS_CURRENT(m, callers[i].t);
		CHECK_EQ(user_result(callers[i].t).r[2], i);
		INVOKE_AS(m, callers[i].t, callers[i].slot, THREAD_STOP);
	}
	CHECK_EQ(server.t->context.state, CONTEXT_RECEIVING);
}

TEST(port_reply_without_waiting)
{
	struct pair p = pair_new();
	struct machine *m = p.m;

	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, p.server.slot, 20, FOREVER, FOREVER);
	SYS(m, m->init, CALL_CALL, p.call, 0);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, 0, INFO(3, 0, 0), 7).status, OK);
	IS_CURRENT(m, p.server.t); /* on its own budget, as it is higher */
	CHECK_EQ(user_result(m->init).r[2], 7);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY, 0, 0).status, STALE);
	CHECK_EQ(SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO_NO_REPLY).status, BLOCKED);
	IS_CURRENT(m, m->init);
}

TEST(port_without_buffers_words_travel)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	struct user caller = user_new(m);

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, caller.frame);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, caller.slot, 9, FOREVER, FOREVER);
	OKAY(m, caller.slot, THREAD_START, 0, 0, 0, 0);
	CHECK(!caller.t->message);
	CHECK_EQ(SYS(m, caller.t, CALL_CALL, p.call, INFO(1, 1, 0)).status, BAD_STATE);
	CHECK_EQ(SYS(m, caller.t, CALL_CALL, p.call, INFO(1, 0, 0), 5).status, BLOCKED);
	CHECK_EQ(user_result(p.server.t).r[2], 5);
	SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(0, 0, 0), 6);
	CHECK_EQ(user_result(caller.t).r[2], 6);
}

/* The server takes only so many at once; between, it is an owner like any other. */
TEST(port_many_calls_that_cannot_be_taken_end)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = user_new(m), callers[7];

	for (unsigned i = 0; i < 7; i++) {
		callers[i] = user_start(m, 9);
		SYS(m, callers[i].t, CALL_CALL, port, INFO(0, 0, i ? 1 : 0), i);
	}
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, server.slot, 20, FOREVER, FOREVER);
	OKAY(m, server.slot, THREAD_START, 0, 0, 0, 0);
	SYS(m, server.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY);
	CHECK_EQ(SYS(m, server.t, CALL_REPLY_WAIT, port, INFO(0, 0, 0)).status, BLOCKED);
	CHECK_EQ(server.t->context.state, CONTEXT_RECEIVING);
	CHECK_EQ(user_result(callers[0].t).status, OK);
	for (unsigned i = 1; i < 7; i++)
		CHECK_EQ(user_result(callers[i].t).status, BAD_ARGUMENT);
}

/* ---- Capabilities in messages ---- */

static struct result send_caps(struct pair *p, unsigned count, uint32_t first, uint32_t receive)
{
	p->server.message->receive = receive;
	for (uint32_t i = 0; i < 4; i++)
		init_buffer(p->m)->caps[i] = first + i;
	return SYS(p->m, p->m->init, CALL_CALL, p->call, INFO(1, 0, count));
}

TEST(port_capabilities_arrive_as_children)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t first = slot_new(m, 4), to = slot_new(m, 4);

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, first, 1);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_SIGNAL, 0, 0, first + 1, 1);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_LINE, 0, 0, first + 2, 1);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first + 3, 1);
	CHECK_EQ(send_caps(&p, 4, first, to).status, BLOCKED);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_EQ(slot_cap(m, to + i)->type, slot_cap(m, first + i)->type);
		CHECK_EQ(p.server.message->caps[i], to + i);
	}
	CHECK_EQ((user_result(p.server.t).r[1] >> INFO_CAPS_SHIFT) & INFO_CAPS_MASK, 4);
	SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(0, 0, 0));
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, first + 1);
	CHECK_EQ(slot_cap(m, to + 1)->type, CAP_EMPTY);
	CHECK_EQ(slot_cap(m, to)->type, CAP_PORT);
}

TEST(port_capabilities_are_refused_whole)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t first = slot_new(m, 4), to = slot_new(m, 4), other = object_new(m, CAP_SIGNAL, 0);

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, first, 1);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_COPY, first + 1, other, RIGHT_ALL & ~RIGHT_GRANT, 0);
	CHECK_EQ(send_caps(&p, 2, first, to).status, NO_RIGHT);
	CHECK_EQ(send_caps(&p, 1, first, 0).status, BAD_ARGUMENT);
	CHECK_EQ(send_caps(&p, 3, first, to).status, NO_RIGHT);
	CHECK_EQ(send_caps(&p, 5, first, to).status, BAD_ARGUMENT);
	CHECK_EQ(send_caps(&p, 1, first + 3, to).status, BAD_CAP); /* empty */
	CHECK_EQ(send_caps(&p, 1, 0xffffffff, to).status, BAD_CAP);
	CHECK_EQ(send_caps(&p, 1, first, other).status, EXISTS);
	CHECK_EQ(send_caps(&p, 1, first, BOOT_SLOTS).status, EXISTS);
	CHECK_EQ(send_caps(&p, 1, m->ram, to).status, BAD_CAP);
	CHECK_EQ(send_caps(&p, 1, BOOT_SLOT_THREAD, to).status, BAD_CAP);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(slot_cap(m, to + i)->type, CAP_EMPTY);
	CHECK_EQ(p.server.t->context.state, CONTEXT_RECEIVING);
}

TEST(port_reply_carries_capabilities_too)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t signal = object_new(m, CAP_SIGNAL, 0), to = slot_new(m, 1);

	init_buffer(m)->receive = to;
	SYS(m, m->init, CALL_CALL, p.call, 0);
	p.server.message->caps[0] = signal;
	SYS(m, p.server.t, CALL_REPLY_WAIT, p.port, INFO(0, 0, 1));
	CHECK_EQ(user_result(m->init).status, OK);
	CHECK_EQ(slot_cap(m, to)->type, CAP_SIGNAL);
}

TEST(port_status_tells_generation_and_waiting_server)
{
	struct pair p = pair_new();
	struct machine *m = p.m;
	uint32_t other = object_new(m, CAP_PORT, 0);

	CHECK_EQ(OKAY(m, p.port, PORT_STATUS).r[1], 0);
	CHECK_EQ(OKAY(m, p.port, PORT_STATUS).r[2], 1);
	CHECK_EQ(OKAY(m, other, PORT_STATUS).r[2], 0);
	OKAY(m, p.port, PORT_RENEW);
	CHECK_EQ(OKAY(m, p.port, PORT_STATUS).r[1], 1);
	CHECK_EQ(STATUS(m, p.call, PORT_RENEW), NO_RIGHT);
	CHECK_EQ(STATUS(m, p.port, PORT_RENEW + 1), BAD_METHOD);
}
