/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's address space: its tables, and copies of granted frames that are mapped in it. */
#include <string.h>

#include "services/lib/grants.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/machine.h"
#include "services/vmm/machine_parts.h"
#include "services/vmm/vmm_arch.h"

#define PAGE_ORDER 12u
#define BLOCK_ORDER 21u
#define TABLES_BASE 32u	  /* table pages: windows and the upper levels */
#define WINDOW_SLOTS 256u /* 16 devices, each a window and up to 15 doorbells */
#define SPACE_SLOTS 2u	  /* the space, the cspace of its windows */

/* Table pages for all regions at their page size, and for windows. */
static uint32_t tables_needed(const skerry_VmConfig *config)
{
	uint32_t tables = TABLES_BASE + machine_device_tables();

	for (uint32_t i = 0; i < config->memory_regions_count; i++) {
		const struct start_grant *g = machine_ram(i);
		/* What is not there needs none, however large a client says it is. */
		const uint64_t size = g ? g->size : 0;

		tables += (uint32_t)(size >> 30) + 2;
		if (g && g->order < BLOCK_ORDER)
			tables += (uint32_t)(size >> BLOCK_ORDER) + 2;
	}
	/* What is mapped there is of single pages. */
	for (uint32_t i = 0; i < config->emu_devices_count; i++) {
		if (config->emu_devices[i].emu_type == EMU_IVC_CHANNEL)
			tables += (uint32_t)(config->emu_devices[i].length >> BLOCK_ORDER) + 2;
	}
	return tables;
}

static int32_t make_space(const struct machine *m, uint32_t number, skerry_cap pages,
			  uint32_t tables)
{
	const skerry_cap untyped = grant_slot("untyped");
	int32_t status = untyped_retype(untyped, CAP_SPACE, SPACE_VM(number), 0, m->space, 1);

	if (!status)
		status = untyped_retype(untyped, CAP_FRAME, PAGE_ORDER, 0, pages, tables);
	if (!status)
		status = space_donate(m->space, pages, tables);
	if (!status)
		status = untyped_retype(untyped, CAP_CSPACE, WINDOW_SLOTS, 0, m->windows, 1);
	if (!status)
		status = space_windows(m->space, m->windows);
	return status;
}

int32_t machine_space_create(void *host, uint32_t number, uint32_t *address_bits)
{
	struct machine *m = host;
	const uint32_t tables = tables_needed(m->config);
	const skerry_cap first = machine_slots_take(&m->slots, SPACE_SLOTS + tables);
	struct space_status space = {0};
	int32_t status;

	if (!first)
		return LIMIT;
	m->space_slots = (struct machine_slot_range){first, SPACE_SLOTS + tables};
	m->space = first;
	m->windows = first + 1;
	m->next_window = WINDOW_FIRST;
	status = make_space(m, number, first + SPACE_SLOTS, tables);
	if (!status)
		status = space_status(m->space, &space);
	if (status)
		machine_space_destroy(m);
	else
		*address_bits = m->address_bits = space.address_bits;
	return status;
}

/* All of it came out of this untyped, and goes with what was derived from it. */
void machine_space_destroy(void *host)
{
	struct machine *m = host;

	(void)cspace_revoke(START_SLOT_CSPACE, grant_slot("untyped"));
	machine_slots_give(&m->slots, m->space_slots.first, m->space_slots.count);
	m->space = m->windows = 0;
}

uint8_t *machine_memory(void *host, uint32_t index, uint64_t size)
{
	struct machine *m = host;
	const skerry_MemoryRegion *region = &m->config->memory_regions[index];
	const struct start_grant *g = machine_ram(index);
	uint8_t *at;

	if (!g || g->size < size || g->address == 0)
		return NULL;
	if (region->map_type != skerry_MemoryMapType_MAP_ALLOC && g->badge != region->gpa)
		return NULL;
	at = (uint8_t *)(uintptr_t)g->address;
	/* What the VM before left there is not for the next, unless it is there to be kept. */
	if (region->map_type != skerry_MemoryMapType_MAP_RESERVED && m->used_memory >> index & 1) {
		memset(at, 0, size);
		arch_clean(at, size);
	}
	m->used_memory |= 1u << index;
	return at;
}

/* The frame that is mapped at `at` in this process. */
static const struct start_grant *grant_at(const struct machine *m, const uint8_t *at, uint64_t size)
{
	for (uint32_t i = 0; i < m->config->memory_regions_count; i++) {
		const struct start_grant *g = machine_ram(i);
		uint64_t offset = g ? (uint64_t)(uintptr_t)at - g->address : 0;

		if (g && offset < g->size && size <= g->size - offset)
			return g;
	}
	return NULL;
}

int32_t machine_virt_to_phys(void *host, const void *at, uint64_t *phys)
{
	const struct start_grant *g = grant_at(host, at, 1);
	uint64_t offset, address = 0;
	int32_t status;

	if (!g)
		return NOT_FOUND;
	offset = (uint64_t)(uintptr_t)at - g->address;
	status = frame_address(g->slot + (skerry_cap)(offset >> g->order), &address);
	if (!status)
		*phys = address + (offset & ((1ull << g->order) - 1));
	return status;
}

/* Unmapped with it. */
static void delete_copies(struct machine *m, skerry_cap first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		(void)cspace_delete(START_SLOT_CSPACE, first + i);
	machine_slots_give(&m->slots, first, count);
}

/* A frame capability is mapped in one place: the guest gets copies. */
int32_t machine_map_frames(struct machine *m, uint64_t gpa, skerry_cap first, uint32_t count,
			   uint32_t order, uint32_t attributes)
{
	skerry_cap copies =
	    m->mapping_count < MACHINE_MAPPINGS ? machine_slots_take(&m->slots, count) : 0;
	int32_t status = OK;

	if (!copies)
		return LIMIT;
	for (uint32_t i = 0; i < count && !status; i++)
		status = cspace_copy(START_SLOT_CSPACE, copies + i, first + i, RIGHT_ALL, 0);
	if (!status)
		status = space_map(m->space, copies, gpa, attributes, count);
	if (status)
		delete_copies(m, copies, count);
	else
		m->mappings[m->mapping_count++] =
		    (struct machine_mapping){gpa, (uint64_t)count << order, order, copies, 0, 0};
	return status;
}

int32_t machine_map(void *host, uint64_t gpa, uint8_t *at, uint64_t size, uint32_t flags)
{
	struct machine *m = host;
	const struct start_grant *g = grant_at(m, at, size);
	const uint32_t attributes =
	    flags & (SPACE_ATTR_READ | SPACE_ATTR_WRITE | SPACE_ATTR_EXECUTE);
	uint64_t offset;

	if (!g)
		return NOT_FOUND;
	offset = (uint64_t)(uintptr_t)at - g->address;
	if ((offset | size | gpa) & ((1ull << g->order) - 1))
		return BAD_ARGUMENT;
	/* What lies at its own address is for devices, too, which cannot wait. */
	return (m->config->demand && !g->badge ? machine_map_later : machine_map_frames)(
	    m, gpa, g->slot + (skerry_cap)(offset >> g->order), (uint32_t)(size >> g->order),
	    g->order, attributes);
}

/* The part of the mapping in [gpa, end): from the start of *first on, up to *last. */
static bool part_of(const struct machine_mapping *p, uint64_t gpa, uint64_t end, uint64_t *first,
		    uint64_t *last)
{
	*first = gpa > p->gpa ? gpa : p->gpa;
	*last = end < p->gpa + p->size ? end : p->gpa + p->size;
	return *first < *last;
}

/* Whether frames stay whole, and the pieces fit into the list. */
static int32_t check_unmap(const struct machine *m, uint64_t gpa, uint64_t end)
{
	uint32_t count = m->mapping_count;
	uint64_t first, last;

	for (uint32_t i = 0; i < m->mapping_count; i++) {
		const struct machine_mapping *p = &m->mappings[i];

		if (!part_of(p, gpa, end, &first, &last))
			continue;
		if ((first | last) & ((1ull << p->order) - 1))
			return BAD_ARGUMENT;
		count += first > p->gpa && last < p->gpa + p->size;
	}
	return count > MACHINE_MAPPINGS ? LIMIT : OK;
}

/* The part of a mapping from `at` on, `size` bytes. */
static struct machine_mapping piece(const struct machine_mapping *p, uint64_t at, uint64_t size)
{
	const skerry_cap frames = (skerry_cap)((at - p->gpa) >> p->order);
	struct machine_mapping rest = *p;

	rest.gpa = at;
	rest.size = size;
	rest.first += frames;
	rest.source += p->source ? frames : 0;
	return rest;
}

/* Cuts [first, last) out of mapping i; what is above becomes another. */
static void cut(struct machine *m, uint32_t i, uint64_t first, uint64_t last)
{
	struct machine_mapping p = m->mappings[i];
	const uint64_t end = p.gpa + p.size;

	delete_copies(m, p.first + (skerry_cap)((first - p.gpa) >> p.order),
		      (uint32_t)((last - first) >> p.order));
	m->mappings[i] = m->mappings[--m->mapping_count];
	if (first > p.gpa)
		m->mappings[m->mapping_count++] = piece(&p, p.gpa, first - p.gpa);
	if (last < end)
		m->mappings[m->mapping_count++] = piece(&p, last, end - last);
}

int32_t machine_unmap(void *host, uint64_t gpa, uint64_t size)
{
	struct machine *m = host;
	const uint64_t end = gpa + size;
	int32_t status = check_unmap(m, gpa, end);
	uint64_t first, last;

	/* What a cut leaves is outside of the range: another look at its place finds nothing. */
	for (uint32_t i = 0; i < m->mapping_count && !status;) {
		if (part_of(&m->mappings[i], gpa, end, &first, &last))
			cut(m, i, first, last);
		else
			i++;
	}
	return status;
}
