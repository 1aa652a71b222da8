/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/exits*.c services/vmm/axvm*.c services/vmm/arch/aarch64/[adeipsvw]*.c */
/* sources: services/vmm/machine_access.c services/vmm/machine_signal.c services/vmm/hypercall.c */
/* sources: services/vmm/machine_vcpu.c services/vmm/machine_slots.c services/lib/incident.c */
/* sources: services/vmm/incident_place.c services/lib/log_format.c services/lib/ipc.c */
/* sources: tests/unit/vmm_host.c tests/fuzz/lib/vmm_machine.c */
/*
 * The VMM's exit loop, whole, above a kernel that is played here: exits of a hostile guest, answers
 * of a hostile device server, messages of whoever has a port of the VMM. Each exit is answered by a
 * message that the kernel accepts, and the server sees accesses of its own device alone.
 */
#include <string.h>

#include "exit.skerry.h"
#include "fuzz.h"
#include "kernel/abi.h"
#include "kernel/arch/aarch64/vcpu_groups.h"
#include "services/lib/exit_ledger.h"
#include "services/vmm/arch/aarch64/sysreg.h"
#include "services/vmm/axvm_rpc.h"
#include "services/vmm/exits.h"
#include "services/vmm/machine.h"
#include "services/vmm/machine_parts.h"
#include "services/vmm/vmm_arch.h"
#include "sys_arch.h"
#include "vmm_host.h"
#include "vmm_machine.h"

#define DEVICE 0x9000000ull
#define DEVICE_BYTES 0x1000ull
#define FOREIGN AXVM_VCPUS /* who is no vCPU */
#define CODE RAM0
#define TIMER_REG(op2) SYSREG(3, 3, 14, 2, op2)

REACH(advanced);
REACH(refused);
REACH(asked_server);
REACH(two_accesses);
REACH(returned_exit);
REACH(managed);

static struct {
	uint64_t now, sequence;
	size_t cpu; /* whose exit is open; FOREIGN: another's message; AXVM_NO_VCPU: none */
	uint64_t method;
	bool well_formed;
	uint32_t asked; /* accesses that the server got for this exit */
} w;
static struct machine m;
static struct axvm_server server;

uint64_t sys_counter(void)
{
	return w.now += 1000;
}

static uint64_t number(void)
{
	return PICK(0, 1, 2, 4, 0x1000, RAM0, RAM0 + 0x1000, DEVICE, DEVICE + 0xffc, 0x08000000,
		    0x080a0000, 0xffffffff, ~0ull, test_random());
}

static uint64_t address(void)
{
	return PICK(0x08000000, 0x080a0000, 0x080b0000, 0x08080000, 0x08090000, DEVICE, RAM0,
		    number()) +
	       PICK(0, 0, 4, 8, 0x100, 0x80, 0x400, 0xc00, 0x6000, 0xffc, test_random() % 0x10000);
}

/* ---- The answer to what was delivered last ---- */

static void check_answer(uint64_t info)
{
	const uint8_t *data = ipc_thread_buffer->data;
	const size_t size = info & INFO_LENGTH_MASK;
	struct access_reply access;
	struct exit_reply reply;
	uint32_t action;

	if (w.cpu >= FOREIGN || info == INFO_NO_REPLY) {
		CHECK(size <= MESSAGE_BYTES);
		return;
	}
	if (info >> INFO_LABEL_SHIFT) {
		CHECK(!w.well_formed);
		reached(refused);
		return;
	}
	if (w.method == VCPU_EXIT_MMIO || w.method == VCPU_EXIT_SYSREG ||
	    (w.method == VCPU_EXIT_FIRMWARE && size == ACCESS_REPLY_SIZE)) {
		CHECK(access_reply_get(data, size, &access));
		action = access.action;
	} else {
		CHECK(exit_reply_get(data, size, &reply));
		CHECK(reply.registers <= 15);
		action = reply.action;
	}
	CHECK(action <= EXIT_ACTION_ADVANCE_BLOCK);
	if (action == EXIT_ACTION_ADVANCE)
		reached(advanced);
}

/* ---- What comes next ---- */

static size_t exit_message(uint8_t *data)
{
	static const uint64_t methods[] = {VCPU_EXIT_MMIO, VCPU_EXIT_FAULT, VCPU_EXIT_SYSREG,
					   VCPU_EXIT_FIRMWARE, VCPU_EXIT_UNKNOWN};

	w.method = methods[test_random() % 5];
	w.sequence++;
	switch (w.method) {
	case VCPU_EXIT_MMIO:
		mmio_access_put(data, &(struct mmio_access){.sequence = w.sequence,
							    .address = address(),
							    .value = number(),
							    .width = 1u << test_random() % 4,
							    .write = once_in(2)});
		return MMIO_ACCESS_SIZE;
	case VCPU_EXIT_SYSREG:
		sysreg_access_put(
		    data, &(struct sysreg_access){.sequence = w.sequence,
						  .value = number(),
						  .reg = (uint32_t)PICK(0x3a3016, 0x30000a,
									0x36c00e, test_random(),
									test_random() & 0x3ffffe),
						  .write = once_in(2)});
		return SYSREG_ACCESS_SIZE;
	case VCPU_EXIT_FIRMWARE:
		firmware_call_put(
		    data, &(struct firmware_call){.sequence = w.sequence,
						  .a0 = PICK(0x84000000, 0x84000002, 0xc4000003,
							     0x84000008, 0xc6000001, 3, number()),
						  .a1 = number(),
						  .a2 = number(),
						  .a3 = number()});
		return FIRMWARE_CALL_SIZE;
	case VCPU_EXIT_FAULT:
		fault_exit_put(
		    data, &(struct fault_exit){.sequence = w.sequence,
					       .address = address(),
					       .virtual = DEVICE + PICK(0, 0, 8, number()),
					       .syndrome = once_in(4) ? number() : 0x92000006});
		return FAULT_EXIT_SIZE;
	default:
		unknown_exit_put(data, &(struct unknown_exit){.sequence = w.sequence});
		return UNKNOWN_EXIT_SIZE;
	}
}

static struct sys_result deliver(void)
{
	uint8_t *data = ipc_thread_buffer->data;
	struct sys_result r = {{OK}};
	size_t size;

	w.cpu = AXVM_NO_VCPU;
	w.asked = 0;
	if (!fuzz_more() || once_in(64)) {
		r.a[0] = (uint64_t)(int64_t)(fuzz_more() && once_in(2) ? STALE : BAD_CAP);
		return r;
	}
	if (once_in(8)) {
		r.a[1] = INFO_SIGNAL;
		r.a[6] = test_random();
		return r;
	}
	w.well_formed = !once_in(16);
	if (once_in(8)) {
		w.cpu = FOREIGN;
		w.method = AX_VM_ID + test_random() % 24;
		size = PICK(0, 5, 10, 18, MESSAGE_BYTES);
		for (size_t i = 0; i < size; i++)
			data[i] = (uint8_t)(i < 20 ? test_random() : i);
		if (once_in(4)) /* who is no vCPU says that it has an exit */
			size = exit_message(data);
		r.a[6] = PICK(0, 3, AXVM_VCPUS, AXVM_VCPUS + 1, ~0ull);
		reached(managed);
	} else {
		w.cpu = test_random() % 2;
		size = exit_message(data);
		r.a[6] = w.cpu + 1;
		if (!w.well_formed)
			size = fuzz_edit(data, size, MESSAGE_BYTES);
	}
	r.a[1] = INFO(w.method, size, 0);
	return r;
}

/* ---- The server of the device ---- */

static struct sys_result answer_access(uint64_t port, uint64_t info)
{
	uint8_t *data = ipc_thread_buffer->data;
	struct sys_result r = {{OK}};
	struct mmio_access in;
	size_t size = ACCESS_REPLY_SIZE;

	CHECK_EQ(port, VMM_DEVICE_PORT);
	CHECK_EQ(info >> INFO_LABEL_SHIFT, VCPU_EXIT_MMIO);
	CHECK(mmio_access_get(data, info & INFO_LENGTH_MASK, &in));
	CHECK(in.width && in.address <= DEVICE_BYTES - in.width);
	CHECK(!w.well_formed || in.sequence == w.sequence ||
	      in.sequence == exit_ledger_second(w.sequence));
	reached(asked_server);
	if (in.sequence != w.sequence)
		reached(two_accesses);
	CHECK(w.asked++ < 16);
	access_reply_put(data, &(struct access_reply){
				   .value = number(),
				   .action = (uint32_t)PICK(1, 1, 1, 1, 2, test_random() % 8)});
	if (once_in(8))
		size = fuzz_edit(data, size, MESSAGE_BYTES);
	r.a[0] =
	    once_in(8) ? (uint64_t) - (int64_t)PICK(-PEER_RESTARTED, -PEER_DIED, -BAD_CAP) : OK;
	r.a[1] = INFO(once_in(16) ? test_random() : 0, size, 0);
	return r;
}

/* ---- Registers of a vCPU ---- */

static struct sys_result get_registers(uint64_t group)
{
	static const uint32_t often[] = {0xb8404420, 0xb8008c20, 0xa9400820, 0x28810820,
					 0x2940083f};
	static const uint16_t sizes[] = {272, 168, 16, 24, 456, 24};
	uint8_t *data = ipc_thread_buffer->data;
	struct vcpu_general general = {.pc = CODE + test_random() % 16 * 4, .psr = 0x3c5};
	struct vcpu_system_group system = {.sctlr = once_in(4) ? number() : 0, .sp_el1 = DEVICE};
	struct sys_result r = {{OK}};

	memset(data, (int)test_random(), 456);
	for (size_t i = 0; i < 31; i++)
		general.x[i] = DEVICE + i % 2 * 8;
	if (once_in(8))
		general.pc = number();
	for (size_t i = 0; i < 16; i++)
		memcpy(host.memory[0] + 4 * i, &often[(i + w.sequence) % 5], 4);
	if (group == VCPU_GROUP_GENERAL)
		memcpy(data, &general, sizeof(general));
	if (group == VCPU_GROUP_HOST_ID)
		((struct vcpu_host_id *)data)->vtr = 4ull << 29; /* five bits of priority */
	if (group == VCPU_GROUP_SYSTEM)
		memcpy(data, &system, sizeof(system));
	r.a[1] = group < 6 ? sizes[group] : 0;
	return r;
}

struct sys_result host_trap(uint32_t number_of_call, const uint64_t a[8])
{
	struct sys_result r = {{OK}};

	switch (number_of_call) {
	case CALL_REPLY_WAIT:
		check_answer(a[1]);
		return deliver();
	case CALL_REPLY:
		if (!a[0])
			check_answer(a[1]);
		return r;
	case CALL_CALL:
		return answer_access(a[0], a[1]);
	case CALL_INVOKE:
		if (once_in(32))
			r.a[0] = (uint64_t) - (int64_t)PICK(-BAD_CAP, -BAD_STATE, -LIMIT);
		else if (a[1] == VCPU_GET)
			return get_registers(a[2]);
		r.a[1] = test_random() % 4;
		r.a[2] = test_random() % 2;
		r.a[3] = test_random() % 2;
		return r;
	default:
		FAIL("call %u", number_of_call);
	}
}

/* What main.c does with an exit that is the caller's. */
static void take(const struct axvm_exit *exit)
{
	if (exit->reason == AXVM_EXIT_NOTHING || exit->vcpu == AXVM_NO_VCPU)
		return;
	reached(returned_exit);
	CHECK(exit->vcpu < 2);
	if (exit->reason == AXVM_EXIT_CPU_UP) {
		CHECK(exit->target_cpu < 2);
		if (axvm_vcpu_set_entry(m.vm, exit->target_cpu, exit->entry_point) == AXVM_OK)
			(void)axvm_vcpu_start(m.vm, exit->target_cpu);
	}
	if (exit->reason != AXVM_EXIT_CPU_DOWN && exit->reason != AXVM_EXIT_SYSTEM_DOWN)
		exits_answer(&m, (int64_t)number());
}

/* Interrupts on, so that more of the controllers' accesses end in calls. */
static void set_up_controller(void)
{
	const uint64_t writes[][2] = {{0x08000000, 3},
				      {0x08000104, ~0u},
				      {0x080b0100, ~0u},
				      {0x080b0080, ~0u},
				      {0x08000084, ~0u}};

	for (size_t i = 0; i < 5; i++) {
		uint64_t value = writes[i][1];

		CHECK(arch_mmio(&m, 0, writes[i][0], 4, true, &value));
	}
}

/* Once there is a VM, its vCPUs are the machine's. */
static void use_machine(struct hal *own)
{
	own->host = &m;
	own->vcpu_run = exits_run;
	own->vcpu_park = exits_park;
	own->vcpu_resume = exits_resume;
	own->vcpu_fault = exits_fault;
	own->vcpu_set_return_value = exits_set_return_value;
	own->vcpu_start = machine_vcpu_start;
	own->vcpu_set_entry = machine_vcpu_set_entry;
	own->vcpu_set_gpr = machine_vcpu_set_gpr;
	own->vcpu_get_gpr = machine_vcpu_get_gpr;
}

static bool begin(struct axvm **vm)
{
	static struct hal own;

	prepare();
	memset(&m, 0, sizeof(m));
	memset(&w, 0, sizeof(w));
	w.cpu = AXVM_NO_VCPU;
	strcpy(config.name, "a");
	config.devices_count = 1;
	config.devices[0] =
	    (skerry_ServedDevice){.base = DEVICE, .length = DEVICE_BYTES, .irq = 33};
	strcpy(config.devices[0].name, VMM_DEVICE);
	strcpy(config.devices[0].server, VMM_DEVICE);
	if (once_in(2)) {
		config.emu_devices_count = 1;
		config.emu_devices[0] = (skerry_EmulatedDevice){
		    .base_gpa = 0x08080000, .length = 0x20000, .emu_type = 0x22};
	}
	own = hal;
	CHECK_EQ(axvm_new(&config, &own, vm), AXVM_OK);
	test_cleanup(drop, *vm);
	m.config = &config;
	m.vm = *vm;
	m.address_bits = 39;
	m.vcpus[0] = 100;
	m.vcpus[1] = 101;
	m.line_count = 2;
	m.lines[0] = (struct machine_line){.irq = 33, .line = 110};
	m.lines[1] = (struct machine_line){.irq = 34, .line = 111, .physical = true};
	server = (struct axvm_server){.vm = *vm, .hal = &own, .own = &config};
	m.server = &server;
	use_machine(&own);
	if (!arch_init(&m) || axvm_boot(*vm) != AXVM_OK)
		return false;
	if (once_in(2))
		set_up_controller();
	return true;
}

FUZZ(4000, 4096)
{
	struct axvm *vm = NULL;

	if (!begin(&vm))
		return; /* a call of the kernel failed */
	while (fuzz_more() && !axvm_shutting_down(vm)) {
		struct axvm_exit exit = {.reason = AXVM_EXIT_NOTHING, .vcpu = AXVM_NO_VCPU};
		const bool done = once_in(2)
				      ? axvm_run_vcpu(vm, test_random() % 2, &exit) == AXVM_OK
				      : exits_run(&m, EXITS_NO_VCPU, &exit) == OK;

		if (done)
			take(&exit);
	}
	exits_report_rest(&m);
}
