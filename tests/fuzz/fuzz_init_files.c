/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/init/cpio.c services/init/elf_image.c services/init/manifest.c */
/* sources: services/lib/log_format.c tests/fuzz/lib/cpio_write.c */
/*
 * What init reads of a bundle: an archive, a program, a manifest, each right but for some edits. It
 * is refused with a line, or all that init relies on is so, as a second look finds.
 */
#include <elf.h>
#include <pb_encode.h>
#include <stdlib.h>
#include <string.h>

#include "cpio_write.h"
#include "fuzz.h"
#include "kernel/abi.h"
#include "services/init/cpio.h"
#include "services/init/elf_image.h"
#include "services/init/manifest.h"

#define ROOM 4096u
#define PAGES 4096ull

REACH(file_found);
REACH(program_accepted);
REACH(manifest_accepted);
REACH(manifest_refused);

static uint8_t bytes[ROOM];
static skerry_Manifest manifest;

/* The first `size` bytes, alone in memory of their own. */
static uint8_t *alone(size_t size)
{
	uint8_t *at = malloc(size ? size : 1);

	CHECK(at);
	memcpy(at, bytes, size);
	return at;
}

/* What is found lies in the archive, and its names end. */
static void read_archive(void)
{
	static const char *const names[] = {"plan", "init", "manifest.0", "", "TRAILER!!!"};
	struct cpio_file f;
	size_t at = 0, size = 0;
	uint8_t *archive;

	memset(bytes, 0, sizeof(bytes));
	for (uint64_t n = 1 + test_random() % 6; n > 0; n--)
		size = cpio_write(bytes, size, names[test_random() % 5], test_random() % 5, NULL,
				  test_random() % 256);
	size = fuzz_edit(bytes, size, ROOM);
	archive = alone(size);
	for (size_t before = at; cpio_next(archive, size, &at, &f); before = at) {
		CHECK(at > before);
		CHECK(f.data >= archive && f.data <= archive + size);
		CHECK(f.size <= (size_t)(archive + size - f.data));
		CHECK((const uint8_t *)f.name + strlen(f.name) < f.data);
		reached(file_found);
	}
	(void)cpio_find(archive, size, names[test_random() % 5], &f);
	free(archive);
}

static size_t make_program(void)
{
	const Elf64_Half count = (Elf64_Half)PICK(1, 2, 3, 3, 8, 9);
	Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
			.e_type = ET_EXEC,
			.e_machine = EM_AARCH64,
			.e_entry = SERVICE_BASE + PICK(0, 0, 4, 0x1000, 0x3fff),
			.e_phoff = sizeof(h),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = count};

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &h, sizeof(h));
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr p = {
		    .p_type = once_in(8) ? PT_NOTE : PT_LOAD,
		    .p_flags = (Elf64_Word)PICK(PF_R, PF_R | PF_X, PF_R | PF_X, PF_R | PF_W,
						once_in(4) ? test_random() % 8 : PF_R),
		    .p_offset = PICK(0, 0x100, 0x100, 0x400, once_in(4) ? ~0ull : ROOM),
		    .p_vaddr = SERVICE_BASE + i * 0x2000 +
			       (once_in(12) ? PICK(~0xfffull, ELF_IMAGE_LIMIT - i * 0x2000)
					    : PICK(0, 0x10)),
		    .p_filesz = PICK(0, 0x10, 0x100, 0x100, once_in(4) ? ~0ull : 0x400),
		    .p_memsz = once_in(16) ? PICK(ELF_IMAGE_LIMIT, ~0ull, 0x2000)
					   : PICK(0, 0x400, 0x1000, 0x1800)};

		memcpy(bytes + sizeof(h) + i * sizeof(p), &p, sizeof(p));
	}
	return once_in(2) ? ROOM : fuzz_edit(bytes, once_in(2) ? 0x500 : ROOM, ROOM);
}

static void read_program(void)
{
	const size_t size = make_program();
	uint8_t *file = alone(size);
	struct elf_image image;
	bool runs = false;
	uint64_t end = SERVICE_BASE, pages = 0;

	if (elf_image_read(&image, file, size) == NULL) {
		reached(program_accepted);
		for (uint32_t i = 0; i < image.count; i++) {
			const struct elf_segment *s = &image.segments[i];
			const uint64_t room = s->pages * PAGES;

			CHECK(s->address % PAGES == 0 && s->address >= end);
			end = s->address + room;
			pages += s->pages;
			CHECK(end >= s->address && end <= SERVICE_BASE + ELF_IMAGE_LIMIT);
			CHECK(s->offset <= size && s->file_bytes <= size - s->offset);
			CHECK(s->skip <= room && s->file_bytes <= room - s->skip);
			CHECK(s->attributes & SPACE_ATTR_READ);
			CHECK(!(s->attributes & SPACE_ATTR_WRITE) ||
			      !(s->attributes & SPACE_ATTR_EXECUTE));
			runs |= s->attributes & SPACE_ATTR_EXECUTE && image.entry >= s->address &&
				image.entry < end;
		}
		CHECK(runs && pages == image.pages);
	}
	free(file);
}

static bool has_file(const char *name)
{
	return !strcmp(name, "program");
}

/* The schema's names have this much room or more. */
static void put_text(char *to, const char *text)
{
	const size_t length = strlen(text) + 1;

	CHECK(length <= 16);
	memcpy(to, text, length);
}

static void name(char *to)
{
	static const char *const names[] = {"ram", "ring", "a", "b", "program", ""};

	put_text(to, names[once_in(8) ? 5 : test_random() % 5]);
}

static uint64_t number(void)
{
	return PICK(0, 1, 7, 12, 21, 32, 1000, 4096, 4096, 0x10000, 0x200000, 1ull << 36, ~0ull,
		    ~0xfffull, 1ull << 62, test_random());
}

static uint64_t often(uint64_t right)
{
	return once_in(12) ? number() : right;
}

static void make_memory(skerry_Memory *m, const char *called)
{
	put_text(m->name, called);
	m->order = once_in(3) ? 21 : 12;
	m->size = often(0x400000);
	m->has_base = m->has_reserved = once_in(3);
	m->base = often(test_random() % 8 * 0x400000);
	m->has_dma = m->dma = once_in(2);
	m->reserved = once_in(2);
	if (once_in(16))
		name(m->name);
}

static void make_grant(skerry_Grant *g)
{
	static const char *const of[] = {"ram", "program", "a", "a", "wire"};

	g->kind = (skerry_GrantKind)(test_random() % 13);
	g->name[0] = (char)('a' + test_random() % 20);
	put_text(g->object, of[g->kind < 5 ? g->kind : 0]);
	if (once_in(8))
		name(g->object);
	g->has_object = g->has_badge = g->has_number = g->has_base = g->has_size = true;
	g->has_rights = g->has_address = g->has_order = once_in(2);
	g->rights = (uint32_t)PICK(RIGHT_READ, RIGHT_READ | RIGHT_WRITE, RIGHT_READ | RIGHT_DMA,
				   test_random() % 64);
	g->badge = often(3);
	g->number = (uint32_t)often(40);
	g->base = often(0x9000000);
	g->size = often(0x1000);
	g->address = often(0x400000);
	g->order = (uint32_t)often(12);
	if (once_in(16))
		g->name[0] = (char)(once_in(2) ? 0 : 'a');
}

static void make_manifest(void)
{
	static const char *const memories[] = {"ram", "ring", "x", "y"};
	static const char *const services[] = {"a", "b", "c"};

	memset(&manifest, 0, sizeof(manifest));
	manifest.core = once_in(32);
	manifest.memories_count = (pb_size_t)(1 + test_random() % 4);
	for (pb_size_t i = 0; i < manifest.memories_count; i++)
		make_memory(&manifest.memories[i], memories[i]);
	manifest.lines_count = 1;
	put_text(manifest.lines[0].name, "wire");
	manifest.services_count = (pb_size_t)(1 + test_random() % 3);
	for (pb_size_t i = 0; i < manifest.services_count && i < 3; i++) {
		skerry_Service *s = &manifest.services[i];

		put_text(s->name, services[i]);
		put_text(s->image, "program");
		if (once_in(16))
			name(once_in(2) ? s->name : s->image);
		s->priority = (uint32_t)often(20);
		s->period_us = (uint32_t)often(10000);
		s->budget_us = (uint32_t)often(1000);
		s->heap = often(65536);
		s->has_restart = once_in(4);
		s->restart = (skerry_RestartPolicy)(test_random() % 3);
		s->grants_count = (pb_size_t)(test_random() % 4);
		for (pb_size_t k = 0; k < s->grants_count; k++)
			make_grant(&s->grants[k]);
	}
}

/* What init does without looking again: memories by place, grants by name. */
static void check_manifest(const skerry_Manifest *m)
{
	for (pb_size_t i = 0; i < m->memories_count; i++) {
		const skerry_Memory *a = &m->memories[i];

		CHECK(a->order == 12 || a->order == 21);
		CHECK(a->size && a->size % (1ull << a->order) == 0);
		for (pb_size_t k = 0; a->has_base && k < i; k++) {
			const skerry_Memory *b = &m->memories[k];

			CHECK(a->base + (a->size - 1) >= a->base);
			CHECK(!b->has_base || a->base + (a->size - 1) < b->base ||
			      b->base + (b->size - 1) < a->base);
		}
	}
	for (pb_size_t i = 0; i < m->services_count; i++)
		for (pb_size_t k = 0; k < m->services[i].grants_count; k++) {
			const skerry_Grant *g = &m->services[i].grants[k];
			const int memory = manifest_memory(m, g->object);

			if (g->kind != skerry_GrantKind_GRANT_MEMORY)
				continue;
			CHECK(memory >= 0);
			if (g->has_rights && g->rights & RIGHT_DMA)
				CHECK(m->memories[memory].dma);
		}
}

static void read_manifest(void)
{
	static skerry_Manifest got;
	struct manifest_context context = {.core = 0, .has_file = has_file};
	pb_ostream_t stream = pb_ostream_from_buffer(bytes, sizeof(bytes));
	uint8_t *file;
	size_t size;

	make_manifest();
	CHECK(pb_encode(&stream, skerry_Manifest_fields, &manifest));
	size = once_in(2) ? stream.bytes_written : fuzz_edit(bytes, stream.bytes_written, ROOM);
	file = alone(size);
	if (manifest_decode(&got, file, size, &context) && manifest_check(&got, &context)) {
		reached(manifest_accepted);
		check_manifest(&got);
	} else {
		reached(manifest_refused);
		CHECK(context.error[0] && strlen(context.error) < sizeof(context.error));
	}
	free(file);
}

FUZZ(9000, 2048)
{
	switch (test_random() % 3) {
	case 0:
		read_archive();
		break;
	case 1:
		read_program();
		break;
	default:
		read_manifest();
		break;
	}
}
