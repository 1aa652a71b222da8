/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical interrupts: fire once, stay quiet until acknowledged. */
#include "user.h"

#define NUMBER 40

struct wired {
	struct machine *m;
	uint32_t irq, signal;
};

static struct wired wired_new(uint64_t trigger)
{
	struct wired w = {.m = machine_new()};

	w.irq = object_new(w.m, CAP_IRQ, 0);
	w.signal = object_new(w.m, CAP_SIGNAL, 0);
	OKAY(w.m, BOOT_SLOT_CORE, CORE_IRQ, w.irq, NUMBER, trigger);
	OKAY(w.m, w.irq, IRQ_BIND, w.signal, 0x8);
	return w;
}

static bool raised(struct wired *w)
{
	return SYS(w->m, w->m->init, CALL_POLL, w->signal, ~0ull).r[1] == 0x8;
}

TEST(irq_level_fires_again_after_ack_while_high)
{
	struct wired w = wired_new(IRQ_TRIGGER_LEVEL);

	irq_raise(w.m, NUMBER, true);
	CHECK(raised(&w));
	machine_interrupts(w.m);
	CHECK(!raised(&w));
	OKAY(w.m, w.irq, IRQ_ACK);
	machine_interrupts(w.m);
	CHECK(raised(&w));
	irq_raise(w.m, NUMBER, false);
	OKAY(w.m, w.irq, IRQ_ACK);
	machine_interrupts(w.m);
	CHECK(!raised(&w));
	CHECK_EQ(STATUS(w.m, w.irq, IRQ_ACK), NOT_FOUND);
}

TEST(irq_edge_fires_once_per_edge)
{
	struct wired w = wired_new(IRQ_TRIGGER_EDGE);

	irq_raise(w.m, NUMBER, true);
	CHECK(raised(&w));
	OKAY(w.m, w.irq, IRQ_ACK);
	machine_interrupts(w.m);
	CHECK(!raised(&w));
	irq_raise(w.m, NUMBER, true);
	CHECK(raised(&w));
}

TEST(irq_refuses)
{
	struct wired w = wired_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = w.m;
	uint32_t other = object_new(m, CAP_IRQ, 0), wait = copy_new(m, w.signal, RIGHT_WAIT, 0);
	uint32_t weak = copy_new(m, w.irq, RIGHT_READ, 0);

	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_IRQ, other, NUMBER, 0), EXISTS);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_IRQ, w.irq, NUMBER + 1, 0), EXISTS);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_IRQ, other, 27, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_IRQ, other, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_IRQ, other, 1ull << 32 | 50, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_IRQ, other, 50, 2), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_IRQ, w.signal, 50, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, other, IRQ_BIND, w.signal, 1), BAD_STATE);
	CHECK_EQ(STATUS(m, w.irq, IRQ_BIND, wait, 1), NO_RIGHT);
	CHECK_EQ(STATUS(m, w.irq, IRQ_BIND, w.signal, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, weak, IRQ_ACK), NO_RIGHT);
	CHECK_EQ(STATUS(m, other, IRQ_ACK), NOT_FOUND);
	CHECK_EQ(STATUS(m, w.irq, IRQ_PEND + 1), BAD_METHOD);
}

TEST(irq_without_its_signal_is_quiet)
{
	struct wired w = wired_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = w.m;
	uint32_t again = object_new(m, CAP_SIGNAL, 0);

	irq_raise(m, NUMBER, true);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, w.signal);
	CHECK(!m->k->arch.irqs[NUMBER].enabled);
	/* Bound anew it fires, though it was never acknowledged. */
	OKAY(m, w.irq, IRQ_BIND, again, 8);
	machine_interrupts(m);
	w.signal = again;
	CHECK(raised(&w));
}

TEST(irq_deleted_gives_the_interrupt_back)
{
	struct wired w = wired_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = w.m;
	uint32_t other = object_new(m, CAP_IRQ, 0), never_bound = object_new(m, CAP_IRQ, 0);

	irq_raise(m, NUMBER, true);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, w.irq);
	CHECK(!m->k->arch.irqs[NUMBER].enabled);
	CHECK(raised(&w));
	OKAY(m, BOOT_SLOT_CORE, CORE_IRQ, other, NUMBER, IRQ_TRIGGER_LEVEL);
	OKAY(m, other, IRQ_BIND, w.signal, 8);
	machine_interrupts(m);
	CHECK(raised(&w));
	OKAY(m, BOOT_SLOT_CORE, CORE_IRQ, never_bound, NUMBER + 1, IRQ_TRIGGER_LEVEL);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, never_bound);
}

TEST(irq_wakes_its_driver)
{
	struct wired w = wired_new(IRQ_TRIGGER_LEVEL);
	struct user driver = user_start(w.m, 30);

	CHECK_EQ(SYS(w.m, driver.t, CALL_WAIT, w.signal, 0xff).status, BLOCKED);
	irq_raise(w.m, NUMBER, true);
	IS_CURRENT(w.m, driver.t);
	CHECK_EQ(user_result(driver.t).r[1], 0x8);
}
