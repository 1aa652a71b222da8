/* SPDX-License-Identifier: BSD-2-Clause */
#include "blk_driver.h"

#include <stdatomic.h>
#include <string.h>

#include "services/lib/virtio/virtio.h"

#define QUEUE 64u /* entries: three for each flight, rounded up */
#define PER_FLIGHT 3u

/* Layout of the DMA memory. */
#define DESC 0x0u
#define AVAIL 0x400u
#define USED 0x800u
#define HEADERS 0x1000u
#define ANSWERS 0x2000u
#define UNANSWERED 0xffu
_Static_assert(PER_FLIGHT *BLK_FLIGHTS <= QUEUE, "every flight has its descriptors");
_Static_assert(VIRTIO_DESC_BYTES *QUEUE <= AVAIL, "the table ends before the available ring");

#define RESET_READS 100000 /* of the status register, until it says the reset is done */

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

static void put16(struct blk_driver *d, uint32_t offset, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)(d->dma + offset), value, __ATOMIC_RELAXED);
}

static uint16_t get16(struct blk_driver *d, uint32_t offset)
{
	return __atomic_load_n((uint16_t *)(void *)(d->dma + offset), __ATOMIC_RELAXED);
}

static uint32_t get32(struct blk_driver *d, uint32_t offset)
{
	return __atomic_load_n((uint32_t *)(void *)(d->dma + offset), __ATOMIC_RELAXED);
}

static bool reset(struct blk_driver *d)
{
	blk_put(d->device, VIRTIO_STATUS, 0);
	for (int i = 0; i < RESET_READS; i++)
		if (blk_get(d->device, VIRTIO_STATUS) == 0)
			return true;
	return false;
}

static uint64_t offered_features(struct blk_driver *d)
{
	uint64_t features;

	blk_put(d->device, VIRTIO_DEVICE_FEATURES_SEL, 1);
	features = (uint64_t)blk_get(d->device, VIRTIO_DEVICE_FEATURES) << 32;
	blk_put(d->device, VIRTIO_DEVICE_FEATURES_SEL, 0);
	return features | blk_get(d->device, VIRTIO_DEVICE_FEATURES);
}

static const char *negotiate(struct blk_driver *d)
{
	uint64_t offered = offered_features(d);
	uint64_t chosen = offered & (VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_RO);
	uint32_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK;

	if (!(offered & VIRTIO_F_VERSION_1))
		return "the device offers no VERSION_1";
	blk_put(d->device, VIRTIO_DRIVER_FEATURES_SEL, 0);
	blk_put(d->device, VIRTIO_DRIVER_FEATURES, (uint32_t)chosen);
	blk_put(d->device, VIRTIO_DRIVER_FEATURES_SEL, 1);
	blk_put(d->device, VIRTIO_DRIVER_FEATURES, (uint32_t)(chosen >> 32));
	blk_put(d->device, VIRTIO_STATUS, status);
	if (!(blk_get(d->device, VIRTIO_STATUS) & VIRTIO_FEATURES_OK))
		return "the device refuses VERSION_1 and FLUSH";
	d->flushes = (chosen & VIRTIO_BLK_F_FLUSH) != 0;
	d->read_only = (chosen & VIRTIO_BLK_F_RO) != 0;
	return NULL;
}

static void put_address(struct blk_driver *d, uint32_t offset, uint64_t address)
{
	blk_put(d->device, offset, (uint32_t)address);
	blk_put(d->device, offset + 4, (uint32_t)(address >> 32));
}

static const char *set_up_queue(struct blk_driver *d)
{
	blk_put(d->device, VIRTIO_QUEUE_SEL, 0);
	if (blk_get(d->device, VIRTIO_QUEUE_READY) != 0)
		return "its queue is in use after a reset";
	if (blk_get(d->device, VIRTIO_QUEUE_NUM_MAX) < QUEUE)
		return "its queue has fewer than 64 entries";
	memset(d->dma, 0, BLK_DMA_BYTES);
	d->avail = d->used = 0;
	d->busy = 0;
	blk_put(d->device, VIRTIO_QUEUE_NUM, QUEUE);
	put_address(d, VIRTIO_QUEUE_DESC, d->dma_address + DESC);
	put_address(d, VIRTIO_QUEUE_DRIVER, d->dma_address + AVAIL);
	put_address(d, VIRTIO_QUEUE_DEVICE, d->dma_address + USED);
	blk_barrier();
	blk_put(d->device, VIRTIO_QUEUE_READY, 1);
	return NULL;
}

/* 2.5.1: a field of 64 bits is read again until the generation stayed the same. */
static uint64_t capacity(struct blk_driver *d)
{
	uint64_t sectors = 0;

	for (int i = 0; i < 16; i++) {
		uint32_t generation = blk_get(d->device, VIRTIO_CONFIG_GENERATION);

		sectors = blk_get(d->device, VIRTIO_CONFIG);
		sectors |= (uint64_t)blk_get(d->device, VIRTIO_CONFIG + 4) << 32;
		if (blk_get(d->device, VIRTIO_CONFIG_GENERATION) == generation)
			break;
	}
	return sectors;
}

const char *blk_driver_start(struct blk_driver *d)
{
	const char *problem;

	if (blk_get(d->device, VIRTIO_MAGIC_VALUE) != VIRTIO_MAGIC)
		return "there is no virtio device";
	if (blk_get(d->device, VIRTIO_DEVICE_VERSION) != VIRTIO_MODERN)
		return "it is a legacy device; for QEMU, add -global "
		       "virtio-mmio.force-legacy=false";
	if (blk_get(d->device, VIRTIO_DEVICE_ID) != VIRTIO_BLOCK_DEVICE)
		return "the slot holds no block device";
	if (!reset(d))
		return "it does not reset";
	blk_put(d->device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
	blk_put(d->device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	problem = negotiate(d);
	if (!problem)
		problem = set_up_queue(d);
	if (problem) {
		blk_put(d->device, VIRTIO_STATUS, VIRTIO_FAILED);
		return problem;
	}
	d->sectors = capacity(d);
	blk_put(d->device, VIRTIO_STATUS,
		VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
	return NULL;
}

static void describe(struct blk_driver *d, uint32_t index, uint64_t address, uint32_t length,
		     uint32_t flags)
{
	struct virtio_desc desc = {.address = address,
				   .length = length,
				   .flags = (uint16_t)flags,
				   .next = (uint16_t)(flags & VIRTIO_DESC_NEXT ? index + 1 : 0)};

	memcpy(d->dma + DESC + (size_t)VIRTIO_DESC_BYTES * index, &desc, sizeof(desc));
}

static uint32_t answer_offset(uint32_t flight)
{
	return ANSWERS + flight;
}

int32_t blk_driver_submit(struct blk_driver *d, uint32_t type, uint64_t sector, uint64_t address,
			  uint32_t bytes)
{
	const struct header header = {.type = type, .sector = sector};
	uint32_t flight, first, next;

	if (d->busy == (1u << BLK_FLIGHTS) - 1)
		return -1;
	flight = (uint32_t)__builtin_ctz(~d->busy);
	first = next = PER_FLIGHT * flight;
	d->busy |= 1u << flight;
	memcpy(d->dma + HEADERS + sizeof(header) * flight, &header, sizeof(header));
	d->dma[answer_offset(flight)] = UNANSWERED;
	describe(d, next++, d->dma_address + HEADERS + sizeof(header) * flight, sizeof(header),
		 VIRTIO_DESC_NEXT);
	if (bytes != 0)
		describe(d, next++, address, bytes,
			 VIRTIO_DESC_NEXT | (type == VIRTIO_BLK_IN ? VIRTIO_DESC_WRITE : 0));
	describe(d, next, d->dma_address + answer_offset(flight), 1, VIRTIO_DESC_WRITE);
	put16(d, AVAIL + 4 + 2 * (d->avail % QUEUE), (uint16_t)first);
	blk_barrier(); /* the request before the index that offers it */
	put16(d, AVAIL + 2, ++d->avail);
	blk_barrier(); /* the index before the bell */
	blk_put(d->device, VIRTIO_QUEUE_NOTIFY, 0);
	return (int32_t)flight;
}

void blk_driver_interrupt(struct blk_driver *d)
{
	uint32_t causes = blk_get(d->device, VIRTIO_INTERRUPT_STATUS);

	blk_put(d->device, VIRTIO_INTERRUPT_ACK, causes);
	blk_barrier();
}

int32_t blk_driver_next(struct blk_driver *d, bool *ok)
{
	while (get16(d, USED + 2) != d->used) {
		uint32_t id, flight;

		blk_barrier(); /* the index before what it makes valid */
		id = get32(d, USED + 4 + 8 * (d->used % QUEUE));
		flight = id / PER_FLIGHT;
		d->used++;
		/* A device that answers what was not asked is not believed. */
		if (id % PER_FLIGHT != 0 || flight >= BLK_FLIGHTS || !(d->busy >> flight & 1))
			continue;
		d->busy &= ~(1u << flight);
		*ok = d->dma[answer_offset(flight)] == VIRTIO_BLK_OK;
		return (int32_t)flight;
	}
	return -1;
}
