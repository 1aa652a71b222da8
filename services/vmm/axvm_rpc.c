/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/axvm_rpc.h"

#include "axvm.ipc.h"

static int32_t id(void *self, uint64_t badge, const struct ax_vm_query *in,
		  struct ax_vm_number *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_id(self);
	return AXVM_OK;
}

static int32_t vcpu_num(void *self, uint64_t badge, const struct ax_vm_query *in,
			struct ax_vm_number *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_vcpu_num(self);
	return AXVM_OK;
}

static int32_t running(void *self, uint64_t badge, const struct ax_vm_query *in,
		       struct ax_vm_truth *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_running(self);
	return AXVM_OK;
}

static int32_t shutting_down(void *self, uint64_t badge, const struct ax_vm_query *in,
			     struct ax_vm_truth *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_shutting_down(self);
	return AXVM_OK;
}

static int32_t shutdown(void *self, uint64_t badge, const struct ax_vm_query *in,
			struct ax_vm_done *out)
{
	(void)badge;
	(void)in;
	(void)out;
	return axvm_shutdown(self);
}

static int32_t inject(void *self, uint64_t badge, const struct ax_vm_interrupt *in,
		      struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_inject_interrupt_to_vcpu(self, in->targets, in->irq);
}

static int32_t read_from_guest(void *self, uint64_t badge, const struct ax_vm_range *in,
			       skerry_AxVmData *out)
{
	(void)badge;
	if (in->size > sizeof(out->data.bytes) || in->align == 0 || (in->align & (in->align - 1)))
		return AXVM_INVALID_INPUT;
	out->data.size = (pb_size_t)in->size;
	return axvm_read_from_guest_of(self, in->gpa, out->data.bytes, in->size, in->align);
}

static int32_t write_to_guest(void *self, uint64_t badge, const skerry_AxVmWrite *in,
			      struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_write_to_guest_of(self, in->gpa, in->data.bytes, in->data.size);
}

int32_t axvm_rpc(struct axvm *vm, struct ipc_msg *msg)
{
	static const struct ax_vm_ops ops = {
	    .id = id,
	    .vcpu_num = vcpu_num,
	    .running = running,
	    .shutting_down = shutting_down,
	    .shutdown = shutdown,
	    .inject_interrupt_to_vcpu = inject,
	    .read_from_guest_of = read_from_guest,
	    .write_to_guest_of = write_to_guest,
	};

	return ax_vm_dispatch(&ops, vm, msg);
}
