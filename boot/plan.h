/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot plan: file "plan" of the bundle. It says how the machine is split between the cores; the
 * host tool writes it from the system file, core 0's boot code checks it against the machine and
 * follows it. Constant layout, little endian, exactly sizeof(struct boot_plan) bytes; entries not
 * used are zero.
 */
#ifndef KERNEL_PLAN_H
#define KERNEL_PLAN_H

#include <stdint.h>

#define PLAN_MAGIC 0x4e414c50594b53ull /* "SKYPLAN" */
#define PLAN_VERSION 2u
#define PLAN_CORES 8
#define PLAN_DEVICES 16
#define PLAN_RANGES 16
#define PLAN_NOBODY 0xffffffffu

struct plan_device { /* page aligned; no two overlap, none overlaps RAM or the interrupt controller
		      */
	uint64_t base, size;
};

struct plan_core {
	uint64_t ram_bytes;	 /* a multiple of 2 MiB; 0: all that is left (at most one core) */
	uint32_t hardware_index; /* position among the cpu nodes of the device tree */
	uint32_t device_count;
	struct plan_device devices[PLAN_DEVICES];
};

/*
 * PLAN_FIXED: RAM that `core` gets as a region of its own (BOOT_FIXED), if it is free when the
 * machine is split; it counts as part of the core's ram_bytes. PLAN_RESERVED: kept from all cores'
 * memory; `core`, unless it is PLAN_NOBODY, gets it with what is in it (BOOT_RESERVED). Page
 * aligned; no two overlap, nor one a device.
 */
enum plan_kind { PLAN_FIXED, PLAN_RESERVED };

struct plan_range {
	uint64_t base, size;
	uint32_t core, kind;
};

struct boot_plan {
	uint64_t magic;
	uint32_t version;
	uint32_t core_count; /* cores that get a kernel; entry 0 is the core that boots */
	/* That guests need; 0, and at least: what the RAM and the devices above need. More than 39
	   bits take a fourth level of tables. */
	uint32_t address_bits;
	uint32_t range_count;
	struct plan_core cores[PLAN_CORES];
	struct plan_range ranges[PLAN_RANGES];
};
_Static_assert(sizeof(struct plan_core) == 272, "written by a host tool");
_Static_assert(sizeof(struct plan_range) == 24, "written by a host tool");
_Static_assert(sizeof(struct boot_plan) == 2584, "written by a host tool");

#endif
