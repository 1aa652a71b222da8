/* SPDX-License-Identifier: BSD-2-Clause */
/* The exits that devices answer. */
#include "kernel/abi.h"
#include "services/vmm/axvm_parts.h"
#include "services/vmm/hal.h"

#define ACCUMULATOR 0 /* of port accesses: the first register */
#define REGISTER_BYTES 8u

static uint64_t mask(uint32_t bytes)
{
	return bytes < 8 ? (1ull << 8 * bytes) - 1 : ~0ull;
}

uint64_t axvm_extend(uint64_t value, uint32_t width, uint32_t reg_width, bool signed_ext)
{
	uint64_t sign = (mask(width) >> 1) + 1;

	value &= mask(width);
	if (signed_ext)
		value = (value ^ sign) - sign;
	return value & mask(reg_width);
}

uint64_t axvm_port_merge(uint64_t before, uint64_t value, uint32_t width)
{
	uint64_t kept = width < 4 ? before & ~mask(width) : 0;

	return kept | (value & mask(width));
}

/* What hardware does where nothing answers. */
static enum axvm_error refuse(struct axvm *vm, const struct axvm_exit *exit)
{
	int32_t status = vm->hal->vcpu_fault(vm->hal->host, (uint32_t)exit->vcpu, exit);

	if (status)
		return axvm_fail(vm, AXVM_HYPERVISOR_ERROR, "VCpu[%zu] takes no exception (%d)",
				 exit->vcpu, status);
	return AXVM_OK;
}

static enum axvm_error put(struct axvm *vm, size_t vcpu, uint32_t reg, uint64_t value)
{
	int32_t status = vm->hal->vcpu_set_gpr(vm->hal->host, (uint32_t)vcpu, reg, value);

	if (status)
		return axvm_fail(vm, AXVM_HYPERVISOR_ERROR,
				 "VCpu[%zu]: register %u cannot be set (%d)", vcpu, reg, status);
	return AXVM_OK;
}

static enum axvm_error put_port(struct axvm *vm, const struct axvm_exit *exit, uint64_t value)
{
	const struct hal *hal = vm->hal;
	uint64_t before = 0;
	int32_t status = hal->vcpu_get_gpr(hal->host, (uint32_t)exit->vcpu, ACCUMULATOR, &before);

	if (status)
		return axvm_fail(vm, AXVM_HYPERVISOR_ERROR,
				 "VCpu[%zu]: register %u cannot be read (%d)", exit->vcpu,
				 ACCUMULATOR, status);
	return put(vm, exit->vcpu, ACCUMULATOR, axvm_port_merge(before, value, exit->width));
}

static enum axvm_error load(struct axvm *vm, const struct axvm_exit *exit, enum axvm_bus bus)
{
	const uint32_t width = bus == AXVM_BUS_SYS_REG ? REGISTER_BYTES : exit->width;
	uint64_t value = 0;

	if (!axvm_access(vm, bus, exit->vcpu, exit->addr, width, false, &value))
		return refuse(vm, exit);
	if (bus == AXVM_BUS_PORT)
		return put_port(vm, exit, value);
	if (bus == AXVM_BUS_MMIO)
		value = axvm_extend(value, width, exit->reg_width, exit->signed_ext);
	return put(vm, exit->vcpu, exit->reg, value);
}

static enum axvm_error store(struct axvm *vm, const struct axvm_exit *exit, enum axvm_bus bus)
{
	const uint32_t width = bus == AXVM_BUS_SYS_REG ? REGISTER_BYTES : exit->width;
	uint64_t value = exit->data;

	if (!axvm_access(vm, bus, exit->vcpu, exit->addr, width, true, &value))
		return refuse(vm, exit);
	return AXVM_OK;
}

bool axvm_serve(struct axvm *vm, const struct axvm_exit *exit, enum axvm_error *error)
{
	switch (exit->reason) {
	case AXVM_EXIT_MMIO_READ:
		*error = load(vm, exit, AXVM_BUS_MMIO);
		break;
	case AXVM_EXIT_MMIO_WRITE:
		*error = store(vm, exit, AXVM_BUS_MMIO);
		break;
	case AXVM_EXIT_SYS_REG_READ:
		*error = load(vm, exit, AXVM_BUS_SYS_REG);
		break;
	case AXVM_EXIT_SYS_REG_WRITE:
		*error = store(vm, exit, AXVM_BUS_SYS_REG);
		break;
	case AXVM_EXIT_IO_READ:
		*error = load(vm, exit, AXVM_BUS_PORT);
		break;
	case AXVM_EXIT_IO_WRITE:
		*error = store(vm, exit, AXVM_BUS_PORT);
		break;
	case AXVM_EXIT_NESTED_PAGE_FAULT:
		return vm->hal->page_fault(vm->hal->host, exit->addr, exit->access_flags);
	default:
		return false;
	}
	return *error == AXVM_OK;
}

static bool width_valid(enum axvm_bus bus, uint32_t width)
{
	return width == 1 || width == 2 || width == 4 || (width == 8 && bus != AXVM_BUS_PORT);
}

bool axvm_access(struct axvm *vm, enum axvm_bus bus, size_t vcpu, uint64_t address, uint32_t width,
		 bool write, uint64_t *value)
{
	/* One system register has one number, whatever its width. */
	const uint64_t units = bus == AXVM_BUS_SYS_REG ? 1 : width;

	if (!width_valid(bus, width))
		return false;
	for (size_t i = 0; i < vm->device_count; i++) {
		const struct axvm_device *d = &vm->devices[i];
		const uint64_t offset = address - d->base;

		if (d->bus != bus || offset >= d->size || units > d->size - offset)
			continue;
		if (!write)
			return d->read && d->read(d->arg, vcpu, address, width, value);
		*value &= mask(width);
		return d->write && d->write(d->arg, vcpu, address, width, value);
	}
	return false;
}
