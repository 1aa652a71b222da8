/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "services/vmm/vmm_arch.h"

#define KERNEL_ALIGN 0x10000ull

static bool fail(struct loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct loader *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(l->error, sizeof(l->error), format, args);
	va_end(args);
	return false;
}

void loader_init(struct loader *l, struct axvm *vm)
{
	memset(l, 0, sizeof(*l));
	l->vm = vm;
}

/* A piece that shares a byte with [gpa, gpa + size); size is not 0 and gpa + size does not wrap. */
static const struct loader_piece *overlap(const struct loader *l, uint64_t gpa, uint64_t size)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct loader_piece *p = &l->pieces[i];

		if (gpa < p->gpa + p->size && p->gpa < gpa + size)
			return p;
	}
	return NULL;
}

bool loader_put(struct loader *l, const char *name, uint64_t gpa, const void *data, uint64_t size,
		uint64_t memory)
{
	const struct loader_piece *other;
	uint8_t *to;

	if (memory < size)
		memory = size;
	if (size == 0)
		return fail(l, "%s is empty", name);
	to = axvm_memory(l->vm, gpa, memory);
	if (!to)
		return fail(l, "%s needs 0x%lx bytes at 0x%lx, where the VM has no such memory",
			    name, (unsigned long)memory, (unsigned long)gpa);
	other = overlap(l, gpa, memory);
	if (other)
		return fail(l, "%s, 0x%lx bytes at 0x%lx, overlaps %s at 0x%lx", name,
			    (unsigned long)memory, (unsigned long)gpa, other->name,
			    (unsigned long)other->gpa);
	if (l->count == LOADER_PIECES)
		return fail(l, "%s: too many files", name);
	memcpy(to, data, size);
	arch_clean(to, size);
	l->pieces[l->count++] = (struct loader_piece){name, gpa, memory};
	return true;
}

bool loader_kernel(struct loader *l, const void *data, uint64_t size)
{
	const skerry_VmConfig *config = axvm_config(l->vm);
	struct loader_image image;
	uint64_t load = config->kernel_load_addr;

	arch_image(data, size, &image);
	if (image.problem)
		return fail(l, "kernel: %s", image.problem);
	/* Linux asks for a multiple of 2 MiB; a relocatable one takes this, as axvisor's files have
	 * it. */
	if (image.header && (load - image.text_offset) % KERNEL_ALIGN)
		return fail(
		    l,
		    "kernel: kernel_load_addr 0x%lx: this image must lie 0x%lx bytes above a "
		    "multiple of 2 MiB, or of 64 KiB if it is relocatable",
		    (unsigned long)load, (unsigned long)image.text_offset);
	if (image.header && config->entry_point != load)
		return fail(l, "kernel: entry_point 0x%lx must be kernel_load_addr 0x%lx",
			    (unsigned long)config->entry_point, (unsigned long)load);
	if (!loader_put(l, "kernel", load, data, size, image.memory))
		return false;
	if (config->entry_point - load >= size || config->entry_point % 4)
		return fail(l, "kernel: entry_point 0x%lx is not in the kernel at 0x%lx",
			    (unsigned long)config->entry_point, (unsigned long)load);
	return true;
}

uint64_t loader_room(struct loader *l, uint64_t size, uint64_t align)
{
	const skerry_VmConfig *config = axvm_config(l->vm);
	const skerry_MemoryRegion *ram = &config->memory_regions[0];
	const struct loader_piece *below;
	uint64_t gpa;

	if (config->memory_regions_count == 0 || size == 0 || size > ram->size)
		return ~0ull;
	gpa = (ram->gpa + ram->size - size) & ~(align - 1);
	/* Each step goes below another piece, so there are no more steps than pieces. */
	while (gpa >= ram->gpa && (below = overlap(l, gpa, size)) != NULL) {
		if (below->gpa < ram->gpa + size)
			return ~0ull;
		gpa = (below->gpa - size) & ~(align - 1);
	}
	return gpa >= ram->gpa ? gpa : ~0ull;
}
