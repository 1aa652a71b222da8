/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/axvm_rpc.h"

#include <string.h>

#include "services/vmm/axvm_rpc_parts.h"

#define PIECES (sizeof(((skerry_AxVmPieces *)0)->piece) / sizeof(skerry_AxVmPiece))
#define DEVICES (sizeof(((skerry_AxVmDevices *)0)->device) / sizeof(skerry_AxVmDevice))

static struct axvm *vm_of(void *self)
{
	return ((struct axvm_server *)self)->vm;
}

static int32_t id(void *self, uint64_t badge, const struct ax_vm_query *in,
		  struct ax_vm_number *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_id(vm_of(self));
	return AXVM_OK;
}

static int32_t vcpu_num(void *self, uint64_t badge, const struct ax_vm_query *in,
			struct ax_vm_number *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_vcpu_num(vm_of(self));
	return AXVM_OK;
}

static int32_t vcpu(void *self, uint64_t badge, const struct ax_vm_cpu *in, skerry_AxVmVcpu *out)
{
	const struct axvm_vcpu *v = axvm_vcpu(vm_of(self), in->vcpu);

	(void)badge;
	if (!v)
		return AXVM_INVALID_INPUT;
	*out = (skerry_AxVmVcpu){in->vcpu, (uint32_t)v->state};
	return AXVM_OK;
}

static int32_t vcpu_list(void *self, uint64_t badge, const struct ax_vm_query *in,
			 skerry_AxVmVcpuList *out)
{
	size_t count = 0;
	const struct axvm_vcpu *list = axvm_vcpu_list(vm_of(self), &count);

	(void)badge;
	(void)in;
	for (size_t i = 0; i < count; i++)
		out->vcpu[i] = (skerry_AxVmVcpu){(uint32_t)list[i].id, (uint32_t)list[i].state};
	out->vcpu_count = (pb_size_t)count;
	return AXVM_OK;
}

static int32_t running(void *self, uint64_t badge, const struct ax_vm_query *in,
		       struct ax_vm_truth *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_running(vm_of(self));
	return AXVM_OK;
}

static int32_t shutting_down(void *self, uint64_t badge, const struct ax_vm_query *in,
			     struct ax_vm_truth *out)
{
	(void)badge;
	(void)in;
	out->value = axvm_shutting_down(vm_of(self));
	return AXVM_OK;
}

static int32_t boot(void *self, uint64_t badge, const struct ax_vm_query *in,
		    struct ax_vm_done *out)
{
	(void)badge;
	(void)in;
	(void)out;
	return axvm_boot(vm_of(self));
}

static int32_t shutdown(void *self, uint64_t badge, const struct ax_vm_query *in,
			struct ax_vm_done *out)
{
	struct axvm_server *s = self;
	enum axvm_error error = axvm_shutdown(s->vm);

	(void)badge;
	(void)in;
	(void)out;
	s->leave |= error == AXVM_OK;
	return error;
}

static int32_t inject(void *self, uint64_t badge, const struct ax_vm_interrupt *in,
		      struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_inject_interrupt_to_vcpu(vm_of(self), in->targets, in->irq);
}

static int32_t read_from_guest(void *self, uint64_t badge, const struct ax_vm_range *in,
			       skerry_AxVmData *out)
{
	(void)badge;
	if (in->size > sizeof(out->data.bytes))
		return AXVM_INVALID_INPUT;
	out->data.size = (pb_size_t)in->size;
	return axvm_read_from_guest_of(vm_of(self), in->gpa, out->data.bytes, in->size, in->align);
}

static int32_t write_to_guest(void *self, uint64_t badge, const skerry_AxVmWrite *in,
			      struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_write_to_guest_of(vm_of(self), in->gpa, in->data.bytes, in->data.size,
				      in->has_align ? in->align : 1);
}

static int32_t ept_root(void *self, uint64_t badge, const struct ax_vm_query *in,
			struct ax_vm_number *out)
{
	(void)badge;
	(void)in;
	return axvm_ept_root(vm_of(self), &out->value);
}

static int32_t image_region(void *self, uint64_t badge, const struct ax_vm_span *in,
			    skerry_AxVmPieces *out)
{
	struct axvm_piece pieces[PIECES];
	size_t count = 0;
	enum axvm_error error =
	    axvm_get_image_load_region(vm_of(self), in->gpa, in->size, pieces, PIECES, &count);

	(void)badge;
	for (size_t i = 0; i < count && !error; i++) {
		out->piece[i].size = pieces[i].size;
		if (!axvm_ram_offset(vm_of(self), pieces[i].address, &out->piece[i].hpa))
			error = AXVM_BAD_STATE;
	}
	out->piece_count = (pb_size_t)count;
	return error;
}

static int32_t map_region(void *self, uint64_t badge, const struct ax_vm_mapping *in,
			  struct ax_vm_done *out)
{
	uint8_t *memory = axvm_ram(vm_of(self), in->hpa, in->size);

	(void)badge;
	(void)out;
	if (!memory)
		return AXVM_INVALID_INPUT;
	return axvm_map_region(vm_of(self), in->gpa, memory, in->size, in->flags, "mapped");
}

static int32_t unmap_region(void *self, uint64_t badge, const struct ax_vm_span *in,
			    struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_unmap_region(vm_of(self), in->gpa, in->size);
}

static int32_t get_devices(void *self, uint64_t badge, const struct ax_vm_from *in,
			   skerry_AxVmDevices *out)
{
	size_t count = 0;
	const struct axvm_device *list = axvm_get_devices(vm_of(self), &count);

	(void)badge;
	out->total = (uint32_t)count;
	for (size_t i = in->first; i < count && out->device_count < DEVICES; i++) {
		skerry_AxVmDevice *d = &out->device[out->device_count++];

		*d = (skerry_AxVmDevice){
		    .kind = list[i].kind,
		    .bus = list[i].bus,
		    .base = list[i].base,
		    .size = list[i].size,
		    .hpa = list[i].hpa,
		    .irq = list[i].irq,
		    .type = list[i].type,
		};
		memcpy(d->name, list[i].name, sizeof(d->name));
	}
	return AXVM_OK;
}

static int32_t alloc_ivc(void *self, uint64_t badge, const struct ax_vm_size *in,
			 struct ax_vm_span *out)
{
	(void)badge;
	return axvm_alloc_ivc_channel(vm_of(self), in->size, &out->gpa, &out->size);
}

static int32_t release_ivc(void *self, uint64_t badge, const struct ax_vm_span *in,
			   struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_release_ivc_channel(vm_of(self), in->gpa, in->size);
}

static int32_t set_entry(void *self, uint64_t badge, const struct ax_vm_entry *in,
			 struct ax_vm_done *out)
{
	struct axvm_server *s = self;
	enum axvm_error error = axvm_vcpu_set_entry(s->vm, in->vcpu, in->entry);

	(void)badge;
	(void)out;
	/* It starts anew: what it waited for is forgotten. */
	if (!error) {
		s->exited &= ~(1u << in->vcpu);
		s->delivered &= ~(1u << in->vcpu);
	}
	return error;
}

static int32_t set_gpr(void *self, uint64_t badge, const struct ax_vm_register *in,
		       struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_vcpu_set_gpr(vm_of(self), in->vcpu, in->reg, in->value);
}

static int32_t set_return_value(void *self, uint64_t badge, const struct ax_vm_return *in,
				struct ax_vm_done *out)
{
	(void)badge;
	(void)out;
	return axvm_vcpu_set_return_value(vm_of(self), in->vcpu, in->value);
}

int32_t axvm_rpc(struct axvm_server *s, struct ipc_msg *msg)
{
	static const struct ax_vm_ops ops = {
	    .id = id,
	    .vcpu_num = vcpu_num,
	    .vcpu = vcpu,
	    .vcpu_list = vcpu_list,
	    .running = running,
	    .shutting_down = shutting_down,
	    .shutdown = shutdown,
	    .inject_interrupt_to_vcpu = inject,
	    .read_from_guest_of = read_from_guest,
	    .write_to_guest_of = write_to_guest,
	    .ept_root = ept_root,
	    .get_image_load_region = image_region,
	    .get_devices = get_devices,
	    .config = axvm_rpc_config,
	    .map_region = map_region,
	    .unmap_region = unmap_region,
	    .alloc_ivc_channel = alloc_ivc,
	    .release_ivc_channel = release_ivc,
	    .new = axvm_rpc_new,
	    .boot = boot,
	    .run_vcpu = axvm_rpc_run_vcpu,
	    .set_entry = set_entry,
	    .set_gpr = set_gpr,
	    .set_return_value = set_return_value,
	    .ref = axvm_rpc_ref,
	    .drop = axvm_rpc_drop,
	};
	const bool runs_it = msg->method >= AX_VM_NEW && msg->method <= AX_VM_DROP;
	const bool needs_vm = msg->method >> 8 == AX_VM_SERVICE && msg->method != AX_VM_NEW;

	if ((runs_it && !s->steered) || (needs_vm && !s->vm)) {
		msg->size = 0;
		return AXVM_BAD_STATE;
	}
	return ax_vm_dispatch(&ops, s, msg);
}
