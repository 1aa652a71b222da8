/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/axvm.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/axvm_fail.h"
#include "services/vmm/hal.h"

#define FLAGS_KNOWN 0x3fu

static _Thread_local char message[160];

const char *axvm_message(void)
{
	return message;
}

enum axvm_error axvm_fail(enum axvm_error error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return error;
}

/* What a status of the kernel means to a caller of ours. */
static enum axvm_error of_status(int32_t status)
{
	switch (status) {
	case OK:
		return AXVM_OK;
	case NO_MEMORY:
		return AXVM_NO_MEMORY;
	case EXISTS:
		return AXVM_ALREADY_EXISTS;
	case BAD_ARGUMENT:
		return AXVM_INVALID_INPUT;
	case UNSUPPORTED:
		return AXVM_UNSUPPORTED;
	default:
		return AXVM_BAD_STATE;
	}
}

/* Messages name the config's id, as the owner of the file knows it. */
static enum axvm_error check_config(const skerry_VmConfig *config)
{
	if (config->cpu_num == 0 || config->cpu_num > AXVM_VCPUS)
		return axvm_fail(AXVM_INVALID_INPUT, "VM[%u]: cpu_num is %u, can be 1 to %u",
				 config->id, config->cpu_num, AXVM_VCPUS);
	if (config->phys_cpu_ids_count > config->cpu_num)
		return axvm_fail(AXVM_INVALID_INPUT,
				 "VM[%u]: phys_cpu_ids has %u entries for %u vCPUs", config->id,
				 (unsigned int)config->phys_cpu_ids_count, config->cpu_num);
	if (config->passthrough_devices_count != 0)
		return axvm_fail(AXVM_UNSUPPORTED,
				 "VM[%u]: passthrough device %s: not available yet", config->id,
				 config->passthrough_devices[0].name);
	for (size_t i = 0; i < config->memory_regions_count; i++) {
		if (config->memory_regions[i].flags & ~FLAGS_KNOWN)
			return axvm_fail(AXVM_INVALID_INPUT,
					 "Illegal flags 0x%x of memory region %zu",
					 config->memory_regions[i].flags, i);
	}
	return AXVM_OK;
}

static enum axvm_error add_memory(struct axvm *vm, uint32_t index)
{
	const skerry_MemoryRegion *region = &vm->config->memory_regions[index];
	char name[8] = {'r', 'a', 'm', (char)('0' + index), '\0'};
	uint8_t *memory;

	/* A device is no memory: whoever serves it takes its range. */
	if (region->flags & AXVM_FLAG_DEVICE)
		return AXVM_OK;
	memory = vm->hal->memory(vm->hal->host, index, region->size);
	if (!memory)
		return axvm_fail(AXVM_NO_MEMORY, "no memory for region %u, 0x%lx bytes at 0x%lx",
				 index, (unsigned long)region->size, (unsigned long)region->gpa);
	return axvm_map_region(vm, region->gpa, memory, region->size, region->flags, name);
}

static enum axvm_error create(struct axvm *vm)
{
	uint32_t bits = 0;
	int32_t status = vm->hal->space_create(vm->hal->host, vm->config->number, &bits);
	enum axvm_error error;

	if (status)
		return axvm_fail(of_status(status), "VM[%zu]: no address space (%d)", vm->id,
				 status);
	vm->limit = 1ull << bits;
	for (uint32_t i = 0; i < vm->config->memory_regions_count; i++) {
		error = add_memory(vm, i);
		if (error)
			return error;
	}
	for (uint32_t i = 0; i < vm->config->cpu_num; i++) {
		status = vm->hal->vcpu_create(vm->hal->host, i);
		if (status)
			return axvm_fail(of_status(status), "VM[%zu]: no vCPU %u (%d)", vm->id, i,
					 status);
		vm->vcpus[i] = (struct axvm_vcpu){i, AXVM_VCPU_FREE};
		vm->vcpu_count++;
	}
	return AXVM_OK;
}

enum axvm_error axvm_new(const skerry_VmConfig *config, const struct hal *hal, struct axvm **vm)
{
	enum axvm_error error;
	struct axvm *v;

	if (!hal->supported(hal->host))
		return axvm_fail(AXVM_UNSUPPORTED, "Hardware does not support virtualization");
	error = check_config(config);
	if (error)
		return error;
	v = calloc(1, sizeof(*v));
	if (!v)
		return axvm_fail(AXVM_NO_MEMORY, "VM[%u]: no memory for the object", config->id);
	v->id = config->id;
	v->config = config;
	v->hal = hal;
	error = create(v);
	if (error) {
		axvm_drop(v);
		return error;
	}
	*vm = v;
	return AXVM_OK;
}

void axvm_drop(struct axvm *vm)
{
	vm->hal->release(vm->hal->host);
	free(vm);
}

size_t axvm_id(const struct axvm *vm)
{
	return vm->id;
}

const skerry_VmConfig *axvm_config(const struct axvm *vm)
{
	return vm->config;
}

struct axvm_vcpu *axvm_vcpu(struct axvm *vm, size_t id)
{
	return id < vm->vcpu_count ? &vm->vcpus[id] : NULL;
}

size_t axvm_vcpu_num(const struct axvm *vm)
{
	return vm->vcpu_count;
}

bool axvm_running(const struct axvm *vm)
{
	return atomic_load(&vm->state) == AXVM_RUNNING;
}

bool axvm_shutting_down(const struct axvm *vm)
{
	return atomic_load(&vm->state) == AXVM_SHUTTING_DOWN;
}

enum axvm_error axvm_boot(struct axvm *vm)
{
	int expected = AXVM_CREATED;

	if (!vm->hal->supported(vm->hal->host))
		return axvm_fail(AXVM_UNSUPPORTED, "Hardware does not support virtualization");
	if (atomic_compare_exchange_strong(&vm->state, &expected, AXVM_RUNNING))
		return AXVM_OK;
	if (expected == AXVM_RUNNING)
		return axvm_fail(AXVM_BAD_STATE, "VM[%zu] is already running", vm->id);
	return axvm_fail(AXVM_BAD_STATE, "VM[%zu] is shutting down", vm->id);
}

enum axvm_error axvm_shutdown(struct axvm *vm)
{
	int now = atomic_load(&vm->state);

	while (now != AXVM_SHUTTING_DOWN) {
		if (atomic_compare_exchange_weak(&vm->state, &now, AXVM_SHUTTING_DOWN))
			return AXVM_OK;
	}
	return axvm_fail(AXVM_BAD_STATE, "VM[%zu] is already shutting down", vm->id);
}

enum axvm_error axvm_run_vcpu(struct axvm *vm, size_t id, struct axvm_exit *exit)
{
	struct axvm_vcpu *vcpu = axvm_vcpu(vm, id);
	int32_t status;

	if (!vcpu)
		return axvm_fail(AXVM_INVALID_INPUT, "Invalid vcpu_id %zu", id);
	if (vcpu->state != AXVM_VCPU_FREE)
		return axvm_fail(AXVM_BAD_STATE, "VM[%zu] VCpu[%zu] is not free", vm->id, id);
	vcpu->state = AXVM_VCPU_RUNNING;
	status = vm->hal->vcpu_run(vm->hal->host, (uint32_t)id, exit);
	vcpu->state = AXVM_VCPU_FREE;
	if (status)
		return axvm_fail(of_status(status), "VM[%zu] VCpu[%zu] cannot run (%d)", vm->id, id,
				 status);
	return AXVM_OK;
}

enum axvm_error axvm_inject_interrupt_to_vcpu(struct axvm *vm, uint64_t targets, uint32_t irq)
{
	if (targets >> vm->vcpu_count)
		return axvm_fail(AXVM_INVALID_INPUT, "VM[%zu] has %zu vCPUs, targets are 0x%lx",
				 vm->id, vm->vcpu_count, (unsigned long)targets);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		int32_t status = 0;

		if (targets >> i & 1)
			status = vm->hal->inject(vm->hal->host, i, irq);
		if (status)
			return axvm_fail(of_status(status), "VM[%zu] VCpu[%u]: no interrupt %u",
					 vm->id, i, irq);
	}
	return AXVM_OK;
}
