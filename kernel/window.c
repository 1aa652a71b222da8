/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows bind a range of a space to a port; doorbells turn a store in one into a signal. Both are
 * slots of its window cspace; a table entry names {slot, generation}, so it never dangles. */
#include "internal.h"

struct cap *window_find(const struct space *s, const struct space_walk *w)
{
	struct cspace *cs = s->windows.object;
	struct cap *c;

	if (w->kind != ENTRY_WINDOW || !cs || w->slot >= cs->count)
		return NULL;
	c = &cs->slots[w->slot];
	return c->type == CAP_WINDOW && c->window.generation == w->generation ? c : NULL;
}

static enum status window_slot(struct space *s, uint64_t slot, struct cap **c)
{
	struct cspace *cs = s->windows.object;

	if (!cs || cs->dying)
		return BAD_STATE;
	if (slot == 0 || slot >= cs->count)
		return BAD_ARGUMENT;
	*c = &cs->slots[slot];
	return OK;
}

enum status window_bind(struct kernel *k, struct invocation *call, struct space *s)
{
	struct cap *port, *c;
	uint64_t address = call->in[4], order = call->in[5], badge = call->in[6];
	enum status r = window_slot(s, call->in[2], &c);

	if (r == OK)
		r = cspace_need(call->thread, call->in[3], CAP_PORT, RIGHT_CALL, &port);
	if (r != OK)
		return r;
	if (c->type != CAP_EMPTY)
		return EXISTS;
	if ((order != 12 && order != 21 && order != 30) || (address & ((1ull << order) - 1)))
		return BAD_ARGUMENT;
	if (badge && port->badge && badge != port->badge)
		return NO_RIGHT;
	if (port->depth >= CAP_DEPTH_LIMIT)
		return LIMIT;
	if (++k->next_generation == 0)
		k->next_generation = 1;
	r = arch_space_bind(k, s, address, (uint8_t)order, (uint32_t)call->in[2],
			    k->next_generation);
	if (r != OK)
		return r;
	cap_derive(port, c);
	c->type = CAP_WINDOW;
	if (badge)
		c->badge = badge;
	c->window.address = address;
	c->window.order = (uint16_t)order;
	c->window.space = s->id;
	c->window.space_generation = s->generation;
	c->window.generation = k->next_generation;
	c->window.doorbells = 0;
	return OK;
}

void window_end(struct kernel *k, struct cap *c)
{
	struct space *s = space_of(k, c->window.space, c->window.space_generation);
	struct space_walk w;

	if (!s)
		return;
	s->found_page = NO_PAGE;
	w = arch_space_walk(s, c->window.address);
	if (w.kind == ENTRY_WINDOW && w.generation == c->window.generation)
		arch_space_unmap(k, s, c->window.address, (uint8_t)c->window.order);
}

static bool doorbell_decode(const struct invocation *call, struct cap *d)
{
	uint64_t offset = call->in[5] & 0xffffffff, width = call->in[5] >> 32, bit = call->in[7];

	if (width > 8 || (width & (width - 1)) || (bit & ~DOORBELL_ANY_VALUE) > 63)
		return false;
	d->doorbell.offset = (uint32_t)offset;
	d->doorbell.width = (uint8_t)width;
	d->doorbell.value = call->in[6];
	d->doorbell.bit = (uint8_t)(bit & 63);
	d->doorbell.any_value = (bit & DOORBELL_ANY_VALUE) != 0;
	return true;
}

enum status doorbell_bind(struct invocation *call, struct space *s)
{
	struct cap *signal = cspace_find(call->thread, call->in[4], CAP_SIGNAL), *d, *w, probe;
	struct cspace *cs = s->windows.object;
	enum status r = window_slot(s, call->in[2], &d);
	int count = 0;

	if (r != OK || (r = window_slot(s, call->in[3], &w)) != OK)
		return r;
	if (!signal || w->type != CAP_WINDOW || w->window.space != s->id ||
	    w->window.space_generation != s->generation)
		return BAD_CAP;
	if (!(signal->rights & RIGHT_RAISE))
		return NO_RIGHT;
	if (d->type != CAP_EMPTY)
		return EXISTS;
	if (!doorbell_decode(call, &probe) ||
	    (signal->badge && !(signal->badge >> probe.doorbell.bit & 1)))
		return BAD_ARGUMENT;
	for (uint32_t i = w->window.doorbells; i; i = cs->slots[i].doorbell.next)
		count++;
	if (count >= WINDOW_DOORBELLS || signal->depth >= CAP_DEPTH_LIMIT)
		return LIMIT;
	cap_derive(signal, d);
	d->type = CAP_DOORBELL;
	(void)doorbell_decode(call, d);
	d->doorbell.next = (uint16_t)w->window.doorbells;
	d->doorbell.window = (uint16_t)call->in[3];
	d->doorbell.self = (uint16_t)call->in[2];
	w->window.doorbells = (uint32_t)call->in[2];
	return OK;
}

/* Out of its window's chain, if that still is the window it was made for. */
void doorbell_end(struct kernel *k, struct cap *c)
{
	struct cspace *cs = container_of(c - c->doorbell.self, struct cspace, slots);
	struct cap *window = &cs->slots[c->doorbell.window];
	uint32_t i = window->window.doorbells;

	(void)k;
	if (window->type != CAP_WINDOW)
		return;
	if (i == c->doorbell.self) {
		window->window.doorbells = c->doorbell.next;
		return;
	}
	for (int n = 0; i && n < WINDOW_DOORBELLS; n++, i = cs->slots[i].doorbell.next) {
		if (cs->slots[i].doorbell.next == c->doorbell.self) {
			cs->slots[i].doorbell.next = c->doorbell.next;
			return;
		}
	}
}

struct cap *doorbell_find(const struct space *s, const struct cap *window,
			  const struct exit_record *x)
{
	struct cap *d, *slots = ((struct cspace *)s->windows.object)->slots;
	uint64_t i = window->window.doorbells;

	for (int left = WINDOW_DOORBELLS; i; i = --left ? d->doorbell.next : 0) {
		d = slots + i;
		__asm__("" : "+r"(d)); /* one address, not one for each field */
		if (d->doorbell.offset == x->address &&
		    (!d->doorbell.width || d->doorbell.width == x->width) &&
		    (d->doorbell.any_value || d->doorbell.value == x->value))
			return d;
	}
	return NULL;
}
