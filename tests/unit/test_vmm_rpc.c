/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* sources: services/vmm/axvm_rpc.c services/vmm/axvm_rpc_make.c services/vmm/axvm_rpc_run.c */
/* sources: services/vmm/axvm_rpc_exit.c */
/*
 * The VM object by messages: client stubs call its dispatch through a transport that only carries.
 * The oracle is the object itself, asked directly.
 */
#include <string.h>

#include "axvm.ipc.h"
#include "kernel/abi.h"
#include "services/lib/server.h"
#include "services/vmm/axvm_rpc.h"
#include "test.h"
#include "vmm_host.h"

#define PORT 5u

static struct message_buffer buffer;
_Thread_local struct message_buffer *ipc_thread_buffer = &buffer;
static struct axvm_server server;
static struct axvm *vm;

int32_t ipc_call(skerry_cap port, uint32_t method, size_t size, size_t *reply_size)
{
	struct ipc_msg msg = {.method = method, .data = buffer.data, .size = size};
	int32_t status;

	CHECK_EQ(port, PORT);
	CHECK(size <= MESSAGE_BYTES);
	status = axvm_rpc(&server, &msg);
	CHECK(msg.size <= MESSAGE_BYTES);
	*reply_size = msg.size;
	return status;
}

int32_t ipc_call_caps(skerry_cap port, uint32_t method, size_t size, size_t *reply_size,
		      const skerry_cap *in, uint32_t in_count, skerry_cap out_first,
		      uint32_t out_count)
{
	(void)in;
	(void)out_first;
	CHECK(in_count == 0 && out_count == 0);
	return ipc_call(port, method, size, reply_size);
}

int32_t server_keep_reply(skerry_cap slot)
{
	(void)slot;
	return OK;
}

int32_t server_answer(skerry_cap slot, int32_t status, size_t size)
{
	(void)slot;
	(void)status;
	(void)size;
	return OK;
}

/* A VM that its VMM made and runs. */
static void start(void)
{
	vm = make();
	server = (struct axvm_server){.vm = vm, .hal = &hal, .own = &config};
}

static const struct ax_vm_query query;
static struct ax_vm_done done;

static int32_t read_guest(uint64_t gpa, uint32_t size, uint32_t align, skerry_AxVmData *out)
{
	const struct ax_vm_range in = {.gpa = gpa, .size = size, .align = align};

	*out = (skerry_AxVmData)skerry_AxVmData_init_zero;
	return ax_vm_read_from_guest_of_call(PORT, &in, out);
}

TEST(rpc_says_what_the_vm_is)
{
	struct ax_vm_number number = {0};
	struct ax_vm_truth truth = {0};

	start();
	CHECK_EQ(ax_vm_id_call(PORT, &query, &number), 0);
	CHECK_EQ(number.value, 7);
	CHECK_EQ(ax_vm_vcpu_num_call(PORT, &query, &number), 0);
	CHECK_EQ(number.value, 2);
	CHECK(ax_vm_running_call(PORT, &query, &truth) == 0 && !truth.value);
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK(ax_vm_running_call(PORT, &query, &truth) == 0 && truth.value);
	CHECK(ax_vm_shutting_down_call(PORT, &query, &truth) == 0 && !truth.value);
}

TEST(rpc_shuts_down_once)
{
	struct ax_vm_truth truth = {0};

	start();
	CHECK_EQ(axvm_boot(vm), AXVM_OK);
	CHECK_EQ(ax_vm_shutdown_call(PORT, &query, &done), 0);
	CHECK(axvm_shutting_down(vm));
	CHECK(ax_vm_shutting_down_call(PORT, &query, &truth) == 0 && truth.value);
	CHECK_EQ(ax_vm_shutdown_call(PORT, &query, &done), AXVM_BAD_STATE);
}

TEST(rpc_injects)
{
	start();
	CHECK_EQ(ax_vm_inject_interrupt_to_vcpu_call(
		     PORT, &(struct ax_vm_interrupt){.targets = 2, .irq = 40}, &done),
		 0);
	CHECK_EQ(host.injected, 2);
	host.injected = 0;
	CHECK_EQ(ax_vm_inject_interrupt_to_vcpu_call(
		     PORT, &(struct ax_vm_interrupt){.targets = 5, .irq = 40}, &done),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(host.injected, 0);
}

/* Across the border of the two regions, which touch in the guest and not here. */
TEST(rpc_reads_and_writes_guest_memory)
{
	skerry_AxVmWrite in = {.gpa = RAM0 + RAM_BYTES - 100, .data = {.size = 256}};
	skerry_AxVmData out;
	uint8_t direct[256];

	start();
	for (unsigned i = 0; i < 256; i++)
		in.data.bytes[i] = (uint8_t)(i * 7 + 3);
	CHECK_EQ(ax_vm_write_to_guest_of_call(PORT, &in, &done), 0);
	CHECK_EQ(axvm_read_from_guest_of(vm, in.gpa, direct, 256, 1), AXVM_OK);
	CHECK(!memcmp(direct, in.data.bytes, 256));
	CHECK_EQ(read_guest(in.gpa, 256, 4, &out), 0);
	CHECK(out.data.size == 256 && !memcmp(out.data.bytes, direct, 256));
	CHECK_EQ(read_guest(in.gpa + 1, 3, 1, &out), 0);
	CHECK(out.data.size == 3 && !memcmp(out.data.bytes, direct + 1, 3));
}

TEST(rpc_refuses_ranges)
{
	skerry_AxVmWrite in = {.gpa = RAM0 + 2ull * RAM_BYTES - 8, .data = {.size = 16}};
	skerry_AxVmData out;

	start();
	memset(in.data.bytes, 0xee, sizeof(in.data.bytes));
	CHECK_EQ(ax_vm_write_to_guest_of_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	CHECK_EQ(host.memory[1][RAM_BYTES - 8], 0);
	CHECK_EQ(read_guest(RAM0, 257, 1, &out), AXVM_INVALID_INPUT);
	CHECK_EQ(read_guest(RAM0, UINT32_MAX, 1, &out), AXVM_INVALID_INPUT);
	CHECK_EQ(read_guest(RAM0 + 2, 8, 4, &out), AXVM_INVALID_INPUT);
	CHECK_EQ(read_guest(RAM0, 8, 0, &out), AXVM_INVALID_INPUT);
	CHECK_EQ(read_guest(RAM0, 8, 3, &out), AXVM_INVALID_INPUT);
	CHECK_EQ(read_guest(RAM0 - 8, 8, 1, &out), AXVM_INVALID_INPUT);
	CHECK_EQ(read_guest(~0ull - 7, 16, 1, &out), AXVM_INVALID_INPUT);
}

TEST(rpc_refuses_what_is_no_call_of_its)
{
	size_t size = 0;

	start();
	CHECK_EQ(ipc_call(PORT, AX_VM_SERVICE << 8 | 200, 0, &size), BAD_METHOD);
	CHECK_EQ(ipc_call(PORT, 0x0101, 0, &size), BAD_METHOD);
	memset(buffer.data, 0xff, sizeof(buffer.data));
	CHECK_EQ(ipc_call(PORT, AX_VM_INJECT_INTERRUPT_TO_VCPU, 14, &size), BAD_MESSAGE);
	CHECK_EQ(ipc_call(PORT, AX_VM_WRITE_TO_GUEST_OF, 480, &size), BAD_MESSAGE);
	CHECK_EQ(host.injected, 0);
}
