/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/vmm_host.c tests/unit/rpc_host.c */
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

#include <pb_decode.h>

#include "kernel/abi.h"
#include "rpc_host.h"
#include "test.h"

static struct axvm *vm;

static void start(void)
{
	rpc_booted();
	vm = server.vm;
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

TEST(rpc_write_is_aligned_and_respects_flags)
{
	skerry_AxVmWrite in = {.gpa = RAM0 + 4, .data = {.size = 8}, .has_align = true, .align = 8};

	start();
	CHECK_EQ(ax_vm_write_to_guest_of_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	in.align = 4;
	CHECK_EQ(ax_vm_write_to_guest_of_call(PORT, &in, &done), 0);
	in.align = 0;
	CHECK_EQ(ax_vm_write_to_guest_of_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	CHECK_EQ(axvm_map_region(vm, 0, host.memory[0], 0x1000, 1, "rom"), AXVM_OK);
	in = (skerry_AxVmWrite){.gpa = 0, .data = {.size = 8}};
	CHECK_EQ(ax_vm_write_to_guest_of_call(PORT, &in, &done), AXVM_INVALID_INPUT);
}

TEST(rpc_vcpus)
{
	skerry_AxVmVcpu vcpu = skerry_AxVmVcpu_init_zero;
	skerry_AxVmVcpuList list = skerry_AxVmVcpuList_init_zero;

	start();
	CHECK_EQ(ax_vm_vcpu_call(PORT, &(struct ax_vm_cpu){1}, &vcpu), 0);
	CHECK(vcpu.id == 1 && vcpu.state == AXVM_VCPU_FREE);
	CHECK_EQ(ax_vm_vcpu_call(PORT, &(struct ax_vm_cpu){2}, &vcpu), AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_vcpu_call(PORT, &(struct ax_vm_cpu){~0u}, &vcpu), AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_vcpu_list_call(PORT, &query, &list), 0);
	CHECK(list.vcpu_count == 2 && list.vcpu[1].id == 1);
}

TEST(rpc_ept_root)
{
	struct ax_vm_number number = {0};

	start();
	CHECK_EQ(ax_vm_ept_root_call(PORT, &query, &number), AXVM_UNSUPPORTED);
	host.root = 0x40002000;
	CHECK(ax_vm_ept_root_call(PORT, &query, &number) == 0 && number.value == 0x40002000);
}

TEST(rpc_maps_and_unmaps_what_the_vm_has)
{
	struct ax_vm_mapping in = {.gpa = 0x1000, .hpa = RAM_BYTES, .size = 0x1000, .flags = 7};
	const struct ax_vm_span span = {.gpa = 0x1000, .size = 0x1000};

	start();
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), 0);
	CHECK(axvm_memory(vm, 0x1000, 0x1000) == host.memory[1]);
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), AXVM_ALREADY_EXISTS);
	CHECK_EQ(ax_vm_unmap_region_call(PORT, &span, &done), 0);
	CHECK_EQ(ax_vm_unmap_region_call(PORT, &span, &done), 0);
	in.hpa = 2 * RAM_BYTES;
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	in.hpa = ~0xfffull;
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	in.hpa = 0;
	in.size = ~0xfffull;
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	in.size = 0;
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	in.size = 0x1000;
	in.flags = ~0u;
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	in.flags = 7;
	in.gpa = 1ull << 39;
	CHECK_EQ(ax_vm_map_region_call(PORT, &in, &done), AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_unmap_region_call(PORT, &(struct ax_vm_span){RAM0, ~0ull}, &done),
		 AXVM_INVALID_INPUT);
}

TEST(rpc_image_load_region)
{
	skerry_AxVmPieces out = skerry_AxVmPieces_init_zero;
	struct ax_vm_span in = {.gpa = RAM0 + 0x1000, .size = RAM_BYTES};

	start();
	CHECK_EQ(ax_vm_get_image_load_region_call(PORT, &in, &out), 0);
	CHECK_EQ(out.piece_count, 2);
	CHECK(out.piece[0].hpa == 0x1000 && out.piece[0].size == RAM_BYTES - 0x1000);
	CHECK(out.piece[1].hpa == RAM_BYTES && out.piece[1].size == 0x1000);
	in.size = ~0ull;
	CHECK_EQ(ax_vm_get_image_load_region_call(PORT, &in, &out), AXVM_BAD_STATE);
}

TEST(rpc_devices_in_parts)
{
	skerry_AxVmDevices out = skerry_AxVmDevices_init_zero;
	struct axvm_device device = {.name = "a_name_of_thirty_one_characters", .irq = 40};

	start();
	for (uint64_t i = 0; i < 6; i++) {
		device.base = 0x1000 * i;
		device.size = 0x1000;
		CHECK_EQ(axvm_add_device(vm, &device), AXVM_OK);
	}
	CHECK_EQ(ax_vm_get_devices_call(PORT, &(struct ax_vm_from){0}, &out), 0);
	CHECK(out.total == 6 && out.device_count == 4 && out.device[3].base == 0x3000);
	CHECK(!strcmp(out.device[3].name, device.name) && out.device[3].irq == 40);
	CHECK_EQ(ax_vm_get_devices_call(PORT, &(struct ax_vm_from){4}, &out), 0);
	CHECK(out.device_count == 2 && out.device[0].base == 0x4000);
	CHECK_EQ(ax_vm_get_devices_call(PORT, &(struct ax_vm_from){~0u}, &out), 0);
	CHECK_EQ(out.device_count, 0);
}

TEST(rpc_config_in_parts)
{
	static uint8_t bytes[skerry_VmConfig_size];
	skerry_AxVmConfigPart part = skerry_AxVmConfigPart_init_zero;
	skerry_VmConfig read = skerry_VmConfig_init_zero;
	pb_istream_t stream;
	uint32_t at = 0;

	start();
	config.has_cmdline = true;
	memset(config.cmdline, 'c', sizeof(config.cmdline) - 1);
	do {
		CHECK_EQ(ax_vm_config_call(PORT, &(struct ax_vm_from){at}, &part), 0);
		memcpy(bytes + at, part.data.bytes, part.data.size);
		at += part.data.size;
	} while (at < part.total);
	stream = pb_istream_from_buffer(bytes, at);
	CHECK(pb_decode(&stream, skerry_VmConfig_fields, &read));
	CHECK(read.id == 7 && !strcmp(read.cmdline, config.cmdline));
	CHECK_EQ(ax_vm_config_call(PORT, &(struct ax_vm_from){at + 1}, &part), AXVM_INVALID_INPUT);
}

TEST(rpc_ivc_channels)
{
	struct ax_vm_span out = {0};

	start();
	CHECK_EQ(ax_vm_alloc_ivc_channel_call(PORT, &(struct ax_vm_size){1}, &out),
		 AXVM_INVALID_INPUT);
	vm->window = (struct axvm_channel){0xa0000000, 0x1000};
	CHECK_EQ(ax_vm_alloc_ivc_channel_call(PORT, &(struct ax_vm_size){0}, &out),
		 AXVM_INVALID_INPUT);
	CHECK_EQ(ax_vm_alloc_ivc_channel_call(PORT, &(struct ax_vm_size){1}, &out), 0);
	CHECK(out.gpa == 0xa0000000 && out.size == 0x1000);
	CHECK_EQ(ax_vm_alloc_ivc_channel_call(PORT, &(struct ax_vm_size){1}, &out), AXVM_NO_MEMORY);
	CHECK_EQ(ax_vm_release_ivc_channel_call(PORT, &(struct ax_vm_span){0xa0000000, 1}, &done),
		 AXVM_INVALID_INPUT);
	out = (struct ax_vm_span){0xa0000000, 0x1000};
	CHECK_EQ(ax_vm_release_ivc_channel_call(PORT, &out, &done), 0);
}

/* What runs a VM is its VMM's own business unless the VM's file says otherwise. */
TEST(rpc_leaves_a_booted_vm_to_its_vmm)
{
	start();
	for (uint32_t method = AX_VM_NEW; method <= AX_VM_DROP; method++)
		CHECK_EQ(rpc_call(method, 0), AXVM_BAD_STATE);
	CHECK(server.vm == vm && !rpc.kept && !host.started);
}

TEST(rpc_refuses_what_is_no_call_of_its)
{
	start();
	CHECK_EQ(rpc_call(AX_VM_SERVICE << 8 | 200, 0), BAD_METHOD);
	CHECK_EQ(rpc_call(0x0101, 0), BAD_METHOD);
	memset(rpc_buffer(), 0xff, MESSAGE_BYTES);
	CHECK_EQ(rpc_call(AX_VM_INJECT_INTERRUPT_TO_VCPU, 14), BAD_MESSAGE);
	CHECK_EQ(rpc_call(AX_VM_WRITE_TO_GUEST_OF, 480), BAD_MESSAGE);
	CHECK_EQ(host.injected, 0);
}
