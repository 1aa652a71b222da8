/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver for a virtio block device of the host on the MMIO transport (virtio 1.2, version 2).
 * Several requests can be in flight; each has its own three descriptors: header, data, status. A
 * restarted driver resets the device; what was in flight is asked for again by its callers.
 */
#ifndef BLK_DRIVER_H
#define BLK_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#define BLK_FLIGHTS 16u
#define BLK_DMA_BYTES 0x3000u

struct blk_driver {
	void *device;	      /* for blk_get and blk_put */
	uint8_t *dma;	      /* BLK_DMA_BYTES that the device reads and writes */
	uint64_t dma_address; /* as the device sees them */
	uint64_t sectors;     /* of 512 bytes */
	bool read_only, flushes;
	uint16_t avail, used; /* indices in the queue: offered, taken back */
	uint32_t busy;	      /* bit i: flight i is in use */
};

/* By whoever links this file: 32-bit accesses of the device's registers, and a barrier between
 * those and memory that the device sees. */
uint32_t blk_get(void *device, uint32_t offset);
void blk_put(void *device, uint32_t offset, uint32_t value);
void blk_barrier(void);

/* Resets the device and sets it up. Null, or why it can not be used. */
const char *blk_driver_start(struct blk_driver *d);

/* Starts a request of `type` (enum virtio_blk_type). Returns its flight, or -1: all are in use. */
int32_t blk_driver_submit(struct blk_driver *d, uint32_t type, uint64_t sector, uint64_t address,
			  uint32_t bytes);

/* Takes the device's interrupt back; then blk_driver_next until there is none. */
void blk_driver_interrupt(struct blk_driver *d);

/* A flight that has landed, which is free again; -1: none. *ok: the device says it succeeded. */
int32_t blk_driver_next(struct blk_driver *d, bool *ok);

#endif
