/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RunVcpu blocks its caller while the VM runs. Exits that come while nobody waits are kept, each
 * with its vCPU standing in it, until the next RunVcpu.
 */
#include <pb_encode.h>

#include "kernel/abi.h"
#include "services/lib/server.h"
#include "services/vmm/axvm_rpc_parts.h"
#include "services/vmm/hal.h"

/* The first exit the client does not know; AXVM_VCPUS: none. */
static size_t next_exit(const struct axvm_server *s)
{
	size_t i = 0;

	while (i < AXVM_VCPUS && !((s->exited & ~s->delivered) >> i & 1))
		i++;
	return i;
}

static void resume_delivered(struct axvm_server *s)
{
	for (uint32_t i = 0; i < AXVM_VCPUS; i++) {
		if (s->delivered >> i & 1)
			(void)s->hal->vcpu_resume(s->hal->host, i);
	}
	s->exited &= ~s->delivered;
	s->delivered = 0;
}

int32_t axvm_rpc_run_vcpu(void *self, uint64_t badge, const struct ax_vm_cpu *in,
			  skerry_AxVmExit *out)
{
	struct axvm_server *s = self;
	enum axvm_error error;
	size_t ready;

	(void)badge;
	if (s->waiting)
		return AXVM_BAD_STATE;
	/* Before anything goes on: an error changes nothing. */
	error = axvm_vcpu_start(s->vm, in->vcpu);
	if (error)
		return error;
	resume_delivered(s);
	ready = next_exit(s);
	if (ready < AXVM_VCPUS) {
		s->delivered |= 1u << ready;
		axvm_rpc_exit(&s->exits[ready], out);
		return AXVM_OK;
	}
	if (server_keep_reply(s->reply) != OK)
		return AXVM_HYPERVISOR_ERROR;
	s->waiting = s->leave = true;
	s->runner = in->vcpu;
	return IPC_KEPT;
}

static void answer(struct axvm_server *s, enum axvm_error error, const struct axvm_exit *exit)
{
	skerry_AxVmExit out = skerry_AxVmExit_init_zero;
	pb_ostream_t stream = pb_ostream_from_buffer(ipc_buffer(), MESSAGE_BYTES);

	s->waiting = false;
	if (!error) {
		axvm_rpc_exit(exit, &out);
		if (!pb_encode(&stream, skerry_AxVmExit_fields, &out))
			error = AXVM_HYPERVISOR_ERROR;
	}
	/* If its caller is gone, the exit is one that the next hears of. */
	if (server_answer(s->reply, (int32_t)error, error ? 0 : stream.bytes_written) != OK)
		s->delivered = 0;
}

/* A vCPU stands in the exit until its client has seen it, and comes back. */
static void keep(struct axvm_server *s, const struct axvm_exit *exit)
{
	if (!s->vm || exit->vcpu >= axvm_vcpu_num(s->vm))
		return;
	axvm_vcpu_exited(s->vm, exit);
	(void)s->hal->vcpu_park(s->hal->host, (uint32_t)exit->vcpu);
	s->exits[exit->vcpu] = *exit;
	s->exited |= 1u << exit->vcpu;
}

int32_t axvm_server_turn(struct axvm_server *s)
{
	struct axvm_exit exit = {.reason = AXVM_EXIT_NOTHING, .vcpu = AXVM_NO_VCPU};
	enum axvm_error error = AXVM_OK;
	int32_t status = OK;
	size_t ready;

	if (s->waiting)
		error = axvm_run_vcpu(s->vm, s->runner, &exit);
	else
		status = s->serve(s->host, &exit);
	if (!error && status == OK)
		keep(s, &exit);
	if (!s->waiting)
		return status;
	ready = next_exit(s);
	if (error) {
		answer(s, error, &exit);
	} else if (ready < AXVM_VCPUS) {
		s->delivered |= 1u << ready;
		answer(s, AXVM_OK, &s->exits[ready]);
	} else if (axvm_shutting_down(s->vm)) {
		exit.reason = AXVM_EXIT_SYSTEM_DOWN;
		answer(s, AXVM_OK, &exit);
	}
	return status;
}
