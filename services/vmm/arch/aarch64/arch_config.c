/* SPDX-License-Identifier: BSD-2-Clause */
/* What the configuration says of the architecture's parts. */
#include "services/vmm/arch/aarch64/arch_vm.h"

uint32_t arch_affinity(const skerry_VmConfig *config, uint32_t cpu)
{
	uint64_t mpidr = cpu < config->phys_cpu_ids_count ? config->phys_cpu_ids[cpu] : cpu;

	return (uint32_t)(mpidr >> 8 & 0xff000000u) | (uint32_t)(mpidr & 0xffffffu);
}

static const skerry_EmulatedDevice *emulated(const skerry_VmConfig *config, uint32_t type)
{
	for (uint32_t i = 0; i < config->emu_devices_count; i++) {
		if (config->emu_devices[i].emu_type == type)
			return &config->emu_devices[i];
	}
	return NULL;
}

uint64_t arch_controller(const skerry_VmConfig *config, uint32_t type, uint64_t base)
{
	const skerry_EmulatedDevice *part = emulated(config, type);
	const skerry_EmulatedDevice *whole = emulated(config, EMU_GIC);

	if (part)
		return part->base_gpa;
	return whole ? whole->base_gpa + (base - ARCH_GICD_BASE) : base;
}

uint32_t arch_gic_version(const skerry_VmConfig *config)
{
	return config->has_gic ? config->gic : 3;
}

uint64_t arch_its(const skerry_VmConfig *config)
{
	if (arch_gic_version(config) == 2)
		return 0;
	if (!emulated(config, EMU_GIC_ITS) && !emulated(config, EMU_GIC))
		return 0;
	return arch_controller(config, EMU_GIC_ITS, ARCH_ITS_BASE);
}
