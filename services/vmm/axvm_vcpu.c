/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdatomic.h>

#include "kernel/abi.h"
#include "services/vmm/axvm_parts.h"
#include "services/vmm/hal.h"

struct axvm_vcpu *axvm_vcpu(struct axvm *vm, size_t id)
{
	return id < vm->vcpu_count ? &vm->vcpus[id] : NULL;
}

size_t axvm_vcpu_num(const struct axvm *vm)
{
	return vm->vcpu_count;
}

const struct axvm_vcpu *axvm_vcpu_list(const struct axvm *vm, size_t *count)
{
	*count = vm->vcpu_count;
	return vm->vcpus;
}

static enum axvm_error invalid_id(const struct axvm *vm, size_t id)
{
	return axvm_fail(vm, AXVM_INVALID_INPUT, "Invalid vcpu_id %zu", id);
}

static bool move(struct axvm_vcpu *vcpu, int from, int to)
{
	return atomic_compare_exchange_strong(&vcpu->state, &from, to);
}

/* Until an exit that is the caller's. */
static enum axvm_error run(struct axvm *vm, size_t id, struct axvm_exit *exit)
{
	enum axvm_error error = AXVM_OK;

	do {
		int32_t status = vm->hal->vcpu_run(vm->hal->host, (uint32_t)id, exit);

		if (status)
			return axvm_fail(vm, axvm_error_of(status), "VCpu[%zu] cannot run (%d)", id,
					 status);
	} while (axvm_serve(vm, exit, &error));
	return error;
}

/* The vCPU of that number, if it may run. */
static enum axvm_error runnable(struct axvm *vm, size_t id, struct axvm_vcpu **vcpu)
{
	*vcpu = axvm_vcpu(vm, id);
	if (!*vcpu)
		return invalid_id(vm, id);
	if (!axvm_running(vm))
		return axvm_fail(NULL, AXVM_BAD_STATE, "VM[%zu] is %s", vm->id,
				 axvm_shutting_down(vm) ? "shutting down" : "not running");
	if (atomic_load(&(*vcpu)->state) != AXVM_VCPU_FREE)
		return axvm_fail(NULL, AXVM_BAD_STATE, "VM[%zu] VCpu[%zu] is not free", vm->id, id);
	return AXVM_OK;
}

void axvm_vcpu_exited(struct axvm *vm, const struct axvm_exit *exit)
{
	if (exit->reason == AXVM_EXIT_CPU_DOWN && exit->vcpu < vm->vcpu_count)
		(void)move(&vm->vcpus[exit->vcpu], AXVM_VCPU_FREE, AXVM_VCPU_BLOCKED);
}

enum axvm_error axvm_run_vcpu(struct axvm *vm, size_t id, struct axvm_exit *exit)
{
	struct axvm_vcpu *vcpu = NULL;
	enum axvm_error error = runnable(vm, id, &vcpu);

	if (error)
		return error;
	if (!move(vcpu, AXVM_VCPU_FREE, AXVM_VCPU_READY))
		return axvm_fail(NULL, AXVM_BAD_STATE, "VM[%zu] VCpu[%zu] is not free", vm->id, id);
	(void)move(vcpu, AXVM_VCPU_READY, AXVM_VCPU_RUNNING);
	error = run(vm, id, exit);
	(void)move(vcpu, AXVM_VCPU_RUNNING, AXVM_VCPU_READY);
	(void)move(vcpu, AXVM_VCPU_READY, AXVM_VCPU_FREE);
	if (!error)
		axvm_vcpu_exited(vm, exit);
	return error;
}

enum axvm_error axvm_vcpu_start(struct axvm *vm, size_t id)
{
	struct axvm_vcpu *vcpu = NULL;
	enum axvm_error error = runnable(vm, id, &vcpu);
	int32_t status;

	if (error)
		return error;
	status = vm->hal->vcpu_start(vm->hal->host, (uint32_t)id);
	if (status)
		return axvm_fail(vm, axvm_error_of(status), "VCpu[%zu] cannot start (%d)", id,
				 status);
	return AXVM_OK;
}

enum axvm_error axvm_vcpu_set_entry(struct axvm *vm, size_t id, uint64_t entry)
{
	struct axvm_vcpu *vcpu = axvm_vcpu(vm, id);
	int32_t status;

	if (!vcpu)
		return invalid_id(vm, id);
	if (atomic_load(&vcpu->state) == AXVM_VCPU_RUNNING)
		return axvm_fail(vm, AXVM_BAD_STATE, "VCpu[%zu] runs", id);
	status = vm->hal->vcpu_set_entry(vm->hal->host, (uint32_t)id, entry);
	if (status)
		return axvm_fail(vm, axvm_error_of(status), "VCpu[%zu] cannot start at 0x%lx (%d)",
				 id, (unsigned long)entry, status);
	atomic_store(&vcpu->state, AXVM_VCPU_FREE);
	return AXVM_OK;
}

enum axvm_error axvm_vcpu_set_gpr(struct axvm *vm, size_t id, uint32_t reg, uint64_t value)
{
	int32_t status;

	if (!axvm_vcpu(vm, id))
		return invalid_id(vm, id);
	status = vm->hal->vcpu_set_gpr(vm->hal->host, (uint32_t)id, reg, value);
	if (status)
		return axvm_fail(vm, axvm_error_of(status),
				 "VCpu[%zu]: register %u cannot be set (%d)", id, reg, status);
	return AXVM_OK;
}

enum axvm_error axvm_vcpu_set_return_value(struct axvm *vm, size_t id, uint64_t value)
{
	int32_t status;

	if (!axvm_vcpu(vm, id))
		return invalid_id(vm, id);
	status = vm->hal->vcpu_set_return_value(vm->hal->host, (uint32_t)id, value);
	if (status)
		return axvm_fail(vm, AXVM_BAD_STATE, "VCpu[%zu] is in no call (%d)", id, status);
	return AXVM_OK;
}

enum axvm_error axvm_inject_interrupt_to_vcpu(struct axvm *vm, uint64_t targets, uint32_t irq)
{
	const struct hal *hal = vm->hal;
	const size_t served = hal->current_vm_id(hal->host);

	if (served != vm->id)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "VM[%zu] injects into its own vCPUs",
				 served);
	if (targets >> vm->vcpu_count)
		return axvm_fail(vm, AXVM_INVALID_INPUT, "has %zu vCPUs, targets are 0x%lx",
				 vm->vcpu_count, (unsigned long)targets);
	for (size_t i = 0; i < vm->vcpu_count; i++) {
		int32_t status = 0;

		if (targets >> i & 1)
			status = hal->inject_irq_to_vcpu(hal->host, vm->id, i, irq);
		if (status)
			return axvm_fail(vm, axvm_error_of(status), "VCpu[%zu]: no interrupt %u", i,
					 irq);
	}
	return AXVM_OK;
}
