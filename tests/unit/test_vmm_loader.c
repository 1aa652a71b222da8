/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/loader.c services/vmm/arch/aarch64/image.c */
/* What is put into a guest's memory before it starts, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include "services/vmm/vmm_arch.h"
#include "services/vmm/hal.h"
#include "services/vmm/loader.h"
#include "test.h"
#include "vmm_host.h"

#define RAM 0x40000000ull
#define BYTES 0x800000u

static struct {
	uint8_t *ram;
	uint64_t cleaned;
	const uint8_t *clean_from;
} loaded;

void arch_clean(const void *at, size_t bytes)
{
	loaded.clean_from = at;
	loaded.cleaned += bytes;
}

static uint8_t *memory(void *h, uint32_t index, uint64_t size)
{
	(void)h;
	(void)index;
	return size <= BYTES ? loaded.ram : NULL;
}

static int32_t map(void *h, uint64_t gpa, uint8_t *at, uint64_t size, uint32_t flags)
{
	(void)h;
	(void)gpa;
	(void)at;
	(void)size;
	(void)flags;
	return 0;
}

/* More pages than that machine has, and no need to count them. */
static int32_t unmap(void *h, uint64_t gpa, uint64_t size)
{
	(void)h;
	(void)gpa;
	(void)size;
	return 0;
}

static struct hal own;
static struct loader loader;

static struct axvm *vm;

/* A case may start more than once. */
static void end(void *none)
{
	(void)none;
	if (vm)
		drop(vm);
	vm = NULL;
}

static void start(void)
{
	end(NULL);
	prepare();
	own = hal;
	own.memory = memory;
	own.map = map;
	own.unmap = unmap;
	memset(&loaded, 0, sizeof(loaded));
	loaded.ram = aligned_alloc(4096, BYTES);
	memset(loaded.ram, 0, BYTES);
	test_cleanup(free, loaded.ram);
	config = (skerry_VmConfig){.id = 1, .cpu_num = 1, .memory_regions_count = 1};
	config.memory_regions[0] = (skerry_MemoryRegion){.gpa = RAM, .size = BYTES, .flags = 7};
	config.kernel_load_addr = config.entry_point = RAM + 0x200000;
	CHECK_EQ(axvm_new(&config, &own, &vm), AXVM_OK);
	test_cleanup(end, NULL);
	loader_init(&loader, vm);
}

/* An Image of 256 bytes with these header fields. */
static const uint8_t *image(uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	static const uint8_t magic[4] = {0x41, 0x52, 0x4d, 0x64};
	static uint8_t file[256];

	memset(file, 0x11, sizeof(file));
	memcpy(file + 8, &text_offset, 8);
	memcpy(file + 16, &image_size, 8);
	memcpy(file + 24, &flags, 8);
	memcpy(file + 56, magic, 4);
	return file;
}

static bool refused(const char *text)
{
	return strstr(loader.error, text) != NULL;
}

TEST(an_image)
{
	start();
	CHECK(loader_kernel(&loader, image(0, 0x10000, 0xa), 256));
	CHECK_MEMORY(loaded.ram + 0x200000, image(0, 0x10000, 0xa), 256);
	CHECK_EQ(loaded.cleaned, 256);
	CHECK(loaded.clean_from == loaded.ram + 0x200000);
	/* The whole of image_size is the kernel's. */
	CHECK(!loader_put(&loader, "x", RAM + 0x20f000, "abc", 3, 0));
	CHECK(refused("overlaps kernel"));
	CHECK(loader_put(&loader, "x", RAM + 0x210000, "abc", 3, 0));
}

TEST(text_offset)
{
	start();
	CHECK(!loader_kernel(&loader, image(0x88000, 0x10000, 0xa), 256));
	CHECK(refused("multiple of 2 MiB"));
	config.kernel_load_addr = config.entry_point = RAM + 0x280000;
	CHECK(loader_kernel(&loader, image(0x80000, 0x10000, 0xa), 256));
}

TEST(a_relocatable_kernel_is_where_axvisors_files_put_it)
{
	start();
	config.kernel_load_addr = config.entry_point = RAM + 0x80000;
	CHECK(loader_kernel(&loader, image(0, 0x10000, 0xa), 256));
	start();
	config.kernel_load_addr = config.entry_point = RAM + 0x88000;
	CHECK(!loader_kernel(&loader, image(0, 0x10000, 0xa), 256));
}

TEST(an_old_image_does_not_say_its_size)
{
	start();
	config.kernel_load_addr = config.entry_point = RAM + 0x80000;
	CHECK(loader_kernel(&loader, image(0, 0, 0), 256));
}

TEST(refused_images)
{
	start();
	CHECK(!loader_kernel(&loader, image(0, 0x10000, 1), 256));
	CHECK(refused("big-endian"));
	CHECK(!loader_kernel(&loader, image(0, 0x10000000, 0), 256));
	CHECK(refused("no such memory"));
	CHECK(!loader_kernel(&loader, image(0, ~0ull, 0), 256));
	config.entry_point += 4;
	CHECK(!loader_kernel(&loader, image(0, 0x10000, 0), 256));
	CHECK(refused("entry_point"));
	config.entry_point -= 4;
	CHECK(!loader_kernel(&loader, image(0, 0x10000, 0), 0));
	CHECK(refused("empty"));
	config.kernel_load_addr = config.entry_point = 0;
	CHECK(!loader_kernel(&loader, image(0, 0x10000, 0), 256));
	config.kernel_load_addr = config.entry_point = ~0x1fffffull;
	CHECK(!loader_kernel(&loader, image(0, 0x10000, 0), 256));
}

TEST(other_files)
{
	const uint8_t elf[4] = {0x7f, 0x45, 0x4c, 0x46};
	uint8_t file[64] = {0x1f, 0x8b};

	start();
	CHECK(!loader_kernel(&loader, file, sizeof(file)));
	CHECK(refused("gzip"));
	memcpy(file, elf, sizeof(elf));
	CHECK(!loader_kernel(&loader, file, sizeof(file)));
	CHECK(refused("ELF"));
}

TEST(a_raw_kernel_starts_anywhere_inside)
{
	const uint8_t code[40] = {1, 2, 3};

	start();
	config.entry_point += 36;
	CHECK(loader_kernel(&loader, code, sizeof(code)));
	start();
	config.entry_point += 40;
	CHECK(!loader_kernel(&loader, code, sizeof(code)));
	start();
	config.entry_point += 2;
	CHECK(!loader_kernel(&loader, code, sizeof(code)));
	start();
	config.entry_point = RAM;
	CHECK(!loader_kernel(&loader, code, sizeof(code)));
}

TEST(put_at_the_edges)
{
	start();
	CHECK(loader_put(&loader, "a", RAM + BYTES - 4, "abcd", 4, 0));
	CHECK(!loader_put(&loader, "b", RAM + BYTES - 7, "abcd", 4, 0));
	CHECK(!loader_put(&loader, "b", RAM + BYTES - 3, "abcd", 4, 0));
	CHECK(!loader_put(&loader, "b", RAM - 1, "abcd", 4, 0));
	CHECK(loader_put(&loader, "b", RAM + BYTES - 8, "abcd", 4, 0));
	CHECK(loader_put(&loader, "c", RAM, "abcd", 4, 0));
	CHECK(loader_put(&loader, "d", RAM + 4, "abcd", 4, 0));
	CHECK(!loader_put(&loader, "e", RAM + 8, "abcd", 4, 0));
	CHECK(refused("too many"));
}

TEST(room)
{
	start();
	CHECK_EQ(loader_room(&loader, 0x1000, 0x1000), RAM + BYTES - 0x1000);
	CHECK_EQ(loader_room(&loader, 0x1000, 0x200000), RAM + BYTES - 0x200000);
	CHECK_EQ(loader_room(&loader, BYTES, 0x1000), RAM);
	CHECK_EQ(loader_room(&loader, BYTES + 1, 0x1000), ~0ull);
	CHECK(loader_put(&loader, "a", RAM + BYTES - 0x800, "abcd", 4, 0));
	CHECK_EQ(loader_room(&loader, 0x1000, 0x1000), RAM + BYTES - 0x2000);
	CHECK(loader_put(&loader, "b", RAM + 0x10, "abcd", 4, 0));
	CHECK_EQ(loader_room(&loader, BYTES - 0x2000, 0x1000), RAM + 0x1000);
	CHECK_EQ(loader_room(&loader, BYTES - 0x1000, 0x1000), ~0ull);
	CHECK_EQ(loader_room(&loader, 0, 0x1000), ~0ull);
}
