/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c tests/unit/rpc_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* sources: services/vmm/axvm_rpc.c services/vmm/axvm_rpc_make.c services/vmm/axvm_rpc_run.c */
/* sources: services/vmm/axvm_rpc_exit.c */
/*
 * A client that calls anything in any order, with numbers that are often sensible. The host's
 * strictness says what is wrong: a vCPU resumed that does not stand, a page mapped twice, something
 * left when the VM is gone.
 */
#include <string.h>

#include "kernel/abi.h"
#include "fuzz.h"
#include "rpc_host.h"

static uint32_t next(uint32_t below)
{
	return (uint32_t)(test_random() % below);
}

static uint64_t number(void)
{
	static const uint64_t often[] = {
	    0,		1,	   2,	   4,	 7,	8,	   0x1000,
	    0x2000,	RAM_BYTES, 0x8000, RAM0, ~0ull, ~0xfffull, RAM0 + RAM_BYTES,
	    1ull << 39, 0xa0000000};
	const uint64_t n = often[next(sizeof(often) / sizeof(often[0]))];

	switch (next(6)) {
	case 0:
		return n + next(3) - 1;
	case 1:
		return test_random() >> next(64);
	default:
		return n + 0x1000ull * next(3) * next(2);
	}
}

/* Bytes of a request of constant layout: tags come from a real one. */
static int32_t call_with_numbers(uint32_t method)
{
	static struct ax_vm_done done;
	struct ax_vm_span span = {number(), number()};
	struct ax_vm_references references;
	skerry_AxVmExit exit = skerry_AxVmExit_init_zero;

	switch (method) {
	case AX_VM_RUN_VCPU:
		return ax_vm_run_vcpu_call(PORT, &(struct ax_vm_cpu){next(3)}, &exit);
	case AX_VM_SET_ENTRY:
		return ax_vm_set_entry_call(PORT, &(struct ax_vm_entry){number(), next(3)}, &done);
	case AX_VM_SET_GPR:
		return ax_vm_set_gpr_call(
		    PORT, &(struct ax_vm_register){number(), next(3), next(33)}, &done);
	case AX_VM_SET_RETURN_VALUE:
		return ax_vm_set_return_value_call(PORT, &(struct ax_vm_return){number(), next(3)},
						   &done);
	case AX_VM_MAP_REGION:
		return ax_vm_map_region_call(
		    PORT, &(struct ax_vm_mapping){span.gpa, number(), span.size, next(70)}, &done);
	case AX_VM_UNMAP_REGION:
		return ax_vm_unmap_region_call(PORT, &span, &done);
	case AX_VM_ALLOC_IVC_CHANNEL:
		return ax_vm_alloc_ivc_channel_call(PORT, &(struct ax_vm_size){span.size}, &span);
	case AX_VM_RELEASE_IVC_CHANNEL:
		return ax_vm_release_ivc_channel_call(PORT, &span, &done);
	case AX_VM_DROP:
		return ax_vm_drop_call(PORT, &(struct ax_vm_drop){false}, &references);
	default:
		return rpc_call(method, 0); /* no arguments, or a message that is too short */
	}
}

static int32_t call_with_bytes(uint32_t method)
{
	const size_t size = next(8) ? next(24) : next(MESSAGE_BYTES + 1);

	for (size_t i = 0; i < size; i++)
		rpc_buffer()[i] = (uint8_t)(i < 24 ? next(next(2) ? 256 : 16) : i);
	return rpc_call(method, size);
}

/* Something happens: an exit of a vCPU, or none. */
static void turn(void)
{
	struct axvm_exit exit = {
	    .reason = (enum axvm_exit_reason)(AXVM_EXIT_NOTHING + next(18)),
	    .vcpu = next(2) ? AXVM_NO_VCPU : next(2),
	    .addr = number(),
	    .width = 1u << next(4),
	    .reg = next(33),
	    .reg_width = 8,
	};

	/* Only one that does not stand in an exit already can have one. */
	if (exit.vcpu != AXVM_NO_VCPU &&
	    (!server.vm || host.parked >> exit.vcpu & 1 || !(host.started >> exit.vcpu & 1)))
		exit.vcpu = AXVM_NO_VCPU;
	if (exit.vcpu == AXVM_NO_VCPU)
		exit.reason = AXVM_EXIT_NOTHING;
	else
		host.in_call[exit.vcpu] = true;
	rpc.served = host.exit = exit;
	host.exit_count = 0;
	/* What a device cannot answer must not come for ever. */
	if (exit.reason >= AXVM_EXIT_MMIO_READ && exit.reason <= AXVM_EXIT_IO_WRITE) {
		host.exits[0] = exit;
		host.exit_next = 0;
		host.exit_count = 1;
		host.exit.reason = AXVM_EXIT_HALT;
	}
	CHECK_EQ(axvm_server_turn(&server), OK);
}

/* Often one that leads on: a VM that runs, then its end. */
static uint32_t next_method(void)
{
	static const uint32_t usual[] = {AX_VM_NEW, AX_VM_BOOT, AX_VM_RUN_VCPU, AX_VM_SET_ENTRY};

	if (server.vm && axvm_shutting_down(server.vm) && next(2))
		return AX_VM_DROP;
	return next(2) ? AX_VM_ID + next(AX_VM_DROP - AX_VM_ID + 1) : usual[next(4)];
}

REACH(runs);
REACH(vms);

FUZZ(8000, 1024)
{
	rpc_steered();
	config.emu_devices_count = 1;
	config.emu_devices[0] = (skerry_EmulatedDevice){
	    .name = "ivc", .base_gpa = 0xa0000000, .length = 0x10000, .emu_type = 0xa};
	while (fuzz_more()) {
		const uint32_t method = next_method();
		int32_t status;

		host.shut_down = NULL;
		if (server.waiting && next(2)) {
			turn();
			continue;
		}
		status = next(4) ? call_with_numbers(method) : call_with_bytes(method);
		CHECK(status == IPC_KEPT || status <= 0 || status == AXVM_ALREADY_EXISTS ||
		      status == AXVM_BAD_STATE || status == AXVM_INVALID_INPUT ||
		      status == AXVM_NO_MEMORY || status == AXVM_UNSUPPORTED ||
		      status == AXVM_HYPERVISOR_ERROR);
		if (method == AX_VM_RUN_VCPU && status == IPC_KEPT)
			reached(runs);
		if (method == AX_VM_NEW && status == 0)
			reached(vms);
		if (!server.vm)
			CHECK(host_is_empty());
		if (next(3) == 0)
			turn();
	}
}
