/* SPDX-License-Identifier: BSD-2-Clause */
/* A supplied device tree's processors are made those of this VM. */
#include <libfdt.h>
#include <string.h>

#include "services/vmm/arch/aarch64/arch_vm.h"
#include "services/vmm/arch/aarch64/tree.h"

#define NO_VCPU (~0u)

/* The two cells of a cpu's reg: Aff3, and the three below it. */
static uint64_t reg_of(const skerry_VmConfig *c, uint32_t cpu)
{
	const uint32_t affinity = arch_affinity(c, cpu);

	return (uint64_t)(affinity >> 24) << 32 | (affinity & 0xffffffu);
}

static bool is_cpu(const void *fdt, int node)
{
	int length = 0;
	const char *type = fdt_getprop(fdt, node, "device_type", &length);

	return type && length == sizeof("cpu") && memcmp(type, "cpu", sizeof("cpu")) == 0;
}

/* Which vCPU a node describes. */
static uint32_t vcpu_of(const skerry_VmConfig *c, const void *fdt, int node, int cells)
{
	int length = 0;
	const void *reg = fdt_getprop(fdt, node, "reg", &length);
	uint64_t number;

	if (!reg || length != cells * (int)sizeof(fdt32_t))
		return NO_VCPU;
	number = tree_number(reg, cells);
	for (uint32_t i = 0; i < c->cpu_num; i++) {
		if (reg_of(c, i) == number)
			return i;
	}
	return NO_VCPU;
}

/* Removes one node that is no vCPU of this VM, or is one a second time; 1: there was one. */
static int remove_one(const skerry_VmConfig *c, void *fdt, int cpus, int cells, uint32_t *seen)
{
	int node;

	*seen = 0;
	fdt_for_each_subnode(node, fdt, cpus)
	{
		uint32_t vcpu = is_cpu(fdt, node) ? vcpu_of(c, fdt, node, cells) : NO_VCPU;
		int error;

		if (!is_cpu(fdt, node))
			continue;
		if (vcpu != NO_VCPU && !(*seen >> vcpu & 1)) {
			*seen |= 1u << vcpu;
			continue;
		}
		error = fdt_del_node(fdt, node);
		return error ? error : 1;
	}
	return node == -FDT_ERR_NOTFOUND ? 0 : node;
}

/* The VM's firmware turns vCPUs on, whatever the board's did. */
static int set_methods(void *fdt, int cpus)
{
	int node, error = 0;

	for (node = fdt_first_subnode(fdt, cpus); node >= 0 && !error;
	     node = fdt_next_subnode(fdt, node)) {
		if (is_cpu(fdt, node))
			error = tree_text(fdt, node, "enable-method", "psci");
	}
	return error;
}

static int set_firmware(void *fdt)
{
	int node = fdt_path_offset(fdt, "/psci"), error;

	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(fdt, 0, "psci");
	if (node < 0)
		return node;
	error = fdt_setprop(fdt, node, "compatible", "arm,psci-1.0\0arm,psci-0.2",
			    sizeof("arm,psci-1.0\0arm,psci-0.2"));
	return error ? error : tree_text(fdt, node, "method", "hvc");
}

/* A map of the processors names each; one of others would be wrong. */
static int remove_map(void *fdt, int cpus)
{
	int map = fdt_subnode_offset(fdt, cpus, "cpu-map");

	return map < 0 ? 0 : fdt_del_node(fdt, map);
}

int tree_set_cpus(struct arch_tree *t, void *fdt)
{
	const skerry_VmConfig *c = t->config;
	const int cpus = fdt_path_offset(fdt, "/cpus");
	const int cells = cpus < 0 ? 0 : fdt_address_cells(fdt, cpus);
	bool removed = false;
	uint32_t seen = 0;
	int result, error;

	if (cpus < 0 || cells < 1 || cells > 2)
		return tree_problem(t, "no node /cpus with #address-cells 1 or 2");
	/* A tree has at most as many nodes as its bytes allow, and each turn removes one. */
	while ((result = remove_one(c, fdt, cpus, cells, &seen)) > 0)
		removed = true;
	if (result < 0)
		return result;
	for (uint32_t i = 0; i < c->cpu_num; i++) {
		if (!(seen >> i & 1))
			return tree_problem(
			    t,
			    "/cpus has no cpu for vCPU %u, whose reg is 0x%lx: add it, or "
			    "correct phys_cpu_ids",
			    i, (unsigned long)reg_of(c, i));
	}
	error = removed ? remove_map(fdt, cpus) : 0;
	if (!error)
		error = set_methods(fdt, cpus);
	return error ? error : set_firmware(fdt);
}
