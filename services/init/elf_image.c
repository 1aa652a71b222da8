/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf_image.h"

#include <elf.h>
#include <string.h>

#include "kernel/abi.h"

#define PAGE 4096ull

static const char *read_segment(struct elf_image *image, const Elf64_Phdr *h, size_t size)
{
	struct elf_segment *s = &image->segments[image->count];
	uint64_t end;

	if (image->count == ELF_SEGMENTS)
		return "more than 8 segments";
	if (h->p_offset > size || h->p_filesz > size - h->p_offset || h->p_filesz > h->p_memsz)
		return "a segment reaches beyond the file";
	if (h->p_vaddr < SERVICE_BASE || h->p_vaddr - SERVICE_BASE > ELF_IMAGE_LIMIT ||
	    h->p_memsz > ELF_IMAGE_LIMIT - (h->p_vaddr - SERVICE_BASE))
		return "a segment lies outside of the place for programs";
	if ((h->p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
		return "a segment is writable and executable";
	if (!(h->p_flags & PF_R))
		return "a segment is not readable";
	end = (h->p_vaddr + h->p_memsz + PAGE - 1) & ~(PAGE - 1);
	s->address = h->p_vaddr & ~(PAGE - 1);
	if (image->count && s->address < s[-1].address + s[-1].pages * PAGE)
		return "two segments share a page";
	s->pages = (end - s->address) / PAGE;
	s->skip = h->p_vaddr - s->address;
	s->offset = h->p_offset;
	s->file_bytes = h->p_filesz;
	s->attributes = SPACE_ATTR_READ | (h->p_flags & PF_W ? SPACE_ATTR_WRITE : 0) |
			(h->p_flags & PF_X ? SPACE_ATTR_EXECUTE : 0);
	image->pages += s->pages;
	image->count++;
	return NULL;
}

const char *elf_image_read(struct elf_image *image, const void *file, size_t size)
{
	Elf64_Ehdr header;
	const char *error;

	*image = (struct elf_image){0};
	if (size < sizeof(header))
		return "not an ELF file";
	memcpy(&header, file, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return "not an ELF file of 64 bits";
	if (header.e_type != ET_EXEC || header.e_phentsize != sizeof(Elf64_Phdr))
		return "not a static program";
	if (header.e_phoff > size || header.e_phnum > (size - header.e_phoff) / sizeof(Elf64_Phdr))
		return "its program headers reach beyond the file";
	for (uint32_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr h;

		memcpy(&h, (const uint8_t *)file + header.e_phoff + i * sizeof(h), sizeof(h));
		if (h.p_type != PT_LOAD || !h.p_memsz)
			continue;
		error = read_segment(image, &h, size);
		if (error)
			return error;
	}
	for (uint32_t i = 0; i < image->count; i++) {
		const struct elf_segment *s = &image->segments[i];

		if (s->attributes & SPACE_ATTR_EXECUTE && header.e_entry >= s->address &&
		    header.e_entry < s->address + s->pages * PAGE)
			image->entry = header.e_entry;
	}
	return image->entry ? NULL : "its entry is not in an executable segment";
}
