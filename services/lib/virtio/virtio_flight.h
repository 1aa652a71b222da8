/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flight record of a queue: which request is tried, and how often, in memory that outlives the
 * server and is written without a commit. A request that kills its servers does so only this often.
 */
#ifndef VIRTIO_FLIGHT_H
#define VIRTIO_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_ring.h"

#define VIRTIO_TRIES 3u

struct virtio_flight {
	_Atomic uint32_t request; /* its index in the available ring */
	_Atomic uint32_t tries;	  /* 0: nothing in flight */
};

/* True if the request has killed too many servers. */
static inline bool virtio_flight_begin(struct virtio_flight *f, uint32_t request)
{
	uint32_t tries = f->request == request ? f->tries : 0;

	f->tries = 0;
	f->request = request;
	f->tries = tries + 1;
	VIRTIO_WROTE();
	return tries >= VIRTIO_TRIES;
}

static inline void virtio_flight_end(struct virtio_flight *f)
{
	f->tries = 0;
}

#endif
