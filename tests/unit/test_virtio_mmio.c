/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of virtio's MMIO transport: what must hold after any sequence of accesses
 * (virtio 1.2, 2.1, 2.2, 3.1, 4.2.2). */
#include <string.h>

#include "services/lib/virtio/virtio.h"
#include "services/lib/virtio/virtio_mmio.h"
#include "test.h"

#define OFFERED (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_BLK_F_FLUSH)

#define QUEUES 3u

static const uint8_t config[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static const struct virtio_identity identity = {.device = 2,
						.queues = QUEUES,
						.features = OFFERED,
						.config = config,
						.config_bytes = sizeof(config)};
static struct virtio_mmio v;
static struct virtio_queue queues[QUEUES + 1]; /* one more, which nobody may touch */

static uint64_t load(uint64_t offset)
{
	const struct virtio_access a = {.offset = offset, .width = 4};
	uint64_t value;

	CHECK_EQ(virtio_mmio_access(&v, queues, &identity, &a, &value), VIRTIO_NOTHING);
	return value;
}

static enum virtio_effect store(uint64_t offset, uint32_t value)
{
	const struct virtio_access a = {
	    .offset = offset, .value = value, .width = 4, .write = true};
	uint64_t unused;

	return virtio_mmio_access(&v, queues, &identity, &a, &unused);
}

static uint32_t random_offset(void)
{
	static const uint16_t offsets[] = {0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70,
					   0x70, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0xfc};

	return test_random() % 16 ? offsets[test_random() % (sizeof(offsets) / sizeof(offsets[0]))]
				  : (uint32_t)(test_random() % 0x400);
}

static uint32_t random_value(uint32_t offset)
{
	static const uint32_t states[] = {0, 1, 3, 11, 15, 0x80, 0xff};

	if (offset == VIRTIO_STATUS)
		return states[test_random() % 7];
	if (offset == VIRTIO_DRIVER_FEATURES)
		return test_random() % 2 ? (uint32_t)(OFFERED >> (test_random() % 2 ? 32 : 0))
					 : (uint32_t)test_random();
	return test_random() % 4 ? (uint32_t)(test_random() % 4) : (uint32_t)test_random();
}

static void check_queue(const struct virtio_queue *q, const struct virtio_queue *before)
{
	if (q->ready)
		CHECK(q->num >= 1 && q->num <= VIRTIO_QUEUE_LARGEST &&
		      (q->num & (q->num - 1)) == 0);
	if (q->ready && before->ready)
		CHECK_MEMORY(q, before, sizeof(*q));
}

static void check_invariants(const struct virtio_mmio *before)
{
	if (v.status & VIRTIO_FEATURES_OK) {
		CHECK((v.driver_features & VIRTIO_F_VERSION_1) != 0);
		CHECK_EQ(v.driver_features & ~OFFERED, 0);
		if (before->status & VIRTIO_FEATURES_OK)
			CHECK_EQ(v.driver_features, before->driver_features);
	}
	if (v.status & VIRTIO_DRIVER_OK)
		CHECK((v.status & VIRTIO_FEATURES_OK) != 0);
	if (v.status != 0) /* only a reset takes a bit away */
		CHECK_EQ(before->status & ~v.status, 0);
	if (v.status != before->status)
		CHECK_EQ(~before->status & v.status & VIRTIO_NEEDS_RESET, 0);
}

/* A store reaches the selected queue alone, a reset all of them. */
static void check_queues(const struct virtio_mmio *before, const struct virtio_queue *were,
			 enum virtio_effect effect)
{
	static const struct virtio_queue nothing;

	for (uint32_t i = 0; i < QUEUES; i++) {
		check_queue(&queues[i], &were[i]);
		if (effect == VIRTIO_RESET)
			CHECK_MEMORY(&queues[i], &nothing, sizeof(nothing));
		else if (i != before->queue_sel)
			CHECK_MEMORY(&queues[i], &were[i], sizeof(nothing));
	}
	CHECK_MEMORY(&queues[QUEUES], &nothing, sizeof(nothing));
}

TEST(virtio_mmio_keeps_its_rules_whatever_the_driver_writes)
{
	unsigned live = 0, ready[QUEUES] = {0};
	struct virtio_queue were[QUEUES];

	memset(&v, 0, sizeof(v));
	memset(queues, 0, sizeof(queues));
	for (int i = 0; i < 500000; i++) {
		const struct virtio_mmio before = v;
		uint32_t offset = random_offset();
		const struct virtio_access a = {
		    .offset = offset,
		    .value = random_value(offset),
		    .width = test_random() % 8 ? 4 : (uint32_t)(test_random() % 9),
		    .write = test_random() % 8 != 0};
		uint64_t value = 0, peeked = 0;

		memcpy(were, queues, sizeof(were));

		bool peeks = virtio_mmio_peek(&v, queues, &identity, &a, &peeked);
		enum virtio_effect effect = virtio_mmio_access(&v, queues, &identity, &a, &value);

		check_invariants(&before);
		check_queues(&before, were, effect);
		if (!a.write || effect == VIRTIO_REFUSED) {
			CHECK_MEMORY(&v, &before, sizeof(v));
			CHECK_MEMORY(queues, were, sizeof(were));
		}
		CHECK_EQ(peeks, !a.write && effect != VIRTIO_REFUSED);
		if (peeks)
			CHECK_EQ(peeked, value);
		if (effect == VIRTIO_RESET)
			CHECK_EQ(load(VIRTIO_STATUS), 0);
		if (test_random() % 512 == 0)
			virtio_mmio_break(&v);
		live += virtio_mmio_live(&v);
		for (uint32_t q = 0; q < QUEUES; q++)
			ready[q] += queues[q].ready;
	}
	CHECK(live > 1000 && ready[0] > 1000 && ready[1] > 1000 && ready[2] > 1000);
}

TEST(virtio_mmio_reset_leaves_nothing)
{
	static const struct virtio_mmio nothing;

	static const struct virtio_queue unused[QUEUES];

	for (size_t i = 0; i < sizeof(v); i++)
		((uint8_t *)&v)[i] = (uint8_t)test_random();
	for (size_t i = 0; i < sizeof(unused); i++)
		((uint8_t *)queues)[i] = (uint8_t)test_random();
	CHECK_EQ(store(VIRTIO_STATUS, 0), VIRTIO_RESET);
	CHECK_MEMORY(&v, &nothing, sizeof(v));
	CHECK_MEMORY(queues, unused, sizeof(unused));
}

TEST(virtio_mmio_has_as_many_queues_as_the_device_says)
{
	memset(&v, 0, sizeof(v));
	memset(queues, 0, sizeof(queues));
	for (uint32_t q = 0; q < QUEUES; q++) {
		store(VIRTIO_QUEUE_SEL, q);
		CHECK_EQ(load(VIRTIO_QUEUE_NUM_MAX), VIRTIO_QUEUE_LARGEST);
		store(VIRTIO_QUEUE_NUM, 8u << q);
		store(VIRTIO_QUEUE_READY, q != 1);
		CHECK_EQ(store(VIRTIO_QUEUE_NOTIFY, q), VIRTIO_NOTIFIED);
	}
	for (uint32_t q = 0; q < QUEUES; q++) {
		store(VIRTIO_QUEUE_SEL, q);
		CHECK_EQ(load(VIRTIO_QUEUE_READY), q != 1);
		CHECK_EQ(queues[q].num, 8u << q);
	}
	store(VIRTIO_QUEUE_SEL, QUEUES);
	CHECK_EQ(load(VIRTIO_QUEUE_NUM_MAX), 0);
	store(VIRTIO_QUEUE_READY, 1);
	CHECK_EQ(load(VIRTIO_QUEUE_READY), 0);
	CHECK_EQ(store(VIRTIO_QUEUE_NOTIFY, QUEUES), VIRTIO_NOTHING);
}

/* A device that breaks tells so, but only one that is live may interrupt (2.1.2). */
TEST(virtio_mmio_asks_for_a_reset)
{
	memset(&v, 0, sizeof(v));
	virtio_mmio_break(&v);
	CHECK_EQ(load(VIRTIO_STATUS), VIRTIO_NEEDS_RESET);
	CHECK_EQ(load(VIRTIO_INTERRUPT_STATUS), 0);
	CHECK_EQ(store(VIRTIO_STATUS, 0), VIRTIO_RESET);
	store(VIRTIO_DRIVER_FEATURES_SEL, 1);
	store(VIRTIO_DRIVER_FEATURES, 1);
	CHECK_EQ(store(VIRTIO_STATUS, 15), VIRTIO_NOTIFIED);
	CHECK(virtio_mmio_live(&v));
	virtio_mmio_break(&v);
	CHECK(!virtio_mmio_live(&v));
	CHECK_EQ(load(VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CONFIG);
	store(VIRTIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_CONFIG);
	CHECK_EQ(load(VIRTIO_INTERRUPT_STATUS), 0);
}

TEST(virtio_mmio_configuration_reads_in_any_piece)
{
	for (uint32_t width = 1; width <= 4; width *= 2)
		for (uint64_t at = 0; at < 16; at += width) {
			const struct virtio_access a = {.offset = 0x100 + at, .width = width};
			uint64_t value, expected = 0;

			for (uint32_t i = 0; i < width; i++)
				expected |= (at + i < sizeof(config) ? (uint64_t)config[at + i] : 0)
					    << 8 * i;
			CHECK_EQ(virtio_mmio_access(&v, queues, &identity, &a, &value),
				 VIRTIO_NOTHING);
			CHECK_EQ(value, expected);
		}
}
