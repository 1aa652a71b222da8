/* SPDX-License-Identifier: BSD-2-Clause */
/* What the manifest names beside services' own objects: memories, lines, devices, ports, signals.
 */
#include "init.h"

#include <string.h>

#include "log.h"

#define LINE_ORDER 12u

static bool make_line(uint32_t i)
{
	int32_t status = untyped_retype(init.line_untyped[i], CAP_LINE, 0, 0, init.lines[i], 1);

	return status == OK || fail(status, "line %s", init.manifest.lines[i].name);
}

/* Largest frames first: the regions stay aligned for them (memory.c). */
static bool make_memories(uint32_t order)
{
	for (uint32_t i = 0; i < init.manifest.memories_count; i++)
		if (init.manifest.memories[i].order == order &&
		    !memory_make(&init.memories[i], &init.manifest.memories[i]))
			return false;
	return true;
}

static bool make_lines(void)
{
	for (uint32_t i = 0; i < init.manifest.lines_count; i++) {
		init.line_untyped[i] = slots_reserve(1);
		init.lines[i] = slots_reserve(1);
		if (!init.lines[i])
			return fail(LIMIT, "lines");
		if (!memory_untyped(LINE_ORDER, init.line_untyped[i], "a line") || !make_line(i))
			return false;
	}
	return true;
}

static bool make_lasting(void)
{
	for (uint32_t i = 0; i < init.service_count; i++) {
		struct init_service *s = &init.services[i];
		int32_t status = LIMIT;

		s->port = slots_reserve(1);
		s->signal = slots_reserve(1);
		if (s->signal)
			status = untyped_retype(init.objects_untyped, CAP_PORT, 0, 0, s->port, 1);
		if (status == OK)
			status =
			    untyped_retype(init.objects_untyped, CAP_SIGNAL, 0, 0, s->signal, 1);
		if (status != OK)
			return fail(status, "port and signal of %s", s->config->name);
	}
	return true;
}

bool objects_make(void)
{
	memory_align();
	return make_memories(21) && make_memories(12) && make_lines() && make_lasting();
}

static bool uses(const struct init_service *s, const char *memory)
{
	for (pb_size_t i = 0; i < s->config->grants_count; i++) {
		const skerry_Grant *g = &s->config->grants[i];

		if (g->kind == skerry_GrantKind_GRANT_MEMORY && !strcmp(g->object, memory))
			return true;
	}
	return false;
}

/* A memory with a user outside stays as it is: the user's mapping would vanish under it. */
static bool used_outside_group(const char *memory, uint32_t group)
{
	for (uint32_t i = 0; i < init.service_count; i++)
		if (init.services[i].config->group != group && uses(&init.services[i], memory))
			return true;
	return false;
}

bool objects_renew_group(uint32_t group)
{
	for (uint32_t i = 0; i < init.manifest.memories_count; i++) {
		const skerry_Memory *m = &init.manifest.memories[i];

		if (m->has_group && m->group == group && !used_outside_group(m->name, group) &&
		    !memory_renew(&init.memories[i], m))
			return false;
	}
	for (uint32_t i = 0; i < init.manifest.lines_count; i++)
		if (init.manifest.lines[i].has_group && init.manifest.lines[i].group == group &&
		    (!memory_revoke(init.line_untyped[i]) || !make_line(i)))
			return false;
	return true;
}

bool objects_renew_own(uint32_t service)
{
	for (uint32_t i = 0; i < init.manifest.memories_count; i++) {
		const skerry_Memory *m = &init.manifest.memories[i];
		bool own = uses(&init.services[service], m->name);

		if (m->has_survives && m->survives)
			continue;
		for (uint32_t k = 0; k < init.service_count && own; k++)
			own = k == service || !uses(&init.services[k], m->name);
		if (own && !memory_renew(&init.memories[i], m))
			return false;
	}
	return true;
}

/* All of a device region becomes frames when the first part of it is granted. */
static bool make_device(uint32_t region, uint32_t order)
{
	const struct boot_region *r = &init.record->regions[region];
	struct init_range *frames = &init.device_frames[region];

	if (frames->head.count || frames->blocks.count || frames->tail.count)
		return true;
	return memory_range(r->slot, r->base, r->size, order, frames, "a device");
}

const struct boot_region *objects_device(const skerry_Grant *g, const struct init_range **frames)
{
	for (uint32_t i = 0; i < init.record->region_count; i++) {
		const struct boot_region *r = &init.record->regions[i];

		if (r->kind != BOOT_DEVICE || g->base < r->base || g->size > r->size ||
		    g->base - r->base > r->size - g->size)
			continue;
		if (!make_device(i, g->has_order ? g->order : 12))
			return NULL;
		*frames = &init.device_frames[i];
		return r;
	}
	return NULL;
}
