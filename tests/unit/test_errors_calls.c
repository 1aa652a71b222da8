/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of docs/abi.md that nothing else meets: of replies with capabilities, and of what comes
 * before a method is looked at. */
#include "user.h"

/* A server that holds a call of init and would answer with `caps` capabilities. */
struct reply {
	struct machine *m;
	struct user server;
	uint32_t port, to, caps;
};

static struct reply reply_new(void)
{
	struct reply r = {.m = machine_new(), .caps = 1};

	r.port = object_new(r.m, CAP_PORT, 0);
	r.to = slot_new(r.m, 4);
	r.server = server_start(r.m, r.port, 20);
	r.m->init->message->receive = r.to;
	SYS(r.m, r.m->init, CALL_CALL, r.port, 0);
	IS_CURRENT(r.m, r.server.t);
	return r;
}

/* Both ways to answer refuse it, transfer nothing, and keep the call. */
static void refused(const struct reply *r, uint32_t slot, enum status expected)
{
	r->server.message->caps[0] = slot;
	CHECK_EQ(SYS(r->m, r->server.t, CALL_REPLY, 0, INFO(0, 0, r->caps)).status, expected);
	CHECK_EQ(SYS(r->m, r->server.t, CALL_REPLY_WAIT, r->port, INFO(0, 0, r->caps)).status,
		 expected);
	CHECK_EQ(r->m->init->context.state, CONTEXT_CALLING);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(slot_cap(r->m, r->to + i)->type, CAP_EMPTY);
}

TEST(errors_of_capabilities_in_a_reply)
{
	struct reply r = reply_new();
	uint32_t signal = slot_new(r.m, 1), weak = slot_new(r.m, 1), *receive;

	CHECK_EQ(INVOKE_AS(r.m, r.server.t, r.m->ram, UNTYPED_RETYPE, CAP_SIGNAL, 0, 0, signal, 1)
		     .status,
		 OK);
	CHECK_EQ(INVOKE_AS(r.m, r.server.t, BOOT_SLOT_CSPACE, CSPACE_COPY, weak, signal,
			   RIGHT_ALL & ~RIGHT_GRANT, 0)
		     .status,
		 OK);
	refused(&r, weak, NO_RIGHT);
	refused(&r, BOOT_SLOT_THREAD, BAD_CAP);
	r.caps = 5;
	refused(&r, signal, BAD_ARGUMENT);
	r.caps = 1;
	receive = &r.m->init->message->receive;
	*receive = 0;
	refused(&r, signal, BAD_ARGUMENT);
	*receive = signal;
	refused(&r, signal, EXISTS);
	*receive = r.to;
	r.server.message->caps[0] = signal;
	CHECK_EQ(SYS(r.m, r.server.t, CALL_REPLY, 0, INFO(0, 0, 1)).status, OK);
	CHECK_EQ(slot_cap(r.m, r.to)->type, CAP_SIGNAL);
}

TEST(errors_of_call_numbers_that_are_none)
{
	struct machine *m = machine_new();

	CHECK_EQ(SYS(m, m->init, 0).status, BAD_CALL);
	CHECK_EQ(SYS(m, m->init, CALL_INVOKE + 1).status, BAD_CALL);
	CHECK_EQ(SYS(m, m->init, 0xffff).status, BAD_CALL);
}

TEST(errors_of_cspace_slots_out_of_range)
{
	static const uint32_t methods[] = {CSPACE_COPY,	  CSPACE_MOVE,	 CSPACE_DELETE,
					   CSPACE_REVOKE, CSPACE_STATUS, CSPACE_SAVE_REPLY};
	struct machine *m = machine_new();

	for (unsigned i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, methods[i], 0), BAD_ARGUMENT);
		CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, methods[i], BOOT_SLOTS), BAD_ARGUMENT);
	}
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, slot_new(m, 1), slot_new(m, 1)), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, slot_new(m, 1), BOOT_SLOTS), BAD_CAP);
}

TEST(errors_of_windows_that_are_moved_or_invoked)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);
	uint32_t space = object_new(m, CAP_SPACE, SPACE_VM(1)), window = slot_new(m, 1);
	uint32_t doorbell = slot_new(m, 1), to = slot_new(m, 1);

	space_donate(m, space, 3);
	OKAY(m, space, SPACE_WINDOWS, BOOT_SLOT_CSPACE);
	OKAY(m, space, SPACE_BIND, window, port, 0x1000, 12, 0);
	OKAY(m, space, SPACE_DOORBELL, doorbell, window, signal, 0, 0, 0);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, to, window), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, to, doorbell), BAD_CAP);
	CHECK_EQ(STATUS(m, window, PORT_STATUS), BAD_CAP);
	CHECK_EQ(STATUS(m, doorbell, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, signal, 0), BAD_CAP);
}

TEST(errors_of_a_kept_reply_that_is_invoked)
{
	struct reply r = reply_new();
	uint32_t slot = slot_new(r.m, 1);

	CHECK_EQ(INVOKE_AS(r.m, r.server.t, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, slot).status, OK);
	CHECK_EQ(INVOKE_AS(r.m, r.server.t, slot, PORT_STATUS).status, BAD_CAP);
}

TEST(errors_of_lines_without_the_right)
{
	struct machine *m = machine_new();
	uint32_t line = object_new(m, CAP_LINE, 0), signal = object_new(m, CAP_SIGNAL, 0);
	uint32_t wire = copy_new(m, line, RIGHT_WRITE, 0);
	uint32_t manage = copy_new(m, line, RIGHT_MANAGE, 0);

	CHECK_EQ(STATUS(m, manage, LINE_RAISE), NO_RIGHT);
	CHECK_EQ(STATUS(m, manage, LINE_LOWER), NO_RIGHT);
	CHECK_EQ(STATUS(m, wire, LINE_ARM, line, 50, 0, LINE_LEVEL), NO_RIGHT);
	CHECK_EQ(STATUS(m, wire, LINE_DISARM), NO_RIGHT);
	CHECK_EQ(STATUS(m, wire, LINE_NOTIFY, signal, 1), NO_RIGHT);
	CHECK_EQ(STATUS(m, wire, LINE_STATUS), NO_RIGHT);
	CHECK_EQ(STATUS(m, line, 0x8ff), BAD_METHOD);
}

TEST(errors_of_irqs_bound_to_no_signal)
{
	struct machine *m = machine_new();
	uint32_t irq = object_new(m, CAP_IRQ, 0);

	OKAY(m, BOOT_SLOT_CORE, CORE_IRQ, irq, 40, IRQ_TRIGGER_LEVEL);
	CHECK_EQ(STATUS(m, irq, IRQ_BIND, irq, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, irq, IRQ_BIND, slot_new(m, 1), 1), BAD_CAP);
}
