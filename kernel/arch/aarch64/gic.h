/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical interrupt controller as seen by one core; gic_core.h is that of the link. */
#ifndef KERNEL_GIC_H
#define KERNEL_GIC_H

#include "gic_core.h"

struct kernel;
struct context;

#define PPI_MONITOR 23u
#define PPI_MAINTENANCE 25u
#define PPI_KERNEL_TIMER 26u
#define PPI_VIRTUAL_TIMER 27u

/* Everything is masked and quiet; before any core is started. */
void gic_distributor_init(uint64_t distributor);
uint32_t gic_distributor_interrupts(uint64_t distributor);
/* This core's redistributor and CPU interface: the PPIs above are enabled, nothing else. */
void gic_core_init(struct kernel *k);
/* Taking interrupts ends; before the core goes off. */
void gic_core_off(struct kernel *k);
/* The physical active state of a PPI of this core, for those that are linked. */
void gic_ppi_set_active(struct kernel *k, uint32_t number);
void gic_deactivate(const struct kernel *k, uint32_t number);
bool gic_is_edge(const struct kernel *k, uint32_t number); /* of an SPI, on core 0 */

/* Distributor; a redistributor's SGI_base has the same registers for INTIDs 0..31. */
#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IGROUPR 0x0080u
#define GICD_ISENABLER 0x0100u
#define GICD_ICENABLER 0x0180u
#define GICD_ISPENDR 0x0200u
#define GICD_ICPENDR 0x0280u
#define GICD_ISACTIVER 0x0300u
#define GICD_ICACTIVER 0x0380u
#define GICD_IPRIORITYR 0x0400u
#define GICD_ICFGR 0x0c00u
#define PRIORITIES_4 0xa0a0a0a0u
#define INTID_SPECIAL 1020u

static inline uint32_t gic_read(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static inline void gic_write(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

static inline void gic_set_bit(uint64_t registers, uint32_t number)
{
	gic_write(registers + number / 32 * 4, 1u << number % 32);
}

/* Handles the interrupts that are pending, at most a few, and says who runs now. */
struct context *trap_irq(struct kernel *k);

/* The vCPU's part: PPIs 23 and 27 stay active until the guest ends them; PPI 25 is level. */
void vppi_fired(struct kernel *k, uint32_t number);
void vgic_maintenance(struct kernel *k);

#endif
