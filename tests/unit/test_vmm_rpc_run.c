/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c tests/unit/rpc_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* sources: services/vmm/axvm_rpc.c services/vmm/axvm_rpc_make.c services/vmm/axvm_rpc_run.c */
/* sources: services/vmm/axvm_rpc_exit.c */
/* A client makes a VM and runs it, by messages. */
#include <string.h>

#include <pb_encode.h>

#include "kernel/abi.h"
#include "rpc_host.h"
#include "test.h"

static const struct ax_vm_query query;
static struct ax_vm_done done;
static struct ax_vm_references references;

static int32_t make_vm(void)
{
	const skerry_AxVmNew in = skerry_AxVmNew_init_zero;

	return ax_vm_new_call(PORT, &in, &done);
}

static int32_t run_vcpu(uint32_t vcpu)
{
	skerry_AxVmExit out = skerry_AxVmExit_init_zero;

	return ax_vm_run_vcpu_call(PORT, &(struct ax_vm_cpu){vcpu}, &out);
}

static void running(void)
{
	rpc_steered();
	CHECK_EQ(make_vm(), 0);
	CHECK_EQ(ax_vm_boot_call(PORT, &query, &done), 0);
}

/* RunVcpu of `vcpu`, until this exit; the client gets it. */
static skerry_AxVmExit run_until(uint32_t vcpu, const struct axvm_exit *exit)
{
	const uint32_t answered = rpc.answered;

	CHECK_EQ(run_vcpu(vcpu), IPC_KEPT);
	host.exit = *exit;
	CHECK_EQ(axvm_server_turn(&server), OK);
	CHECK_EQ(rpc.answered, answered + 1);
	CHECK_EQ(rpc.status, 0);
	return rpc_exit();
}

TEST(run_before_there_is_a_vm)
{
	rpc_steered();
	for (uint32_t method = AX_VM_ID; method <= AX_VM_DROP; method++) {
		if (method != AX_VM_NEW)
			CHECK_EQ(rpc_call(method, 0), AXVM_BAD_STATE);
	}
	CHECK_EQ(axvm_server_turn(&server), OK);
}

TEST(run_a_vm_from_new_to_drop)
{
	struct axvm_exit exit = {
	    .reason = AXVM_EXIT_HYPERCALL, .nr = 9, .args = {1, 2, 3, 4, 5, 6}};
	skerry_AxVmExit out;

	rpc_steered();
	CHECK_EQ(make_vm(), 0);
	CHECK(rpc.used == &config && rpc.loads == 0 && server.leave);
	CHECK_EQ(make_vm(), AXVM_ALREADY_EXISTS);
	CHECK_EQ(run_vcpu(0), AXVM_BAD_STATE); /* not booted */
	CHECK_EQ(ax_vm_boot_call(PORT, &query, &done), 0);
	CHECK_EQ(ax_vm_boot_call(PORT, &query, &done), AXVM_BAD_STATE);
	out = run_until(0, &exit);
	CHECK_EQ(out.which_reason, skerry_AxVmExit_hypercall_tag);
	CHECK(out.has_vcpu && out.vcpu == 0 && out.reason.hypercall.nr == 9);
	CHECK_EQ(out.reason.hypercall.args[5], 6);
	CHECK_EQ(host.parked, 1);
	host.in_call[0] = true;
	CHECK_EQ(ax_vm_set_return_value_call(PORT, &(struct ax_vm_return){.value = 77}, &done), 0);
	CHECK_EQ(host.returned[0], 77);
	exit = (struct axvm_exit){.reason = AXVM_EXIT_SYSTEM_DOWN, .status = 3};
	out = run_until(0, &exit);
	CHECK(host.resumed == 1 && out.reason.system_down.status == 3);
	CHECK_EQ(ax_vm_shutdown_call(PORT, &query, &done), 0);
	CHECK_EQ(run_vcpu(0), AXVM_BAD_STATE);
	CHECK_EQ(ax_vm_drop_call(PORT, &(struct ax_vm_drop){0}, &references), 0);
	CHECK(references.left == 0 && host_is_empty() && !server.ended);
	CHECK_EQ(make_vm(), 0); /* and anew */
	CHECK_EQ(ax_vm_drop_call(PORT, &(struct ax_vm_drop){1}, &references), 0);
	CHECK(server.ended);
}

TEST(run_waits_for_one_caller)
{
	running();
	CHECK_EQ(run_vcpu(7), AXVM_INVALID_INPUT);
	CHECK_EQ(run_vcpu(0), IPC_KEPT);
	CHECK_EQ(run_vcpu(0), AXVM_BAD_STATE);
	CHECK_EQ(run_vcpu(1), AXVM_BAD_STATE);
	CHECK_EQ(ax_vm_drop_call(PORT, &(struct ax_vm_drop){0}, &references), AXVM_BAD_STATE);
	CHECK_EQ(rpc.kept, 1);
}

/* vCPU 1 exits while the client looks at vCPU 0's exit: it hears of it with the next call. */
TEST(run_keeps_exits_that_nobody_waits_for)
{
	const struct axvm_exit up = {.reason = AXVM_EXIT_CPU_UP, .target_cpu = 1};
	skerry_AxVmExit out = skerry_AxVmExit_init_zero;

	running();
	out = run_until(0, &up);
	CHECK_EQ(out.reason.cpu_up.target_cpu, 1);
	CHECK_EQ(ax_vm_set_entry_call(PORT, &(struct ax_vm_entry){.vcpu = 1, .entry = RAM0}, &done),
		 0);
	CHECK_EQ(ax_vm_set_gpr_call(PORT, &(struct ax_vm_register){.vcpu = 1, .value = 5}, &done),
		 0);
	CHECK(host.entry[1] == RAM0 && host.registers[1][0] == 5);
	rpc.served = (struct axvm_exit){.reason = AXVM_EXIT_HALT, .vcpu = 1};
	CHECK_EQ(axvm_server_turn(&server), OK);
	CHECK_EQ(host.parked, 3);
	CHECK_EQ(ax_vm_run_vcpu_call(PORT, &(struct ax_vm_cpu){1}, &out), 0);
	CHECK(out.which_reason == skerry_AxVmExit_halt_tag && out.vcpu == 1);
	CHECK(host.resumed == 1 && host.parked == 2 && host.started == 3);
}

/* vCPU 1 turns itself off meanwhile: it is off before the client hears of it. */
TEST(run_does_not_start_what_turned_itself_off)
{
	const struct axvm_exit halt = {.reason = AXVM_EXIT_HALT};
	skerry_AxVmExit out = skerry_AxVmExit_init_zero;

	running();
	(void)run_until(0, &halt);
	rpc.served = (struct axvm_exit){.reason = AXVM_EXIT_CPU_DOWN, .vcpu = 1};
	CHECK_EQ(axvm_server_turn(&server), OK);
	CHECK_EQ(run_vcpu(1), AXVM_BAD_STATE);
	CHECK_EQ(ax_vm_run_vcpu_call(PORT, &(struct ax_vm_cpu){0}, &out), 0);
	CHECK(out.which_reason == skerry_AxVmExit_cpu_down_tag && out.vcpu == 1);
	CHECK_EQ(run_vcpu(1), AXVM_BAD_STATE);
	CHECK_EQ(ax_vm_set_entry_call(PORT, &(struct ax_vm_entry){.vcpu = 1, .entry = RAM0}, &done),
		 0);
	CHECK_EQ(run_vcpu(1), IPC_KEPT);
}

TEST(run_does_not_begin_when_the_vm_was_shut_down)
{
	running();
	CHECK_EQ(run_vcpu(0), IPC_KEPT);
	server.leave = false;
	CHECK_EQ(ax_vm_shutdown_call(PORT, &query, &done), 0);
	CHECK(server.leave);
	CHECK_EQ(axvm_server_turn(&server), OK);
	CHECK_EQ(rpc.answered, 1);
	CHECK_EQ(rpc.status, AXVM_BAD_STATE);
}

TEST(run_ends_when_another_client_shuts_the_vm_down)
{
	skerry_AxVmExit out;

	running();
	CHECK_EQ(run_vcpu(0), IPC_KEPT);
	host.exit = (struct axvm_exit){.reason = AXVM_EXIT_NOTHING, .vcpu = AXVM_NO_VCPU};
	host.shut_down = server.vm;
	CHECK_EQ(axvm_server_turn(&server), OK);
	out = rpc_exit();
	CHECK(out.which_reason == skerry_AxVmExit_system_down_tag && !out.has_vcpu);
}

TEST(run_tells_errors_to_who_waits)
{
	running();
	CHECK_EQ(run_vcpu(0), IPC_KEPT);
	host.run = BAD_CAP;
	CHECK_EQ(axvm_server_turn(&server), OK);
	CHECK_EQ(rpc.status, AXVM_HYPERVISOR_ERROR);
	CHECK_EQ(rpc.size, 0);
	CHECK_EQ(run_vcpu(0), IPC_KEPT);
}

TEST(run_that_cannot_wait)
{
	running();
	rpc.keep = NOT_FOUND;
	CHECK_EQ(run_vcpu(0), AXVM_HYPERVISOR_ERROR);
	CHECK(!server.waiting);
}

/* The client died: whoever comes next hears of the exit. */
TEST(run_whose_caller_is_gone)
{
	skerry_AxVmExit out = skerry_AxVmExit_init_zero;

	running();
	CHECK_EQ(run_vcpu(0), IPC_KEPT);
	host.exit = (struct axvm_exit){.reason = AXVM_EXIT_HALT};
	rpc.answer = STALE;
	CHECK_EQ(axvm_server_turn(&server), OK);
	CHECK_EQ(ax_vm_run_vcpu_call(PORT, &(struct ax_vm_cpu){0}, &out), 0);
	CHECK_EQ(out.which_reason, skerry_AxVmExit_halt_tag);
	CHECK_EQ(host.resumed, 0);
}

TEST(run_forgets_the_exit_of_a_vcpu_that_starts_anew)
{
	const struct axvm_exit exit = {.reason = AXVM_EXIT_CPU_DOWN, .vcpu = 0};

	running();
	(void)run_until(0, &exit);
	CHECK_EQ(run_vcpu(0), AXVM_BAD_STATE); /* it is off */
	CHECK_EQ(ax_vm_set_entry_call(PORT, &(struct ax_vm_entry){.entry = RAM0}, &done), 0);
	CHECK_EQ(run_vcpu(0), IPC_KEPT);
	CHECK_EQ(host.resumed, 0);
}

TEST(run_checks_the_numbers_of_vcpus)
{
	running();
	CHECK_EQ(ax_vm_set_entry_call(PORT, &(struct ax_vm_entry){.vcpu = 2}, &done),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_set_entry_call(PORT, &(struct ax_vm_entry){.entry = 2}, &done),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_set_gpr_call(PORT, &(struct ax_vm_register){.vcpu = ~0u}, &done),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_set_gpr_call(PORT, &(struct ax_vm_register){.reg = ~0u}, &done),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_set_return_value_call(PORT, &(struct ax_vm_return){.vcpu = 64}, &done),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_set_return_value_call(PORT, &(struct ax_vm_return){0}, &done),
		 AXVM_BAD_STATE);
}

TEST(references_by_rpc)
{
	running();
	CHECK_EQ(ax_vm_ref_call(PORT, &query, &references), 0);
	CHECK_EQ(references.left, 2);
	CHECK_EQ(ax_vm_drop_call(PORT, &(struct ax_vm_drop){1}, &references), 0);
	CHECK(references.left == 1 && server.vm && !server.ended);
	CHECK_EQ(ax_vm_drop_call(PORT, &(struct ax_vm_drop){0}, &references), 0);
	CHECK(!server.vm);
	CHECK_EQ(ax_vm_drop_call(PORT, &(struct ax_vm_drop){0}, &references), AXVM_BAD_STATE);
	CHECK_EQ(make_vm(), 0);
	while (!ax_vm_ref_call(PORT, &query, &references))
		;
	CHECK_EQ(references.left, 0x10000); /* a client cannot make them wrap */
}

static int32_t new_with(const skerry_VmConfig *given, bool load)
{
	skerry_AxVmNew in = {.has_config = true, .has_load = true, .load = load};
	pb_ostream_t stream = pb_ostream_from_buffer(in.config.bytes, sizeof(in.config.bytes));

	CHECK(pb_encode(&stream, skerry_VmConfig_fields, given));
	in.config.size = (pb_size_t)stream.bytes_written;
	return ax_vm_new_call(PORT, &in, &done);
}

TEST(new_with_a_configuration_of_the_client)
{
	skerry_VmConfig given;

	rpc_steered();
	given = config;
	given.id = 70;
	given.cpu_num = 1;
	CHECK_EQ(new_with(&given, true), 0);
	CHECK(rpc.used == &server.given && rpc.loads == 1);
	CHECK(axvm_id(server.vm) == 70 && axvm_vcpu_num(server.vm) == 1);
}

TEST(new_leaves_to_the_system_what_it_gave)
{
	skerry_VmConfig given;

	rpc_steered();
	given = config;
	given.number++;
	CHECK_EQ(new_with(&given, false), AXVM_INVALID_INPUT);
	given = config;
	given.vcpu_priority++;
	CHECK_EQ(new_with(&given, false), AXVM_INVALID_INPUT);
	given = config;
	given.vcpu_budget_us++;
	CHECK_EQ(new_with(&given, false), AXVM_INVALID_INPUT);
	given = config;
	given.vcpu_period_us++;
	CHECK_EQ(new_with(&given, false), AXVM_INVALID_INPUT);
	given = config;
	given.cpu_num = 9;
	CHECK_EQ(new_with(&given, false), AXVM_INVALID_INPUT);
	given = config;
	given.memory_regions[0].size = 2 * RAM_BYTES;
	CHECK_EQ(new_with(&given, false), AXVM_NO_MEMORY);
	CHECK(!server.vm && host_is_empty());
}

TEST(new_with_bytes_that_are_no_configuration)
{
	skerry_AxVmNew in = {.has_config = true,
			     .config = {.size = 3, .bytes = {0xff, 0xff, 0xff}}};

	rpc_steered();
	CHECK_EQ(ax_vm_new_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	in.config.size = 0; /* required fields are missing */
	CHECK_EQ(ax_vm_new_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	CHECK(!server.vm);
}

TEST(new_that_cannot_load_leaves_nothing)
{
	rpc_steered();
	rpc.load_fails = true;
	CHECK_EQ(new_with(&config, true), AXVM_INVALID_INPUT);
	CHECK(!server.vm && host_is_empty());
}

/* Each field of an exit has a number of its own. */
static const struct axvm_exit numbered = {
    .vcpu = 1,
    .nr = 11,
    .addr = 12,
    .data = 13,
    .width = 4,
    .reg = 5,
    .reg_width = 8,
    .signed_ext = true,
    .vector = 14,
    .access_flags = 15,
    .target_cpu = 16,
    .target_cpu_aux = 17,
    .send_to_all = true,
    .entry_point = 18,
    .arg = 19,
    .state = 20,
    .entry_failure = 21,
    .status = 22,
};

/* As a client gets it that comes for it later: devices answer some of the others. */
static skerry_AxVmExit message_of(enum axvm_exit_reason reason)
{
	skerry_AxVmExit out = skerry_AxVmExit_init_zero;

	rpc.served = numbered;
	rpc.served.reason = reason;
	CHECK_EQ(axvm_server_turn(&server), OK);
	CHECK_EQ(ax_vm_run_vcpu_call(PORT, &(struct ax_vm_cpu){0}, &out), 0);
	CHECK(out.which_reason == reason && out.vcpu == 1);
	(void)hal.vcpu_resume(NULL, 1);
	server.exited = server.delivered = 0;
	return out;
}

TEST(exits_that_devices_answer_as_messages)
{
	skerry_AxVmExit e;

	running();
	e = message_of(AXVM_EXIT_MMIO_READ);
	CHECK(e.reason.mmio_read.addr == 12 && e.reason.mmio_read.width == 4);
	CHECK(e.reason.mmio_read.reg == 5 && e.reason.mmio_read.reg_width == 8);
	CHECK(e.reason.mmio_read.signed_ext);
	e = message_of(AXVM_EXIT_MMIO_WRITE);
	CHECK(e.reason.mmio_write.addr == 12 && e.reason.mmio_write.width == 4);
	CHECK_EQ(e.reason.mmio_write.data, 13);
	e = message_of(AXVM_EXIT_SYS_REG_READ);
	CHECK(e.reason.sys_reg_read.addr == 12 && e.reason.sys_reg_read.reg == 5);
	e = message_of(AXVM_EXIT_SYS_REG_WRITE);
	CHECK(e.reason.sys_reg_write.addr == 12 && e.reason.sys_reg_write.value == 13);
	e = message_of(AXVM_EXIT_IO_READ);
	CHECK(e.reason.io_read.port == 12 && e.reason.io_read.width == 4);
	e = message_of(AXVM_EXIT_IO_WRITE);
	CHECK(e.reason.io_write.port == 12 && e.reason.io_write.data == 13);
	CHECK_EQ(e.reason.io_write.width, 4);
	e = message_of(AXVM_EXIT_NESTED_PAGE_FAULT);
	CHECK(e.reason.nested_page_fault.addr == 12 &&
	      e.reason.nested_page_fault.access_flags == 15);
}

TEST(exits_of_the_caller_as_messages)
{
	skerry_AxVmExit e;

	running();
	CHECK_EQ(message_of(AXVM_EXIT_HYPERCALL).reason.hypercall.nr, 11);
	CHECK_EQ(message_of(AXVM_EXIT_EXTERNAL_INTERRUPT).reason.external_interrupt.vector, 14);
	e = message_of(AXVM_EXIT_CPU_UP);
	CHECK(e.reason.cpu_up.target_cpu == 16 && e.reason.cpu_up.entry_point == 18);
	CHECK_EQ(e.reason.cpu_up.arg, 19);
	CHECK_EQ(message_of(AXVM_EXIT_CPU_DOWN).reason.cpu_down.state, 20);
	CHECK_EQ(message_of(AXVM_EXIT_SYSTEM_DOWN).reason.system_down.status, 22);
	e = message_of(AXVM_EXIT_FAIL_ENTRY);
	CHECK_EQ(e.reason.fail_entry.hardware_entry_failure_reason, 21);
	e = message_of(AXVM_EXIT_SEND_IPI);
	CHECK(e.reason.send_ipi.target_cpu == 16 && e.reason.send_ipi.target_cpu_aux == 17);
	CHECK(e.reason.send_ipi.send_to_all && !e.reason.send_ipi.send_to_self);
	CHECK_EQ(e.reason.send_ipi.vector, 14);
	(void)message_of(AXVM_EXIT_NOTHING);
	(void)message_of(AXVM_EXIT_HALT);
	(void)message_of(AXVM_EXIT_SYSTEM_RESET);
}
