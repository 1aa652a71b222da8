/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes into a guest: interrupts and its timer; and two vCPUs that share one core. */
#include "running.h"

#define TIMER_ID 27
#define MONITOR_ID 23

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

TEST(vcpu_inject_active_is_not_pending)
{
	struct vm x = vm_running();

	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_INJECT, 40, 0x80, IRQ_ACTIVE).status, OK);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 40, 0, 0).r[1], IRQ_ACTIVE);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
	as_boss(&x, x.g.slot, VCPU_INJECT, 40, 0x80, IRQ_PENDING);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 40, 0, 0).r[1], IRQ_PENDING | IRQ_ACTIVE);
	fake_guest_end(x.m->k, 40);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), 40);
	as_boss(&x, x.g.slot, VCPU_INJECT, 41, 0x80, IRQ_PENDING | IRQ_ACTIVE);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_RETRACT, 41, IRQ_ACTIVE, 0).r[1],
		 IRQ_PENDING | IRQ_ACTIVE);
	fake_guest_end(x.m->k, 40);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), 41);
}

TEST(vcpu_lpi_is_never_active)
{
	struct vm x = vm_running();

	for (uint64_t id = 8192; id < 8448; id += 51)
		CHECK_EQ(as_boss(&x, x.g.slot, VCPU_INJECT, id, 0x80, 3).status, OK);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_INJECT, 8193, 0x80, IRQ_ACTIVE).status, OK);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 8192, 0, 0).r[1], IRQ_PENDING);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 8193, 0, 0).r[1], 0);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), 8192);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 8192, 0, 0).r[1], 0);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_RETRACT, 8447, IRQ_PENDING, 0).r[1], IRQ_PENDING);
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

/* ---- The timer, and two vCPUs ---- */

TEST(vcpu_timer_fires_in_the_guest)
{
	struct vm x = vm_running();

	as_boss(&x, x.g.slot, VCPU_SOURCE, VCPU_SOURCE_TIMER, 0x20, 1);
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

	as_boss(&x, x.g.slot, VCPU_SOURCE, VCPU_SOURCE_TIMER, 0x20, 0);
	fake_guest_timer(x.m->k, fake_time + 1000);
	time_pass(x.m, 1000);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
	as_boss(&x, x.g.slot, VCPU_SOURCE, VCPU_SOURCE_TIMER, 0x20, 1);
	machine_interrupts(x.m);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), TIMER_ID);
}

TEST(vcpu_timer_wakes_from_wfi)
{
	struct vm x = vm_running();

	as_boss(&x, x.g.slot, VCPU_SOURCE, VCPU_SOURCE_TIMER, 0x20, 1);
	fake_guest_timer(x.m->k, fake_time + 1000);
	guest_wfi(x.m);
	IS_CURRENT(x.m, x.m->init);
	time_pass(x.m, 999);
	IS_CURRENT(x.m, x.m->init);
	time_pass(x.m, 1);
	is_guest(&x);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), TIMER_ID);
}

TEST(vcpu_monitor_fires_until_its_level_is_low)
{
	struct vm x = vm_running();

	fake_guest_monitor(x.m->k, true);
	machine_interrupts(x.m);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
	as_boss(&x, x.g.slot, VCPU_SOURCE, VCPU_SOURCE_MONITOR, 0x20, 1);
	for (int i = 0; i < 3; i++) {
		machine_interrupts(x.m);
		CHECK_EQ(fake_guest_acknowledge(x.m->k), MONITOR_ID);
		CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
		fake_guest_monitor(x.m->k, i < 2);
		fake_guest_end(x.m->k, MONITOR_ID);
	}
	machine_interrupts(x.m);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), -1);
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
	as_boss(&t.x, t.x.g.slot, VCPU_SOURCE, VCPU_SOURCE_TIMER, 0x20, 1);
	guest_wfi(m); /* lets init make the other */
	IS_CURRENT(m, m->init);
	t.other = guest_new(m, 2, t.x.port);
	OKAY(m, t.other.slot, VCPU_SOURCE, VCPU_SOURCE_TIMER, 0x20, 1);
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

TEST(vcpu_loaded_before_its_deadline_has_none)
{
	struct two t = two_new(1000);
	struct machine *m = t.x.m;

	CHECK(t.other.v->deadline.armed);
	as_boss(&t.x, t.other.slot, VCPU_INJECT, 41, 0, 0);
	CHECK(m->k->loaded == t.other.v && !t.other.v->deadline.armed);
	time_pass(m, 1000);
	CHECK_EQ(fake_guest_acknowledge(m->k), 41);
	fake_guest_end(m->k, 41);
	CHECK_EQ(fake_guest_acknowledge(m->k), TIMER_ID);
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

TEST(vcpu_two_monitors_are_each_ones_own)
{
	struct two t = two_new(1000);
	struct kernel *k = t.x.m->k;

	as_boss(&t.x, t.x.g.slot, VCPU_SOURCE, VCPU_SOURCE_MONITOR, 0x20, 1);
	as_boss(&t.x, t.other.slot, VCPU_SOURCE, VCPU_SOURCE_MONITOR, 0x20, 1);
	is_guest(&t.x);
	fake_guest_monitor(k, true);
	machine_interrupts(t.x.m);
	CHECK_EQ(fake_guest_acknowledge(k), 40);
	fake_guest_end(k, 40);
	CHECK_EQ(fake_guest_acknowledge(k), MONITOR_ID);
	time_pass(t.x.m, 1000);
	CHECK(k->current == &t.other.v->context);
	CHECK_EQ(fake_guest_acknowledge(k), TIMER_ID);
	fake_guest_timer(k, ~0ull);
	fake_guest_end(k, TIMER_ID);
	fake_guest_monitor(k, true);
	machine_interrupts(t.x.m);
	CHECK_EQ(fake_guest_acknowledge(k), MONITOR_ID);
	fake_guest_monitor(k, false);
	fake_guest_end(k, MONITOR_ID);
	guest_wfi(t.x.m);
	is_guest(&t.x);
	fake_guest_monitor(k, false);
	fake_guest_end(k, MONITOR_ID);
	machine_interrupts(t.x.m);
	CHECK_EQ(fake_guest_acknowledge(k), -1);
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
