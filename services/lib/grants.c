/* SPDX-License-Identifier: BSD-2-Clause */
#include "grants.h"

#include <stdatomic.h>
#include <string.h>

const struct start_grant *grant_find_kind(const char *name, uint32_t kind)
{
	const struct start_page *page = start_page();

	for (uint32_t i = 0; i < page->grant_count; i++) {
		const struct start_grant *g = &page->grants[i];

		if ((!kind || g->kind == kind) && !strncmp(g->name, name, sizeof(g->name)))
			return g;
	}
	return NULL;
}

const struct start_grant *grant_find(const char *name)
{
	return grant_find_kind(name, 0);
}

skerry_cap grant_slot(const char *name)
{
	const struct start_grant *g = grant_find(name);

	return g ? g->slot : 0;
}

void *grant_memory(const char *name, uint64_t size)
{
	const struct start_page *page = start_page();

	for (uint32_t i = 0; i < page->grant_count; i++) {
		const struct start_grant *g = &page->grants[i];

		if (g->address && g->size >= size && !strncmp(g->name, name, sizeof(g->name)))
			return (void *)(uintptr_t)g->address;
	}
	return NULL;
}

const void *start_config(uint32_t *size)
{
	const struct start_page *page = start_page();

	*size = page->config_bytes;
	return (const uint8_t *)page + page->config_offset;
}

skerry_cap slots_take(uint32_t count)
{
	static _Atomic uint32_t taken;
	uint32_t first = start_page()->free_slot;
	uint32_t before = taken;

	do {
		if (count > START_SLOTS - first - before)
			return 0;
	} while (!atomic_compare_exchange_weak(&taken, &before, before + count));
	return first + before;
}
