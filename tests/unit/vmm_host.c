/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm_host.h"

#include <string.h>

#include "kernel/abi.h"
#include "test.h"

#define PAGE 0x1000ull

struct vmm_host host;

/* Whether this step is the one that fails. */
static bool fails(void)
{
	return ++host.step == host.fail_at;
}

static bool supported(void *h)
{
	(void)h;
	return host.supported;
}

static bool alloc_memory_region_at(void *h, uint64_t base, uint64_t size)
{
	(void)h;
	CHECK(base % PAGE == 0 && size != 0);
	if (host.busy_memory || fails())
		return false;
	host.regions++;
	return true;
}

static void dealloc_memory_region_at(void *h, uint64_t base, uint64_t size)
{
	(void)h;
	CHECK(base % PAGE == 0 && size != 0);
	CHECK(host.regions-- > 0);
}

static int32_t virt_to_phys(void *h, const void *at, uint64_t *phys)
{
	(void)h;
	*phys = (uintptr_t)at;
	return OK;
}

static uint64_t current_time_nanos(void *h)
{
	(void)h;
	return host.runs * 1000ull;
}

static size_t current_vm_id(void *h)
{
	(void)h;
	return host.vm;
}

static size_t current_vcpu_id(void *h)
{
	(void)h;
	return host.exit.vcpu;
}

static size_t current_pcpu_id(void *h)
{
	(void)h;
	return 0;
}

static int32_t vcpu_resides_on(void *h, size_t vm, size_t vcpu, size_t *pcpu)
{
	(void)h;
	if (vm != host.vm || vcpu >= host.live_vcpus)
		return NOT_FOUND;
	*pcpu = 0;
	return OK;
}

static int32_t inject_irq_to_vcpu(void *h, size_t vm, size_t vcpu, uint32_t irq)
{
	(void)h;
	(void)irq;
	CHECK_EQ(vm, host.vm);
	host.injected |= 1u << vcpu;
	return host.inject;
}

static int32_t space_create(void *h, uint32_t number, uint32_t *bits)
{
	(void)h;
	(void)number;
	CHECK_EQ(host.spaces, 0);
	if (host.space || fails())
		return host.space ? host.space : NO_MEMORY;
	*bits = 39;
	host.spaces++;
	return OK;
}

static void space_destroy(void *h)
{
	(void)h;
	CHECK_EQ(host.spaces--, 1);
	CHECK(host.live_vcpus == 0 && host.page_count == 0);
	host.released++;
}

static int32_t space_root(void *h, uint64_t *root)
{
	(void)h;
	*root = host.root;
	return host.root ? OK : UNSUPPORTED;
}

static uint8_t *memory(void *h, uint32_t index, uint64_t size)
{
	(void)h;
	return index < 2 && size <= RAM_BYTES && !fails() ? host.memory[index] : NULL;
}

static size_t find(uint64_t page)
{
	size_t i = 0;

	while (i < host.page_count && host.pages[i] != page)
		i++;
	return i;
}

static int32_t map_pages(uint64_t gpa, uint64_t size)
{
	host.mapped++;
	CHECK(gpa % PAGE == 0 && size % PAGE == 0 && size != 0);
	CHECK_EQ(host.spaces, 1);
	if (host.map || fails())
		return host.map ? host.map : NO_MEMORY;
	for (uint64_t at = gpa; at < gpa + size; at += PAGE) {
		CHECK(find(at) == host.page_count && host.page_count < HOST_PAGES);
		host.pages[host.page_count++] = at;
	}
	return OK;
}

static int32_t map(void *h, uint64_t gpa, uint8_t *at, uint64_t size, uint32_t flags)
{
	(void)h;
	(void)flags;
	CHECK((uintptr_t)at % PAGE == 0);
	return map_pages(gpa, size);
}

static int32_t map_physical(void *h, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags)
{
	(void)h;
	CHECK(flags & AXVM_FLAG_DEVICE);
	CHECK_EQ(hpa % PAGE, 0);
	host.physical++;
	host.device_gpa = gpa;
	host.device_hpa = hpa;
	host.device_size = size;
	return map_pages(gpa, size);
}

static int32_t unmap(void *h, uint64_t gpa, uint64_t size)
{
	const uint64_t frame = host.frame ? host.frame : PAGE;

	(void)h;
	CHECK(gpa % PAGE == 0 && size % PAGE == 0 && size != 0);
	if ((gpa | size) % frame)
		return BAD_ARGUMENT;
	for (uint64_t at = gpa; at < gpa + size; at += PAGE) {
		size_t i = find(at);

		if (i < host.page_count)
			host.pages[i] = host.pages[--host.page_count];
	}
	return OK;
}

static void written(void *h, const void *at, size_t size)
{
	(void)h;
	(void)at;
	host.written += size;
}

static bool page_fault(void *h, uint64_t gpa, uint64_t access)
{
	(void)h;
	(void)access;
	host.paged = gpa;
	return host.can_page;
}

static bool devices_create(void *h, struct axvm *vm)
{
	(void)h;
	CHECK_EQ(host.devices, 0);
	host.devices++;
	for (size_t i = 0; i < host.device_count; i++) {
		if (axvm_add_device(vm, &host.device[i]))
			return false;
	}
	return !fails();
}

static void devices_destroy(void *h)
{
	(void)h;
	CHECK_EQ(host.devices--, 1);
}

static int32_t vcpu_create(void *h, uint32_t id)
{
	(void)h;
	host.vcpus++;
	CHECK_EQ(id, host.live_vcpus);
	if (host.vcpu || fails())
		return host.vcpu ? host.vcpu : NO_MEMORY;
	host.live_vcpus++;
	return OK;
}

static void vcpu_destroy(void *h, uint32_t id)
{
	(void)h;
	CHECK_EQ(id, --host.live_vcpus);
	host.parked &= ~(1u << id);
}

static int32_t vcpu_set_entry(void *h, uint32_t id, uint64_t entry)
{
	(void)h;
	CHECK(id < host.live_vcpus);
	if (fails())
		return BAD_CAP;
	if (entry % 4)
		return BAD_ARGUMENT;
	host.entry[id] = entry;
	host.parked &= ~(1u << id);
	return OK;
}

static int32_t vcpu_set_gpr(void *h, uint32_t id, uint32_t reg, uint64_t value)
{
	(void)h;
	if (reg >= HOST_REGISTERS)
		return BAD_ARGUMENT;
	host.registers[id][reg] = value;
	return OK;
}

static int32_t vcpu_get_gpr(void *h, uint32_t id, uint32_t reg, uint64_t *value)
{
	(void)h;
	if (reg >= HOST_REGISTERS)
		return BAD_ARGUMENT;
	*value = host.registers[id][reg];
	return OK;
}

static int32_t vcpu_start(void *h, uint32_t id)
{
	(void)h;
	CHECK(id < host.live_vcpus);
	host.started |= 1u << id;
	return OK;
}

static int32_t vcpu_park(void *h, uint32_t id)
{
	(void)h;
	CHECK(id < host.live_vcpus && !(host.parked >> id & 1));
	host.parked |= 1u << id;
	return OK;
}

static int32_t vcpu_resume(void *h, uint32_t id)
{
	(void)h;
	CHECK(host.parked >> id & 1);
	host.parked &= ~(1u << id);
	host.resumed |= 1u << id;
	host.in_call[id] = false;
	return OK;
}

static int32_t vcpu_set_return_value(void *h, uint32_t id, uint64_t value)
{
	(void)h;
	if (!host.in_call[id])
		return NOT_FOUND;
	host.returned[id] = value;
	return OK;
}

static int32_t vcpu_fault(void *h, uint32_t id, const struct axvm_exit *exit)
{
	(void)h;
	CHECK_EQ(id, exit->vcpu);
	host.faults++;
	return host.fault;
}

static int32_t vcpu_run(void *h, uint32_t id, struct axvm_exit *exit)
{
	(void)h;
	CHECK(id < host.live_vcpus);
	host.runs++;
	if (host.shut_down)
		CHECK_EQ(axvm_shutdown(host.shut_down), AXVM_OK);
	*exit = host.exit_next < host.exit_count ? host.exits[host.exit_next++] : host.exit;
	return host.run;
}

const struct hal hal = {
    .supported = supported,
    .alloc_memory_region_at = alloc_memory_region_at,
    .dealloc_memory_region_at = dealloc_memory_region_at,
    .virt_to_phys = virt_to_phys,
    .current_time_nanos = current_time_nanos,
    .current_vm_id = current_vm_id,
    .current_vcpu_id = current_vcpu_id,
    .current_pcpu_id = current_pcpu_id,
    .vcpu_resides_on = vcpu_resides_on,
    .inject_irq_to_vcpu = inject_irq_to_vcpu,
    .space_create = space_create,
    .space_destroy = space_destroy,
    .space_root = space_root,
    .memory = memory,
    .map = map,
    .map_physical = map_physical,
    .unmap = unmap,
    .written = written,
    .page_fault = page_fault,
    .devices_create = devices_create,
    .devices_destroy = devices_destroy,
    .vcpu_create = vcpu_create,
    .vcpu_destroy = vcpu_destroy,
    .vcpu_set_entry = vcpu_set_entry,
    .vcpu_set_gpr = vcpu_set_gpr,
    .vcpu_get_gpr = vcpu_get_gpr,
    .vcpu_start = vcpu_start,
    .vcpu_park = vcpu_park,
    .vcpu_resume = vcpu_resume,
    .vcpu_set_return_value = vcpu_set_return_value,
    .vcpu_fault = vcpu_fault,
    .vcpu_run = vcpu_run,
};

skerry_VmConfig config;

bool host_is_empty(void)
{
	return !host.spaces && !host.live_vcpus && !host.devices && !host.regions &&
	       !host.page_count;
}

void drop(void *vm)
{
	(void)axvm_unref(vm);
}

void prepare(void)
{
	memset(&host, 0, sizeof(host));
	host.supported = true;
	host.vm = 7;
	host.exit.reason = AXVM_EXIT_NOTHING;
	config = (skerry_VmConfig){.id = 7, .number = 1, .cpu_num = 2, .memory_regions_count = 2};
	config.memory_regions[0] =
	    (skerry_MemoryRegion){.gpa = RAM0, .size = RAM_BYTES, .flags = 7};
	config.memory_regions[1] =
	    (skerry_MemoryRegion){.gpa = RAM0 + RAM_BYTES, .size = RAM_BYTES, .flags = 7};
}

struct axvm *make(void)
{
	struct axvm *vm = NULL;

	prepare();
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	test_cleanup(drop, vm);
	return vm;
}

bool said(const char *text)
{
	return strstr(axvm_message(), text) != NULL;
}
