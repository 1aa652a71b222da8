/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bundle, and the host's device tree where it lies apart: their regions become frames (2 MiB
 * blocks with single pages before and behind), mapped read-only into init. Services get copies of
 * the frames a file lies in.
 */
#include "init.h"
#include "log.h"

static bool map_frames(const struct init_frames *frames, uint64_t *address, uint32_t order)
{
	int32_t status;

	if (!frames->count)
		return true;
	status =
	    space_map(BOOT_SLOT_SPACE, frames->first, *address, SPACE_ATTR_READ, frames->count);
	*address += (uint64_t)frames->count << order;
	return status == OK || fail(status, "mapping the bundle");
}

static bool map_region(const struct boot_region *r, struct init_bundle *b)
{
	uint64_t at;

	b->base = r->base;
	b->size = r->size;
	b->address = INIT_BUNDLE + init.bundle_count * INIT_BUNDLE_STEP + (r->base & (BLOCK - 1));
	at = b->address;
	return memory_range(r->slot, r->base, r->size, 21, &b->frames, "the bundle") &&
	       map_frames(&b->frames.head, &at, 12) && map_frames(&b->frames.blocks, &at, 21) &&
	       map_frames(&b->frames.tail, &at, 12);
}

bool bundle_map(void)
{
	for (uint32_t i = 0; i < init.record->region_count; i++) {
		const struct boot_region *r = &init.record->regions[i];

		if (r->kind != BOOT_BUNDLE || r->size > INIT_BUNDLE_STEP - BLOCK ||
		    init.bundle_count == sizeof(init.bundles) / sizeof(init.bundles[0]))
			continue;
		if (!map_region(r, &init.bundles[init.bundle_count]))
			return false;
		init.bundle_count++;
	}
	return true;
}

const void *bundle_bytes(uint64_t physical, uint64_t size)
{
	for (uint32_t i = 0; i < init.bundle_count; i++) {
		const struct init_bundle *b = &init.bundles[i];

		if (physical >= b->base && size <= b->size && physical - b->base <= b->size - size)
			return (const void *)(uintptr_t)(b->address + (physical - b->base));
	}
	return NULL;
}

bool bundle_find(const char *name, struct cpio_file *file)
{
	const void *archive = bundle_bytes(init.record->bundle_base, init.record->bundle_size);

	return archive && cpio_find(archive, init.record->bundle_size, name, file);
}

bool bundle_has(const char *name)
{
	struct cpio_file file;

	return bundle_find(name, &file);
}

bool bundle_frames(const void *data, size_t size,
		   bool (*give)(void *context, skerry_cap slot, uint64_t offset, uint32_t order),
		   void *context)
{
	uint64_t address = (uintptr_t)data, start;
	const struct init_bundle *b = NULL;
	uint32_t order;

	for (uint32_t i = 0; i < init.bundle_count && !b; i++)
		if (address - init.bundles[i].address < init.bundles[i].size)
			b = &init.bundles[i];
	if (!b)
		return fail(NOT_FOUND, "a file outside of the bundle");

	uint64_t base = address & ~(BLOCK - 1);
	uint64_t offset = address - b->address, end = offset + (size ? size : 1);

	while (offset < end) {
		skerry_cap slot = memory_range_at(&b->frames, offset, &start, &order);

		if (!give(context, slot, b->address + start - base, order))
			return false;
		offset = start + (1ull << order);
	}
	return true;
}
