/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of docs/abi.md that need much to be met: the depth of derivation, the length of a chain, a
 * cspace that is being emptied. */
#include <string.h>

#include "user.h"

#define BIG 65536
#define DEPTH 60000 /* docs/abi.md, Limits */

/* Objects derived so deep that nothing can be derived from them; their slots in `t`'s cspace. */
struct deep {
	struct machine *m;
	struct thread *t;
	uint32_t cspace, space, vm, thread, vcpu, port, signal, line, timer, irq, frame;
	uint32_t next; /* free slot of t's cspace */
};

static uint32_t deep_new(struct deep *d, uint32_t from, enum cap_type type, uint64_t param)
{
	CHECK_EQ(INVOKE_AS(d->m, d->t, from, UNTYPED_RETYPE, type, param, 0, d->next, 1).status,
		 OK);
	return d->next++;
}

/* Something of init's, in the thread's cspace. */
static uint32_t bring(struct deep *d, uint32_t cspace, uint32_t slot)
{
	struct cspace *cs = slot_object(d->m, cspace);

	CHECK_EQ(cs->slots[d->next].type, CAP_EMPTY);
	OKAY(d->m, cspace, CSPACE_COPY, d->next, slot, RIGHT_ALL, 0);
	return d->next++;
}

static void make_objects(struct deep *d, uint32_t from)
{
	d->cspace = deep_new(d, from, CAP_CSPACE, 8);
	d->space = deep_new(d, from, CAP_SPACE, SPACE_SERVICE);
	d->vm = deep_new(d, from, CAP_SPACE, SPACE_VM(9));
	d->thread = deep_new(d, from, CAP_THREAD, 0);
	d->vcpu = deep_new(d, from, CAP_VCPU, 0);
	d->port = deep_new(d, from, CAP_PORT, 0);
	d->signal = deep_new(d, from, CAP_SIGNAL, 0);
	d->line = deep_new(d, from, CAP_LINE, 0);
	d->timer = deep_new(d, from, CAP_TIMER, 0);
	d->irq = deep_new(d, from, CAP_IRQ, 0);
	d->frame = deep_new(d, from, CAP_FRAME, 12);
}

/* The thread answers init's call with a capability that is too deep. */
static void reply_deep(struct deep *d, const struct user *u, uint32_t port, uint32_t serve)
{
	struct machine *m = d->m;

	m->init->message->receive = slot_new(m, 1);
	SYS(m, u->t, CALL_REPLY_WAIT, serve, INFO_NO_REPLY);
	SYS(m, m->init, CALL_CALL, port, 0);
	u->message->caps[0] = d->signal;
	CHECK_EQ(SYS(m, u->t, CALL_REPLY, 0, INFO(0, 0, 1)).status, LIMIT);
	CHECK_EQ(SYS(m, u->t, CALL_REPLY_WAIT, serve, INFO(0, 0, 1)).status, LIMIT);
}

#define DEEP(d, ...) (INVOKE_AS((d).m, (d).t, __VA_ARGS__).status)

TEST(errors_limit_of_derivation)
{
	struct deep d = {.m = machine_new(), .next = 3};
	struct machine *m = d.m;
	uint32_t big = object_new(m, CAP_CSPACE, BIG), memory = object_new(m, CAP_UNTYPED, 17);
	struct user u = user_new(m);
	struct guest g = guest_new(m, 1, 0);
	uint32_t waits = object_new(m, CAP_PORT, 0), space, windows, port, core, own, serve;

	d.t = u.t;
	OKAY(m, big, CSPACE_MOVE, 2, memory);
	space = bring(&d, big, g.space_slot);
	windows = bring(&d, big, g.windows);
	port = bring(&d, big, waits);
	core = bring(&d, big, BOOT_SLOT_CORE);
	own = object_new(m, CAP_PORT, 0);
	serve = bring(&d, big, own);
	OKAY(m, u.slot, THREAD_CONFIGURE, big, BOOT_SLOT_SPACE, u.frame, 0, 0, 0);
	(void)server_start(m, waits, 0);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 9, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);

	/* Memory in memory of the same size. */
	m->unchecked = true;
	uint32_t untyped = 2;
	uint16_t depth = ((struct cspace *)slot_object(m, big))->slots[2].depth;

	for (; depth < DEPTH - 1; depth++)
		untyped = deep_new(&d, untyped, CAP_UNTYPED, 17);
	make_objects(&d, untyped);

	CHECK_EQ(DEEP(d, d.vm, SPACE_WINDOWS, d.cspace), LIMIT);
	CHECK_EQ(DEEP(d, d.vm, SPACE_WINDOWS, windows), EXISTS);
	CHECK_EQ(DEEP(d, space, SPACE_BIND, 1, d.port, 0x1000, 12, 0), LIMIT);
	CHECK_EQ(DEEP(d, space, SPACE_BIND, 1, port, 0x1000, 12, 0), OK);
	CHECK_EQ(DEEP(d, space, SPACE_DOORBELL, 2, 1, d.signal, 0, 0, 0), LIMIT);
	CHECK_EQ(DEEP(d, d.thread, THREAD_CONFIGURE, d.cspace, d.space, d.frame, 0, 0, 0), LIMIT);
	CHECK_EQ(DEEP(d, d.thread, THREAD_BIND, d.signal), LIMIT);
	CHECK_EQ(DEEP(d, d.vcpu, VCPU_CONFIGURE, d.vm, 0), LIMIT);
	CHECK_EQ(DEEP(d, d.vcpu, VCPU_PORT, 1, d.port), LIMIT);
	CHECK_EQ(DEEP(d, d.line, LINE_ARM, d.vcpu, 40, 0, LINE_LEVEL), LIMIT);
	CHECK_EQ(DEEP(d, d.line, LINE_NOTIFY, d.signal, 1), LIMIT);
	CHECK_EQ(DEEP(d, d.timer, TIMER_BIND, d.signal, 1), LIMIT);
	CHECK_EQ(DEEP(d, core, CORE_IRQ, d.irq, 40, IRQ_TRIGGER_LEVEL), OK);
	CHECK_EQ(DEEP(d, d.irq, IRQ_BIND, d.signal, 1), LIMIT);

	/* In a message, too: the receiver's would be its child. */
	struct thread *server = container_of(((struct port *)slot_object(m, waits))->receivers.next,
					     struct thread, context.waiting);

	server->message->receive = slot_new(m, 1);
	u.message->caps[0] = d.signal;
	CHECK_EQ(SYS(m, u.t, CALL_CALL, port, INFO(1, 0, 1)).status, LIMIT);

	reply_deep(&d, &u, own, serve);
	CHECK_EQ(DEEP(d, 2, UNTYPED_STATUS), OK);
	m->unchecked = false;
	check_kernel(m->k);
}

/* A caller and 15 servers, each in the call of the one before, are as many as may be. */
TEST(errors_limit_of_a_chain)
{
	struct machine *m = machine_new();
	uint32_t ports[16];
	struct user u[16];

	for (int i = 0; i < 16; i++) {
		ports[i] = object_new(m, CAP_PORT, 0);
		u[i] = server_start(m, ports[i], 0);
	}
	SYS(m, m->init, CALL_CALL, ports[0], 0);
	for (int i = 0; i < 14; i++)
		CHECK_EQ(SYS(m, u[i].t, CALL_CALL, ports[i + 1], 0).status, BLOCKED);
	CHECK_EQ(SYS(m, u[14].t, CALL_CALL, ports[15], 0).status, LIMIT);
}

/* Two chains, the first of which queues at a server of the second: too long to join its end. */
TEST(errors_limit_of_a_queue)
{
	struct machine *m = machine_new();
	uint32_t start = object_new(m, CAP_SIGNAL, 0), join = object_new(m, CAP_SIGNAL, 0),
		 ports[17];
	struct user u[17], first = user_start(m, 5), late;

	CHECK_EQ(SYS(m, first.t, CALL_WAIT, start, 1).status, BLOCKED);
	late = user_start(m, 9);
	CHECK_EQ(SYS(m, late.t, CALL_WAIT, join, 1).status, BLOCKED);
	for (int i = 0; i < 17; i++) {
		ports[i] = object_new(m, CAP_PORT, 0);
		u[i] = server_start(m, ports[i], 0);
	}
	SYS(m, m->init, CALL_CALL, ports[14], 0);
	SYS(m, u[14].t, CALL_CALL, ports[15], 0);
	SYS(m, u[15].t, CALL_CALL, ports[16], 0);
	SYS(m, u[16].t, CALL_SIGNAL, start, 1);
	SYS(m, first.t, CALL_CALL, ports[0], 0);
	for (int i = 0; i < 14; i++)
		CHECK_EQ(SYS(m, u[i].t, CALL_CALL, ports[i + 1], 0).status, BLOCKED);
	IS_CURRENT(m, u[16].t);
	SYS(m, u[16].t, CALL_SIGNAL, join, 1);
	IS_CURRENT(m, late.t);
	CHECK_EQ(SYS(m, late.t, CALL_CALL, ports[0], 0).status, LIMIT);
	/* From its middle on the chain is short enough. */
	CHECK_EQ(SYS(m, late.t, CALL_CALL, ports[8], 0).status, BLOCKED);
}

TEST(errors_of_replies_and_waits)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), kept = slot_new(m, 1);
	uint32_t signal = object_new(m, CAP_SIGNAL, 0), line = object_new(m, CAP_LINE, 0);
	uint32_t mute = copy_new(m, signal, RIGHT_WAIT, 0);
	struct guest g = guest_new(m, 1, port);
	struct user server = server_start(m, port, 20), caller = user_start(m, 9);

	SYS(m, caller.t, CALL_CALL, port, 0);
	CHECK_EQ(INVOKE_AS(m, server.t, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, kept).status, OK);
	CHECK_EQ(INVOKE_AS(m, server.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, caller.frame).status, OK);
	CHECK_EQ(SYS(m, server.t, CALL_REPLY, kept, INFO(0, 8, 0)).status, BAD_STATE);
	CHECK_EQ(SYS(m, server.t, CALL_REPLY, kept, INFO(0, 0, 0)).status, OK);
	CHECK_EQ(SYS(m, server.t, CALL_POLL, signal, 0).status, BAD_ARGUMENT);
	CHECK_EQ(INVOKE_AS(m, server.t, line, LINE_NOTIFY, mute, 1).status, NO_RIGHT);
	CHECK_EQ(INVOKE_AS(m, server.t, line, LINE_ARM, g.slot, 1020, 0, LINE_LEVEL).status,
		 BAD_ARGUMENT);
	CHECK_EQ(INVOKE_AS(m, server.t, line, LINE_ARM, g.slot, 40, 512, LINE_LEVEL).status,
		 BAD_ARGUMENT);
	CHECK_EQ(INVOKE_AS(m, server.t, line, LINE_ARM, g.slot, 40, 0, 2).status, BAD_ARGUMENT);
	CHECK_EQ(INVOKE_AS(m, server.t, g.slot, VCPU_IRQ, 1020).status, BAD_ARGUMENT);
}

TEST(errors_of_a_cspace_that_is_being_emptied)
{
	struct machine *m = machine_new();
	uint32_t cspace = object_new(m, CAP_CSPACE, 64), port = object_new(m, CAP_PORT, 0);
	uint32_t signal = object_new(m, CAP_SIGNAL, 0), timer = object_new(m, CAP_TIMER, 0);
	struct user other;

	for (uint64_t s = 2; s < 64; s++)
		OKAY(m, cspace, CSPACE_COPY, s, port, RIGHT_ALL, 0);
	OKAY(m, timer, TIMER_BIND, signal, 1);
	OKAY(m, timer, TIMER_SET, fake_time + 100);
	other = user_start(m, 9);
	CHECK_EQ(SYS(m, other.t, CALL_WAIT, signal, 1).status, BLOCKED);
	m->k->arch.preempt_at = 2;
	fake_time += 100;
	CHECK_EQ(INVOKE(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, cspace).status, PREEMPTED);
	m->k->arch.preempt_at = 0;
	IS_CURRENT(m, other.t);
	CHECK(((struct cspace *)slot_object(m, cspace))->dying);
	CHECK_EQ(INVOKE_AS(m, other.t, cspace, CSPACE_COPY, 1, port, RIGHT_ALL, 0).status, BUSY);
	CHECK_EQ(INVOKE_AS(m, other.t, cspace, CSPACE_MOVE, 1, port).status, BUSY);
	CHECK_EQ(INVOKE_AS(m, other.t, cspace, CSPACE_SAVE_REPLY, 1).status, BUSY);
	CHECK_EQ(INVOKE_AS(m, other.t, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, cspace, 1, 1).status,
		 BUSY);
	CHECK_EQ(INVOKE_AS(m, other.t, BOOT_SLOT_CSPACE, CSPACE_COPY, slot_new(m, 1), cspace,
			   RIGHT_ALL, 0)
		     .status,
		 BUSY);
}

TEST(errors_of_calls_with_the_wrong_slots)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);
	struct guest g = guest_new(m, 1, port);
	struct user mute = user_new(m);

	CHECK_EQ(SYS(m, m->init, CALL_POLL, port, 1).status, BAD_CAP);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, mute.slot, 9, FOREVER, FOREVER);
	CHECK_EQ(INVOKE(m, BOOT_SLOT_THREAD, THREAD_START, 0, 0, 0, 0).status, BUSY);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, mute.frame);
	OKAY(m, mute.slot, THREAD_START, 0x10000000, 0, 0, 0);
	IS_CURRENT(m, mute.t);
	CHECK_EQ(SYS(m, mute.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY).status, BAD_STATE);
	CHECK_EQ(INVOKE_AS(m, mute.t, g.slot, VCPU_SET, 0).status, BAD_STATE);
	CHECK_EQ(SYS(m, mute.t, CALL_WAIT, signal, 1).status, BLOCKED);
}

TEST(errors_of_windows_without_their_cspace)
{
	struct machine *m = machine_new();
	uint32_t space = object_new(m, CAP_SPACE, SPACE_VM(1)),
		 cspace = object_new(m, CAP_CSPACE, 16);
	uint32_t port = object_new(m, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);
	uint32_t weak = copy_new(m, cspace, RIGHT_GRANT, 0);

	CHECK_EQ(INVOKE(m, space, SPACE_WINDOWS, port).status, BAD_CAP);
	CHECK_EQ(INVOKE(m, space, SPACE_WINDOWS, weak).status, NO_RIGHT);
	CHECK_EQ(INVOKE(m, space, SPACE_DOORBELL, 2, 1, signal, 0x50, 0, 0).status, BAD_STATE);
	OKAY(m, space, SPACE_WINDOWS, cspace);
	CHECK_EQ(INVOKE(m, space, SPACE_BIND, 1, port, 0x1000, 12, 0).status, NO_MEMORY);
	CHECK_EQ(((struct cspace *)slot_object(m, cspace))->slots[1].type, CAP_EMPTY);
}

TEST(errors_of_vcpus_and_lines)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), vcpu = object_new(m, CAP_VCPU, 0);
	uint32_t line = object_new(m, CAP_LINE, 0), signal = object_new(m, CAP_SIGNAL, 0);
	uint32_t irq = object_new(m, CAP_IRQ, 0), badged = copy_new(m, signal, RIGHT_RAISE, 2);
	struct guest g = guest_new(m, 1, port);
	uint32_t weak_space = copy_new(m, g.space_slot, RIGHT_GRANT, 0);
	uint32_t weak_vcpu = copy_new(m, g.slot, RIGHT_GRANT, 0);
	uint32_t weak_irq = copy_new(m, irq, RIGHT_GRANT, 0);

	CHECK_EQ(INVOKE(m, vcpu, VCPU_SET, 0).status, BAD_STATE);
	CHECK_EQ(INVOKE(m, vcpu, VCPU_RETRACT, 40, IRQ_PENDING).status, BAD_STATE);
	CHECK_EQ(INVOKE(m, vcpu, VCPU_CONFIGURE, weak_space, 0).status, NO_RIGHT);
	CHECK_EQ(INVOKE(m, line, LINE_DISARM).status, NOT_FOUND);
	CHECK_EQ(INVOKE(m, line, LINE_ARM, signal, 40, 0, LINE_LEVEL).status, BAD_CAP);
	CHECK_EQ(INVOKE(m, line, LINE_ARM, weak_vcpu, 40, 0, LINE_LEVEL).status, NO_RIGHT);
	OKAY(m, line, LINE_ARM, g.slot, 40, 0, LINE_LEVEL);
	CHECK_EQ(INVOKE(m, line, LINE_ARM, g.slot, 41, 0, LINE_LEVEL).status, EXISTS);
	CHECK_EQ(INVOKE(m, line, LINE_NOTIFY, port, 1).status, BAD_CAP);
	CHECK_EQ(INVOKE(m, line, LINE_NOTIFY, signal, 0).status, BAD_ARGUMENT);
	CHECK_EQ(INVOKE(m, line, LINE_NOTIFY, badged, 1).status, BAD_ARGUMENT);
	CHECK_EQ(INVOKE(m, BOOT_SLOT_CORE, CORE_IRQ, weak_irq, 40, IRQ_TRIGGER_LEVEL).status,
		 NO_RIGHT);
}
