/* SPDX-License-Identifier: BSD-2-Clause */
/* What init needs to know of a service's program: a static ELF file linked at SERVICE_BASE. */
#ifndef INIT_ELF_IMAGE_H
#define INIT_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS 8
#define ELF_IMAGE_LIMIT (64ull << 20) /* from SERVICE_BASE */

struct elf_segment {
	uint64_t address; /* of its first page */
	uint64_t pages;
	uint64_t skip; /* bytes from there to the first byte of the file */
	uint64_t offset, file_bytes;
	uint32_t attributes; /* SPACE_ATTR_* */
};

struct elf_image {
	uint64_t entry;
	uint64_t pages; /* of all segments */
	uint32_t count;
	struct elf_segment segments[ELF_SEGMENTS]; /* ascending, no page in two */
};

/* Null if the file can be loaded, else what is wrong with it. */
const char *elf_image_read(struct elf_image *image, const void *file, size_t size);

#endif
