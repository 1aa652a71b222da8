/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deletion under random structures: untyped inside cspaces made of other untyped, cspaces inside
 * cspaces, circles of both, copies everywhere; interrupted at every step. check_kernel holds after
 * every call, and in the end everything comes back.
 */
#include "user.h"

#define SLOTS 40 /* of init that the test plays with */
#define INNER 16 /* slots of a cspace it makes */
#define ROUNDS 4000

struct play {
	struct machine *m;
	uint32_t first, base;
};

static uint32_t pick(const struct play *p)
{
	return p->first + (uint32_t)(test_random() % SLOTS);
}

/* A slot with a cspace to put things into; 0, init's own, if the pick is none. */
static uint32_t pick_cspace(const struct play *p)
{
	for (int i = 0; i < 6; i++) {
		uint32_t s = pick(p);

		if (slot_cap(p->m, s)->type == CAP_CSPACE)
			return s;
	}
	return BOOT_SLOT_CSPACE;
}

static uint32_t slot_in(const struct play *p, uint32_t cspace)
{
	return cspace == BOOT_SLOT_CSPACE ? pick(p) : 1 + (uint32_t)(test_random() % (INNER - 1));
}

static void retype(const struct play *p)
{
	static const enum cap_type types[] = {CAP_UNTYPED, CAP_UNTYPED, CAP_CSPACE, CAP_CSPACE,
					      CAP_PORT,	   CAP_FRAME,	CAP_SIGNAL, CAP_THREAD};
	enum cap_type type = types[test_random() % 8];
	uint64_t param = type == CAP_CSPACE    ? INNER
			 : type == CAP_UNTYPED ? 13 + test_random() % 4
			 : type == CAP_FRAME   ? 12
					       : 0;
	uint32_t into = pick_cspace(p), untyped = pick(p);

	if (slot_cap(p->m, untyped)->type == CAP_UNTYPED)
		(void)STATUS(p->m, untyped, UNTYPED_RETYPE, type, param, into, slot_in(p, into), 1);
}

static bool lies_in(const struct cap *untyped, const struct cspace *cs)
{
	uint64_t at = (uint64_t)(uintptr_t)cs, base = (uint64_t)(uintptr_t)untyped->object;

	return at >= base && at - base < untyped->untyped.size;
}

/*
 * What a thread whose cspace is one of the inner ones can do: move an untyped into a cspace that
 * init has no capability of. So circles arise: untyped, cspace made of it, cspace inside, the
 * untyped in that.
 */
static void move_deep(const struct play *p)
{
	struct cap *from = slot_cap(p->m, pick(p)), *c = &p->m->k->root;
	unsigned skip = (unsigned)(test_random() % 30);

	if (from->type != CAP_UNTYPED || !from->next)
		return;
	for (; c; c = c->next) {
		struct cspace *cs = c->object;

		if (c->type != CAP_CSPACE || !(c->flags & CAP_ORIGINAL) || cs->count != INNER)
			continue;
		if (skip) {
			skip--;
			continue;
		}
		struct cap *to = &cs->slots[1 + test_random() % (INNER - 1)];

		if (to->type == CAP_EMPTY && !lies_in(from, cs) && !cs->dying)
			cap_move(p->m->k, from, to);
		return;
	}
}

/* Deletes whatever is `skip` places below the test's memory, wherever its slot lies. */
static void delete_deep(const struct play *p, struct cap *base)
{
	struct cap *c = base->next;
	unsigned skip = (unsigned)(test_random() % 40);

	for (; c && c->depth > base->depth && skip; skip--)
		c = c->next;
	if (!c || c->depth <= base->depth)
		return;
	while (cap_delete(p->m->k, c, true) != OK)
		;
	machine_interrupts(p->m); /* as the end of a call does: dispatch, and check_kernel */
}

static void play(const struct play *p)
{
	uint32_t cspace = pick_cspace(p), slot = slot_in(p, cspace);

	switch (test_random() % 13) {
	case 10:
	case 11:
		move_deep(p);
		break;
	case 12:
		if (test_random() % 4 == 0)
			delete_deep(p, slot_cap(p->m, p->base));
		break;
	case 0:
	case 1:
	case 2:
	case 3:
		retype(p);
		break;
	case 4:
	case 5:
		(void)STATUS(p->m, cspace, CSPACE_COPY, slot, pick(p), RIGHT_ALL, 0);
		break;
	case 6:
	case 7:
		(void)STATUS(p->m, cspace, CSPACE_MOVE, slot, pick(p));
		break;
	case 8:
		(void)STATUS(p->m, cspace, CSPACE_DELETE, slot);
		break;
	default:
		(void)STATUS(p->m, cspace, CSPACE_REVOKE, slot);
		break;
	}
}

static void deletion_random(unsigned preempt_at)
{
	struct play p = {.m = machine_new()};
	struct machine *m = p.m;
	uint32_t base = object_new(m, CAP_UNTYPED, 22);

	p.base = base;
	p.first = slot_new(m, SLOTS);
	for (unsigned i = 0; i < test_rounds(ROUNDS); i++) {
		if (i % 50 == 0)
			(void)STATUS(m, base, UNTYPED_RETYPE, CAP_UNTYPED, 18, 0, pick(&p), 1);
		m->k->arch.preempt_at = preempt_at;
		play(&p);
		if (i % 32 == 0)
			check_dangling(m->k);
	}
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, base);
	for (uint32_t s = p.first; s < p.first + SLOTS; s++)
		CHECK_EQ(slot_cap(m, s)->type, CAP_EMPTY);
	CHECK_EQ(OKAY(m, base, UNTYPED_STATUS).r[2], 1u << 22);
}

/* untyped -> cspace -> (inside) cspace -> (inside) the untyped */
static void circle(struct machine *m, uint32_t *cspace, struct cspace **inner)
{
	uint32_t untyped = object_new(m, CAP_UNTYPED, 16);

	*cspace = slot_new(m, 1);
	OKAY(m, untyped, UNTYPED_RETYPE, CAP_CSPACE, INNER, 0, *cspace, 1);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_CSPACE, INNER, *cspace, 3, 1);
	*inner = ((struct cspace *)slot_object(m, *cspace))->slots[3].object;
	cap_move(m->k, slot_cap(m, untyped), &(*inner)->slots[4]);
	check_kernel(m->k);
}

TEST(deletion_of_a_circle_from_its_cspace)
{
	struct machine *m = machine_new();
	struct cspace *inner;
	uint32_t cspace;

	circle(m, &cspace, &inner);
	m->k->arch.preempt_at = 1;
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, cspace);
	CHECK_EQ(slot_cap(m, cspace)->type, CAP_EMPTY);
}

TEST(deletion_of_a_circle_from_its_untyped)
{
	struct machine *m = machine_new();
	struct cspace *inner;
	uint32_t cspace;

	circle(m, &cspace, &inner);
	m->k->arch.preempt_at = 1;
	for (int i = 0; cap_delete(m->k, &inner->slots[4], true) != OK; i++)
		CHECK(i < 1000);
	check_kernel(m->k);
	CHECK_EQ(slot_cap(m, cspace)->type, CAP_EMPTY);
}

TEST(deletion_of_random_structures)
{
	deletion_random(0);
}

TEST(deletion_of_random_structures_interrupted_at_every_step)
{
	deletion_random(1);
}
