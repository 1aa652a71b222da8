/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/fuzz/boot/boot_host.c boot/boot_bundle.c boot/boot_memory.c boot/boot_range.c */
/* sources: boot/boot_check.c boot/boot_record.c boot/boot_tree.c */
/* sources: kernel/arch/aarch64/gicv3/boot_gic.c */
/* sources: services/init/cpio.c tests/fuzz/lib/cpio_write.c */
/*
 * The bundle as boot code reads it: archive, plan, and init's program, each right but for some
 * edits. It ends in one line; or the RAM is split as the plan says, init's pages are in its image,
 * and nothing beside the image was written. Both readers of archives find the same.
 */
#include "boot_host.h"
#include <libfdt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cpio_write.h"
#include "fuzz.h"
#include "services/init/cpio.h"

#define ROOM 0x8000u
#define RAM_BYTES (16u << 20)
#define INIT_BYTES 0x800u
#define PATTERN 0xa5

struct elf {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segments_at, sections_at;
	uint32_t flags;
	uint16_t header_bytes, segment_bytes, segment_count, section_bytes, section_count, names;
	struct {
		uint32_t type, flags;
		uint64_t offset, va, pa, file_bytes, memory_bytes, align;
	} segments[4];
};

REACH(loaded);
REACH(failed);

/* A tree of one node. */
static _Alignas(8) uint8_t empty[256];
static uint8_t bundle[ROOM], *ram;
static struct boot boot;

static size_t add(size_t at, const char *name, const void *data, size_t size, size_t padding)
{
	CHECK(at + size + padding + CPIO_WRITE_MOST <= ROOM);
	return cpio_write(bundle, at, name, padding + 1, data, size);
}

static struct boot_plan plan(void)
{
	struct boot_plan p = {.magic = PLAN_MAGIC, .version = PLAN_VERSION};
	uint8_t *bytes = (uint8_t *)&p;

	p.core_count = (uint32_t)(1 + test_random() % 3);
	for (uint32_t i = 0; i < 3; i++) {
		p.cores[i].hardware_index = once_in(16) ? (uint32_t)(test_random() % 6) : i;
		p.cores[i].ram_bytes = i ? PICK(1, 1, 2, 3) * PLAN_ALIGN : 0;
		p.cores[i].device_count = (uint32_t)PICK(0, 0, 0, 0, 1, 2, 16, once_in(4) ? 40 : 0);
		for (uint32_t j = 0; j < PLAN_DEVICES; j++)
			p.cores[i].devices[j] =
			    (struct plan_device){0x9010000 + (i * PLAN_DEVICES + j) * PAGE, PAGE};
		if (once_in(4))
			p.cores[i].devices[0] = (struct plan_device){
			    once_in(4) ? (uint64_t)ram : 0x9000000 + test_random() % 32 * PAGE,
			    test_random() % 3 * PAGE};
	}
	p.range_count = (uint32_t)PICK(0, 0, 0, 1, 1, 2, 3, once_in(4) ? 17 : 1);
	for (uint32_t i = 0; i < 3; i++)
		p.ranges[i] = (struct plan_range){
		    (once_in(2) ? (uint64_t)ram : 0x10000000) + test_random() % 4096 * PAGE,
		    (once_in(8) ? 0 : test_random() % 4 * PAGE + PAGE),
		    once_in(4) ? PLAN_NOBODY : (uint32_t)(test_random() % p.core_count),
		    (uint32_t)PICK(0, 1, 1, 2)};
	if (once_in(8))
		(void)fuzz_edit(bytes, sizeof(p), sizeof(p));
	return p;
}

static void program(uint8_t *to)
{
	struct elf e = {.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
			.type = 2,
			.machine = 183,
			.entry = SERVICE_BASE + PICK(0, 0, 0, 4, 0xfff, 0x4000000),
			.segments_at =
			    once_in(16) ? INIT_BYTES - 8 : offsetof(struct elf, segments),
			.header_bytes = 64,
			.segment_bytes = sizeof(e.segments[0]),
			.segment_count = (uint16_t)PICK(1, 2, 3, 3, 4, once_in(4) ? 17 : 1)};

	for (size_t i = 0; i < 4; i++) {
		e.segments[i].type = once_in(8) ? 6 : 1;
		e.segments[i].flags = (uint32_t)(test_random() % 8);
		e.segments[i].offset =
		    PICK(0, 0x100, 0x100, 0x400, once_in(4) ? ~0ull : INIT_BYTES);
		e.segments[i].va =
		    SERVICE_BASE + i * PICK(0x2000, 0x2000, 0x2000, 0x800) + PICK(0, 0, 16, 0xc00);
		e.segments[i].file_bytes = PICK(0, 0, 0x100, 0x100, 0x400, INIT_BYTES);
		e.segments[i].memory_bytes =
		    once_in(32) ? 64u << 20
				: PICK(0, 0x200, 0x800, 0x1000, 0x1800, e.segments[i].file_bytes);
	}
	memset(to, 0x11, INIT_BYTES);
	memcpy(to, &e, sizeof(e));
	if (once_in(4))
		(void)fuzz_edit(to, INIT_BYTES, INIT_BYTES);
}

static size_t make_bundle(void)
{
	const struct boot_plan p = plan();
	uint8_t init[INIT_BYTES];
	size_t at = 0;

	program(init);
	at = add(at, "plan", &p, once_in(32) ? sizeof(p) - 1 : sizeof(p), test_random() % 8);
	for (uint64_t n = test_random() % 3; n > 0; n--)
		at = add(at, once_in(2) ? "manifest.0" : "", init, test_random() % 64, 0);
	if (!once_in(32))
		at = add(at, "init", init, once_in(8) ? test_random() % INIT_BYTES : INIT_BYTES,
			 test_random() % 64);
	if (!once_in(16))
		at = add(at, "TRAILER!!!", NULL, 0, 0);
	return once_in(6) ? fuzz_edit(bundle, at, ROOM) : at;
}

/* No core has a device that another has, that is RAM, or that is the interrupt controller. */
static void check_devices(const struct boot *b)
{
	struct ranges given = b->ram;

	ranges_add(&given, b->distributor.base, b->distributor.size);
	for (uint32_t i = 0; i < b->cores; i++)
		for (uint32_t j = 0; j < b->plan.cores[i].device_count; j++) {
			const struct plan_device *d = &b->plan.cores[i].devices[j];

			CHECK(d->size && !ranges_overlap(&given, d->base, d->size));
			CHECK(ranges_add(&given, d->base, d->size));
		}
}

static void load(struct boot *b)
{
	static struct boot_record record;
	uint64_t entry;

	boot_bundle(b);
	CHECK(ranges_contain(&b->ram, b->bundle.base, b->bundle.size));
	boot_check(b);
	check_devices(b);
	boot_memory_split(b);
	boot_host_check_split(b);
	entry = boot_init_load(b, &b->core[0]);
	CHECK(entry - SERVICE_BASE < b->core[0].image_bytes);
	boot_init_map(b, &b->core[0], NULL);
	for (uint32_t i = 0; i < b->cores; i++) {
		memset(&record, 0, sizeof(record));
		boot_record_fill(b, &b->core[i], i, &record);
		boot_host_check_record(b, i, &record);
	}
}

/* All RAM is as it was, but for the image. */
static void check_ram(const struct boot_core *c)
{
	const uint8_t *from = (const uint8_t *)c->image, *to;

	if (!from)
		return;
	to = from + c->image_bytes;
	CHECK(from >= ram && to <= ram + RAM_BYTES);
	for (const uint8_t *p = ram; p < ram + RAM_BYTES; p += 512)
		if (p + 512 <= from || p >= to)
			CHECK(p[0] == PATTERN && memcmp(p, p + 1, 511) == 0);
	memset(ram + (from - ram), PATTERN, c->image_bytes);
}

static void begin(const uint8_t *file, size_t size)
{
	if (!ram) {
		ram = mmap(NULL, RAM_BYTES + PLAN_ALIGN, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(ram != MAP_FAILED);
		ram = (uint8_t *)(((uint64_t)ram + PLAN_ALIGN - 1) & ~(PLAN_ALIGN - 1));
		memset(ram, PATTERN, RAM_BYTES);
		CHECK_EQ(fdt_create_empty_tree(empty, sizeof(empty)), 0);
	}
	boot_host_begin();
	memset(&boot, 0, sizeof(boot));
	boot.cpu_count = 4;
	for (uint32_t i = 0; i < boot.cpu_count; i++)
		boot.affinities[i] = i;
	boot.level = BOOT_EL2;
	boot.bundle = (struct range){(uint64_t)file, size};
	boot.tree = empty;
	boot.distributor = (struct range){0x9004000, PAGE};
	boot.image = 0x200000;
	boot.image_end = 0x300000;
	boot.resident_end = 0x280000;
	ranges_add(&boot.ram, (uint64_t)ram, RAM_BYTES);
	boot.free = boot.ram;
	ranges_add(&boot.ram, (uint64_t)file, size);
	if (size > 2 && once_in(8))
		ranges_remove(&boot.ram, (uint64_t)file + test_random() % size, 1);
}

FUZZ(4000, 1024)
{
	size_t size;
	uint8_t *file;
	struct cpio_file f;

	begin(NULL, 0);
	size = make_bundle();
	file = malloc(size ? size : 1);
	CHECK(file);
	memcpy(file, bundle, size);
	begin(file, size);
	if (size && boot_host_run(load, &boot))
		reached(loaded);
	else
		reached(failed);
	if (boot.init.data && cpio_find(file, size, "init", &f))
		CHECK(f.data == boot.init.data && f.size == boot.init.size);
	check_ram(&boot.core[0]);
	free(file);
}
