/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* All exits: those that devices answer, to the register, and those that are the caller's. */
#include <string.h>

#include "kernel/abi.h"
#include "test.h"
#include "vmm_host.h"

#define AT 0x9000000ull
#define SYS_REG 0x3a3016u
#define PORT 0x3f8u

static struct {
	uint64_t value;	 /* what loads get */
	uint64_t stored; /* what stores brought */
	uint64_t address;
	uint32_t width, loads, stores;
	size_t vcpu;
	bool refuses;
} device;

static bool device_read(void *arg, size_t vcpu, uint64_t address, uint32_t width, uint64_t *value)
{
	CHECK(arg == &device);
	CHECK_EQ(*value, 0);
	device.loads++;
	device.vcpu = vcpu;
	device.address = address;
	device.width = width;
	*value = device.value;
	return !device.refuses;
}

static bool device_write(void *arg, size_t vcpu, uint64_t address, uint32_t width, uint64_t *value)
{
	CHECK(arg == &device);
	device.stores++;
	device.vcpu = vcpu;
	device.address = address;
	device.width = width;
	device.stored = *value;
	return !device.refuses;
}

/* A VM that runs, with a device on each bus. */
static struct axvm *start(void)
{
	static const struct axvm_device devices[] = {
	    {.name = "mmio", .base = AT, .size = 0x100},
	    {.name = "sysreg", .bus = AXVM_BUS_SYS_REG, .base = SYS_REG, .size = 2},
	    {.name = "port", .bus = AXVM_BUS_PORT, .base = PORT, .size = 8},
	};
	struct axvm *vm = NULL;

	memset(&device, 0, sizeof(device));
	prepare();
	for (size_t i = 0; i < 3; i++) {
		host.device[i] = devices[i];
		host.device[i].arg = &device;
		host.device[i].read = device_read;
		host.device[i].write = device_write;
	}
	host.device_count = 3;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	test_cleanup(drop, vm);
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	return vm;
}

/* Runs until the Halt behind this exit of vCPU 1. */
static void run(struct axvm *vm, const struct axvm_exit *exit)
{
	struct axvm_exit out;

	host.exits[0] = *exit;
	host.exits[0].vcpu = 1;
	host.exit_count = 1;
	host.exit_next = 0;
	host.exit = (struct axvm_exit){.reason = AXVM_EXIT_HALT, .vcpu = 1};
	CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_OK);
	CHECK_EQ(out.reason, AXVM_EXIT_HALT);
}

static uint64_t load(struct axvm *vm, uint32_t width, uint32_t reg_width, bool signed_ext,
		     uint64_t value)
{
	const struct axvm_exit exit = {.reason = AXVM_EXIT_MMIO_READ,
				       .addr = AT + 8,
				       .width = width,
				       .reg = 3,
				       .reg_width = reg_width,
				       .signed_ext = signed_ext};

	device.value = value;
	host.registers[1][3] = 0xaaaaaaaaaaaaaaaa;
	run(vm, &exit);
	CHECK_EQ(host.faults, 0);
	return host.registers[1][3];
}

TEST(mmio_loads_of_all_widths)
{
	struct axvm *vm = start();

	CHECK_EQ(load(vm, 1, 8, false, 0x1122334455667788), 0x88);
	CHECK_EQ(load(vm, 2, 8, false, 0x1122334455667788), 0x7788);
	CHECK_EQ(load(vm, 4, 8, false, 0x1122334455667788), 0x55667788);
	CHECK_EQ(load(vm, 8, 8, false, 0x1122334455667788), 0x1122334455667788);
	CHECK(device.loads == 4 && device.width == 8 && device.address == AT + 8);
	CHECK_EQ(device.vcpu, 1);
}

TEST(mmio_loads_extend_signs)
{
	struct axvm *vm = start();

	CHECK_EQ(load(vm, 1, 8, true, 0x80), 0xffffffffffffff80);
	CHECK_EQ(load(vm, 1, 8, true, 0x17f), 0x7f);
	CHECK_EQ(load(vm, 2, 8, true, 0x8000), 0xffffffffffff8000);
	CHECK_EQ(load(vm, 4, 8, true, 0x80000000), 0xffffffff80000000);
	CHECK_EQ(load(vm, 8, 8, true, 0x8000000000000000), 0x8000000000000000);
}

/* A w register: the upper half is zero, also behind a sign. */
TEST(mmio_loads_into_32_bit_registers)
{
	struct axvm *vm = start();

	CHECK_EQ(load(vm, 1, 4, true, 0x80), 0xffffff80);
	CHECK_EQ(load(vm, 2, 4, true, 0xffff), 0xffffffff);
	CHECK_EQ(load(vm, 4, 4, false, 0xf1223344), 0xf1223344);
}

TEST(mmio_stores_are_cut_to_their_width)
{
	struct axvm *vm = start();
	struct axvm_exit exit = {
	    .reason = AXVM_EXIT_MMIO_WRITE, .addr = AT, .width = 2, .data = 0x1122334455667788};

	run(vm, &exit);
	CHECK_EQ(device.stored, 0x7788);
	exit.width = 8;
	run(vm, &exit);
	CHECK_EQ(device.stored, 0x1122334455667788);
	CHECK_EQ(device.stores, 2);
}

TEST(system_registers_are_64_bits)
{
	struct axvm *vm = start();
	struct axvm_exit exit = {.reason = AXVM_EXIT_SYS_REG_READ, .addr = SYS_REG + 1, .reg = 30};

	device.value = 0xfedcba9876543210;
	run(vm, &exit);
	CHECK_EQ(host.registers[1][30], 0xfedcba9876543210);
	CHECK_EQ(device.address, SYS_REG + 1);
	exit =
	    (struct axvm_exit){.reason = AXVM_EXIT_SYS_REG_WRITE, .addr = SYS_REG, .data = ~1ull};
	run(vm, &exit);
	CHECK_EQ(device.stored, ~1ull);
	exit.addr = SYS_REG + 2;
	run(vm, &exit);
	CHECK(device.stores == 1 && host.faults == 1);
}

static uint64_t in(struct axvm *vm, uint32_t width, uint64_t value)
{
	const struct axvm_exit exit = {.reason = AXVM_EXIT_IO_READ, .addr = PORT, .width = width};

	device.value = value;
	host.registers[1][0] = 0x1122334455667788;
	run(vm, &exit);
	return host.registers[1][0];
}

/* AL and AX leave the rest of RAX, EAX clears its upper half. */
TEST(port_loads_merge)
{
	struct axvm *vm = start();

	CHECK_EQ(in(vm, 1, 0xfff), 0x11223344556677ff);
	CHECK_EQ(in(vm, 2, 0xabcd1234), 0x1122334455661234);
	CHECK_EQ(in(vm, 4, 0xfffffffff0000001), 0xf0000001);
	CHECK_EQ(host.faults, 0);
	CHECK_EQ(in(vm, 8, 0), 0x1122334455667788); /* there are none of eight bytes */
	CHECK_EQ(host.faults, 1);
}

TEST(port_stores)
{
	struct axvm *vm = start();
	struct axvm_exit exit = {
	    .reason = AXVM_EXIT_IO_WRITE, .addr = PORT + 7, .width = 1, .data = 0x1ff};

	run(vm, &exit);
	CHECK(device.stored == 0xff && device.address == PORT + 7);
	exit.width = 2; /* reaches over the end */
	run(vm, &exit);
	CHECK(device.stores == 1 && host.faults == 1);
}

/* Upstream panics for all of these; here the guest takes what hardware has for it. */
TEST(an_access_that_nothing_serves_is_a_fault)
{
	static const struct axvm_exit exits[] = {
	    {.reason = AXVM_EXIT_MMIO_READ, .addr = 0x1000, .width = 4, .reg_width = 4},
	    {.reason = AXVM_EXIT_MMIO_WRITE, .addr = ~0ull, .width = 4},
	    {.reason = AXVM_EXIT_MMIO_READ, .addr = AT + 0xfe, .width = 4, .reg_width = 4},
	    {.reason = AXVM_EXIT_MMIO_READ, .addr = AT - 1, .width = 2, .reg_width = 4},
	    {.reason = AXVM_EXIT_MMIO_READ, .addr = AT, .width = 3, .reg_width = 4},
	    {.reason = AXVM_EXIT_MMIO_WRITE, .addr = AT, .width = 0},
	    {.reason = AXVM_EXIT_SYS_REG_READ, .addr = 0x123456},
	    {.reason = AXVM_EXIT_SYS_REG_WRITE, .addr = 0x123456},
	    {.reason = AXVM_EXIT_IO_READ, .addr = 0x60, .width = 1},
	    {.reason = AXVM_EXIT_IO_WRITE, .addr = 0x60, .width = 1},
	};
	struct axvm *vm = start();

	for (uint32_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		run(vm, &exits[i]);
		CHECK_EQ(host.faults, i + 1);
	}
	CHECK_EQ(device.loads + device.stores, 0);
}

TEST(what_a_device_refuses_is_a_fault)
{
	struct axvm *vm = start();
	const struct axvm_exit exit = {
	    .reason = AXVM_EXIT_MMIO_READ, .addr = AT, .width = 4, .reg = 3, .reg_width = 4};

	device.refuses = true;
	host.registers[1][3] = 5;
	run(vm, &exit);
	CHECK(host.faults == 1 && host.registers[1][3] == 5);
}

/* The vCPU is unbound also then. */
TEST(a_fault_that_cannot_be_taken_is_an_error)
{
	struct axvm *vm = start();
	struct axvm_exit out;

	host.exit = (struct axvm_exit){.reason = AXVM_EXIT_MMIO_READ, .addr = 0, .width = 4};
	host.fault = BAD_CAP;
	CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_HYPERVISOR_ERROR);
	CHECK(said("VM[7]: VCpu[0] takes no exception"));
	CHECK_EQ(axvm_vcpu(vm, 0)->state, AXVM_VCPU_FREE);
}

TEST(a_register_that_is_not_there_is_an_error)
{
	struct axvm *vm = start();
	struct axvm_exit out;

	host.exit = (struct axvm_exit){
	    .reason = AXVM_EXIT_MMIO_READ, .addr = AT, .width = 4, .reg = 99, .reg_width = 4};
	CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_HYPERVISOR_ERROR);
	CHECK_EQ(axvm_vcpu(vm, 0)->state, AXVM_VCPU_FREE);
}

TEST(page_faults_are_served_or_returned)
{
	struct axvm *vm = start();
	struct axvm_exit out;
	const struct axvm_exit fault = {
	    .reason = AXVM_EXIT_NESTED_PAGE_FAULT, .addr = RAM0, .access_flags = 2};

	host.can_page = true;
	run(vm, &fault);
	CHECK_EQ(host.paged, RAM0);
	host.can_page = false;
	host.exit = fault;
	CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_OK);
	CHECK(out.reason == AXVM_EXIT_NESTED_PAGE_FAULT && out.access_flags == 2);
}

/* All others are the caller's, as they came. */
TEST(exits_of_the_caller)
{
	static const struct axvm_exit exits[] = {
	    {.reason = AXVM_EXIT_NOTHING},
	    {.reason = AXVM_EXIT_HYPERCALL, .nr = 3, .args = {1, 2, 3, 4, 5, 6}},
	    {.reason = AXVM_EXIT_EXTERNAL_INTERRUPT, .vector = 33},
	    {.reason = AXVM_EXIT_HALT},
	    {.reason = AXVM_EXIT_CPU_UP, .target_cpu = 1, .entry_point = RAM0, .arg = 9},
	    {.reason = AXVM_EXIT_CPU_DOWN, .vcpu = 1, .state = 4},
	    {.reason = AXVM_EXIT_SYSTEM_DOWN, .status = 2},
	    {.reason = AXVM_EXIT_FAIL_ENTRY, .entry_failure = 7},
	    {.reason = AXVM_EXIT_SEND_IPI, .target_cpu = 1, .send_to_all = true, .vector = 5},
	    {.reason = AXVM_EXIT_SYSTEM_RESET},
	};
	struct axvm *vm = start();

	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		struct axvm_exit out;

		host.exit = exits[i];
		CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_OK);
		CHECK(out.reason == exits[i].reason && out.vcpu == exits[i].vcpu);
		CHECK(out.nr == exits[i].nr && out.args[5] == exits[i].args[5]);
		CHECK(out.vector == exits[i].vector && out.target_cpu == exits[i].target_cpu);
		CHECK(out.entry_point == exits[i].entry_point && out.arg == exits[i].arg);
		CHECK(out.state == exits[i].state && out.status == exits[i].status);
		CHECK(out.entry_failure == exits[i].entry_failure);
		CHECK_EQ(out.send_to_all, exits[i].send_to_all);
	}
	CHECK_EQ(host.faults, 0);
}

TEST(a_vcpu_that_turned_itself_off)
{
	struct axvm *vm = start();
	struct axvm_exit out;

	host.exit = (struct axvm_exit){.reason = AXVM_EXIT_CPU_DOWN, .vcpu = 0};
	CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_OK);
	CHECK_EQ(axvm_vcpu(vm, 0)->state, AXVM_VCPU_BLOCKED);
	CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_BAD_STATE);
	CHECK(said("VM[7] VCpu[0] is not free"));
	CHECK_EQ(axvm_vcpu_start(vm, 0), AXVM_BAD_STATE);
	CHECK_EQ(axvm_vcpu_set_entry(vm, 0, 0x80000002), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_vcpu_set_entry(vm, 0, 0x80000004), AXVM_OK);
	CHECK_EQ(axvm_vcpu_start(vm, 0), AXVM_OK);
	CHECK_EQ(axvm_run_vcpu(vm, 0, &out), AXVM_OK);
}

TEST(registers_and_return_values_of_a_vcpu)
{
	struct axvm *vm = start();

	CHECK_EQ(axvm_vcpu_set_gpr(vm, 1, 30, 77), AXVM_OK);
	CHECK_EQ(host.registers[1][30], 77);
	CHECK_EQ(axvm_vcpu_set_gpr(vm, 1, 31, 77), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_vcpu_set_gpr(vm, 2, 0, 77), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_vcpu_set_entry(vm, 2, 0), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_vcpu_start(vm, 2), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_vcpu_set_return_value(vm, 2, 0), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_vcpu_set_return_value(vm, 1, 5), AXVM_BAD_STATE);
	host.in_call[1] = true;
	CHECK_EQ(axvm_vcpu_set_return_value(vm, 1, 5), AXVM_OK);
	CHECK_EQ(host.returned[1], 5);
	axvm_vcpu(vm, 1)->state = AXVM_VCPU_RUNNING;
	CHECK_EQ(axvm_vcpu_set_entry(vm, 1, 0), AXVM_BAD_STATE);
	axvm_vcpu(vm, 1)->state = AXVM_VCPU_FREE;
}

TEST(devices_that_overlap)
{
	struct axvm *vm = start();
	struct axvm_device d = {.name = "x", .bus = AXVM_BUS_PORT, .base = PORT + 7, .size = 2};

	CHECK_EQ(axvm_add_device(vm, &d), AXVM_ALREADY_EXISTS);
	CHECK(said("VM[7]: device x overlaps device port"));
	d.base = 0xffff;
	CHECK_EQ(axvm_add_device(vm, &d), AXVM_INVALID_INPUT);
	d = (struct axvm_device){.name = "x", .bus = AXVM_BUS_SYS_REG, .base = SYS_REG, .size = 0};
	CHECK_EQ(axvm_add_device(vm, &d), AXVM_INVALID_INPUT);
	d = (struct axvm_device){.name = "x", .base = AT + 0x800, .size = 4};
	CHECK_EQ(axvm_add_device(vm, &d), AXVM_ALREADY_EXISTS);
	d = (struct axvm_device){.name = "x", .base = ~0ull, .size = 4};
	CHECK_EQ(axvm_add_device(vm, &d), AXVM_INVALID_INPUT);
}

TEST(devices_run_out)
{
	struct axvm *vm = start();
	size_t count = 0;
	struct axvm_device d = {.name = "x", .bus = AXVM_BUS_SYS_REG, .size = 1};

	while (axvm_get_devices(vm, &count) && count < AXVM_DEVICES) {
		d.base++;
		CHECK_EQ(axvm_add_device(vm, &d), AXVM_OK);
	}
	d.base++;
	CHECK_EQ(axvm_add_device(vm, &d), AXVM_NO_MEMORY);
}
