/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes a device tree from its root to its end, with libfdt's sequential functions below. The
 * first error stays in `error` and every later step does nothing, so only the end must be looked
 * at.
 */
#ifndef LIB_FDT_WRITE_H
#define LIB_FDT_WRITE_H

#include <stddef.h>
#include <stdint.h>

#define FDT_WRITE_CELLS 16 /* of one property, at most */

struct fdt_write {
	void *fdt;
	int error; /* 0, or negative: of libfdt */
};

/* Begins a tree in `room` bytes, without reserved memory. */
void fdt_write_start(struct fdt_write *w, void *to, size_t room);
/* The whole tree's bytes, or a negative error. */
int fdt_write_finish(struct fdt_write *w);

void fdt_write_begin(struct fdt_write *w, const char *name); /* a node; "" is the root */
void fdt_write_begin_at(struct fdt_write *w, const char *name, uint64_t address); /* name@address */
void fdt_write_end(struct fdt_write *w);

void fdt_write_cells(struct fdt_write *w, const char *name, const uint32_t *values, size_t count);
void fdt_write_cell(struct fdt_write *w, const char *name, uint32_t value);
void fdt_write_u64(struct fdt_write *w, const char *name, uint64_t value);
void fdt_write_flag(struct fdt_write *w, const char *name);
void fdt_write_text(struct fdt_write *w, const char *name, const char *value);
/* `list` is strings with a null byte after each; `size` counts all of them. */
void fdt_write_texts(struct fdt_write *w, const char *name, const char *list, size_t size);
/* "reg" of one range, two cells for each number. */
void fdt_write_reg(struct fdt_write *w, uint64_t base, uint64_t size);

#endif
