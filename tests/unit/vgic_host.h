/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VGIC_HOST_H
#define VGIC_HOST_H

#include "services/vmm/arch/aarch64/vgic.h"

#define VGIC_WIRES (VGIC_IDS + VGIC_PRIVATE)

/* The kernel's side, as far as the model can see it: states, armed lines, wires. */
#define VGIC_HOST_IDS (VGIC_LPI_FIRST + VGIC_LPIS)
#define VGIC_HOST_RAM 0x40000000ull

struct vgic_host {
	uint32_t state[2][VGIC_HOST_IDS];
	uint16_t priority[2][VGIC_HOST_IDS];
	bool armed[VGIC_WIRES], edge[VGIC_WIRES], wire[VGIC_WIRES], pended[VGIC_IDS];
	unsigned int armed_at[VGIC_WIRES];
	bool source[2][2]; /* vCPU, VCPU_SOURCE_* */
	uint16_t source_priority[2][2];
	bool recheck; /* was asked for */
	unsigned int calls;
	uint64_t read_only;		  /* a page the guest may not write; 0: none */
	_Alignas(8) uint8_t ram[0x40000]; /* the guest's, from VGIC_HOST_RAM on */
};
extern struct vgic_host vgic_host;

extern const struct vgic_ops vgic_host_ops;

/* ---- A controller of two vCPUs on it ---- */
#define GICD 0x08000000ull
#define GICR 0x080a0000ull
#define SGI_BASE 0x10000ull
#define SPI 40u
#define WIRED 33u

extern struct vgic gic;
/* A device on WIRED; distributor on, Group 1. */
void start(void);
uint64_t rd(unsigned int cpu, uint64_t address, uint32_t width);
void wr(unsigned int cpu, uint64_t address, uint32_t width, uint64_t value);
/* A device's line goes up or down. */
void vgic_host_wire(unsigned int cpu, uint32_t id, bool high);

#endif
