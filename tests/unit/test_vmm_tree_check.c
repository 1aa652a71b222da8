/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tests/unit/supplied_tree.c services/lib/fdt_write.c */
/* sources: services/vmm/arch/aarch64/tree.c services/vmm/arch/aarch64/tree_patch.c */
/* sources: services/vmm/arch/aarch64/tree_cpus.c services/vmm/arch/aarch64/tree_check.c */
/* sources: services/vmm/arch/aarch64/tree_devices.c */
/* sources: services/vmm/arch/aarch64/arch_config.c */
/* Supplied device trees: what the VM does not have is found. */
#include <libfdt.h>
#include <string.h>

#include "supplied_tree.h"

#define GPIO 8u

static void stranger(struct fdt_write *w)
{
	device(w, "gpio", 0x9030000, 1);
}

static void half(struct fdt_write *w)
{
	fdt_write_begin_at(w, "serial", 0x9000000);
	fdt_write_reg(w, 0x9000000, 2 * PAGE);
	fdt_write_end(w);
}

static void wrapping(struct fdt_write *w)
{
	fdt_write_begin_at(w, "serial", 0x9000000);
	fdt_write_reg(w, 0x9000000, ~0ull - PAGE);
	fdt_write_end(w);
}

TEST(an_address_that_the_vm_does_not_have_is_named)
{
	refused(stranger,
		"/gpio@9030000: 0x9030000 to 0x9030fff is no memory and no device of this VM");
	refused(half,
		"/serial@9000000: 0x9000000 to 0x9001fff is no memory and no device of this VM");
	refused(wrapping,
		"/serial@9000000: 0x9000000 to 0x8ffeffe is no memory and no device of this VM");
}

static void status(struct fdt_write *w, const char *value)
{
	fdt_write_begin_at(w, "gpio", 0x9030000);
	fdt_write_text(w, "status", value);
	fdt_write_cell(w, "#address-cells", 2);
	fdt_write_cell(w, "#size-cells", 2);
	fdt_write_flag(w, "ranges");
	fdt_write_reg(w, 0x9030000, PAGE);
	fdt_write_begin(w, "below");
	fdt_write_reg(w, 0x1000, PAGE);
	fdt_write_end(w);
	fdt_write_end(w);
}

static void disabled(struct fdt_write *w)
{
	status(w, "disabled");
}

static void okay(struct fdt_write *w)
{
	status(w, "okay");
}

TEST(a_disabled_node_may_say_what_it_likes)
{
	accepted(disabled);
	refused(okay,
		"/gpio@9030000: 0x9030000 to 0x9030fff is no memory and no device of this VM");
}

static void irq(struct fdt_write *w)
{
	device(w, "serial", 0x9000000, 40);
}

static void extended(struct fdt_write *w)
{
	const uint32_t cells[] = {GPIO, 77, GIC, 1, 7, 4, GIC, 0, 41, 4};

	fdt_write_begin(w, "gpio");
	fdt_write_cell(w, "#interrupt-cells", 1);
	fdt_write_cell(w, "phandle", GPIO);
	fdt_write_begin(w, "child");
	interrupt(w, 0, 300);
	fdt_write_end(w);
	fdt_write_end(w);
	fdt_write_begin(w, "pmu");
	fdt_write_cells(w, "interrupts-extended", cells, 10);
	fdt_write_end(w);
}

static void cut(struct fdt_write *w)
{
	const uint32_t cells[] = {GIC, 0};

	fdt_write_begin(w, "pmu");
	fdt_write_cells(w, "interrupts-extended", cells, 2);
	fdt_write_end(w);
}

static void uneven(struct fdt_write *w)
{
	fdt_write_begin(w, "pmu");
	fdt_write_cell(w, "interrupts", 0);
	fdt_write_end(w);
}

TEST(an_interrupt_that_the_vm_does_not_have_is_named)
{
	refused(irq, "/serial@9000000: interrupt 72 is of no device of this VM");
	refused(extended, "/pmu: interrupt 73 is of no device of this VM");
	refused(cut, "/pmu: interrupts-extended cannot be followed");
	refused(uneven, "/pmu: interrupts has no whole number of entries");
}

/* A bus at `to`, whose addresses begin at 0; a device at `at` in it. */
static void bus(struct fdt_write *w, uint32_t to, uint32_t at)
{
	const uint32_t ranges[] = {0, 0, to, 2 * PAGE}, reg[] = {at, PAGE};

	fdt_write_begin(w, "soc");
	fdt_write_cell(w, "#address-cells", 1);
	fdt_write_cell(w, "#size-cells", 1);
	fdt_write_cells(w, "ranges", ranges, 4);
	fdt_write_begin(w, "inner");
	fdt_write_cell(w, "#address-cells", 1);
	fdt_write_cell(w, "#size-cells", 1);
	fdt_write_flag(w, "ranges");
	fdt_write_begin_at(w, "serial", at);
	fdt_write_cells(w, "reg", reg, 2);
	fdt_write_end(w);
	fdt_write_end(w);
	fdt_write_end(w);
}

static void on_bus(struct fdt_write *w)
{
	bus(w, 0x8fff000, PAGE);
}

static void off_bus(struct fdt_write *w)
{
	bus(w, 0x8fff000, 2 * PAGE);
}

static void elsewhere(struct fdt_write *w)
{
	bus(w, 0x8fff000, 0);
}

static void behind(struct fdt_write *w)
{
	const uint32_t reg[] = {0x50};

	fdt_write_begin(w, "i2c");
	fdt_write_cell(w, "#address-cells", 1);
	fdt_write_cell(w, "#size-cells", 0);
	fdt_write_begin(w, "eeprom");
	fdt_write_cells(w, "reg", reg, 1);
	fdt_write_end(w);
	fdt_write_end(w);
}

TEST(addresses_are_those_behind_the_buses)
{
	accepted(on_bus);
	CHECK(!there("/con@9000000"));
	refused(off_bus, "/soc/inner/serial@2000: 0x2000 is in no range of its bus");
	refused(
	    elsewhere,
	    "/soc/inner/serial@0: 0x8fff000 to 0x8ffffff is no memory and no device of this VM");
	accepted(behind);
}

static void deep(struct fdt_write *w)
{
	for (int i = 0; i < 40; i++)
		fdt_write_begin(w, "n");
	for (int i = 0; i < 40; i++)
		fdt_write_end(w);
}

TEST(nodes_do_not_nest_without_end)
{
	refused(deep, "/n/n/n/n/n/n/n/n/n/n/n/n/n/n/n/n: is nested too deep");
}

static void controllers(struct fdt_write *w)
{
	uint32_t cells[FDT_WRITE_CELLS];

	fdt_write_begin(w, "x");
	fdt_write_cell(w, "#interrupt-cells", 0);
	fdt_write_cell(w, "phandle", GPIO);
	fdt_write_end(w);
	for (int i = 0; i < FDT_WRITE_CELLS; i++)
		cells[i] = GPIO;
	for (uint64_t i = 0; i < 5; i++) {
		fdt_write_begin_at(w, "many", i);
		fdt_write_cells(w, "interrupts-extended", cells, FDT_WRITE_CELLS);
		fdt_write_end(w);
	}
}

TEST(controllers_are_not_looked_up_without_end)
{
	refused(controllers, "/many@4: interrupts-extended cannot be followed");
}
