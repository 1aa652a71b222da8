/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel files: a Linux arm64 Image (Documentation/arch/arm64/booting.rst), or anything else as it
 * is. */
#include <string.h>

#include "services/vmm/vmm_arch.h"
#include "services/vmm/loader.h"

#define IMAGE_MAGIC 0x644d5241u /* "ARM\x64" */
#define IMAGE_BIG_ENDIAN 1u
#define TEXT_OFFSET_OLD 0x80000u /* of images so old that they do not say their size */

struct image_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags, reserved[3];
	uint32_t magic, pe;
};
_Static_assert(sizeof(struct image_header) == 64, "as in the file");

void arch_image(const uint8_t *data, uint64_t size, struct loader_image *image)
{
	struct image_header h;

	*image = (struct loader_image){.memory = size};
	if (size < sizeof(h))
		return;
	memcpy(&h, data, sizeof(h));
	if (h.magic != IMAGE_MAGIC) {
		if (data[0] == 0x1f && data[1] == 0x8b)
			image->problem = "it is compressed (gzip): unpack it first";
		else if (memcmp(data, "\177ELF", 4) == 0)
			image->problem = "it is an ELF file: give an Image or a raw binary";
		return;
	}
	image->header = true;
	image->text_offset = h.image_size ? h.text_offset : TEXT_OFFSET_OLD;
	if (h.image_size > size)
		image->memory = h.image_size;
	if (h.flags & IMAGE_BIG_ENDIAN)
		image->problem = "a big-endian kernel cannot run here";
}
