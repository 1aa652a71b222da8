/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Core 0's boot code. It reads the device tree and the bundle, splits the machine as the boot plan
 * says, builds every core's kernel and init in that core's own memory, starts the cores, and is
 * gone: its pages become RAM of core 0. Whatever it finds wrong it says in one line, and switches
 * the machine off.
 */
#ifndef KERNEL_BOOT_H
#define KERNEL_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "arch_calls.h"
#include "mmu.h"
#include "plan.h"

#define PAGE 4096ull
#define PLAN_ALIGN 0x200000ull
#define BOOT_TABLES 32
#define BOOT_CPUS 64
#define BOOT_GIC_REGIONS 8

/* ---- boot_range.c: a small set of address ranges, sorted, none touching another ---- */
#define RANGES 64

struct range {
	uint64_t base, size;
};

struct ranges {
	uint32_t count;
	struct range r[RANGES];
};

/* Both return false, and change nothing, when the set would need more than RANGES entries. */
bool ranges_add(struct ranges *set, uint64_t base, uint64_t size);
bool ranges_remove(struct ranges *set, uint64_t base, uint64_t size);
bool ranges_overlap(const struct ranges *set, uint64_t base, uint64_t size);
bool ranges_contain(const struct ranges *set, uint64_t base, uint64_t size);
bool range_overlap(const struct range *a, uint64_t base, uint64_t size);

/* What start.S found. BOOT_E2H: EL2 on which E2H is fixed to 1. */
enum boot_level { BOOT_EL1 = 1, BOOT_EL2 = 2, BOOT_E2H = 3 };

struct boot_file {
	const uint8_t *data;
	uint64_t size;
};

struct boot_core {
	struct ranges ram; /* what is left of this core's memory becomes untyped */
	struct ranges all; /* what its kernel maps: its memory but for the stack's guard page */
	uint64_t affinity;
	struct gic gic; /* what its kernel has of the interrupt controller */
	struct kernel *kernel;
	struct core_entry *entry;
	struct thread *init;
	uint64_t image, image_bytes; /* init's segments, as they will lie at SERVICE_BASE */
};

struct boot {
	enum boot_level level;
	uint64_t counter; /* when the first instruction ran */
	uint64_t frequency;
	uint64_t image, rodata, resident_end, image_end;
	const uint8_t *tree;
	uint64_t tree_size;
	struct mmu mmu;		      /* everything boot code touches */
	struct ranges ram;	      /* all there is */
	struct ranges free;	      /* of it, what no one has yet */
	const struct boot_uart *uart; /* what is at `console` */
	struct range console;	      /* size 0: none */
	struct range bundle;
	struct range distributor;
	struct range
	    gic[BOOT_GIC_REGIONS]; /* what else of the interrupt controller is the kernels' */
	uint32_t gic_count;
	const char *gic_name; /* of those, for messages */
	uint64_t banked; /* a page that is each core's own device, for all who want it; 0: none */
	uint64_t affinities[BOOT_CPUS]; /* of the device tree's cpu nodes, in its order */
	uint32_t cpu_count;
	bool psci, psci_smc;
	struct boot_plan plan;
	bool given[PLAN_RANGES]; /* of plan.ranges: it was there to be given */
	uint32_t cores;
	struct boot_file init;
	uint32_t address_bits;
	uint64_t vtcr;
	struct boot_core core[PLAN_CORES];
};

/* ---- boot_say.c ---- */
struct boot_uart {
	const char *compatible;
	uint16_t control, status, data; /* offsets of 32-bit registers */
	uint32_t on;			/* to control: it sends and receives */
	uint32_t full;			/* in status, while it takes no more */
	uint32_t idle_mask, idle;	/* of status, when all is on the wire */
};
#define BOOT_UARTS 2
extern const struct boot_uart boot_uarts[BOOT_UARTS];

/* "skerry: ", then the text: %s string, %u decimal, %x hexadecimal uint64_t. Then the machine goes
 * off. */
void boot_fail(const struct boot *b, const char *format, ...) __attribute__((noreturn));

/* ---- boot_tree.c: what the device tree says ---- */
bool boot_tree_is_whole(const struct boot *b); /* else nothing of it can be read */
void boot_tree_console(struct boot *b); /* first: what is wrong with the rest can be said then */
void boot_tree_machine(struct boot *b);
/* Entry `index` of `reg` of the first node that is compatible; -> the node, or -1. */
int boot_tree_reg(const struct boot *b, const char *compatible, int index, struct range *r);
/* The private interrupt that is entry `index` of a node's `interrupts`; 0: none. */
uint32_t boot_tree_ppi(const struct boot *b, int node, int index);
/* The part of the machine in that range that no one may have; null: none. */
const char *boot_tree_part(const struct boot *b, uint64_t base, uint64_t size);

/* ---- boot_gic.c: the interrupt controller that this kernel is linked for ---- */
void boot_gic_tree(struct boot *b); /* finds its parts; another one is refused */
void boot_gic_find(const struct boot *b, struct boot_core *c, uint32_t cpu); /* what is c's */
bool boot_gic_map(const struct boot *b, const struct boot_core *c, struct mmu *m);

/* ---- boot_bundle.c: what the bundle says ---- */
void boot_bundle(struct boot *b); /* finds the files and checks plan and init */
uint64_t boot_init_load(struct boot *b, struct boot_core *c); /* -> its entry */
void boot_init_map(struct boot *b, struct boot_core *c, struct space *s);

/* ---- boot_memory.c: who gets what ---- */
void boot_reserve(struct boot *b, uint64_t base, uint64_t size); /* no longer free */
void boot_memory_split(struct boot *b);				 /* among the cores */
/* Zeroed memory of core c, which its untyped will not have; fails when there is no more. */
void *boot_alloc(struct boot *b, struct boot_core *c, uint64_t bytes, uint64_t align);

/* ---- boot_check.c: the plan's cores, devices and ranges ---- */
void boot_check(struct boot *b); /* from now on it is known which CPU a core is */
/* Bits that are set in an address of all there is. */
uint64_t boot_highest(const struct boot *b);

/* ---- boot_record.c: after everything was allocated ---- */
void boot_record_fill(const struct boot *b, struct boot_core *c, uint32_t number,
		      struct boot_record *r);

/* ---- boot_devices.c: interrupt controller, address bits ---- */
void boot_devices(struct boot *b);
void boot_address_bits(struct boot *b);

/* ---- boot_core.c: one core's kernel and init ---- */
void boot_space_map(struct boot *b, struct boot_core *c, struct space *s, uint64_t va, uint64_t pa,
		    uint32_t attributes);		   /* one page */
uint64_t boot_tables(struct boot *b, struct boot_core *c); /* of its kernel; the root */
void boot_core_build(struct boot *b, uint32_t number);
void boot_all(struct boot *b); /* all but that cores start */

/* ---- boot_kernel.c: the kernel itself ---- */
void boot_kernel_build(struct boot *b, uint32_t number);
void boot_core_start(struct boot *b, uint32_t number);

/* ---- boot.c ---- */
void boot_map(struct boot *b, uint64_t base, uint64_t size, enum mmu_kind kind);
struct core_entry *boot_early(const void *tree, uint64_t level, uint64_t counter);
void boot_stop(void) __attribute__((noreturn)); /* start.S: nothing can be said */

#endif
