/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm_host.h"

#include <string.h>

#include "test.h"

struct vmm_host host;

static bool supported(void *h)
{
	(void)h;
	return host.supported;
}

static int32_t space_create(void *h, uint32_t number, uint32_t *bits)
{
	(void)h;
	(void)number;
	*bits = 39;
	return host.space;
}

static uint8_t *memory(void *h, uint32_t index, uint64_t size)
{
	(void)h;
	return index < 2 && size <= RAM_BYTES ? host.memory[index] : NULL;
}

static int32_t map(void *h, uint64_t gpa, uint8_t *at, uint64_t size, uint32_t flags)
{
	(void)h;
	(void)gpa;
	(void)at;
	(void)size;
	(void)flags;
	host.mapped++;
	return host.map;
}

static int32_t vcpu_create(void *h, uint32_t id)
{
	(void)h;
	(void)id;
	host.vcpus++;
	return host.vcpu;
}

static int32_t vcpu_run(void *h, uint32_t id, struct axvm_exit *exit)
{
	(void)h;
	(void)id;
	host.runs++;
	*exit = host.exit;
	return host.run;
}

static int32_t inject(void *h, uint32_t vcpu, uint32_t irq)
{
	(void)h;
	(void)irq;
	host.injected |= 1u << vcpu;
	return host.inject;
}

static void release(void *h)
{
	(void)h;
	host.released++;
}

const struct hal hal = {
    .supported = supported,
    .space_create = space_create,
    .memory = memory,
    .map = map,
    .vcpu_create = vcpu_create,
    .vcpu_run = vcpu_run,
    .inject = inject,
    .release = release,
};

skerry_VmConfig config;

void drop(void *vm)
{
	axvm_drop(vm);
}

void prepare(void)
{
	memset(&host, 0, sizeof(host));
	host.supported = true;
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
