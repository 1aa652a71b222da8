/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_kernel.h"

#include "internal.h"
#include "user.h"

struct count {
	struct kernel *k;
	const struct space *space;
	unsigned windows;
};

/* The window an entry was made for; null: it ended. It may lie in a cspace that is no longer the
 * space's: then nobody finds it, and its entry still goes with it. */
static const struct cap *window_of(struct kernel *k, const struct fake_entry *e)
{
	for (const struct cap *c = k->root.next; c; c = c->next)
		if (c->type == CAP_WINDOW && c->window.generation == e->generation)
			return c;
	return NULL;
}

/*
 * A frame that says it is mapped there, and whose rights allow it. The other way round a frame may
 * say so in vain: the table that held its mapping was taken back; and another may be there by now.
 */
static const struct cap *frame_of(const struct count *n, const struct fake_entry *e)
{
	for (const struct cap *c = n->k->root.next; c; c = c->next)
		if (c->type == CAP_FRAME && c->frame.space == n->space->id &&
		    c->frame.space_generation == n->space->generation &&
		    c->frame.address == e->va && (uintptr_t)c->object == e->pa &&
		    c->order == e->order && !(e->attributes & ~(uint32_t)c->rights) &&
		    e->device == ((c->frame.flags & UNTYPED_DEVICE) != 0))
			return c;
	return NULL;
}

static void count_entry(const struct fake_entry *e, void *argument)
{
	struct count *n = argument;
	const struct space_walk walk = {
	    .kind = e->kind, .slot = e->slot, .generation = e->generation};
	const struct cap *window, *found;

	if (e->kind == ENTRY_MEMORY) {
		CHECK(frame_of(n, e));
		return;
	}
	n->windows++;
	window = window_of(n->k, e);
	CHECK(window);
	CHECK_EQ(window->window.address, e->va);
	CHECK_EQ(window->window.order, e->order);
	CHECK_EQ(window->window.space, n->space->id);
	CHECK_EQ(window->window.space_generation, n->space->generation);
	found = window_find(n->space, &walk);
	CHECK(!found || found == window);
}

/* A remembered window is what a walk would find. */
static void check_found(const struct space *s)
{
	struct space_walk walk;

	if (s->found_page == NO_PAGE)
		return;
	walk = arch_space_walk(s, s->found_page << 12);
	CHECK(window_find(s, &walk) == s->found);
}

/* The doorbells of each window are a list of live ones that name it. */
static void check_doorbells(const struct cspace *cs)
{
	for (uint32_t w = 1; cs && w < cs->count; w++) {
		uint32_t i = cs->slots[w].type == CAP_WINDOW ? cs->slots[w].window.doorbells : 0;

		for (unsigned n = 0; i; i = cs->slots[i].doorbell.next) {
			CHECK(i < cs->count && cs->slots[i].type == CAP_DOORBELL);
			CHECK(cs->slots[i].doorbell.window == w && cs->slots[i].doorbell.self == i);
			CHECK(++n <= WINDOW_DOORBELLS);
		}
	}
}

static void check_pool(const struct space *s)
{
	unsigned pool = 0;

	for (const struct table_page *p = s->pool; p; p = p->next) {
		CHECK(!fake_page(p)->table);
		CHECK(fake_page(p)->mapped == 0);
		CHECK(pool++ < 4096);
		if (p->cap) {
			CHECK_EQ(p->cap->type, CAP_TABLE);
			CHECK(p->cap->object == p);
		}
	}
	CHECK_EQ(pool, s->free_tables);
}

void check_spaces(struct kernel *k, const struct census *census)
{
	unsigned windows[SPACES] = {0}, spaces = 0, live = 0;

	for (struct cap *c = k->root.next; c; c = c->next) {
		if (c->type == CAP_WINDOW) {
			CHECK(c->window.space < SPACES);
			windows[c->window.space]++;
		}
	}
	for (unsigned i = 0; i < census->count; i++)
		spaces += census->originals[i]->type == CAP_SPACE;
	for (unsigned id = 0; id < SPACES; id++) {
		const struct space *s = k->spaces[id].space;
		struct count n = {.k = k, .space = s};

		if (!s)
			continue;
		live++;
		CHECK(census_has(CAP_SPACE, s));
		CHECK_EQ(s->id, id);
		CHECK_EQ(s->kind, id < SPACE_VMS ? SPACE_KIND_VM : SPACE_KIND_SERVICE);
		fake_each(s, count_entry, &n);
		CHECK(n.windows <= windows[id]);
		check_found(s);
		check_pool(s);
		check_doorbells(s->windows.object);
	}
	CHECK_EQ(live, spaces);
}
