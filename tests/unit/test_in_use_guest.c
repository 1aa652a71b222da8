/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest uses goes while it is in use: each in four ways (scene.h). */
#include "exit.skerry.h"
#include "internal.h"
#include "scene.h"

#define LINE_ID 50
#define IRQ_NUMBER 41

static struct kernel *k_of(const struct scene *s)
{
	return s->m->k;
}

static void vcpu_is_gone(struct scene *s)
{
	if (scene_survives(s)) {
		CHECK(k_of(s)->loaded == s->g.v);
		return;
	}
	CHECK(!k_of(s)->loaded && !k_of(s)->arch.lazy_of);
	CHECK(!k_of(s)->fp_owner);
	CHECK(!k_of(s)->arch.ppi_active[VCPU_SOURCE_TIMER]);
}

static void loaded_vcpu(struct scene *s)
{
	scene_guest(s, CAP_VCPU);
	scene_enter(s);
	CHECK(k_of(s)->loaded == s->g.v);
	s->after = vcpu_is_gone;
}

/* Its timer has fired and is in the guest's hands. */
static void vcpu_with_its_timer(struct scene *s)
{
	scene_guest(s, CAP_VCPU);
	time_pass(s->m, 100001);
	CHECK_EQ(fake_guest_acknowledge(k_of(s)), 27);
	CHECK(k_of(s)->arch.ppi_active[VCPU_SOURCE_TIMER]);
	scene_enter(s);
	s->after = vcpu_is_gone;
}

static void vcpu_in_its_exit(struct scene *s)
{
	scene_guest(s, CAP_VCPU);
	guest_access(s->m, SCENE_WINDOW, 4, false, 0);
	IS_CURRENT(s->m, s->server.t);
	s->by = s->server.t;
	s->after = vcpu_is_gone;
}

static void fp_is_nobodys(struct scene *s)
{
	if (scene_survives(s))
		CHECK(k_of(s)->fp_owner == &s->g.v->context);
	else
		CHECK(!k_of(s)->fp_owner);
	if (k_of(s)->current == &s->boss.t->context)
		CHECK_EQ(fake_fp(k_of(s)), 0); /* its own, and not what was left there */
}

static void fp_owner_vcpu(struct scene *s)
{
	scene_guest(s, CAP_VCPU);
	scene_enter(s);
	CHECK(k_of(s)->fp_owner == &s->g.v->context);
	s->after = fp_is_nobodys;
}

static void guest_stands_still(struct scene *s)
{
	CHECK_EQ(s->g.v->context.state, CONTEXT_STOPPED);
	CHECK(!k_of(s)->loaded);
	for (unsigned i = 0; i < FAKE_TLB && !scene_survives(s); i++)
		CHECK(!k_of(s)->arch.tlb[i].valid || k_of(s)->arch.tlb[i].tag != 1);
}

static void space_of_the_loaded_vcpu(struct scene *s)
{
	scene_guest(s, CAP_SPACE);
	scene_enter(s);
	s->after = guest_stands_still;
}

static void page_is_unmapped(struct scene *s)
{
	for (unsigned i = 0; i < FAKE_TLB && !scene_survives(s); i++)
		CHECK(!k_of(s)->arch.tlb[i].valid || k_of(s)->arch.tlb[i].va != SCENE_RAM);
	CHECK_EQ(fake_walk(s->g.space, SCENE_RAM).kind,
		 scene_survives(s) ? ENTRY_MEMORY : ENTRY_NONE);
}

static void frame_that_is_mapped(struct scene *s)
{
	scene_guest(s, CAP_FRAME);
	scene_enter(s);
	s->after = page_is_unmapped;
}

static void table_is_out(struct scene *s)
{
	bool there = scene_survives(s);

	CHECK_EQ(fake_walk(s->g.space, SCENE_RAM).kind, there ? ENTRY_MEMORY : ENTRY_NONE);
	for (unsigned i = 0; i < FAKE_TLB && !there; i++)
		CHECK(!k_of(s)->arch.tlb[i].valid || k_of(s)->arch.tlb[i].va != SCENE_RAM);
}

/* The table page above a page that the TLB holds: the first that was given is the first taken. */
static void table_in_use(struct scene *s)
{
	scene_guest(s, CAP_TABLE);
	scene_enter(s);
	CHECK_EQ(slot_cap(s->m, s->victim)->frame.address & ~0x1fffffull, SCENE_RAM);
	s->after = table_is_out;
}

/* ---- Windows and doorbells ---- */

/* The call is still the server's; when the window's port is gone, it ended with it. */
static void window_is_gone(struct scene *s)
{
	bool port = slot_cap(s->m, s->port)->type == CAP_PORT;

	CHECK_EQ(fake_walk(s->g.space, SCENE_WINDOW).kind, ENTRY_NONE);
	CHECK_EQ(s->g.space->found_page, NO_PAGE);
	CHECK((s->server.t->caller == &s->g.v->context) == port);
	if (!port)
		return;
	access_reply_put(s->server.message->data,
			 &(struct access_reply){.value = 7, .action = EXIT_ACTION_ADVANCE});
	CHECK_EQ(SYS(s->m, s->server.t, CALL_REPLY, 0, INFO(0, ACCESS_REPLY_SIZE, 0)).status, OK);
	CHECK_EQ(s->g.v->context.arch.r[5], 7);
}

static void window_in_its_rpc(struct scene *s)
{
	scene_guest(s, CAP_PORT);
	guest_access(s->m, SCENE_WINDOW, 4, false, 0);
	IS_CURRENT(s->m, s->server.t);
	s->by = s->server.t;
	s->cspace = s->g.windows;
	s->slot = 1;
	s->after = window_is_gone;
}

static void windows_are_gone(struct scene *s)
{
	CHECK(!s->g.space->windows.object);
	if (!scene_survives(s))
		CHECK_EQ(fake_walk(s->g.space, SCENE_WINDOW).kind, ENTRY_NONE);
	CHECK_EQ(s->g.space->found_page, NO_PAGE);
	CHECK(s->server.t->caller == &s->g.v->context);
}

static void cspace_of_windows_in_an_rpc(struct scene *s)
{
	scene_guest(s, CAP_CSPACE);
	guest_access(s->m, SCENE_WINDOW, 4, false, 0);
	IS_CURRENT(s->m, s->server.t);
	s->by = s->server.t;
	s->after = windows_are_gone;
}

/* The one in the middle, or all of the signal; a store that rang is an ordinary access now. */
static void doorbell_is_gone(struct scene *s)
{
	const struct cspace *windows = slot_object(s->m, s->g.windows);
	uint32_t first = windows->slots[1].window.doorbells;

	CHECK_EQ(windows->slots[3].type, CAP_EMPTY);
	CHECK_EQ(windows->slots[first].type, CAP_DOORBELL);
	if (s->how == DELETED)
		CHECK_EQ(first, 4);
	else
		CHECK(first == 5 && windows->slots[5].doorbell.next == 0);
	CHECK_EQ(SYS(s->m, s->boss.t, CALL_WAIT, s->wake, 2).status, BLOCKED);
	guest_access(s->m, SCENE_WINDOW + 3, 1, true, 0);
	IS_CURRENT(s->m, s->server.t);
}

static void doorbell(struct scene *s)
{
	struct machine *m = s->m;

	scene_guest(s, CAP_SIGNAL);
	scene_enter(s);
	s->other = slot_new(m, 1);
	CHECK_EQ(INVOKE_AS(m, s->by, m->ram, UNTYPED_RETYPE, CAP_SIGNAL, 0, 0, s->other, 1).status,
		 OK);
	INVOKE_AS(m, s->by, s->g.space_slot, SPACE_DOORBELL, 5, 1, s->other, 5, 0, 256);
	for (uint32_t i = 2; i < 5; i++)
		CHECK_EQ(
		    INVOKE_AS(m, s->by, s->g.space_slot, SPACE_DOORBELL, i, 1, s->signal, i, 0, 256)
			.status,
		    OK);
	s->cspace = s->g.windows;
	s->slot = 3;
	s->after = doorbell_is_gone;
}

/* ---- Lines and interrupts ---- */

static void line_is_gone(struct scene *s)
{
	CHECK_EQ(fake_vcpu_names_line(s->g.v, slot_cap(s->m, s->victim)->object),
		 scene_survives(s));
	CHECK_EQ(s->g.v->line_count, scene_survives(s));
	if (scene_survives(s))
		CHECK_EQ(INVOKE_AS(s->m, s->by, s->victim, LINE_LOWER).status, OK);
}

static void line_of_vcpu(struct scene *s, enum cap_type victim)
{
	struct machine *m = s->m;
	uint32_t line;

	scene_guest(s, victim);
	if (victim == CAP_EMPTY)
		s->victim = 0;
	scene_enter(s);
	line = slot_new(m, 1);
	INVOKE_AS(m, s->by, victim == CAP_VCPU ? m->ram : s->memory, UNTYPED_RETYPE, CAP_LINE, 0, 0,
		  line, 1);
	if (victim != CAP_VCPU)
		s->victim = line;
	s->other = line;
	CHECK_EQ(INVOKE_AS(m, s->by, line, LINE_ARM, s->g.slot, LINE_ID, 0, LINE_LEVEL).status, OK);
	CHECK_EQ(INVOKE_AS(m, s->by, line, LINE_RAISE).status, OK);
	CHECK(fake_vcpu_names_line(s->g.v, slot_object(m, line)));
}

static void armed_line(struct scene *s)
{
	line_of_vcpu(s, CAP_EMPTY);
	s->after = line_is_gone;
}

static void line_is_disarmed(struct scene *s)
{
	const struct line *l = slot_object(s->m, s->other);

	CHECK(!l->armed && !l->in_flight && !l->vcpu.object && list_empty(&l->of_vcpu));
	CHECK(l->level);
}

static void vcpu_of_an_armed_line(struct scene *s)
{
	line_of_vcpu(s, CAP_VCPU);
	s->after = line_is_disarmed;
}

static void irq_is_quiet(struct scene *s)
{
	const struct fake_irq *i = &k_of(s)->arch.irqs[IRQ_NUMBER];

	if (slot_cap(s->m, s->other)->type == CAP_IRQ)
		CHECK(!((struct line *)slot_object(s->m, s->other))->armed || scene_survives(s));
	else
		CHECK(!k_of(s)->irqs[IRQ_NUMBER]);
	if (scene_survives(s) && s->victim == s->other)
		return;
	CHECK(!i->enabled && !i->active && !i->linked);
}

static void irq_of_vcpu(struct scene *s, enum cap_type victim, bool taken)
{
	struct machine *m = s->m;
	uint32_t irq;

	scene_guest(s, victim);
	scene_enter(s);
	irq = slot_new(m, 1);
	INVOKE_AS(m, s->by, victim == CAP_VCPU ? m->ram : s->memory, UNTYPED_RETYPE, CAP_IRQ, 0, 0,
		  irq, 1);
	if (victim != CAP_VCPU)
		s->victim = irq;
	s->other = irq;
	INVOKE_AS(m, s->by, BOOT_SLOT_CORE, CORE_IRQ, irq, IRQ_NUMBER, IRQ_TRIGGER_LEVEL);
	CHECK_EQ(INVOKE_AS(m, s->by, irq, IRQ_ARM, s->g.slot, LINE_ID, 0, IRQ_TRIGGER_LEVEL).status,
		 OK);
	INVOKE_AS(m, s->by, s->irq, IRQ_ACK);
	CHECK_EQ(SYS(m, s->by, CALL_WAIT, s->wake, 1).status, BLOCKED);
	irq_raise(m, IRQ_NUMBER, true);
	if (taken)
		CHECK_EQ(fake_guest_acknowledge(m->k), LINE_ID);
	fake_irq_assert(m->k, IRQ_NUMBER, false);
	CHECK(m->k->arch.irqs[IRQ_NUMBER].linked == s->g.v);
	scene_enter(s);
	s->after = irq_is_quiet;
}

static void armed_irq_pending(struct scene *s)
{
	irq_of_vcpu(s, CAP_EMPTY, false);
}

static void armed_irq_active(struct scene *s)
{
	irq_of_vcpu(s, CAP_EMPTY, true);
}

static void vcpu_of_an_armed_irq(struct scene *s)
{
	irq_of_vcpu(s, CAP_VCPU, true);
}

IN_USE(loaded_vcpu)
IN_USE(vcpu_with_its_timer)
IN_USE(vcpu_in_its_exit)
IN_USE(fp_owner_vcpu)
IN_USE(space_of_the_loaded_vcpu)
IN_USE(frame_that_is_mapped)
IN_USE(table_in_use)
IN_USE(window_in_its_rpc)
IN_USE(cspace_of_windows_in_an_rpc)
IN_USE(doorbell)
IN_USE(armed_line)
IN_USE(vcpu_of_an_armed_line)
IN_USE(armed_irq_pending)
IN_USE(armed_irq_active)
IN_USE(vcpu_of_an_armed_irq)
