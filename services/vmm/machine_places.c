/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine gives a VM at an address of the machine's own: memory there, and devices. */
#include "config.pb.h"
#include "services/lib/grants.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/machine.h"
#include "services/vmm/machine_parts.h"

#define ENTRIES 512u /* of a table */

const struct start_grant *machine_ram(uint32_t index)
{
	const char name[8] = {'r', 'a', 'm', (char)('0' + index), '\0'};

	return grant_find_kind(name, skerry_GrantKind_GRANT_MEMORY);
}

/* init has it from the boot plan, or does not start this process: here it is looked up. */
bool machine_alloc_at(void *host, uint64_t base, uint64_t size)
{
	struct machine *m = host;

	for (uint32_t i = 0; i < m->config->memory_regions_count; i++) {
		const struct start_grant *g = machine_ram(i);

		if (!g || g->badge != base || g->size != size || m->places & 1u << i ||
		    m->config->memory_regions[i].gpa != base)
			continue;
		m->places |= 1u << i;
		return true;
	}
	return false;
}

void machine_dealloc_at(void *host, uint64_t base, uint64_t size)
{
	struct machine *m = host;

	(void)size;
	for (uint32_t i = 0; i < m->config->memory_regions_count; i++) {
		if (m->config->memory_regions[i].gpa == base)
			m->places &= ~(1u << i);
	}
}

static bool is_device(const struct start_grant *g)
{
	return g->kind == skerry_GrantKind_GRANT_DEVICE && !g->address;
}

/* Of each grant: tables for its pages, those of a block on either side, and the level above. */
uint32_t machine_device_tables(void)
{
	const struct start_page *page = start_page();
	uint32_t tables = 0;

	for (uint32_t i = 0; i < page->grant_count; i++) {
		const struct start_grant *g = &page->grants[i];

		if (is_device(g))
			tables += 4 + g->count / ENTRIES + (uint32_t)(g->size >> 30);
	}
	return tables;
}

/* The grant with the page at hpa. */
static const struct start_grant *grant_at(uint64_t hpa)
{
	const struct start_page *page = start_page();

	for (uint32_t i = 0; i < page->grant_count; i++) {
		const struct start_grant *g = &page->grants[i];

		if (is_device(g) && hpa - g->badge < g->size)
			return g;
	}
	return NULL;
}

/*
 * Maps the frames of one grant that lie in [hpa, end), from `gpa` on; *done: how many bytes. Frames
 * of 2 MiB and of 4 KiB may alternate; those of a kind that follow each other are one mapping.
 */
static int32_t map_grant(struct machine *m, const struct start_grant *g, uint64_t gpa, uint64_t hpa,
			 uint64_t end, uint32_t attributes, uint64_t *done)
{
	uint64_t at = g->badge;
	uint32_t first = 0, count = 0, before = 0;
	int32_t status = OK;

	*done = 0;
	for (uint32_t i = 0; i <= g->count && !status; i++) {
		uint32_t order = 0, mapped;
		uint64_t address;
		bool inside;

		if (i < g->count)
			status = frame_status(g->slot + i, &order, &mapped, &address);
		inside = i < g->count && at >= hpa && at + (1ull << order) <= end;
		if (!status && count && (!inside || order != before)) {
			status = machine_map_frames(m, gpa + *done, g->slot + first, count, before,
						    attributes);
			*done += status ? 0 : (uint64_t)count << before;
			count = 0;
		}
		if (inside && count++ == 0)
			first = i;
		before = order;
		at += 1ull << order;
	}
	return status;
}

int32_t machine_map_physical(void *host, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags)
{
	struct machine *m = host;
	const uint32_t attributes = flags & (SPACE_ATTR_READ | SPACE_ATTR_WRITE);
	const uint64_t end = hpa + size;
	int32_t status = OK;
	uint64_t at = hpa;

	while (at < end && !status) {
		const struct start_grant *g = grant_at(at);
		uint64_t done = 0;

		status =
		    g ? map_grant(m, g, gpa + (at - hpa), at, end, attributes, &done) : NOT_FOUND;
		at += done;
		if (!status && !done)
			status = BAD_ARGUMENT; /* a frame reaches over the range */
	}
	if (status && at > hpa)
		(void)machine_unmap(m, gpa, at - hpa);
	return status;
}
