/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define INIT_PAGES ((64ull << 20) / PAGE)

char boot_host_said[256];
static jmp_buf failed;
static uint8_t mapped[INIT_PAGES];

bool boot_host_run(void (*f)(struct boot *b), struct boot *b)
{
	boot_host_said[0] = 0;
	if (setjmp(failed))
		return false;
	f(b);
	return true;
}

void boot_host_begin(void)
{
	memset(mapped, 0, sizeof(mapped));
}

/* As boot_say.c: every argument is looked at. */
void boot_fail(const struct boot *b, const char *format, ...)
{
	size_t at = 0;
	va_list arguments;

	(void)b;
	va_start(arguments, format);
	for (; *format && at < sizeof(boot_host_said) - 64; format++) {
		char *to = boot_host_said + at;
		const size_t room = sizeof(boot_host_said) - at;

		if (*format != '%')
			at += (size_t)snprintf(to, room, "%c", *format);
		else if (*++format == 's')
			at += (size_t)snprintf(to, room, "%.60s", va_arg(arguments, const char *));
		else
			at += (size_t)snprintf(to, room, *format == 'u' ? "%lu" : "0x%lx",
					       va_arg(arguments, uint64_t));
	}
	va_end(arguments);
	CHECK(boot_host_said[0]);
	longjmp(failed, 1);
}

const struct boot_uart boot_uarts[BOOT_UARTS] = {{.compatible = "arm,pl011"},
						 {.compatible = "cdns,uart-r1p12"}};

bool mmu_map(struct mmu *m, uint64_t base, uint64_t size, enum mmu_kind kind)
{
	(void)m;
	(void)base;
	(void)size;
	(void)kind;
	return true;
}

void boot_map(struct boot *b, uint64_t base, uint64_t size, enum mmu_kind kind)
{
	(void)kind;
	if (base + size < base || (base + size) >> 48 != 0)
		boot_fail(b, "memory at %x, size %x, cannot be mapped", base, size);
}

void boot_space_map(struct boot *b, struct boot_core *c, struct space *s, uint64_t va, uint64_t pa,
		    uint32_t attributes)
{
	const uint64_t page = (va - SERVICE_BASE) / PAGE;

	(void)s;
	(void)attributes;
	CHECK(va % PAGE == 0 && page < INIT_PAGES);
	CHECK(pa >= c->image && pa + PAGE <= c->image + c->image_bytes);
	if (mapped[page])
		boot_fail(b, "init: two segments share the page at %x", va);
	mapped[page] = 1;
}

void arch_zero(void *page, size_t bytes)
{
	memset(page, 0, bytes);
}

void boot_host_check_ranges(const struct ranges *set)
{
	CHECK(set->count <= RANGES);
	for (uint32_t i = 0; i < set->count; i++) {
		const struct range *r = &set->r[i];

		CHECK(r->size != 0);
		CHECK(r->base + (r->size - 1) >= r->base);
		if (i)
			CHECK(set->r[i - 1].base + set->r[i - 1].size < r->base &&
			      set->r[i - 1].base + set->r[i - 1].size != 0);
	}
}

static void check_apart(const struct ranges *set, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; size && i < set->count; i++)
		CHECK(set->r[i].base + (set->r[i].size - 1) < base ||
		      base + (size - 1) < set->r[i].base);
}

static void check_core(const struct boot *b, uint32_t number)
{
	const struct ranges *ram = &b->core[number].ram;

	boot_host_check_ranges(ram);
	check_apart(ram, b->image, b->image_end - b->image);
	check_apart(ram, b->bundle.base, b->bundle.size);
	check_apart(ram, (uint64_t)b->tree, b->tree_size);
	for (uint32_t i = 0; i < b->plan.range_count; i++)
		if (b->given[i])
			check_apart(ram, b->plan.ranges[i].base, b->plan.ranges[i].size);
	for (uint32_t i = 0; i < ram->count; i++) {
		CHECK((ram->r[i].base | ram->r[i].size) % PAGE == 0 && ram->r[i].base);
		CHECK(ranges_contain(&b->ram, ram->r[i].base, ram->r[i].size));
		for (uint32_t j = 0; j < number; j++)
			check_apart(&b->core[j].ram, ram->r[i].base, ram->r[i].size);
	}
}

void boot_host_check_split(const struct boot *b)
{
	boot_host_check_ranges(&b->free);
	for (uint32_t i = 0; i < b->cores; i++) {
		uint64_t bytes = 0, aside = 0;

		check_core(b, i);
		for (uint32_t j = 0; j < b->core[i].ram.count; j++)
			bytes += b->core[i].ram.r[j].size;
		for (uint32_t j = 0; j < b->plan.range_count; j++)
			if (b->plan.ranges[j].kind == PLAN_FIXED && b->plan.ranges[j].core == i)
				aside += b->plan.ranges[j].size;
		if (b->plan.cores[i].ram_bytes)
			CHECK_EQ(bytes, b->plan.cores[i].ram_bytes -
					    ((aside + PLAN_ALIGN - 1) & ~(PLAN_ALIGN - 1)));
	}
}

void boot_host_check_record(const struct boot *b, uint32_t number, const struct boot_record *r)
{
	CHECK_EQ(r->core, number);
	CHECK(r->region_count <= BOOT_REGIONS);
	for (uint32_t i = 0; i < r->region_count; i++) {
		const struct boot_region *a = &r->regions[i];
		const struct range range = {a->base, a->size};

		CHECK(a->size && (a->base | a->size) % PAGE == 0);
		CHECK(!range_overlap(&range, b->image, b->resident_end - b->image));
		CHECK(a->kind == BOOT_BUNDLE ||
		      !range_overlap(&range, b->bundle.base, b->bundle.size));
		for (uint32_t j = 0; j < i; j++)
			CHECK(!range_overlap(&range, r->regions[j].base, r->regions[j].size));
	}
}
