/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/vgic.c services/vmm/arch/aarch64/vgic_bank.c */
/* sources: services/vmm/arch/aarch64/vgic_dist.c services/vmm/arch/aarch64/vgic_redist.c */
/* sources: services/vmm/arch/aarch64/vgic_lpi.c services/vmm/arch/aarch64/its.c */
/* sources: services/vmm/arch/aarch64/its_command.c tests/unit/vgic_host.c */
/* sources: services/vmm/arch/aarch64/vgicv2.c */
/*
 * The interrupt controller and the translation service: a guest's accesses of any register, command
 * queue and tables in memory that it changes at any time, devices' lines. What the kernel was given
 * agrees with what the registers say, and an access asks it for a bounded number of things.
 */
#include <string.h>

#include "fuzz.h"
#include "kernel/abi.h"
#include "services/vmm/arch/aarch64/its.h"
#include "vgic_host.h"

#define ITS 0x08080000ull
#define QUEUE VGIC_HOST_RAM
#define DEVICES (VGIC_HOST_RAM + 0x2000)
#define COLLECTIONS (VGIC_HOST_RAM + 0x3000)
#define CONFIG (VGIC_HOST_RAM + 0x4000)
#define ITT (VGIC_HOST_RAM + 0x8000)
#define PENDING (VGIC_HOST_RAM + 0x10000)
#define VALID (1ull << 63)
#define PPI 30u
#define CALLS_MOST 65536u /* of one access: 64 commands, of which each may look at 256 LPIs */

REACH(command_done);
REACH(lpi_pending);
REACH(spi_pending);
REACH(stalled);
REACH(waits_for_end);

static struct its its;
static uint32_t queue_at;

static void access_at(uint64_t address, uint32_t width, bool write, uint64_t value)
{
	const unsigned int cpu = once_in(32) ? 2 : (unsigned int)(test_random() % 2);

	vgic_host.calls = 0;
	if (!its_access(&its, address, width, write, &value))
		(void)vgic_access(&gic, cpu, address, width, write, &value);
	CHECK(vgic_host.calls < CALLS_MOST);
	CHECK(its.read < its_queue_size(&its) || its.read != its.write);
	if (its.stalled)
		reached(stalled);
}

static void store(uint64_t address, uint32_t width, uint64_t value)
{
	access_at(address, width, true, value);
}

static uint64_t number(void)
{
	return PICK(0, 1, 2, 3, 0xff, 0x12, 0xffffffff, ~0ull, 0x80, 1ull << 31, VALID | ITT,
		    VALID | DEVICES | 1, VALID | QUEUE | 0xff, test_random(), test_random());
}

/* A register by its offset in a frame. */
static void any_register(void)
{
	static const uint16_t dist[] = {0,     4,     0x80,  0x100, 0x180, 0x200,  0x280,  0x300,
					0x380, 0x400, 0xc00, 0xd00, 0xf00, 0x6800, 0x7fc0, 0xffe8};
	static const uint16_t rd[] = {0, 4, 8, 0x10, 0x14, 0x40, 0x70, 0x78, 0xa0, 0xb0, 0xffe8};
	static const uint32_t ts[] = {0, 4, 8, 0x80, 0x88, 0x90, 0x100, 0x108, 0x10040, 0xffe8};
	uint64_t at = (test_random() % 8) * PICK(1, 4, 4, 4, 8), base;

	switch (test_random() % 5) {
	case 4: /* it goes to the other vCPU, or to none */
		store(GICD + 0x6000 + 8 * PICK(WIRED, WIRED, SPI), 8, PICK(0, 1, 1, 7));
		return;
	case 0:
		base = GICD + dist[test_random() % 16];
		break;
	case 1:
		base = GICR + test_random() % 2 * VGIC_REDIST_STRIDE + rd[test_random() % 11];
		at = once_in(4) ? at : 0;
		break;
	case 2:
		base = GICR + test_random() % 2 * VGIC_REDIST_STRIDE + SGI_BASE +
		       dist[test_random() % 16];
		break;
	default:
		base = ITS + ts[test_random() % 10];
		at = once_in(4) ? at : 0;
		break;
	}
	access_at(base + at, (uint32_t)PICK(1, 2, 4, 4, 4, 8, 8), !once_in(4), number());
}

/* What a driver must not do: it writes a translation itself. */
static void write_translation(void)
{
	const uint64_t entry =
	    VALID | test_random() % 20 << 32 | PICK(8191, 8192, 8195, 8447, 8448, 0xffffffff);

	memcpy(vgic_host.ram + (ITT - VGIC_HOST_RAM) + test_random() % 32 * 8, &entry, 8);
}

/* A command as a driver gives it, of few devices, events and collections; or anything. */
static void command(void)
{
	uint64_t c[4] = {PICK(1, 3, 4, 5, 8, 8, 9, 9, 10, 10, 10, 11, 12, 13, 14, 15, 0, 255),
			 test_random() % 20, 0, 0};

	c[0] |= (once_in(16) ? test_random() : test_random() % 3) << 32;
	c[1] |= (once_in(8) ? test_random() : 8192 + test_random() % 8) << 32;
	c[2] = (once_in(3) ? 0 : VALID) | (c[0] % 256 == 8 ? ITT + test_random() % 4 * 256 : 0) |
	       (once_in(8) ? test_random() : test_random() % 3 << 16 | test_random() % 18);
	c[3] = test_random() % 3 << 16;
	memcpy(vgic_host.ram + queue_at, c, sizeof(c));
	queue_at = (queue_at + 32) % 0x2000;
	if (once_in(2)) {
		const uint32_t ignored = its.ignored, before = its.read;

		store(ITS + 0x88, 8, queue_at);
		if (its.read != before && its.ignored == ignored)
			reached(command_done);
	}
}

/* Device 1 has 32 events, of which four are LPIs of two collections. */
static void map(void)
{
	const uint64_t commands[][4] = {
	    {1ull << 32 | 8, 4, VALID | ITT, 0},
	    {9, 0, VALID, 0},
	    {9, 0, VALID | 1 << 16 | 1, 0},
	    {1ull << 32 | 10, 8192ull << 32, 0, 0},
	    {1ull << 32 | 10, 8193ull << 32 | 1, 1, 0},
	    {1ull << 32 | 10, 8194ull << 32 | 2, 0, 0},
	    {1ull << 32 | 10, 8195ull << 32 | 3, 1, 0},
	};

	memcpy(vgic_host.ram, commands, sizeof(commands));
	queue_at = sizeof(commands);
	store(ITS + 0x88, 8, queue_at);
}

static void set_up(void)
{
	const size_t steps = once_in(4) ? test_random() % 15 : 15;
	const uint64_t writes[][3] = {
	    {GICD, 4, PICK(0x12, 0x12, 0x13, 0x11)},
	    {GICD + 0x80, 4, ~0u},
	    {GICD + 0x84, 4, ~0u},
	    {GICD + 0x104, 4, ~0u},
	    {GICR + 0x70, 8, CONFIG | 13},
	    {GICR + 0x78, 8, PENDING | (uint64_t)once_in(2) << 62},
	    {GICR, 4, 1},
	    {GICR + VGIC_REDIST_STRIDE + 0x70, 8, CONFIG | 13},
	    {GICR + VGIC_REDIST_STRIDE + 0x78, 8, (PENDING + 0x10000) | 1ull << 62},
	    {GICR + VGIC_REDIST_STRIDE, 4, 1},
	    {GICR + SGI_BASE + 0x100, 4, ~0u},
	    {ITS + 0x80, 8, VALID | QUEUE | 1},
	    {ITS + 0x100, 8, VALID | DEVICES},
	    {ITS + 0x108, 8, VALID | COLLECTIONS},
	    {ITS, 4, 1},
	};

	for (size_t i = 0; i < steps; i++)
		store(writes[i][0], (uint32_t)writes[i][1], writes[i][2]);
	memset(vgic_host.ram + (CONFIG - VGIC_HOST_RAM), 0xa1, 64);
	queue_at = 0;
	if (once_in(2))
		map();
}

/* The guest's side of what it was given. */
static void guest_takes(void)
{
	const unsigned int cpu = (unsigned int)(test_random() % 2);
	const uint32_t id = (uint32_t)PICK(PPI, 0, WIRED, WIRED, SPI, 27, 8192 + test_random() % 8);
	uint32_t *state = &vgic_host.state[cpu][id];

	if (*state & IRQ_PENDING && !(*state & IRQ_ACTIVE))
		*state = id < VGIC_LPI_FIRST ? IRQ_ACTIVE : 0;
	else if (*state & IRQ_ACTIVE)
		(void)vgic_host_ops.retract(NULL, cpu, id, IRQ_ACTIVE);
}

static bool given(uint32_t id, unsigned int cpu)
{
	const uint64_t frame =
	    id < VGIC_PRIVATE ? GICR + cpu * VGIC_REDIST_STRIDE + SGI_BASE : GICD;
	const uint64_t word = id / 32 * 4;
	const bool enabled = rd(0, frame + 0x100 + word, 4) >> id % 32 & 1;
	const bool group1 = rd(0, frame + 0x80 + word, 4) >> id % 32 & 1;

	return enabled && (rd(0, GICD, 4) & (group1 ? 2 : 1));
}

/* What is pending at a vCPU is enabled, of a group that is on, and nowhere else, also not active.
 */
static void check(void)
{
	for (uint32_t id = 0; id < gic.ids; id++) {
		unsigned int count = 0;

		for (unsigned int cpu = 0; cpu < 2; cpu++) {
			if (!(vgic_host.state[cpu][id] & IRQ_PENDING))
				continue;
			count++;
			CHECK(given(id, cpu));
			CHECK(id < VGIC_PRIVATE || !(vgic_host.state[!cpu][id] & IRQ_ACTIVE));
			if (id >= VGIC_PRIVATE)
				reached(spi_pending);
		}
		CHECK(id < VGIC_PRIVATE || count <= 1);
	}
	for (uint32_t id = VGIC_LPI_FIRST; id < VGIC_LPI_FIRST + VGIC_LPIS; id++) {
		const uint32_t a = vgic_host.state[0][id], b = vgic_host.state[1][id];

		if (!(a | b))
			continue;
		reached(lpi_pending);
		CHECK(!(a && b) && !((a | b) & IRQ_ACTIVE));
		CHECK(rd(0, GICR + (a ? 0 : VGIC_REDIST_STRIDE), 4) & 1);
		CHECK(rd(0, GICD, 4) & 2);
	}
}

static void begin(void)
{
	const uint32_t affinity[] = {0, 1};

	memset(&vgic_host, 0, sizeof(vgic_host));
	CHECK(vgic_init(&gic, 2, affinity, WIRED));
	gic.ops = &vgic_host_ops;
	gic.dist_base = GICD;
	gic.redist_base = GICR;
	gic.has_lpis = true;
	CHECK(vgic_line(&gic, WIRED, once_in(2), false));
	CHECK(vgic_line(&gic, WIRED + 1, false, true));
	vgic_private_line(&gic, PPI);
	its_init(&its, &gic, ITS);
	set_up();
}

FUZZ(6000, 8192)
{
	begin();
	while (fuzz_more()) {
		switch (test_random() % 10) {
		case 0:
			vgic_host_wire((unsigned int)(test_random() % 2),
				       (uint32_t)PICK(PPI, WIRED, WIRED), once_in(2));
			break;
		case 1:
			guest_takes();
			if (once_in(4))
				vgic_end(&gic, (unsigned int)(test_random() % 2),
					 PICK(WIRED, SPI, PPI, test_random()));
			if (vgic_host.recheck && once_in(2)) {
				vgic_host.recheck = false;
				vgic_recheck(&gic);
			}
			break;
		case 2:
			vgic_sgi(&gic, (unsigned int)(test_random() % 2),
				 number() ^ test_random() % 16 << 24, once_in(2));
			break;
		case 3:
			(void)vgic_pend(
			    &gic, (unsigned int)(test_random() % 3),
			    (uint32_t)(once_in(2) ? test_random() : 8192 + test_random() % 8));
			break;
		case 4:
			its_event(&its, (uint32_t)(test_random() % 3),
				  (uint32_t)(test_random() % 20));
			break;
		case 5:
		case 6:
			command();
			break;
		case 7:
			if (once_in(4))
				write_translation();
			else if (once_in(8))
				vgic_cpu_reset(&gic, (unsigned int)(test_random() % 2));
			else
				vgic_host.ram[PICK(test_random() % 0xc000,
						   0x10400 + test_random() % 32)] =
				    (uint8_t)test_random();
			break;
		default:
			any_register();
			break;
		}
		if (gic.waits)
			reached(waits_for_end);
		check();
	}
}
