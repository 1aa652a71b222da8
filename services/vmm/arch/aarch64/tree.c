/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's device tree, from the VM's devices (Devicetree Specification 0.4 and the bindings of
 * the Linux kernel for each compatible).
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "services/lib/fdt_write.h"
#include "services/vmm/vmm_arch.h"
#include "services/vmm/arch/aarch64/arch_vm.h"
#include "services/vmm/arch/aarch64/tree.h"

#define GIC_PHANDLE 1u
#define ITS_PHANDLE 2u
#define GIC_PPI 1u
#define IRQ_LEVEL_HIGH 4u

static void write_memory(struct fdt_write *w, const skerry_VmConfig *c)
{
	for (uint32_t i = 0; i < c->memory_regions_count; i++) {
		const skerry_MemoryRegion *r = &c->memory_regions[i];

		if (r->flags & AXVM_FLAG_DEVICE)
			continue;
		fdt_write_begin_at(w, "memory", r->gpa);
		fdt_write_text(w, "device_type", "memory");
		fdt_write_reg(w, r->gpa, r->size);
		fdt_write_end(w);
	}
}

static void write_cpus(struct fdt_write *w, const skerry_VmConfig *c)
{
	fdt_write_begin(w, "cpus");
	fdt_write_cell(w, "#address-cells", 2);
	fdt_write_cell(w, "#size-cells", 0);
	for (uint32_t i = 0; i < c->cpu_num; i++) {
		uint32_t affinity = arch_affinity(c, i);
		const uint32_t values[] = {affinity >> 24, affinity & 0xffffffu};

		fdt_write_begin_at(w, "cpu", (uint64_t)values[0] << 32 | values[1]);
		fdt_write_text(w, "device_type", "cpu");
		fdt_write_text(w, "compatible", "arm,armv8");
		fdt_write_text(w, "enable-method", "psci");
		fdt_write_cells(w, "reg", values, 2);
		fdt_write_end(w);
	}
	fdt_write_end(w);
	fdt_write_begin(w, "psci");
	fdt_write_texts(w, "compatible", "arm,psci-1.0\0arm,psci-0.2",
			sizeof("arm,psci-1.0\0arm,psci-0.2"));
	fdt_write_text(w, "method", "hvc");
	fdt_write_end(w);
}

static void write_its(struct fdt_write *w, const struct arch_tree *t)
{
	const uint64_t base = arch_its(t->config);

	if (!base)
		return;
	fdt_write_cell(w, "#address-cells", 2);
	fdt_write_cell(w, "#size-cells", 2);
	fdt_write_flag(w, "ranges");
	fdt_write_begin_at(w, "msi-controller", base);
	fdt_write_text(w, "compatible", "arm,gic-v3-its");
	fdt_write_flag(w, "msi-controller");
	fdt_write_cell(w, "#msi-cells", 1);
	fdt_write_reg(w, base, ITS_SIZE);
	fdt_write_cell(w, "phandle", ITS_PHANDLE);
	fdt_write_end(w);
}

static void write_gicv2(struct fdt_write *w, const skerry_VmConfig *c)
{
	const uint64_t dist = arch_controller(c, EMU_GIC_DISTRIBUTOR, ARCH_GICD_BASE);
	const uint64_t cpu = arch_controller(c, EMU_GIC_CPU, ARCH_GICC_BASE);
	const uint32_t frames[] = {(uint32_t)(dist >> 32), (uint32_t)dist, 0, VGIC_DIST_SIZE,
				   (uint32_t)(cpu >> 32),  (uint32_t)cpu,  0, ARCH_GICC_SIZE};

	fdt_write_begin_at(w, "intc", dist);
	fdt_write_text(w, "compatible", GICV2_COMPATIBLE);
	fdt_write_cell(w, "#interrupt-cells", 3);
	fdt_write_cell(w, "#address-cells", 0);
	fdt_write_flag(w, "interrupt-controller");
	fdt_write_cells(w, "reg", frames, 8);
	fdt_write_cell(w, "phandle", GIC_PHANDLE);
	fdt_write_end(w);
}

static void write_gic(struct fdt_write *w, const struct arch_tree *t)
{
	const skerry_VmConfig *c = t->config;
	const uint64_t dist = arch_controller(c, EMU_GIC_DISTRIBUTOR, ARCH_GICD_BASE);
	const uint64_t redist = arch_controller(c, EMU_GIC_REDISTRIBUTOR, ARCH_GICR_BASE);
	const uint64_t redist_size = (uint64_t)VGIC_REDIST_STRIDE * c->cpu_num;
	const uint32_t frames[] = {
	    (uint32_t)(dist >> 32),   (uint32_t)dist,	0, VGIC_DIST_SIZE,
	    (uint32_t)(redist >> 32), (uint32_t)redist, 0, (uint32_t)redist_size};

	fdt_write_begin_at(w, "intc", dist);
	fdt_write_text(w, "compatible", GICV3_COMPATIBLE);
	fdt_write_cell(w, "#interrupt-cells", 3);
	fdt_write_flag(w, "interrupt-controller");
	fdt_write_cells(w, "reg", frames, 8);
	fdt_write_cell(w, "phandle", GIC_PHANDLE);
	write_its(w, t);
	fdt_write_end(w);
}

/* With a GICv2, bits 15:8 say whose it is. */
static uint32_t ppi_flags(const skerry_VmConfig *c)
{
	return IRQ_LEVEL_HIGH | (arch_gic_version(c) == 2 ? ((1u << c->cpu_num) - 1) << 8 : 0);
}

static void write_timer(struct fdt_write *w, const skerry_VmConfig *c)
{
	const uint32_t flags = ppi_flags(c);
	/* Secure, physical, virtual, hypervisor: PPIs 29, 30, 27, 26. The guest has 30 and 27. */
	const uint32_t interrupts[] = {GIC_PPI, 13, flags, GIC_PPI, 14, flags,
				       GIC_PPI, 11, flags, GIC_PPI, 10, flags};

	fdt_write_begin(w, "timer");
	fdt_write_text(w, "compatible", "arm,armv8-timer");
	fdt_write_flag(w, "always-on");
	fdt_write_cells(w, "interrupts", interrupts, 12);
	fdt_write_end(w);
}

static void write_monitors(struct fdt_write *w, const skerry_VmConfig *c)
{
	const uint32_t interrupt[] = {GIC_PPI, 7, ppi_flags(c)};

	fdt_write_begin(w, "pmu");
	fdt_write_text(w, "compatible", "arm,armv8-pmuv3");
	fdt_write_cells(w, "interrupts", interrupt, 3);
	fdt_write_end(w);
}

/* The first UART, by its path; empty: there is none. */
static void console_path(const skerry_VmConfig *c, char path[64])
{
	path[0] = '\0';
	for (uint32_t i = 0; i < c->devices_count; i++) {
		if (strcmp(c->devices[i].compatible, "arm,pl011") == 0) {
			snprintf(path, 64, "/%s@%lx", c->devices[i].name,
				 (unsigned long)c->devices[i].base);
			return;
		}
	}
}

static void write_chosen(struct fdt_write *w, const struct arch_tree *t)
{
	char path[64];

	fdt_write_begin(w, "chosen");
	console_path(t->config, path);
	if (path[0])
		fdt_write_text(w, "stdout-path", path);
	if (t->config->has_cmdline)
		fdt_write_text(w, "bootargs", t->config->cmdline);
	if (t->initrd_size) {
		fdt_write_u64(w, "linux,initrd-start", t->initrd);
		fdt_write_u64(w, "linux,initrd-end", t->initrd + t->initrd_size);
	}
	fdt_write_end(w);
}

int arch_tree_make(struct arch_tree *t, void *to, size_t room)
{
	const skerry_VmConfig *c = t->config;
	struct fdt_write w;
	int size;

	fdt_write_start(&w, to, room);
	fdt_write_begin(&w, "");
	fdt_write_cell(&w, "#address-cells", 2);
	fdt_write_cell(&w, "#size-cells", 2);
	fdt_write_cell(&w, "interrupt-parent", GIC_PHANDLE);
	fdt_write_text(&w, "compatible", "skerry,vm");
	fdt_write_text(&w, "model", c->name);
	write_chosen(&w, t);
	write_memory(&w, c);
	write_cpus(&w, c);
	if (arch_gic_version(c) == 2)
		write_gicv2(&w, c);
	else
		write_gic(&w, t);
	write_timer(&w, c);
	if (t->monitors)
		write_monitors(&w, c);
	fdt_write_end(&w);
	size = fdt_write_finish(&w);
	if (size >= 0)
		size = fdt_open_into(to, to, (int)room);
	if (size >= 0)
		size = tree_add_devices(t, to, (struct tree_seen){0});
	if (size >= 0)
		size = fdt_pack(to);
	return size < 0 ? size : (int)fdt_totalsize(to);
}
