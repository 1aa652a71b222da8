/* SPDX-License-Identifier: BSD-2-Clause */
#include "manifest.h"

#include <stdarg.h>
#include <string.h>

#include <pb_decode.h>

#include "kernel/abi.h"
#include "log.h"
#include "start.h"

#define MEMORY_LIMIT (1ull << 36)
#define HEAP_LIMIT (START_MAP - START_HEAP)
#define PERIOD_LIMIT_US 1000000u
#define BUDGET_LEAST_US 10u
#define PRIORITY_LIMIT 49u /* init runs above its services */
#define IRQ_FIRST 32u
#define IRQ_LIMIT 1020u
#define RUNTIME_BITS (3ull << 62) /* server.h: SERVER_RUNTIME_BITS */

__attribute__((format(printf, 2, 3))) static bool wrong(struct manifest_context *c,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)log_format(c->error, sizeof(c->error), format, args);
	va_end(args);
	return false;
}

bool manifest_decode(skerry_Manifest *m, const void *bytes, size_t size, struct manifest_context *c)
{
	pb_istream_t stream = pb_istream_from_buffer(bytes, size);

	*m = (skerry_Manifest)skerry_Manifest_init_zero;
	if (!pb_decode(&stream, skerry_Manifest_fields, m))
		return wrong(c, "the manifest is no message of its type (%s)",
			     PB_GET_ERROR(&stream));
	return true;
}

int manifest_memory(const skerry_Manifest *m, const char *name)
{
	for (pb_size_t i = 0; i < m->memories_count; i++)
		if (!strcmp(m->memories[i].name, name))
			return (int)i;
	return -1;
}

int manifest_line(const skerry_Manifest *m, const char *name)
{
	for (pb_size_t i = 0; i < m->lines_count; i++)
		if (!strcmp(m->lines[i].name, name))
			return (int)i;
	return -1;
}

int manifest_service(const skerry_Manifest *m, const char *name)
{
	for (pb_size_t i = 0; i < m->services_count; i++)
		if (!strcmp(m->services[i].name, name))
			return (int)i;
	return -1;
}

/* A memory with a place of its own in the machine. */
static bool check_place(const skerry_Manifest *m, pb_size_t i, struct manifest_context *c)
{
	const skerry_Memory *memory = &m->memories[i];

	if (!memory->has_base)
		return !memory->has_reserved || !memory->reserved ||
		       wrong(c, "memory %s is reserved and has no base", memory->name);
	if (memory->base & ((1ull << memory->order) - 1) ||
	    memory->base + memory->size < memory->base)
		return wrong(c, "memory %s: base 0x%lx is no multiple of its frames", memory->name,
			     (unsigned long)memory->base);
	for (pb_size_t k = 0; k < i; k++) {
		const skerry_Memory *other = &m->memories[k];

		if (other->has_base && memory->base < other->base + other->size &&
		    other->base < memory->base + memory->size)
			return wrong(c, "memories %s and %s overlap", other->name, memory->name);
	}
	return true;
}

static bool check_memories(const skerry_Manifest *m, struct manifest_context *c)
{
	for (pb_size_t i = 0; i < m->memories_count; i++) {
		const skerry_Memory *memory = &m->memories[i];

		if (!memory->name[0])
			return wrong(c, "memory %u has no name", i);
		if (manifest_memory(m, memory->name) != (int)i)
			return wrong(c, "two memories are named %s", memory->name);
		if (memory->order != 12 && memory->order != 21)
			return wrong(c, "memory %s: order %u, possible are 12 and 21", memory->name,
				     memory->order);
		if (!memory->size || memory->size > MEMORY_LIMIT ||
		    memory->size & ((1ull << memory->order) - 1))
			return wrong(c, "memory %s: size 0x%lx is no multiple of its frames",
				     memory->name, (unsigned long)memory->size);
		if (!check_place(m, i, c))
			return false;
	}
	for (pb_size_t i = 0; i < m->lines_count; i++) {
		if (!m->lines[i].name[0])
			return wrong(c, "line %u has no name", i);
		if (manifest_line(m, m->lines[i].name) != (int)i)
			return wrong(c, "two lines are named %s", m->lines[i].name);
	}
	return true;
}

static bool grant_wrong(struct manifest_context *c, const skerry_Service *s, const skerry_Grant *g,
			const char *what)
{
	return wrong(c, "service %s, grant %s: %s", s->name, g->name, what);
}

static bool check_memory_grant(const skerry_Manifest *m, const skerry_Service *s,
			       const skerry_Grant *g, struct manifest_context *c)
{
	int i = manifest_memory(m, g->object);
	uint32_t allowed = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE | RIGHT_GRANT;

	if (i < 0)
		return grant_wrong(c, s, g, "no such memory");
	if (m->memories[i].has_dma && m->memories[i].dma)
		allowed |= RIGHT_DMA;
	if (g->has_rights && (g->rights & ~allowed || !(g->rights & RIGHT_READ)))
		return grant_wrong(c, s, g, "rights this memory does not give");
	if (g->has_address && g->address & ((1ull << m->memories[i].order) - 1))
		return grant_wrong(c, s, g, "the address is not aligned to the frames");
	return true;
}

static bool check_device_grant(const skerry_Service *s, const skerry_Grant *g,
			       struct manifest_context *c)
{
	if (!g->has_base || !g->has_size || !g->size || (g->base | g->size) & 4095 ||
	    g->base + g->size < g->base)
		return grant_wrong(c, s, g, "base and size of a device are whole pages");
	if (g->has_address && g->address & 4095)
		return grant_wrong(c, s, g, "the address is not aligned to a page");
	if (g->has_order && g->order != 12 && g->order != 21)
		return grant_wrong(c, s, g, "order of a device is 12 or 21");
	return true;
}

static bool check_grant(const skerry_Manifest *m, const skerry_Service *s, const skerry_Grant *g,
			struct manifest_context *c)
{
	switch (g->kind) {
	case skerry_GrantKind_GRANT_MEMORY:
		return check_memory_grant(m, s, g, c);
	case skerry_GrantKind_GRANT_FILE:
		return c->has_file(g->object) || grant_wrong(c, s, g, "no such file in the bundle");
	case skerry_GrantKind_GRANT_CALL:
		return manifest_service(m, g->object) >= 0 ||
		       grant_wrong(c, s, g, "no such service");
	case skerry_GrantKind_GRANT_SIGNAL:
		if (manifest_service(m, g->object) < 0)
			return grant_wrong(c, s, g, "no such service");
		return (g->badge && !(g->badge & RUNTIME_BITS)) ||
		       grant_wrong(c, s, g, "badge: no bits, or bits 62 and 63");
	case skerry_GrantKind_GRANT_LINE:
		return manifest_line(m, g->object) >= 0 || grant_wrong(c, s, g, "no such line");
	case skerry_GrantKind_GRANT_IRQ:
		if (g->number < IRQ_FIRST || g->number >= IRQ_LIMIT)
			return grant_wrong(c, s, g, "number is not 32 to 1019");
		if (!g->has_badge)
			return true;
		/* fallthrough */
	case skerry_GrantKind_GRANT_TIMER:
		return (g->badge && !(g->badge & RUNTIME_BITS)) ||
		       grant_wrong(c, s, g, "badge: no bits, or bits 62 and 63");
	case skerry_GrantKind_GRANT_DEVICE:
		return check_device_grant(s, g, c);
	case skerry_GrantKind_GRANT_UNTYPED:
		return (g->size >= 4096 && !(g->size & (g->size - 1)) && g->size <= MEMORY_LIMIT) ||
		       grant_wrong(c, s, g, "size is no power of two of at least a page");
	case skerry_GrantKind_GRANT_CORE:
		return (g->badge >= 1 && g->badge <= PRIORITY_LIMIT) ||
		       grant_wrong(c, s, g, "badge is no priority from 1 to 49");
	case skerry_GrantKind_GRANT_POWER:
		return true;
	}
	return grant_wrong(c, s, g, "unknown kind");
}

static bool check_grants(const skerry_Manifest *m, const skerry_Service *s,
			 struct manifest_context *c)
{
	for (pb_size_t i = 0; i < s->grants_count; i++) {
		const skerry_Grant *g = &s->grants[i];

		if (!g->name[0])
			return wrong(c, "service %s: grant %u has no name", s->name, i);
		for (pb_size_t k = 0; k < i; k++)
			if (s->grants[k].kind == g->kind && !strcmp(s->grants[k].name, g->name))
				return grant_wrong(c, s, g, "is there twice");
		if (!check_grant(m, s, g, c))
			return false;
	}
	return true;
}

static bool check_names(const skerry_Manifest *m, struct manifest_context *c)
{
	for (pb_size_t i = 0; i < m->services_count; i++) {
		if (!m->services[i].name[0])
			return wrong(c, "service %u has no name", i);
		if (manifest_service(m, m->services[i].name) != (int)i)
			return wrong(c, "two services are named %s", m->services[i].name);
	}
	return true;
}

static bool check_service(const skerry_Manifest *m, pb_size_t i, struct manifest_context *c)
{
	const skerry_Service *s = &m->services[i];

	if (!c->has_file(s->image))
		return wrong(c, "service %s: no file %s in the bundle", s->name, s->image);
	if (s->priority > PRIORITY_LIMIT)
		return wrong(c, "service %s: priority %u is above %u", s->name, s->priority,
			     PRIORITY_LIMIT);
	if (s->period_us > PERIOD_LIMIT_US || s->budget_us > s->period_us ||
	    (s->budget_us && s->budget_us < BUDGET_LEAST_US))
		return wrong(c, "service %s: budget %u us of %u us is not possible", s->name,
			     s->budget_us, s->period_us);
	if (s->heap > HEAP_LIMIT)
		return wrong(c, "service %s: heap of 0x%lx bytes", s->name, (unsigned long)s->heap);
	if (s->has_restart && s->restart == skerry_RestartPolicy_RESTART_GROUP && !s->group)
		return wrong(c, "service %s restarts with its group and has none", s->name);
	return check_grants(m, s, c);
}

bool manifest_check(const skerry_Manifest *m, struct manifest_context *c)
{
	if (m->core != c->core)
		return wrong(c, "the manifest is for core %u", m->core);
	if (!check_memories(m, c) || !check_names(m, c))
		return false;
	for (pb_size_t i = 0; i < m->services_count; i++)
		if (!check_service(m, i, c))
			return false;
	return true;
}
