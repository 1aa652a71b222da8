/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical interrupts that go straight into a vCPU, linked to the virtual one. */
#include "running.h"
#include "user.h"

#define NUMBER 40
#define ID 77
#define OTHER 41 /* a driver's */

struct passed {
	struct vm x;
	struct kernel *k;
	uint32_t irq;
};

static uint32_t irq_new(struct machine *m, uint64_t number, uint64_t trigger)
{
	uint32_t irq = object_new(m, CAP_IRQ, 0);

	OKAY(m, BOOT_SLOT_CORE, CORE_IRQ, irq, number, trigger);
	return irq;
}

/* The guest runs, and interrupt NUMBER is its ID. */
static struct passed passed_new(uint64_t trigger)
{
	struct passed p = {.x = vm_running()};
	struct machine *m = p.x.m;

	p.k = m->k;
	guest_wfi(m);
	IS_CURRENT(m, m->init);
	p.irq = irq_new(m, NUMBER, trigger);
	OKAY(m, p.irq, IRQ_ARM, p.x.g.slot, ID, 0x80, trigger);
	OKAY(m, p.x.g.slot, VCPU_INJECT, 50, 0x80, 0);
	is_guest(&p.x);
	CHECK_EQ(fake_guest_acknowledge(p.k), 50);
	fake_guest_end(p.k, 50);
	return p;
}

static struct fake_irq *physical(const struct passed *p)
{
	return &p->k->arch.irqs[NUMBER];
}

TEST(irq_armed_level_fires_until_the_device_is_quiet)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);

	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	CHECK(physical(&p)->active);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
	fake_guest_end(p.k, ID);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	irq_raise(p.x.m, NUMBER, false);
	fake_guest_end(p.k, ID);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
	CHECK(!physical(&p)->active);
}

TEST(irq_armed_edge_keeps_one_while_in_flight)
{
	struct passed p = passed_new(IRQ_TRIGGER_EDGE);

	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
	fake_guest_end(p.k, ID);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	fake_guest_end(p.k, ID);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
}

TEST(irq_armed_waits_behind_full_list_registers)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);

	for (uint64_t id = 100; id < 100 + FAKE_LIST_REGISTERS; id++)
		as_boss(&p.x, p.x.g.slot, VCPU_INJECT, id, 0x80, 0);
	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(as_boss(&p.x, p.x.g.slot, VCPU_IRQ, ID, 0, 0).r[1], IRQ_PENDING);
	CHECK(physical(&p)->active);
	for (int id = 100; id < 100 + FAKE_LIST_REGISTERS; id++) {
		CHECK_EQ(fake_guest_acknowledge(p.k), id);
		fake_guest_end(p.k, (uint32_t)id);
	}
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	irq_raise(p.x.m, NUMBER, false);
	fake_guest_end(p.k, ID);
	CHECK(!physical(&p)->active);
}

TEST(irq_armed_taken_back_from_behind_the_list_registers)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);

	for (uint64_t id = 100; id < 100 + FAKE_LIST_REGISTERS; id++)
		as_boss(&p.x, p.x.g.slot, VCPU_INJECT, id, 0x80, 0);
	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_DISARM, 0, 0, 0).r[1], IRQ_PENDING);
	CHECK(!physical(&p)->active);
	CHECK(!physical(&p)->enabled);
}

/* The vCPU waits and is not loaded: the physical one is active as long, and it wakes. */
TEST(irq_armed_wakes_a_vcpu_that_waits_and_stays_while_it_is_stopped)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = p.x.m;

	guest_wfi(m);
	IS_CURRENT(m, m->init);
	OKAY(m, p.x.g.slot, VCPU_STOP);
	irq_raise(m, NUMBER, true);
	CHECK(physical(&p)->active);
	CHECK_EQ(INVOKE(m, p.irq, IRQ_STATUS).r[1], 1);
	CHECK_EQ(INVOKE(m, p.irq, IRQ_STATUS).r[2], 1);
	OKAY(m, p.x.g.slot, VCPU_RUN);
	is_guest(&p.x);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	irq_raise(m, NUMBER, false);
	fake_guest_end(p.k, ID);
	guest_wfi(m);
	IS_CURRENT(m, m->init);
	irq_raise(m, NUMBER, true);
	is_guest(&p.x);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
}

TEST(irq_disarmed_in_flight_is_inactive)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);

	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_DISARM, 0, 0, 0).r[1], IRQ_PENDING);
	CHECK(!physical(&p)->active);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_ARM, p.x.g.slot, ID, 0x80).status, OK);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_DISARM, 0, 0, 0).r[1], IRQ_ACTIVE);
	CHECK(!physical(&p)->active);
}

/* The guest masks it: what comes meanwhile is there when it looks again. */
TEST(irq_edge_is_kept_while_disarmed)
{
	struct passed p = passed_new(IRQ_TRIGGER_EDGE);
	struct result r;

	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_DISARM, 0, 0, 0).r[1], IRQ_PENDING);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_STATUS, 0, 0, 0).r[1], 1);
	vm_enter(&p.x);
	r = INVOKE_AS(p.x.m, p.x.boss.t, p.irq, IRQ_ARM, p.x.g.slot, ID, 0x80, IRQ_TRIGGER_EDGE);
	CHECK_EQ(r.status, OK);
	vm_leave(&p.x);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	fake_guest_end(p.k, ID);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_STATUS, 0, 0, 0).r[1], 0);
}

TEST(irq_pend_goes_through_the_machine)
{
	struct passed p = passed_new(IRQ_TRIGGER_EDGE);

	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_PEND, 1, 0, 0).status, OK);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	CHECK(physical(&p)->active);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_PEND, 1, 0, 0).status, OK);
	CHECK_EQ(as_boss(&p.x, p.irq, IRQ_PEND, 0, 0, 0).status, OK);
	fake_guest_end(p.k, ID);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
}

/* Software had the same interrupt pending, or active: none is lost, and both ends are one. */
TEST(irq_armed_joins_what_software_made_pending)
{
	struct passed p = passed_new(IRQ_TRIGGER_EDGE);

	as_boss(&p.x, p.x.g.slot, VCPU_INJECT, ID, 0x80, 0);
	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	CHECK(physical(&p)->active);
	fake_guest_end(p.k, ID);
	CHECK(!physical(&p)->active);
	as_boss(&p.x, p.x.g.slot, VCPU_INJECT, ID, 0x80, 0);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
	fake_guest_end(p.k, ID);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
}

/* The same of a level: when its wire is low by the end of what software made active, it was it. */
TEST(irq_armed_level_while_software_has_it_active)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);

	as_boss(&p.x, p.x.g.slot, VCPU_INJECT, ID, 0x80, IRQ_ACTIVE);
	irq_raise(p.x.m, NUMBER, true);
	CHECK(physical(&p)->active);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
	irq_raise(p.x.m, NUMBER, false);
	fake_guest_end(p.k, ID);
	CHECK(!physical(&p)->active);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), -1);
	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	as_boss(&p.x, p.x.g.slot, VCPU_INJECT, ID, 0x80, IRQ_ACTIVE);
	fake_guest_end(p.k, ID);
	machine_interrupts(p.x.m);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID); /* the wire is high */
}

/* All that VCPU_RETRACT leaves of it is nothing: the physical one may fire again. */
TEST(irq_armed_retracted_by_the_vcpu)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);

	irq_raise(p.x.m, NUMBER, true);
	CHECK_EQ(as_boss(&p.x, p.x.g.slot, VCPU_RETRACT, ID, IRQ_ACTIVE, 0).r[1], IRQ_PENDING);
	CHECK(physical(&p)->active);
	irq_raise(p.x.m, NUMBER, false);
	CHECK_EQ(as_boss(&p.x, p.x.g.slot, VCPU_RETRACT, ID, IRQ_PENDING, 0).r[1], IRQ_PENDING);
	CHECK(!physical(&p)->active);
}

enum gone { GONE_IRQ, GONE_COPY, GONE_VCPU };

/* In flight, one of the capabilities that it hangs on is deleted. */
static void in_flight_without(enum gone what, bool active)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = p.x.m;
	uint32_t copy;

	guest_wfi(m);
	copy = copy_new(m, p.x.g.slot, RIGHT_ALL, 0);
	OKAY(m, p.irq, IRQ_DISARM);
	OKAY(m, p.irq, IRQ_ARM, copy, ID, 0x80, 0);
	irq_raise(m, NUMBER, true);
	is_guest(&p.x);
	if (active)
		CHECK_EQ(fake_guest_acknowledge(p.k), ID);
	vm_enter(&p.x);
	INVOKE_AS(m, p.x.boss.t, BOOT_SLOT_CSPACE, CSPACE_DELETE,
		  what == GONE_IRQ    ? p.irq
		  : what == GONE_COPY ? copy
				      : p.x.g.slot);
	vm_leave(&p.x);
	CHECK(!physical(&p)->active);
	CHECK(!physical(&p)->enabled);
	CHECK(!physical(&p)->linked);
}

TEST(irq_armed_pending_ends_with_its_capability)
{
	in_flight_without(GONE_IRQ, false);
}

TEST(irq_armed_active_ends_with_its_capability)
{
	in_flight_without(GONE_IRQ, true);
}

TEST(irq_armed_pending_ends_with_the_vcpu_capability_it_was_armed_with)
{
	in_flight_without(GONE_COPY, false);
}

TEST(irq_armed_active_ends_with_the_vcpu_capability_it_was_armed_with)
{
	in_flight_without(GONE_COPY, true);
}

TEST(irq_armed_ends_with_the_vcpu)
{
	in_flight_without(GONE_VCPU, true);
}

TEST(irq_disarmed_can_be_bound_and_bound_no_more_armed)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = p.x.m;
	uint32_t signal;

	guest_wfi(m);
	signal = object_new(m, CAP_SIGNAL, 0);
	CHECK_EQ(STATUS(m, p.irq, IRQ_BIND, signal, 1), EXISTS);
	OKAY(m, p.irq, IRQ_DISARM);
	OKAY(m, p.irq, IRQ_BIND, signal, 1);
	CHECK_EQ(STATUS(m, p.irq, IRQ_ARM, p.x.g.slot, ID, 0, 0), EXISTS);
	irq_raise(m, NUMBER, true);
	CHECK_EQ(SYS(m, m->init, CALL_POLL, signal, 1).r[1], 1);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, signal);
	OKAY(m, p.irq, IRQ_ARM, p.x.g.slot, ID, 0, 0);
	machine_interrupts(m);
	is_guest(&p.x);
	CHECK_EQ(fake_guest_acknowledge(p.k), ID);
}

TEST(irq_arm_refuses)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = p.x.m;
	uint32_t irq, weak, loose;

	guest_wfi(m);
	irq = irq_new(m, OTHER, IRQ_TRIGGER_LEVEL);
	loose = object_new(m, CAP_IRQ, 0);
	weak = copy_new(m, p.x.g.slot, RIGHT_ALL & ~RIGHT_MANAGE, 0);
	CHECK_EQ(STATUS(m, irq, IRQ_DISARM), NOT_FOUND);
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, irq, ID, 0, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, weak, ID, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, p.x.g.slot, 1020, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, p.x.g.slot, IRQ_SHARED - 1, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, p.x.g.slot, ID, 512, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, p.x.g.slot, ID, 0, 2), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, loose, IRQ_ARM, p.x.g.slot, ID, 0, 0), BAD_STATE);
	CHECK_EQ(STATUS(m, p.irq, IRQ_ARM, p.x.g.slot, ID, 0, 0), EXISTS);
	CHECK_EQ(STATUS(m, p.irq, IRQ_ACK), NOT_FOUND);
	CHECK_EQ(STATUS(m, loose, IRQ_PEND, 1), BAD_STATE);
	CHECK_EQ(STATUS(m, irq, IRQ_PEND, 2), BAD_ARGUMENT);
	CHECK_EQ(INVOKE(m, loose, IRQ_STATUS).r[1], 0);
	/* The vCPU has one line for each id: who is told of its end must be known. */
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, p.x.g.slot, ID, 0, 0), EXISTS);
	slot_cap(m, p.x.g.slot)->depth = CAP_DEPTH_LIMIT;
	m->unchecked = true;
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, p.x.g.slot, ID + 1, 0, 0), LIMIT);
}

TEST(irq_arm_counts_as_a_line_of_the_vcpu)
{
	struct passed p = passed_new(IRQ_TRIGGER_LEVEL);
	struct machine *m = p.x.m;
	uint32_t irq;

	guest_wfi(m);
	irq = irq_new(m, OTHER, IRQ_TRIGGER_LEVEL);
	for (uint64_t i = 1; i < 128; i++)
		OKAY(m, object_new(m, CAP_LINE, 0), LINE_ARM, p.x.g.slot, 100 + i, 0, 0);
	CHECK_EQ(STATUS(m, irq, IRQ_ARM, p.x.g.slot, ID, 0, 0), LIMIT);
	OKAY(m, p.irq, IRQ_DISARM);
	OKAY(m, irq, IRQ_ARM, p.x.g.slot, ID, 0, 0);
}
