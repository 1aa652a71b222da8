/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface goes to the next vCPU: list registers, priorities, its own controls. */
#include "arch.h"
#include "el2.h"
#include "internal.h"
#include "port.h"

void vgic_core_init(struct kernel *k)
{
	uint32_t count = (gich(k, GICH_VTR) & 0x3f) + 1;

	k->arch.lr_count = count < VGIC_LRS ? count : VGIC_LRS;
	k->arch.apr_count = 1;
	gich_set_hcr(k, 0);
	gich(k, GICH_VMCR) = 0;
	gich(k, GICH_APR) = 0;
	for (unsigned n = 0; n < count; n++)
		vgic_lr_write(k, n, 0);
}

void vgic_save(struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;

	if (g->parked != 0)
		vgic_count_ends(k, v);
	g->vmcr = gich(k, GICH_VMCR);
	g->apr[0][0] = gich(k, GICH_APR);
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

	vgic_drain(k, v);
	for_each_bit(n, g->used) vgic_lr_write(k, n, g->lr[n]);
	gich(k, GICH_APR) = g->apr[0][0];
	gich(k, GICH_VMCR) = g->vmcr;
	gich_set_hcr(k, vgic_hcr(g, g->vmcr));
}
