/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VM is, its states, and the words for what failed. axvm_new.c makes it. */
#include "services/vmm/axvm.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "kernel/abi.h"
#include "services/vmm/axvm_fail.h"
#include "services/vmm/hal.h"

static _Thread_local char message[240];
static _Thread_local enum axvm_error kind;

const char *axvm_message(void)
{
	return message;
}

enum axvm_error axvm_fail(const struct axvm *vm, enum axvm_error error, const char *format, ...)
{
	va_list args;
	int at = vm ? snprintf(message, sizeof(message), "VM[%zu]: ", vm->id) : 0;

	kind = error;
	va_start(args, format);
	vsnprintf(message + at, sizeof(message) - (size_t)at, format, args);
	va_end(args);
	return error;
}

enum axvm_error axvm_failed(void)
{
	return kind;
}

enum axvm_error axvm_error_of(int32_t status)
{
	switch (status) {
	case OK:
		return AXVM_OK;
	case NO_MEMORY:
	case LIMIT:
		return AXVM_NO_MEMORY;
	case EXISTS:
		return AXVM_ALREADY_EXISTS;
	case BAD_ARGUMENT:
		return AXVM_INVALID_INPUT;
	case BAD_STATE:
	case BUSY:
		return AXVM_BAD_STATE;
	case UNSUPPORTED:
		return AXVM_UNSUPPORTED;
	default:
		return AXVM_HYPERVISOR_ERROR;
	}
}

size_t axvm_id(const struct axvm *vm)
{
	return vm->id;
}

const skerry_VmConfig *axvm_config(const struct axvm *vm)
{
	return vm->config;
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
		return axvm_fail(vm, AXVM_UNSUPPORTED, "Hardware does not support virtualization");
	if (atomic_compare_exchange_strong(&vm->state, &expected, AXVM_RUNNING))
		return AXVM_OK;
	if (expected == AXVM_RUNNING)
		return axvm_fail(NULL, AXVM_BAD_STATE, "VM[%zu] is already running", vm->id);
	return axvm_fail(NULL, AXVM_BAD_STATE, "VM[%zu] is shutting down", vm->id);
}

enum axvm_error axvm_shutdown(struct axvm *vm)
{
	int now = atomic_load(&vm->state);

	while (now != AXVM_SHUTTING_DOWN) {
		if (atomic_compare_exchange_weak(&vm->state, &now, AXVM_SHUTTING_DOWN))
			return AXVM_OK;
	}
	return axvm_fail(NULL, AXVM_BAD_STATE, "VM[%zu] is already shutting down", vm->id);
}

enum axvm_error axvm_ept_root(const struct axvm *vm, uint64_t *root)
{
	uint64_t address = 0;
	int32_t status = vm->hal->space_root(vm->hal->host, &address);

	if (status)
		return axvm_fail(vm, axvm_error_of(status),
				 "the root of its address space is not known (%d)", status);
	*root = address;
	return AXVM_OK;
}
