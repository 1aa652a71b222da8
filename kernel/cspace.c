/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of capabilities and the methods that copy, move and delete in them. */
#include "internal.h"

#define SCAN 32 /* slots looked at in one step */
/* Copies name the same object. Untyped would be retyped twice, a reply answered twice. */
#define COPYABLE                                                                      \
	(~(1u << CAP_EMPTY | 1u << CAP_UNTYPED | 1u << CAP_REPLY | 1u << CAP_WINDOW | \
	   1u << CAP_DOORBELL | 1u << CAP_TABLE))

struct cap *cspace_slot(const struct thread *t, uint64_t slot)
{
	struct cspace *cs = t->cspace.object;

	return cs && slot != 0 && slot < cs->count ? &cs->slots[slot] : NULL;
}

struct cap *cspace_find(const struct thread *t, uint64_t slot, enum cap_type type)
{
	struct cspace *cs = t->cspace.object;

	return cs && slot < cs->count && cs->slots[slot].type == type ? &cs->slots[slot] : NULL;
}

enum status cspace_need(const struct thread *t, uint64_t slot, enum cap_type type, uint8_t rights,
			struct cap **found)
{
	struct cap *c = *found = cspace_find(t, slot, type);

	if (!c)
		return BAD_CAP;
	return (c->rights & rights) == rights ? OK : NO_RIGHT;
}

bool cspace_next_used(struct cspace *cs, struct cap **slot)
{
	uint32_t at = cs->cursor, end = cs->count - at > SCAN ? at + SCAN : cs->count;

	while (at < end && cs->slots[at].type == CAP_EMPTY)
		at++;
	cs->cursor = at;
	*slot = &cs->slots[at];
	return at < end;
}

/* An untyped never lies in a cspace made of its own memory: its end would take its own slot. */
static bool inside(const struct cap *c, const struct cspace *cs)
{
	uint64_t base = (uint64_t)(uintptr_t)c->object, at = (uint64_t)(uintptr_t)cs;

	return c->type == CAP_UNTYPED && at >= base && at - base < c->untyped.size;
}

static enum status cspace_copy(struct cap *from, struct cap *to, uint64_t rights, uint64_t badge)
{
	if (to->type != CAP_EMPTY)
		return EXISTS;
	if (!(COPYABLE >> from->type & 1))
		return BAD_CAP;
	if (from->depth >= CAP_DEPTH_LIMIT)
		return LIMIT;
	if (badge && (from->type != CAP_PORT && from->type != CAP_SIGNAL && from->type != CAP_CORE))
		return BAD_ARGUMENT;
	if (badge && from->badge && badge != from->badge)
		return NO_RIGHT;
	if (from->type == CAP_CSPACE && ((struct cspace *)from->object)->dying)
		return BUSY;
	cap_derive(from, to);
	to->rights &= (uint8_t)rights;
	if (badge)
		to->badge = badge;
	return OK;
}

static enum status cspace_take(struct kernel *k, struct cspace *cs, struct cap *from,
			       struct cap *to)
{
	if (to->type != CAP_EMPTY)
		return EXISTS;
	if ((from->type == CAP_CSPACE && (from->flags & CAP_ORIGINAL)) || inside(from, cs))
		return BAD_ARGUMENT;
	if (from->type == CAP_WINDOW || from->type == CAP_DOORBELL)
		return BAD_CAP;
	cap_move(k, from, to);
	return OK;
}

enum status cspace_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct cspace *cs = call->cap->object;
	struct cap *from = NULL;

	if (call->in[2] == 0 || call->in[2] >= cs->count)
		return BAD_ARGUMENT;

	struct cap *slot = &cs->slots[call->in[2]];

	if (method == CSPACE_COPY || method == CSPACE_MOVE) {
		from = cspace_slot(call->thread, call->in[3]);
		if (!from || from->type == CAP_EMPTY)
			return BAD_CAP;
		if (cs->dying)
			return BUSY;
	}
	switch (method) {
	case CSPACE_COPY:
		return cspace_copy(from, slot, call->in[4], call->in[5]);
	case CSPACE_MOVE:
		return cspace_take(k, cs, from, slot);
	case CSPACE_DELETE:
	case CSPACE_REVOKE:
		return slot->type == CAP_EMPTY ? BAD_CAP
					       : cap_delete(k, slot, method == CSPACE_DELETE);
	case CSPACE_STATUS:
		return results(call, slot->type, slot->rights,
			       slot->type == CAP_UNTYPED ? 0 : slot->badge, 0);
	case CSPACE_SAVE_REPLY:
		return cs->dying ? BUSY : port_save_reply(k, call->thread, slot);
	default:
		return BAD_METHOD;
	}
}
