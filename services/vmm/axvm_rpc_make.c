/* SPDX-License-Identifier: BSD-2-Clause */
/* A client makes the VM, shares it, and lets go of it. */
#include <stdatomic.h>
#include <string.h>

#include <pb_decode.h>
#include <pb_encode.h>

#include "services/vmm/axvm_rpc_parts.h"
#include "services/vmm/hal.h"

#define REFERENCES_MAX 0x10000u

/* What the system granted this VMM is not the client's to choose. */
static bool config_allowed(const skerry_VmConfig *own, const skerry_VmConfig *given)
{
	return given->number == own->number && given->vcpu_priority == own->vcpu_priority &&
	       given->vcpu_budget_us == own->vcpu_budget_us &&
	       given->vcpu_period_us == own->vcpu_period_us;
}

static enum axvm_error read_config(struct axvm_server *s, const skerry_AxVmNew *in,
				   const skerry_VmConfig **config)
{
	pb_istream_t stream = pb_istream_from_buffer(in->config.bytes, in->config.size);

	*config = s->own;
	if (!in->has_config)
		return AXVM_OK;
	s->given = (skerry_VmConfig)skerry_VmConfig_init_zero;
	if (!pb_decode(&stream, skerry_VmConfig_fields, &s->given) ||
	    !config_allowed(s->own, &s->given))
		return AXVM_INVALID_INPUT;
	*config = &s->given;
	return AXVM_OK;
}

int32_t axvm_rpc_new(void *self, uint64_t badge, const skerry_AxVmNew *in, struct ax_vm_done *out)
{
	struct axvm_server *s = self;
	const skerry_VmConfig *config;
	enum axvm_error error;

	(void)badge;
	(void)out;
	if (s->vm)
		return AXVM_ALREADY_EXISTS;
	error = read_config(s, in, &config);
	if (error)
		return error;
	s->use(s->host, config);
	error = axvm_new(config, s->hal, &s->vm);
	if (!error && in->has_load && in->load && !s->load(s->host)) {
		(void)axvm_unref(s->vm);
		s->vm = NULL;
		error = AXVM_INVALID_INPUT;
	}
	/* How many vCPUs there are is another number now. */
	s->leave = true;
	return error;
}

int32_t axvm_rpc_ref(void *self, uint64_t badge, const struct ax_vm_query *in,
		     struct ax_vm_references *out)
{
	struct axvm_server *s = self;

	(void)badge;
	(void)in;
	if (atomic_load(&s->vm->references) >= REFERENCES_MAX)
		return AXVM_NO_MEMORY;
	out->left = atomic_load(&axvm_ref(s->vm)->references);
	return AXVM_OK;
}

int32_t axvm_rpc_drop(void *self, uint64_t badge, const struct ax_vm_drop *in,
		      struct ax_vm_references *out)
{
	struct axvm_server *s = self;
	const uint32_t left = atomic_load(&s->vm->references) - 1;

	(void)badge;
	/* Someone waits for an exit of it. */
	if (s->waiting)
		return AXVM_BAD_STATE;
	out->left = left;
	if (!axvm_unref(s->vm))
		return AXVM_OK;
	s->vm = NULL;
	s->exited = s->delivered = 0;
	s->ended = in->end;
	s->leave = true;
	return AXVM_OK;
}

int32_t axvm_rpc_config(void *self, uint64_t badge, const struct ax_vm_from *in,
			skerry_AxVmConfigPart *out)
{
	static uint8_t encoded[skerry_VmConfig_size];
	const struct axvm_server *s = self;
	pb_ostream_t stream = pb_ostream_from_buffer(encoded, sizeof(encoded));
	size_t part;

	(void)badge;
	if (!pb_encode(&stream, skerry_VmConfig_fields, axvm_config(s->vm)))
		return AXVM_HYPERVISOR_ERROR;
	if (in->first > stream.bytes_written)
		return AXVM_INVALID_INPUT;
	part = stream.bytes_written - in->first;
	if (part > sizeof(out->data.bytes))
		part = sizeof(out->data.bytes);
	out->total = (uint32_t)stream.bytes_written;
	memcpy(out->data.bytes, encoded + in->first, part);
	out->data.size = (pb_size_t)part;
	return AXVM_OK;
}
