/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/lib/grants.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/exits.h"
#include "services/vmm/machine.h"
#include "services/vmm/machine_parts.h"
#include "services/vmm/vmm_arch.h"

#define ALL_EXITS ((1u << EXIT_CLASSES) - 1)
#define VCPU_SLOTS 2u /* the vCPU, the reply to its exit when that waits */

/* Exits carry the vCPU's number + 1, so that no other caller's badge 0 is a vCPU. */
int32_t machine_vcpu_create(void *host, uint32_t id)
{
	struct machine *m = host;
	const skerry_VmConfig *config = m->config;
	const skerry_cap cap = machine_slots_take(&m->slots, VCPU_SLOTS);
	uint32_t features = 0;
	int32_t status;

	if (!cap)
		return LIMIT;
	status = untyped_retype(grant_slot("untyped"), CAP_VCPU, 0, 0, cap, 1);
	if (!status)
		status = vcpu_configure(cap, m->space, 0, &features);
	if (!status)
		status = vcpu_port(cap, ALL_EXITS, START_SLOT_PORT, id + 1);
	if (!status)
		status = core_schedule(grant_slot("core"), cap, config->vcpu_priority,
				       (uint64_t)config->vcpu_budget_us * 1000,
				       (uint64_t)config->vcpu_period_us * 1000);
	m->vcpus[id] = cap;
	m->replies[id] = (struct machine_reply){.slot = cap + 1};
	m->started[id] = false;
	if (status)
		machine_vcpu_destroy(m, id);
	return status;
}

void machine_vcpu_destroy(void *host, uint32_t id)
{
	struct machine *m = host;
	const skerry_cap cap = m->vcpus[id];

	exits_forget(m, id);
	(void)cspace_delete(START_SLOT_CSPACE, cap);
	machine_slots_give(&m->slots, cap, VCPU_SLOTS);
	m->vcpus[id] = 0;
	m->started[id] = false;
}

int32_t machine_vcpu_set_entry(void *host, uint32_t id, uint64_t entry)
{
	struct machine *m = host;

	if (m->started[id])
		return BUSY;
	if (!arch_entry_valid(m, entry))
		return BAD_ARGUMENT;
	exits_forget(m, id);
	/* One that turned itself off is held. */
	(void)vcpu_stop(m->vcpus[id]);
	return arch_vcpu_reset(m, id, entry, 0);
}

int32_t machine_vcpu_set_gpr(void *host, uint32_t id, uint32_t reg, uint64_t value)
{
	return arch_vcpu_register(host, id, reg, true, &value);
}

int32_t machine_vcpu_get_gpr(void *host, uint32_t id, uint32_t reg, uint64_t *value)
{
	return arch_vcpu_register(host, id, reg, false, value);
}

int32_t machine_vcpu_start(void *host, uint32_t id)
{
	struct machine *m = host;
	int32_t status = m->started[id] ? OK : vcpu_run(m->vcpus[id]);

	if (status == OK && !m->started[id])
		arch_vcpu_power(m, id, true);
	m->started[id] = status == OK;
	return status;
}

void machine_stop(struct machine *m)
{
	for (uint32_t i = 0; i < m->config->cpu_num; i++) {
		if (m->vcpus[i])
			vcpu_stop(m->vcpus[i]);
		m->started[i] = false;
	}
}
