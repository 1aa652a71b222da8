/* SPDX-License-Identifier: BSD-2-Clause */
/* struct hal on this machine: who and when, interrupts, devices; the rest is in machine_*.c. */
#include "services/vmm/machine.h"

#include <string.h>

#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/exits.h"
#include "services/vmm/hypercall.h"
#include "services/vmm/ivc.h"
#include "services/vmm/machine_parts.h"
#include "services/vmm/vmm_arch.h"

#define NANOSECONDS 1000000000ull

static bool supported(void *host)
{
	(void)host;
	/* Only a kernel that can run guests starts services at all; what it lacks, retype says. */
	return grant_find("untyped") && grant_find("core");
}

static uint64_t current_time_nanos(void *host)
{
	const uint64_t now = sys_counter(), frequency = start_page()->frequency;

	(void)host;
	return now / frequency * NANOSECONDS + now % frequency * NANOSECONDS / frequency;
}

static size_t current_vm_id(void *host)
{
	const struct machine *m = host;

	return m->config->id;
}

static size_t current_vcpu_id(void *host)
{
	const struct machine *m = host;

	return m->exited;
}

static size_t current_pcpu_id(void *host)
{
	(void)host;
	return start_page()->core;
}

/* All of a VM is on one core. */
static int32_t vcpu_resides_on(void *host, size_t vm, size_t vcpu, size_t *pcpu)
{
	const struct machine *m = host;

	if (vm != m->config->id || vcpu >= m->config->cpu_num)
		return NOT_FOUND;
	*pcpu = start_page()->core;
	return OK;
}

static int32_t inject_irq_to_vcpu(void *host, size_t vm, size_t vcpu, uint32_t irq)
{
	const struct machine *m = host;

	if (vm != m->config->id || vcpu >= m->config->cpu_num)
		return NOT_FOUND;
	return arch_inject(host, (uint32_t)vcpu, irq);
}

static int32_t root_of_space(void *host, uint64_t *root)
{
	const struct machine *m = host;
	int32_t status = space_root(m->space, root);

	return status == NO_RIGHT ? UNSUPPORTED : status;
}

static void written(void *host, const void *at, size_t size)
{
	(void)host;
	arch_clean(at, size);
}

static bool page_fault(void *host, uint64_t gpa, uint64_t access)
{
	(void)access;
	return machine_touch(host, gpa);
}

static bool devices_create(void *host, struct axvm *vm)
{
	struct machine *m = host;

	m->vm = vm;
	for (uint32_t i = 0; i < m->config->memory_regions_count; i++) {
		if (m->config->memory_regions[i].flags & AXVM_FLAG_DEVICE)
			log_line("vmm %s: memory region %u is a device's: nothing is mapped",
				 m->config->name, i);
	}
	return machine_devices(m) && ivc_init(m) && arch_init(m);
}

/* Windows go with the space, and what lines are armed for with the vCPUs. */
static void devices_destroy(void *host)
{
	struct machine *m = host;

	hypercall_print_rest(m);
	ivc_end(m);
	m->line_count = 0;
	m->vm = NULL;
}

void machine_use(struct machine *m, const skerry_VmConfig *config)
{
	m->config = config;
}

void machine_init(struct machine *m, const skerry_VmConfig *config)
{
	memset(m, 0, sizeof(*m));
	m->config = config;
	m->incidents.frequency = start_page()->frequency;
	m->hal = (struct hal){
	    .host = m,
	    .supported = supported,
	    .alloc_memory_region_at = machine_alloc_at,
	    .dealloc_memory_region_at = machine_dealloc_at,
	    .virt_to_phys = machine_virt_to_phys,
	    .current_time_nanos = current_time_nanos,
	    .current_vm_id = current_vm_id,
	    .current_vcpu_id = current_vcpu_id,
	    .current_pcpu_id = current_pcpu_id,
	    .vcpu_resides_on = vcpu_resides_on,
	    .inject_irq_to_vcpu = inject_irq_to_vcpu,
	    .space_create = machine_space_create,
	    .space_destroy = machine_space_destroy,
	    .space_root = root_of_space,
	    .memory = machine_memory,
	    .map = machine_map,
	    .map_physical = machine_map_physical,
	    .unmap = machine_unmap,
	    .written = written,
	    .page_fault = page_fault,
	    .devices_create = devices_create,
	    .devices_destroy = devices_destroy,
	    .vcpu_create = machine_vcpu_create,
	    .vcpu_destroy = machine_vcpu_destroy,
	    .vcpu_set_entry = machine_vcpu_set_entry,
	    .vcpu_set_gpr = machine_vcpu_set_gpr,
	    .vcpu_get_gpr = machine_vcpu_get_gpr,
	    .vcpu_start = machine_vcpu_start,
	    .vcpu_park = exits_park,
	    .vcpu_resume = exits_resume,
	    .vcpu_set_return_value = exits_set_return_value,
	    .vcpu_fault = exits_fault,
	    .vcpu_run = exits_run,
	};
}

const struct machine_line *machine_line(const struct machine *m, uint32_t irq)
{
	for (uint32_t i = 0; i < m->line_count; i++) {
		if (m->lines[i].irq == irq)
			return &m->lines[i];
	}
	return NULL;
}
