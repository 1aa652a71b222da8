/* SPDX-License-Identifier: BSD-2-Clause */
/* A core enters its kernel. Core 0's boot code built what it needs, and may be gone by now. */
#include "arch.h"
#include "arch_calls.h"
#include "port.h"
#include "sysreg.h"

/* What FEAT_HCX and FEAT_FGT trap is unknown after reset: nothing from here on. */
static void extensions_off(void)
{
	if ((sysreg_read(id_aa64mmfr1_el1) >> 40 & 15) != 0)
		sysreg_write(HCRX_EL2, 0);
	if ((sysreg_read(id_aa64mmfr0_el1) >> 56 & 15) != 0) {
		sysreg_write(HFGRTR_EL2, 0);
		sysreg_write(HFGWTR_EL2, 0);
		sysreg_write(HFGITR_EL2, 0);
		sysreg_write(HDFGRTR_EL2, 0);
		sysreg_write(HDFGWTR_EL2, 0);
	}
}

/* While core 0 built it, this kernel could not set its own core's timer: now it does. */
void core_main(uint64_t kernel)
{
	struct kernel *k = (struct kernel *)kernel;

	sysreg_write(vbar_el2, vectors);
	sysreg_write(vtcr_el2, k->arch.machine.vtcr);
	sysreg_write(vttbr_el2, 0);
	extensions_off();
	isb();
	tlbi(alle1);
	dsb(nsh);
	isb();
	context_core_init(k);
	gic_core_init(k);
	arch_timer_set(k, k->timer);
	sysreg_write(cnthp_ctl_el2, 1);
	isb();
	context_resume(sched_dispatch(k));
}
