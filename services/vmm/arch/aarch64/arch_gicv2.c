/* SPDX-License-Identifier: BSD-2-Clause */
/* A GICv2's virtual CPU interface becomes the guest's CPU interface. */
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/start.h"
#include "services/vmm/arch/aarch64/arch_vm.h"
#include "services/vmm/arch/aarch64/vgicv2.h"
#include "services/vmm/machine.h"

#define FLAGS (AXVM_FLAG_DEVICE | AXVM_FLAG_READ | AXVM_FLAG_WRITE | AXVM_FLAG_USER)

bool arch_gic_matches(const struct machine *m, uint32_t version)
{
	if (arch_gic_version(m->config) == version)
		return true;
	log_line("vmm %s: its interrupt controller is a GICv%u, and the machine's a GICv%u",
		 m->config->name, arch_gic_version(m->config), version);
	return false;
}

bool arch_gicv2_init(struct machine *m)
{
	struct vgic *g = &m->arch->vgic;
	const struct start_grant *interface =
	    grant_find_kind("gicv", skerry_GrantKind_GRANT_DEVICE);
	struct axvm_device page = {.kind = AXVM_DEVICE_EMULATED, .name = "gicc"};

	vgicv2_init(g);
	g->cpu_base = arch_controller(m->config, EMU_GIC_CPU, ARCH_GICC_BASE);
	page.base = g->cpu_base + VGICV2_CPU_SIZE;
	page.size = VGICV2_CPU_SIZE;
	if (!interface) {
		log_line("vmm %s: no grant gicv", m->config->name);
		return false;
	}
	if (axvm_map_physical(m->vm, g->cpu_base, interface->badge, VGICV2_CPU_SIZE, FLAGS,
			      "gicv") ||
	    axvm_add_device(m->vm, &page)) {
		log_line("vmm %s: gicc: %s", m->config->name, axvm_message());
		return false;
	}
	return true;
}
