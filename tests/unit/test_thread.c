/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: configuration, start and stop, faults as messages, and what they stand on going away. */
#include "user.h"

#include "exit.skerry.h"

TEST(thread_starts_with_the_registers_it_was_given)
{
	struct machine *m = machine_new();
	struct user u = user_new(m);

	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 9, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, 0x10001000, 0x20000000, 42, 0x30000000);
	IS_CURRENT(m, u.t);
	CHECK_EQ(u.t->context.arch.pc, 0x10001000);
	CHECK_EQ(u.t->context.arch.sp, 0x20000000);
	CHECK_EQ(u.t->context.arch.tls, 0x30000000);
	CHECK_EQ(context_arg(&u.t->context, 0), 42);
	CHECK_EQ(context_arg(&u.t->context, 1), 0);
}

TEST(thread_configure_refuses)
{
	struct machine *m = machine_new();
	struct user u = user_new(m);
	uint32_t vm = object_new(m, CAP_SPACE, SPACE_VM(1)), device = slot_new(m, 1);
	uint32_t weak_cspace = copy_new(m, BOOT_SLOT_CSPACE, RIGHT_READ, 0);
	uint32_t weak_space = copy_new(m, BOOT_SLOT_SPACE, RIGHT_READ, 0);
	uint32_t read_only = copy_new(m, u.frame, RIGHT_READ, 0), port = object_new(m, CAP_PORT, 0);
	uint32_t serve = copy_new(m, port, RIGHT_SERVE, 0),
		 badged = copy_new(m, port, RIGHT_CALL, 5);
	uint32_t C = BOOT_SLOT_CSPACE, S = BOOT_SLOT_SPACE;

	OKAY(m, m->device, UNTYPED_RETYPE, CAP_FRAME, 12, 0, device, 1);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, S, S, u.frame, 0, 0, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, C, u.frame, 0, 0, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, S, 0, 0, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, u.frame, 0, C, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, weak_cspace, S, u.frame, 0, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, weak_space, u.frame, 0, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, read_only, 0, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, u.frame, 0, serve, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, u.frame, 0, badged, 6), NO_RIGHT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, vm, u.frame, 0, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, device, 0, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, u.frame, 256, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, u.frame, 4096, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, C, S, u.frame, ~511ull, 0, 0), BAD_ARGUMENT);
	CHECK(u.t->message == u.message);
	OKAY(m, u.slot, THREAD_CONFIGURE, C, S, u.frame, 3584, badged, 0);
	CHECK_EQ((uint8_t *)u.t->message - (uint8_t *)u.message, 3584);
}

/* Half configured anew, it must not go on with the tables of a space that may end now. */
TEST(thread_configure_that_fails_leaves_nothing_of_the_space_before)
{
	struct machine *m = machine_new();
	struct user u = user_new(m);
	uint32_t before = object_new(m, CAP_SPACE, SPACE_SERVICE);
	struct cap *deep = slot_cap(m, copy_new(m, u.frame, RIGHT_ALL, 0));
	uint32_t deep_slot = (uint32_t)(deep - m->cspace->slots);
	uint16_t depth = deep->depth;

	OKAY(m, u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, before, u.frame, 0, 0, 0);
	m->unchecked = true;
	deep->depth = CAP_DEPTH_LIMIT; /* as if copied that often */
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, deep_slot,
			0, 0, 0),
		 LIMIT);
	deep->depth = depth;
	m->unchecked = false;
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, before);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 9, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, 0x10001000, 0, 0, 0);
	IS_CURRENT(m, u.t);
}

TEST(thread_refuses)
{
	struct machine *m = machine_new();
	uint32_t fresh = object_new(m, CAP_THREAD, 0), weak = copy_new(m, fresh, RIGHT_READ, 0);
	struct user u = user_start(m, 0);

	CHECK_EQ(STATUS(m, fresh, THREAD_START, 0, 0, 0, 0), BAD_STATE);
	CHECK_EQ(STATUS(m, weak, THREAD_START, 0, 0, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, fresh, THREAD_CONFIGURE - 1), BAD_METHOD);
	CHECK_EQ(STATUS(m, fresh, 1ull << 32 | THREAD_STOP), BAD_METHOD);
	/* A thread that may be running is not configured anew. */
	CHECK_EQ(STATUS(m, u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, u.frame, 0,
			0, 0),
		 BAD_STATE);
	OKAY(m, fresh, THREAD_STOP);
}

TEST(thread_stop_takes_effect_in_every_state)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);
	struct user receiving = server_start(m, port, 20), waiting = user_start(m, 9), ready;

	SYS(m, waiting.t, CALL_WAIT, signal, 1);
	ready = user_start(m, 9);
	CHECK_EQ(INVOKE_AS(m, ready.t, receiving.slot, THREAD_STOP).status, OK);
	CHECK_EQ(INVOKE_AS(m, ready.t, waiting.slot, THREAD_STOP).status, OK);
	INVOKE_AS(m, ready.t, ready.slot, THREAD_STOP);
	IS_CURRENT(m, m->init);
	CHECK_EQ(OKAY(m, receiving.slot, THREAD_STATUS).r[1], CONTEXT_STOPPED);
	CHECK_EQ(OKAY(m, waiting.slot, THREAD_STATUS).r[1], CONTEXT_STOPPED);
	CHECK_EQ(OKAY(m, ready.slot, THREAD_STATUS).r[1], CONTEXT_STOPPED);
	CHECK_EQ(OKAY(m, port, PORT_STATUS).r[2], 0);
}

/* ---- Faults ---- */

struct faulting {
	struct machine *m;
	uint32_t port;
	struct user handler, u;
};

static struct faulting faulting_new(void)
{
	struct faulting f = {.m = machine_new()};
	struct machine *m = f.m;
	uint32_t port = object_new(m, CAP_PORT, 0);

	f.port = port;
	f.handler = server_start(m, port, 0);
	f.u = user_new(m);
	OKAY(m, f.u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, f.u.frame, 0, port,
	     0x55);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, f.u.slot, 9, FOREVER, FOREVER);
	OKAY(m, f.u.slot, THREAD_START, 0x10002000, 0, 0, 0);
	IS_CURRENT(m, f.u.t);
	user_fault(m, THREAD_FAULT_DATA, 0xdead0000, 0x92000046);
	return f;
}

static void reply_fault(struct faulting *f, uint32_t action)
{
	fault_reply_put(f->handler.message->data, &(struct fault_reply){action});
	SYS(f->m, f->handler.t, CALL_REPLY_WAIT, f->port, INFO(0, FAULT_REPLY_SIZE, 0));
}

TEST(thread_fault_is_a_message_to_its_port)
{
	struct faulting f = faulting_new();
	struct result r = user_result(f.handler.t);
	struct thread_fault fault;

	IS_CURRENT(f.m, f.handler.t);
	CHECK_EQ(r.status, OK);
	CHECK_EQ(r.r[1], INFO(THREAD_FAULTS_FAULT, THREAD_FAULT_SIZE, 0));
	CHECK_EQ(r.r[6], 0x55);
	CHECK(thread_fault_get(f.handler.message->data, THREAD_FAULT_SIZE, &fault));
	CHECK_EQ(fault.pc, 0x10002000);
	CHECK_EQ(fault.address, 0xdead0000);
	CHECK_EQ(fault.syndrome, 0x92000046);
	CHECK_EQ(fault.kind, THREAD_FAULT_DATA);
	reply_fault(&f, EXIT_ACTION_RESUME);
	IS_CURRENT(f.m, f.u.t);
	CHECK_EQ(f.u.t->context.arch.pc, 0x10002000);
	/* It can make calls again: the next one is its own. */
	CHECK_EQ(SYS(f.m, f.u.t, CALL_CALL, f.port, INFO(7, 0, 0)).status, BLOCKED);
	CHECK_EQ(user_result(f.handler.t).r[1], INFO(7, 0, 0));
}

TEST(thread_fault_answered_otherwise_stops_it)
{
	struct faulting f = faulting_new();

	reply_fault(&f, EXIT_ACTION_ABORT);
	IS_CURRENT(f.m, f.m->init);
	CHECK_EQ(OKAY(f.m, f.u.slot, THREAD_STATUS).r[1], CONTEXT_STOPPED);
	CHECK_EQ(OKAY(f.m, f.u.slot, THREAD_STATUS).r[3], 0xdead0000);
	CHECK_EQ(OKAY(f.m, f.u.slot, THREAD_STATUS).r[4], 0x92000046);
}

TEST(thread_fault_reply_must_have_its_layout)
{
	struct faulting f = faulting_new();
	struct machine *m = f.m;

	fault_reply_put(f.handler.message->data, &(struct fault_reply){0});
	CHECK_EQ(SYS(m, f.handler.t, CALL_REPLY, 0, INFO(0, FAULT_REPLY_SIZE - 1, 0)).status,
		 BAD_MESSAGE);
	f.handler.message->data[0] ^= 0x10;
	CHECK_EQ(SYS(m, f.handler.t, CALL_REPLY, 0, INFO(0, FAULT_REPLY_SIZE, 0)).status,
		 BAD_MESSAGE);
	CHECK_EQ(f.u.t->context.state, CONTEXT_CALLING);
	reply_fault(&f, EXIT_ACTION_RESUME);
	IS_CURRENT(m, f.u.t);
}

TEST(thread_fault_without_a_port_stops_it)
{
	struct machine *m = machine_new();
	struct user u = user_start(m, 9);

	user_fault(m, THREAD_FAULT_FETCH, 0x1234, 1);
	IS_CURRENT(m, m->init);
	CHECK_EQ(OKAY(m, u.slot, THREAD_STATUS).r[1], CONTEXT_STOPPED);
}

TEST(thread_fault_of_the_handler_itself_stops_it)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user u = user_new(m);

	OKAY(m, u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, u.frame, 0, port, 0);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 9, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	SYS(m, u.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY);
	SYS(m, m->init, CALL_CALL, port, 0);
	IS_CURRENT(m, u.t);
	user_fault(m, THREAD_FAULT_DATA, 0, 0);
	IS_CURRENT(m, m->init);
	CHECK_EQ(u.t->context.state, CONTEXT_STOPPED);
	CHECK_EQ(user_result(m->init).status, PEER_RESTARTED);
}

/* A server faults while it holds a call. */
static struct faulting server_faulting(void)
{
	struct faulting f = {.m = machine_new()};
	struct machine *m = f.m;
	uint32_t port = object_new(m, CAP_PORT, 0);

	f.port = object_new(m, CAP_PORT, 0);
	f.handler = server_start(m, f.port, 30);
	f.u = user_new(m);
	OKAY(m, f.u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, f.u.frame, 0, f.port,
	     0);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, f.u.slot, 9, FOREVER, FOREVER);
	OKAY(m, f.u.slot, THREAD_START, 0, 0, 0, 0);
	SYS(m, f.u.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY);
	SYS(m, m->init, CALL_CALL, port, 0);
	IS_CURRENT(m, f.u.t);
	user_fault(m, THREAD_FAULT_DATA, 0, 0);
	IS_CURRENT(m, f.handler.t);
	return f;
}

TEST(thread_fault_of_a_server_ends_its_call)
{
	struct faulting f = server_faulting();

	reply_fault(&f, EXIT_ACTION_BLOCK);
	IS_CURRENT(f.m, f.m->init);
	CHECK_EQ(user_result(f.m->init).status, PEER_RESTARTED);
}

TEST(thread_fault_of_a_server_whose_handler_dies_ends_its_call)
{
	struct faulting f = server_faulting();

	INVOKE_AS(f.m, f.handler.t, f.handler.slot, THREAD_STOP);
	IS_CURRENT(f.m, f.m->init);
	CHECK_EQ(user_result(f.m->init).status, PEER_RESTARTED);
	CHECK_EQ(f.u.t->context.state, CONTEXT_STOPPED);
}

/* ---- What a thread stands on ---- */

TEST(thread_whose_space_ends_is_stopped)
{
	struct machine *m = machine_new();
	uint32_t space = object_new(m, CAP_SPACE, SPACE_SERVICE);
	struct user u = user_new(m);

	OKAY(m, u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, space, u.frame, 0, 0, 0);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 9, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(m, u.t);
	/* It pulls the ground from under itself. */
	INVOKE_AS(m, u.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, space);
	IS_CURRENT(m, m->init);
	CHECK_EQ(OKAY(m, u.slot, THREAD_STATUS).r[1], CONTEXT_STOPPED);
	CHECK_EQ(STATUS(m, u.slot, THREAD_START, 0, 0, 0, 0), BAD_STATE);
	CHECK_EQ(slot_cap(m, space)->type, CAP_EMPTY);
}

TEST(thread_deletes_itself)
{
	struct machine *m = machine_new();
	struct user u = user_start(m, 9);

	fake_set_fp(m->k, 0x77);
	INVOKE_AS(m, u.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, u.slot);
	IS_CURRENT(m, m->init);
	CHECK(!m->k->fp_owner);
	CHECK_EQ(slot_cap(m, u.slot)->type, CAP_EMPTY);
}

TEST(thread_buffer_can_go)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = server_start(m, port, 0);

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, server.frame);
	CHECK_EQ(SYS(m, m->init, CALL_CALL, port, INFO(1, 8, 0)).status, BAD_STATE);
	CHECK_EQ(server.t->context.state, CONTEXT_RECEIVING);
}
