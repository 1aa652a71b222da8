/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest addresses for channels between VMs. What is mapped there is services/vmm/ivc.c's matter. */
#include <string.h>

#include "services/vmm/axvm_parts.h"

enum axvm_error axvm_add_ivc(struct axvm *vm)
{
	for (size_t i = 0; i < vm->config->emu_devices_count; i++) {
		const skerry_EmulatedDevice *d = &vm->config->emu_devices[i];
		const uint64_t gpa = (d->base_gpa + PAGE - 1) & ~(PAGE - 1);
		const uint64_t end = (d->base_gpa + d->length) & ~(PAGE - 1);
		size_t at;

		if (d->emu_type != EMU_IVC_CHANNEL)
			continue;
		if (d->length > ~d->base_gpa || gpa < d->base_gpa || end <= gpa || end > vm->limit)
			return axvm_fail(vm, AXVM_INVALID_INPUT,
					 "IVC device %s: no whole page in 0x%lx bytes at 0x%lx",
					 d->name, (unsigned long)d->length,
					 (unsigned long)d->base_gpa);
		at = axvm_find(vm, gpa);
		if (at < vm->area_count && vm->areas[at].gpa < end)
			return axvm_fail(vm, AXVM_ALREADY_EXISTS, "IVC device %s overlaps %s",
					 d->name, vm->areas[at].name);
		vm->window = (struct axvm_channel){gpa, end - gpa};
		return AXVM_OK;
	}
	return AXVM_OK;
}

bool axvm_ivc_allows(const struct axvm *vm, uint64_t gpa, uint64_t size)
{
	const struct axvm_channel *w = &vm->window;

	if (gpa >= w->gpa + w->size || gpa + size <= w->gpa)
		return true;
	for (size_t i = 0; i < vm->channel_count; i++) {
		const struct axvm_channel *c = &vm->channels[i];

		if (gpa >= c->gpa && gpa + size <= c->gpa + c->size)
			return true;
	}
	return false;
}

static enum axvm_error check_size(const struct axvm *vm, uint64_t size)
{
	if (size == 0)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "IVC channel of size 0");
	if (vm->window.size == 0)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "IVC channel not exists");
	return AXVM_OK;
}

/* The index where a channel of that size goes, and its address. False: no gap is so large. */
static bool first_gap(const struct axvm *vm, uint64_t size, size_t *index, uint64_t *gpa)
{
	uint64_t from = vm->window.gpa;

	for (size_t i = 0; i <= vm->channel_count; i++) {
		uint64_t end =
		    i < vm->channel_count ? vm->channels[i].gpa : vm->window.gpa + vm->window.size;

		if (end - from >= size) {
			*index = i;
			*gpa = from;
			return true;
		}
		if (i < vm->channel_count)
			from = vm->channels[i].gpa + vm->channels[i].size;
	}
	return false;
}

enum axvm_error axvm_alloc_ivc_channel(struct axvm *vm, uint64_t expected_size, uint64_t *gpa,
				       uint64_t *size)
{
	enum axvm_error error = check_size(vm, expected_size);
	uint64_t rounded, address = 0;
	struct axvm_channel *c;
	size_t index = 0;

	if (error)
		return error;
	/* Beyond the window before rounding, which could wrap. */
	rounded = expected_size > vm->window.size ? expected_size
						  : (expected_size + PAGE - 1) & ~(PAGE - 1);
	if (vm->channel_count == AXVM_CHANNELS || !first_gap(vm, rounded, &index, &address))
		return axvm_fail(vm, AXVM_NO_MEMORY, "no room for an IVC channel of 0x%lx bytes",
				 (unsigned long)expected_size);
	c = &vm->channels[index];
	memmove(c + 1, c, (vm->channel_count - index) * sizeof(*c));
	*c = (struct axvm_channel){address, rounded};
	vm->channel_count++;
	*gpa = address;
	*size = rounded;
	return AXVM_OK;
}

enum axvm_error axvm_release_ivc_channel(struct axvm *vm, uint64_t gpa, uint64_t size)
{
	enum axvm_error error = check_size(vm, size);
	size_t i = 0, area;

	if (error)
		return error;
	while (i < vm->channel_count &&
	       (vm->channels[i].gpa != gpa || vm->channels[i].size != size))
		i++;
	if (i == vm->channel_count)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "no IVC channel of 0x%lx bytes at 0x%lx",
				 (unsigned long)size, (unsigned long)gpa);
	area = axvm_find(vm, gpa);
	if (area < vm->area_count && vm->areas[area].gpa < gpa + size)
		return axvm_fail(vm, AXVM_BAD_STATE, "the IVC channel at 0x%lx is mapped",
				 (unsigned long)gpa);
	vm->channel_count--;
	memmove(&vm->channels[i], &vm->channels[i + 1],
		(vm->channel_count - i) * sizeof(vm->channels[0]));
	return AXVM_OK;
}
