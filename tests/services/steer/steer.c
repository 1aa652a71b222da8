/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls what services offer beside exits, on the running system: the console, a device, a VM. Its
 * cases go to its log; at the end it turns the VM off.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "axvm.ipc.h"
#include "console.ipc.h"
#include "device.ipc.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/server.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "steered.h"

static uint32_t failed;

static void result(bool ok, const char *name)
{
	failed += !ok;
	log_line("%s %s", ok ? "ok" : "FAIL", name);
}

static void steer_console(skerry_cap console)
{
	skerry_ConsoleState state = skerry_ConsoleState_init_zero;
	const struct console_query query = {0};
	struct console_done done;

	result(!console_state_call(console, &query, &state) && state.client_count == 1 &&
		   !strcmp(state.client[0], "uart0.steered") && state.has_attached,
	       "the console names its one client");
	result(console_attach_call(console, &(struct console_target){.client = 1}, &done) ==
		   CONSOLE_NO_CLIENT,
	       "the console has no second client");
	result(!console_detach_call(console, &query, &done) &&
		   !console_state_call(console, &query, &state) && !state.has_attached,
	       "the console detaches");
}

static void steer_device(skerry_cap uart)
{
	skerry_DeviceInfo info = skerry_DeviceInfo_init_zero;
	const struct device_query query = {0};

	result(!device_describe_call(uart, &query, &info) && !strcmp(info.compatible, "arm,pl011"),
	       "the device says what it is");
}

/* The guest's second word. */
static uint32_t answer(skerry_cap vm)
{
	const struct ax_vm_range range = {.gpa = STEERED_MAIL + 4, .size = 4, .align = 4};
	skerry_AxVmData data = skerry_AxVmData_init_zero;
	uint32_t word = 0;

	if (!ax_vm_read_from_guest_of_call(vm, &range, &data) && data.data.size == 4)
		memcpy(&word, data.data.bytes, 4);
	return word;
}

/* The guest runs while this sleeps. Whoever runs this has a limit. */
static void wait_answer(skerry_cap vm, uint32_t word)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	while (answer(vm) != word)
		(void)nanosleep(&pause, NULL);
}

static void steer_vm(skerry_cap vm)
{
	const uint32_t word = STEERED_WORD;
	const struct ax_vm_query query = {0};
	skerry_AxVmWrite mail = {.gpa = STEERED_MAIL, .data = {.size = 4}};
	struct ax_vm_truth truth = {0};
	struct ax_vm_number number = {0};
	struct ax_vm_done done;

	result(!ax_vm_running_call(vm, &query, &truth) && truth.value, "the VM runs");
	result(!ax_vm_vcpu_num_call(vm, &query, &number) && number.value == 1, "it has one vCPU");
	wait_answer(vm, STEERED_READY);
	memcpy(mail.data.bytes, &word, 4);
	result(!ax_vm_write_to_guest_of_call(vm, &mail, &done), "its memory is written");
	result(!ax_vm_inject_interrupt_to_vcpu_call(
		   vm, &(struct ax_vm_interrupt){.targets = 1, .irq = STEERED_IRQ}, &done),
	       "an interrupt goes in");
	wait_answer(vm, ~word);
	result(true, "the guest answers");
	result(ax_vm_inject_interrupt_to_vcpu_call(
		   vm, &(struct ax_vm_interrupt){.targets = 2, .irq = STEERED_IRQ}, &done) ==
		   AXVM_INVALID_INPUT,
	       "no interrupt for a vCPU that is not there");
	result(!ax_vm_shutdown_call(vm, &query, &done), "the VM is shut down");
}

/* Badges say who calls: a vCPU, the VMM of a VM. Whoever may call at all is none of them. */
static void steer_badges(skerry_cap vm)
{
	const skerry_cap forged = slots_take(1);

	result(cspace_copy(START_SLOT_CSPACE, forged, vm, RIGHT_ALL, 1) == NO_RIGHT,
	       "no client can call as a vCPU");
}

int main(void)
{
	server_ready();
	steer_console(grant_slot("console"));
	steer_device(grant_slot("uart0.steered"));
	steer_badges(grant_slot("vmm.steered"));
	steer_vm(grant_slot("vmm.steered"));
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
