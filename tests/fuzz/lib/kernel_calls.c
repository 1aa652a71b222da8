/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_calls.h"

#include "exit.skerry.h"

#define POOL 90 /* slots that calls are made on, from BOOT_SLOT_FREE on */

static uint64_t slot(void)
{
	return once_in(16) ? PICK(0, 2, 4, 6, ~0ull) : BOOT_SLOT_FREE + test_random() % POOL;
}

/* As a rule a slot that holds this type. */
static uint64_t of(const struct machine *m, enum cap_type type)
{
	uint32_t start = (uint32_t)(test_random() % POOL);

	for (uint32_t i = 0; i < POOL && !once_in(2000); i++) {
		uint32_t at = BOOT_SLOT_FREE + (start + i) % POOL;

		if (slot_cap(m, at)->type == type)
			return at;
	}
	return slot();
}

uint64_t fuzz_address(void)
{
	return PICK(0, 0x1000, 0x2000, 0x200000, 0x9000000, 0x9001000, 0x40000000, 1ull << 38,
		    1ull << 39, 1);
}

static uint64_t value(void)
{
	switch (test_random() % 4) {
	case 0:
		return slot();
	case 1:
		return fuzz_address();
	case 2:
		return test_random() % 70;
	default:
		return PICK(0, 1, 2, 3, 4, 12, 21, 27, 40, 50, 0x100, 1ull << 32, ~0ull);
	}
}

static enum cap_type any_type(void)
{
	static const uint8_t types[] = {CAP_FRAME,  CAP_FRAME, CAP_CSPACE, CAP_SPACE,	CAP_THREAD,
					CAP_THREAD, CAP_VCPU,  CAP_PORT,   CAP_PORT,	CAP_SIGNAL,
					CAP_LINE,   CAP_TIMER, CAP_IRQ,	   CAP_UNTYPED, CAP_REPLY};

	return (enum cap_type)types[test_random() % sizeof(types)];
}

static enum status retype(struct machine *m, struct thread *t)
{
	enum cap_type type = any_type();
	uint64_t param = 0;

	if (type == CAP_FRAME || type == CAP_UNTYPED)
		param = once_in(8) ? 21 : 12;
	else if (type == CAP_CSPACE)
		param = PICK(8, 16, 64);
	else if (type == CAP_SPACE)
		param = PICK(SPACE_SERVICE, SPACE_VM(1), SPACE_VM(2));
	if (once_in(8))
		return INVOKE_AS(m, t, m->ram, UNTYPED_RETYPE, type, param, of(m, CAP_CSPACE),
				 1 + test_random() % 16, 1)
		    .status;
	return INVOKE_AS(m, t, once_in(6) ? PICK(of(m, CAP_UNTYPED), m->device, m->bundle) : m->ram,
			 UNTYPED_RETYPE, type, param, 0, of(m, CAP_EMPTY), 1 + once_in(4))
	    .status;
}

/* Methods whose arguments must fit to get anywhere. */
static enum status build(struct machine *m, struct thread *t)
{
	uint64_t cspace = once_in(8) ? of(m, CAP_CSPACE) : BOOT_SLOT_CSPACE;
	uint64_t space = once_in(4) ? of(m, CAP_SPACE) : BOOT_SLOT_SPACE;

	switch (test_random() % 13) {
	case 0:
		return INVOKE_AS(m, t, of(m, CAP_THREAD), THREAD_CONFIGURE, cspace, space,
				 of(m, CAP_FRAME), 0, PICK(0, of(m, CAP_PORT)), 7)
		    .status;
	case 1:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_MAP, of(m, CAP_FRAME),
				 fuzz_address(), 1 + test_random() % 7, 1 + test_random() % 3)
		    .status;
	case 2:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_DONATE, of(m, CAP_FRAME),
				 1 + test_random() % 2)
		    .status;
	case 3:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_BIND,
				 once_in(16) ? value() : 1 + test_random() % 7, of(m, CAP_PORT),
				 fuzz_address(), PICK(12, 12, 21), value())
		    .status;
	case 4:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_DOORBELL, 1 + test_random() % 7,
				 1 + test_random() % 7, of(m, CAP_SIGNAL), PICK(0, 4, 4ull << 32),
				 PICK(0, 1), PICK(0, 5, 256))
		    .status;
	case 5:
		return INVOKE_AS(m, t, of(m, CAP_TIMER), TIMER_SET,
				 fake_time + test_random() % 300000)
		    .status;
	case 6:
		return INVOKE_AS(m, t, of(m, CAP_TIMER), TIMER_BIND, of(m, CAP_SIGNAL),
				 1 + test_random() % 7)
		    .status;
	case 7:
		return INVOKE_AS(m, t, of(m, CAP_VCPU), VCPU_PORT, 1 + test_random() % 31,
				 of(m, CAP_PORT), 0)
		    .status;
	case 8:
		return INVOKE_AS(m, t, of(m, CAP_LINE), LINE_ARM, of(m, CAP_VCPU),
				 40 + test_random() % 20, 0, test_random() % 2)
		    .status;
	case 9:
		if (once_in(2))
			return INVOKE_AS(m, t, of(m, CAP_IRQ), IRQ_ARM, of(m, CAP_VCPU),
					 40 + test_random() % 20, 0, test_random() % 2)
			    .status;
		return INVOKE_AS(m, t, of(m, CAP_IRQ), IRQ_BIND, of(m, CAP_SIGNAL), 1).status;
	case 10:
		return INVOKE_AS(m, t, of(m, CAP_THREAD), THREAD_BIND, of(m, CAP_SIGNAL)).status;
	case 11:
		return INVOKE_AS(m, t, of(m, CAP_LINE), LINE_NOTIFY, of(m, CAP_SIGNAL), 1).status;
	default:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_WINDOWS, of(m, CAP_CSPACE)).status;
	}
}

static enum status on_vcpu(struct machine *m, struct thread *t, uint64_t on)
{
	uint64_t number = once_in(2) ? VCPU_RUN : VCPU_CONFIGURE + test_random() % 12;
	uint64_t a = value(), b = value();

	if (number == VCPU_CONFIGURE)
		a = of(m, CAP_SPACE);
	else if (number == VCPU_INJECT || number == VCPU_RETRACT || number == VCPU_IRQ)
		a = PICK(23, 27, 8192 + test_random() % 4, 40 + test_random() % 20);
	else if (number == VCPU_SOURCE)
		a = test_random() % VCPU_SOURCES;
	else if (number == VCPU_SET || number == VCPU_GET)
		a = test_random() % 3;
	if (number == VCPU_RETRACT)
		b = 1 + test_random() % 3;
	if (number == VCPU_SET && t->message)
		__builtin_memset(t->message->data, 0, sizeof(t->message->data)); /* no notes */
	return INVOKE_AS(m, t, on, number, a, b, test_random() % 2).status;
}

/* Any method of whatever is in slot `on`; but threads and vCPUs are rather started than stopped. */
static enum status method(struct machine *m, struct thread *t, uint64_t on)
{
	uint8_t type = on < BOOT_SLOTS && on ? slot_cap(m, (uint32_t)on)->type : CAP_EMPTY;
	uint64_t number = value();

	switch (type) {
	case CAP_THREAD:
		number = once_in(8) ? THREAD_CONFIGURE + test_random() % 5 : THREAD_START;
		break;
	case CAP_VCPU:
		return on_vcpu(m, t, on);
	case CAP_SPACE:
		number = SPACE_STATUS;
		break;
	case CAP_LINE:
		number = LINE_RAISE + test_random() % 6;
		break;
	case CAP_PORT:
		number = PORT_STATUS + test_random() % 2;
		break;
	case CAP_FRAME:
		number = FRAME_UNMAP + test_random() % 3;
		break;
	case CAP_IRQ:
		number = PICK(IRQ_ACK, IRQ_ACK, IRQ_DISARM, IRQ_STATUS, IRQ_PEND);
		break;
	case CAP_UNTYPED:
		number = UNTYPED_STATUS;
		break;
	default:
		break;
	}
	return INVOKE_AS(m, t, on, number, value(), value(), value(), value(), value(), value())
	    .status;
}

static enum status on_core(struct machine *m, struct thread *t)
{
	if (once_in(6))
		return INVOKE_AS(m, t, BOOT_SLOT_CORE, CORE_OFF + test_random() % 5, value())
		    .status;
	if (once_in(4))
		return INVOKE_AS(m, t, BOOT_SLOT_CORE, CORE_IRQ, of(m, CAP_IRQ),
				 40 + test_random() % 3, test_random() % 2)
		    .status;
	return INVOKE_AS(m, t, BOOT_SLOT_CORE, CORE_SCHEDULE,
			 PICK(of(m, CAP_THREAD), of(m, CAP_VCPU)), 1 + test_random() % 20,
			 PICK(0, 1000000, 50000, 50000), 1000000)
	    .status;
}

/* Copies of copies, into cspaces inside cspaces; and what goes takes all of that along. */
static enum status on_cspace(struct machine *m, struct thread *t)
{
	uint64_t cspace = once_in(4) ? of(m, CAP_CSPACE) : BOOT_SLOT_CSPACE;
	bool own = cspace == BOOT_SLOT_CSPACE;
	uint64_t to = own ? of(m, CAP_EMPTY) : 1 + test_random() % 15;
	uint64_t from = once_in(8) ? slot() : of(m, any_type());
	uint64_t used = own ? from : to;

	switch (test_random() % 10) {
	case 0:
		return used < BOOT_SLOT_FREE && own
			   ? OK
			   : INVOKE_AS(m, t, cspace, CSPACE_DELETE, used).status;
	case 1:
		return INVOKE_AS(m, t, cspace, CSPACE_REVOKE, used).status;
	case 2:
		return from < BOOT_SLOT_FREE
			   ? OK
			   : INVOKE_AS(m, t, cspace, CSPACE_MOVE, to, from).status;
	case 3:
		return INVOKE_AS(m, t, cspace, CSPACE_STATUS, used).status;
	default:
		return INVOKE_AS(m, t, cspace, CSPACE_COPY, to, from, once_in(4) ? 3 : RIGHT_ALL,
				 once_in(4) ? 9 : 0)
		    .status;
	}
}

static bool no_action; /* the answer's action is none */

/* Info of an answer the caller can take, most of the time; what belongs to it is in the buffer. */
static uint64_t answer(const struct thread *t, const struct context *caller)
{
	uint32_t action = once_in(20) ? 6 : (uint32_t)(test_random() % 6);
	const struct vcpu *v = (const struct vcpu *)caller;
	uint8_t *data = t->message ? t->message->data : NULL;

	no_action = false;
	if (!data || !caller || once_in(20))
		return INFO(test_random() % 4, PICK(0, 8, 480, 14, 511), once_in(4));
	no_action = caller->kind == CONTEXT_VCPU && action > EXIT_ACTION_ADVANCE_BLOCK;
	if (caller->kind == CONTEXT_VCPU && v->exit.class != EXIT_MMIO &&
	    v->exit.class != EXIT_SYSREG) {
		exit_reply_put(data,
			       &(struct exit_reply){.a0 = 1, .registers = 3, .action = action});
		return INFO(0, EXIT_REPLY_SIZE, 0);
	}
	if (caller->kind == CONTEXT_VCPU) {
		access_reply_put(data, &(struct access_reply){.value = 1, .action = action});
		return INFO(0, ACCESS_REPLY_SIZE, 0);
	}
	if (!((const struct thread *)caller)->fault_kind)
		return INFO(test_random() % 4, PICK(0, 8, 480, 14, 511), once_in(4));
	fault_reply_put(data, &(struct fault_reply){.action = once_in(2)});
	return INFO(0, FAULT_REPLY_SIZE, 0);
}

/* Of who has a call: an answer, soon or late, or a call of its own. */
static enum status serve(struct machine *m, struct thread *t)
{
	uint64_t info = answer(t, t->caller);
	enum status s;

	switch (test_random() % 8) {
	case 0:
		return INVOKE_AS(m, t, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, of(m, CAP_EMPTY))
		    .status;
	case 1:
		s = SYS(m, t, CALL_REPLY, 0, info).status;
		CHECK(s != OK || !no_action);
		return s;
	case 2:
	case 3:
		return SYS(m, t, CALL_CALL, of(m, CAP_PORT), INFO(1, 8, 0)).status;
	default:
		s = SYS(m, t, CALL_REPLY_WAIT, of(m, CAP_PORT), info).status;
		CHECK((s != OK && s != BLOCKED) || !no_action);
		return s;
	}
}

static enum status call(struct machine *m, struct thread *t)
{
	uint64_t reply = of(m, CAP_REPLY);

	if (t->message && once_in(2)) {
		t->message->receive = (uint32_t)of(m, CAP_EMPTY);
		t->message->caps[0] = (uint32_t)of(m, (enum cap_type)PICK(CAP_PORT, CAP_FRAME));
	}
	if (t->caller && !once_in(8))
		return serve(m, t);
	switch (test_random() % 10) {
	case 0:
	case 1:
		return SYS(m, t, CALL_CALL, of(m, CAP_PORT), answer(t, NULL)).status;
	case 2:
	case 3:
	case 4:
		return SYS(m, t, CALL_REPLY_WAIT, of(m, CAP_PORT), INFO_NO_REPLY).status;
	case 5:
		if (reply >= BOOT_SLOT_FREE && reply < BOOT_SLOT_FREE + POOL &&
		    slot_cap(m, (uint32_t)reply)->type == CAP_REPLY)
			return SYS(m, t, CALL_REPLY, reply,
				   answer(t, slot_object(m, (uint32_t)reply)))
			    .status;
		return SYS(m, t, CALL_REPLY, reply, 0).status;
	case 6:
		return SYS(m, t, CALL_SIGNAL, of(m, CAP_SIGNAL), 1 + test_random() % 7).status;
	case 7:
		return SYS(m, t, CALL_WAIT, of(m, CAP_SIGNAL), 1 + test_random() % 7).status;
	case 8:
		return SYS(m, t, CALL_POLL, of(m, CAP_SIGNAL), value()).status;
	default:
		return SYS(m, t, test_random() % 12, value(), value()).status;
	}
}

enum status fuzz_call(struct machine *m, struct thread *t)
{
	enum status s = OK;

	switch (test_random() % 24) {
	case 0:
	case 1:
		s = retype(m, t);
		break;
	case 2:
		s = on_core(m, t);
		break;
	case 3:
	case 4:
		s = on_cspace(m, t);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		s = build(m, t);
		break;
	case 9:
	case 10:
		s = method(m, t, of(m, once_in(2) ? CAP_THREAD : CAP_VCPU));
		break;
	case 11:
	case 12:
		s = method(m, t, once_in(8) ? slot() : of(m, any_type()));
		break;
	default:
		/* init stays ready: it is there when all others wait or are gone. */
		s = t == m->init ? SYS(m, t, CALL_YIELD, 0).status : call(m, t);
	}
	return s;
}
