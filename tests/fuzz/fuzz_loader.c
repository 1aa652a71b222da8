/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/axvm.c services/vmm/axvm_new.c services/vmm/axvm_vcpu.c */
/* sources: services/vmm/axvm_serve.c services/vmm/axvm_devices.c services/vmm/axvm_ivc.c */
/* sources: services/vmm/axvm_memory.c services/vmm/axvm_copy.c */
/* sources: tests/unit/vmm_host.c */
/* sources: services/vmm/loader.c services/vmm/arch/aarch64/image.c */
/*
 * Kernel files with any header, and other files at any address: what is loaded lies in the VM's
 * memory and beside the rest, and no other byte of it was written.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "services/vmm/loader.h"
#include "services/vmm/vmm_arch.h"
#include "vmm_host.h"

#define FILE_MOST 0x1000u
#define PATTERN 0x5a

REACH(kernel_loaded);
REACH(kernel_refused);
REACH(file_loaded);
REACH(room_found);

static struct loader loader;
static uint64_t cleaned;
/* What each byte of memory should be. */
static uint8_t expected[2 * RAM_BYTES];

void arch_clean(const void *at, size_t bytes)
{
	const uint8_t *from = at, *first = (const uint8_t *)host.memory;

	CHECK(from >= first && from + bytes <= first + sizeof(host.memory));
	cleaned += bytes;
}

static uint64_t number(void)
{
	return PICK(0, 1, 0x40, 0x1000, 0x10000, 0x80000, RAM_BYTES, RAM_BYTES - 1, 0x200000, ~0ull,
		    ~0xfffull, 1ull << 63, test_random());
}

static uint64_t address(void)
{
	return PICK(RAM0, RAM0, RAM0 + 0x1000, RAM0 + RAM_BYTES - 0x40, RAM0 + RAM_BYTES,
		    RAM0 + 2 * RAM_BYTES, RAM0 - 1, 0, ~0ull, RAM0 + test_random() % RAM_BYTES);
}

static uint8_t *file_of(size_t size, bool kernel)
{
	static const uint8_t elf[4] = {0177, 'E', 'L', 'F'}, gzip[4] = {037, 0213, 010, 0};
	uint8_t *file = malloc(size ? size : 1);
	const uint64_t fields[3] = {PICK(0, 0, 0x80000, number()),
				    PICK(0, size, 0x1000, 0x2000, number()),
				    PICK(0, 2, 10, number())};
	const uint32_t magic = once_in(8) ? (uint32_t)test_random() : 0x644d5241;

	CHECK(file);
	memset(file, (int)test_random(), size);
	if (kernel && size >= 64) {
		memcpy(file + 8, fields, sizeof(fields));
		memcpy(file + 56, &magic, 4);
		if (once_in(8))
			memcpy(file, once_in(2) ? elf : gzip, sizeof(elf));
		(void)fuzz_edit(file, size, size);
	}
	return file;
}

static void note(uint64_t gpa, const uint8_t *file, size_t size)
{
	CHECK(gpa >= RAM0 && gpa - RAM0 <= sizeof(expected) - size);
	memcpy(expected + (gpa - RAM0), file, size);
}

static void load_kernel(void)
{
	const size_t size = PICK(0, 1, 63, 64, 256, FILE_MOST, test_random() % FILE_MOST);
	const size_t before = loader.count;
	uint8_t *file = file_of(size, true);

	if (loader_kernel(&loader, file, size)) {
		CHECK_EQ(loader.count, before + 1);
		CHECK(config.entry_point - config.kernel_load_addr < size);
		reached(kernel_loaded);
	} else {
		CHECK(loader.error[0]);
		reached(kernel_refused);
	}
	/* One whose entry point is not in it is refused when it lies there already. */
	if (loader.count > before)
		note(config.kernel_load_addr, file, size);
	free(file);
}

static void load_file(void)
{
	const size_t size = PICK(0, 1, 64, FILE_MOST, test_random() % FILE_MOST);
	uint8_t *file = file_of(size, false);
	const uint64_t gpa = once_in(2) ? address() : loader_room(&loader, size, 0x1000);

	if (gpa != ~0ull)
		reached(room_found);
	if (loader_put(&loader, "file", gpa, file, size, number())) {
		note(gpa, file, size);
		reached(file_loaded);
	}
	free(file);
}

static void check_pieces(void)
{
	for (size_t i = 0; i < loader.count; i++) {
		const struct loader_piece *a = &loader.pieces[i];

		CHECK(a->size && a->gpa >= RAM0 && a->size <= 2 * RAM_BYTES &&
		      a->gpa - RAM0 <= 2 * RAM_BYTES - a->size);
		for (size_t j = 0; j < i; j++) {
			const struct loader_piece *b = &loader.pieces[j];

			CHECK(a->gpa + a->size <= b->gpa || b->gpa + b->size <= a->gpa);
		}
	}
	CHECK_MEMORY(host.memory, expected, sizeof(host.memory));
}

FUZZ(3000, 256)
{
	struct axvm *vm = NULL;

	prepare();
	memset(host.memory, PATTERN, sizeof(host.memory));
	memset(expected, PATTERN, sizeof(expected));
	config.kernel_load_addr = once_in(4) ? address() : RAM0 + PICK(0, 0x1000);
	config.entry_point = once_in(4) ? address() : config.kernel_load_addr;
	CHECK_EQ(axvm_new(&config, &hal, &vm), AXVM_OK);
	memset(host.memory, PATTERN, sizeof(host.memory));
	test_cleanup(drop, vm);
	loader_init(&loader, vm);
	while (fuzz_more()) {
		if (once_in(3))
			load_kernel();
		else
			load_file();
	}
	check_pieces();
}
