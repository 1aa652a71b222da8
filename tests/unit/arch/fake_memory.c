/* SPDX-License-Identifier: BSD-2-Clause */
/* RAM with a model of the cache around it, and of what each page is in use for. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "test.h"

#define PAGE 4096u
#define LINE 64u
#define GIB (1ull << 30)

static struct fake_memory *memories, *spare;

/* Kept for the next test: its pages are there already. */
static void memory_free(void *argument)
{
	struct fake_memory *m = argument;

	for (struct fake_memory **link = &memories; *link; link = &(*link)->next) {
		if (*link == m) {
			*link = m->next;
			break;
		}
	}
	m->next = spare;
	spare = m;
}

static struct fake_memory *take_spare(size_t size)
{
	for (struct fake_memory **link = &spare; *link; link = &(*link)->next) {
		struct fake_memory *m = *link;

		if (m->size == size) {
			*link = m->next;
			return m;
		}
	}
	return NULL;
}

struct fake_memory *fake_memory_new(size_t size)
{
	struct fake_memory *m = take_spare(size);

	CHECK(size % (2u << 20) == 0);
	if (!m) {
		m = calloc(1, sizeof(*m));
		CHECK(m);
		m->base = aligned_alloc(2u << 20, size);
		m->pages = calloc(size / PAGE, sizeof(m->pages[0]));
		CHECK(m->base && m->pages);
		m->size = size;
	}
	memset(m->pages, 0, size / PAGE * sizeof(m->pages[0]));
	memset(m->base, 0xa5, size);
	m->next = memories;
	memories = m;
	test_cleanup(memory_free, m);
	return m;
}

struct device_range {
	void *mapping;
	size_t size;
};

static void device_free(void *argument)
{
	struct device_range *d = argument;

	munmap(d->mapping, d->size);
	free(d);
}

void *fake_device_new(size_t size)
{
	struct device_range *d = malloc(sizeof(*d));

	CHECK(d);
	d->size = size + GIB;
	d->mapping =
	    mmap(NULL, d->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(d->mapping != MAP_FAILED);
	test_cleanup(device_free, d);
	return (void *)(((uintptr_t)d->mapping + GIB - 1) & ~(GIB - 1));
}

struct fake_page *fake_page(const void *address)
{
	const uint8_t *p = address;

	for (struct fake_memory *m = memories; m; m = m->next)
		if (p >= m->base && p < m->base + m->size)
			return &m->pages[(size_t)(p - m->base) / PAGE];
	return NULL;
}

static uint64_t lines(const void *address, size_t bytes)
{
	uint64_t first = (uintptr_t)address % PAGE / LINE, mask = 0;
	uint64_t end = ((uintptr_t)address % PAGE + bytes + LINE - 1) / LINE;

	for (uint64_t i = first; i < end; i++)
		mask |= 1ull << i;
	return mask;
}

void fake_dirty(void *address, size_t bytes)
{
	uint8_t *p = address;

	while (bytes > 0) {
		size_t part = PAGE - (uintptr_t)p % PAGE;
		struct fake_page *page = fake_page(p);

		if (part > bytes)
			part = bytes;
		CHECK(page);
		page->clean &= ~lines(p, part);
		p += part;
		bytes -= part;
	}
}

void fake_check_clean_zero(const void *address, size_t bytes)
{
	const uint8_t *p = address;

	for (size_t i = 0; i < bytes; i++)
		if (p[i])
			FAIL("byte %zu of %zu at %p is 0x%02x, not zero", i, bytes, address, p[i]);
	for (size_t i = 0; i < bytes; i += LINE)
		if ((fake_page(p + i)->clean & lines(p + i, 1)) == 0)
			FAIL("byte %zu of %zu at %p was not cleaned from the cache", i, bytes,
			     address);
}

static void zero_in_page(uint8_t *at, size_t bytes)
{
	struct fake_page *page = fake_page(at);

	if (!page)
		FAIL("arch_zero of %p, which is not RAM", (void *)at);
	if (page->table)
		FAIL("arch_zero of %p, a table in use", (void *)at);
	if (page->mapped)
		FAIL("arch_zero of %p, which is mapped %u times", (void *)at, page->mapped);
	memset(at, 0, bytes);
	page->clean |= lines(at, bytes);
}

void arch_zero(void *address, size_t bytes)
{
	uint8_t *at = address;
	size_t first = PAGE - (uintptr_t)at % PAGE;

	if (bytes == 0 || bytes > PAGE || bytes % LINE || (uintptr_t)at % LINE)
		FAIL("arch_zero of %zu bytes at %p", bytes, address);
	if (first > bytes)
		first = bytes;
	zero_in_page(at, first);
	if (first < bytes)
		zero_in_page(at + first, bytes - first);
}
