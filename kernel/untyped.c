/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is nothing yet, and retype, which makes it something. badge: bytes used. */
#include "internal.h"

#define RETYPE_LIMIT 256
#define ZERO_STEP 4096u

struct retype {
	enum cap_type type;
	uint64_t param, size, alignment;
	struct cspace *into;
	uint64_t slot, count;
};

static enum status retype_decode(struct invocation *call, struct retype *r)
{
	struct cap *into = NULL;
	enum status s;

	*r = (struct retype){.type = (enum cap_type)call->in[2],
			     .param = call->in[3],
			     .slot = call->in[5],
			     .count = call->in[6]};
	if (call->in[2] >= CAP_TYPES)
		return BAD_ARGUMENT;
	r->size = object_size(r->type, r->param, &r->alignment);
	if (!r->size || r->count == 0 || r->count > RETYPE_LIMIT)
		return BAD_ARGUMENT;
	if (call->in[4]) {
		s = cspace_need(call->thread, call->in[4], CAP_CSPACE, RIGHT_MANAGE, &into);
		if (s != OK)
			return s;
	}
	r->into = into ? into->object : call->thread->cspace.object;
	if (!r->into || r->into->dying)
		return BUSY;
	if (r->slot == 0 || r->slot >= r->into->count || r->count > r->into->count - r->slot)
		return BAD_ARGUMENT;
	for (uint64_t i = 0; i < r->count; i++)
		if (r->into->slots[r->slot + i].type != CAP_EMPTY)
			return EXISTS;
	if (r->type == CAP_CSPACE && r->into->level >= 8)
		return LIMIT;
	return OK;
}

/* Zeroes the next object in steps; what was done stays noted in the capability. */
static enum status retype_zero(struct kernel *k, struct cap *c, uint8_t *memory, uint64_t size)
{
	while (c->untyped.zeroed < size) {
		uint64_t n = size - c->untyped.zeroed;

		arch_zero(memory + c->untyped.zeroed, n < ZERO_STEP ? n : ZERO_STEP);
		c->untyped.zeroed += n < ZERO_STEP ? n : ZERO_STEP;
		if (c->untyped.zeroed < size && arch_interrupt_pending(k))
			return RESTART;
	}
	return OK;
}

static enum status retype_one(struct kernel *k, struct cap *c, struct retype *r)
{
	uint64_t base = (uint64_t)(uintptr_t)c->object;
	uint64_t start = ((base + c->badge + r->alignment - 1) & ~(r->alignment - 1)) - base;
	uint64_t end = c->untyped.size;
	struct cap *slot = &r->into->slots[r->slot];
	enum status s;

	if (c->untyped.flags && r->type != CAP_FRAME && r->type != CAP_UNTYPED)
		return BAD_ARGUMENT;
	if (start > end || r->size > end - start)
		return NO_MEMORY;

	uint8_t *memory = (uint8_t *)c->object + start;

	if (!c->untyped.flags && r->type != CAP_UNTYPED) {
		/* What an interrupted retype left zero may have started elsewhere. */
		if (c->untyped.aligned != r->alignment)
			c->untyped.zeroed = 0;
		c->untyped.aligned = (uint32_t)r->alignment;
		s = retype_zero(k, c, memory, r->size);
		if (s != OK)
			return s;
	}
	*slot = (struct cap){
	    .type = (uint8_t)r->type, .rights = c->rights, .flags = CAP_ORIGINAL, .object = memory};
	s = object_create(k, r->type, r->param, memory, slot);
	if (s != OK) {
		*slot = (struct cap){0};
		return s;
	}
	if (r->type == CAP_CSPACE)
		((struct cspace *)slot->object)->level = r->into->level + 1;
	if (r->type == CAP_UNTYPED) {
		slot->untyped.size = r->size;
		slot->untyped.flags = c->untyped.flags;
		if (r->param & UNTYPED_NO_DMA)
			slot->rights &= (uint8_t)~RIGHT_DMA;
	}
	if (r->type == CAP_FRAME)
		slot->frame.flags = c->untyped.flags;
	if (c->untyped.flags & UNTYPED_KEEP)
		slot->rights &= (uint8_t)~RIGHT_WRITE; /* every core maps it */
	cap_link(c, slot);
	c->untyped.zeroed = 0;
	c->badge = start + r->size;
	return OK;
}

static enum status untyped_retype(struct kernel *k, struct invocation *call)
{
	struct cap *c = call->cap;
	struct retype r;
	enum status s = retype_decode(call, &r);

	if (s != OK)
		return s;
	if (c->depth >= CAP_DEPTH_LIMIT)
		return LIMIT;
	if (!cap_has_children(c) && c->badge) {
		c->badge = 0;
		c->untyped.zeroed = 0;
	}
	for (; r.count; r.count--, r.slot++) {
		bool last = r.count == 1;

		s = retype_one(k, c, &r);
		context_set_arg(&call->thread->context, 5, r.slot + (s == OK));
		context_set_arg(&call->thread->context, 6, r.count - (s == OK));
		if (s != OK || last)
			return s;
		if (arch_interrupt_pending(k))
			return RESTART;
	}
	return OK;
}

enum status untyped_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct cap *c = call->cap;

	if (method == UNTYPED_RETYPE)
		return untyped_retype(k, call);
	if (method != UNTYPED_STATUS)
		return BAD_METHOD;
	return results(call, c->untyped.size,
		       c->untyped.size - (cap_has_children(c) ? c->badge : 0), c->untyped.flags,
		       c->untyped.flags && (c->rights & RIGHT_DMA) ? (uint64_t)(uintptr_t)c->object
								   : 0);
}
