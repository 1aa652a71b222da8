/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's physical address space: areas, and what is mapped in them. */
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/axvm_parts.h"
#include "services/vmm/hal.h"

size_t axvm_find(const struct axvm *vm, uint64_t gpa)
{
	size_t i = 0;

	while (i < vm->area_count && vm->areas[i].gpa + vm->areas[i].size <= gpa)
		i++;
	return i;
}

/* Range, then alignment, also of what is to be mapped there. */
static enum axvm_error check_range(const struct axvm *vm, uint64_t gpa, uint64_t size, uint64_t hpa)
{
	if (size == 0 || gpa >= vm->limit || size > vm->limit - gpa)
		return axvm_fail(vm, AXVM_INVALID_INPUT,
				 "0x%lx bytes at 0x%lx: not in the guest's address space",
				 (unsigned long)size, (unsigned long)gpa);
	if (gpa % PAGE || size % PAGE)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "0x%lx bytes at 0x%lx: not whole pages",
				 (unsigned long)size, (unsigned long)gpa);
	if (hpa % PAGE || size > ~hpa)
		return axvm_fail(vm, AXVM_INVALID_INPUT,
				 "memory at 0x%lx for 0x%lx: not whole pages", (unsigned long)hpa,
				 (unsigned long)gpa);
	return AXVM_OK;
}

/* Where an area for the range goes. */
static enum axvm_error place(const struct axvm *vm, uint64_t gpa, uint64_t size, uint64_t hpa,
			     size_t *index)
{
	enum axvm_error error = check_range(vm, gpa, size, hpa);

	if (error)
		return error;
	*index = axvm_find(vm, gpa);
	if (*index < vm->area_count && vm->areas[*index].gpa < gpa + size)
		return axvm_fail(vm, AXVM_ALREADY_EXISTS,
				 "0x%lx bytes at 0x%lx overlap %s at 0x%lx", (unsigned long)size,
				 (unsigned long)gpa, vm->areas[*index].name,
				 (unsigned long)vm->areas[*index].gpa);
	if (!axvm_ivc_allows(vm, gpa, size))
		return axvm_fail(
		    vm, AXVM_ALREADY_EXISTS, "0x%lx bytes at 0x%lx overlap the IVC device at 0x%lx",
		    (unsigned long)size, (unsigned long)gpa, (unsigned long)vm->window.gpa);
	if (vm->area_count == AXVM_AREAS)
		return axvm_fail(vm, AXVM_NO_MEMORY, "more than %d memory areas", AXVM_AREAS);
	return AXVM_OK;
}

static void insert(struct axvm *vm, size_t index, const struct axvm_area *area)
{
	struct axvm_area *a = &vm->areas[index];

	memmove(a + 1, a, (vm->area_count - index) * sizeof(*a));
	*a = *area;
	vm->area_count++;
}

static struct axvm_area area_of(uint64_t gpa, uint64_t size, uint32_t flags, const char *name)
{
	struct axvm_area a = {.gpa = gpa, .size = size, .flags = flags, .mapped = flags != 0};

	strncpy(a.name, name, sizeof(a.name) - 1);
	return a;
}

static enum axvm_error check_flags(const struct axvm *vm, uint32_t flags)
{
	const uint32_t rights = AXVM_FLAG_READ | AXVM_FLAG_WRITE | AXVM_FLAG_EXECUTE;

	if (!(flags & rights) ||
	    flags & ~(rights | AXVM_FLAG_USER | AXVM_FLAG_DEVICE | AXVM_FLAG_UNCACHED))
		return axvm_fail(vm, AXVM_INVALID_INPUT, "Illegal flags 0x%x", flags);
	return AXVM_OK;
}

enum axvm_error axvm_map_region(struct axvm *vm, uint64_t gpa, uint8_t *hpa, uint64_t size,
				uint32_t flags, const char *name)
{
	struct axvm_area area = area_of(gpa, size, flags, name);
	size_t index = 0;
	enum axvm_error error = place(vm, gpa, size, (uintptr_t)hpa, &index);
	int32_t status;

	if (!error)
		error = check_flags(vm, flags);
	if (error)
		return error;
	status = vm->hal->map(vm->hal->host, gpa, hpa, size, flags);
	if (status == NOT_FOUND)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "memory for 0x%lx is not this VM's",
				 (unsigned long)gpa);
	if (status)
		return axvm_fail(vm, axvm_error_of(status),
				 "0x%lx bytes at 0x%lx cannot be mapped (%d)", (unsigned long)size,
				 (unsigned long)gpa, status);
	area.host = hpa;
	insert(vm, index, &area);
	return AXVM_OK;
}

enum axvm_error axvm_map_physical(struct axvm *vm, uint64_t gpa, uint64_t hpa, uint64_t size,
				  uint32_t flags, const char *name)
{
	const struct axvm_area area = area_of(gpa, size, flags, name);
	size_t index = 0;
	enum axvm_error error = place(vm, gpa, size, hpa, &index);
	int32_t status;

	if (!error)
		error = check_flags(vm, flags);
	if (error)
		return error;
	status = vm->hal->map_physical(vm->hal->host, gpa, hpa, size, flags);
	if (status)
		return axvm_fail(vm, axvm_error_of(status),
				 "%s, 0x%lx bytes at 0x%lx, cannot be passed through to 0x%lx (%d)",
				 name, (unsigned long)size, (unsigned long)hpa, (unsigned long)gpa,
				 status);
	insert(vm, index, &area);
	return AXVM_OK;
}

enum axvm_error axvm_take_region(struct axvm *vm, uint64_t gpa, uint64_t size, const char *name)
{
	const struct axvm_area area = area_of(gpa, size, 0, name);
	size_t index = 0;
	enum axvm_error error = place(vm, gpa, size, 0, &index);

	if (!error)
		insert(vm, index, &area);
	return error;
}

/* Whether anything in the range is mapped, and whether one area is cut in two. */
static bool look(const struct axvm *vm, uint64_t gpa, uint64_t end, bool *cut)
{
	bool mapped = false;

	*cut = false;
	for (size_t i = axvm_find(vm, gpa); i < vm->area_count && vm->areas[i].gpa < end; i++) {
		const struct axvm_area *a = &vm->areas[i];

		mapped |= a->mapped;
		*cut |= a->mapped && a->gpa < gpa && end < a->gpa + a->size;
	}
	return mapped;
}

/* The area from `at` on, which lies in it. */
static struct axvm_area rest_of(const struct axvm_area *a, uint64_t at)
{
	struct axvm_area rest = *a;

	rest.gpa = at;
	rest.size = a->gpa + a->size - at;
	rest.host = a->host ? a->host + (at - a->gpa) : NULL;
	return rest;
}

static void remove_mapped(struct axvm *vm, uint64_t gpa, uint64_t end)
{
	size_t i = axvm_find(vm, gpa);

	while (i < vm->area_count && vm->areas[i].gpa < end) {
		struct axvm_area *a = &vm->areas[i];
		const uint64_t a_end = a->gpa + a->size;

		if (!a->mapped) {
			i++;
			continue;
		}
		if (a_end > end) {
			struct axvm_area above = rest_of(a, end);

			if (a->gpa < gpa) {
				a->size = gpa - a->gpa;
				insert(vm, i + 1, &above);
			} else {
				*a = above;
			}
			return;
		}
		if (a->gpa < gpa) {
			a->size = gpa - a->gpa;
			i++;
			continue;
		}
		vm->area_count--;
		memmove(a, a + 1, (vm->area_count - i) * sizeof(*a));
	}
}

enum axvm_error axvm_unmap_region(struct axvm *vm, uint64_t gpa, uint64_t size)
{
	enum axvm_error error = check_range(vm, gpa, size, 0);
	bool cut;
	int32_t status;

	if (error || !look(vm, gpa, gpa + size, &cut))
		return error;
	if (cut && vm->area_count == AXVM_AREAS)
		return axvm_fail(vm, AXVM_NO_MEMORY, "more than %d memory areas", AXVM_AREAS);
	status = vm->hal->unmap(vm->hal->host, gpa, size);
	if (status)
		return axvm_fail(vm, axvm_error_of(status),
				 "0x%lx bytes at 0x%lx cannot be unmapped (%d)",
				 (unsigned long)size, (unsigned long)gpa, status);
	remove_mapped(vm, gpa, gpa + size);
	return AXVM_OK;
}

const struct axvm_area *axvm_area_at(const struct axvm *vm, uint64_t gpa,
				     const struct axvm_area **below, const struct axvm_area **above)
{
	size_t i = axvm_find(vm, gpa);

	if (i < vm->area_count && vm->areas[i].gpa <= gpa)
		return &vm->areas[i];
	*below = i > 0 ? &vm->areas[i - 1] : NULL;
	*above = i < vm->area_count ? &vm->areas[i] : NULL;
	return NULL;
}
