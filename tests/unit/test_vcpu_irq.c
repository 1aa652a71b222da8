/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes into a guest: interrupts, lines, its timer; and two vCPUs that share one core. */
#include "user.h"

#define TIMER_ID 27
#define WAKE_IRQ 60

struct vm {
	struct machine *m;
	struct guest g;
	uint32_t port;
	struct user boss; /* above the guest: stands for a device that runs at once */
	uint32_t irq, wake;
};

/* A guest that runs, and a thread that is current for as long as it likes when its signal is
 * raised. */
static struct vm vm_running(void)
{
	struct vm x = {.m = machine_new()};

	x.port = object_new(x.m, CAP_PORT, 0);
	x.wake = object_new(x.m, CAP_SIGNAL, 0);
	x.irq = object_new(x.m, CAP_IRQ, 0);
	OKAY(x.m, BOOT_SLOT_CORE, CORE_IRQ, x.irq, WAKE_IRQ, IRQ_TRIGGER_EDGE);
	OKAY(x.m, x.irq, IRQ_BIND, x.wake, 1);
	x.g = guest_new(x.m, 1, x.port);
	x.boss = user_start(x.m, 40);
	SYS(x.m, x.boss.t, CALL_WAIT, x.wake, 1);
	guest_start(x.m, &x.g, 9);
	CHECK(x.m->k->current == &x.g.v->context);
	return x;
}

/* boss becomes current, and gives way again. */
static void enter(struct vm *x)
{
	irq_raise(x->m, WAKE_IRQ, true);
	IS_CURRENT(x->m, x->boss.t);
}

static void leave(struct vm *x)
{
	CHECK_EQ(INVOKE_AS(x->m, x->boss.t, x->irq, IRQ_ACK).status, OK);
	CHECK_EQ(SYS(x->m, x->boss.t, CALL_WAIT, x->wake, 1).status, BLOCKED);
}

static struct result as_boss(struct vm *x, uint32_t slot, uint32_t method, uint64_t a, uint64_t b,
			     uint64_t c)
{
	struct result r;

	enter(x);
	r = INVOKE_AS(x->m, x->boss.t, slot, method, a, b, c);
	leave(x);
	return r;
}

static void is_guest(const struct vm *x)
{
	CHECK(x->m->k->current == &x->g.v->context);
}

TEST(vcpu_inject_overflows_the_list_registers)
{
	struct vm x = vm_running();

	for (uint64_t id = 40; id < 52; id++)
		CHECK_EQ(as_boss(&x, x.g.slot, VCPU_INJECT, id, 0x80, 0).status, OK);
	is_guest(&x);
	CHECK_EQ(fake_listed(x.g.v), FAKE_LIST_REGISTERS);
	for (int id = 40; id < 52; id++) {
		CHECK_EQ(fake_guest_acknowledge(x.m->k), id);
		fake_guest_end(x.m->k, (uint32_t)id);
	}
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
}

TEST(vcpu_interrupt_states_and_retract)
{
	struct vm x = vm_running();

	as_boss(&x, x.g.slot, VCPU_INJECT, 40, 0, 0);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 40, 0, 0).r[1], IRQ_PENDING);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), 40);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 40, 0, 0).r[1], IRQ_ACTIVE);
	as_boss(&x, x.g.slot, VCPU_INJECT, 40, 0, 0);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 40, 0, 0).r[1], IRQ_PENDING | IRQ_ACTIVE);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_RETRACT, 40, IRQ_PENDING, 0).r[1],
		 IRQ_PENDING | IRQ_ACTIVE);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 40, 0, 0).r[1], IRQ_ACTIVE);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 41, 0, 0).r[1], 0);
}

TEST(vcpu_wfi_waits_for_an_interrupt)
{
	struct vm x = vm_running();

	guest_wfi(x.m);
	IS_CURRENT(x.m, x.m->init);
	CHECK_EQ(x.g.v->context.state, CONTEXT_IDLE);
	as_boss(&x, x.g.slot, VCPU_INJECT, 40, 0, 0);
	is_guest(&x);
	guest_wfi(x.m); /* one is pending: it does not wait */
	is_guest(&x);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), 40);
	guest_wfi(x.m);
	CHECK_EQ(x.g.v->context.state, CONTEXT_IDLE);
}

/* ---- Lines ---- */

struct armed {
	struct vm vm;
	uint32_t line;
};

static struct armed armed_new(uint64_t kind)
{
	struct armed a = {.vm = vm_running()};

	a.line = slot_new(a.vm.m, 1);
	enter(&a.vm);
	INVOKE_AS(a.vm.m, a.vm.boss.t, a.vm.m->ram, UNTYPED_RETYPE, CAP_LINE, 0, 0, a.line, 1);
	CHECK_EQ(
	    INVOKE_AS(a.vm.m, a.vm.boss.t, a.line, LINE_ARM, a.vm.g.slot, 50, 0x80, kind).status,
	    OK);
	leave(&a.vm);
	return a;
}

static void wire(struct armed *a, bool level)
{
	CHECK_EQ(as_boss(&a->vm, a->line, level ? LINE_RAISE : LINE_LOWER, 0, 0, 0).status, OK);
}

/* The guest takes the line's interrupt and ends it. */
static void serve(struct armed *a)
{
	CHECK_EQ(fake_guest_acknowledge(a->vm.m->k), 50);
	CHECK_EQ(fake_guest_acknowledge(a->vm.m->k), -1);
	fake_guest_end(a->vm.m->k, 50);
}

TEST(line_level_is_pending_again_while_high)
{
	struct armed a = armed_new(LINE_LEVEL);

	wire(&a, true);
	wire(&a, true);
	serve(&a);
	serve(&a);
	CHECK_EQ(fake_guest_acknowledge(a.vm.m->k), 50);
	wire(&a, false);
	fake_guest_end(a.vm.m->k, 50);
	CHECK_EQ(fake_guest_acknowledge(a.vm.m->k), -1);
}

TEST(line_level_lowered_before_it_is_taken_is_gone)
{
	struct armed a = armed_new(LINE_LEVEL);

	wire(&a, true);
	wire(&a, false);
	CHECK_EQ(fake_guest_acknowledge(a.vm.m->k), -1);
	wire(&a, true);
	serve(&a);
}

TEST(line_edge_is_once_per_rise_and_latched)
{
	struct armed a = armed_new(LINE_EDGE);

	wire(&a, true);
	serve(&a);
	CHECK_EQ(fake_guest_acknowledge(a.vm.m->k), -1);
	wire(&a, false);
	wire(&a, true);
	CHECK_EQ(fake_guest_acknowledge(a.vm.m->k), 50);
	/* While in flight rises are one. */
	for (int i = 0; i < 3; i++) {
		wire(&a, false);
		wire(&a, true);
	}
	CHECK_EQ(as_boss(&a.vm, a.line, LINE_STATUS, 0, 0, 0).r[3], 1);
	wire(&a, false);
	fake_guest_end(a.vm.m->k, 50);
	serve(&a);
	CHECK_EQ(fake_guest_acknowledge(a.vm.m->k), -1);
}

TEST(line_raised_wakes_a_guest_in_wfi)
{
	struct armed a = armed_new(LINE_LEVEL);

	guest_wfi(a.vm.m);
	wire(&a, true);
	is_guest(&a.vm);
	serve(&a);
}

TEST(line_not_armed_tells_the_vmm)
{
	struct machine *m = machine_new();
	uint32_t line = object_new(m, CAP_LINE, 0), signal = object_new(m, CAP_SIGNAL, 0);
	uint32_t wait = copy_new(m, signal, RIGHT_WAIT, 0);

	OKAY(m, line, LINE_RAISE);
	OKAY(m, line, LINE_LOWER);
	CHECK_EQ(STATUS(m, line, LINE_NOTIFY, wait, 1), NO_RIGHT);
	CHECK_EQ(STATUS(m, line, LINE_NOTIFY, line, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, line, LINE_NOTIFY, signal, 0), BAD_ARGUMENT);
	OKAY(m, line, LINE_NOTIFY, signal, 4);
	OKAY(m, line, LINE_RAISE);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, signal, ~0ull).r[1], 4);
	OKAY(m, line, LINE_RAISE);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, signal, ~0ull).status, AGAIN);
	CHECK_EQ(OKAY(m, line, LINE_STATUS).r[1], 1);
	CHECK_EQ(OKAY(m, line, LINE_STATUS).r[2], 0);
	CHECK_EQ(STATUS(m, line, LINE_DISARM), NOT_FOUND);
}

TEST(line_refuses)
{
	struct machine *m = machine_new();
	uint32_t line = object_new(m, CAP_LINE, 0), raise = copy_new(m, line, RIGHT_WRITE, 0);
	uint32_t watch = copy_new(m, line, RIGHT_READ | RIGHT_MANAGE, 0);
	struct guest g = guest_new(m, 1, 0);
	uint32_t weak = copy_new(m, g.slot, RIGHT_READ, 0);

	CHECK_EQ(STATUS(m, raise, LINE_ARM, g.slot, 50, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, watch, LINE_RAISE), NO_RIGHT);
	CHECK_EQ(STATUS(m, line, LINE_ARM, weak, 50, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, line, LINE_ARM, line, 50, 0, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, line, LINE_ARM, g.slot, 1020, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, line, LINE_ARM, g.slot, 50, 256, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, line, LINE_ARM, g.slot, 50, 0, 2), BAD_ARGUMENT);
	OKAY(m, line, LINE_ARM, g.slot, 50, 0, LINE_LEVEL);
	CHECK_EQ(STATUS(m, line, LINE_ARM, g.slot, 50, 0, LINE_LEVEL), EXISTS);
	CHECK_EQ(STATUS(m, line, LINE_STATUS + 1), BAD_METHOD);
	CHECK_EQ(OKAY(m, raise, LINE_RAISE).status, OK);
}

TEST(line_high_when_armed_is_injected)
{
	struct machine *m = machine_new();
	uint32_t line = object_new(m, CAP_LINE, 0);
	struct guest g = guest_new(m, 1, 0);

	OKAY(m, line, LINE_RAISE);
	OKAY(m, line, LINE_ARM, g.slot, 50, 0, LINE_LEVEL);
	CHECK_EQ(OKAY(m, g.slot, VCPU_IRQ, 50).r[1], IRQ_PENDING);
	CHECK_EQ(OKAY(m, line, LINE_DISARM).r[1], IRQ_PENDING);
	CHECK_EQ(OKAY(m, g.slot, VCPU_IRQ, 50).r[1], 0);
	CHECK_EQ(OKAY(m, line, LINE_STATUS).r[2], 0);
}

TEST(line_or_vcpu_can_go_while_in_flight)
{
	struct armed a = armed_new(LINE_LEVEL), b = armed_new(LINE_LEVEL);

	wire(&a, true);
	CHECK_EQ(fake_guest_acknowledge(a.vm.m->k), 50);
	as_boss(&a.vm, BOOT_SLOT_CSPACE, CSPACE_DELETE, a.line, 0, 0);
	CHECK_EQ(a.vm.g.v->arch.count, 0);
	CHECK(list_empty(&a.vm.g.v->lines));
	wire(&b, true);
	as_boss(&b.vm, BOOT_SLOT_CSPACE, CSPACE_DELETE, b.vm.g.slot, 0, 0);
	IS_CURRENT(b.vm.m, b.vm.m->init);
	CHECK_EQ(OKAY(b.vm.m, b.line, LINE_STATUS).r[2], 0);
	OKAY(b.vm.m, b.line, LINE_LOWER);
	OKAY(b.vm.m, b.line, LINE_RAISE);
}

/* ---- The timer, and two vCPUs ---- */

TEST(vcpu_timer_fires_in_the_guest)
{
	struct vm x = vm_running();

	as_boss(&x, x.g.slot, VCPU_TIMER, TIMER_ID, 0x20, 1);
	fake_guest_timer(x.m->k, fake_time + 1000);
	time_pass(x.m, 999);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
	time_pass(x.m, 1);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), TIMER_ID);
	fake_guest_timer(x.m->k, ~0ull);
	fake_guest_end(x.m->k, TIMER_ID);
	time_pass(x.m, 5000);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
}

TEST(vcpu_timer_held_until_enabled)
{
	struct vm x = vm_running();

	as_boss(&x, x.g.slot, VCPU_TIMER, TIMER_ID, 0x20, 0);
	fake_guest_timer(x.m->k, fake_time + 1000);
	time_pass(x.m, 1000);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
	as_boss(&x, x.g.slot, VCPU_TIMER, TIMER_ID, 0x20, 1);
	machine_interrupts(x.m);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), TIMER_ID);
}

TEST(vcpu_timer_wakes_from_wfi)
{
	struct vm x = vm_running();

	as_boss(&x, x.g.slot, VCPU_TIMER, TIMER_ID, 0x20, 1);
	fake_guest_timer(x.m->k, fake_time + 1000);
	guest_wfi(x.m);
	IS_CURRENT(x.m, x.m->init);
	time_pass(x.m, 999);
	IS_CURRENT(x.m, x.m->init);
	time_pass(x.m, 1);
	is_guest(&x);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), TIMER_ID);
}

struct two {
	struct vm x;
	struct guest other;
};

/* A second guest, of higher priority, that waits in WFI with its timer set to `at`. */
static struct two two_new(uint64_t ticks)
{
	struct two t;
	struct machine *m;

	t.x = vm_running();
	m = t.x.m;
	as_boss(&t.x, t.x.g.slot, VCPU_TIMER, TIMER_ID, 0x20, 1);
	guest_wfi(m); /* lets init make the other */
	IS_CURRENT(m, m->init);
	t.other = guest_new(m, 2, t.x.port);
	OKAY(m, t.other.slot, VCPU_TIMER, TIMER_ID, 0x20, 1);
	guest_start(m, &t.other, 20);
	CHECK(m->k->current == &t.other.v->context);
	fake_guest_set_lazy(m->k, 0x2222);
	fake_set_fp(m->k, 0x22);
	fake_guest_timer(m->k, fake_time + ticks);
	guest_wfi(m);
	as_boss(&t.x, t.x.g.slot, VCPU_INJECT, 40, 0, 0);
	is_guest(&t.x);
	return t;
}

TEST(vcpu_two_keep_their_registers)
{
	struct two t = two_new(1000);
	struct kernel *k = t.x.m->k;

	CHECK_EQ(fake_guest_lazy(k), 0);
	CHECK_EQ(fake_fp(k), 0);
	fake_guest_set_lazy(k, 0x1111);
	fake_set_fp(k, 0x11);
	for (int i = 0; i < 4; i++) {
		time_pass(t.x.m, 1000);
		CHECK(k->current == &t.other.v->context);
		CHECK_EQ(fake_guest_lazy(k), 0x2222);
		CHECK_EQ(fake_fp(k), 0x22);
		CHECK_EQ(fake_guest_acknowledge(k), TIMER_ID);
		fake_guest_timer(k, fake_time + 1000);
		fake_guest_end(k, TIMER_ID);
		guest_wfi(t.x.m);
		is_guest(&t.x);
		CHECK_EQ(fake_guest_lazy(k), 0x1111);
		CHECK_EQ(fake_fp(k), 0x11);
	}
}

TEST(vcpu_two_timers_are_each_ones_own)
{
	struct two t = two_new(2000);
	struct kernel *k = t.x.m->k;

	CHECK_EQ(fake_guest_acknowledge(k), 40);
	fake_guest_end(k, 40);
	fake_guest_timer(k, fake_time + 1500);
	time_pass(t.x.m, 1500);
	is_guest(&t.x);
	/* Taken and not ended: its physical interrupt is active while the other runs. */
	CHECK_EQ(fake_guest_acknowledge(k), TIMER_ID);
	time_pass(t.x.m, 500);
	CHECK(k->current == &t.other.v->context);
	CHECK_EQ(fake_guest_acknowledge(k), TIMER_ID);
	fake_guest_timer(k, fake_time + 100);
	fake_guest_end(k, TIMER_ID);
	time_pass(t.x.m, 100);
	CHECK_EQ(fake_guest_acknowledge(k), TIMER_ID);
	fake_guest_timer(k, ~0ull);
	fake_guest_end(k, TIMER_ID);
	guest_wfi(t.x.m);
	is_guest(&t.x);
	fake_guest_end(k, TIMER_ID);
}

TEST(vcpu_unloaded_and_deleted_has_no_deadline)
{
	struct two t = two_new(1000);

	as_boss(&t.x, BOOT_SLOT_CSPACE, CSPACE_DELETE, t.other.slot, 0, 0);
	time_pass(t.x.m, 2000);
	is_guest(&t.x);
}

TEST(vcpu_space_gone_while_its_deadline_runs)
{
	struct two t = two_new(1000);

	as_boss(&t.x, BOOT_SLOT_CSPACE, CSPACE_DELETE, t.other.space_slot, 0, 0);
	time_pass(t.x.m, 2000);
	is_guest(&t.x);
	CHECK_EQ(t.other.v->context.state, CONTEXT_STOPPED);
}
