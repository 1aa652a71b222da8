/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/drivers/virtio-blk/blk_driver.c services/lib/state.c */
/* The driver of the host's disk against our own virtio block device, both as they are, one on each
 * side of the registers. */
#include <stdlib.h>
#include <string.h>

#include "services/lib/virtio/virtio.h"
#include "services/devices/virtio-blk/virtio_blk.h"
#include "services/drivers/virtio-blk/blk_driver.h"
#include "test.h"

#define GPA 0x40000000ull
#define RAM 0x10000u
#define DATA 0x4000u /* of a flight: 2 KiB each, behind the driver's DMA memory */
#define SECTORS 64u

static struct virtio_blk device;
static struct blk_driver driver;
static uint8_t *ram, *disk;
static uint64_t sequence;
static uint32_t lies; /* a register that reads as something else */
static uint32_t lie;

uint32_t blk_get(void *at, uint32_t offset)
{
	const struct virtio_access a = {.offset = offset, .width = 4};
	uint64_t value;
	uint32_t action;

	CHECK(at == &device);
	(void)virtio_blk_access(&device, ++sequence, &a, &value, &action);
	return lies == offset + 1 ? lie : (uint32_t)value;
}

void blk_put(void *at, uint32_t offset, uint32_t value)
{
	const struct virtio_access a = {
	    .offset = offset, .value = value, .width = 4, .write = true};
	uint64_t unused;
	uint32_t action;

	CHECK(at == &device);
	(void)virtio_blk_access(&device, ++sequence, &a, &unused, &action);
}

void blk_barrier(void)
{
}

static void *memory_new(size_t bytes)
{
	void *memory = aligned_alloc(64, bytes);

	CHECK(memory);
	test_cleanup(free, memory);
	return memset(memory, 0, bytes);
}

static void set_up(bool read_only)
{
	static struct virtio_flight flight;
	bool fresh;

	ram = memory_new(RAM);
	disk = memory_new((size_t)SECTORS * 512);
	lies = 0;
	device = (struct virtio_blk){.sectors = SECTORS, .read_only = read_only, .flight = &flight};
	CHECK(state_open(&device.state, memory_new(4096), 4096, sizeof(struct virtio_blk_state), 1,
			 &fresh));
	device.ram = (struct virtio_ram){1, {{GPA, RAM, ram}}};
	blk_memory_open(&device.backend, disk, (uint64_t)SECTORS * 512);
	virtio_blk_describe(&device);
	driver = (struct blk_driver){.device = &device, .dma = ram, .dma_address = GPA};
}

TEST(blk_driver_moves_data_with_many_requests_in_flight)
{
	static uint8_t expected[SECTORS * 512];
	struct {
		uint32_t type, sector;
		uint8_t data[512];
	} flights[BLK_FLIGHTS];
	unsigned landed = 0;

	set_up(false);
	CHECK(!blk_driver_start(&driver));
	CHECK_EQ(driver.sectors, SECTORS);
	CHECK(driver.flushes && !driver.read_only);
	for (int i = 0; i < 20000; i++) {
		uint32_t type = (uint32_t)(test_random() % 2),
			 sector = (uint32_t)(test_random() % SECTORS);
		uint32_t slot = (uint32_t)__builtin_ctz(~driver.busy);
		int32_t flight;
		bool ok;

		if (driver.busy != 0xffff) {
			uint8_t *data = ram + DATA + 2048u * slot;

			for (int j = 0; j < 512; j++)
				data[j] = (uint8_t)test_random();
			flight = blk_driver_submit(&driver, type, sector, GPA + DATA + 2048u * slot,
						   512);
			CHECK_EQ(flight, slot);
			flights[slot].type = type;
			flights[slot].sector = sector;
			if (type == VIRTIO_BLK_OUT)
				memcpy(expected + (size_t)sector * 512, data, 512);
			else
				memcpy(flights[slot].data, expected + (size_t)sector * 512, 512);
		} else {
			CHECK_EQ(blk_driver_submit(&driver, type, sector, GPA + DATA, 512), -1);
		}
		if (test_random() % 8 != 0)
			continue;
		while (virtio_blk_serve(&device, 3))
			;
		CHECK(virtio_blk_line(&device));
		blk_driver_interrupt(&driver);
		CHECK(!virtio_blk_line(&device));
		while ((flight = blk_driver_next(&driver, &ok)) >= 0) {
			CHECK(ok);
			landed++;
			if (flights[flight].type == VIRTIO_BLK_IN)
				CHECK_MEMORY(ram + DATA + 2048u * (uint32_t)flight,
					     flights[flight].data, 512);
		}
		CHECK_EQ(driver.busy, 0);
	}
	CHECK(landed > 5000);
	while (virtio_blk_serve(&device, 3))
		;
	CHECK_MEMORY(disk, expected, sizeof(expected));
}

TEST(blk_driver_restarts_in_the_middle)
{
	bool ok;

	set_up(false);
	for (int i = 0; i < 50; i++) {
		CHECK(!blk_driver_start(&driver));
		CHECK_EQ(blk_driver_submit(&driver, VIRTIO_BLK_OUT, 1, GPA + DATA, 512), 0);
		if (i % 2)
			(void)virtio_blk_serve(&device, 1);
		/* dies here */
	}
	CHECK(!blk_driver_start(&driver));
	CHECK_EQ(blk_driver_next(&driver, &ok), -1);
	CHECK_EQ(blk_driver_submit(&driver, VIRTIO_BLK_FLUSH, 0, 0, 0), 0);
	CHECK(!virtio_blk_serve(&device, 2));
	CHECK_EQ(blk_driver_next(&driver, &ok), 0);
	CHECK(ok);
}

TEST(blk_driver_reports_what_the_device_refuses)
{
	bool ok;

	set_up(true);
	CHECK(!blk_driver_start(&driver));
	CHECK(driver.read_only);
	CHECK_EQ(blk_driver_submit(&driver, VIRTIO_BLK_OUT, 1, GPA + DATA, 512), 0);
	CHECK_EQ(blk_driver_submit(&driver, VIRTIO_BLK_IN, SECTORS, GPA + DATA, 512), 1);
	(void)virtio_blk_serve(&device, 2);
	CHECK_EQ(blk_driver_next(&driver, &ok), 0);
	CHECK(!ok);
	CHECK_EQ(blk_driver_next(&driver, &ok), 1);
	CHECK(!ok);
}

TEST(blk_driver_says_why_a_device_can_not_be_used)
{
	static const struct {
		uint32_t offset, value;
	} wrong[] = {
	    {VIRTIO_MAGIC_VALUE, 0},	 {VIRTIO_DEVICE_VERSION, 1}, {VIRTIO_DEVICE_ID, 0},
	    {VIRTIO_DEVICE_FEATURES, 0}, {VIRTIO_STATUS, 3},	     {VIRTIO_QUEUE_READY, 1},
	    {VIRTIO_QUEUE_NUM_MAX, 32},
	};

	set_up(false);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		lies = wrong[i].offset + 1;
		lie = wrong[i].value;
		CHECK(blk_driver_start(&driver));
	}
	lies = 0;
	CHECK(!blk_driver_start(&driver));
}

/* A device that answers nonsense ends no flight that is not in the air, and none twice. */
TEST(blk_driver_believes_no_false_answers)
{
	bool ok;

	set_up(false);
	CHECK(!blk_driver_start(&driver));
	for (int i = 0; i < 20000; i++) {
		uint16_t index = (uint16_t)(driver.used + test_random() % 5);
		unsigned before = (unsigned)__builtin_popcount(driver.busy), ended = 0;

		for (uint32_t j = 0; j < 64; j++) {
			uint32_t id =
			    (uint32_t)(test_random() % 4 ? test_random() % 64 : test_random());

			memcpy(ram + 0x804 + (size_t)8 * j, &id, 4);
		}
		memcpy(ram + 0x802, &index, 2);
		if (before < BLK_FLIGHTS && test_random() % 2) {
			CHECK(blk_driver_submit(&driver, VIRTIO_BLK_IN, 0, GPA + DATA, 512) >= 0);
			before++;
		}
		while (blk_driver_next(&driver, &ok) >= 0)
			ended++;
		CHECK_EQ(__builtin_popcount(driver.busy), before - ended);
	}
}
