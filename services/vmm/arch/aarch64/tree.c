/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's device tree, from the VM's devices (Devicetree Specification 0.4 and the bindings of
 * the Linux kernel for each compatible).
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "services/vmm/vmm_arch.h"
#include "services/vmm/arch/aarch64/arch_vm.h"

#define GIC_PHANDLE 1u
#define CLOCK_PHANDLE 2u
#define CLOCK_HZ 24000000u
#define GIC_SPI 0u
#define GIC_PPI 1u
#define IRQ_LEVEL_HIGH 4u
#define FIRST_SPI 32u

/* Every step goes through step(), which does nothing after the first error. */
struct writer {
	void *fdt;
	int error;
};

static void step(struct writer *w, int result)
{
	if (!w->error)
		w->error = result;
}

static void begin(struct writer *w, const char *name)
{
	if (!w->error)
		step(w, fdt_begin_node(w->fdt, name));
}

static void begin_at(struct writer *w, const char *name, uint64_t address)
{
	char full[64];

	snprintf(full, sizeof(full), "%s@%lx", name, (unsigned long)address);
	begin(w, full);
}

static void end(struct writer *w)
{
	if (!w->error)
		step(w, fdt_end_node(w->fdt));
}

static void cells(struct writer *w, const char *name, const uint32_t *values, size_t count)
{
	fdt32_t wire[16];

	if (count > sizeof(wire) / sizeof(wire[0])) {
		step(w, -FDT_ERR_INTERNAL);
		return;
	}
	for (size_t i = 0; i < count; i++)
		wire[i] = cpu_to_fdt32(values[i]);
	if (!w->error)
		step(w, fdt_property(w->fdt, name, wire, (int)(count * sizeof(wire[0]))));
}

static void cell(struct writer *w, const char *name, uint32_t value)
{
	cells(w, name, &value, 1);
}

/* `list` is strings with a null byte after each; `size` counts all of them. */
static void texts(struct writer *w, const char *name, const char *list, size_t size)
{
	if (!w->error)
		step(w, fdt_property(w->fdt, name, list, (int)size));
}

static void text(struct writer *w, const char *name, const char *value)
{
	texts(w, name, value, strlen(value) + 1);
}

static void flag(struct writer *w, const char *name)
{
	if (!w->error)
		step(w, fdt_property(w->fdt, name, "", 0));
}

static void reg(struct writer *w, uint64_t base, uint64_t size)
{
	const uint32_t values[] = {(uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
				   (uint32_t)size};

	cells(w, "reg", values, 4);
}

static void write_memory(struct writer *w, const skerry_VmConfig *c)
{
	for (uint32_t i = 0; i < c->memory_regions_count; i++) {
		const skerry_MemoryRegion *r = &c->memory_regions[i];

		if (r->flags & AXVM_FLAG_DEVICE)
			continue;
		begin_at(w, "memory", r->gpa);
		text(w, "device_type", "memory");
		reg(w, r->gpa, r->size);
		end(w);
	}
}

static void write_cpus(struct writer *w, const skerry_VmConfig *c)
{
	begin(w, "cpus");
	cell(w, "#address-cells", 2);
	cell(w, "#size-cells", 0);
	for (uint32_t i = 0; i < c->cpu_num; i++) {
		uint32_t affinity = arch_affinity(c, i);
		const uint32_t values[] = {affinity >> 24, affinity & 0xffffffu};

		begin_at(w, "cpu", (uint64_t)values[0] << 32 | values[1]);
		text(w, "device_type", "cpu");
		text(w, "compatible", "arm,armv8");
		text(w, "enable-method", "psci");
		cells(w, "reg", values, 2);
		end(w);
	}
	end(w);
	begin(w, "psci");
	texts(w, "compatible", "arm,psci-1.0\0arm,psci-0.2", sizeof("arm,psci-1.0\0arm,psci-0.2"));
	text(w, "method", "hvc");
	end(w);
}

static void write_gic(struct writer *w, const skerry_VmConfig *c)
{
	const uint64_t dist = arch_controller(c, EMU_GIC_DISTRIBUTOR, ARCH_GICD_BASE);
	const uint64_t redist = arch_controller(c, EMU_GIC_REDISTRIBUTOR, ARCH_GICR_BASE);
	const uint64_t redist_size = (uint64_t)VGIC_REDIST_STRIDE * c->cpu_num;
	const uint32_t frames[] = {
	    (uint32_t)(dist >> 32),   (uint32_t)dist,	0, VGIC_DIST_SIZE,
	    (uint32_t)(redist >> 32), (uint32_t)redist, 0, (uint32_t)redist_size};

	begin_at(w, "intc", dist);
	text(w, "compatible", "arm,gic-v3");
	cell(w, "#interrupt-cells", 3);
	flag(w, "interrupt-controller");
	cells(w, "reg", frames, 8);
	cell(w, "phandle", GIC_PHANDLE);
	end(w);
}

static void write_timer(struct writer *w)
{
	/* Secure, physical, virtual, hypervisor: PPIs 29, 30, 27, 26. The guest has the third. */
	const uint32_t interrupts[] = {GIC_PPI, 13, IRQ_LEVEL_HIGH, GIC_PPI, 14, IRQ_LEVEL_HIGH,
				       GIC_PPI, 11, IRQ_LEVEL_HIGH, GIC_PPI, 10, IRQ_LEVEL_HIGH};

	begin(w, "timer");
	text(w, "compatible", "arm,armv8-timer");
	flag(w, "always-on");
	cells(w, "interrupts", interrupts, 12);
	end(w);
	begin(w, "apb-pclk");
	text(w, "compatible", "fixed-clock");
	cell(w, "#clock-cells", 0);
	cell(w, "clock-frequency", CLOCK_HZ);
	cell(w, "phandle", CLOCK_PHANDLE);
	end(w);
}

static void write_device(struct writer *w, const skerry_ServedDevice *d)
{
	const uint32_t interrupt[] = {GIC_SPI, d->irq - FIRST_SPI, IRQ_LEVEL_HIGH};

	begin_at(w, d->name, d->base);
	if (strcmp(d->compatible, "arm,pl011") == 0) {
		const uint32_t clocks[] = {CLOCK_PHANDLE, CLOCK_PHANDLE};

		texts(w, "compatible", "arm,pl011\0arm,primecell",
		      sizeof("arm,pl011\0arm,primecell"));
		cells(w, "clocks", clocks, 2);
		texts(w, "clock-names", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"));
	} else {
		text(w, "compatible", d->compatible);
		flag(w, "dma-coherent");
	}
	reg(w, d->base, d->length);
	cells(w, "interrupts", interrupt, 3);
	end(w);
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

static void write_chosen(struct writer *w, const struct arch_tree *t)
{
	char path[64];

	begin(w, "chosen");
	console_path(t->config, path);
	if (path[0])
		text(w, "stdout-path", path);
	if (t->config->has_cmdline)
		text(w, "bootargs", t->config->cmdline);
	if (t->initrd_size && !w->error) {
		step(w, fdt_property_u64(w->fdt, "linux,initrd-start", t->initrd));
		if (!w->error)
			step(w, fdt_property_u64(w->fdt, "linux,initrd-end",
						 t->initrd + t->initrd_size));
	}
	end(w);
}

int arch_tree_make(const struct arch_tree *t, void *to, size_t room)
{
	const skerry_VmConfig *c = t->config;
	struct writer w = {.fdt = to};

	step(&w, fdt_create(to, (int)room));
	if (!w.error)
		step(&w, fdt_finish_reservemap(to));
	begin(&w, "");
	cell(&w, "#address-cells", 2);
	cell(&w, "#size-cells", 2);
	cell(&w, "interrupt-parent", GIC_PHANDLE);
	text(&w, "compatible", "skerry,vm");
	text(&w, "model", c->name);
	write_chosen(&w, t);
	write_memory(&w, c);
	write_cpus(&w, c);
	write_gic(&w, c);
	write_timer(&w);
	for (uint32_t i = 0; i < c->devices_count; i++)
		write_device(&w, &c->devices[i]);
	end(&w);
	if (!w.error)
		step(&w, fdt_finish(to));
	return w.error ? w.error : (int)fdt_totalsize(to);
}
