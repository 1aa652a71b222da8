/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a VM by its VMM's rpcs, runs it, drops it, and makes it anew: three times, the last one
 * with a configuration and a program of its own. Its cases go to its log.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pb_encode.h>

#include "axvm.ipc.h"
#include "config.pb.h"
#include "owned.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/server.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"

#define RAM 0x80000000ull
#define BLOCK 0x200000ull
#define PAGE 0x1000ull
#define REGISTERS 31u
#define ROUNDS (START_SLOTS / 2)
#define VCPU_FREE 2u
#define MUTE_NS 10000000ull

static const struct ax_vm_query query;
static struct ax_vm_done done;
static skerry_cap vm;
static uint32_t failed;

static bool result(bool ok, const char *name)
{
	failed += !ok;
	log_line("%s %s", ok ? "ok" : "FAIL", name);
	return ok;
}

static int32_t make(const skerry_VmConfig *config, bool load)
{
	static skerry_AxVmNew in;
	pb_ostream_t stream = pb_ostream_from_buffer(in.config.bytes, sizeof(in.config.bytes));

	in.has_load = true;
	in.load = load;
	in.has_config = config != NULL;
	if (config && !pb_encode(&stream, skerry_VmConfig_fields, config))
		return -1;
	in.config.size = (pb_size_t)stream.bytes_written;
	return ax_vm_new_call(vm, &in, &done);
}

static int32_t run_vcpu(uint32_t vcpu, skerry_AxVmExit *exit)
{
	*exit = (skerry_AxVmExit)skerry_AxVmExit_init_zero;
	return ax_vm_run_vcpu_call(vm, &(struct ax_vm_cpu){vcpu}, exit);
}

static int32_t set_return_value(uint32_t vcpu, uint64_t value)
{
	return ax_vm_set_return_value_call(vm, &(struct ax_vm_return){.vcpu = vcpu, .value = value},
					   &done);
}

static int32_t set_gpr(uint32_t vcpu, uint32_t reg, uint64_t value)
{
	return ax_vm_set_gpr_call(
	    vm, &(struct ax_vm_register){.vcpu = vcpu, .reg = reg, .value = value}, &done);
}

static int32_t set_entry(uint32_t vcpu, uint64_t entry)
{
	return ax_vm_set_entry_call(vm, &(struct ax_vm_entry){.vcpu = vcpu, .entry = entry}, &done);
}

static int32_t drop(bool end)
{
	struct ax_vm_references left = {0};
	int32_t status = ax_vm_drop_call(vm, &(struct ax_vm_drop){end}, &left);

	return status ? status : (int32_t)left.left;
}

/* What a guest would be answered that calls for a vCPU; *next is run beside the caller. */
static bool cpu_up(const skerry_AxVmExit *exit, uint32_t *next)
{
	const skerry_AxVmCpuUp *up = &exit->reason.cpu_up;
	int32_t status = set_entry((uint32_t)up->target_cpu, up->entry_point);

	if (status == AXVM_INVALID_INPUT)
		return !set_return_value(exit->vcpu, OWNED_REFUSED);
	*next = (uint32_t)up->target_cpu;
	return !status && !set_gpr(*next, 0, up->arg) && !set_return_value(exit->vcpu, 0);
}

static bool hypercall(const skerry_AxVmExit *exit)
{
	const skerry_AxVmHypercall *call = &exit->reason.hypercall;

	switch (call->nr) {
	case OWNED_CALL:
		return call->args[0] == 1 && call->args[1] == 2 && call->args[2] == 3 &&
		       !set_return_value(exit->vcpu, OWNED_ANSWER);
	case OWNED_SILENT_CALL:
		return true;
	case OWNED_SECOND_CALL:
		return exit->vcpu == 1 && !set_return_value(1, OWNED_SECOND_ANSWER);
	default:
		return false;
	}
}

/* Runs it to its end; how many exits of each reason there were is in *counts. */
static bool run(uint32_t counts[skerry_AxVmExit_system_reset_tag + 1])
{
	skerry_AxVmExit exit;
	uint32_t next = 0;
	bool ok = true;

	memset(counts, 0, sizeof(counts[0]) * (skerry_AxVmExit_system_reset_tag + 1));
	while (ok) {
		if (run_vcpu(next, &exit) || !exit.has_vcpu)
			return false;
		next = exit.vcpu;
		counts[exit.which_reason]++;
		switch (exit.which_reason) {
		case skerry_AxVmExit_hypercall_tag:
			ok = hypercall(&exit);
			break;
		case skerry_AxVmExit_cpu_up_tag:
			ok = cpu_up(&exit, &next);
			break;
		case skerry_AxVmExit_cpu_down_tag:
			/* Prepared for its next start; it stays off. */
			ok = exit.vcpu == 1 && !set_entry(1, RAM);
			next = 0;
			break;
		default:
			return exit.which_reason == skerry_AxVmExit_system_down_tag &&
			       exit.reason.system_down.status == 0;
		}
	}
	return false;
}

/* Before there is a VM, and what no client may ask for. */
static void refuse_all(const skerry_VmConfig *config)
{
	struct ax_vm_number number;
	skerry_AxVmExit exit;
	skerry_VmConfig wrong = *config;

	result(ax_vm_id_call(vm, &query, &number) == AXVM_BAD_STATE &&
		   run_vcpu(0, &exit) == AXVM_BAD_STATE && drop(false) == AXVM_BAD_STATE,
	       "without a VM there is nothing to call");
	wrong.number++;
	result(make(&wrong, false) == AXVM_INVALID_INPUT,
	       "the VM's number is the system's to give");
	wrong = *config;
	wrong.memory_regions[0].size *= 2;
	result(make(&wrong, false) == AXVM_NO_MEMORY, "there is no more memory than was granted");
	wrong = *config;
	wrong.memory_regions[0].gpa = 1ull << 60;
	result(make(&wrong, false) == AXVM_INVALID_INPUT, "memory lies in the address space");
	wrong = *config;
	wrong.cpu_num = 9;
	result(make(&wrong, false) == AXVM_INVALID_INPUT, "a VM has at most eight vCPUs");
}

/* ---- A caller that cannot take the answer: its message buffer is gone ---- */
static struct {
	skerry_cap wake;
	volatile bool called;
	volatile int32_t status;
} mute;

static void call_and_sleep(void)
{
	uint64_t bits;

	mute.status = sys_call(vm, INFO(AX_VM_ID, 0, 0)).status;
	mute.called = true;
	for (;;)
		(void)sys_wait(mute.wake, 1, &bits);
}

static bool start_mute(skerry_cap thread, skerry_cap buffer)
{
	static _Alignas(16) uint8_t stack[4096];
	const struct start_grant *core = grant_find("core");
	const skerry_cap untyped = grant_slot("untyped");

	mute.wake = slots_take(1);
	return core && !untyped_retype(untyped, CAP_SIGNAL, 0, 0, mute.wake, 1) &&
	       !untyped_retype(untyped, CAP_THREAD, 0, 0, thread, 1) &&
	       !untyped_retype(untyped, CAP_FRAME, 12, 0, buffer, 1) &&
	       !thread_configure(thread, START_SLOT_CSPACE, START_SLOT_SPACE, buffer, 0,
				 START_SLOT_INIT, 0) &&
	       !cspace_delete(START_SLOT_CSPACE, buffer) &&
	       !core_schedule(core->slot, thread, (uint32_t)core->badge, MUTE_NS, MUTE_NS) &&
	       !thread_start(thread, (uintptr_t)call_and_sleep, (uintptr_t)stack + sizeof(stack), 0,
			     0);
}

static void call_without_buffer(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	const skerry_cap thread = slots_take(2);
	struct ax_vm_number number;

	if (!result(start_mute(thread, thread + 1), "a thread loses its message buffer"))
		return;
	while (!mute.called)
		(void)nanosleep(&pause, NULL);
	result(mute.status == PEER_RESTARTED, "its call is given up");
	result(!ax_vm_id_call(vm, &query, &number), "the VMM serves the next");
	(void)cspace_delete(START_SLOT_CSPACE, thread);
}

/* While the VM stands. */
static void look(void)
{
	skerry_AxVmVcpuList list = skerry_AxVmVcpuList_init_zero;
	skerry_AxVmDevices devices = skerry_AxVmDevices_init_zero;
	skerry_AxVmPieces pieces = skerry_AxVmPieces_init_zero;
	skerry_AxVmConfigPart part = skerry_AxVmConfigPart_init_zero;
	struct ax_vm_number root;
	bool gicd = false, uart = false;

	result(!ax_vm_vcpu_list_call(vm, &query, &list) && list.vcpu_count == 2 &&
		   list.vcpu[1].state == VCPU_FREE,
	       "it has two vCPUs");
	result(!ax_vm_get_devices_call(vm, &(struct ax_vm_from){0}, &devices), "its devices");
	for (uint32_t i = 0; i < devices.device_count; i++) {
		gicd |= !strcmp(devices.device[i].name, "gicd");
		uart |= !strcmp(devices.device[i].name, "uart0") && devices.device[i].irq == 33;
	}
	result(gicd && uart, "the distributor and the UART are among them");
	result(!ax_vm_get_image_load_region_call(vm, &(struct ax_vm_span){RAM + PAGE, PAGE},
						 &pieces) &&
		   pieces.piece_count == 1 && pieces.piece[0].hpa == PAGE,
	       "where an image would go");
	result(!ax_vm_config_call(vm, &(struct ax_vm_from){0}, &part) && part.total > 0,
	       "its configuration");
	result(ax_vm_ept_root_call(vm, &query, &root) == AXVM_UNSUPPORTED,
	       "without DMA, no one tells where its tables are");
}

/* The last block of memory goes and comes back, elsewhere too. */
static void remap(void)
{
	const struct ax_vm_span last = {RAM + 7 * BLOCK, BLOCK};
	const struct ax_vm_range there = {.gpa = last.gpa, .size = 4, .align = 4};
	const uint32_t word = 0x5eed;
	struct ax_vm_mapping again = {.gpa = last.gpa, .hpa = 7 * BLOCK, .size = BLOCK, .flags = 7};
	skerry_AxVmWrite write = {.gpa = last.gpa, .data = {.size = 4}};
	skerry_AxVmData data = skerry_AxVmData_init_zero;

	memcpy(write.data.bytes, &word, 4);
	result(!ax_vm_write_to_guest_of_call(vm, &write, &done), "memory is written");
	result(ax_vm_unmap_region_call(vm, &(struct ax_vm_span){last.gpa, PAGE}, &done) ==
		   AXVM_INVALID_INPUT,
	       "a frame of 2 MiB is not cut");
	result(!ax_vm_unmap_region_call(vm, &last, &done) &&
		   ax_vm_read_from_guest_of_call(vm, &there, &data) == AXVM_INVALID_INPUT,
	       "memory is unmapped");
	again.gpa = 0x40000000;
	result(!ax_vm_map_region_call(vm, &again, &done), "and mapped elsewhere");
	again.gpa = last.gpa;
	result(!ax_vm_map_region_call(vm, &again, &done), "and where it was as well");
	result(!ax_vm_read_from_guest_of_call(vm, &there, &data) &&
		   !memcmp(data.data.bytes, &word, 4),
	       "with what was written");
	again.hpa = 8 * BLOCK;
	again.gpa = 0x50000000;
	result(ax_vm_map_region_call(vm, &again, &done) == AXVM_INVALID_INPUT,
	       "other memory is not the VM's");
}

static void whole_life(const char *name)
{
	uint32_t counts[skerry_AxVmExit_system_reset_tag + 1];
	bool ran;

	result(!make(NULL, true) && make(NULL, true) == AXVM_ALREADY_EXISTS, name);
	if (!mute.wake)
		call_without_buffer();
	look();
	remap();
	result(!ax_vm_boot_call(vm, &query, &done) &&
		   ax_vm_boot_call(vm, &query, &done) == AXVM_BAD_STATE,
	       "it is booted once");
	ran = run(counts);
	log_line("exits: %u hypercalls, %u CpuUp, %u CpuDown, %u SystemDown",
		 counts[skerry_AxVmExit_hypercall_tag], counts[skerry_AxVmExit_cpu_up_tag],
		 counts[skerry_AxVmExit_cpu_down_tag], counts[skerry_AxVmExit_system_down_tag]);
	result(ran && counts[skerry_AxVmExit_hypercall_tag] == 4 &&
		   counts[skerry_AxVmExit_cpu_up_tag] == 3 &&
		   counts[skerry_AxVmExit_cpu_down_tag] == 2,
	       "it runs to its end");
	result(!ax_vm_shutdown_call(vm, &query, &done) &&
		   ax_vm_shutdown_call(vm, &query, &done) == AXVM_BAD_STATE,
	       "it is shut down once");
	result(drop(false) == 0, "it is dropped");
}

/* More often than slots or memory would last if one of either stayed behind. */
static void again_and_again(const skerry_VmConfig *config)
{
	skerry_VmConfig small = *config;
	uint32_t rounds = 0;

	small.memory_regions[0].size = BLOCK; /* less to be zeroed */
	while (rounds < ROUNDS && !make(&small, false) && drop(false) == 0)
		rounds++;
	result(rounds == ROUNDS, "VMs are made and dropped again and again");
}

/* A program of the client's own: one hypercall, then SYSTEM_OFF. */
static const uint32_t program[] = {
    0x52800120, /* mov w0, #9 */
    0xd4000002, /* hvc #0 */
    0x52b08000, /* mov w0, #0x84000000 */
    0x72800100, /* movk w0, #8 */
    0xd4000002, /* hvc #0 */
};

static void own_program(skerry_VmConfig *config)
{
	const struct ax_vm_range there = {.gpa = RAM + 7 * BLOCK, .size = 4, .align = 4};
	skerry_AxVmWrite write = {.gpa = RAM + PAGE, .data = {.size = sizeof(program)}};
	skerry_AxVmData data = skerry_AxVmData_init_zero;
	skerry_AxVmExit exit;

	config->id = 70;
	config->cpu_num = 1;
	memcpy(write.data.bytes, program, sizeof(program));
	result(!make(config, false), "a VM of the client's own configuration");
	result(!ax_vm_read_from_guest_of_call(vm, &there, &data) &&
		   !memcmp(data.data.bytes, &(uint32_t){0}, 4),
	       "nothing of the one before is in its memory");
	result(!ax_vm_write_to_guest_of_call(vm, &write, &done) && !set_entry(0, RAM + PAGE) &&
		   set_entry(1, RAM) == AXVM_INVALID_INPUT &&
		   set_gpr(0, REGISTERS, 0) == AXVM_INVALID_INPUT && !set_gpr(0, 3, 0x77),
	       "its program is written");
	result(!ax_vm_boot_call(vm, &query, &done) && !run_vcpu(0, &exit) &&
		   exit.which_reason == skerry_AxVmExit_hypercall_tag &&
		   exit.reason.hypercall.nr == OWNED_CALL && exit.reason.hypercall.args[2] == 0x77,
	       "it calls");
	result(!run_vcpu(0, &exit) && exit.which_reason == skerry_AxVmExit_system_down_tag,
	       "it turns itself off");
	result(drop(true) == 0, "it is dropped, and its VMM ends");
}

/* As the VM file of tests/qemu/owned.py says. */
static void read_config(skerry_VmConfig *config)
{
	skerry_AxVmConfigPart part = skerry_AxVmConfigPart_init_zero;
	pb_istream_t stream;

	result(!make(NULL, false) && !ax_vm_config_call(vm, &(struct ax_vm_from){0}, &part) &&
		   part.total == part.data.size,
	       "the VMM says how it is configured");
	stream = pb_istream_from_buffer(part.data.bytes, part.data.size);
	result(pb_decode(&stream, skerry_VmConfig_fields, config), "in a message like any other");
	result(drop(false) == 0, "a VM that never ran is dropped");
}

int main(void)
{
	static skerry_VmConfig config;

	vm = grant_slot("vmm.owned");
	server_ready();
	read_config(&config);
	refuse_all(&config);
	whole_life("a VM is made");
	whole_life("a VM is made again");
	again_and_again(&config);
	own_program(&config);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
