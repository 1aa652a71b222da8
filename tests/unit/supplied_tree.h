/* SPDX-License-Identifier: BSD-2-Clause */
/* A board's device tree that is supplied to a VM, and what becomes of it. */
#ifndef TEST_SUPPLIED_TREE_H
#define TEST_SUPPLIED_TREE_H

#include "services/lib/fdt_write.h"
#include "services/vmm/vmm_arch.h"
#include "test.h"

#define GIC 7u /* its phandle */
#define PAGE 0x1000u

extern skerry_VmConfig config; /* one vCPU, 256 MiB, a UART, a clock passed through */
extern uint8_t supplied[0x10000], out[0x10000];
extern struct arch_tree asked;

/* Of a node that is being written. */
void interrupt(struct fdt_write *w, uint32_t kind, uint32_t number);
void device(struct fdt_write *w, const char *name, uint64_t base, uint32_t spi);

/* Makes `config` and `supplied`, which has more of everything; `extra` adds to its root. */
void supply(uint32_t cpu_count, void (*extra)(struct fdt_write *w));
int patch(void); /* supplied becomes out */
/* supply() with one processor, and patch(). */
void accepted(void (*extra)(struct fdt_write *w));
void refused(void (*extra)(struct fdt_write *w), const char *problem);

/* Of `out`. */
bool there(const char *path);
const char *text(const char *path, const char *name); /* "": none */
uint32_t cell(const char *path, const char *name, int index);
bool is(const char *a, const char *b);

#endif
