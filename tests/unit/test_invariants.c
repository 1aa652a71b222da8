/* SPDX-License-Identifier: BSD-2-Clause */
/* Invariants of docs/kernel.md that no other test would miss. */
#include "running.h"

TEST(thread_started_again_has_no_fp_of_its_past)
{
	struct machine *m = machine_new();
	uint32_t signal = object_new(m, CAP_SIGNAL, 0);
	struct user u = user_start(m, 9);

	fake_set_fp(m->k, 0xf9);
	CHECK_EQ(SYS(m, u.t, CALL_WAIT, signal, 1).status, BLOCKED);
	fake_set_fp(m->k, 1); /* init's: those of the thread are in its context now */
	OKAY(m, u.slot, THREAD_START, 0x10000000, 0, 0, 0);
	IS_CURRENT(m, u.t);
	CHECK_EQ(fake_fp(m->k), 0);
}

TEST(irq_that_nobody_wants_is_masked)
{
	struct machine *m = machine_new();

	m->k->arch.irqs[50].enabled = true; /* as firmware may leave it */
	irq_raise(m, 50, true);
	CHECK(!m->k->arch.irqs[50].enabled && !m->k->arch.irqs[50].active);
}

TEST(line_in_flight_is_not_pending_too)
{
	struct vm x = vm_running();
	uint32_t line;

	vm_enter(&x);
	line = slot_new(x.m, 1);
	INVOKE_AS(x.m, x.boss.t, x.m->ram, UNTYPED_RETYPE, CAP_LINE, 0, 0, line, 1);
	INVOKE_AS(x.m, x.boss.t, line, LINE_ARM, x.g.slot, 50, 0, LINE_LEVEL);
	INVOKE_AS(x.m, x.boss.t, line, LINE_RAISE);
	vm_leave(&x);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), 50);
	as_boss(&x, line, LINE_LOWER, 0, 0, 0);
	as_boss(&x, line, LINE_RAISE, 0, 0, 0);
	CHECK_EQ(as_boss(&x, x.g.slot, VCPU_IRQ, 50, 0, 0).r[1], IRQ_ACTIVE);
	fake_guest_end(x.m->k, 50);
	CHECK_EQ(fake_guest_acknowledge(x.m->k), 50);
}
