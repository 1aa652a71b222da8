/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bundle: a cpio archive (newc) with the boot plan and init among its files. Nothing in it is
 * trusted to be well formed.
 */
#include "boot.h"
#include "sysreg.h"

#define CPIO_HEADER 110u
#define CPIO_SIZE_AT 54u
#define CPIO_NAME_AT 94u
#define IMAGE_LIMIT (64ull << 20)

#define ELF_AARCH64 183
#define ELF_EXECUTABLE 2
#define ELF_LOAD 1
#define ELF_SEGMENTS 16
#define ELF_X 1u
#define ELF_W 2u
#define ELF_R 4u

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segments_at, sections_at;
	uint32_t flags;
	uint16_t header_bytes, segment_bytes, segment_count, section_bytes, section_count, names;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, va, pa, file_bytes, memory_bytes, align;
};

/* Eight hexadecimal digits; ~0 when they are none. */
static uint64_t cpio_number(const uint8_t *p)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++) {
		uint8_t c = p[i] | 32;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return ~0ull;
	}
	return value;
}

static bool bytes_equal(const uint8_t *a, const void *b, uint64_t bytes)
{
	return __builtin_memcmp(a, b, bytes) == 0;
}

/* `name_bytes` counts the zero at the end; more zeros may follow, which align the data. */
static struct boot_file find_file(const struct boot *b, const char *name, uint64_t name_bytes)
{
	const uint8_t *start = (const uint8_t *)b->bundle.base;
	uint64_t at = 0, left = b->bundle.size;

	while (left - at >= CPIO_HEADER) {
		uint64_t size = cpio_number(start + at + CPIO_SIZE_AT);
		uint64_t length = cpio_number(start + at + CPIO_NAME_AT);
		uint64_t data;

		if (!bytes_equal(start + at, "070701", 6))
			break;
		if (size > left || length > left)
			break;
		data = (at + CPIO_HEADER + length + 3) & ~3ull;
		if (data > left || size > left - data)
			break;
		if (length >= name_bytes && bytes_equal(start + at + CPIO_HEADER, name, name_bytes))
			return (struct boot_file){start + data, size};
		if (length >= 11 && bytes_equal(start + at + CPIO_HEADER, "TRAILER!!!", 11))
			boot_fail(b, "no file \"%s\" in the bundle (the initrd)", name);
		at = (data + size + 3) & ~3ull;
		if (at > left)
			break;
	}
	boot_fail(b, "the bundle (the initrd) is no whole cpio archive, newc format");
}

/* Of a range set aside: another range, or a device, that overlaps it; null: none does. */
static const uint64_t *overlapping(const struct boot_plan *p, uint32_t index)
{
	struct range r = {p->ranges[index].base, p->ranges[index].size};

	for (uint32_t i = 0; i < index; i++)
		if (range_overlap(&r, p->ranges[i].base, p->ranges[i].size))
			return &p->ranges[i].base;
	for (uint32_t i = 0; i < p->core_count; i++)
		for (uint32_t j = 0; j < p->cores[i].device_count; j++)
			if (range_overlap(&r, p->cores[i].devices[j].base,
					  p->cores[i].devices[j].size))
				return &p->cores[i].devices[j].base;
	return NULL;
}

static void check_ranges(const struct boot *b)
{
	for (uint32_t i = 0; i < b->plan.range_count; i++) {
		const struct plan_range *r = &b->plan.ranges[i];
		const uint64_t *other;

		if (r->size == 0 || (r->base | r->size) & (PAGE - 1) ||
		    r->base + r->size < r->base || (r->base + r->size - 1) >> 48 != 0 ||
		    r->kind > PLAN_RESERVED ||
		    (r->core >= b->cores && (r->core != PLAN_NOBODY || r->kind == PLAN_FIXED)))
			boot_fail(b, "plan: range %x, size %x, is no range of pages for a core",
				  r->base, r->size);
		other = overlapping(&b->plan, i);
		if (other != NULL)
			boot_fail(b, "plan: ranges %x and %x overlap", *other, r->base);
	}
}

static void read_plan(struct boot *b)
{
	struct boot_file file = find_file(b, "plan", 5);

	if (file.size != sizeof(b->plan))
		boot_fail(b, "plan: %u bytes instead of %u", file.size, sizeof(b->plan));
	__builtin_memcpy(&b->plan, file.data, sizeof(b->plan));
	if (b->plan.magic != PLAN_MAGIC || b->plan.version != PLAN_VERSION)
		boot_fail(b, "plan: made for another version of the kernel");
	if (b->plan.core_count == 0 || b->plan.core_count > PLAN_CORES)
		boot_fail(b, "plan: %u cores, 1 to %u are possible", (uint64_t)b->plan.core_count,
			  (uint64_t)PLAN_CORES);
	if (b->plan.range_count > PLAN_RANGES)
		boot_fail(b, "plan: more than %u ranges", (uint64_t)PLAN_RANGES);
	b->cores = b->plan.core_count;
	for (uint32_t i = 0; i < b->cores; i++) {
		if (b->plan.cores[i].device_count > PLAN_DEVICES)
			boot_fail(b, "plan: core %u has more than %u devices", (uint64_t)i,
				  (uint64_t)PLAN_DEVICES);
		if (b->plan.cores[i].ram_bytes % PLAN_ALIGN != 0)
			boot_fail(b, "plan: RAM of core %u is not a multiple of 2 MiB",
				  (uint64_t)i);
	}
	check_ranges(b);
}

static struct elf_header read_header(const struct boot *b)
{
	static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1}; /* 64 bits, little endian */
	struct elf_header h;

	if (b->init.size < sizeof(h))
		boot_fail(b, "init: not a program");
	__builtin_memcpy(&h, b->init.data, sizeof(h));
	if (!bytes_equal(h.ident, ident, sizeof(ident)) || h.machine != ELF_AARCH64 ||
	    h.type != ELF_EXECUTABLE || h.segment_bytes != sizeof(struct elf_segment))
		boot_fail(b, "init: not a static ELF program for aarch64");
	if (h.segment_count > ELF_SEGMENTS || h.segments_at > b->init.size ||
	    h.segment_count * sizeof(struct elf_segment) > b->init.size - h.segments_at)
		boot_fail(b, "init: bad program headers");
	return h;
}

/* False: not a segment that is loaded. */
static bool read_segment(const struct boot *b, const struct elf_header *h, uint32_t i,
			 struct elf_segment *s)
{
	__builtin_memcpy(s, b->init.data + h->segments_at + i * sizeof(*s), sizeof(*s));
	if (s->type != ELF_LOAD || s->memory_bytes == 0)
		return false;
	if (s->va < SERVICE_BASE || s->memory_bytes > IMAGE_LIMIT ||
	    s->va - SERVICE_BASE > IMAGE_LIMIT - s->memory_bytes ||
	    s->file_bytes > s->memory_bytes || s->file_bytes > b->init.size ||
	    (s->file_bytes != 0 && s->offset > b->init.size - s->file_bytes))
		boot_fail(b, "init: segment %u is out of bounds", (uint64_t)i);
	return true;
}

/* Boot loaders reserve the initrd, so it need not be in what is free. */
void boot_bundle(struct boot *b)
{
	if (!ranges_contain(&b->ram, b->bundle.base, b->bundle.size))
		boot_fail(b, "the initrd at %x is not in RAM", b->bundle.base);
	boot_map(b, b->bundle.base, b->bundle.size, MMU_DATA);
	read_plan(b);
	b->init = find_file(b, "init", 5);
}

/* What a segment does not fill stays zero, as boot_alloc made it. */
uint64_t boot_init_load(struct boot *b, struct boot_core *c)
{
	struct elf_header h = read_header(b);
	struct elf_segment s;
	uint64_t end = SERVICE_BASE;

	for (uint32_t i = 0; i < h.segment_count; i++)
		if (read_segment(b, &h, i, &s) && s.va + s.memory_bytes > end)
			end = s.va + s.memory_bytes;
	if (h.entry < SERVICE_BASE || h.entry >= end)
		boot_fail(b, "init: its entry %x is not in it", h.entry);
	c->image_bytes = (end - SERVICE_BASE + PAGE - 1) & ~(PAGE - 1);
	c->image = (uint64_t)boot_alloc(b, c, c->image_bytes, PAGE);
	for (uint32_t i = 0; i < h.segment_count; i++)
		if (read_segment(b, &h, i, &s))
			__builtin_memcpy((void *)(c->image + (s.va - SERVICE_BASE)),
					 b->init.data + s.offset, s.file_bytes);
	cache_clean((void *)c->image, c->image_bytes);
	return h.entry;
}

void boot_init_map(struct boot *b, struct boot_core *c, struct space *space)
{
	struct elf_header h = read_header(b);
	struct elf_segment s;

	for (uint32_t i = 0; i < h.segment_count; i++) {
		uint32_t attributes;
		uint64_t at;

		if (!read_segment(b, &h, i, &s))
			continue;
		attributes = ((s.flags & ELF_R) != 0 ? SPACE_ATTR_READ : 0) |
			     ((s.flags & ELF_W) != 0 ? SPACE_ATTR_WRITE : 0) |
			     ((s.flags & ELF_X) != 0 ? SPACE_ATTR_EXECUTE : 0);
		for (at = s.va & ~(PAGE - 1); at < s.va + s.memory_bytes; at += PAGE)
			boot_space_map(b, c, space, at, c->image + (at - SERVICE_BASE), attributes);
	}
}
