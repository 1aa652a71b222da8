/* SPDX-License-Identifier: BSD-2-Clause */
#include "fdt_write.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static void step(struct fdt_write *w, int result)
{
	if (!w->error)
		w->error = result;
}

void fdt_write_start(struct fdt_write *w, void *to, size_t room)
{
	w->fdt = to;
	w->error = fdt_create(to, (int)room);
	if (!w->error)
		step(w, fdt_finish_reservemap(to));
}

int fdt_write_finish(struct fdt_write *w)
{
	if (!w->error)
		step(w, fdt_finish(w->fdt));
	return w->error ? w->error : (int)fdt_totalsize(w->fdt);
}

void fdt_write_begin(struct fdt_write *w, const char *name)
{
	if (!w->error)
		step(w, fdt_begin_node(w->fdt, name));
}

void fdt_write_begin_at(struct fdt_write *w, const char *name, uint64_t address)
{
	char full[64];

	(void)snprintf(full, sizeof(full), "%s@%lx", name, (unsigned long)address);
	fdt_write_begin(w, full);
}

void fdt_write_end(struct fdt_write *w)
{
	if (!w->error)
		step(w, fdt_end_node(w->fdt));
}

void fdt_write_cells(struct fdt_write *w, const char *name, const uint32_t *values, size_t count)
{
	fdt32_t wire[FDT_WRITE_CELLS];

	if (count > FDT_WRITE_CELLS) {
		step(w, -FDT_ERR_INTERNAL);
		return;
	}
	for (size_t i = 0; i < count; i++)
		wire[i] = cpu_to_fdt32(values[i]);
	if (!w->error)
		step(w, fdt_property(w->fdt, name, wire, (int)(count * sizeof(wire[0]))));
}

void fdt_write_cell(struct fdt_write *w, const char *name, uint32_t value)
{
	fdt_write_cells(w, name, &value, 1);
}

void fdt_write_u64(struct fdt_write *w, const char *name, uint64_t value)
{
	const uint32_t values[] = {(uint32_t)(value >> 32), (uint32_t)value};

	fdt_write_cells(w, name, values, 2);
}

void fdt_write_texts(struct fdt_write *w, const char *name, const char *list, size_t size)
{
	if (!w->error)
		step(w, fdt_property(w->fdt, name, list, (int)size));
}

void fdt_write_text(struct fdt_write *w, const char *name, const char *value)
{
	fdt_write_texts(w, name, value, strlen(value) + 1);
}

void fdt_write_flag(struct fdt_write *w, const char *name)
{
	fdt_write_texts(w, name, "", 0);
}

void fdt_write_reg(struct fdt_write *w, uint64_t base, uint64_t size)
{
	const uint32_t values[] = {(uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
				   (uint32_t)size};

	fdt_write_cells(w, "reg", values, 4);
}
