/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses that the hardware did not decode, tied to the kernel's calls. */
#include <string.h>

#include "exit.skerry.h"
#include "services/lib/exit_ledger.h"
#include "services/lib/sys.h"
#include "services/vmm/arch/aarch64/emulate.h"
#include "services/vmm/machine.h"
#include "services/vmm/vmm_arch.h"

/* ESR_EL2 of an abort: a translation fault of a load or store itself, with no valid syndrome. */
#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define CLASS_DATA 0x24u
#define ISS_VALID (1ull << 24)
#define ISS_MAINTENANCE (1ull << 8)
#define ISS_TABLE_WALK (1ull << 7)
#define ISS_CAUSE 0x3cull
#define CAUSE_TRANSLATION 0x04ull

struct emulation {
	struct machine *m;
	uint32_t cpu;
	uint64_t sequence;
};

static bool read(void *host, uint64_t address, void *to, size_t size)
{
	const struct emulation *e = host;

	return axvm_read_from_guest_of(e->m->vm, address, to, size, size) == AXVM_OK;
}

static uint32_t access(void *host, unsigned int part, uint64_t address, uint32_t width, bool write,
		       uint64_t *value)
{
	const struct emulation *e = host;
	const struct mmio_access in = {.sequence =
					   part ? exit_ledger_second(e->sequence) : e->sequence,
				       .address = address,
				       .value = *value,
				       .width = width,
				       .write = write};

	return machine_access(e->m, e->cpu, &in, value);
}

static bool is_undecoded(uint64_t esr)
{
	return ESR_CLASS(esr) == CLASS_DATA && (esr & ISS_CAUSE) == CAUSE_TRANSLATION &&
	       !(esr & (ISS_VALID | ISS_MAINTENANCE | ISS_TABLE_WALK));
}

uint32_t arch_fault(struct machine *m, uint32_t cpu, uint64_t sequence, uint64_t virtual,
		    uint64_t syndrome)
{
	struct emulation e = {m, cpu, sequence};
	const struct emulate_host host = {&e, read, access};
	const skerry_cap vcpu = m->vcpus[cpu];
	struct vcpu_general general;
	struct vcpu_system_group system;
	uint32_t bytes = 0, action;
	uint64_t sp;

	if (!is_undecoded(syndrome) || vcpu_get(vcpu, VCPU_GROUP_GENERAL, &bytes))
		return EXIT_ACTION_ABORT;
	memcpy(&general, ipc_buffer(), sizeof(general));
	if (vcpu_get(vcpu, VCPU_GROUP_SYSTEM, &bytes))
		return EXIT_ACTION_ABORT;
	memcpy(&system, ipc_buffer(), sizeof(system));
	sp = system.sp_el1;
	action = emulate(&host, &general, &system, virtual);
	if (action != EXIT_ACTION_ADVANCE)
		return action;
	memcpy(ipc_buffer(), &general, sizeof(general));
	if (vcpu_set(vcpu, VCPU_GROUP_GENERAL))
		return EXIT_ACTION_ABORT;
	memcpy(ipc_buffer(), &system, sizeof(system));
	if (system.sp_el1 != sp && vcpu_set(vcpu, VCPU_GROUP_SYSTEM))
		return EXIT_ACTION_ABORT;
	return EXIT_ACTION_ADVANCE;
}
