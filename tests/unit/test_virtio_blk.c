/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/lib/state.c */
/*
 * The block device under a driver that checks everything, with a server that dies after any write
 * that somebody else could see. A death is a jump out of the device; its successor gets the same
 * state memory and nothing else.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static void wrote(void);
#define VIRTIO_WROTE() wrote()
/* Built here, with deaths. NOLINTBEGIN(bugprone-suspicious-include) */
#include "services/lib/virtio/virtio_ring.c"

#include "services/devices/virtio-blk/virtio_blk.c"
/* NOLINTEND(bugprone-suspicious-include) */
#include "test.h"

#define RAM 0x10000u
#define GPA 0x80000000ull
#define NUM 8u
#define SLOTS 2u /* requests in flight: three descriptors each */
#define SECTORS 16u

enum {
	AT_DESC = 0,
	AT_AVAIL = 0x400,
	AT_USED = 0x800,
	AT_HEADER = 0x1000,
	AT_STATUS = 0x1100,
	AT_DATA = 0x2000
};

static struct world {
	uint8_t *ram, *disk, *state, *flight;
	uint8_t expected[SECTORS * 512]; /* the disk, once all that was asked is done */
	struct virtio_blk blk;
	uint64_t sequence;
	uint16_t offered, seen; /* the driver's indices */
	struct slot {
		bool posted;
		uint32_t type, sectors;
		uint8_t data[1024]; /* a read must give */
	} slots[SLOTS];
	unsigned answers, posts;
	int32_t fuse; /* visible writes until death; negative: immortal */
	jmp_buf death;
} w;

static void wrote(void)
{
	if (w.fuse > 0 && --w.fuse == 0) {
		w.fuse = -1;
		longjmp(w.death, 1);
	}
}

/* Zeroed, exactly as large, and the same in every round of a test. */
static void *fresh(void *before, size_t bytes)
{
	void *memory = before ? before : aligned_alloc(64, (bytes + 63) & ~(size_t)63);

	CHECK(memory);
	if (!before)
		test_cleanup(free, memory);
	return memset(memory, 0, bytes);
}

static void start_server(void)
{
	bool new;

	memset(&w.blk, 0xa5, sizeof(w.blk)); /* a successor knows nothing */
	w.blk = (struct virtio_blk){.sectors = SECTORS, .id = "identity"};
	CHECK(state_open(&w.blk.state, w.state, 4096, sizeof(struct virtio_blk_state), 1, &new));
	w.blk.flight = (void *)w.flight;
	w.blk.ram = (struct virtio_ram){1, {{GPA, RAM, w.ram}}};
	blk_memory_open(&w.blk.backend, w.disk, SECTORS * 512);
	virtio_blk_describe(&w.blk);
}

/* One life: resumes and serves; false if it ended in death. */
static bool live(void)
{
	start_server();
	if (setjmp(w.death))
		return false;
	virtio_blk_resume(&w.blk);
	while (virtio_blk_serve(&w.blk, 1))
		;
	return true;
}

/* An access as the kernel delivers it: again with the same number, until somebody answers. */
static uint64_t execute_exit(const struct virtio_access *a)
{
	uint64_t result;
	uint32_t action;

	w.sequence++;
	while (setjmp(w.death))
		start_server();
	(void)virtio_blk_access(&w.blk, w.sequence, a, &result, &action);
	CHECK_EQ(action, EXIT_ACTION_ADVANCE);
	return result;
}

static uint64_t load(uint64_t offset)
{
	return execute_exit(&(struct virtio_access){.offset = offset, .width = 4});
}

static void store(uint64_t offset, uint32_t value)
{
	(void)execute_exit(
	    &(struct virtio_access){.offset = offset, .value = value, .width = 4, .write = true});
}

/* The first set-up of a test; later ones reuse its memory. */
static void begin_test(void)
{
	w.ram = w.disk = w.state = w.flight = NULL;
}

static void setup(uint32_t features)
{
	static const uint32_t where[] = {0x80, 0x90, 0xa0}, at[] = {AT_DESC, AT_AVAIL, AT_USED};

	const struct world old = w;

	w = (struct world){.fuse = -1};
	w.ram = fresh(old.ram, RAM);
	w.disk = fresh(old.disk, SECTORS * 512);
	w.state = fresh(old.state, 4096);
	w.flight = fresh(old.flight, 64);
	start_server();
	store(0x70, 3);
	store(0x24, 0);
	store(0x20, features);
	store(0x24, 1);
	store(0x20, 1);
	store(0x70, 11);
	CHECK_EQ(load(0x70), 11);
	store(0x38, NUM);
	for (int i = 0; i < 3; i++) {
		store(where[i], (uint32_t)(GPA + at[i]));
		store(where[i] + 4, 0);
	}
	store(0x44, 1);
	store(0x70, 15);
}

static void put(uint32_t at, const void *value, size_t bytes)
{
	memcpy(w.ram + at, value, bytes);
}

static uint16_t get_u16(uint32_t at)
{
	uint16_t value;

	memcpy(&value, w.ram + at, sizeof(value));
	return value;
}

static void describe(uint32_t index, uint32_t at, uint32_t bytes, uint32_t flags)
{
	const struct virtio_desc d = {GPA + at, bytes, (uint16_t)flags, (uint16_t)(index + 1)};

	put(AT_DESC + 16 * index, &d, sizeof(d));
}

/* Offers a request of a random kind; the disk it leaves behind is computed at once. */
static void post(uint32_t i)
{
	struct slot *s = &w.slots[i];
	uint32_t data = AT_DATA + 1024 * i;
	uint64_t sector = test_random() % (SECTORS - 2);
	uint8_t *place = w.expected + sector * 512;
	uint16_t head = (uint16_t)(3 * i);

	s->posted = true;
	s->type = (uint32_t)(test_random() % 2);
	s->sectors = 1 + (uint32_t)(test_random() % 2);
	for (uint32_t j = 0; j < s->sectors * 512; j++)
		w.ram[data + j] = (uint8_t)test_random();
	if (s->type == VIRTIO_BLK_OUT)
		memcpy(place, w.ram + data, (size_t)s->sectors * 512);
	else
		memcpy(s->data, place, (size_t)s->sectors * 512);
	put(AT_HEADER + 16 * i, &(uint32_t[2]){s->type, 0}, 8);
	put(AT_HEADER + 16 * i + 8, &sector, 8);
	w.ram[AT_STATUS + i] = 0xee;
	describe(3 * i, AT_HEADER + 16 * i, 16, 1);
	describe(3 * i + 1, data, s->sectors * 512, s->type == VIRTIO_BLK_IN ? 3 : 1);
	describe(3 * i + 2, AT_STATUS + i, 1, 2);
	put(AT_AVAIL + 4 + 2 * (w.offered % NUM), &head, 2);
	w.offered++;
	put(AT_AVAIL + 2, &w.offered, 2);
	w.posts++;
}

/* Takes the answers that are there. Each must be of a request that waits for one. */
static void consume(void)
{
	while (w.seen != get_u16(AT_USED + 2)) {
		uint32_t entry[2];
		struct slot *s;

		memcpy(entry, w.ram + AT_USED + 4 + 8 * (w.seen % NUM), 8);
		CHECK(entry[0] % 3 == 0 && entry[0] / 3 < SLOTS);
		s = &w.slots[entry[0] / 3];
		CHECK(s->posted);
		CHECK_EQ(w.ram[AT_STATUS + entry[0] / 3], 0);
		if (s->type == VIRTIO_BLK_IN)
			CHECK_MEMORY(w.ram + AT_DATA + 1024 * (entry[0] / 3), s->data,
				     (size_t)s->sectors * 512);
		CHECK_EQ(entry[1], s->type == VIRTIO_BLK_IN ? s->sectors * 512 + 1 : 1);
		/* The buffers are the driver's again: whoever still uses them gets this. */
		memset(w.ram + AT_DATA + 1024 * (entry[0] / 3), 0x99, 1024);
		s->posted = false;
		w.seen++;
		w.answers++;
		put(AT_AVAIL + 4 + 2 * NUM, &w.seen, 2); /* used_event: the next one */
	}
}

static void drive(void)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		if (!w.slots[i].posted && test_random() % 2)
			post(i);
}

static void check_quiet(void)
{
	/* What the driver has not seen yet it is told of. */
	if (w.seen != get_u16(AT_USED + 2))
		CHECK(virtio_blk_line(&w.blk));
	consume();
	CHECK_EQ(w.answers, w.posts);
	CHECK_MEMORY(w.disk, w.expected, sizeof(w.expected));
	if (load(0x60) != 0)
		store(0x64, 3);
	CHECK(!virtio_blk_line(&w.blk));
}

TEST(virtio_blk_survives_death_at_every_step)
{
	int32_t step = 0;
	bool died = true;

	begin_test();
	while (died) {
		setup(0x30000200);
		post(0);
		post(1);
		w.fuse = ++step;
		died = !live();
		if (died && step % 2) { /* the driver goes on meanwhile, or does not */
			consume();
			drive();
		}
		w.fuse = -1;
		CHECK(live());
		check_quiet();
	}
	CHECK(step > 14);
}

TEST(virtio_blk_survives_deaths_at_random)
{
	begin_test();
	setup(0x30000200);
	for (int i = 0; i < 20000; i++) {
		drive();
		w.fuse = (int32_t)(test_random() % 40);
		for (uint32_t deaths = 1; !live(); deaths++) {
			if (test_random() % 2)
				consume();
			drive();
			w.fuse = deaths < VIRTIO_TRIES - 1 ? (int32_t)(test_random() % 80) : -1;
		}
		w.fuse = (int32_t)(test_random() % 8);
		check_quiet();
		w.fuse = -1;
	}
	CHECK(w.posts > 20000);
}

TEST(virtio_blk_gives_up_on_a_request_that_kills_its_servers)
{
	begin_test();
	setup(0x30000200);
	post(0);
	for (uint32_t i = 0; i < VIRTIO_TRIES; i++) {
		w.fuse = 2; /* after the flight record, before the answer */
		CHECK(!live());
		CHECK_EQ(get_u16(AT_USED + 2), 0);
	}
	CHECK(live());
	CHECK_EQ(get_u16(AT_USED + 2), 1);
	CHECK_EQ(w.ram[AT_STATUS], VIRTIO_BLK_IOERR);
	/* The next one is tried as often. */
	w.slots[0].posted = false;
	w.seen = 1;
	post(1);
	w.fuse = 2;
	CHECK(!live());
	CHECK(live());
	CHECK_EQ(w.ram[AT_STATUS + 1], VIRTIO_BLK_OK);
}

TEST(virtio_blk_keeps_to_the_disk_and_the_buffers)
{
	begin_test();
	setup(0x30000200);
	for (int i = 0; i < 20000; i++) {
		uint32_t type = (uint32_t)(test_random() % 10),
			 data = (uint32_t)(test_random() % 2048);
		uint64_t sector = test_random() % 4 ? test_random() % 20 : test_random();
		uint16_t head = 0, next = (uint16_t)(w.offered + 1);
		bool whole = data % 512 == 0 && sector <= SECTORS && data / 512 <= SECTORS - sector;
		uint8_t status;

		put(AT_HEADER, &type, 4);
		put(AT_HEADER + 8, &sector, 8);
		w.ram[AT_STATUS] = 0xee;
		describe(0, AT_HEADER, 16, 1);
		describe(1, AT_DATA, data, type == VIRTIO_BLK_OUT ? 1 : 3);
		describe(2, AT_STATUS, 1, 2);
		put(AT_AVAIL + 4 + 2 * (w.offered % NUM), &head, 2);
		put(AT_AVAIL + 2, &next, 2);
		w.offered = next;
		CHECK(!virtio_blk_serve(&w.blk, 2));
		status = w.ram[AT_STATUS];
		if (type == VIRTIO_BLK_IN || type == VIRTIO_BLK_OUT)
			CHECK_EQ(status, whole ? VIRTIO_BLK_OK : VIRTIO_BLK_IOERR);
		else
			CHECK_EQ(status, type == VIRTIO_BLK_FLUSH || type == VIRTIO_BLK_GET_ID
					     ? VIRTIO_BLK_OK
					     : VIRTIO_BLK_UNSUPP);
		CHECK_EQ(get_u16(AT_USED + 2), w.offered);
	}
}
