/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching: every context has its eager and FP registers, every vCPU its lazy ones. The machine
 * has one set of each, and knows whose it holds; a register read through the wrong context is seen.
 */
#include "fake.h"

#include "test.h"

static struct context *held(const struct kernel *k)
{
	return k->arch.context ? k->arch.context : (struct context *)&k->idle;
}

static struct vcpu *vcpu_of(struct context *c)
{
	return c->kind == CONTEXT_VCPU ? (struct vcpu *)c : NULL;
}

void arch_thread_start(struct thread *t, uint64_t entry, uint64_t stack, uint64_t argument,
		       uint64_t tls)
{
	struct arch_context *a = &t->context.arch;

	for (unsigned i = 0; i < FAKE_REGISTERS; i++)
		a->r[i] = 0;
	a->r[0] = argument;
	a->pc = entry;
	a->sp = stack;
	a->tls = tls;
	a->restart = false;
	a->eager = 0;
	if (held(t->context.kernel) == &t->context)
		t->context.kernel->arch.eager = 0;
}

void arch_context_restart_call(struct context *c)
{
	CHECK(!c->arch.restart);
	c->arch.restart = true;
	c->arch.pc -= FAKE_CALL_BYTES;
}

uint64_t arch_context_pc(const struct context *c)
{
	return c->arch.pc;
}

static uint16_t tag_of(struct kernel *k, struct context *c)
{
	struct cap *space;

	if (c->kind == CONTEXT_IDLE_LOOP)
		return 0;
	space = c->kind == CONTEXT_VCPU ? &((struct vcpu *)c)->space : &((struct thread *)c)->space;
	if (space->type != CAP_SPACE || !space->object)
		return 0;

	const struct space *s = space->object;

	CHECK(k->spaces[s->id].space == s);
	return s->id;
}

/* What runs under the tables of a space that it has no capability to would outlive that space. */
static uint16_t load_tag(struct kernel *k, struct context *c)
{
	if (c->arch.tag != tag_of(k, c))
		FAIL("%p runs under tag %u, and its space has %u", (void *)c, c->arch.tag,
		     tag_of(k, c));
	return c->arch.tag;
}

void arch_switch(struct kernel *k, struct context *from, struct context *to)
{
	struct vcpu *v = vcpu_of(to);

	if (from != held(k))
		FAIL("a switch away from %p, and the machine holds %p", (void *)from,
		     (void *)held(k));
	from->arch.eager = k->arch.eager;
	k->arch.eager = to->arch.eager;
	k->arch.context = to;
	k->arch.tag = load_tag(k, to);
	if (!v || v == k->loaded)
		return;
	if (k->loaded)
		arch_vcpu_unload(k, k->loaded);
	CHECK(!k->arch.ppi_active[0] && !k->arch.ppi_active[1]);
	k->loaded = v;
	k->arch.lazy_of = v;
	k->arch.lazy = v->arch.lazy;
	fake_own_load(k, v);
}

void arch_switch_exit(struct kernel *k, struct context *from, struct context *to)
{
	CHECK(from->kind == CONTEXT_VCPU && to->kind == CONTEXT_THREAD);
	arch_switch(k, from, to);
}

void arch_switch_call(struct kernel *k, struct context *from, struct context *to)
{
	CHECK(from->kind == CONTEXT_THREAD && to->kind == CONTEXT_THREAD);
	arch_switch(k, from, to);
}

void arch_switch_entry(struct kernel *k, struct context *from, struct context *to)
{
	CHECK(from->kind == CONTEXT_THREAD && to == &k->loaded->context);
	arch_switch(k, from, to);
}

void arch_thread_space_changed(struct kernel *k, struct thread *t)
{
	t->context.arch.tag = tag_of(k, &t->context);
	if (held(k) == &t->context)
		k->arch.tag = t->context.arch.tag;
}

void arch_fp_forget(struct kernel *k, struct context *c)
{
	if (k->fp_owner == c)
		k->fp_owner = NULL;
}

void arch_fp_init(struct context *c)
{
	c->arch.fp = 0;
}

void fake_return(struct kernel *k, struct context *next)
{
	CHECK(next != NULL);
	CHECK(next == k->current);
	if (next != held(k))
		FAIL("%p is to run, and the machine holds %p", (void *)next, (void *)held(k));
	CHECK(!next->dead);
	if (next->kind == CONTEXT_IDLE_LOOP)
		return;
	CHECK_EQ(next->state, CONTEXT_READY);
	CHECK_EQ(k->arch.tag, tag_of(k, next));
	if (vcpu_of(next)) {
		CHECK(k->loaded == vcpu_of(next));
		CHECK(k->arch.lazy_of == vcpu_of(next));
	}
}

void fake_set_eager(struct kernel *k, uint64_t marker)
{
	k->arch.eager = marker;
}

uint64_t fake_eager(const struct kernel *k)
{
	return k->arch.eager;
}

/* FP traps unless the machine holds the registers of who runs: then they are switched. */
static void use_fp(struct kernel *k)
{
	CHECK(held(k)->kind != CONTEXT_IDLE_LOOP);
	if (k->fp_owner == held(k))
		return;
	if (k->fp_owner)
		k->fp_owner->arch.fp = k->arch.fp;
	k->arch.fp = held(k)->arch.fp;
	k->fp_owner = held(k);
}

void fake_set_fp(struct kernel *k, uint64_t marker)
{
	use_fp(k);
	k->arch.fp = marker;
}

uint64_t fake_fp(struct kernel *k)
{
	use_fp(k);
	return k->arch.fp;
}
