/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a virtio device on the MMIO transport, version 2 (virtio 1.2, 4.2), with as many
 * queues as the device says. Pure: a register access changes the state and says what else there is
 * to do.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_QUEUE_LARGEST 128u

struct virtio_queue {
	uint64_t desc, avail, used; /* guest-physical */
	uint16_t num;		    /* entries, a power of two; 0: never set */
	uint16_t ready;
	uint16_t taken; /* available ring: requests taken so far */
	uint16_t done;	/* used ring: requests answered so far */
	/* The last answer. A successor writes it again: the used ring may not hold it yet. */
	uint32_t answered; /* there is one */
	uint32_t last_id, last_length;
	/* Bytes of the request at `taken` that are done, where a device takes it in pieces. */
	uint32_t progress;
};

struct virtio_mmio {
	uint64_t driver_features;
	uint32_t device_features_sel, driver_features_sel, queue_sel;
	uint32_t status;
	uint32_t interrupt; /* InterruptStatus; the line is up while it is not 0 */
	uint32_t reserved;
};

/* What never changes. */
struct virtio_identity {
	uint32_t device;
	uint32_t queues; /* how many its state has */
	uint64_t features;
	const uint8_t *config; /* the device's own configuration, little endian */
	uint32_t config_bytes;
};

struct virtio_access {
	uint64_t offset, value;
	uint32_t width;
	bool write;
};

enum virtio_effect {
	VIRTIO_NOTHING,
	VIRTIO_REFUSED,	 /* no such access (4.2.2.2): registers are 32 bits, aligned; the
			    configuration also less */
	VIRTIO_RESET,	 /* the driver reset the device */
	VIRTIO_NOTIFIED, /* the driver rang for queue `value` (checked) */
};

enum virtio_effect virtio_mmio_access(struct virtio_mmio *v, struct virtio_queue *queues,
				      const struct virtio_identity *identity,
				      const struct virtio_access *a, uint64_t *value);

/* True if the access changes nothing: then *value is what it reads. */
bool virtio_mmio_peek(const struct virtio_mmio *v, const struct virtio_queue *queues,
		      const struct virtio_identity *identity, const struct virtio_access *a,
		      uint64_t *value);

static inline bool virtio_has(const struct virtio_mmio *v, uint64_t feature)
{
	return (v->driver_features & feature) != 0;
}

/* The driver has set up the device, and nothing has gone wrong since. */
bool virtio_mmio_live(const struct virtio_mmio *v);

/* 2.1.2: the driver broke the rules; the device does nothing more until it is reset. */
void virtio_mmio_break(struct virtio_mmio *v);

#endif
