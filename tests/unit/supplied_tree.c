/* SPDX-License-Identifier: BSD-2-Clause */
#include "supplied_tree.h"

#include <libfdt.h>
#include <string.h>

skerry_VmConfig config;
uint8_t supplied[0x10000], out[0x10000];
struct arch_tree asked;

static bool inside(uint64_t gpa, uint64_t size, uint64_t base, uint64_t length)
{
	return gpa - base < length && size <= length - (gpa - base);
}

static bool has(const void *host, uint64_t gpa, uint64_t size)
{
	(void)host;
	return inside(gpa, size, 0x80000000, 0x10000000) ||
	       inside(gpa, size, 0x08000000, 0x10000) ||
	       inside(gpa, size, 0x080a0000, 0x20000ull * config.cpu_num) ||
	       inside(gpa, size, 0x09000000, PAGE) || inside(gpa, size, 0x09010000, PAGE);
}

static bool has_irq(const void *host, uint64_t irq)
{
	(void)host;
	return irq == 33 || irq == 34;
}

/* One vCPU, 256 MiB, a UART that is served and a clock that is passed through. */
static void vm(void)
{
	memset(&config, 0, sizeof(config));
	strcpy(config.name, "a");
	config.cpu_num = 1;
	config.memory_regions_count = 1;
	config.memory_regions[0] =
	    (skerry_MemoryRegion){.gpa = 0x80000000, .size = 0x10000000, .flags = 7};
	config.devices_count = 1;
	config.devices[0] = (skerry_ServedDevice){
	    .name = "con", .compatible = "arm,pl011", .base = 0x9000000, .length = PAGE, .irq = 33};
	config.interrupt_mode = skerry_InterruptMode_INTERRUPT_PASSTHROUGH;
	config.passed_devices_count = 1;
	config.passed_devices[0] =
	    (skerry_PassedDevice){.name = "pl031",
				  .base = 0x9010000,
				  .length = PAGE,
				  .has_irq = true,
				  .irq = 34,
				  .compatible_count = 2,
				  .compatible = {"arm,pl031", "arm,primecell"}};
	asked = (struct arch_tree){.config = &config, .has = has, .has_irq = has_irq};
}

void interrupt(struct fdt_write *w, uint32_t kind, uint32_t number)
{
	const uint32_t cells[] = {kind, number, 4};

	fdt_write_cells(w, "interrupts", cells, 3);
}

static void cpus(struct fdt_write *w, uint32_t count)
{
	fdt_write_begin(w, "cpus");
	fdt_write_cell(w, "#address-cells", 1);
	fdt_write_cell(w, "#size-cells", 0);
	fdt_write_begin(w, "cpu-map");
	fdt_write_end(w);
	for (uint32_t i = 0; i < count; i++) {
		fdt_write_begin_at(w, "cpu", i);
		fdt_write_text(w, "device_type", "cpu");
		fdt_write_cell(w, "reg", i);
		fdt_write_text(w, "enable-method", "spin-table");
		fdt_write_end(w);
	}
	fdt_write_end(w);
}

/* As a board's: more of everything. `extra` adds to the root. */
void supply(uint32_t cpu_count, void (*extra)(struct fdt_write *w))
{
	const uint32_t frames[] = {0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0, 0xf60000};
	struct fdt_write w;

	vm();
	fdt_write_start(&w, supplied, sizeof(supplied));
	fdt_write_begin(&w, "");
	fdt_write_cell(&w, "#address-cells", 2);
	fdt_write_cell(&w, "#size-cells", 2);
	fdt_write_cell(&w, "interrupt-parent", GIC);
	fdt_write_begin_at(&w, "memory", 0x40000000);
	fdt_write_text(&w, "device_type", "memory");
	fdt_write_reg(&w, 0x40000000, 0x80000000);
	fdt_write_end(&w);
	cpus(&w, cpu_count);
	fdt_write_begin_at(&w, "intc", 0x08000000);
	fdt_write_text(&w, "compatible", "arm,gic-v3");
	fdt_write_cell(&w, "#interrupt-cells", 3);
	fdt_write_flag(&w, "interrupt-controller");
	fdt_write_cells(&w, "reg", frames, 8);
	fdt_write_cell(&w, "phandle", GIC);
	interrupt(&w, 1, 9);
	fdt_write_end(&w);
	if (extra)
		extra(&w);
	fdt_write_end(&w);
	CHECK(fdt_write_finish(&w) > 0);
}

void device(struct fdt_write *w, const char *name, uint64_t base, uint32_t spi)
{
	fdt_write_begin_at(w, name, base);
	fdt_write_reg(w, base, PAGE);
	interrupt(w, 0, spi);
	fdt_write_end(w);
}

int patch(void)
{
	return arch_tree_patch(&asked, supplied, sizeof(supplied), out, sizeof(out));
}

void accepted(void (*extra)(struct fdt_write *w))
{
	int size;

	supply(1, extra);
	size = patch();
	if (size < 0)
		FAIL("refused: %s (%d)", asked.problem, size);
	CHECK_EQ(fdt_check_full(out, (size_t)size), 0);
}

void refused(void (*extra)(struct fdt_write *w), const char *problem)
{
	supply(1, extra);
	CHECK(patch() < 0);
	if (strcmp(asked.problem, problem) != 0)
		FAIL("said %s", asked.problem);
}

bool there(const char *path)
{
	return fdt_path_offset(out, path) >= 0;
}

const char *text(const char *path, const char *name)
{
	const char *value = fdt_stringlist_get(out, fdt_path_offset(out, path), name, 0, NULL);

	return value ? value : "";
}

uint32_t cell(const char *path, const char *name, int index)
{
	int length = 0;
	const fdt32_t *value = fdt_getprop(out, fdt_path_offset(out, path), name, &length);

	if (!value || length < (index + 1) * 4)
		FAIL("%s: no cell %d of %s", path, index, name);
	return fdt32_to_cpu(value[index]);
}

bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}
