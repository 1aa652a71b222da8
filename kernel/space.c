/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces: what of memory, which windows and doorbells, and with whose table pages. */
#include "internal.h"

#define OCCUPIED(e) ((e).space || (e).generation == ~0u) /* generations do not come again */
#define POOLED 0xffffu /* frame.level of a table page that is not in use */

struct space *space_of(struct kernel *k, uint16_t id, uint32_t generation)
{
	struct space_entry *e = &k->spaces[id & (SPACES - 1)];

	return id && e->generation == generation ? e->space : NULL;
}

enum status space_create(struct kernel *k, struct space *s, uint64_t param)
{
	uint16_t id = (uint16_t)(param & 0xff);

	if (param == SPACE_SERVICE) {
		for (id = SPACE_VMS; id < SPACES && OCCUPIED(k->spaces[id]); id++)
			;
		if (id == SPACES)
			return LIMIT;
	} else if (OCCUPIED(k->spaces[id])) {
		return EXISTS;
	}
	s->id = id;
	s->kind = param == SPACE_SERVICE ? SPACE_KIND_SERVICE : SPACE_KIND_VM;
	s->generation = ++k->spaces[id].generation;
	s->found_page = NO_PAGE;
	k->spaces[id].space = s;
	arch_space_init(k, s);
	return OK;
}

void space_end(struct kernel *k, void *object)
{
	struct space *s = object;
	struct cspace *windows = s->windows.object;

	/* Capabilities that name this space find it gone, or of a later generation. */
	k->spaces[s->id].space = NULL;
	if (windows)
		windows->windows_of = NULL;
	hold_clear(k, &s->windows);
	arch_space_end(k, s);
}

void space_pool_add(struct space *s, void *zeroed_page)
{
	struct table_page *p = zeroed_page;

	*p = (struct table_page){.next = s->pool};
	if (s->pool)
		s->pool->prev = p;
	s->pool = p;
	s->free_tables++;
}

static void pool_remove(struct space *s, struct table_page *p)
{
	if (p->prev)
		p->prev->next = p->next;
	else
		s->pool = p->next;
	if (p->next)
		p->next->prev = p->prev;
	s->free_tables--;
}

void *space_table_take(struct kernel *k, struct space *s, uint64_t va, uint8_t level)
{
	struct table_page *p = s->pool;

	(void)k;
	if (!p)
		return NULL;
	pool_remove(s, p);
	if (p->cap) {
		p->cap->frame.address = va;
		p->cap->frame.level = level;
	}
	arch_zero(p, 64);
	return p;
}

void table_moved(struct cap *c)
{
	if (c->frame.level == POOLED)
		((struct table_page *)c->object)->cap = c;
}

void table_end(struct kernel *k, struct cap *c)
{
	struct space *s = space_of(k, c->frame.space, c->frame.space_generation);

	if (!s)
		return;
	s->found_page = NO_PAGE;
	if (c->frame.level == POOLED)
		pool_remove(s, c->object);
	else
		arch_space_drop_table(k, s, c->frame.address, (uint8_t)c->frame.level, c->object);
}

/* A table dropped in between may have taken the mapping along: what is there is undone. */
void frame_end(struct kernel *k, struct cap *c)
{
	struct space *s = space_of(k, c->frame.space, c->frame.space_generation);
	struct space_walk w;

	if (!s)
		return;
	w = arch_space_walk(s, c->frame.address);
	if (w.kind == ENTRY_MEMORY && w.order == c->order && w.pa == (uint64_t)(uintptr_t)c->object)
		arch_space_unmap(k, s, c->frame.address, w.order);
	c->frame.space = 0;
}

enum status frame_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct cap *c = call->cap;
	bool mapped = space_of(k, c->frame.space, c->frame.space_generation) != NULL;

	switch (method) {
	case FRAME_UNMAP:
		if (!mapped)
			return NOT_FOUND;
		frame_end(k, c);
		return OK;
	case FRAME_ADDRESS:
		if (!(c->rights & RIGHT_DMA))
			return NO_RIGHT;
		return results(call, (uint64_t)(uintptr_t)c->object, 0, 0, 0);
	case FRAME_STATUS:
		return results(call, c->order, mapped, mapped ? c->frame.address : 0, 0);
	default:
		return BAD_METHOD;
	}
}

static enum status map_one(struct kernel *k, struct space *s, struct cap *c, uint64_t va,
			   uint32_t attributes)
{
	enum status r;

	if (!c || c->type != CAP_FRAME)
		return BAD_CAP;
	if (attributes & ~(uint32_t)c->rights)
		return NO_RIGHT;
	if (space_of(k, c->frame.space, c->frame.space_generation))
		return EXISTS;
	if (va & ((1ull << c->order) - 1))
		return BAD_ARGUMENT;
	r = arch_space_map(k, s, va, (uint64_t)(uintptr_t)c->object, (uint8_t)c->order, attributes,
			   c->frame.flags & UNTYPED_DEVICE);
	if (r != OK)
		return r;
	c->frame.address = va;
	c->frame.space = s->id;
	c->frame.space_generation = s->generation;
	return OK;
}

static enum status space_map(struct kernel *k, struct invocation *call, struct space *s)
{
	uint64_t slot = call->in[2], va = call->in[3], attributes = call->in[4],
		 count = call->in[5];
	/* What is greater has both WRITE and EXECUTE. */
	uint64_t most = s->kind == SPACE_KIND_SERVICE ? SPACE_ATTR_READ | SPACE_ATTR_EXECUTE : 7;

	if (!attributes || attributes > most || count == 0 || count > 65536)
		return BAD_ARGUMENT;
	for (; count; count--) {
		struct cap *c = cspace_slot(call->thread, slot++);
		enum status r = map_one(k, s, c, va, (uint32_t)attributes);

		if (r != OK)
			return r;
		va += 1ull << c->order;
		if (count > 1 && arch_interrupt_pending(k)) {
			context_set_arg(&call->thread->context, 2, slot);
			context_set_arg(&call->thread->context, 3, va);
			context_set_arg(&call->thread->context, 5, count - 1);
			return RESTART;
		}
	}
	return OK;
}

static enum status donate_one(struct kernel *k, struct space *s, struct cap *c)
{
	if (!c || c->type != CAP_FRAME)
		return BAD_CAP;
	if (!(c->flags & CAP_ORIGINAL) || c->order != 12 || c->frame.flags)
		return BAD_ARGUMENT;
	if (cap_has_children(c) || space_of(k, c->frame.space, c->frame.space_generation))
		return BUSY;
	arch_zero(c->object, 4096);
	space_pool_add(s, c->object);
	s->pool->cap = c;
	c->type = CAP_TABLE;
	c->frame.level = POOLED;
	c->frame.space = s->id;
	c->frame.space_generation = s->generation;
	return OK;
}

static enum status space_donate(struct kernel *k, struct invocation *call, struct space *s)
{
	uint64_t slot = call->in[2], count = call->in[3];

	if (count == 0 || count > 65536)
		return BAD_ARGUMENT;
	for (; count; count--, slot++) {
		enum status r = donate_one(k, s, cspace_slot(call->thread, slot));

		if (r != OK)
			return r;
		if (count > 1 && arch_interrupt_pending(k)) {
			context_set_arg(&call->thread->context, 2, slot + 1);
			context_set_arg(&call->thread->context, 3, count - 1);
			return RESTART;
		}
	}
	return OK;
}

static enum status space_windows(struct invocation *call, struct space *s)
{
	struct cap *c;
	struct cspace *cs;
	enum status r = cspace_need(call->thread, call->in[2], CAP_CSPACE, RIGHT_MANAGE, &c);

	if (r != OK)
		return r;
	cs = c->object;
	if (s->windows.object || cs->windows_of || cs->dying)
		return EXISTS;
	r = hold_set(&s->windows, HOLD_SPACE_WINDOWS, c);
	if (r == OK)
		cs->windows_of = s;
	return r;
}

enum status space_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct space *s = call->cap->object;

	switch (method) {
	case SPACE_MAP:
		return space_map(k, call, s);
	case SPACE_DONATE:
		return space_donate(k, call, s);
	case SPACE_WINDOWS:
		return space_windows(call, s);
	case SPACE_BIND:
		return window_bind(k, call, s);
	case SPACE_DOORBELL:
		return doorbell_bind(call, s);
	case SPACE_STATUS:
		return results(call, s->kind, s->free_tables, s->id, k->address_bits);
	case SPACE_ROOT:
		if (!(call->cap->rights & RIGHT_DMA))
			return NO_RIGHT;
		return results(call, (uint64_t)(uintptr_t)s->arch.root, 0, 0, 0);
	default:
		return BAD_METHOD;
	}
}
