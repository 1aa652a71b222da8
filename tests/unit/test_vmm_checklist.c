/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c tests/unit/rpc_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* sources: services/vmm/axvm_rpc.c services/vmm/axvm_rpc_make.c services/vmm/axvm_rpc_run.c */
/* sources: services/vmm/axvm_rpc_exit.c services/vmm/hypercall.c services/vmm/ivc.c */
/*
 * What an implementation of the seed's interface has to get right, an item a case. docs/axvm.md has
 * the list, and where those are tested that need more than this machine.
 */
#include <string.h>
#include <threads.h>

#include "kernel/abi.h"
#include "rpc_host.h"
#include "services/lib/log.h"
#include "services/vmm/hypercall.h"
#include "services/vmm/machine.h"
#include "test.h"

void log_line(const char *format, ...)
{
	(void)format;
}

TEST(checklist_01_the_object_and_its_states)
{
	struct axvm *vm = make();
	size_t vcpus = 0, devices = 0;

	CHECK(axvm_id(vm) == 7 && axvm_config(vm) == &config);
	CHECK(axvm_vcpu_list(vm, &vcpus) == axvm_vcpu(vm, 0) && vcpus == axvm_vcpu_num(vm));
	CHECK(axvm_get_devices(vm, &devices) && devices == 0);
	CHECK(!axvm_running(vm) && !axvm_shutting_down(vm));
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK(axvm_running(vm) && !axvm_shutting_down(vm));
	CHECK_EQ(axvm_shutdown(vm), AXVM_OK);
	CHECK(!axvm_running(vm) && axvm_shutting_down(vm));
	CHECK_EQ(axvm_boot(vm), AXVM_BAD_STATE);
}

/* All 21, and those of a vCPU that its runner needs; each is known and refuses what is no request.
 */
TEST(checklist_02_every_method_is_an_rpc)
{
	rpc_steered();
	CHECK_EQ(axvm_new(&config, &hal, &server.vm), AXVM_OK);
	for (uint32_t method = AX_VM_ID; method <= AX_VM_DROP; method++) {
		memset(rpc_buffer(), 0xff, 480);
		CHECK_EQ(rpc_call(method, 480), BAD_MESSAGE);
	}
	CHECK_EQ(AX_VM_DROP - AX_VM_ID + 1, 21 + 5);
	CHECK_EQ(rpc_call(AX_VM_DROP + 1, 0), BAD_METHOD);
}

static int boot_once(void *vm)
{
	return axvm_boot(vm) == AXVM_OK;
}

static int shut_down_once(void *vm)
{
	return axvm_shutdown(vm) == AXVM_OK;
}

/* How many of eight threads succeed. */
static int race(struct axvm *vm, thrd_start_t try)
{
	thrd_t threads[8];
	int sum = 0;

	for (size_t i = 0; i < 8; i++)
		CHECK_EQ(thrd_create(&threads[i], try, vm), thrd_success);
	for (size_t i = 0; i < 8; i++) {
		int done = 0;

		(void)thrd_join(threads[i], &done);
		sum += done;
	}
	return sum;
}

TEST(checklist_03_boot_asks_the_hardware_first_and_succeeds_once)
{
	struct axvm *vm = make();

	host.supported = false;
	CHECK_EQ(axvm_boot(vm), AXVM_UNSUPPORTED);
	host.supported = true;
	CHECK_EQ(race(vm, boot_once), 1);
	host.supported = false;
	CHECK_EQ(axvm_boot(vm), AXVM_UNSUPPORTED);
	CHECK_EQ(race(vm, shut_down_once), 1);
}

TEST(checklist_04_run_vcpu_unbinds_and_returns_what_is_the_callers)
{
	struct axvm *vm = make();
	struct axvm_exit exit;

	CHECK_EQ(axvm_run_vcpu(vm, 2, &exit), AXVM_INVALID_INPUT); /* before BadState */
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	host.run = BAD_CAP;
	CHECK_EQ(axvm_run_vcpu(vm, 0, &exit), AXVM_HYPERVISOR_ERROR);
	host.run = OK;
	host.exits[0] = (struct axvm_exit){.reason = AXVM_EXIT_IO_WRITE, .addr = 0x70, .width = 1};
	host.exits[1] = (struct axvm_exit){.reason = AXVM_EXIT_SYS_REG_READ, .addr = 1};
	host.exits[2] = (struct axvm_exit){.reason = AXVM_EXIT_MMIO_WRITE, .addr = 4, .width = 4};
	host.exit_count = 3;
	host.exit = (struct axvm_exit){.reason = AXVM_EXIT_EXTERNAL_INTERRUPT, .vector = 3};
	CHECK_EQ(axvm_run_vcpu(vm, 0, &exit), AXVM_OK);
	CHECK(exit.reason == AXVM_EXIT_EXTERNAL_INTERRUPT && host.faults == 3);
	CHECK_EQ(axvm_vcpu(vm, 0)->state, AXVM_VCPU_FREE);
}

TEST(checklist_05_signs_widths_and_ports)
{
	CHECK_EQ(axvm_extend(0x80, 1, 8, true), ~0x7full);
	CHECK_EQ(axvm_extend(0x80, 1, 4, true), 0xffffff80);
	CHECK_EQ(axvm_extend(0xffffffff12345678, 4, 8, false), 0x12345678);
	CHECK_EQ(axvm_port_merge(~0ull, 0, 1), 0xffffffffffffff00);
	CHECK_EQ(axvm_port_merge(~0ull, 0, 2), 0xffffffffffff0000);
	CHECK_EQ(axvm_port_merge(~0ull, 1, 4), 1);
}

TEST(checklist_06_passthrough_addresses_and_overlaps)
{
	struct axvm *vm = NULL;
	const struct axvm_area *below, *above;
	size_t count = 0;

	prepare();
	config.passthrough_devices_count = 1;
	config.passthrough_devices[0] = (skerry_PassthroughDevice){
	    .name = "d", .base_gpa = 0x10000800, .base_hpa = 0x20000800, .length = 0x1000};
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	CHECK_EQ(axvm_get_devices(vm, &count)[0].hpa, 0x20000800);
	CHECK(axvm_area_at(vm, 0x10001fff, &below, &above));
	CHECK(axvm_unref(vm));
	config.passthrough_devices[0].base_gpa = RAM0 + 0x800;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	config.passthrough_devices[0].base_gpa = 0x10000800;
	host.device_count = 1;
	host.device[0] = (struct axvm_device){.name = "e", .base = 0x10001000, .size = 4};
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	CHECK(host_is_empty());
}

TEST(checklist_07_injection_into_another_vm_or_no_vcpu)
{
	struct axvm *vm = make();

	host.vm = 8; /* upstream panics */
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 1, 40), AXVM_INVALID_INPUT);
	CHECK(said("VM[7]: VM[8] injects into its own vCPUs"));
	host.vm = 7;
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 5, 40), AXVM_INVALID_INPUT);
	CHECK_EQ(host.injected, 0);
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 2, 40), AXVM_OK);
	CHECK_EQ(host.injected, 2);
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 0, 40), AXVM_OK);
}

TEST(checklist_08_ivc_addresses)
{
	struct axvm *vm = make();
	uint64_t gpa = 0, size = 0;

	CHECK_EQ(axvm_alloc_ivc_channel(vm, 1, &gpa, &size), AXVM_INVALID_INPUT);
	vm->window = (struct axvm_channel){0xa0000000, 0x2000};
	CHECK_EQ(axvm_alloc_ivc_channel(vm, 0, &gpa, &size), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_alloc_ivc_channel(vm, 4097, &gpa, &size), AXVM_OK);
	CHECK_EQ(size, 0x2000);
	CHECK_EQ(axvm_alloc_ivc_channel(vm, 1, &gpa, &size), AXVM_NO_MEMORY);
	CHECK_EQ(axvm_release_ivc_channel(vm, 0xa0000000, 0x1000), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_release_ivc_channel(vm, 0xa0000000, 0x2000), AXVM_OK);
}

TEST(checklist_08_hypercalls_answer_minus_one)
{
	static skerry_VmConfig none = {.cpu_num = 1};
	static struct machine machine = {.config = &none};

	for (uint64_t nr = 0; nr < 9; nr++) {
		const struct axvm_exit exit = {.reason = AXVM_EXIT_HYPERCALL, .nr = nr};

		CHECK_EQ(hypercall(&machine, &exit), -1);
	}
}

/* Every address and size near the borders of areas, and of all numbers: no access goes beyond. */
TEST(checklist_09_guest_memory_at_all_borders)
{
	static const uint64_t at[] = {0,	  RAM0 - 1, RAM0,	  RAM0 + RAM_BYTES,
				      1ull << 39, ~0ull,    ~0ull - 4095, RAM0 + 2ull * RAM_BYTES};
	static const size_t sizes[] = {0, 1, 2, 8, RAM_BYTES, 2 * RAM_BYTES, 4 * RAM_BYTES};
	static uint8_t bytes[4 * RAM_BYTES];
	struct axvm *vm = make();

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		for (uint64_t back = 0; back < 9; back++) {
			for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
				const uint64_t gpa = at[i] - back;
				const bool fits = gpa >= RAM0 && gpa <= RAM0 + 2 * RAM_BYTES &&
						  sizes[s] <= RAM0 + 2 * RAM_BYTES - gpa;
				const bool ok = fits || (sizes[s] == 0 && gpa < 1ull << 39);

				CHECK_EQ(axvm_read_from_guest_of(vm, gpa, bytes, sizes[s], 1) == 0,
					 ok);
				CHECK_EQ(axvm_write_to_guest_of(vm, gpa, bytes, sizes[s], 1) == 0,
					 ok);
			}
		}
	}
}

/* What a guest or a client can do wrong ends in an error or a fault; tests of its own have more. */
TEST(checklist_11_nothing_stops_the_vmm)
{
	struct axvm *vm = make();
	struct axvm_exit exit;

	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	for (uint32_t reason = 0; reason < 40; reason++) {
		host.exits[0] = (struct axvm_exit){.reason = (enum axvm_exit_reason)reason,
						   .addr = ~0ull,
						   .data = ~0ull,
						   .width = ~0u,
						   .reg = ~0u,
						   .reg_width = ~0u};
		host.exit_next = 0;
		host.exit_count = 1;
		(void)axvm_run_vcpu(vm, 0, &exit);
		CHECK_EQ(axvm_vcpu(vm, 0)->state,
			 reason == AXVM_EXIT_CPU_DOWN ? AXVM_VCPU_BLOCKED : AXVM_VCPU_FREE);
		CHECK_EQ(axvm_vcpu_set_entry(vm, 0, RAM0), AXVM_OK);
	}
}
