/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network device (virtio 1.2, 5.1) without offloads: two queues in guest memory, two rings
 * of frames to a switch. The order with the commit is virtio_console.h's: a frame is in the ring
 * before the commit that says so, and the ring's index tells a successor; one from the ring is the
 * driver's from the commit on, then the ring's index follows. So no frame is sent or received
 * twice.
 */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include "frames.h"
#include "virtio.h"
#include "virtio_device.h"

#define VIRTIO_NET_CONFIG_BYTES 8u

struct virtio_net_state {
	struct virtio_core core;
	struct virtio_queue queues[VIRTIO_PAIR];
	uint32_t sent, taken; /* where the rings' indices are, or are to be */
	uint32_t begun;	      /* they have been found */
	uint32_t reserved;
};
_Static_assert(offsetof(struct virtio_net_state, queues) == sizeof(struct virtio_core),
	       "virtio_device.h finds the queues there");

struct virtio_net {
	struct virtio_device device;
	uint64_t address; /* the first byte on the wire is bits 47:40 */
	bool tell;	  /* the switch waits for what was done to a ring; the server clears it */
	struct frames tx, rx;
	uint8_t config[VIRTIO_NET_CONFIG_BYTES];
};

/* Before the state is opened: fills in identity and config from the address. */
void virtio_net_describe(struct virtio_net *n);

/* With state and rings: makes whole what a predecessor left, or begins where the rings are. */
void virtio_net_begin(struct virtio_net *n);

/* Moves up to `most` frames each way. True if more may wait; then call it again. */
bool virtio_net_serve(struct virtio_net *n, uint32_t most);

#endif
