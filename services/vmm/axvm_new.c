/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a configuration to a VM, and back to nothing. What a step made is noted in the object before
 * the next, so that one function takes back a whole VM and half of one.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/axvm_parts.h"
#include "services/vmm/hal.h"

#define FLAGS_KNOWN 0x3fu

_Static_assert(sizeof(((skerry_VmConfig *)0)->memory_regions) ==
		   AXVM_REGIONS * sizeof(skerry_MemoryRegion),
	       "a VM has as much memory as a config has regions");

static enum axvm_error check_config(const struct axvm *vm)
{
	const skerry_VmConfig *config = vm->config;

	if (config->cpu_num == 0 || config->cpu_num > AXVM_VCPUS)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "cpu_num is %u, can be 1 to %u",
				 config->cpu_num, AXVM_VCPUS);
	if (config->phys_cpu_ids_count > config->cpu_num ||
	    config->phys_cpu_sets_count > config->cpu_num)
		return axvm_fail(vm, AXVM_INVALID_INPUT,
				 "phys_cpu_ids has %u entries and phys_cpu_sets %u, for %u vCPUs",
				 (unsigned int)config->phys_cpu_ids_count,
				 (unsigned int)config->phys_cpu_sets_count, config->cpu_num);
	for (size_t i = 0; i < config->memory_regions_count; i++) {
		if (config->memory_regions[i].flags & ~FLAGS_KNOWN)
			return axvm_fail(vm, AXVM_INVALID_INPUT,
					 "Illegal flags 0x%x of memory region %zu",
					 config->memory_regions[i].flags, i);
	}
	return AXVM_OK;
}

static enum axvm_error add_memory(struct axvm *vm, uint32_t index)
{
	const skerry_MemoryRegion *region = &vm->config->memory_regions[index];
	const struct hal *hal = vm->hal;
	char name[8] = {'r', 'a', 'm', (char)('0' + index), '\0'};
	uint8_t *memory;

	/* A device is no memory: whoever serves it takes its range. */
	if (region->flags & AXVM_FLAG_DEVICE)
		return AXVM_OK;
	if (region->map_type == skerry_MemoryMapType_MAP_IDENTICAL) {
		if (!hal->alloc_memory_region_at(hal->host, region->gpa, region->size))
			return axvm_fail(vm, AXVM_NO_MEMORY,
					 "host memory for region %u, 0x%lx bytes at 0x%lx, is in "
					 "use or not there",
					 index, (unsigned long)region->size,
					 (unsigned long)region->gpa);
		vm->identical |= 1u << index;
	}
	memory = hal->memory(hal->host, index, region->size);
	if (!memory)
		return axvm_fail(vm, AXVM_NO_MEMORY,
				 "no memory for region %u, 0x%lx bytes at 0x%lx", index,
				 (unsigned long)region->size, (unsigned long)region->gpa);
	vm->ram[index] = (struct axvm_piece){memory, region->size};
	return axvm_map_region(vm, region->gpa, memory, region->size, region->flags, name);
}

static enum axvm_error add_vcpu(struct axvm *vm, uint32_t id)
{
	int32_t status = vm->hal->vcpu_create(vm->hal->host, id);

	if (status)
		return axvm_fail(vm, axvm_error_of(status), "no vCPU %u (%d)", id, status);
	vm->vcpus[id].id = id;
	atomic_store(&vm->vcpus[id].state, AXVM_VCPU_CREATED);
	vm->vcpu_count++;
	return AXVM_OK;
}

static enum axvm_error create_space(struct axvm *vm)
{
	uint32_t bits = 0;
	int32_t status = vm->hal->space_create(vm->hal->host, vm->config->number, &bits);

	if (status)
		return axvm_fail(vm, axvm_error_of(status), "no address space (%d)", status);
	vm->limit = 1ull << bits;
	return AXVM_OK;
}

/* Words for what fails are in the log already; its kind is that of the method it failed in. */
static enum axvm_error create_devices(struct axvm *vm)
{
	enum axvm_error error;

	vm->has_devices = true;
	(void)axvm_fail(NULL, AXVM_OK, "%s", "");
	if (vm->hal->devices_create(vm->hal->host, vm))
		return AXVM_OK;
	error = axvm_failed();
	return axvm_fail(NULL, error ? error : AXVM_INVALID_INPUT, "%s", "");
}

/* Memory before devices: the first to be refused is what comes second. */
static enum axvm_error create(struct axvm *vm)
{
	enum axvm_error error = check_config(vm);

	if (!error)
		error = create_space(vm);
	for (uint32_t i = 0; i < vm->config->memory_regions_count && !error; i++)
		error = add_memory(vm, i);
	if (!error)
		error = axvm_add_passthrough(vm);
	if (!error)
		error = axvm_add_ivc(vm);
	for (uint32_t i = 0; i < vm->config->cpu_num && !error; i++)
		error = add_vcpu(vm, i);
	if (error)
		return error;
	error = create_devices(vm);
	/* Whoever loads the guest says where an entry point must lie; until then it stays Created.
	 */
	for (uint32_t i = 0; i < vm->vcpu_count && !error; i++) {
		error = axvm_vcpu_set_entry(vm, i, vm->config->entry_point);
		if (error == AXVM_INVALID_INPUT)
			error = AXVM_OK;
	}
	return error;
}

/* Backwards: devices stand on vCPUs, both on the space. */
static void destroy(struct axvm *vm)
{
	const struct hal *hal = vm->hal;

	if (vm->has_devices)
		hal->devices_destroy(hal->host);
	while (vm->vcpu_count)
		hal->vcpu_destroy(hal->host, (uint32_t)--vm->vcpu_count);
	for (size_t i = 0; i < vm->area_count; i++) {
		if (vm->areas[i].mapped)
			(void)hal->unmap(hal->host, vm->areas[i].gpa, vm->areas[i].size);
	}
	if (vm->limit)
		hal->space_destroy(hal->host);
	for (uint32_t i = 0; i < vm->config->memory_regions_count; i++) {
		const skerry_MemoryRegion *region = &vm->config->memory_regions[i];

		if (vm->identical >> i & 1)
			hal->dealloc_memory_region_at(hal->host, region->gpa, region->size);
	}
	free(vm);
}

enum axvm_error axvm_new(const skerry_VmConfig *config, const struct hal *hal, struct axvm **vm)
{
	struct axvm *v = calloc(1, sizeof(*v));
	enum axvm_error error;

	if (!v)
		return axvm_fail(NULL, AXVM_NO_MEMORY, "VM[%u]: no memory for the object",
				 config->id);
	v->id = config->id;
	v->config = config;
	v->hal = hal;
	atomic_store(&v->references, 1);
	error = hal->supported(hal->host)
		    ? create(v)
		    : axvm_fail(v, AXVM_UNSUPPORTED, "Hardware does not support virtualization");
	if (error) {
		destroy(v);
		return error;
	}
	*vm = v;
	return AXVM_OK;
}

struct axvm *axvm_ref(struct axvm *vm)
{
	atomic_fetch_add(&vm->references, 1);
	return vm;
}

bool axvm_unref(struct axvm *vm)
{
	if (atomic_fetch_sub(&vm->references, 1) != 1)
		return false;
	destroy(vm);
	return true;
}
