/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7) in guest memory. Everything there is
 * hostile and may change at any time: each value is read once, checked, and used from the copy.
 */
#ifndef VIRTIO_RING_H
#define VIRTIO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio_mmio.h"

#define VIRTIO_RAM_REGIONS 8u
/* A chain has at most as many descriptors as the queue; each crossing into the next region of
 * memory makes one piece more. */
#define VIRTIO_PIECES (VIRTIO_QUEUE_LARGEST + VIRTIO_RAM_REGIONS)

/* Guest memory as the server sees it; regions are page aligned. */
struct virtio_ram {
	uint32_t count;
	struct {
		uint64_t gpa, size;
		uint8_t *at;
	} regions[VIRTIO_RAM_REGIONS];
};

/* Regions that touch, in the guest and here, become one. */
void virtio_ram_join(struct virtio_ram *ram);

/* Where `bytes` of guest memory lie, if all are in one region; else null. */
void *virtio_ram_at(const struct virtio_ram *ram, uint64_t gpa, uint64_t bytes);

/* The parts of a queue, found anew for each use. */
struct virtio_ring {
	const struct virtio_ram *ram;
	const uint8_t *desc, *avail;
	uint8_t *used;
	uint32_t num;
	bool event_idx, indirect; /* negotiated */
};

/* A request's buffers: first what the device reads, then what it writes. */
struct virtio_chain {
	uint32_t head;
	uint32_t pieces, readable;
	uint32_t readable_bytes, writable_bytes;
	struct {
		uint8_t *at;
		uint32_t length;
	} piece[VIRTIO_PIECES];
};

/* False if the queue is not ready, or its parts are not aligned or not in memory. */
bool virtio_ring_open(struct virtio_ring *r, const struct virtio_ram *ram,
		      const struct virtio_mmio *v, const struct virtio_queue *q);

/* Requests that wait behind `taken`; more than the queue holds means a broken driver. */
uint32_t virtio_ring_waiting(const struct virtio_ring *r, uint16_t taken);

/* Reads the request at index `taken`. False if it breaks a rule of 2.7.5. */
bool virtio_ring_take(const struct virtio_ring *r, uint16_t taken, struct virtio_chain *chain);

/* Writes the answer number `done` (from 0), then the index that makes the driver see it. */
void virtio_ring_answer(const struct virtio_ring *r, uint16_t done, uint32_t id, uint32_t length);

/* Whether the driver wants an interrupt for the answer that made the index `done`. */
bool virtio_ring_wants_interrupt(const struct virtio_ring *r, uint16_t done);

/* Asks to be notified of the request at index `taken`. True if there still is none. */
bool virtio_ring_ask(const struct virtio_ring *r, uint16_t taken);

/* Copies out of what the device may read, or into what it may write; the caller keeps to the sizes.
 */
void virtio_chain_get(const struct virtio_chain *chain, uint32_t offset, void *to, uint32_t bytes);
void virtio_chain_put(const struct virtio_chain *chain, uint32_t offset, const void *from,
		      uint32_t bytes);

/* Called after each write that a successor or the guest could see: tests die there. */
#ifndef VIRTIO_WROTE
#define VIRTIO_WROTE() ((void)0)
#endif

#endif
