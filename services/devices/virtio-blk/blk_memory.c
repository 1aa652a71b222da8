/* SPDX-License-Identifier: BSD-2-Clause */
#include "blk_backend.h"

#define SECTOR 512u
#define LARGEST (1u << 20)

static uint8_t *place(const struct blk_backend *b, uint64_t sector)
{
	return b->memory + sector * SECTOR;
}

static bool already_there(const struct blk_backend *b, uint64_t sector, uint32_t bytes)
{
	return sector * SECTOR + bytes <= b->bytes;
}

static bool flush(const struct blk_backend *b)
{
	(void)b;
	return true;
}

void blk_memory_open(struct blk_backend *b, void *memory, uint64_t bytes)
{
	static const struct blk_backend_ops ops = {place, already_there, already_there, flush};

	*b =
	    (struct blk_backend){.ops = &ops, .memory = memory, .bytes = bytes, .largest = LARGEST};
}
