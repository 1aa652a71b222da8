/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio block device (virtio 1.2, 5.2) over a queue in guest memory and a backend.
 *
 * One request is handled at a time, in the driver's order. Its writes are ordered so that a server
 * killed between any two of them has a successor that finishes the request, once:
 *
 *	1. the flight record: this request is tried (again); too often: it fails
 *	2. data and status byte into guest memory or to the backend
 *	3. commit: the request is taken, and this is its answer
 *	4. the used ring's entry, then its index
 *	5. if the driver wants an interrupt: commit InterruptStatus, then raise the line
 *
 * Before 3 the successor takes the request anew; the driver has not seen an answer, so it still
 * owns none of the buffers, and the same sectors are moved again. From 3 on virtio_blk_resume
 * writes the same answer to the same place: the driver can not have reused it, because that takes
 * a further answer. An interrupt too many is allowed (4.2.3.3); none is lost.
 */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "blk_backend.h"
#include "exit_ledger.h"
#include "state.h"
#include "virtio_flight.h"
#include "virtio_mmio.h"
#include "virtio_ring.h"

#define VIRTIO_BLK_CONFIG_BYTES 0x40u
#define VIRTIO_BLK_QUEUES 1u

/* Committed with `state`. */
struct virtio_blk_state {
	struct virtio_mmio mmio;
	struct virtio_queue queues[VIRTIO_BLK_QUEUES];
	struct exit_ledger exits;
};

struct virtio_blk {
	struct state state; /* of a struct virtio_blk_state */
	struct virtio_flight *flight;
	struct virtio_ram ram;
	struct blk_backend backend;
	uint64_t sectors;
	bool read_only;
	char id[20]; /* answers GET_ID */
	struct virtio_identity identity;
	uint8_t config[VIRTIO_BLK_CONFIG_BYTES];
	struct virtio_chain chain;
};

/* Fills in identity and config from the other members. */
void virtio_blk_describe(struct virtio_blk *b);

/* After a restart: makes the last answer's tail end whole. */
void virtio_blk_resume(struct virtio_blk *b);

/* Handles up to `most` requests. True if more may wait; then call it again. */
bool virtio_blk_serve(struct virtio_blk *b, uint32_t most);

/* Executes an exit exactly once. *action is an ExitAction; true if requests may be waiting. */
bool virtio_blk_access(struct virtio_blk *b, uint64_t sequence, const struct virtio_access *a,
		       uint64_t *value, uint32_t *action);

/* The level the line is to have. */
static inline bool virtio_blk_line(const struct virtio_blk *b)
{
	const struct virtio_blk_state *s = state_current(&b->state);

	return s->mmio.interrupt != 0;
}

#endif
