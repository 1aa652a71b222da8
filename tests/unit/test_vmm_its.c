/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/vgic.c services/vmm/arch/aarch64/vgic_bank.c */
/* sources: services/vmm/arch/aarch64/vgic_dist.c services/vmm/arch/aarch64/vgic_redist.c */
/* sources: services/vmm/arch/aarch64/vgicv2.c services/vmm/arch/aarch64/vgic_lpi.c */
/* sources: services/vmm/arch/aarch64/its.c */
/* sources: services/vmm/arch/aarch64/its_command.c tests/unit/vgic_host.c */
/* The interrupt translation service and LPIs against the words of Arm IHI 0069, chapter 5. */
#include <string.h>

#include "kernel/abi.h"
#include "services/vmm/arch/aarch64/its.h"
#include "test.h"
#include "vgic_host.h"

#define ITS 0x08080000ull
#define QUEUE (VGIC_HOST_RAM + 0x0)	 /* two pages */
#define DEVICES (VGIC_HOST_RAM + 0x2000) /* a page: 512 devices */
#define COLLECTIONS (VGIC_HOST_RAM + 0x3000)
#define CONFIG (VGIC_HOST_RAM + 0x4000)
#define PENDING (VGIC_HOST_RAM + 0x10000) /* of vCPU 0; of vCPU 1 the next 64 KiB */
#define ITT (VGIC_HOST_RAM + 0x8000)
#define VALID (1ull << 63)
#define LPI0 8192u
#define DEVICE 7ull
#define EVENT 3ull

static struct its its;
static uint32_t queue_at;

static void put(uint64_t address, uint32_t width, uint64_t value)
{
	CHECK(its_access(&its, address, width, true, &value) ||
	      vgic_access(&gic, 0, address, width, true, &value));
}

static uint64_t get(uint64_t address, uint32_t width)
{
	uint64_t value = 0xdeadbeefdeadbeefull;

	CHECK(its_access(&its, address, width, false, &value) ||
	      vgic_access(&gic, 0, address, width, false, &value));
	return value;
}

static uint8_t *ram(uint64_t gpa)
{
	return vgic_host.ram + (gpa - VGIC_HOST_RAM);
}

static void queue(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t command[] = {a, b, c, d};

	memcpy(ram(QUEUE) + queue_at, command, sizeof(command));
	queue_at = (queue_at + 32) % 0x2000;
}

static void submit(void)
{
	put(ITS + 0x88, 8, queue_at);
	CHECK_EQ(get(ITS + 0x90, 8), queue_at);
}

static void command(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	queue(a, b, c, d);
	submit();
}

static void mapd(uint64_t device, uint32_t bits, bool valid)
{
	command(device << 32 | 8, bits - 1, (valid ? VALID : 0) | ITT, 0);
}

static void mapc(uint64_t collection, uint64_t cpu, bool valid)
{
	command(9, 0, (valid ? VALID : 0) | cpu << 16 | collection, 0);
}

static void mapti(uint64_t event, uint64_t lpi, uint64_t collection)
{
	command(DEVICE << 32 | 0xa, (LPI0 + lpi) << 32 | event, collection, 0);
}

static void on_event(uint64_t what, uint64_t event)
{
	command(DEVICE << 32 | what, event, 0, 0);
}

static void make_int(uint64_t event)
{
	on_event(3, event);
}

static void config(uint32_t lpi, uint8_t priority, bool enabled)
{
	ram(CONFIG)[lpi] = (uint8_t)(priority | enabled);
}

/* Two vCPUs with their LPIs on, a device of 16 events, event 3 is LPI 8197 of collection 0 at 0. */
static void its_start(void)
{
	const uint32_t affinity[] = {0, 1};

	memset(&vgic_host, 0, sizeof(vgic_host));
	queue_at = 0;
	CHECK(vgic_init(&gic, 2, affinity, 33));
	gic.ops = &vgic_host_ops;
	gic.dist_base = GICD;
	gic.redist_base = GICR;
	gic.has_lpis = true;
	its_init(&its, &gic, ITS);
	put(GICD, 4, 0x12);
	for (uint64_t cpu = 0; cpu < 2; cpu++) {
		put(GICR + cpu * VGIC_REDIST_STRIDE + 0x70, 8, CONFIG | 13);
		put(GICR + cpu * VGIC_REDIST_STRIDE + 0x78, 8,
		    (PENDING + (cpu << 16)) | 1ull << 62);
		put(GICR + cpu * VGIC_REDIST_STRIDE, 4, 1);
	}
	put(ITS + 0x80, 8, VALID | QUEUE | 1);
	put(ITS + 0x100, 8, VALID | DEVICES);
	put(ITS + 0x108, 8, VALID | COLLECTIONS);
	put(ITS, 4, 1);
	config(5, 0xa0, true);
	mapd(DEVICE, 4, true);
	mapc(0, 0, true);
	mapc(1, 1, true);
	mapti(EVENT, 5, 0);
	CHECK_EQ(its.ignored, 0);
}

static uint32_t state(unsigned int cpu, uint32_t lpi)
{
	return vgic_host.state[cpu][LPI0 + lpi];
}

TEST(its_registers_say_what_there_is)
{
	its_start();
	CHECK_EQ(get(GICD + 4, 4) >> 17 & 1, 1);
	CHECK_EQ(get(GICD + 4, 4) >> 11 & 31, 7);  /* num_LPIs: 256 */
	CHECK_EQ(get(GICD + 4, 4) >> 19 & 31, 13); /* IDbits */
	CHECK_EQ(get(GICR + 8, 8) & 1, 1);	   /* PLPIS */
	CHECK_EQ(get(GICR, 4), 3);
	CHECK_EQ(get(ITS + 8, 8) & 3, 1);	 /* physical LPIs only */
	CHECK_EQ(get(ITS + 8, 8) >> 4 & 0xf, 7); /* entries of 8 bytes */
	CHECK_EQ(get(ITS + 8, 8) >> 36 & 1, 1);	 /* CIL */
	CHECK_EQ(get(ITS + 12, 4), get(ITS + 8, 8) >> 32);
	CHECK_EQ(get(ITS + 0xffe8, 4) >> 4 & 0xf, 3);
	CHECK_EQ(get(ITS + 0x100, 8) >> 56 & 7, 1);
	CHECK_EQ(get(ITS + 0x108, 8) >> 56 & 7, 4);
	CHECK_EQ(get(ITS + 0x110, 8), 0);
	CHECK_EQ(get(ITS, 4), 1u << 31 | 1);
}

TEST(its_tables_stay_while_it_is_on)
{
	its_start();
	put(ITS + 0x80, 8, 0);
	put(ITS + 0x100, 8, 0);
	CHECK_EQ(get(ITS + 0x80, 8) & (VALID | 0xffffffffff000ull), VALID | QUEUE);
	CHECK_EQ(get(ITS + 0x100, 8) & (VALID | 0xffffffff000ull), VALID | DEVICES);
	put(GICR + 0x70, 8, 0);
	CHECK_EQ(get(GICR + 0x70, 8) & 0xffffffffff01full, CONFIG | 13);
	put(ITS, 4, 0);
	put(ITS + 0x80, 8, VALID | QUEUE | 1ull << 11); /* non-cacheable stays what it is */
	CHECK_EQ(get(ITS + 0x90, 8), 0);
	CHECK_EQ(get(ITS + 0x80, 8) >> 10 & 3, 1);
	put(ITS + 0x84, 4, 0);
	CHECK_EQ(get(ITS + 0x80, 8) & VALID, 0);
	CHECK_EQ(get(ITS + 0x80, 4) & 0xfffff000, QUEUE);
}

TEST(its_int_pends_the_lpi)
{
	its_start();
	make_int(EVENT);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
	CHECK_EQ(vgic_host.priority[0][LPI0 + 5], 0xa0);
	CHECK_EQ(get(ITS + 0x90, 8), queue_at);
	vgic_host.state[0][LPI0 + 5] = 0; /* taken: it is not active */
	make_int(EVENT);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
}

TEST(its_mapi_takes_the_event_as_number)
{
	its_start();
	mapd(DEVICE, 14, true);
	config(9, 0x40, true);
	command(DEVICE << 32 | 0xb, LPI0 + 9, 1, 0);
	make_int(LPI0 + 9);
	CHECK_EQ(state(1, 9), IRQ_PENDING);
}

TEST(its_movi_takes_what_is_pending_along)
{
	its_start();
	make_int(EVENT);
	command(DEVICE << 32 | 1, EVENT, 1, 0);
	CHECK_EQ(state(0, 5), 0);
	CHECK_EQ(state(1, 5), IRQ_PENDING);
	vgic_host.state[1][LPI0 + 5] = 0;
	make_int(EVENT);
	CHECK_EQ(state(1, 5), IRQ_PENDING);
}

TEST(its_movall_and_mapc_move)
{
	its_start();
	make_int(EVENT);
	command(0xe, 0, 0ull << 16, 1ull << 16);
	CHECK_EQ(state(0, 5), 0);
	CHECK_EQ(state(1, 5), IRQ_PENDING);
	vgic_host.state[1][LPI0 + 5] = 0;
	make_int(EVENT); /* the collection says where the next one goes */
	CHECK_EQ(state(0, 5), IRQ_PENDING);
	mapc(0, 1, true);
	CHECK_EQ(state(1, 5), IRQ_PENDING);
	mapc(0, 0, false);
	CHECK_EQ(state(1, 5), 0);
	make_int(EVENT);
	CHECK_EQ(its.ignored, 1);
}

TEST(its_clear_and_discard)
{
	its_start();
	make_int(EVENT);
	on_event(4, EVENT);
	CHECK_EQ(state(0, 5), 0);
	make_int(EVENT);
	on_event(0xf, EVENT);
	CHECK_EQ(state(0, 5), 0);
	CHECK_EQ(its.ignored, 0);
	make_int(EVENT);
	CHECK_EQ(its.ignored, 1);
	CHECK_EQ(state(0, 5), 0);
}

/* 5.1.1: a change of the table counts with INV or INVALL. */
TEST(its_inv_reads_the_table)
{
	its_start();
	config(5, 0xa0, false);
	on_event(0xc, EVENT);
	make_int(EVENT);
	CHECK_EQ(state(0, 5), 0);
	config(5, 0x20, true);
	CHECK_EQ(state(0, 5), 0);
	command(0xd, 0, 1, 0);
	CHECK_EQ(state(0, 5), 0);
	command(0xd, 0, 0, 0);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
	CHECK_EQ(vgic_host.priority[0][LPI0 + 5], 0x20);
	config(5, 0x40, true);
	on_event(0xc, EVENT);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
	CHECK_EQ(vgic_host.priority[0][LPI0 + 5], 0x40);
}

TEST(its_lpis_follow_group_and_redistributor)
{
	its_start();
	put(GICD, 4, 0x10);
	make_int(EVENT);
	CHECK_EQ(state(0, 5), 0);
	put(GICD, 4, 0x12);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
	put(GICR, 4, 0);
	CHECK_EQ(state(0, 5), 0);
	ram(PENDING)[1024] = 1u << 5;
	put(GICR + 0x78, 8, PENDING);
	put(GICR, 4, 1);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
	CHECK(vgic_pend(&gic, 0, LPI0 + 5));
	CHECK(!vgic_pend(&gic, 0, LPI0 + VGIC_LPIS));
}

TEST(its_translater_is_device_0_for_a_core)
{
	its_start();
	put(ITS + 0x10040, 4, EVENT);
	CHECK_EQ(state(0, 5), 0);
	command(0ull << 32 | 8, 3, VALID | (ITT + 0x100), 0);
	command(0ull << 32 | 0xa, (LPI0 + 6ull) << 32 | 2, 0, 0);
	config(6, 0, true);
	on_event(0xc, EVENT);
	command(0ull << 32 | 0xc, 2, 0, 0);
	put(ITS + 0x10040, 4, 2);
	CHECK_EQ(state(0, 6), IRQ_PENDING);
	its_event(&its, DEVICE, EVENT);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
}

TEST(its_queue_wraps_around)
{
	its_start();
	for (int i = 0; i < 600; i++) {
		make_int(EVENT);
		CHECK_EQ(state(0, 5), IRQ_PENDING);
		on_event(4, EVENT);
		CHECK_EQ(state(0, 5), 0);
	}
	CHECK_EQ(its.ignored, 0);
}

/* A guest sees a long queue get shorter with each look. */
TEST(its_work_is_bounded_in_one_access)
{
	uint64_t value;
	int looks = 0;

	its_start();
	put(ITS, 4, 0);
	put(ITS + 0x80, 8, VALID | QUEUE | 0x1f);
	memset(ram(QUEUE), 0, 0x20000 - 0x10000);
	put(ITS, 4, 1);
	put(ITS + 0x88, 8, 0x1ffe0);
	do {
		value = get(ITS + 0x90, 8);
		looks++;
	} while (value != 0x1ffe0 && looks < 100);
	CHECK(looks > 30 && looks < 100);
	CHECK_EQ(get(ITS, 4) >> 31, 1);
}

TEST(its_queue_outside_memory_stalls_until_retry)
{
	its_start();
	put(ITS, 4, 0);
	put(ITS + 0x80, 8, VALID | 0x9000000);
	put(ITS + 0x88, 8, 0x20);
	CHECK_EQ(get(ITS + 0x90, 8), 0);
	put(ITS, 4, 1);
	CHECK_EQ(get(ITS + 0x90, 8), 1);
	put(ITS + 0x88, 8, 0x21);
	CHECK_EQ(get(ITS + 0x90, 8), 1);
	put(ITS, 4, 0);
	put(ITS + 0x80, 8, VALID | QUEUE);
	CHECK_EQ(get(ITS + 0x90, 8), 0);
}

TEST(its_wrong_commands_are_ignored)
{
	static const struct {
		uint64_t a, b, c, d;
	} wrong[] = {
	    {0x10000ull << 32 | 8, 3, VALID | ITT, 0},		   /* a device of 17 bits */
	    {512ull << 32 | 8, 3, VALID | ITT, 0},		   /* behind the table */
	    {DEVICE << 32 | 8, 14, VALID | ITT, 0},		   /* 15 bits of events */
	    {9, 0, VALID | 2ull << 16, 0},			   /* no such vCPU */
	    {9, 0, VALID | 16, 0},				   /* no such collection */
	    {9, 0, VALID | 1ull << 50, 0},			   /* nor that vCPU */
	    {DEVICE << 32 | 0xa, (uint64_t)LPI0 << 32 | 16, 0, 0}, /* event 16 of 16 */
	    {DEVICE << 32 | 0xa, 8191ull << 32 | 1, 0, 0},	   /* an SPI's number */
	    {DEVICE << 32 | 0xa, (LPI0 + 256ull) << 32 | 1, 0, 0}, /* an LPI too many */
	    {DEVICE << 32 | 0xa, (uint64_t)LPI0 << 32 | 1, 99, 0}, /* no such collection */
	    {8ull << 32 | 3, EVENT, 0, 0},			   /* device not mapped */
	    {DEVICE << 32 | 3, EVENT + 1, 0, 0},		   /* event not mapped */
	    {DEVICE << 32 | 1, EVENT, 2, 0},			   /* to a collection that is not */
	    {0xd, 0, 2, 0},
	    {0xe, 0, 0, 5ull << 16},
	    {5, 0, 9ull << 16, 0},
	    {0x2a, 0, 0, 0}, /* GICv4 */
	    {0, 0, 0, 0},
	};

	its_start();
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		command(wrong[i].a, wrong[i].b, wrong[i].c, wrong[i].d);
		CHECK_EQ(its.ignored, i + 1);
	}
	make_int(EVENT);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
}

/* What the guest may not write the service does not write for it. */
TEST(its_tables_in_memory_that_is_not_the_guests_to_write)
{
	const uint64_t was = 0x5eed;

	its_start();
	memcpy(ram(ITT) + 8, &was, sizeof(was));
	vgic_host.read_only = ITT;
	mapti(1, 6, 0);
	CHECK_EQ(its.ignored, 1);
	CHECK(!memcmp(ram(ITT) + 8, &was, sizeof(was)));
	make_int(EVENT);
	CHECK_EQ(state(0, 5), IRQ_PENDING);
}

/* Registers, commands and tables at random; then nothing is left that cannot be taken back. */
TEST(its_no_access_can_hurt)
{
	its_start();
	for (int i = 0; i < 60000; i++) {
		uint64_t r = test_random(), value = test_random();
		uint64_t base = r & 3 ? ITS : r & 4 ? GICD : GICR;
		uint64_t offset = r & 8 ? r >> 8 & 0x3ffff : r >> 8 & 0x1ff;

		if (r >> 16 & 1)
			value = (value & 0x3ffff) | VGIC_HOST_RAM | (r & VALID);
		for (int n = 0; n < 64; n++)
			vgic_host.ram[test_random() % (r >> 17 & 1 ? 0x9000 : 0x40000)] =
			    (uint8_t)(test_random() >> (test_random() & 7));
		if (r >> 18 & 1) { /* something like a command */
			uint64_t *at = (uint64_t *)(ram(QUEUE) + (r >> 20 & 0x1fe0));

			at[0] = (at[0] & 0xffull << 32) | (r >> 40 & 0xf);
			at[1] &= 0xffff0000000full | (uint64_t)LPI0 << 32;
			at[2] &= VALID | VGIC_HOST_RAM | 0x3f000;
		}
		if (!its_access(&its, base + offset, 1u << (r >> 5 & 3), r >> 7 & 1, &value))
			vgic_access(&gic, (unsigned int)(r >> 6 & 1), base + offset,
				    1u << (r >> 5 & 3), r >> 7 & 1, &value);
	}
	put(ITS, 4, 0);
	put(GICD, 4, 0);
	for (uint32_t n = 0; n < VGIC_LPIS; n++)
		CHECK_EQ(state(0, n) | state(1, n), 0);
}
