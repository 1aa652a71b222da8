/* SPDX-License-Identifier: BSD-2-Clause */
#include "running.h"

#define WAKE_IRQ 60

struct vm vm_running(void)
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
	is_guest(&x);
	return x;
}

void vm_enter(struct vm *x)
{
	irq_raise(x->m, WAKE_IRQ, true);
	IS_CURRENT(x->m, x->boss.t);
}

void vm_leave(struct vm *x)
{
	CHECK_EQ(INVOKE_AS(x->m, x->boss.t, x->irq, IRQ_ACK).status, OK);
	CHECK_EQ(SYS(x->m, x->boss.t, CALL_WAIT, x->wake, 1).status, BLOCKED);
}

struct result as_boss(struct vm *x, uint32_t slot, uint32_t method, uint64_t a, uint64_t b,
		      uint64_t c)
{
	struct result r;

	vm_enter(x);
	r = INVOKE_AS(x->m, x->boss.t, slot, method, a, b, c);
	vm_leave(x);
	return r;
}

void is_guest(const struct vm *x)
{
	CHECK(x->m->k->current == &x->g.v->context);
}
