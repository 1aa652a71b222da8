/* SPDX-License-Identifier: BSD-2-Clause */
/* What the configuration says of the architecture's parts. */
#include "services/vmm/arch/aarch64/arch_vm.h"

uint32_t arch_affinity(const skerry_VmConfig *config, uint32_t cpu)
{
	uint64_t mpidr = cpu < config->phys_cpu_ids_count ? config->phys_cpu_ids[cpu] : cpu;

	return (uint32_t)(mpidr >> 8 & 0xff000000u) | (uint32_t)(mpidr & 0xffffffu);
}

uint64_t arch_controller(const skerry_VmConfig *config, uint32_t type, uint64_t base)
{
	for (uint32_t i = 0; i < config->emu_devices_count; i++) {
		if (config->emu_devices[i].emu_type == type)
			return config->emu_devices[i].base_gpa;
	}
	return base;
}
