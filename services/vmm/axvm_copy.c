/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This process's own access to guest memory. Addresses are the guest's choice: an access ends where
 * memory does, not where an area does, and what it does not reach it does not begin.
 */
#include <string.h>

#include "services/vmm/axvm_parts.h"
#include "services/vmm/hal.h"

/* The memory at gpa, as far as it reaches in one area; null: none. */
static uint8_t *piece(const struct axvm *vm, uint64_t gpa, uint64_t size, uint64_t *part,
		      uint32_t *flags)
{
	const size_t i = axvm_find(vm, gpa);
	const struct axvm_area *a = &vm->areas[i];
	uint64_t offset;

	if (i == vm->area_count || gpa < a->gpa || !a->host)
		return NULL;
	offset = gpa - a->gpa;
	*part = a->size - offset < size ? a->size - offset : size;
	*flags = a->flags;
	return a->host + offset;
}

uint8_t *axvm_memory(struct axvm *vm, uint64_t gpa, uint64_t size)
{
	uint64_t part = 0;
	uint32_t flags = 0;
	uint8_t *at = piece(vm, gpa, size, &part, &flags);

	/* Areas that touch may touch here as well. */
	for (uint64_t done = part; at && done < size; done += part) {
		if (piece(vm, gpa + done, size - done, &part, &flags) != at + done)
			return NULL;
	}
	return at;
}

/* Bytes of [gpa, gpa + size) that are memory, from its start on; *flags: those all areas have. */
static uint64_t reach(const struct axvm *vm, uint64_t gpa, uint64_t size, uint32_t *flags)
{
	uint64_t done = 0, part = 0;
	uint32_t of_area = 0;

	*flags = ~0u;
	while (done < size && piece(vm, gpa + done, size - done, &part, &of_area)) {
		*flags &= of_area;
		done += part;
	}
	return done;
}

uint8_t *axvm_writable(struct axvm *vm, uint64_t gpa, uint64_t size)
{
	uint32_t flags = 0;

	return reach(vm, gpa, size, &flags) == size && flags & AXVM_FLAG_WRITE
		   ? axvm_memory(vm, gpa, size)
		   : NULL;
}

static enum axvm_error check_access(const struct axvm *vm, uint64_t gpa, size_t size, size_t align,
				    bool write)
{
	const uint64_t room = gpa < vm->limit ? vm->limit - gpa : 0;
	uint32_t flags = 0;
	uint64_t bytes;

	if (align == 0 || (align & (align - 1)))
		return axvm_fail(vm, AXVM_INVALID_INPUT, "alignment %zu is no power of two", align);
	if (gpa & (align - 1))
		return axvm_fail(vm, AXVM_INVALID_INPUT, "Unaligned guest physical address 0x%lx",
				 (unsigned long)gpa);
	bytes = reach(vm, gpa, size < room ? size : room, &flags);
	if (room == 0 || (bytes == 0 && size != 0))
		return axvm_fail(vm, AXVM_INVALID_INPUT,
				 "Failed to translate guest physical address 0x%lx",
				 (unsigned long)gpa);
	if (bytes < size)
		return axvm_fail(vm, AXVM_INVALID_INPUT,
				 "Insufficient data at guest physical address 0x%lx",
				 (unsigned long)gpa);
	if (write && !(flags & AXVM_FLAG_WRITE))
		return axvm_fail(vm, AXVM_INVALID_INPUT,
				 "Guest physical address 0x%lx is read-only", (unsigned long)gpa);
	return AXVM_OK;
}

enum axvm_error axvm_read_from_guest_of(struct axvm *vm, uint64_t gpa, void *to, size_t size,
					size_t align)
{
	enum axvm_error error = check_access(vm, gpa, size, align, false);
	uint64_t part = 0;
	uint32_t flags = 0;

	for (uint64_t done = 0; !error && done < size; done += part) {
		const uint8_t *from = piece(vm, gpa + done, size - done, &part, &flags);

		memcpy((uint8_t *)to + done, from, part);
	}
	return error;
}

enum axvm_error axvm_write_to_guest_of(struct axvm *vm, uint64_t gpa, const void *from, size_t size,
				       size_t align)
{
	enum axvm_error error = check_access(vm, gpa, size, align, true);
	uint64_t part = 0;
	uint32_t flags = 0;

	for (uint64_t done = 0; !error && done < size; done += part) {
		uint8_t *to = piece(vm, gpa + done, size - done, &part, &flags);

		memcpy(to, (const uint8_t *)from + done, part);
		vm->hal->written(vm->hal->host, to, part);
	}
	return error;
}

enum axvm_error axvm_get_image_load_region(struct axvm *vm, uint64_t gpa, uint64_t size,
					   struct axvm_piece *pieces, size_t room, size_t *count)
{
	uint64_t part = 0;
	uint32_t flags = 0;
	size_t n = 0;

	if (gpa >= vm->limit || size > vm->limit - gpa || reach(vm, gpa, size, &flags) < size)
		return axvm_fail(vm, AXVM_BAD_STATE, "0x%lx bytes at 0x%lx are not all memory",
				 (unsigned long)size, (unsigned long)gpa);
	for (uint64_t done = 0; done < size; done += part) {
		uint8_t *at = piece(vm, gpa + done, size - done, &part, &flags);

		if (n == room)
			return axvm_fail(vm, AXVM_NO_MEMORY, "more than %zu pieces", room);
		pieces[n++] = (struct axvm_piece){at, part};
	}
	*count = n;
	return AXVM_OK;
}

uint8_t *axvm_ram(struct axvm *vm, uint64_t offset, uint64_t size)
{
	for (size_t i = 0; i < AXVM_REGIONS; i++) {
		const struct axvm_piece *p = &vm->ram[i];

		if (offset < p->size)
			return size <= p->size - offset ? p->address + offset : NULL;
		offset -= p->size;
	}
	return NULL;
}

bool axvm_ram_offset(const struct axvm *vm, const uint8_t *at, uint64_t *offset)
{
	uint64_t before = 0;

	for (size_t i = 0; i < AXVM_REGIONS; i++) {
		const uint64_t inside = (uintptr_t)at - (uintptr_t)vm->ram[i].address;

		if (inside < vm->ram[i].size) {
			*offset = before + inside;
			return true;
		}
		before += vm->ram[i].size;
	}
	return false;
}
