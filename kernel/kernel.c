/* SPDX-License-Identifier: BSD-2-Clause */
/* A core's kernel at boot: its own state, then init's objects and capabilities. */
#include "internal.h"

#define INIT_PRIORITY 50
#define INIT_BUDGET_NS 5000000ull

void kernel_init(struct kernel *k)
{
	sched_init(k);
	k->root.type = CAP_CORE;
}

static struct cap *give(struct kernel *k, struct cspace *cs, uint32_t slot, enum cap_type type,
			void *object)
{
	struct cap *c = &cs->slots[slot];

	*c = (struct cap){
	    .type = (uint8_t)type, .rights = RIGHT_ALL, .flags = CAP_ORIGINAL, .object = object};
	cap_link(&k->root, c);
	return c;
}

static enum status give_regions(struct kernel *k, struct cspace *cs, struct boot_record *r)
{
	/* By enum boot_region_kind. */
	static const uint32_t flags[] = {0, UNTYPED_DEVICE, UNTYPED_KEEP, 0, UNTYPED_RESERVED};

	if (r->region_count > BOOT_REGIONS)
		return LIMIT;
	for (uint32_t i = 0; i < r->region_count; i++) {
		struct boot_region *region = &r->regions[i];
		struct cap *c;

		if (region->kind > BOOT_RESERVED || (region->base & 4095) || (region->size & 4095))
			return BAD_ARGUMENT;
		region->slot = BOOT_SLOT_FIRST + i;
		c = give(k, cs, region->slot, CAP_UNTYPED, (void *)(uintptr_t)region->base);
		c->untyped.size = region->size;
		c->untyped.flags = flags[region->kind];
	}
	return OK;
}

static enum status start_thread(struct kernel *k, const struct boot_init *b, struct cap *buffer)
{
	struct thread *t = b->thread;
	struct cap *slots = b->cspace->slots;
	enum status s;

	thread_create(k, t);
	if ((s = hold_set(&t->cspace, HOLD_THREAD_CSPACE, &slots[BOOT_SLOT_CSPACE])) != OK ||
	    (s = hold_set(&t->space, HOLD_THREAD_SPACE, &slots[BOOT_SLOT_SPACE])) != OK ||
	    (s = hold_set(&t->buffer, HOLD_THREAD_BUFFER, buffer)) != OK)
		return s;
	t->message = b->buffer_page;
	arch_thread_space_changed(k, t);
	arch_fp_init(&t->context);
	arch_thread_start(t, b->entry, BOOT_STACK_TOP, BOOT_RECORD, 0);
	sched_set(k, &t->context, INIT_PRIORITY, INIT_BUDGET_NS * k->frequency / 1000000000,
		  INIT_BUDGET_NS * k->frequency / 1000000000);
	sched_ready(k, &t->context);
	return OK;
}

enum status kernel_start(struct kernel *k, const struct boot_init *b, struct boot_record *record)
{
	struct cspace *cs = b->cspace;
	struct cap *page, *buffer;
	enum status s;

	k->core = b->core;
	k->address_bits = b->address_bits;
	k->frequency = b->frequency;
	cs->count = BOOT_SLOTS;
	cs->original = give(k, cs, BOOT_SLOT_CSPACE, CAP_CSPACE, cs);
	s = space_create(k, b->space, SPACE_SERVICE);
	if (s != OK)
		return s;
	give(k, cs, BOOT_SLOT_SPACE, CAP_SPACE, b->space);
	give(k, cs, BOOT_SLOT_THREAD, CAP_THREAD, b->thread);
	give(k, cs, BOOT_SLOT_CORE, CAP_CORE, k);
	page = give(k, cs, BOOT_SLOT_RECORD, CAP_FRAME, b->record_page);
	page->order = 12;
	buffer = give(k, cs, BOOT_SLOT_BUFFER, CAP_FRAME, b->buffer_page);
	buffer->order = 12;
	s = give_regions(k, cs, record);
	if (s != OK)
		return s;
	return start_thread(k, b, buffer);
}
