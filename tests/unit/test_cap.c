/* SPDX-License-Identifier: BSD-2-Clause */
/* Derivation, deletion and revocation, whole and interrupted at every step. */
#include "user.h"

#define SLOTS 48

static uint8_t type_of(const struct machine *m, uint32_t slot)
{
	return slot_cap(m, slot)->type;
}

TEST(cap_delete_takes_what_was_derived)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	uint32_t a = copy_new(m, port, RIGHT_ALL, 0), b = copy_new(m, a, RIGHT_ALL, 0);
	uint32_t c = copy_new(m, b, RIGHT_ALL, 0), other = copy_new(m, port, RIGHT_ALL, 0);

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, a);
	CHECK_EQ(type_of(m, a), CAP_EMPTY);
	CHECK_EQ(type_of(m, b), CAP_EMPTY);
	CHECK_EQ(type_of(m, c), CAP_EMPTY);
	CHECK_EQ(type_of(m, other), CAP_PORT);
	CHECK_EQ(type_of(m, port), CAP_PORT);
}

TEST(cap_revoke_leaves_the_capability_itself)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0);
	uint32_t a = copy_new(m, port, RIGHT_ALL, 0), b = copy_new(m, a, RIGHT_ALL, 0);

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, a);
	CHECK_EQ(type_of(m, a), CAP_PORT);
	CHECK_EQ(type_of(m, b), CAP_EMPTY);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, a);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, port);
	CHECK_EQ(type_of(m, a), CAP_EMPTY);
	CHECK_EQ(type_of(m, port), CAP_PORT);
}

TEST(cap_revoke_of_untyped_takes_every_object)
{
	struct machine *m = machine_new();
	static const enum cap_type types[] = {CAP_CSPACE, CAP_SPACE, CAP_THREAD, CAP_VCPU, CAP_PORT,
					      CAP_SIGNAL, CAP_LINE,  CAP_TIMER,	 CAP_IRQ};
	uint32_t untyped = object_new(m, CAP_UNTYPED, 20), first = slot_new(m, 32);

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		OKAY(m, untyped, UNTYPED_RETYPE, types[i], types[i] == CAP_CSPACE ? 16 : 0, 0,
		     first + i, 1);
		OKAY(m, BOOT_SLOT_CSPACE, CSPACE_COPY, first + 16 + i, first + i, RIGHT_ALL, 0);
	}
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, untyped);
	for (uint32_t s = first; s < first + 32; s++)
		CHECK_EQ(type_of(m, s), CAP_EMPTY);
	CHECK_EQ(OKAY(m, untyped, UNTYPED_STATUS).r[2], 1u << 20);
}

/* A bushy tree below `port`: slots derived from one another at random. */
static uint32_t bush(struct machine *m, uint32_t port, unsigned count)
{
	uint32_t first = slot_new(m, count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t from = i == 0 ? port : first + (uint32_t)(test_random() % i);

		OKAY(m, BOOT_SLOT_CSPACE, CSPACE_COPY, first + i, from, RIGHT_ALL, 0);
	}
	return first;
}

TEST(cap_delete_goes_on_after_every_interruption)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), first = bush(m, port, 200);

	m->k->arch.preempt_at = 1;
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, port);
	CHECK(m->k->arch.preempted >= 10);
	for (uint32_t s = first; s < first + 200; s++)
		CHECK_EQ(type_of(m, s), CAP_EMPTY);
	CHECK_EQ(type_of(m, port), CAP_EMPTY);
}

/* init starts to delete `slot` and is interrupted; `other`, of higher priority, gets to run then.
 */
static void interrupt_delete_at(struct machine *m, const struct user *other, uint32_t signal,
				uint32_t slot, unsigned step)
{
	struct result r;

	IS_CURRENT(m, other->t);
	CHECK_EQ(SYS(m, other->t, CALL_WAIT, signal, 1).status, BLOCKED);
	m->k->arch.preempt_at = step;
	fake_time += 100;
	r = INVOKE(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, slot);
	m->k->arch.preempt_at = 0;
	CHECK_EQ(r.status, PREEMPTED);
	IS_CURRENT(m, other->t);
}

static void interrupt_delete(struct machine *m, const struct user *other, uint32_t signal,
			     uint32_t slot)
{
	interrupt_delete_at(m, other, signal, slot, 1);
}

struct two_deleters {
	struct machine *m;
	struct user other;
	uint32_t timer, signal, port, first;
};

static struct two_deleters two_deleters(void)
{
	struct two_deleters d = {.m = machine_new()};

	d.timer = object_new(d.m, CAP_TIMER, 0);
	d.signal = object_new(d.m, CAP_SIGNAL, 0);
	d.port = object_new(d.m, CAP_PORT, 0);
	d.first = bush(d.m, d.port, 100);
	OKAY(d.m, d.timer, TIMER_BIND, d.signal, 1);
	OKAY(d.m, d.timer, TIMER_SET, fake_time + 50);
	d.other = user_start(d.m, 5);
	return d;
}

/* Makes init's interrupted call again. */
static struct result again(struct machine *m)
{
	uint64_t a[8];

	for (unsigned i = 0; i < 8; i++)
		a[i] = context_arg(&m->init->context, i);
	return user_call(m, m->init, CALL_INVOKE, a);
}

TEST(cap_delete_inside_an_interrupted_delete)
{
	struct two_deleters d = two_deleters();
	struct machine *m = d.m;

	interrupt_delete(m, &d.other, d.signal, d.port);
	CHECK(type_of(m, d.port) == CAP_PORT);
	CHECK_EQ(INVOKE_AS(m, d.other.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, d.first).status, OK);
	CHECK_EQ(SYS(m, d.other.t, CALL_WAIT, d.signal, 1).status, BLOCKED);
	CHECK_EQ(again(m).status, OK);
	for (uint32_t s = d.first; s < d.first + 100; s++)
		CHECK_EQ(type_of(m, s), CAP_EMPTY);
	CHECK_EQ(type_of(m, d.port), CAP_EMPTY);
}

TEST(cap_delete_around_an_interrupted_delete)
{
	struct two_deleters d = two_deleters();
	struct machine *m = d.m;

	interrupt_delete(m, &d.other, d.signal, d.first);
	CHECK_EQ(INVOKE_AS(m, d.other.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, d.port).status, OK);
	for (uint32_t s = d.first; s < d.first + 100; s++)
		CHECK_EQ(type_of(m, s), CAP_EMPTY);
	CHECK_EQ(SYS(m, d.other.t, CALL_WAIT, d.signal, 1).status, BLOCKED);
	/* Its slot is empty when it is executed again. */
	CHECK_EQ(again(m).status, BAD_CAP);
}

/* A timer's hold is where the deletion of `signal` is interrupted, at one of the steps; bound anew
 * meanwhile, it is another signal's. */
static void rebind_in_a_delete(unsigned step)
{
	struct two_deleters d = {.m = machine_new()};
	struct machine *m = d.m;
	uint32_t signal = object_new(m, CAP_SIGNAL, 0), next = object_new(m, CAP_SIGNAL, 0);
	uint32_t copy = copy_new(m, signal, RIGHT_ALL, 0), timer = object_new(m, CAP_TIMER, 0);

	OKAY(m, timer, TIMER_BIND, copy, 1);
	for (unsigned i = 0; i < 3; i++)
		copy_new(m, signal, RIGHT_ALL, 0);
	d.timer = object_new(m, CAP_TIMER, 0);
	d.signal = object_new(m, CAP_SIGNAL, 0);
	OKAY(m, d.timer, TIMER_BIND, d.signal, 1);
	OKAY(m, d.timer, TIMER_SET, fake_time + 50);
	d.other = user_start(m, 5);
	interrupt_delete_at(m, &d.other, d.signal, signal, step);
	CHECK_EQ(INVOKE_AS(m, d.other.t, timer, TIMER_BIND, next, 1).status, OK);
	CHECK_EQ(SYS(m, d.other.t, CALL_WAIT, d.signal, 1).status, BLOCKED);
	CHECK_EQ(again(m).status, OK);
	CHECK_EQ(type_of(m, signal), CAP_EMPTY);
	CHECK(((struct timer *)slot_object(m, timer))->signal.object == slot_object(m, next));
}

TEST(cap_hold_taken_out_of_an_interrupted_delete)
{
	for (unsigned step = 1; step <= 9; step++) {
		rebind_in_a_delete(step);
		test_clean();
	}
}

TEST(cap_copy_into_an_interrupted_delete)
{
	struct two_deleters d = two_deleters();
	struct machine *m = d.m;
	uint32_t late = slot_new(m, 1);
	enum status s;

	interrupt_delete(m, &d.other, d.signal, d.port);
	s = INVOKE_AS(m, d.other.t, BOOT_SLOT_CSPACE, CSPACE_COPY, late, d.port, RIGHT_ALL, 0)
		.status;
	CHECK(s == OK || s == BUSY);
	CHECK_EQ(SYS(m, d.other.t, CALL_WAIT, d.signal, 1).status, BLOCKED);
	CHECK_EQ(again(m).status, OK);
	CHECK_EQ(type_of(m, late), CAP_EMPTY);
	CHECK_EQ(type_of(m, d.port), CAP_EMPTY);
}

static uint32_t cspace_with_copies(struct machine *m, uint32_t of, unsigned slots)
{
	uint32_t cspace = object_new(m, CAP_CSPACE, slots);

	for (uint64_t s = 1; s < slots; s++)
		OKAY(m, cspace, CSPACE_COPY, s, of, RIGHT_ALL, 0);
	return cspace;
}

static void delete_full_cspace(unsigned preempt_at)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), cspace = cspace_with_copies(m, port, 64), child;

	child = slot_new(m, 1);
	/* What was derived from a slot of the cspace lies elsewhere, and goes with it. */
	struct cspace *cs = slot_object(m, cspace);

	OKAY(m, cspace, CSPACE_DELETE, 7);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_SIGNAL, 0, cspace, 7, 1);
	CHECK_EQ(cs->slots[7].type, CAP_SIGNAL);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_COPY, child, port, RIGHT_ALL, 0);
	m->k->arch.preempt_at = preempt_at;
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, cspace);
	CHECK_EQ(type_of(m, cspace), CAP_EMPTY);
	CHECK_EQ(type_of(m, port), CAP_PORT);
	CHECK_EQ(type_of(m, child), CAP_PORT);
	CHECK(!cap_has_children(slot_cap(m, child)));
}

TEST(cap_delete_of_a_cspace_empties_it)
{
	delete_full_cspace(0);
	delete_full_cspace(1);
	delete_full_cspace(2);
}

static void delete_nested(unsigned preempt_at)
{
	struct machine *m = machine_new();
	uint32_t a = object_new(m, CAP_CSPACE, 16), copy = copy_new(m, a, RIGHT_ALL, 0);
	uint32_t b = object_new(m, CAP_CSPACE, 16), port = object_new(m, CAP_PORT, 0);

	/* Originals lie in each other's cspaces, copies lead round in circles. */
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_CSPACE, 16, a, 1, 1);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_CSPACE, 16, b, 3, 1);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_CSPACE, 16, a, 4, 3);
	OKAY(m, b, CSPACE_COPY, 4, a, RIGHT_ALL, 0);
	OKAY(m, b, CSPACE_COPY, 5, b, RIGHT_ALL, 0);
	OKAY(m, b, CSPACE_COPY, 6, port, RIGHT_ALL, 0);
	OKAY(m, a, CSPACE_COPY, 2, b, RIGHT_ALL, 0);
	OKAY(m, a, CSPACE_COPY, 3, port, RIGHT_ALL, 0);
	m->k->arch.preempt_at = preempt_at;
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, a);
	CHECK_EQ(type_of(m, copy), CAP_EMPTY);
	CHECK_EQ(((struct cspace *)slot_object(m, b))->slots[4].type, CAP_EMPTY);
	CHECK_EQ(((struct cspace *)slot_object(m, b))->slots[3].type, CAP_CSPACE);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, b);
	CHECK_EQ(type_of(m, a), CAP_EMPTY);
	CHECK_EQ(type_of(m, b), CAP_EMPTY);
	CHECK(!cap_has_children(slot_cap(m, port)));
}

TEST(cap_delete_of_cspaces_in_cspaces)
{
	delete_nested(0);
	delete_nested(1);
}

TEST(cap_a_full_depth_is_a_limit_and_not_a_crash)
{
	struct machine *m = machine_new();
	uint32_t big = object_new(m, CAP_CSPACE, 65536), port = object_new(m, CAP_PORT, 0);
	struct user u = user_new(m);
	enum status s = OK;
	uint64_t slot;

	/* The thread's own cspace is the big one, so that it can copy from slot to slot of it. */
	OKAY(m, big, CSPACE_COPY, 1, big, RIGHT_ALL, 0);
	OKAY(m, big, CSPACE_COPY, 2, port, RIGHT_ALL, 0);
	OKAY(m, u.slot, THREAD_CONFIGURE, big, BOOT_SLOT_SPACE, u.frame, 0, 0, 0);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 9, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	m->unchecked = true;
	for (slot = 3; s == OK && slot < 65536; slot++)
		s = INVOKE_AS(m, u.t, 1, CSPACE_COPY, slot, slot - 1, RIGHT_ALL, 0).status;
	CHECK_EQ(s, LIMIT);
	CHECK(slot > 59000);
	CHECK_EQ(INVOKE_AS(m, u.t, 1, CSPACE_REVOKE, 2).status, OK);
	for (slot = 3; slot < 65536; slot++)
		CHECK_EQ(((struct cspace *)slot_object(m, big))->slots[slot].type, CAP_EMPTY);
	check_kernel(m->k);
}

/* ---- Random operations against a model in which every slot knows what it was derived from ---- */

struct model {
	bool used[SLOTS];
	int parent[SLOTS]; /* -1: the untyped */
};

static bool below(const struct model *model, int slot, int top)
{
	for (int s = model->parent[slot]; s >= 0; s = model->parent[s])
		if (s == top)
			return true;
	return false;
}

static void model_revoke(struct model *model, int top)
{
	struct model before = *model;

	for (int s = 0; s < SLOTS; s++)
		if (before.used[s] && below(&before, s, top))
			model->used[s] = false;
}

static void model_move(struct model *model, int from, int to)
{
	model->used[to] = true;
	model->parent[to] = model->parent[from];
	model->used[from] = false;
	for (int s = 0; s < SLOTS; s++)
		if (model->used[s] && model->parent[s] == from)
			model->parent[s] = to;
}

static void random_step(struct machine *m, struct model *model, uint32_t first)
{
	int a = (int)(test_random() % SLOTS), b = (int)(test_random() % SLOTS);
	uint32_t slot_a = first + (uint32_t)a, slot_b = first + (uint32_t)b;
	enum status none = model->used[a] ? OK : BAD_CAP;
	enum status copied = none == OK && model->used[b] ? EXISTS : none;

	switch (test_random() % 8) {
	case 0:
		CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, slot_a, 1),
			 none == OK ? EXISTS : OK);
		if (none != OK)
			model->parent[a] = -1;
		model->used[a] = true;
		break;
	case 1:
		CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, slot_a), none);
		if (none == OK)
			model_revoke(model, a);
		break;
	case 2:
		CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, slot_a), none);
		if (none == OK)
			model_revoke(model, a);
		model->used[a] = false;
		break;
	case 3:
		CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, slot_b, slot_a), copied);
		if (copied == OK)
			model_move(model, a, b);
		break;
	default:
		CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, slot_b, slot_a, RIGHT_ALL, 0),
			 copied);
		if (copied == OK) {
			model->used[b] = true;
			model->parent[b] = a;
		}
	}
}

TEST(cap_random_operations_agree_with_a_model)
{
	struct machine *m = machine_new();
	uint32_t first = slot_new(m, SLOTS);
	struct model model = {0};

	for (unsigned i = 0; i < test_rounds(3000); i++) {
		m->k->arch.preempt_at = (unsigned)(test_random() % 3);
		random_step(m, &model, first);
		for (uint32_t s = 0; s < SLOTS; s++)
			CHECK_EQ(type_of(m, first + s), model.used[s] ? CAP_PORT : CAP_EMPTY);
	}
}
