/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whoever is current does something at random: a thread makes a call with arguments that are often
 * sensible, a guest does what guests do. The oracle is what must always be true: check_kernel after
 * every step, the strictness of the fake machine, and that no call is without a defined status.
 */
#include "user.h"

#define POOL 90 /* slots that calls are made on, from BOOT_SLOT_FREE on */

static uint64_t pick(const uint64_t *values, size_t count)
{
	return values[test_random() % count];
}
#define PICK(...) \
	pick((const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static uint64_t slot(void)
{
	return test_random() % 16 ? BOOT_SLOT_FREE + test_random() % POOL : PICK(0, 2, 4, 6, ~0ull);
}

/* Mostly a slot that holds this type. */
static uint64_t of(const struct machine *m, enum cap_type type)
{
	uint32_t start = (uint32_t)(test_random() % POOL);

	for (uint32_t i = 0; i < POOL && test_random() % 64; i++) {
		uint32_t at = BOOT_SLOT_FREE + (start + i) % POOL;

		if (slot_cap(m, at)->type == type)
			return at;
	}
	return slot();
}

static uint64_t address(void)
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
		return address();
	case 2:
		return test_random() % 70;
	default:
		return PICK(0, 1, 2, 3, 4, 12, 21, 27, 40, 50, 0x100, 1ull << 32, ~0ull);
	}
}

static enum status retype(struct machine *m, struct thread *t)
{
	static const uint8_t types[] = {CAP_FRAME,  CAP_FRAME, CAP_CSPACE, CAP_SPACE,  CAP_SPACE,
					CAP_THREAD, CAP_VCPU,  CAP_PORT,   CAP_PORT,   CAP_SIGNAL,
					CAP_LINE,   CAP_TIMER, CAP_IRQ,	   CAP_UNTYPED};
	uint64_t type = types[test_random() % sizeof(types)], param = 0;

	if (type == CAP_FRAME || type == CAP_UNTYPED)
		param = test_random() % 8 ? 12 : 21;
	else if (type == CAP_CSPACE)
		param = PICK(8, 16, 64);
	else if (type == CAP_SPACE)
		param = PICK(SPACE_SERVICE, SPACE_VM(1), SPACE_VM(2));
	return INVOKE_AS(m, t, test_random() % 4 ? m->ram : slot(), UNTYPED_RETYPE, type, param, 0,
			 BOOT_SLOT_FREE + test_random() % POOL, 1 + test_random() % 3)
	    .status;
}

/* Methods whose arguments must fit to get anywhere. */
static enum status build(struct machine *m, struct thread *t)
{
	switch (test_random() % 12) {
	case 0:
		return INVOKE_AS(m, t, of(m, CAP_THREAD), THREAD_CONFIGURE, BOOT_SLOT_CSPACE,
				 BOOT_SLOT_SPACE, of(m, CAP_FRAME), 0, PICK(0, of(m, CAP_PORT)), 7)
		    .status;
	case 1:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_MAP, of(m, CAP_FRAME), address(),
				 1 + test_random() % 7, 1 + test_random() % 3)
		    .status;
	case 2:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_DONATE, of(m, CAP_FRAME), 1).status;
	case 3:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_BIND, 1 + test_random() % 7,
				 of(m, CAP_PORT), address(), PICK(12, 12, 21), value())
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
		return INVOKE_AS(m, t, of(m, CAP_IRQ), IRQ_BIND, of(m, CAP_SIGNAL), 1).status;
	case 10:
		return INVOKE_AS(m, t, of(m, CAP_THREAD), THREAD_BIND, of(m, CAP_SIGNAL)).status;
	default:
		return INVOKE_AS(m, t, of(m, CAP_SPACE), SPACE_WINDOWS, of(m, CAP_CSPACE)).status;
	}
}

/* Any method of whatever is in slot `on`; but threads and vCPUs are rather started than stopped. */
static enum status method(struct machine *m, struct thread *t, uint64_t on)
{
	uint8_t type = on < BOOT_SLOTS && on ? slot_cap(m, (uint32_t)on)->type : CAP_EMPTY;
	uint64_t number = value();

	switch (type) {
	case CAP_THREAD:
		number = test_random() % 8 ? THREAD_START : THREAD_CONFIGURE + test_random() % 5;
		break;
	case CAP_VCPU:
		number = PICK(VCPU_RUN, VCPU_RUN, VCPU_RUN, VCPU_CONFIGURE + test_random() % 12);
		if (number == VCPU_CONFIGURE || number == VCPU_INJECT)
			return INVOKE_AS(m, t, on, number,
					 number == VCPU_INJECT ? 40 + test_random() % 20
							       : of(m, CAP_SPACE),
					 0)
			    .status;
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
		number = IRQ_ACK;
		break;
	default:
		break;
	}
	return INVOKE_AS(m, t, on, number, value(), value(), value(), value(), value(), value())
	    .status;
}

static enum status on_cspace(struct machine *m, struct thread *t)
{
	uint64_t cspace = test_random() % 8 ? BOOT_SLOT_CSPACE : slot();
	uint64_t a = BOOT_SLOT_FREE + test_random() % POOL, b = slot();

	switch (test_random() % 24) {
	case 0:
		return INVOKE_AS(m, t, cspace, CSPACE_DELETE, a).status;
	case 1:
		return INVOKE_AS(m, t, cspace, CSPACE_REVOKE, a).status;
	case 2:
		return INVOKE_AS(m, t, cspace, CSPACE_SAVE_REPLY, a).status;
	case 3:
		return b < BOOT_SLOT_FREE ? OK : INVOKE_AS(m, t, cspace, CSPACE_MOVE, a, b).status;
	default:
		return INVOKE_AS(m, t, cspace, CSPACE_COPY, a, b, PICK(RIGHT_ALL, RIGHT_ALL, 3),
				 PICK(0, 0, 9))
		    .status;
	}
}

static enum status call(struct machine *m, struct thread *t)
{
	uint64_t info = INFO(test_random() % 4, PICK(0, 8, 480, 14), test_random() % 8 ? 0 : 1);

	if (t->message && test_random() % 4 == 0) {
		t->message->receive = (uint32_t)slot();
		t->message->caps[0] = (uint32_t)slot();
	}
	switch (test_random() % 8) {
	case 0:
	case 1:
		return SYS(m, t, CALL_CALL, of(m, CAP_PORT), info).status;
	case 2:
	case 3:
		return SYS(m, t, CALL_REPLY_WAIT, of(m, CAP_PORT), t->caller ? info : INFO_NO_REPLY)
		    .status;
	case 4:
		return SYS(m, t, CALL_REPLY, PICK(0, of(m, CAP_REPLY)), info).status;
	case 5:
		return SYS(m, t, CALL_SIGNAL, of(m, CAP_SIGNAL), value()).status;
	case 6:
		return SYS(m, t, CALL_WAIT, of(m, CAP_SIGNAL), value()).status;
	default:
		return SYS(m, t, test_random() % 12, value(), value()).status;
	}
}

static enum status schedule(struct machine *m, struct thread *t)
{
	return INVOKE_AS(m, t, BOOT_SLOT_CORE, CORE_SCHEDULE,
			 PICK(of(m, CAP_THREAD), of(m, CAP_VCPU)), 1 + test_random() % 20,
			 PICK(0, 1000000, 50000), 1000000)
	    .status;
}

static void thread_step(struct machine *m, struct thread *t)
{
	enum status s = OK;

	switch (test_random() % 20) {
	case 0:
	case 1:
		s = retype(m, t);
		break;
	case 2:
	case 3:
		s = schedule(m, t);
		break;
	case 4:
		s = INVOKE_AS(m, t, BOOT_SLOT_CORE, CORE_IRQ, of(m, CAP_IRQ),
			      40 + test_random() % 3, test_random() % 2)
			.status;
		break;
	case 5:
	case 6:
		s = on_cspace(m, t);
		break;
	case 7:
	case 8:
	case 9:
	case 10:
		s = build(m, t);
		break;
	case 11:
	case 12:
	case 13:
		s = method(m, t, slot());
		break;
	default:
		/* init stays ready: it is there when all others wait or are gone. */
		s = t == m->init ? SYS(m, t, CALL_YIELD, 0).status : call(m, t);
	}
	CHECK(s == BLOCKED || s == PREEMPTED || (s <= OK && s >= UNSUPPORTED));
}

static void guest_step(struct machine *m, struct vcpu *v)
{
	int id;

	v->arch.aborted = v->arch.undefined = false;
	switch (test_random() % 6) {
	case 0:
		guest_wfi(m);
		break;
	case 1:
		fake_guest_timer(m->k, fake_time + test_random() % 50000);
		break;
	case 2:
		id = fake_guest_acknowledge(m->k);
		if (id >= 0)
			fake_guest_end(m->k, (uint32_t)id);
		break;
	case 3:
		guest_exit(
		    m, &(struct exit_record){.class = (uint8_t)(EXIT_SYSREG + test_random() % 3),
					     .width = 8,
					     .length = 4});
		break;
	default:
		guest_access(m, address() % (1ull << FAKE_ADDRESS_BITS), 4, test_random() % 2,
			     test_random() % 2);
	}
}

/* Some of everything, at init's priority, so that nobody runs before all are there. */
static void populate(struct machine *m)
{
	uint32_t port = object_new(m, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);

	(void)signal;
	for (int i = 0; i < 4; i++) {
		struct user u = user_new(m);

		OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, INIT_PRIORITY, 1000000, 1000000);
		OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	}
	for (unsigned i = 1; i < 3; i++) {
		struct guest g = guest_new(m, i, port);

		OKAY(m, g.slot, VCPU_TIMER, 27, 0, 1);
		guest_start(m, &g, INIT_PRIORITY);
	}
}

static void run(unsigned steps)
{
	struct machine *m = machine_new();
	unsigned idle = 0;

	populate(m);
	m->k->arch.preempt_at = (unsigned)(test_random() % 3);
	for (unsigned i = 0; i < steps && idle < 30; i++) {
		struct context *c = m->k->current;

		idle = c->kind == CONTEXT_IDLE_LOOP ? idle + 1 : 0;
		if (idle || test_random() % 16 == 0)
			time_pass(m, test_random() % 400000);
		else if (test_random() % 32 == 0)
			irq_raise(m, 40 + (uint32_t)(test_random() % 3), test_random() % 2);
		else if (c->kind == CONTEXT_VCPU)
			guest_step(m, (struct vcpu *)c);
		else if (c != &m->init->context && test_random() % 32 == 0)
			user_fault(m, 1, address(), 0);
		else
			thread_step(m, (struct thread *)c);
	}
}

TEST(fuzz_whoever_is_current)
{
	for (unsigned i = 0; i < test_rounds(12); i++) {
		run(2500);
		test_clean();
	}
}
