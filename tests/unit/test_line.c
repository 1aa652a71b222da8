/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual interrupt lines: level and edge, armed at a vCPU or told to the VMM. */
#include "running.h"

struct armed {
	struct vm vm;
	uint32_t line;
};

static struct armed armed_new(uint64_t kind)
{
	struct armed a = {.vm = vm_running()};

	a.line = slot_new(a.vm.m, 1);
	vm_enter(&a.vm);
	INVOKE_AS(a.vm.m, a.vm.boss.t, a.vm.m->ram, UNTYPED_RETYPE, CAP_LINE, 0, 0, a.line, 1);
	CHECK_EQ(
	    INVOKE_AS(a.vm.m, a.vm.boss.t, a.line, LINE_ARM, a.vm.g.slot, 50, 0x80, kind).status,
	    OK);
	vm_leave(&a.vm);
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

/* What the VMM takes back has ended: a later rise is injected, and a level that is high at once. */
TEST(line_taken_back_goes_on)
{
	struct armed edge = armed_new(LINE_EDGE), level;

	wire(&edge, true);
	CHECK_EQ(as_boss(&edge.vm, edge.vm.g.slot, VCPU_RETRACT, 50, IRQ_PENDING, 0).r[1],
		 IRQ_PENDING);
	CHECK_EQ(fake_guest_acknowledge(edge.vm.m->k), -1);
	wire(&edge, false);
	wire(&edge, true);
	serve(&edge);
	test_clean();
	level = armed_new(LINE_LEVEL);
	wire(&level, true);
	CHECK_EQ(fake_guest_acknowledge(level.vm.m->k), 50);
	CHECK_EQ(as_boss(&level.vm, level.vm.g.slot, VCPU_RETRACT, 50, IRQ_ACTIVE, 0).r[1],
		 IRQ_ACTIVE);
	serve(&level);
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
	CHECK_EQ(STATUS(m, line, LINE_ARM, g.slot, 50, 512, 0), BAD_ARGUMENT);
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
