/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service's own objects: everything that is made when it starts and goes when it stops. All come
 * out of one untyped, so that one revoke takes them back and nothing of an old life is left.
 */
#include "init.h"

#include <string.h>

#include "log.h"

#define STACK_PAGES (START_STACK_BYTES / PAGE)
#define START_PAGES (START_BYTES / PAGE)
#define BUFFER_PAGES 1u
#define LOG_PAGES 1u
#define OBJECT_BYTES 0x80000ull /* cspace of START_SLOTS, space, thread, timers and interrupts */

uint32_t service_index(const struct init_service *s)
{
	return (uint32_t)(s - init.services);
}

static uint32_t heap_pages(const struct init_service *s)
{
	return (uint32_t)((s->config->heap + PAGE - 1) / PAGE);
}

/* Frames are in this order: image, start page, stack, buffer, log, heap, tables. */
static uint32_t image_pages(const struct init_service *s)
{
	return (uint32_t)s->image.pages;
}

/* Enough for every mapping: a table per 2 MiB that has pages and one per GiB, at worst. */
static uint32_t table_pages(const struct init_service *s)
{
	uint64_t count = 8 + s->image.pages / 512 + heap_pages(s) / 512;

	for (pb_size_t i = 0; i < s->config->grants_count; i++) {
		const skerry_Grant *g = &s->config->grants[i];
		struct cpio_file file = {.size = 0};
		int m;

		if (g->kind == skerry_GrantKind_GRANT_MEMORY) {
			m = manifest_memory(&init.manifest, g->object);
			count += 1 + (init.manifest.memories[m].size >> 30);
			if (init.manifest.memories[m].order == 12)
				count += 2 + init.manifest.memories[m].size / BLOCK;
		} else if (g->kind == skerry_GrantKind_GRANT_FILE) {
			(void)bundle_find(g->object, &file);
			count += 4 + (file.size >> 30);
		} else if (g->kind == skerry_GrantKind_GRANT_DEVICE) {
			count += g->has_unmapped && g->unmapped ? 0 : 2 + g->size / BLOCK;
		}
	}
	return (uint32_t)count;
}

static uint64_t untyped_bytes(const struct init_service *s)
{
	uint64_t bytes = s->frames.count * PAGE + OBJECT_BYTES;

	for (pb_size_t i = 0; i < s->config->grants_count; i++)
		if (s->config->grants[i].kind == skerry_GrantKind_GRANT_UNTYPED)
			bytes += s->config->grants[i].size;
	return bytes;
}

bool service_prepare(struct init_service *s)
{
	const char *name = s->config->name, *wrong;

	if (!bundle_find(s->config->image, &s->file))
		return fail(NOT_FOUND, "%s: file %s", name, s->config->image);
	wrong = elf_image_read(&s->image, s->file.data, s->file.size);
	if (wrong) {
		log_line("%s: %s: %s", name, s->config->image, wrong);
		return false;
	}
	s->frames.count = image_pages(s) + (uint32_t)(START_PAGES + STACK_PAGES) + BUFFER_PAGES +
			  LOG_PAGES + heap_pages(s) + table_pages(s);
	s->frames.first = slots_reserve(s->frames.count);
	s->objects = slots_reserve(SERVICE_OBJECTS);
	s->untyped = slots_reserve(1);
	if (!s->frames.first || !s->objects || !s->untyped)
		return fail(LIMIT, "%s: slots of init", name);
	return memory_untyped(64 - (uint32_t)__builtin_clzll(untyped_bytes(s) - 1), s->untyped,
			      name);
}

static bool make(struct init_service *s, enum service_object object, enum cap_type type,
		 uint64_t param)
{
	int32_t status =
	    untyped_retype(s->untyped, type, param, 0, s->objects + (uint32_t)object, 1);

	return status == OK || fail(status, "%s: objects", s->config->name);
}

static bool unmap(struct init_frames frames)
{
	for (uint32_t i = 0; i < frames.count; i++)
		(void)frame_unmap(frames.first + i);
	return true;
}

/* Maps frames for init itself to write; unmap() ends it. */
static bool map_fill(struct init_frames frames)
{
	int32_t status = space_map(BOOT_SLOT_SPACE, frames.first, INIT_FILL,
				   SPACE_ATTR_READ | SPACE_ATTR_WRITE, frames.count);

	return status == OK || fail(status, "frames to fill");
}

static bool map(struct init_service *s, struct init_frames frames, const char *name,
		uint64_t address, uint32_t attributes)
{
	int32_t status;

	if (!frames.count)
		return true;
	status =
	    space_map(s->objects + OBJECT_SPACE, frames.first, address, attributes, frames.count);
	if (status != OK)
		return fail(status, "%s: mapping its %s", s->config->name, name);
	service_mapping(s, name, address, frames.count * PAGE, attributes);
	return true;
}

static bool load_image(struct init_service *s)
{
	struct init_frames part = {s->frames.first, image_pages(s)};
	uint8_t *to = (uint8_t *)INIT_FILL;

	if (!map_fill(part))
		return false;
	for (uint32_t i = 0; i < s->image.count; i++) {
		const struct elf_segment *e = &s->image.segments[i];

		memcpy(to + e->skip, s->file.data + e->offset, e->file_bytes);
		if (e->attributes & SPACE_ATTR_EXECUTE)
			__builtin___clear_cache((char *)to, (char *)to + e->pages * PAGE);
		to += e->pages * PAGE;
	}
	(void)unmap(part);
	for (uint32_t i = 0; i < s->image.count; i++) {
		const struct elf_segment *e = &s->image.segments[i];

		part.count = (uint32_t)e->pages;
		if (!map(s, part,
			 e->attributes & SPACE_ATTR_EXECUTE ? "code"
			 : e->attributes & SPACE_ATTR_WRITE ? "data"
							    : "constants",
			 e->address, e->attributes))
			return false;
		part.first += part.count;
	}
	return true;
}

static const skerry_Grant *log_grant(const struct init_service *s)
{
	for (pb_size_t i = 0; i < s->config->grants_count; i++)
		if (s->config->grants[i].address == START_LOG)
			return &s->config->grants[i];
	return NULL;
}

/* The parts of s->frames behind the image, as map_parts and fill_start see them. */
struct parts {
	struct init_frames start, stack, buffer, log, heap, tables;
};

static struct parts parts_of(const struct init_service *s)
{
	struct parts p;
	skerry_cap at = s->frames.first + image_pages(s);

	p.start = (struct init_frames){at, (uint32_t)START_PAGES};
	p.stack = (struct init_frames){at += p.start.count, (uint32_t)STACK_PAGES};
	p.buffer = (struct init_frames){at += p.stack.count, BUFFER_PAGES};
	p.log = (struct init_frames){at += p.buffer.count, LOG_PAGES};
	p.heap = (struct init_frames){at += p.log.count, heap_pages(s)};
	p.tables = (struct init_frames){at + p.heap.count, table_pages(s)};
	return p;
}

static bool map_parts(struct init_service *s, const struct parts *p)
{
	uint32_t data = SPACE_ATTR_READ | SPACE_ATTR_WRITE;

	return map(s, p->stack, "stack", START_STACK_TOP - START_STACK_BYTES, data) &&
	       map(s, p->buffer, "message buffers", START_BUFFER, data) &&
	       map(s, p->heap, "heap", START_HEAP, data) &&
	       (log_grant(s) || map(s, p->log, "log", START_LOG, data));
}

static bool fill_start(struct init_service *s, const struct parts *p)
{
	static union {
		struct start_page page;
		uint8_t bytes[START_BYTES];
	} start;
	const skerry_Service *c = s->config;

	memset(&start, 0, sizeof(start));
	start.page = (struct start_page){
	    .magic = START_MAGIC,
	    .version = ABI_VERSION,
	    .generation = s->generation,
	    .heap_bytes = heap_pages(s) * PAGE,
	    .frequency = init.record->frequency,
	    .core = init.record->core,
	    .group = c->group,
	    .image_base = SERVICE_BASE,
	};
	memcpy(start.page.name, c->name, sizeof(start.page.name));
	if (!give_all(s, &start.page))
		return false;
	start.page.config_offset =
	    (uint32_t)(sizeof(start.page) + start.page.grant_count * sizeof(struct start_grant));
	if (c->has_config) {
		start.page.config_bytes = c->config.size;
		memcpy(start.bytes + start.page.config_offset, c->config.bytes, c->config.size);
	}
	if (!map_fill(p->start))
		return false;
	memcpy((void *)INIT_FILL, &start, sizeof(start));
	(void)unmap(p->start);
	return map(s, p->start, "start page", START_PAGE, SPACE_ATTR_READ);
}

static bool run(struct init_service *s, const struct parts *p)
{
	skerry_cap thread = s->objects + OBJECT_THREAD;
	int32_t status =
	    thread_configure(thread, s->objects + OBJECT_CSPACE, s->objects + OBJECT_SPACE,
			     p->buffer.first, 0, init.port, service_index(s) + 1);

	if (status == OK)
		status = thread_bind(thread, s->signal);
	if (status == OK)
		status =
		    core_schedule(BOOT_SLOT_CORE, thread, s->config->priority,
				  s->config->budget_us * 1000ull, s->config->period_us * 1000ull);
	if (status == OK)
		status = thread_start(thread, s->image.entry, START_STACK_TOP, START_PAGE, 0);
	return status == OK || fail(status, "%s: starting its thread", s->config->name);
}

bool service_start(struct init_service *s)
{
	struct parts p = parts_of(s);
	int32_t status;

	s->mapping_count = 0;
	if (!memory_frames(s->untyped, 12, s->frames, s->config->name) ||
	    !make(s, OBJECT_SPACE, CAP_SPACE, SPACE_SERVICE) ||
	    !make(s, OBJECT_CSPACE, CAP_CSPACE, START_SLOTS) ||
	    !make(s, OBJECT_THREAD, CAP_THREAD, 0))
		return false;
	status = space_donate(s->objects + OBJECT_SPACE, p.tables.first, p.tables.count);
	if (status != OK)
		return fail(status, "%s: its tables", s->config->name);
	if (!load_image(s) || !map_parts(s, &p) || !fill_start(s, &p) || !run(s, &p))
		return false;
	s->started = sys_counter();
	return true;
}

void service_stop(struct init_service *s)
{
	uint64_t bits;

	(void)thread_stop(s->objects + OBJECT_THREAD);
	(void)memory_revoke(s->untyped);
	(void)port_renew(s->port);
	(void)sys_poll(s->signal, ~0ull, &bits);
	s->generation++;
}
