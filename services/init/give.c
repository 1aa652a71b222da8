/* SPDX-License-Identifier: BSD-2-Clause */
/* Grants: from a line of the manifest to slots, mappings and an entry of the start page. */
#include "init.h"

#include <string.h>

#include "log.h"

#define DEFAULT_RIGHTS (RIGHT_READ | RIGHT_WRITE | RIGHT_GRANT)

struct giving { /* one service's grants, while they are made */
	struct init_service *service;
	struct start_page *page;
	skerry_cap cspace, space;
	skerry_cap slot;  /* next free one of the service */
	uint64_t address; /* next free one from START_MAP */
	/* Behind the last piece of a guest's memory, there and here; 0 here: none, or not free. */
	uint64_t guest_end, guest_at;
	/* of the grant being made */
	const skerry_Grant *grant;
	struct start_grant *entry;
	uint64_t base; /* file: address of its first block */
};

static bool refuse(const struct giving *g, int32_t status)
{
	return fail(status, "%s: grant %s", g->service->config->name, g->grant->name);
}

static uint32_t rights_of(const struct giving *g, uint32_t all)
{
	return g->grant->has_rights ? g->grant->rights | RIGHT_GRANT : all;
}

/* A copy of init's capability becomes the service's next one. */
static bool copy(struct giving *g, skerry_cap from, uint32_t rights, uint64_t badge)
{
	int32_t status = cspace_copy(g->cspace, g->slot, from, rights, badge);

	if (status != OK)
		return refuse(g, status);
	g->slot++;
	g->entry->count++;
	return true;
}

/* A capability in init.scratch, set up, goes to the service. */
static bool move_scratch(struct giving *g, int32_t status)
{
	if (status == OK)
		status = cspace_move(g->cspace, g->slot, init.scratch);
	if (status != OK) {
		memory_delete(init.scratch);
		return refuse(g, status);
	}
	g->slot++;
	g->entry->count++;
	return true;
}

/* A copy of a frame, mapped at `address` in the service's space; the service can unmap it. */
static bool give_frame(struct giving *g, skerry_cap frame, uint64_t address, uint32_t rights)
{
	uint32_t attributes = rights & (RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE);
	int32_t status = cspace_copy(BOOT_SLOT_CSPACE, init.scratch, frame, rights, 0);

	/* Writable memory is not executable for the service itself; what it maps elsewhere may be.
	 */
	if (attributes & SPACE_ATTR_WRITE)
		attributes &= ~(uint32_t)SPACE_ATTR_EXECUTE;
	if (status == OK)
		status = space_map(g->space, init.scratch, address, attributes, 1);
	return move_scratch(g, status);
}

static uint64_t take_address(struct giving *g, uint64_t size)
{
	uint64_t address = g->address;

	g->address = (address + size + BLOCK - 1) & ~(BLOCK - 1);
	g->guest_at = 0;
	return address;
}

/*
 * A guest's memory lies at the same place of a 2 MiB block as in the guest; pieces that touch there
 * touch here, so that what lies across is in one piece for who serves it.
 */
static uint64_t take_guest_address(struct giving *g, uint64_t base, uint64_t size)
{
	uint64_t address = g->guest_at;

	if (!address || base != g->guest_end)
		address = g->address + (base & (BLOCK - 1));
	g->address = (address + size + BLOCK - 1) & ~(BLOCK - 1);
	g->guest_end = base + size;
	g->guest_at = address + size;
	return address;
}

static uint64_t address_of(struct giving *g, uint64_t size)
{
	if (g->grant->has_address && g->grant->address)
		return g->grant->address;
	return g->grant->has_base ? take_guest_address(g, g->grant->base, size)
				  : take_address(g, size);
}

static bool give_frames(struct giving *g, struct init_frames frames, uint32_t order,
			uint32_t rights)
{
	struct start_grant *e = g->entry;

	e->order = order;
	e->size = (uint64_t)frames.count << order;
	e->address = address_of(g, e->size);
	service_mapping(g->service, g->grant->name, e->address, e->size, rights);
	for (uint32_t i = 0; i < frames.count; i++)
		if (!give_frame(g, frames.first + i, e->address + ((uint64_t)i << order), rights))
			return false;
	return true;
}

static bool give_memory(struct giving *g)
{
	int i = manifest_memory(&init.manifest, g->grant->object);
	const skerry_Memory *m = &init.manifest.memories[i];

	if (!init.memories[i].frames.count)
		return refuse(g, NO_MEMORY);
	if (m->has_base)
		g->entry->badge = m->base;
	return give_frames(g, init.memories[i].frames, m->order, rights_of(g, DEFAULT_RIGHTS));
}

static bool give_file_frame(void *context, skerry_cap slot, uint64_t offset, uint32_t order)
{
	struct giving *g = context;

	(void)order;
	return give_frame(g, slot, g->base + offset, RIGHT_READ);
}

/* Frames of 2 MiB and of 4 KiB may alternate: the entry's order says nothing for a file. */
static bool give_file(struct giving *g)
{
	struct cpio_file file;
	uint64_t inside;

	if (!bundle_find(g->grant->object, &file))
		return refuse(g, NOT_FOUND);
	inside = (uintptr_t)file.data & (BLOCK - 1);
	g->base = take_address(g, inside + file.size);
	g->entry->address = g->base + inside;
	g->entry->size = file.size;
	service_mapping(g->service, g->grant->name, g->base, inside + file.size, RIGHT_READ);
	return bundle_frames(file.data, file.size, give_file_frame, g);
}

/* What is not mapped is for a guest. Frames of 2 MiB and of 4 KiB may alternate here, too. */
static bool give_device(struct giving *g)
{
	const struct init_range *frames;
	const struct boot_region *region = objects_device(g->grant, &frames);
	uint32_t rights = rights_of(g, RIGHT_READ | RIGHT_WRITE), order;
	bool mapped = !g->grant->has_unmapped || !g->grant->unmapped;
	uint64_t offset, end, start;

	if (!region) {
		log_line("%s: grant %s: 0x%lx bytes at 0x%lx (%s) are no device of this core",
			 g->service->config->name, g->grant->name, (unsigned long)g->grant->size,
			 (unsigned long)g->grant->base, place_name(g->grant->base));
		return false;
	}
	g->entry->size = g->grant->size;
	g->entry->badge = g->grant->base;
	if (mapped) {
		g->entry->address = g->grant->has_address && g->grant->address
					? g->grant->address
					: take_address(g, g->grant->size);
		service_mapping(g->service, g->grant->name, g->entry->address, g->grant->size,
				rights);
	}
	offset = g->grant->base - region->base;
	for (end = offset + g->grant->size; offset < end; offset = start + (1ull << order)) {
		skerry_cap slot = memory_range_at(frames, offset, &start, &order);
		uint64_t at = g->entry->address + (start - (g->grant->base - region->base));

		if (start != offset || start + (1ull << order) > end)
			return refuse(g, BAD_ARGUMENT);
		if (mapped ? !give_frame(g, slot, at, rights) : !copy(g, slot, rights, 0))
			return false;
	}
	return true;
}

/* The log signal has a fixed slot; the others follow each other. */
static bool give_signal(struct giving *g)
{
	int i = manifest_service(&init.manifest, g->grant->object);
	skerry_cap signal = init.services[i].signal;
	int32_t status;

	if (strcmp(g->grant->name, "log") != 0)
		return copy(g, signal, RIGHT_RAISE | RIGHT_GRANT, g->grant->badge);
	status = cspace_copy(g->cspace, START_SLOT_LOG, signal, RIGHT_RAISE, g->grant->badge);
	g->entry->slot = START_SLOT_LOG;
	g->entry->count = 1;
	return status == OK || refuse(g, status);
}

static bool give_irq(struct giving *g)
{
	const skerry_Grant *irq = g->grant;
	int32_t status = untyped_retype(g->service->untyped, CAP_IRQ, 0, 0, init.scratch, 1);

	if (status == OK)
		status =
		    core_irq(BOOT_SLOT_CORE, init.scratch, irq->number,
			     irq->has_edge && irq->edge ? IRQ_TRIGGER_EDGE : IRQ_TRIGGER_LEVEL);
	if (status == OK && irq->has_badge)
		status = irq_bind(init.scratch, g->service->signal, irq->badge);
	return move_scratch(g, status);
}

static bool give_timer(struct giving *g)
{
	int32_t status = untyped_retype(g->service->untyped, CAP_TIMER, 0, 0, init.scratch, 1);

	if (status == OK)
		status = timer_bind(init.scratch, g->service->signal, g->grant->badge);
	return move_scratch(g, status);
}

/* What is made of it has RIGHT_DMA only if the manifest says so. */
static bool give_untyped(struct giving *g)
{
	uint32_t order = (uint32_t)__builtin_ctzll(g->grant->size);
	uint32_t dma = rights_of(g, 0) & RIGHT_DMA ? 0 : UNTYPED_NO_DMA;

	g->entry->size = g->grant->size;
	g->entry->order = order;
	return move_scratch(
	    g, untyped_retype(g->service->untyped, CAP_UNTYPED, order | dma, 0, init.scratch, 1));
}

static bool give_port(struct giving *g)
{
	int i = manifest_service(&init.manifest, g->grant->object);

	return copy(g, init.services[i].port, RIGHT_CALL | RIGHT_GRANT, g->grant->badge);
}

static bool give_line(struct giving *g)
{
	int i = manifest_line(&init.manifest, g->grant->object);

	return copy(g, init.lines[i], rights_of(g, DEFAULT_RIGHTS), 0);
}

static bool give(struct giving *g)
{
	switch (g->grant->kind) {
	case skerry_GrantKind_GRANT_MEMORY:
		return give_memory(g);
	case skerry_GrantKind_GRANT_FILE:
		return give_file(g);
	case skerry_GrantKind_GRANT_CALL:
		return give_port(g);
	case skerry_GrantKind_GRANT_SIGNAL:
		return give_signal(g);
	case skerry_GrantKind_GRANT_LINE:
		return give_line(g);
	case skerry_GrantKind_GRANT_IRQ:
		return give_irq(g);
	case skerry_GrantKind_GRANT_DEVICE:
		return give_device(g);
	case skerry_GrantKind_GRANT_UNTYPED:
		return give_untyped(g);
	case skerry_GrantKind_GRANT_TIMER:
		return give_timer(g);
	case skerry_GrantKind_GRANT_CORE:
		return copy(g, BOOT_SLOT_CORE, RIGHT_MANAGE, g->grant->badge);
	case skerry_GrantKind_GRANT_POWER:
		return copy(g, BOOT_SLOT_CORE, RIGHT_WRITE, 0);
	}
	return refuse(g, BAD_ARGUMENT);
}

static bool give_fixed(struct giving *g)
{
	const struct init_service *s = g->service;
	uint32_t buffer = (uint32_t)(s->image.pages + (START_BYTES + START_STACK_BYTES) / PAGE);
	uint32_t signal = RIGHT_RAISE | RIGHT_WAIT | RIGHT_GRANT;
	uint32_t port = RIGHT_SERVE | RIGHT_CALL | RIGHT_GRANT;
	const struct {
		skerry_cap to, from;
		uint32_t rights;
		uint64_t badge;
	} fixed[] = {
	    {START_SLOT_CSPACE, g->cspace, RIGHT_MANAGE, 0},
	    {START_SLOT_SPACE, g->space, RIGHT_MANAGE, 0},
	    {START_SLOT_THREAD, s->objects + OBJECT_THREAD, RIGHT_MANAGE, 0},
	    {START_SLOT_INIT, init.port, RIGHT_CALL, service_index(s) + 1},
	    {START_SLOT_PORT, s->port, port, 0},
	    {START_SLOT_SIGNAL, s->signal, signal, 0},
	    {START_SLOT_BUFFER, s->frames.first + buffer, RIGHT_READ | RIGHT_WRITE, 0},
	};

	for (uint32_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		int32_t status = cspace_copy(g->cspace, fixed[i].to, fixed[i].from, fixed[i].rights,
					     fixed[i].badge);

		if (status != OK)
			return fail(status, "%s: slot %u", s->config->name, fixed[i].to);
	}
	return true;
}

bool give_all(struct init_service *s, struct start_page *page)
{
	struct giving g = {
	    .service = s,
	    .page = page,
	    .cspace = s->objects + OBJECT_CSPACE,
	    .space = s->objects + OBJECT_SPACE,
	    .slot = START_SLOT_FREE,
	    .address = START_MAP,
	};

	if (!give_fixed(&g))
		return false;
	for (pb_size_t i = 0; i < s->config->grants_count; i++) {
		g.grant = &s->config->grants[i];
		g.entry = &page->grants[page->grant_count++];
		memcpy(g.entry->name, g.grant->name, sizeof(g.entry->name));
		g.entry->kind = (uint32_t)g.grant->kind;
		g.entry->slot = g.slot;
		g.entry->badge = g.grant->badge;
		if (!give(&g))
			return false;
	}
	page->free_slot = g.slot;
	return true;
}
