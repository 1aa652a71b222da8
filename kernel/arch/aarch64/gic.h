/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical interrupt controller as seen by one core; gic_core.h is that of the link. */
#ifndef KERNEL_GIC_H
#define KERNEL_GIC_H

#include <stdbool.h>
#include <stdint.h>

#include "gic_core.h"

struct kernel;
struct context;

#define PPI_MONITOR 23u
#define PPI_MAINTENANCE 25u
#define PPI_KERNEL_TIMER 26u
#define PPI_VIRTUAL_TIMER 27u

/* Everything is Group 1, masked and quiet from now on; before any core is started. */
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

/* Handles the interrupts that are pending, at most a few, and says who runs now. */
struct context *trap_irq(struct kernel *k);

/* The vCPU's part: PPIs 23 and 27 stay active until the guest ends them; PPI 25 is level. */
void vppi_fired(struct kernel *k, uint32_t number);
void vgic_maintenance(struct kernel *k);

#endif
