/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's physical address space: areas, and access to what is memory. */
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/axvm.h"
#include "services/vmm/axvm_fail.h"
#include "services/vmm/hal.h"

#define PAGE 0x1000ull

/* The first area that ends above gpa; area_count: none. */
static size_t find(const struct axvm *vm, uint64_t gpa)
{
	size_t i = 0;

	while (i < vm->area_count && vm->areas[i].gpa + vm->areas[i].size <= gpa)
		i++;
	return i;
}

/* Where an area for the range goes. */
static enum axvm_error place(const struct axvm *vm, uint64_t gpa, uint64_t size, size_t *index)
{
	if (size == 0 || gpa >= vm->limit || size > vm->limit - gpa)
		return axvm_fail(AXVM_INVALID_INPUT,
				 "0x%lx bytes at 0x%lx: not in the guest's address space",
				 (unsigned long)size, (unsigned long)gpa);
	if (gpa % PAGE || size % PAGE)
		return axvm_fail(AXVM_INVALID_INPUT, "0x%lx bytes at 0x%lx: not whole pages",
				 (unsigned long)size, (unsigned long)gpa);
	*index = find(vm, gpa);
	if (*index < vm->area_count && vm->areas[*index].gpa < gpa + size)
		return axvm_fail(AXVM_ALREADY_EXISTS, "0x%lx bytes at 0x%lx overlap %s at 0x%lx",
				 (unsigned long)size, (unsigned long)gpa, vm->areas[*index].name,
				 (unsigned long)vm->areas[*index].gpa);
	if (vm->area_count == AXVM_AREAS)
		return axvm_fail(AXVM_NO_MEMORY, "more than %d memory areas", AXVM_AREAS);
	return AXVM_OK;
}

static void insert(struct axvm *vm, size_t index, uint64_t gpa, uint8_t *host, uint64_t size,
		   uint32_t flags, const char *name)
{
	struct axvm_area *a = &vm->areas[index];

	memmove(a + 1, a, (vm->area_count - index) * sizeof(*a));
	*a = (struct axvm_area){.gpa = gpa, .size = size, .host = host, .flags = flags};
	strncpy(a->name, name, sizeof(a->name) - 1);
	vm->area_count++;
}

enum axvm_error axvm_map_region(struct axvm *vm, uint64_t gpa, uint8_t *hpa, uint64_t size,
				uint32_t flags, const char *name)
{
	size_t index = 0;
	enum axvm_error error = place(vm, gpa, size, &index);
	int32_t status;

	if (error)
		return error;
	if ((uintptr_t)hpa % PAGE)
		return axvm_fail(AXVM_INVALID_INPUT, "memory for 0x%lx is not page aligned",
				 (unsigned long)gpa);
	status = vm->hal->map(vm->hal->host, gpa, hpa, size, flags);
	if (status == NOT_FOUND)
		return axvm_fail(AXVM_INVALID_INPUT, "memory for 0x%lx is not this VM's",
				 (unsigned long)gpa);
	if (status)
		return axvm_fail(AXVM_BAD_STATE, "0x%lx bytes at 0x%lx cannot be mapped (%d)",
				 (unsigned long)size, (unsigned long)gpa, status);
	insert(vm, index, gpa, hpa, size, flags, name);
	return AXVM_OK;
}

enum axvm_error axvm_take_region(struct axvm *vm, uint64_t gpa, uint64_t size, const char *name)
{
	size_t index = 0;
	enum axvm_error error = place(vm, gpa, size, &index);

	if (error)
		return error;
	insert(vm, index, gpa, NULL, size, 0, name);
	return AXVM_OK;
}

uint8_t *axvm_memory(struct axvm *vm, uint64_t gpa, uint64_t size)
{
	size_t i = find(vm, gpa);
	struct axvm_area *a = &vm->areas[i];

	if (i == vm->area_count || gpa < a->gpa || !a->host || size > a->size - (gpa - a->gpa))
		return NULL;
	return a->host + (gpa - a->gpa);
}

/* Copies piece by piece; with `check` set it only looks whether all of it is memory. */
static bool copy(struct axvm *vm, uint64_t gpa, uint8_t *to, const uint8_t *from, size_t size,
		 bool check)
{
	for (size_t done = 0; done < size;) {
		size_t i = find(vm, gpa + done), part;
		struct axvm_area *a = &vm->areas[i];
		uint64_t offset;

		if (i == vm->area_count || gpa + done < a->gpa || !a->host)
			return false;
		offset = gpa + done - a->gpa;
		part = a->size - offset < size - done ? (size_t)(a->size - offset) : size - done;
		if (!check && to)
			memcpy(to + done, a->host + offset, part);
		else if (!check)
			memcpy(a->host + offset, from + done, part);
		done += part;
	}
	return true;
}

static enum axvm_error check_access(struct axvm *vm, uint64_t gpa, size_t size)
{
	if (gpa >= vm->limit || !copy(vm, gpa, NULL, NULL, size ? 1 : 0, true))
		return axvm_fail(AXVM_INVALID_INPUT,
				 "Failed to translate guest physical address 0x%lx",
				 (unsigned long)gpa);
	if (size > vm->limit - gpa || !copy(vm, gpa, NULL, NULL, size, true))
		return axvm_fail(AXVM_INVALID_INPUT,
				 "Insufficient data at guest physical address 0x%lx",
				 (unsigned long)gpa);
	return AXVM_OK;
}

enum axvm_error axvm_read_from_guest_of(struct axvm *vm, uint64_t gpa, void *to, size_t size,
					size_t align)
{
	enum axvm_error error;

	if (gpa & (align - 1))
		return axvm_fail(AXVM_INVALID_INPUT, "Unaligned guest physical address 0x%lx",
				 (unsigned long)gpa);
	error = check_access(vm, gpa, size);
	if (!error)
		copy(vm, gpa, to, NULL, size, false);
	return error;
}

enum axvm_error axvm_write_to_guest_of(struct axvm *vm, uint64_t gpa, const void *from, size_t size)
{
	enum axvm_error error = check_access(vm, gpa, size);

	if (!error)
		copy(vm, gpa, NULL, from, size, false);
	return error;
}

const struct axvm_area *axvm_area_at(const struct axvm *vm, uint64_t gpa,
				     const struct axvm_area **below, const struct axvm_area **above)
{
	size_t i = find(vm, gpa);

	if (i < vm->area_count && vm->areas[i].gpa <= gpa)
		return &vm->areas[i];
	*below = i > 0 ? &vm->areas[i - 1] : NULL;
	*above = i < vm->area_count ? &vm->areas[i] : NULL;
	return NULL;
}
