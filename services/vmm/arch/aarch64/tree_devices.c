/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes of the VM's devices, as the bindings of the Linux kernel for each compatible say. */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "services/vmm/arch/aarch64/arch_vm.h"
#include "services/vmm/arch/aarch64/tree.h"
#include "services/vmm/machine.h"

#define CLOCK_HZ 24000000u
#define GIC_SPI 0u
#define IRQ_EDGE_RISING 1u
#define IRQ_LEVEL_HIGH 4u
#define FIRST_SPI 32u
#define COMPATIBLES 4u

struct node {
	const char *name;
	uint64_t base, length;
	uint32_t irq; /* 0: none */
	bool edge, dma;
	const char *compatible[COMPATIBLES];
	uint32_t compatibles;
};

/* A clock for PrimeCells, whose drivers ask for one; its phandle. */
static int clock_phandle(void *fdt, uint32_t *phandle)
{
	int node = fdt_path_offset(fdt, "/apb-pclk"), error;

	if (node < 0) {
		node = fdt_add_subnode(fdt, 0, "apb-pclk");
		if (node < 0)
			return node;
		error = tree_text(fdt, node, "compatible", "fixed-clock");
		if (!error)
			error = fdt_setprop_u32(fdt, node, "#clock-cells", 0);
		if (!error)
			error = fdt_setprop_u32(fdt, node, "clock-frequency", CLOCK_HZ);
		if (error)
			return error;
	}
	*phandle = fdt_get_phandle(fdt, node);
	if (*phandle)
		return 0;
	error = fdt_generate_phandle(fdt, phandle);
	return error ? error : fdt_setprop_u32(fdt, node, "phandle", *phandle);
}

static int set_clocks(void *fdt, int node, uint32_t clock, bool uart)
{
	static const char names[] = "uartclk\0apb_pclk";
	const size_t skip = uart ? 0 : sizeof("uartclk");
	int error = fdt_setprop_u32(fdt, node, "clocks", clock);

	if (!error && uart)
		error = fdt_appendprop_u32(fdt, node, "clocks", clock);
	return error ? error
		     : fdt_setprop(fdt, node, "clock-names", names + skip,
				   (int)(sizeof(names) - skip));
}

static int set_interrupt(void *fdt, int node, uint32_t gic, const struct node *n)
{
	int error = fdt_setprop_u32(fdt, node, "interrupt-parent", gic);

	if (!error)
		error = fdt_setprop_u32(fdt, node, "interrupts", GIC_SPI);
	if (!error)
		error = fdt_appendprop_u32(fdt, node, "interrupts", n->irq - FIRST_SPI);
	return error ? error
		     : fdt_appendprop_u32(fdt, node, "interrupts",
					  n->edge ? IRQ_EDGE_RISING : IRQ_LEVEL_HIGH);
}

static bool is(const struct node *n, const char *compatible)
{
	for (uint32_t i = 0; i < n->compatibles; i++) {
		if (strcmp(n->compatible[i], compatible) == 0)
			return true;
	}
	return false;
}

static int set_reg(void *fdt, int node, const struct node *n)
{
	const int address_cells = fdt_address_cells(fdt, 0), size_cells = fdt_size_cells(fdt, 0);
	int error = tree_append(fdt, node, "reg", n->base, address_cells);

	return error ? error : tree_append(fdt, node, "reg", n->length, size_cells);
}

/* The clock's node comes first: a node that is added moves those behind it. */
static int add(void *fdt, uint32_t gic, const struct node *n)
{
	const bool uart = is(n, "arm,pl011"), clocked = is(n, "arm,primecell");
	uint32_t clock = 0;
	char name[64];
	int node, error = clocked ? clock_phandle(fdt, &clock) : 0;

	if (error)
		return error;
	snprintf(name, sizeof(name), "%s@%lx", n->name, (unsigned long)n->base);
	node = fdt_add_subnode(fdt, 0, name);
	if (node < 0)
		return node;
	for (uint32_t i = 0; i < n->compatibles && !error; i++)
		error = fdt_appendprop(fdt, node, "compatible", n->compatible[i],
				       (int)strlen(n->compatible[i]) + 1);
	if (!error)
		error = set_reg(fdt, node, n);
	if (!error && n->irq)
		error = set_interrupt(fdt, node, gic, n);
	if (!error && n->dma)
		error = fdt_setprop_empty(fdt, node, "dma-coherent");
	if (!error && clocked)
		error = set_clocks(fdt, node, clock, uart);
	return error;
}

static int add_served(void *fdt, uint32_t gic, const skerry_ServedDevice *d)
{
	struct node n = {.name = d->name,
			 .base = d->base,
			 .length = d->length,
			 .irq = d->irq,
			 .compatible = {d->compatible},
			 .compatibles = 1};

	if (strcmp(d->compatible, "arm,pl011") == 0)
		n.compatible[n.compatibles++] = "arm,primecell";
	else
		n.dma = true;
	return add(fdt, gic, &n);
}

/*
 * Without a compatible the board does not say what it is: the guest must know. Interrupts are
 * passed on in one mode alone: in the others a driver has to do without.
 */
static int add_passed(void *fdt, uint32_t gic, const skerry_VmConfig *c,
		      const skerry_PassedDevice *d)
{
	const bool passed = c->interrupt_mode == skerry_InterruptMode_INTERRUPT_PASSTHROUGH;
	struct node n = {.name = d->name,
			 .base = d->base,
			 .length = d->length,
			 .irq = passed ? d->irq : 0,
			 .edge = d->edge,
			 .dma = d->dma,
			 .compatibles = d->compatible_count};

	for (uint32_t i = 0; i < d->compatible_count; i++)
		n.compatible[i] = d->compatible[i];
	return d->compatible_count ? add(fdt, gic, &n) : 0;
}

/* Where channels to other VMs appear (docs/ivc.md); without an interrupt there is no doorbell. */
static int add_ivc(void *fdt, uint32_t gic, const skerry_EmulatedDevice *d)
{
	struct node n = {.name = "ivc",
			 .base = d->base_gpa,
			 .length = d->length,
			 .irq = d->irq_id >= FIRST_SPI ? d->irq_id : 0,
			 .edge = true,
			 .compatible = {"skerry,ivc"},
			 .compatibles = 1};

	if (d->emu_type != EMU_IVC_CHANNEL ||
	    fdt_node_offset_by_compatible(fdt, -1, n.compatible[0]) >= 0)
		return 0;
	return add(fdt, gic, &n);
}

/* Last first: what is added comes before what is there. */
int tree_add_devices(struct arch_tree *t, void *fdt, struct tree_seen seen)
{
	const skerry_VmConfig *c = t->config;
	const int controller = tree_controller(fdt, c);
	const uint32_t gic = controller < 0 ? 0 : fdt_get_phandle(fdt, controller);
	const uint64_t all = (1ull << c->devices_count) - 1;
	int error = 0;

	if (!gic && (all & ~seen.served))
		return tree_problem(t, "no node %s with a phandle, which %s needs",
				    arch_gic_version(c) == 2 ? GICV2_COMPATIBLE : GICV3_COMPATIBLE,
				    c->devices[0].name);
	for (uint32_t i = 0; i < c->emu_devices_count && !error; i++)
		error = add_ivc(fdt, gic, &c->emu_devices[i]);
	for (uint32_t i = c->passed_devices_count; i > 0 && !error; i--) {
		if (!(seen.passed >> (i - 1) & 1))
			error = add_passed(fdt, gic, c, &c->passed_devices[i - 1]);
	}
	for (uint32_t i = c->devices_count; i > 0 && !error; i--) {
		if (!(seen.served >> (i - 1) & 1))
			error = add_served(fdt, gic, &c->devices[i - 1]);
	}
	return error;
}
