/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a virtual disk's sectors are. The caller has checked every range against the disk's size.
 */
#ifndef BLK_BACKEND_H
#define BLK_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

struct blk_backend {
	const struct blk_backend_ops *ops;
	uint8_t *memory;  /* the disk, or the memory that transfers go through */
	uint64_t bytes;	  /* of it */
	uint32_t largest; /* bytes of one transfer, a multiple of 512 */
	uint32_t port;	  /* of a remote backend */
};

/* All may be called again with the same arguments after a failure or a restart. True: it is done.
 */
struct blk_backend_ops {
	/* Where `largest` bytes from `sector` on are put before a write and found after a read. */
	uint8_t *(*place)(const struct blk_backend *b, uint64_t sector);
	bool (*read)(const struct blk_backend *b, uint64_t sector, uint32_t bytes);
	bool (*write)(const struct blk_backend *b, uint64_t sector, uint32_t bytes);
	bool (*flush)(const struct blk_backend *b);
};

/* The disk is `bytes` of memory. */
void blk_memory_open(struct blk_backend *b, void *memory, uint64_t bytes);

/* The disk is behind service Block on `port`; data goes through `bytes` of shared memory. False if
 * the service does not answer, or has fewer than `sectors`. */
bool blk_remote_open(struct blk_backend *b, uint32_t port, void *memory, uint64_t bytes,
		     uint64_t sectors);

#endif
