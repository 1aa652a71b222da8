/* SPDX-License-Identifier: BSD-2-Clause */
#include "scene.h"

#include <string.h>

#define WAKE_IRQ 60
#define OUTER_ORDER 19
#define FILLED 0x50000000u /* where init maps what the memory became */

uint32_t scene_victim(struct scene *s, enum cap_type type, uint64_t param)
{
	s->victim = slot_new(s->m, 1);
	OKAY(s->m, s->memory, UNTYPED_RETYPE, type, param, 0, s->victim, 1);
	return s->victim;
}

static uint32_t part(struct scene *s, enum cap_type victim, enum cap_type type, uint64_t param)
{
	return victim == type ? scene_victim(s, type, param) : object_new(s->m, type, param);
}

bool scene_survives(const struct scene *s)
{
	return s->how == REVOKED;
}

void scene_boss(struct scene *s)
{
	s->wake = object_new(s->m, CAP_SIGNAL, 0);
	s->irq = object_new(s->m, CAP_IRQ, 0);
	OKAY(s->m, BOOT_SLOT_CORE, CORE_IRQ, s->irq, WAKE_IRQ, IRQ_TRIGGER_EDGE);
	OKAY(s->m, s->irq, IRQ_BIND, s->wake, 1);
	s->boss = user_start(s->m, 40);
	CHECK_EQ(SYS(s->m, s->boss.t, CALL_WAIT, s->wake, 1).status, BLOCKED);
}

void scene_enter(struct scene *s)
{
	irq_raise(s->m, WAKE_IRQ, true);
	IS_CURRENT(s->m, s->boss.t);
	s->by = s->boss.t;
}

void scene_guest(struct scene *s, enum cap_type victim)
{
	struct machine *m = s->m;
	struct guest *g = &s->g;

	s->port = part(s, victim, CAP_PORT, 0);
	s->server = server_start(m, s->port, 20);
	s->signal = part(s, victim, CAP_SIGNAL, 0);
	g->slot = part(s, victim, CAP_VCPU, 0);
	g->space_slot = part(s, victim, CAP_SPACE, SPACE_VM(1));
	g->windows = part(s, victim, CAP_CSPACE, 64);
	s->frame = part(s, victim, CAP_FRAME, 12);
	g->v = slot_object(m, g->slot);
	g->space = slot_object(m, g->space_slot);
	space_donate(m, g->space_slot, 6);
	OKAY(m, g->space_slot, SPACE_WINDOWS, g->windows);
	OKAY(m, g->slot, VCPU_CONFIGURE, g->space_slot, 1);
	OKAY(m, g->slot, VCPU_PORT, 0x1f, s->port, 0x100);
	OKAY(m, g->slot, VCPU_SOURCE, VCPU_SOURCE_TIMER, 0, 1);
	OKAY(m, g->space_slot, SPACE_BIND, 1, s->port, SCENE_WINDOW, 12, 5);
	if (victim == CAP_TABLE) /* the last that is lent is the first to be used */
		OKAY(m, g->space_slot, SPACE_DONATE, scene_victim(s, CAP_FRAME, 12), 1);
	OKAY(m, g->space_slot, SPACE_MAP, s->frame, SCENE_RAM, 3, 1);
	scene_boss(s);
	guest_start(m, g, 9);
	CHECK(guest_access(m, SCENE_RAM, 8, true, 1));
	fake_set_fp(m->k, 0xf9);
	fake_guest_set_lazy(m->k, 0x1a27);
	fake_guest_timer(m->k, fake_time + 100000);
	CHECK(m->k->loaded == g->v && m->k->fp_owner == &g->v->context);
}

/* Whoever is current rests, until init is. */
static void settle(struct scene *s)
{
	struct machine *m = s->m;
	int id;

	for (int i = 0; m->k->current != &m->init->context; i++) {
		struct context *c = m->k->current;

		CHECK(i < 20);
		if (c->kind == CONTEXT_VCPU) {
			if ((id = fake_guest_acknowledge(m->k)) >= 0)
				fake_guest_end(m->k, (uint32_t)id);
			guest_wfi(m);
			continue;
		}
		CHECK_EQ(c->kind, CONTEXT_THREAD);
		if (SYS(m, (struct thread *)c, CALL_CALL, s->rest, 0).status != BLOCKED &&
		    m->k->current == c)
			user_fault(m, 1, 0, 0);
	}
}

static void end_it(struct scene *s)
{
	uint32_t method =
	    s->how == DELETED || s->how == MEMORY_DELETED ? CSPACE_DELETE : CSPACE_REVOKE;
	uint32_t cspace = s->own ? s->own : BOOT_SLOT_CSPACE, slot = s->victim;

	if (s->how == DELETED && s->slot) {
		cspace = s->cspace;
		slot = s->slot;
	} else if (s->how == MEMORY_REVOKED || s->how == MEMORY_DELETED) {
		slot = s->memory;
	}
	CHECK(s->m->k->current == &s->by->context);
	INVOKE_AS(s->m, s->by, cspace, method, slot);
	check_dangling(s->m->k);
}

/* The guest, if there still is one, is woken and does what guests do; so do new threads. */
static void go_on(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t port = object_new(m, CAP_PORT, 0);
	struct user server = server_start(m, port, 21);

	SYS(m, m->init, CALL_CALL, port, 0);
	IS_CURRENT(m, server.t);
	fake_set_fp(m->k, 1);
	CHECK_EQ(SYS(m, server.t, CALL_REPLY_WAIT, port, 0).status, BLOCKED);
	settle(s);
	if (s->g.slot && slot_cap(m, s->g.slot)->type == CAP_VCPU)
		(void)STATUS(m, s->g.slot, VCPU_INJECT, 77, 0, 0);
	if (m->k->current->kind == CONTEXT_VCPU)
		guest_access(m, SCENE_RAM, 8, true, 2);
	if (m->k->current->kind == CONTEXT_VCPU)
		guest_access(m, SCENE_WINDOW + 8, 4, true, 2);
	settle(s);
	time_pass(m, 200000);
	settle(s);
	irq_raise(m, WAKE_IRQ, true);
	settle(s);
	check_dangling(m->k);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, server.slot);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, port);
	settle(s);
}

static void as_frames(struct scene *s)
{
	unsigned count = (1u << OUTER_ORDER) / 4096;
	uint32_t frames = slot_new(s->m, count);

	OKAY(s->m, s->outer, UNTYPED_RETYPE, CAP_FRAME, 12, 0, frames, count);
	OKAY(s->m, BOOT_SLOT_SPACE, SPACE_MAP, frames, FILLED, 3, count);
	for (unsigned i = 0; i < count; i++)
		memset(fake_access(s->m->k, s->m->space, FILLED + i * 4096, SPACE_ATTR_WRITE), 0xff,
		       4096);
	go_on(s);
	OKAY(s->m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, s->outer);
	CHECK(!fake_access(s->m->k, s->m->space, FILLED, SPACE_ATTR_READ));
}

static void as_objects(struct scene *s)
{
	static const struct {
		enum cap_type type;
		uint64_t param;
	} kinds[] = {{CAP_SIGNAL, 0}, {CAP_PORT, 0},  {CAP_THREAD, 0}, {CAP_SPACE, SPACE_SERVICE},
		     {CAP_LINE, 0},   {CAP_TIMER, 0}, {CAP_IRQ, 0},    {CAP_CSPACE, 64},
		     {CAP_VCPU, 0},   {CAP_PORT, 0},  {CAP_THREAD, 0}, {CAP_SPACE, SPACE_VM(1)},
		     {CAP_VCPU, 0},   {CAP_FRAME, 12}};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint32_t slot = slot_new(s->m, 1);
		enum status r = STATUS(s->m, s->outer, UNTYPED_RETYPE, kinds[i].type,
				       kinds[i].param, 0, slot, 1);

		/* The number of the scene's VM may be in use. */
		CHECK(r == OK || (r == EXISTS && kinds[i].type == CAP_SPACE));
		go_on(s);
	}
}

static void run(scene_setup *setup, enum how how, unsigned preempt_at)
{
	struct scene s = {.m = machine_new(), .how = how};
	struct machine *m = s.m;
	uint64_t all;

	s.rest = object_new(m, CAP_PORT, 0);
	s.outer = object_new(m, CAP_UNTYPED, OUTER_ORDER);
	s.memory = slot_new(m, 1);
	OKAY(m, s.outer, UNTYPED_RETYPE, CAP_UNTYPED, OUTER_ORDER - 1, 0, s.memory, 1);
	setup(&s);
	check_dangling(m->k);
	m->k->arch.preempt_at = preempt_at;
	end_it(&s);
	m->k->arch.preempt_at = 0;
	s.after(&s);
	settle(&s);
	go_on(&s);

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, s.outer);
	settle(&s);
	check_dangling(m->k);
	CHECK_EQ(OKAY(m, s.outer, UNTYPED_STATUS).r[2], 1u << OUTER_ORDER);
	as_frames(&s);
	as_objects(&s);
	all = OKAY(m, m->ram, UNTYPED_STATUS).r[1];
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, m->ram);
	IS_CURRENT(m, m->init);
	check_dangling(m->k);
	CHECK_EQ(OKAY(m, m->ram, UNTYPED_STATUS).r[2], all);
}

void scene_run(scene_setup *setup, enum how how)
{
	run(setup, how, 0);
	test_clean();
	run(setup, how, 1); /* interrupted at every step */
}
