/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/machine.h"

#include <string.h>

#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/vmm_arch.h"

#define PAGE_ORDER 12u
#define BLOCK_ORDER 21u
#define TABLES_BASE 32u /* table pages: windows and the upper levels */
#define ALL_EXITS ((1u << EXIT_CLASSES) - 1)
#define WINDOW_SLOTS 256u /* 16 devices, each a window and up to 15 doorbells */
#define WINDOW_FIRST 1u

static bool supported(void *host)
{
	(void)host;
	/* Only a kernel that can run guests starts services at all; what it lacks, retype says. */
	return grant_find("untyped") && grant_find("core");
}

static struct start_grant const *ram_grant(uint32_t index)
{
	const char name[8] = {'r', 'a', 'm', (char)('0' + index), '\0'};

	return grant_find_kind(name, 0);
}

/* Table pages for all regions at their page size, and for windows. */
static uint32_t tables_needed(const skerry_VmConfig *config)
{
	uint32_t tables = TABLES_BASE;

	for (uint32_t i = 0; i < config->memory_regions_count; i++) {
		const struct start_grant *g = ram_grant(i);

		tables += (uint32_t)(config->memory_regions[i].size >> 30) + 2;
		if (g && g->order < BLOCK_ORDER)
			tables += (uint32_t)(config->memory_regions[i].size >> BLOCK_ORDER) + 2;
	}
	return tables;
}

static int32_t space_create(void *host, uint32_t number, uint32_t *address_bits)
{
	struct machine *m = host;
	const skerry_cap untyped = grant_slot("untyped");
	const uint32_t tables = tables_needed(m->config);
	const skerry_cap pages = slots_take(tables), first = slots_take(2);
	struct space_status space = {0};
	int32_t status;

	if (!pages || !first)
		return LIMIT;
	m->space = first;
	status = untyped_retype(untyped, CAP_SPACE, SPACE_VM(number), 0, first, 1);
	if (!status)
		status = untyped_retype(untyped, CAP_FRAME, PAGE_ORDER, 0, pages, tables);
	if (!status)
		status = space_donate(m->space, pages, tables);
	if (!status)
		status = untyped_retype(untyped, CAP_CSPACE, WINDOW_SLOTS, 0, first + 1, 1);
	if (!status)
		status = space_windows(m->space, first + 1);
	if (!status)
		status = space_status(m->space, &space);
	if (status)
		return status;
	m->windows = first + 1;
	m->next_window = WINDOW_FIRST;
	*address_bits = m->address_bits = space.address_bits;
	return OK;
}

static uint8_t *memory(void *host, uint32_t index, uint64_t size)
{
	const struct start_grant *g = ram_grant(index);

	(void)host;
	if (!g || g->size < size || g->address == 0)
		return NULL;
	return (uint8_t *)(uintptr_t)g->address;
}

/* The frame that is mapped at `at` in this process. */
static const struct start_grant *grant_at(const struct machine *m, const uint8_t *at, uint64_t size)
{
	for (uint32_t i = 0; i < m->config->memory_regions_count; i++) {
		const struct start_grant *g = ram_grant(i);
		uint64_t offset = g ? (uint64_t)(uintptr_t)at - g->address : 0;

		if (g && offset < g->size && size <= g->size - offset)
			return g;
	}
	return NULL;
}

static int32_t map(void *host, uint64_t gpa, uint8_t *at, uint64_t size, uint32_t flags)
{
	struct machine *m = host;
	const struct start_grant *g = grant_at(m, at, size);
	const uint32_t attributes =
	    flags & (SPACE_ATTR_READ | SPACE_ATTR_WRITE | SPACE_ATTR_EXECUTE);
	int32_t status = OK;
	uint64_t offset;
	uint32_t count;
	skerry_cap copies;

	if (!g)
		return NOT_FOUND;
	offset = (uint64_t)(uintptr_t)at - g->address;
	if ((offset | size | gpa) & ((1ull << g->order) - 1))
		return BAD_ARGUMENT;
	count = (uint32_t)(size >> g->order);
	/* A frame capability is mapped in one place: the guest gets copies. */
	copies = slots_take(count);
	if (!copies)
		return LIMIT;
	for (uint32_t i = 0; i < count && !status; i++)
		status = cspace_copy(START_SLOT_CSPACE, copies + i,
				     g->slot + (skerry_cap)(offset >> g->order) + i, RIGHT_ALL, 0);
	if (!status)
		status = space_map(m->space, copies, gpa, attributes, count);
	/* Some may be mapped; deleting a frame unmaps it. */
	for (uint32_t i = 0; i < count && status; i++)
		(void)cspace_delete(START_SLOT_CSPACE, copies + i);
	return status;
}

/* Exits carry the vCPU's number + 1, so that no other caller's badge 0 is a vCPU. */
static int32_t vcpu_create(void *host, uint32_t id)
{
	struct machine *m = host;
	const skerry_VmConfig *config = m->config;
	const skerry_cap cap = slots_take(1);
	uint32_t features = 0;
	int32_t status;

	if (!cap)
		return LIMIT;
	status = untyped_retype(grant_slot("untyped"), CAP_VCPU, 0, 0, cap, 1);
	if (!status)
		status = vcpu_configure(cap, m->space, 0, &features);
	if (!status)
		status = vcpu_port(cap, ALL_EXITS, START_SLOT_PORT, id + 1);
	if (!status)
		status = core_schedule(grant_slot("core"), cap, config->vcpu_priority,
				       (uint64_t)config->vcpu_budget_us * 1000,
				       (uint64_t)config->vcpu_period_us * 1000);
	m->vcpus[id] = cap;
	return status;
}

static int32_t inject(void *host, uint32_t vcpu, uint32_t irq)
{
	return arch_inject(host, vcpu, irq);
}

static void release(void *host)
{
	struct machine *m = host;

	/* All that was made came out of this untyped, and goes with what was derived from it. */
	cspace_revoke(START_SLOT_CSPACE, grant_slot("untyped"));
	m->space = 0;
}

void machine_init(struct machine *m, const skerry_VmConfig *config)
{
	memset(m, 0, sizeof(*m));
	m->config = config;
	m->reply = INFO_NO_REPLY;
	m->incidents.frequency = start_page()->frequency;
	m->hal = (struct hal){
	    .host = m,
	    .supported = supported,
	    .space_create = space_create,
	    .memory = memory,
	    .map = map,
	    .vcpu_create = vcpu_create,
	    .vcpu_run = exits_run,
	    .inject = inject,
	    .release = release,
	};
}

void machine_stop(struct machine *m)
{
	for (uint32_t i = 0; i < m->config->cpu_num; i++) {
		if (m->vcpus[i])
			vcpu_stop(m->vcpus[i]);
		m->started[i] = false;
	}
}

skerry_cap machine_line(const struct machine *m, uint32_t irq)
{
	for (uint32_t i = 0; i < m->line_count; i++) {
		if (m->lines[i].irq == irq)
			return m->lines[i].line;
	}
	return 0;
}
