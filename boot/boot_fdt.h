/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of libfdt that boot code uses; its own header wants a C library's. */
#ifndef KERNEL_BOOT_FDT_H
#define KERNEL_BOOT_FDT_H

#include <stdint.h>

int fdt_check_header(const void *fdt);
int fdt_check_full(const void *fdt, __SIZE_TYPE__ bytes);
int fdt_num_mem_rsv(const void *fdt);
int fdt_get_mem_rsv(const void *fdt, int n, uint64_t *address, uint64_t *size);
int fdt_path_offset(const void *fdt, const char *path);
int fdt_path_offset_namelen(const void *fdt, const char *path, int length);
int fdt_parent_offset(const void *fdt, int node);
int fdt_next_node(const void *fdt, int node, int *depth);
int fdt_first_subnode(const void *fdt, int node);
int fdt_next_subnode(const void *fdt, int node);
int fdt_address_cells(const void *fdt, int node);
int fdt_size_cells(const void *fdt, int node);
int fdt_node_check_compatible(const void *fdt, int node, const char *compatible);
int fdt_node_offset_by_compatible(const void *fdt, int after, const char *compatible);
const void *fdt_getprop(const void *fdt, int node, const char *name, int *length);

#endif
