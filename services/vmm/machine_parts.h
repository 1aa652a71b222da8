/* SPDX-License-Identifier: BSD-2-Clause */
/* struct hal's functions on the machine, by the files they are in. */
#ifndef VMM_MACHINE_PARTS_H
#define VMM_MACHINE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "services/lib/ipc.h"

struct axvm;
struct machine;
struct start_grant;
struct axvm_exit;

#define WINDOW_FIRST 1u

/* ---- machine_space.c ---- */
int32_t machine_space_create(void *host, uint32_t number, uint32_t *address_bits);
void machine_space_destroy(void *host);
uint8_t *machine_memory(void *host, uint32_t index, uint64_t size);
int32_t machine_virt_to_phys(void *host, const void *at, uint64_t *phys);
int32_t machine_map(void *host, uint64_t gpa, uint8_t *at, uint64_t size, uint32_t flags);
int32_t machine_unmap(void *host, uint64_t gpa, uint64_t size);
/* Copies of `count` frames of consecutive slots, each of 2^order bytes, at gpa. */
int32_t machine_map_frames(struct machine *m, uint64_t gpa, skerry_cap first, uint32_t count,
			   uint32_t order, uint32_t attributes);

/* ---- machine_demand.c ---- */
int32_t machine_map_later(struct machine *m, uint64_t gpa, skerry_cap first, uint32_t count,
			  uint32_t order, uint32_t attributes);

/* ---- machine_places.c: what is at an address of the machine's own ---- */
bool machine_alloc_at(void *host, uint64_t base, uint64_t size);
void machine_dealloc_at(void *host, uint64_t base, uint64_t size);
int32_t machine_map_physical(void *host, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags);
const struct start_grant *machine_ram(uint32_t index); /* of region `index`; null: none */
/* Table pages for all devices of the machine that were granted for the VM. */
uint32_t machine_device_tables(void);

/* ---- machine_vcpu.c ---- */
int32_t machine_vcpu_create(void *host, uint32_t id);
void machine_vcpu_destroy(void *host, uint32_t id);
int32_t machine_vcpu_set_entry(void *host, uint32_t id, uint64_t entry);
int32_t machine_vcpu_set_gpr(void *host, uint32_t id, uint32_t reg, uint64_t value);
int32_t machine_vcpu_get_gpr(void *host, uint32_t id, uint32_t reg, uint64_t *value);
int32_t machine_vcpu_start(void *host, uint32_t id);

#endif
