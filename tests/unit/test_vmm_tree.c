/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/fdt_write.c */
/* sources: services/vmm/arch/aarch64/tree.c services/vmm/arch/aarch64/tree_patch.c */
/* sources: services/vmm/arch/aarch64/tree_cpus.c services/vmm/arch/aarch64/tree_check.c */
/* sources: services/vmm/arch/aarch64/tree_devices.c */
/* sources: services/vmm/arch/aarch64/arch_config.c */
/* The guest's device tree, read back with libfdt. */
#include <libfdt.h>
#include <string.h>

#include "services/vmm/vmm_arch.h"
#include "test.h"

static skerry_VmConfig config;
static uint8_t out[0x10000];

static bool inside(uint64_t gpa, uint64_t size, uint64_t base, uint64_t length)
{
	return gpa - base < length && size <= length - (gpa - base);
}

static bool has(const void *host, uint64_t gpa, uint64_t size)
{
	const skerry_VmConfig *c = host;
	bool found = inside(gpa, size, 0x08000000, 0x10000) ||
		     inside(gpa, size, 0x080a0000, 0x20000ull * c->cpu_num);

	for (uint32_t i = 0; i < c->emu_devices_count; i++) {
		const skerry_EmulatedDevice *e = &c->emu_devices[i];

		found |= e->emu_type == 0x1 && inside(gpa, size, e->base_gpa + 0x80000, 0x20000);
		found |= e->emu_type == 0x22 && inside(gpa, size, e->base_gpa, 0x20000);
	}
	for (uint32_t i = 0; i < c->memory_regions_count; i++)
		found |= inside(gpa, size, c->memory_regions[i].gpa, c->memory_regions[i].size);
	for (uint32_t i = 0; i < c->devices_count; i++)
		found |= inside(gpa, size, c->devices[i].base, 0x1000);
	for (uint32_t i = 0; i < c->passed_devices_count; i++)
		found |= inside(gpa, size, c->passed_devices[i].base, 0x1000);
	return found;
}

static bool has_irq(const void *host, uint64_t irq)
{
	const skerry_VmConfig *c = host;
	bool found = false;

	for (uint32_t i = 0; i < c->devices_count; i++)
		found |= c->devices[i].irq == irq;
	for (uint32_t i = 0; i < c->passed_devices_count; i++)
		found |= c->passed_devices[i].has_irq && c->passed_devices[i].irq == irq;
	return found;
}

static struct arch_tree tree(void)
{
	memset(&config, 0, sizeof(config));
	strcpy(config.name, "linux");
	config.cpu_num = 2;
	config.phys_cpu_ids_count = 2;
	config.phys_cpu_ids[1] = 0x0100000100;
	config.memory_regions_count = 2;
	config.memory_regions[0] =
	    (skerry_MemoryRegion){.gpa = 0x80000000, .size = 0x10000000, .flags = 7};
	config.memory_regions[1] =
	    (skerry_MemoryRegion){.gpa = 0x100000000, .size = 0x200000, .flags = 7};
	config.has_cmdline = true;
	strcpy(config.cmdline, "console=ttyAMA0");
	config.devices_count = 2;
	config.devices[0] = (skerry_ServedDevice){.name = "uart0",
						  .compatible = "arm,pl011",
						  .base = 0x9000000,
						  .length = 0x1000,
						  .irq = 33};
	config.devices[1] = (skerry_ServedDevice){.name = "disk0",
						  .compatible = "virtio,mmio",
						  .base = 0xa000000,
						  .length = 0x200,
						  .irq = 48};
	return (struct arch_tree){.config = &config,
				  .initrd = 0x88000000,
				  .initrd_size = 0x1234,
				  .has = has,
				  .has_irq = has_irq,
				  .host = &config};
}

static int node(const char *path)
{
	int offset = fdt_path_offset(out, path);

	if (offset < 0)
		FAIL("no node %s", path);
	return offset;
}

/* Cell `index` of a property. */
static uint32_t cell(const char *path, const char *name, int index)
{
	int length = 0;
	const fdt32_t *value = fdt_getprop(out, node(path), name, &length);

	if (!value || length < (index + 1) * 4)
		FAIL("%s: no cell %d of %s", path, index, name);
	return fdt32_to_cpu(value[index]);
}

static const char *string(const char *path, const char *name, int index)
{
	const char *s = fdt_stringlist_get(out, node(path), name, index, NULL);

	if (!s)
		FAIL("%s: no string %d of %s", path, index, name);
	return s;
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void make(void)
{
	struct arch_tree t = tree();
	int size = arch_tree_make(&t, out, sizeof(out));

	CHECK(size > 0);
	CHECK_EQ(fdt_check_full(out, (size_t)size), 0);
}

TEST(cpus_and_firmware)
{
	make();
	CHECK(is(string("/cpus/cpu@0", "enable-method", 0), "psci"));
	CHECK(is(string("/cpus/cpu@0", "device_type", 0), "cpu"));
	CHECK_EQ(cell("/cpus/cpu@100000100", "reg", 0), 1); /* Aff3 */
	CHECK_EQ(cell("/cpus/cpu@100000100", "reg", 1), 0x100);
	CHECK(is(string("/psci", "compatible", 0), "arm,psci-1.0"));
	CHECK(is(string("/psci", "compatible", 1), "arm,psci-0.2"));
	CHECK(is(string("/psci", "method", 0), "hvc"));
}

TEST(memory)
{
	make();
	CHECK(is(string("/memory@80000000", "device_type", 0), "memory"));
	CHECK_EQ(cell("/memory@80000000", "reg", 1), 0x80000000);
	CHECK_EQ(cell("/memory@80000000", "reg", 3), 0x10000000);
	CHECK_EQ(cell("/memory@100000000", "reg", 0), 1);
	CHECK_EQ(cell("/memory@100000000", "reg", 3), 0x200000);
}

/* A device of type 0x22; without one the controller has no node below it. */
TEST(translation_service_below_the_controller)
{
	struct arch_tree t = tree();
	const char *path = "/intc@8000000/msi-controller@8080000";

	config.emu_devices_count = 1;
	config.emu_devices[0] = (skerry_EmulatedDevice){
	    .name = "its", .base_gpa = 0x8080000, .length = 0x20000, .emu_type = 0x22};
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK(is(string(path, "compatible", 0), "arm,gic-v3-its"));
	CHECK_EQ(cell(path, "reg", 1), 0x8080000);
	CHECK_EQ(cell(path, "reg", 3), 0x20000);
	CHECK_EQ(cell(path, "#msi-cells", 0), 1);
	CHECK(fdt_getprop(out, node(path), "msi-controller", NULL));
	CHECK(fdt_getprop(out, node("/intc@8000000"), "ranges", NULL));
	make();
	CHECK(fdt_first_subnode(out, node("/intc@8000000")) < 0);
}

TEST(monitors_where_vcpus_have_them)
{
	struct arch_tree t = tree();

	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK(fdt_path_offset(out, "/pmu") < 0);
	t.monitors = true;
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK(is(string("/pmu", "compatible", 0), "arm,armv8-pmuv3"));
	CHECK_EQ(cell("/pmu", "interrupts", 0), 1);
	CHECK_EQ(cell("/pmu", "interrupts", 1), 7);
	CHECK_EQ(cell("/pmu", "interrupts", 2), 4);
}

TEST(interrupt_controller_and_timer)
{
	make();
	CHECK(is(string("/intc@8000000", "compatible", 0), "arm,gic-v3"));
	CHECK_EQ(cell("/intc@8000000", "#interrupt-cells", 0), 3);
	CHECK_EQ(cell("/intc@8000000", "reg", 1), 0x08000000);
	CHECK_EQ(cell("/intc@8000000", "reg", 5), 0x080a0000);
	CHECK_EQ(cell("/intc@8000000", "reg", 7), 0x40000);
	CHECK_EQ(cell("/", "interrupt-parent", 0), cell("/intc@8000000", "phandle", 0));
	CHECK(is(string("/timer", "compatible", 0), "arm,armv8-timer"));
	for (int i = 0; i < 4; i++) {
		const uint32_t ppi[] = {13, 14, 11, 10};

		CHECK_EQ(cell("/timer", "interrupts", 3 * i), 1);
		CHECK_EQ(cell("/timer", "interrupts", 3 * i + 1), ppi[i]);
	}
}

TEST(controller_where_the_config_puts_it)
{
	struct arch_tree t = tree();

	config.emu_devices_count = 1;
	config.emu_devices[0] = (skerry_EmulatedDevice){.emu_type = 0x1, .base_gpa = 0x10000000};
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK_EQ(cell("/intc@10000000", "reg", 5), 0x100a0000);
	CHECK_EQ(cell("/intc@10000000/msi-controller@10080000", "reg", 1), 0x10080000);
	CHECK_EQ(cell("/intc@10000000/msi-controller@10080000", "reg", 3), 0x20000);
	CHECK_EQ(cell("/intc@10000000/msi-controller@10080000", "#msi-cells", 0), 1);
	config.emu_devices[0].emu_type = 0x22;
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK_EQ(cell("/intc@8000000/msi-controller@10000000", "reg", 1), 0x10000000);
	config.emu_devices[0].emu_type = 0x21;
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK_EQ(cell("/intc@10000000", "reg", 5), 0x080a0000);
	CHECK_EQ(fdt_first_subnode(out, node("/intc@10000000")), -FDT_ERR_NOTFOUND);
}

TEST(passed_devices)
{
	struct arch_tree t = tree();

	config.interrupt_mode = skerry_InterruptMode_INTERRUPT_PASSTHROUGH;
	config.passed_devices_count = 3;
	config.passed_devices[0] = (skerry_PassedDevice){.name = "virtio_mmio",
							 .base = 0xa000200,
							 .length = 0x200,
							 .has_irq = true,
							 .irq = 49,
							 .edge = true,
							 .dma = true,
							 .compatible_count = 1,
							 .compatible = {"virtio,mmio"}};
	config.passed_devices[1] = (skerry_PassedDevice){.name = "flash",
							 .base = 0,
							 .length = 0x8000000,
							 .compatible_count = 1,
							 .compatible = {"cfi-flash"}};
	config.passed_devices[2] = (skerry_PassedDevice){.name = "unknown", .base = 0x1000};
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK(is(string("/virtio_mmio@a000200", "compatible", 0), "virtio,mmio"));
	CHECK_EQ(cell("/virtio_mmio@a000200", "reg", 3), 0x200);
	CHECK_EQ(cell("/virtio_mmio@a000200", "interrupts", 1), 17);
	CHECK_EQ(cell("/virtio_mmio@a000200", "interrupts", 2), 1);
	CHECK(fdt_getprop(out, node("/virtio_mmio@a000200"), "dma-coherent", NULL));
	CHECK_EQ(cell("/flash@0", "reg", 3), 0x8000000);
	CHECK(!fdt_getprop(out, node("/flash@0"), "interrupts", NULL));
	CHECK(!fdt_getprop(out, node("/flash@0"), "dma-coherent", NULL));
	CHECK_EQ(fdt_path_offset(out, "/unknown@1000"), -FDT_ERR_NOTFOUND);
}

TEST(devices)
{
	make();
	CHECK(is(string("/uart0@9000000", "compatible", 0), "arm,pl011"));
	CHECK(is(string("/uart0@9000000", "compatible", 1), "arm,primecell"));
	CHECK(is(string("/uart0@9000000", "clock-names", 1), "apb_pclk"));
	CHECK_EQ(cell("/uart0@9000000", "clocks", 1), cell("/apb-pclk", "phandle", 0));
	CHECK_EQ(cell("/uart0@9000000", "interrupts", 0), 0);
	CHECK_EQ(cell("/uart0@9000000", "interrupts", 1), 1);
	CHECK(is(string("/disk0@a000000", "compatible", 0), "virtio,mmio"));
	CHECK_EQ(cell("/disk0@a000000", "reg", 3), 0x200);
	CHECK_EQ(cell("/disk0@a000000", "interrupts", 1), 16);
	CHECK_EQ(cell("/disk0@a000000", "interrupts", 2), 4);
}

TEST(chosen)
{
	make();
	CHECK(is(string("/chosen", "bootargs", 0), "console=ttyAMA0"));
	CHECK(is(string("/chosen", "stdout-path", 0), "/uart0@9000000"));
	CHECK_EQ(cell("/chosen", "linux,initrd-start", 1), 0x88000000);
	CHECK_EQ(cell("/chosen", "linux,initrd-end", 1), 0x88001234);
}

TEST(channels_to_other_vms)
{
	struct arch_tree t = tree();

	config.emu_devices[config.emu_devices_count++] = (skerry_EmulatedDevice){
	    .base_gpa = 0xc000000, .length = 0x10000, .irq_id = 64, .emu_type = 0xa};
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK(is(string("/ivc@c000000", "compatible", 0), "skerry,ivc"));
	CHECK_EQ(cell("/ivc@c000000", "reg", 1), 0xc000000);
	CHECK_EQ(cell("/ivc@c000000", "reg", 3), 0x10000);
	CHECK_EQ(cell("/ivc@c000000", "interrupts", 0), 0);
	CHECK_EQ(cell("/ivc@c000000", "interrupts", 1), 32);
	CHECK_EQ(cell("/ivc@c000000", "interrupts", 2), 1); /* edge, rising */
	config.emu_devices[config.emu_devices_count - 1].irq_id = 0;
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK(!fdt_getprop(out, node("/ivc@c000000"), "interrupts", NULL));
}

TEST(without_initrd_and_uart)
{
	struct arch_tree t = tree();

	t.initrd_size = 0;
	config.devices_count = 0;
	config.has_cmdline = false;
	CHECK(arch_tree_make(&t, out, sizeof(out)) > 0);
	CHECK(!fdt_getprop(out, node("/chosen"), "linux,initrd-start", NULL));
	CHECK(!fdt_getprop(out, node("/chosen"), "stdout-path", NULL));
	CHECK(!fdt_getprop(out, node("/chosen"), "bootargs", NULL));
}

TEST(too_little_room)
{
	struct arch_tree t = tree();
	size_t size = (size_t)arch_tree_make(&t, out, sizeof(out));

	for (size_t room = 0; room < size; room++)
		CHECK(arch_tree_make(&t, out, room) < 0);
}

TEST(patching)
{
	static uint8_t supplied[0x10000];
	struct arch_tree t;

	make();
	memcpy(supplied, out, sizeof(supplied));
	memset(out, 0, sizeof(out));
	t = tree();
	config.memory_regions_count = 1;
	config.memory_regions[0].gpa = 0x40000000;
	strcpy(config.cmdline, "quiet");
	t.initrd = 0x41000000;
	CHECK(arch_tree_patch(&t, supplied, sizeof(supplied), out, sizeof(out)) > 0);
	CHECK_EQ(fdt_check_full(out, sizeof(out)), 0);
	CHECK_EQ(fdt_path_offset(out, "/memory@80000000"), -FDT_ERR_NOTFOUND);
	CHECK_EQ(fdt_path_offset(out, "/memory@100000000"), -FDT_ERR_NOTFOUND);
	CHECK_EQ(cell("/memory@40000000", "reg", 1), 0x40000000);
	CHECK(is(string("/chosen", "bootargs", 0), "quiet"));
	CHECK_EQ(cell("/chosen", "linux,initrd-start", 1), 0x41000000);
	CHECK(is(string("/uart0@9000000", "compatible", 0), "arm,pl011"));
	/* The file's initrd is not this VM's. */
	t.initrd_size = 0;
	CHECK(arch_tree_patch(&t, supplied, sizeof(supplied), out, sizeof(out)) > 0);
	CHECK(!fdt_getprop(out, node("/chosen"), "linux,initrd-start", NULL));
	CHECK(!fdt_getprop(out, node("/chosen"), "linux,initrd-end", NULL));
}

TEST(a_supplied_tree_is_not_trusted)
{
	static uint8_t supplied[0x10000];
	struct arch_tree t;
	int size;

	make();
	size = (int)fdt_totalsize(out);
	memcpy(supplied, out, sizeof(supplied));
	t = tree();
	CHECK(arch_tree_patch(&t, supplied, 10, out, sizeof(out)) < 0);
	CHECK(arch_tree_patch(&t, supplied, (size_t)size / 2, out, sizeof(out)) < 0);
	for (int i = 0; i < 20000; i++) {
		uint32_t at = (uint32_t)(test_random() % (uint64_t)size);
		uint8_t before = supplied[at];

		supplied[at] = (uint8_t)test_random();
		(void)arch_tree_patch(&t, supplied, (size_t)size, out, sizeof(out));
		supplied[at] = before;
	}
}
