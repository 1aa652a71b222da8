/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface goes to the next vCPU: list registers, priorities, its own controls. */
#include "arch.h"
#include "el2.h"
#include "internal.h"
#include "port.h"
#include "vcpu_groups.h"

void vgic_core_init(struct kernel *k)
{
	uint64_t vtr = gich_vtr(k);

	k->arch.lr_count = (uint32_t)VTR_LRS(vtr) < VGIC_LRS ? (uint32_t)VTR_LRS(vtr) : VGIC_LRS;
	k->arch.apr_count = VTR_PREBITS(vtr) < 5 ? 1 : 1u << (VTR_PREBITS(vtr) - 5);
	gich_set_hcr(k, 0);
	gich_set_vmcr(k, 0);
	for (unsigned n = 0; n < k->arch.lr_count; n++)
		vgic_lr_write(k, n, 0);
}

void vgic_save(struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;

	if (g->parked != 0)
		vgic_count_ends(k, v);
	g->vmcr = (uint32_t)gich_vmcr(k);
	gich_save_priorities(k, g);
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

	gich_open();
	vgic_drain(k, v);
	for_each_bit(n, g->used) vgic_lr_write(k, n, g->lr[n]);
	gich_load_priorities(k, g);
	gich_set_vmcr(k, g->vmcr);
	gich_set_hcr(k, vgic_hcr(g, g->vmcr));
}
