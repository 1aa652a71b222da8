/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_mmio.h"

#include "virtio.h"

#define VENDOR 0x594b5253u /* "SRKY" */
#define STATUS_BITS \
	(VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK | VIRTIO_FAILED)

bool virtio_mmio_live(const struct virtio_mmio *v)
{
	return (v->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

void virtio_mmio_break(struct virtio_mmio *v)
{
	v->status |= VIRTIO_NEEDS_RESET;
	if (v->status & VIRTIO_DRIVER_OK)
		v->interrupt |= VIRTIO_INTERRUPT_CONFIG;
}

static bool refused(const struct virtio_access *a)
{
	if (a->width != 1 && a->width != 2 && a->width != 4)
		return true;
	return (a->offset & (a->width - 1)) != 0 || (a->offset < VIRTIO_CONFIG && a->width != 4);
}

static uint64_t read_config(const struct virtio_identity *identity, const struct virtio_access *a)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < a->width; i++)
		if (a->offset - VIRTIO_CONFIG + i < identity->config_bytes)
			value |= (uint64_t)identity->config[a->offset - VIRTIO_CONFIG + i] << 8 * i;
	return value;
}

static uint32_t read(const struct virtio_mmio *v, const struct virtio_queue *queues,
		     const struct virtio_identity *identity, uint64_t offset)
{
	const bool there = v->queue_sel < identity->queues;

	switch (offset) {
	case VIRTIO_MAGIC_VALUE:
		return VIRTIO_MAGIC;
	case VIRTIO_DEVICE_VERSION:
		return VIRTIO_MODERN;
	case VIRTIO_DEVICE_ID:
		return identity->device;
	case VIRTIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_DEVICE_FEATURES:
		return v->device_features_sel < 2
			   ? (uint32_t)(identity->features >> 32 * v->device_features_sel)
			   : 0;
	case VIRTIO_QUEUE_NUM_MAX:
		return there ? VIRTIO_QUEUE_LARGEST : 0;
	case VIRTIO_QUEUE_READY:
		return there ? queues[v->queue_sel].ready : 0;
	case VIRTIO_INTERRUPT_STATUS:
		return v->interrupt;
	case VIRTIO_STATUS:
		return v->status;
	case VIRTIO_SHM_LEN:
	case VIRTIO_SHM_LEN + 4:
	case VIRTIO_SHM_BASE:
	case VIRTIO_SHM_BASE + 4:
		return UINT32_MAX; /* there is no such region */
	default:
		return 0;
	}
}

/* 3.1.1: FEATURES_OK stays set only if we can work with what the driver chose. */
static bool features_fit(const struct virtio_mmio *v, const struct virtio_identity *identity)
{
	return (v->driver_features & ~identity->features) == 0 && virtio_has(v, VIRTIO_F_VERSION_1);
}

static enum virtio_effect write_status(struct virtio_mmio *v, struct virtio_queue *queues,
				       const struct virtio_identity *identity, uint32_t value)
{
	uint32_t next = v->status | (value & STATUS_BITS); /* only a reset clears a bit */

	if (value == 0) {
		*v = (struct virtio_mmio){0};
		for (uint32_t i = 0; i < identity->queues; i++)
			queues[i] = (struct virtio_queue){0};
		return VIRTIO_RESET;
	}
	if ((next & ~v->status & VIRTIO_FEATURES_OK) && !features_fit(v, identity))
		next &= ~(uint32_t)VIRTIO_FEATURES_OK;
	/* 3.1.1: a device without agreed features does not go live. */
	if (!(next & VIRTIO_FEATURES_OK))
		next &= ~(uint32_t)VIRTIO_DRIVER_OK;
	v->status = next;
	return next & VIRTIO_DRIVER_OK ? VIRTIO_NOTIFIED : VIRTIO_NOTHING;
}

static void write_features(struct virtio_mmio *v, uint32_t value)
{
	uint32_t shift = 32 * v->driver_features_sel;

	if (v->driver_features_sel > 1 || (v->status & VIRTIO_FEATURES_OK))
		return;
	v->driver_features &= ~(0xffffffffull << shift);
	v->driver_features |= (uint64_t)value << shift;
}

static void half(uint64_t *address, uint64_t offset, uint32_t value)
{
	uint32_t shift = offset & 4 ? 32 : 0;

	*address = (*address & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

/* Registers of the selected queue. While it is ready only QueueReady may be written (4.2.2.2). */
static void write_queue(struct virtio_queue *q, uint64_t offset, uint32_t value)
{
	if (offset == VIRTIO_QUEUE_READY) {
		if (!(value & 1)) {
			q->ready = q->taken = q->done = 0;
			q->answered = q->progress = 0;
		} else if (q->num != 0) {
			q->ready = 1;
		}
		return;
	}
	if (q->ready)
		return;
	switch (offset & ~4ull) {
	case VIRTIO_QUEUE_NUM & ~4ull:
		if (value != 0 && value <= VIRTIO_QUEUE_LARGEST && (value & (value - 1)) == 0)
			q->num = (uint16_t)value;
		break;
	case VIRTIO_QUEUE_DESC:
		half(&q->desc, offset, value);
		break;
	case VIRTIO_QUEUE_DRIVER:
		half(&q->avail, offset, value);
		break;
	case VIRTIO_QUEUE_DEVICE:
		half(&q->used, offset, value);
		break;
	default:
		break;
	}
}

static enum virtio_effect write(struct virtio_mmio *v, struct virtio_queue *queues,
				const struct virtio_identity *identity, uint64_t offset,
				uint32_t value)
{
	switch (offset) {
	case VIRTIO_DEVICE_FEATURES_SEL:
		v->device_features_sel = value;
		break;
	case VIRTIO_DRIVER_FEATURES:
		write_features(v, value);
		break;
	case VIRTIO_DRIVER_FEATURES_SEL:
		v->driver_features_sel = value;
		break;
	case VIRTIO_QUEUE_SEL:
		v->queue_sel = value;
		break;
	case VIRTIO_QUEUE_NOTIFY:
		return value < identity->queues ? VIRTIO_NOTIFIED : VIRTIO_NOTHING;
	case VIRTIO_INTERRUPT_ACK:
		v->interrupt &= ~value;
		break;
	case VIRTIO_STATUS:
		return write_status(v, queues, identity, value);
	case VIRTIO_QUEUE_NUM:
	case VIRTIO_QUEUE_READY:
	case VIRTIO_QUEUE_DESC:
	case VIRTIO_QUEUE_DESC + 4:
	case VIRTIO_QUEUE_DRIVER:
	case VIRTIO_QUEUE_DRIVER + 4:
	case VIRTIO_QUEUE_DEVICE:
	case VIRTIO_QUEUE_DEVICE + 4:
		if (v->queue_sel < identity->queues)
			write_queue(&queues[v->queue_sel], offset, value);
		break;
	default:
		break; /* read-only registers, reserved offsets */
	}
	return VIRTIO_NOTHING;
}

bool virtio_mmio_peek(const struct virtio_mmio *v, const struct virtio_queue *queues,
		      const struct virtio_identity *identity, const struct virtio_access *a,
		      uint64_t *value)
{
	if (a->write || refused(a))
		return false;
	*value = a->offset < VIRTIO_CONFIG ? read(v, queues, identity, a->offset)
					   : read_config(identity, a);
	return true;
}

/* No field of the configuration is writable: writes to it are ignored. */
enum virtio_effect virtio_mmio_access(struct virtio_mmio *v, struct virtio_queue *queues,
				      const struct virtio_identity *identity,
				      const struct virtio_access *a, uint64_t *value)
{
	*value = 0;
	if (refused(a))
		return VIRTIO_REFUSED;
	if (!a->write)
		(void)virtio_mmio_peek(v, queues, identity, a, value);
	else if (a->offset < VIRTIO_CONFIG)
		return write(v, queues, identity, a->offset, (uint32_t)a->value);
	return VIRTIO_NOTHING;
}
