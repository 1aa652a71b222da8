/* SPDX-License-Identifier: BSD-2-Clause */
#include "block.ipc.h"

#include "blk_backend.h"

#define SECTOR 512u

static uint8_t *place(const struct blk_backend *b, uint64_t sector)
{
	(void)sector;
	return b->memory;
}

static bool read(const struct blk_backend *b, uint64_t sector, uint32_t bytes)
{
	const struct block_transfer request = {.sector = sector, .offset = 0, .bytes = bytes};
	struct block_done done;

	return block_read_call(b->port, &request, &done) == 0 && done.status == BLOCK_OK;
}

static bool write(const struct blk_backend *b, uint64_t sector, uint32_t bytes)
{
	const struct block_transfer request = {.sector = sector, .offset = 0, .bytes = bytes};
	struct block_done done;

	return block_write_call(b->port, &request, &done) == 0 && done.status == BLOCK_OK;
}

static bool flush(const struct blk_backend *b)
{
	const struct block_empty request = {0};
	struct block_done done;

	return block_flush_call(b->port, &request, &done) == 0 && done.status == BLOCK_OK;
}

bool blk_remote_open(struct blk_backend *b, uint32_t port, void *memory, uint64_t bytes,
		     uint64_t sectors)
{
	static const struct blk_backend_ops ops = {place, read, write, flush};
	const struct block_empty request = {0};
	struct block_info info;

	if (block_info_call(port, &request, &info) != 0 || info.sectors < sectors)
		return false;
	if (info.transfer_bytes < bytes)
		bytes = info.transfer_bytes;
	bytes -= bytes % SECTOR;
	*b = (struct blk_backend){.ops = &ops,
				  .memory = memory,
				  .bytes = bytes,
				  .largest = (uint32_t)bytes,
				  .port = port};
	return bytes != 0;
}
