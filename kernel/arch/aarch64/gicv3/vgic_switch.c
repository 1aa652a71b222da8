/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface goes to the next vCPU: list registers, priorities, its own controls. */
#include "arch.h"
#include "el2.h"
#include "internal.h"
#include "port.h"
#include "sysreg.h"

void vgic_core_init(struct kernel *k)
{
	uint64_t vtr = gich_vtr(k);

	k->arch.lr_count = (uint32_t)VTR_LRS(vtr) < VGIC_LRS ? (uint32_t)VTR_LRS(vtr) : VGIC_LRS;
	k->arch.apr_count = VTR_PREBITS(vtr) < 5 ? 1 : 1u << (VTR_PREBITS(vtr) - 5);
	gich_set_hcr(k, 0);
	sysreg_write(ICH_VMCR_EL2, 0);
	for (unsigned n = 0; n < k->arch.lr_count; n++)
		vgic_lr_write(k, n, 0);
}

/* The active priorities of Groups 0 and 1; how many registers depends on the implementation. */
#define APR_SAVE(n)                                                      \
	do {                                                             \
		g->apr[0][n] = (uint32_t)sysreg_read(ICH_AP0R##n##_EL2); \
		g->apr[1][n] = (uint32_t)sysreg_read(ICH_AP1R##n##_EL2); \
	} while (0)
#define APR_LOAD(n)                                            \
	do {                                                   \
		sysreg_write(ICH_AP0R##n##_EL2, g->apr[0][n]); \
		sysreg_write(ICH_AP1R##n##_EL2, g->apr[1][n]); \
	} while (0)

void vgic_save(struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;

	if (g->parked != 0)
		vgic_count_ends(k, v);
	g->vmcr = (uint32_t)sysreg_read(ICH_VMCR_EL2);
	APR_SAVE(0);
	if (k->arch.apr_count > 1)
		APR_SAVE(1);
	if (k->arch.apr_count > 2) {
		APR_SAVE(2);
		APR_SAVE(3);
	}
	for_each_bit(n, g->used)
	{
		uint64_t lr = vgic_lr_read(k, n);

		g->lr[n] = lr;
		vgic_lr_write(k, n, 0);
		if ((lr & LR_STATE) == 0 && !LR_TELLS(lr))
			g->used &= ~(1u << n);
	}
	gich_set_hcr(k, 0);
}

/* List registers not in `used` are 0: vgic_save left them so. */
void vgic_load(struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;

	/* A guest can leave this off where a GICv2 interface is there, too. */
	sysreg_write(ICC_SRE_EL1, 7);
	isb();
	vgic_drain(k, v);
	for_each_bit(n, g->used) vgic_lr_write(k, n, g->lr[n]);
	APR_LOAD(0);
	if (k->arch.apr_count > 1)
		APR_LOAD(1);
	if (k->arch.apr_count > 2) {
		APR_LOAD(2);
		APR_LOAD(3);
	}
	sysreg_write(ICH_VMCR_EL2, g->vmcr);
	gich_set_hcr(k, vgic_hcr(g, g->vmcr));
}
