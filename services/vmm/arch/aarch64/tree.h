/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of which a guest's device tree is made. All but tree.c work on a tree of any origin:
 * libfdt has checked its form, nothing of what it says is believed.
 */
#ifndef VMM_TREE_H
#define VMM_TREE_H

#include "services/vmm/vmm_arch.h"

/* Writes why the tree cannot be used; the first reason stays. Returns -FDT_ERR_BADVALUE. */
int tree_problem(struct arch_tree *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int tree_text(void *fdt, int node, const char *name, const char *text);
/* A cell or two, as `cells` says; the value must fit. */
int tree_append(void *fdt, int node, const char *name, uint64_t value, int cells);
/* Of a reg or ranges property: the number in the next `cells` cells, which are 1 or 2. */
uint64_t tree_number(const void *at, int cells);

#define GICV3_COMPATIBLE "arm,gic-v3"
#define GICV2_COMPATIBLE "arm,cortex-a15-gic"
/* The node of the VM's interrupt controller, or a negative libfdt error (tree_patch.c). */
int tree_controller(const void *fdt, const skerry_VmConfig *c);
/* /cpus and /psci as this VM has them (tree_cpus.c). */
int tree_set_cpus(struct arch_tree *t, void *fdt);
/* Of the config's devices, bit i for the i-th: those that have a node. */
struct tree_seen {
	uint64_t served, passed;
};
_Static_assert(sizeof(((skerry_VmConfig *)0)->passed_devices) / sizeof(skerry_PassedDevice) <= 64,
	       "a bit for each");
/* What has an address or a shared interrupt must be this VM's (tree_check.c). */
int tree_check(struct arch_tree *t, const void *fdt, struct tree_seen *seen);
/* Nodes for the VM's devices that are not in `seen` (tree_devices.c). */
int tree_add_devices(struct arch_tree *t, void *fdt, struct tree_seen seen);

#endif
