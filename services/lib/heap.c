/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of the heap: a bit each, in the heap's own first pages. Memory comes zeroed from the
 * kernel, so only what was in use before is zeroed here. The runtime's lock is held by the callers.
 */
#include <string.h>

#include "runtime.h"

#define PAGE 4096u

static struct {
	uint8_t *base;
	uint64_t *used;		     /* a bit per page */
	size_t pages, touched, hint; /* touched: pages from here on were never in use */
} heap;

static bool is_used(size_t page)
{
	return heap.used[page / 64] >> page % 64 & 1;
}

static void mark(size_t first, size_t count, bool used)
{
	for (size_t page = first; page < first + count; page++) {
		uint64_t bit = 1ull << page % 64;

		if (used)
			heap.used[page / 64] |= bit;
		else
			heap.used[page / 64] &= ~bit;
	}
}

void heap_init(void *memory, size_t bytes)
{
	size_t pages = bytes / PAGE;
	size_t own = ((pages + 63) / 64 * 8 + PAGE - 1) / PAGE;

	if (pages <= own) {
		heap.pages = 0;
		return;
	}
	heap.base = memory;
	heap.used = memory;
	heap.pages = pages;
	heap.touched = heap.hint = own;
	mark(0, own, true);
}

static size_t find(size_t from, size_t count)
{
	size_t run = 0;

	for (size_t page = from; page < heap.pages; page++) {
		run = is_used(page) ? 0 : run + 1;
		if (run == count)
			return page + 1 - count;
	}
	return heap.pages;
}

void *heap_take(size_t bytes)
{
	size_t count = bytes / PAGE + (bytes % PAGE != 0);
	size_t first;

	if (!count || count > heap.pages)
		return NULL;
	first = find(heap.hint, count);
	if (first == heap.pages)
		return NULL;
	if (first == heap.hint)
		heap.hint = first + count;
	mark(first, count, true);
	if (first < heap.touched) {
		size_t old = heap.touched - first < count ? heap.touched - first : count;

		memset(heap.base + first * PAGE, 0, old * PAGE);
	}
	if (heap.touched < first + count)
		heap.touched = first + count;
	return heap.base + first * PAGE;
}

bool heap_give(void *memory, size_t bytes)
{
	size_t offset = (uintptr_t)memory - (uintptr_t)heap.base;
	size_t first = offset / PAGE;
	size_t count = bytes / PAGE + (bytes % PAGE != 0);

	if (!heap.pages || offset % PAGE || first >= heap.pages || count > heap.pages - first ||
	    (uint8_t *)memory < heap.base + PAGE)
		return false;
	for (size_t page = first; page < first + count; page++)
		if (!is_used(page))
			return false;
	mark(first, count, false);
	if (first < heap.hint)
		heap.hint = first;
	return true;
}
