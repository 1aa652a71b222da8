/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* sources: services/vmm/incident_place.c services/lib/incident.c */
/* The VM object on a machine that is an array: states, errors and their order, guest memory. */
#include <string.h>

#include "kernel/abi.h"
#include "services/lib/incident.h"
#include "services/vmm/incident_place.h"
#include "test.h"
#include "vmm_host.h"

TEST(a_new_vm)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_id(vm), 7);
	CHECK(axvm_config(vm) == &config);
	CHECK_EQ(axvm_vcpu_num(vm), 2);
	CHECK_EQ(axvm_vcpu(vm, 1)->id, 1);
	CHECK_EQ(axvm_vcpu(vm, 1)->state, AXVM_VCPU_FREE);
	CHECK(!axvm_vcpu(vm, 2));
	CHECK(!axvm_running(vm) && !axvm_shutting_down(vm));
	CHECK_EQ(host.mapped, 2);
}

TEST(created_running_shutting_down)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK(axvm_running(vm));
	CHECK_EQ(axvm_boot(vm), AXVM_BAD_STATE);
	CHECK(said("VM[7] is already running"));
	CHECK_EQ(axvm_shutdown(vm), AXVM_OK);
	CHECK(axvm_shutting_down(vm) && !axvm_running(vm));
	CHECK_EQ(axvm_shutdown(vm), AXVM_BAD_STATE);
	CHECK(said("VM[7] is already shutting down"));
	CHECK_EQ(axvm_boot(vm), AXVM_BAD_STATE);
	CHECK(axvm_shutting_down(vm));
}

TEST(shutdown_before_boot)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_shutdown(vm), AXVM_OK);
	CHECK_EQ(axvm_boot(vm), AXVM_BAD_STATE);
}

TEST(boot_looks_at_the_hardware_first)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	host.supported = false;
	CHECK_EQ(axvm_boot(vm), AXVM_UNSUPPORTED);
	CHECK(said("Hardware does not support virtualization"));
}

TEST(new_without_hardware)
{
	struct axvm *vm = NULL;

	prepare();
	host.supported = false;
	config.cpu_num = 0;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_UNSUPPORTED);
	CHECK(!vm);
}

TEST(new_refuses_numbers)
{
	struct axvm *vm = NULL;

	prepare();
	config.cpu_num = 0;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	config.cpu_num = AXVM_VCPUS + 1;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	config.cpu_num = 1;
	config.phys_cpu_ids_count = 2;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	config.phys_cpu_ids_count = 0;
	config.memory_regions[0].flags = 0x40;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	CHECK(said("Illegal flags"));
	CHECK_EQ(host.mapped, 0);
}

TEST(new_refuses_regions)
{
	struct axvm *vm = NULL;

	prepare();
	config.memory_regions[1].gpa = RAM0 + RAM_BYTES - 0x1000;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	config.memory_regions[1].gpa = RAM0 - 0x1000;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_ALREADY_EXISTS);
	config.memory_regions[1].gpa = 1ull << 39;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	config.memory_regions[1].gpa = RAM0 + RAM_BYTES + 1;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	config.memory_regions[1].gpa = ~0xfffull;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	config.memory_regions[1].gpa = RAM0 + RAM_BYTES;
	config.memory_regions[1].size = 0;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_INVALID_INPUT);
	config.memory_regions[1].size = 2 * RAM_BYTES;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_NO_MEMORY);
	CHECK_EQ(host.released, 7);
	CHECK(host_is_empty());
	CHECK(!vm);
}

TEST(a_device_region_is_no_memory)
{
	struct axvm *vm = NULL;

	prepare();
	config.memory_regions[1].flags = 7 | AXVM_FLAG_DEVICE;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	test_cleanup(drop, vm);
	CHECK_EQ(host.mapped, 1);
	CHECK(!axvm_memory(vm, RAM0 + RAM_BYTES, 1));
}

TEST(what_the_kernel_refuses)
{
	struct axvm *vm = NULL;

	prepare();
	host.space = NO_MEMORY;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_NO_MEMORY);
	host.space = OK;
	host.map = BAD_CAP;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_HYPERVISOR_ERROR);
	host.map = OK;
	host.vcpu = NO_MEMORY;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_NO_MEMORY);
	CHECK_EQ(host.released, 2);
	CHECK(host_is_empty());
}

TEST(running_a_vcpu)
{
	struct axvm *vm = make();
	struct axvm_exit exit;

	CHECK_EQ(axvm_run_vcpu(vm, 2, &exit), AXVM_INVALID_INPUT);
	CHECK(said("Invalid vcpu_id"));
	CHECK_EQ(axvm_run_vcpu(vm, 0, &exit), AXVM_BAD_STATE);
	CHECK(said("VM[7] is not running"));
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK_EQ(host.runs, 0);
	host.exit = (struct axvm_exit){.reason = AXVM_EXIT_HALT, .vcpu = 1};
	CHECK_EQ(axvm_run_vcpu(vm, 0, &exit), AXVM_OK);
	CHECK_EQ(exit.reason, AXVM_EXIT_HALT);
	CHECK_EQ(exit.vcpu, 1);
	axvm_vcpu(vm, 0)->state = AXVM_VCPU_RUNNING;
	CHECK_EQ(axvm_run_vcpu(vm, 0, &exit), AXVM_BAD_STATE);
	CHECK_EQ(host.runs, 1);
	axvm_vcpu(vm, 0)->state = AXVM_VCPU_FREE;
	host.run = BAD_CAP;
	CHECK_EQ(axvm_run_vcpu(vm, 0, &exit), AXVM_HYPERVISOR_ERROR);
	CHECK_EQ(axvm_vcpu(vm, 0)->state, AXVM_VCPU_FREE); /* unbound on errors too */
	CHECK_EQ(axvm_shutdown(vm), AXVM_OK);
	CHECK_EQ(axvm_run_vcpu(vm, 0, &exit), AXVM_BAD_STATE);
	CHECK(said("VM[7] is shutting down"));
}

TEST(injected_interrupts)
{
	struct axvm *vm = make();

	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 7, 40), AXVM_INVALID_INPUT);
	CHECK_EQ(host.injected, 0);
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 1ull << 63, 40), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 3, 40), AXVM_OK);
	CHECK_EQ(host.injected, 3);
	host.inject = BAD_ARGUMENT;
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 1, 4000), AXVM_INVALID_INPUT);
}

/* Numbers are names: nothing is counted from them. */
TEST(a_vm_of_id_0)
{
	struct axvm *vm = NULL;

	prepare();
	config.id = 0;
	host.vm = 0;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	CHECK_EQ(axvm_id(vm), 0);
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK_EQ(axvm_boot(vm), AXVM_BAD_STATE);
	CHECK(said("VM[0] is already running"));
	CHECK_EQ(axvm_inject_interrupt_to_vcpu(vm, 1, 40), AXVM_OK);
	CHECK_EQ(host.injected, 1);
	CHECK(axvm_unref(vm));
}

TEST(map_region_checks_range_then_alignment_then_overlap)
{
	struct axvm *vm = make();
	uint8_t *at = host.memory[0];

	CHECK_EQ(axvm_map_region(vm, (1ull << 39) + 1, at, 1, 7, "x"), AXVM_INVALID_INPUT);
	CHECK(said("address space"));
	CHECK_EQ(axvm_map_region(vm, 0x1001, at, 0x1000, 7, "x"), AXVM_INVALID_INPUT);
	CHECK(said("whole pages"));
	CHECK_EQ(axvm_map_region(vm, 0x1000, at, 0x1001, 7, "x"), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, 0x1000, at + 8, 0x1000, 7, "x"), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, 0x1000, at, 0, 7, "x"), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, RAM0 + 0x1000, at, 0x1000, 7, "x"), AXVM_ALREADY_EXISTS);
	CHECK_EQ(axvm_map_region(vm, RAM0 - 0x1000, at, 0x100000, 7, "x"), AXVM_ALREADY_EXISTS);
	CHECK_EQ(axvm_map_region(vm, RAM0 - 0x1000, at, 0x1000, 7, "x"), AXVM_OK);
	host.map = NOT_FOUND;
	CHECK_EQ(axvm_map_region(vm, 0x1000, at, 0x1000, 7, "x"), AXVM_INVALID_INPUT);
	host.map = NO_MEMORY;
	CHECK_EQ(axvm_map_region(vm, 0x1000, at, 0x1000, 7, "x"), AXVM_NO_MEMORY);
	CHECK(!axvm_memory(vm, 0x1000, 1));
}

TEST(areas_run_out)
{
	struct axvm *vm = make();

	for (uint64_t i = 0; i < AXVM_AREAS - 2; i++)
		CHECK_EQ(axvm_take_region(vm, 0x2000 * i, 0x1000, "device"), AXVM_OK);
	CHECK_EQ(axvm_take_region(vm, 0x1000, 0x1000, "device"), AXVM_NO_MEMORY);
	CHECK(!axvm_memory(vm, RAM0 + 2 * RAM_BYTES, 1));
}

TEST(guest_memory)
{
	struct axvm *vm = make();
	uint64_t value = 0x1122334455667788;

	CHECK_EQ(axvm_write_to_guest_of(vm, RAM0 + RAM_BYTES - 4, &value, 8, 4), AXVM_OK);
	CHECK_EQ(host.memory[0][RAM_BYTES - 1], 0x55);
	CHECK_EQ(host.memory[1][0], 0x44);
	CHECK_EQ(host.written, 8);
	value = 0;
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0 + RAM_BYTES - 4, &value, 8, 4), AXVM_OK);
	CHECK_EQ(value, 0x1122334455667788);
}

TEST(guest_memory_errors)
{
	struct axvm *vm = make();
	uint64_t value = 1;

	CHECK_EQ(axvm_read_from_guest_of(vm, 0x1001, &value, 8, 8), AXVM_INVALID_INPUT);
	CHECK(said("Unaligned guest physical address"));
	CHECK_EQ(axvm_read_from_guest_of(vm, 0x1000, &value, 8, 8), AXVM_INVALID_INPUT);
	CHECK(said("Failed to translate"));
	CHECK_EQ(axvm_read_from_guest_of(vm, RAM0 + 2 * RAM_BYTES - 4, &value, 8, 4),
		 AXVM_INVALID_INPUT);
	CHECK(said("Insufficient data"));
	CHECK_EQ(axvm_read_from_guest_of(vm, ~7ull, &value, 16, 8), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_write_to_guest_of(vm, RAM0 + 2 * RAM_BYTES - 4, &value, 8, 1),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(host.memory[1][RAM_BYTES - 4], 0); /* nothing was written */
	CHECK_EQ(axvm_write_to_guest_of(vm, RAM0 + 1, &value, 8, 1), AXVM_OK);
	CHECK_EQ(axvm_take_region(vm, 0x9000000, 0x1000, "uart"), AXVM_OK);
	CHECK_EQ(axvm_write_to_guest_of(vm, 0x9000000, &value, 8, 8), AXVM_INVALID_INPUT);
	CHECK_EQ(value, 1);
}

TEST(places_in_words)
{
	struct axvm *vm = make();
	char text[96];

	CHECK_EQ(axvm_take_region(vm, 0x0a000000, 0x1000, "disk0"), AXVM_OK);
	incident_place(vm, 0x0c001234, text, sizeof(text));
	CHECK_EQ(strcmp(text, "nothing there (gap between disk0 0x0a000000 and ram0 0x80000000)"),
		 0);
	incident_place(vm, 0, text, sizeof(text));
	CHECK_EQ(strcmp(text, "nothing there (below disk0 0x0a000000, the first)"), 0);
	incident_place(vm, ~0ull << 12 | 8, text, sizeof(text));
	CHECK_EQ(strcmp(text, "its page does not allow this"), 0);
	incident_place(vm, 1ull << 38, text, sizeof(text));
	CHECK_EQ(strcmp(text, "nothing there (above ram1 0x80004000, the last)"), 0);
	incident_place(vm, 0x0a000fff, text, sizeof(text));
	CHECK_EQ(strcmp(text, "disk0 0x0a000000 has no such access"), 0);
	incident_place(vm, RAM0, text, sizeof(text));
	CHECK_EQ(strcmp(text, "ram0 0x80000000 does not allow it"), 0);
	incident_place(vm, 0x0c001234, text, 8);
	CHECK_EQ(strlen(text), 7);
}

TEST(lines_are_few)
{
	struct incidents r = {.frequency = 100};
	uint32_t missed = 9, shown = 0;

	for (unsigned int i = 0; i < 1000; i++)
		shown += incident_allowed(&r, 50, &missed);
	CHECK_EQ(shown, INCIDENT_BURST);
	CHECK_EQ(missed, 0);
	CHECK(incident_allowed(&r, 150, &missed));
	CHECK_EQ(missed, 1000 - INCIDENT_BURST);
	CHECK(incident_allowed(&r, 151, &missed));
	CHECK_EQ(missed, 0);
	for (unsigned int i = 0; i < 20; i++)
		(void)incident_allowed(&r, 152, &missed);
	CHECK_EQ(incident_rest(&r), 20 - (INCIDENT_BURST - 2));
	CHECK_EQ(incident_rest(&r), 0);
}
