/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device does with its queues, whatever it is. The order of its writes is that of
 * virtio_blk.h: before a commit the request is the driver's, as if it had not been touched; from
 * the commit on it is answered, and a successor answers it again, in the same place.
 *
 * A device takes a request (virtio_device_take), moves its data, notes the answer in the spare copy
 * of its state (virtio_queue_answer), commits, and tells the driver (virtio_device_tell).
 */
#ifndef VIRTIO_DEVICE_H
#define VIRTIO_DEVICE_H

#include "exit_ledger.h"
#include "state.h"
#include "virtio_flight.h"
#include "virtio_mmio.h"
#include "virtio_ring.h"

/* A device's state begins with this, and its queues follow; then comes what else it has. */
struct virtio_core {
	struct virtio_mmio mmio;
	struct exit_ledger exits;
};
_Static_assert(sizeof(struct virtio_core) % _Alignof(struct virtio_queue) == 0,
	       "the queues are right behind it");

struct virtio_device {
	struct state state;
	struct virtio_flight *flights; /* one for each queue */
	struct virtio_ram ram;
	struct virtio_identity identity;
	struct virtio_chain chain; /* the request that was taken */
};

static inline const struct virtio_core *virtio_device_now(const struct virtio_device *d)
{
	return state_current(&d->state);
}

static inline const struct virtio_queue *virtio_device_queue(const struct virtio_device *d,
							     uint32_t q)
{
	return (const struct virtio_queue *)(virtio_device_now(d) + 1) + q;
}

/* The spare copy of the state, and the end of changes to it. */
void *virtio_device_begin(struct virtio_device *d);
void virtio_device_commit(struct virtio_device *d);

/* The driver broke the rules: nothing more until a reset. */
void virtio_device_break(struct virtio_device *d);

/* Finds a queue's parts. False if the device is not live or the queue not ready; one that does not
 * lie in memory breaks the device. */
bool virtio_device_open(struct virtio_device *d, uint32_t q, struct virtio_ring *r);

/*
 * Takes a queue's next request into d->chain; it stays the driver's. False if there is none (then
 * the driver will ring), or the device broke.
 */
bool virtio_device_take(struct virtio_device *d, uint32_t q, const struct virtio_ring *r);

/* In the spare copy: the request that was taken is done, `length` bytes of it were written. */
void virtio_queue_answer(struct virtio_queue *queue, uint32_t head, uint32_t length);

/* After the commit: the used ring, and the interrupt if the driver wants one. */
void virtio_device_tell(struct virtio_device *d, uint32_t q, const struct virtio_ring *r);

/* After a restart: tells the last answer of each queue again. */
void virtio_device_resume(struct virtio_device *d);

/* Executes an exit exactly once. *action is an ExitAction; true if requests may be waiting. */
bool virtio_device_access(struct virtio_device *d, uint64_t sequence, const struct virtio_access *a,
			  uint64_t *value, uint32_t *action);

/* The level the line is to have. */
static inline bool virtio_device_line(const struct virtio_device *d)
{
	return virtio_device_now(d)->mmio.interrupt != 0;
}

#endif
