/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/fuzz/lib/kernel_calls.c */
/*
 * Whoever is current does something at random: a thread makes a call with arguments that are often
 * sensible, a guest does what guests do. The oracle is what must always be true: check_kernel after
 * every step, the strictness of the fake machine, and that no call is without a defined status.
 */
#include "kernel_calls.h"

/* Registers no call touches, in which a context notes what else of its state should be. */
#define EAGER_NOTE 20
#define FP_NOTE 21
#define LAZY_NOTE 22

/* The end of a message buffer, which the kernel never writes, has the buffer's own address in it.
 */
static void check_buffer(const struct thread *t)
{
	const uint32_t own = (uint32_t)((uintptr_t)t->message >> 9);
	uint32_t *end = t->message ? &t->message->reserved[0] : NULL;

	if (!end)
		return;
	CHECK(*end == 0 || *end == own); /* 0: its page is new */
	*end = own;
}

static void thread_step(struct machine *m, struct thread *t)
{
	enum status s;

	check_buffer(t);
	s = fuzz_call(m, t);
	CHECK(s == BLOCKED || s == PREEMPTED || (s <= OK && s >= UNSUPPORTED));
}

static void guest_step(struct machine *m, struct vcpu *v)
{
	int id;

	v->arch.aborted = v->arch.undefined = false;
	switch (test_random() % 8) {
	case 0:
		guest_wfi(m);
		break;
	case 1:
		fake_guest_timer(m->k, fake_time + test_random() % 50000);
		fake_guest_monitor(m->k, once_in(8));
		break;
	case 2:
	case 3:
		id = fake_guest_acknowledge(m->k);
		if (id >= 0 && !once_in(4))
			fake_guest_end(m->k, (uint32_t)id);
		break;
	case 4:
		guest_exit(
		    m, &(struct exit_record){.class = (uint8_t)(EXIT_SYSREG + test_random() % 3),
					     .width = 8,
					     .length = 4});
		break;
	case 5:
		guest_exit(m, &(struct exit_record){.class = EXIT_FAULT,
						    .address = fuzz_address(),
						    .virtual = 1,
						    .length = 4});
		break;
	default:
		guest_access(m,
			     (fuzz_address() & ~0xfffull) % (1ull << FAKE_ADDRESS_BITS) +
				 PICK(0, 0, 4, 0xffe),
			     1u << test_random() % 4, test_random() % 2, test_random() % 2);
	}
}

/* VCPU_SET zeroes the notes of a vCPU, or what they are about. */
static void check_note(const struct context *c, uint64_t is, uint64_t note)
{
	if (is != note && (c->kind == CONTEXT_THREAD || (is && note)))
		FAIL("%p has registers 0x%llx, and left 0x%llx", (const void *)c,
		     (unsigned long long)is, (unsigned long long)note);
}

/* What is switched with the context, with the use of FP, or with the vCPU, is as it left it. */
static void check_notes(struct machine *m, struct context *c)
{
	uint64_t *note = c->arch.r;

	check_note(c, fake_eager(m->k), note[EAGER_NOTE]);
	note[EAGER_NOTE] = test_random();
	fake_set_eager(m->k, note[EAGER_NOTE]);
	if (once_in(3)) {
		check_note(c, fake_fp(m->k), note[FP_NOTE]);
		note[FP_NOTE] = test_random();
		fake_set_fp(m->k, note[FP_NOTE]);
	}
	if (c->kind == CONTEXT_VCPU) {
		check_note(c, fake_guest_lazy(m->k), note[LAZY_NOTE]);
		note[LAZY_NOTE] = test_random();
		fake_guest_set_lazy(m->k, note[LAZY_NOTE]);
	}
}

/* Interrupts of the machine, lines and timers: each two of a kind, bound and armed. */
static void populate_lines(struct machine *m, const struct guest *g, uint32_t signal)
{
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t irq = object_new(m, CAP_IRQ, 0), line = object_new(m, CAP_LINE, 0);
		uint32_t timer = object_new(m, CAP_TIMER, 0);

		OKAY(m, BOOT_SLOT_CORE, CORE_IRQ, irq, 40 + i, i & 1);
		if (i < 2)
			OKAY(m, irq, IRQ_ARM, g->slot, 40 + i, 0, i & 1);
		else
			OKAY(m, irq, IRQ_BIND, signal, 1);
		OKAY(m, line, LINE_ARM, g->slot, 50 + i, 0, i & 1);
		OKAY(m, timer, TIMER_BIND, signal, 1 << i);
		OKAY(m, timer, TIMER_SET, fake_time + 100000 * i);
	}
}

/* Some of everything, at init's priority, so that nobody runs before all are there. */
static void populate(struct machine *m)
{
	uint32_t ports[3], signal = object_new(m, CAP_SIGNAL, 0);

	for (unsigned i = 0; i < 3; i++)
		ports[i] = object_new(m, CAP_PORT, 0);
	for (int i = 0; i < 6; i++) {
		struct user u = user_new(m);

		OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, INIT_PRIORITY, 1000000, 1000000);
		OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	}
	for (unsigned i = 1; i < 3; i++) {
		struct guest g = guest_new(m, i, ports[i]);

		OKAY(m, g.space_slot, SPACE_BIND, 1, ports[0], 0x9000000, 12, 0);
		OKAY(m, g.space_slot, SPACE_DOORBELL, 2, 1, signal, 0, 1, 3);
		OKAY(m, g.slot, VCPU_SOURCE, 0, 0, 1);
		if (i == 1)
			populate_lines(m, &g, signal);
		guest_start(m, &g, INIT_PRIORITY);
	}
}

FUZZ(1200, 32768)
{
	struct machine *m = machine_new();
	unsigned idle = 0;

	populate(m);
	m->k->arch.preempt_at = (unsigned)(test_random() % 3);
	while (fuzz_more() && idle < 30) {
		struct context *c = m->k->current;

		idle = c->kind == CONTEXT_IDLE_LOOP ? idle + 1 : 0;
		if (!idle)
			check_notes(m, c);
		if (once_in(32))
			check_dangling(m->k);
		if (idle || once_in(16))
			time_pass(m, test_random() % 400000);
		else if (once_in(32))
			irq_raise(m, 40 + (uint32_t)(test_random() % 3), test_random() % 2);
		else if (c->kind == CONTEXT_VCPU)
			guest_step(m, (struct vcpu *)c);
		else if (c != &m->init->context && once_in(32))
			user_fault(m, 1, fuzz_address(), 0);
		else
			thread_step(m, (struct thread *)c);
	}
}
