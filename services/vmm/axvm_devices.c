/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "services/vmm/axvm_parts.h"

#define PORTS 0x10000ull
#define PASSTHROUGH_FLAGS (AXVM_FLAG_DEVICE | AXVM_FLAG_READ | AXVM_FLAG_WRITE | AXVM_FLAG_USER)
#define PASSTHROUGH 40u /* of a config */

const struct axvm_device *axvm_get_devices(const struct axvm *vm, size_t *count)
{
	*count = vm->device_count;
	return vm->devices;
}

static uint64_t page_down(uint64_t address)
{
	return address & ~(PAGE - 1);
}

/* 0: beyond all addresses. */
static uint64_t page_up(uint64_t address)
{
	return page_down(address + PAGE - 1);
}

/* Registers and ports; MMIO ranges are areas, whose overlaps are found there. */
static enum axvm_error check_numbers(const struct axvm *vm, const struct axvm_device *device)
{
	const uint64_t end = device->bus == AXVM_BUS_PORT ? PORTS : 1ull << 32;

	if (device->size == 0 || device->base >= end || device->size > end - device->base)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "device %s: 0x%lx numbers from 0x%lx",
				 device->name, (unsigned long)device->size,
				 (unsigned long)device->base);
	for (size_t i = 0; i < vm->device_count; i++) {
		const struct axvm_device *d = &vm->devices[i];

		if (d->bus == device->bus && d->base < device->base + device->size &&
		    device->base < d->base + d->size)
			return axvm_fail(vm, AXVM_ALREADY_EXISTS, "device %s overlaps device %s",
					 device->name, d->name);
	}
	return AXVM_OK;
}

static enum axvm_error take_pages(struct axvm *vm, const struct axvm_device *device)
{
	const uint64_t first = page_down(device->base);

	if (device->size == 0 || device->size > ~device->base)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "device %s: 0x%lx bytes at 0x%lx",
				 device->name, (unsigned long)device->size,
				 (unsigned long)device->base);
	return axvm_take_region(vm, first, page_up(device->base + device->size) - first,
				device->name);
}

static enum axvm_error check_room(const struct axvm *vm)
{
	if (vm->device_count == AXVM_DEVICES)
		return axvm_fail(vm, AXVM_NO_MEMORY, "more than %d devices", AXVM_DEVICES);
	return AXVM_OK;
}

enum axvm_error axvm_add_device(struct axvm *vm, const struct axvm_device *device)
{
	enum axvm_error error = check_room(vm);

	if (!error)
		error = device->bus == AXVM_BUS_MMIO ? take_pages(vm, device)
						     : check_numbers(vm, device);
	if (!error)
		vm->devices[vm->device_count++] = *device;
	return error;
}

struct span { /* of guest pages that lie next to each other on the machine as well */
	uint64_t first, end, hpa;
	const char *name;
};

/* False: the pages of the device are no range of addresses. */
static bool span_of(const skerry_PassthroughDevice *d, struct span *s)
{
	s->first = page_down(d->base_gpa);
	s->hpa = page_down(d->base_hpa);
	s->end = page_up(d->base_gpa + d->length);
	s->name = d->name;
	return d->length && d->length <= ~d->base_gpa && s->end > s->first &&
	       d->length <= ~d->base_hpa;
}

/* By address; devices that touch or share pages, here and on the machine, become one. */
static size_t add_span(struct span *spans, size_t count, const struct span *s)
{
	size_t at = count;

	while (at > 0 && spans[at - 1].first > s->first) {
		spans[at] = spans[at - 1];
		at--;
	}
	spans[at] = *s;
	count++;
	for (size_t i = 0; i + 1 < count;) {
		struct span *a = &spans[i], *b = a + 1;

		if (b->first > a->end || b->hpa - b->first != a->hpa - a->first) {
			i++;
			continue;
		}
		a->end = b->end > a->end ? b->end : a->end;
		memmove(b, b + 1, (count - i - 2) * sizeof(*b));
		count--;
	}
	return count;
}

static enum axvm_error list_passthrough(struct axvm *vm, const skerry_PassthroughDevice *d)
{
	struct axvm_device *device = &vm->devices[vm->device_count];
	enum axvm_error error = check_room(vm);

	if (error)
		return error;
	*device = (struct axvm_device){
	    .kind = AXVM_DEVICE_PASSTHROUGH,
	    .base = d->base_gpa,
	    .size = d->length,
	    .hpa = d->base_hpa,
	    .irq = d->irq_id,
	};
	strncpy(device->name, d->name, sizeof(device->name) - 1);
	vm->device_count++;
	return AXVM_OK;
}

enum axvm_error axvm_add_passthrough(struct axvm *vm)
{
	const skerry_VmConfig *config = vm->config;
	struct span spans[PASSTHROUGH + 1] = {0};
	enum axvm_error error = AXVM_OK;
	size_t count = 0;

	for (size_t i = 0; i < config->passthrough_devices_count && !error; i++) {
		const skerry_PassthroughDevice *d = &config->passthrough_devices[i];
		struct span s;

		if (!span_of(d, &s) || (d->base_gpa ^ d->base_hpa) & (PAGE - 1))
			return axvm_fail(vm, AXVM_INVALID_INPUT,
					 "passthrough device %s: 0x%lx bytes at 0x%lx are not at "
					 "0x%lx of the machine",
					 d->name, (unsigned long)d->length,
					 (unsigned long)d->base_gpa, (unsigned long)d->base_hpa);
		count = add_span(spans, count, &s);
		error = list_passthrough(vm, d);
	}
	for (size_t i = 0; i < count && !error; i++)
		error = axvm_map_physical(vm, spans[i].first, spans[i].hpa,
					  spans[i].end - spans[i].first, PASSTHROUGH_FLAGS,
					  spans[i].name);
	return error;
}
