/* SPDX-License-Identifier: BSD-2-Clause */
/* What a VM has on aarch64. */
#ifndef VMM_ARCH_VM_H
#define VMM_ARCH_VM_H

#include "config.pb.h"
#include "services/lib/ipc.h"
#include "services/vmm/arch/aarch64/its.h"
#include "services/vmm/arch/aarch64/psci.h"
#include "services/vmm/arch/aarch64/ptimer.h"
#include "services/vmm/arch/aarch64/sysreg.h"
#include "services/vmm/arch/aarch64/vgic.h"

struct machine;

struct arch_vm {
	struct vgic vgic;
	struct its its; /* if vgic.has_lpis */
	struct psci psci;
	struct sysreg sysreg;
	struct ptimer ptimer;
	skerry_cap timer;		/* one for all of these: */
	uint64_t ptimer_at, recheck_at; /* 0: not */
	skerry_cap ptimer_lines;	/* that of vCPU 0, then the others' */
};

/* Is that the version of the VM's interrupt controller? False after a line in the log. */
bool arch_gic_matches(const struct machine *m, uint32_t version);
/* After vgic_init, if it is a GICv2. False after a line in the log. */
bool arch_gicv2_init(struct machine *m);

/* The physical timers, after vgic_init. False after a line in the log. */
bool arch_ptimer_init(struct machine *m);
void arch_recheck(void *host); /* of struct vgic_ops; host is the machine */

/* Where the interrupt controller is unless an emulated device of the config says otherwise. */
#define ARCH_GICD_BASE 0x08000000ull
#define ARCH_GICR_BASE 0x080a0000ull
#define ARCH_ITS_BASE 0x08080000ull
#define ARCH_GICC_BASE 0x08010000ull
#define ARCH_GICC_SIZE 0x2000u
/* emu_type of a config's emulated devices */
#define EMU_GIC_REDISTRIBUTOR 0x20u
#define EMU_GIC_DISTRIBUTOR 0x21u
#define EMU_GIC_ITS 0x22u
#define EMU_GIC_CPU 0xffffffffu /* there is none: where the whole says */
#define EMU_GIC 0x1u		/* all of them, as far from each other as usual */

/* MPIDR affinity of vCPU `cpu`: the config's phys_cpu_ids, else its number. */
uint32_t arch_affinity(const skerry_VmConfig *config, uint32_t cpu);
/* Where the config puts the controller's part of that type, which is at `base` if it does not. */
uint64_t arch_controller(const skerry_VmConfig *config, uint32_t type, uint64_t base);
/* Of its interrupt controller: 3, or 2. */
uint32_t arch_gic_version(const skerry_VmConfig *config);
/* The translation service's base; 0: the VM has none. */
uint64_t arch_its(const skerry_VmConfig *config);

#endif
