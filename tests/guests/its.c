/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPIs and the interrupt translation service (Arm IHI 0069, chapter 5): tables and a command queue
 * in memory, interrupts by INT, as a device's write to GITS_TRANSLATER would make them. Interrupts
 * are masked in PSTATE and acknowledged by hand; the second vCPU takes its by exceptions.
 */
#include "guest.h"

#define ITS 0x08080000ull
#define LPI 8192u
#define SPURIOUS 1023u
#define VALID (1ull << 63)
#define DEVICE 5ull
#define EVENTS 32u
#define SECOND 0x20000ull /* its redistributor, from the first one */

enum { MOVI = 1, INT = 3, CLEAR, SYNC, MAPD = 8, MAPC, MAPTI, MAPI, INV, INVALL, MOVALL, DISCARD };

static uint64_t queue[512] __attribute__((aligned(65536))); /* a page: 128 commands */
static uint64_t devices[512] __attribute__((aligned(65536)));
static uint64_t collections[512] __attribute__((aligned(65536)));
static uint64_t itt[64] __attribute__((aligned(256)));
static uint8_t config[8192] __attribute__((aligned(4096)));
static uint8_t pending[2][65536] __attribute__((aligned(65536)));
static uint32_t queue_at;
static volatile uint32_t second_ready, second_took;

void second_start(void);

void guest_interrupt(uint32_t id)
{
	second_took = id;
}

void second_main(uint64_t argument)
{
	(void)argument;
	gic_start_cpu(1);
	interrupts_on();
	second_ready = 1;
	for (;;)
		wait_for_interrupt();
}

static uint32_t acknowledge(void)
{
	return (uint32_t)READ_REGISTER(ICC_IAR1);
}

static void take(uint32_t id)
{
	CHECK_EQUAL(acknowledge(), id);
	WRITE_REGISTER(ICC_EOIR1, id);
}

static void command(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t words[] = {a, b, c, d};

	for (uint32_t i = 0; i < 4; i++)
		*(volatile uint64_t *)&queue[queue_at / 8 + i] = words[i];
	queue_at = (queue_at + 32) % sizeof(queue);
	__asm__ volatile("dsb sy" ::: "memory");
	write64(ITS + 0x88, queue_at);
	while (read64(ITS + 0x90) != queue_at)
		;
}

static void on_event(uint64_t what, uint64_t event, uint64_t collection)
{
	command(DEVICE << 32 | what, event, collection, 0);
}

static void map(uint64_t event, uint64_t lpi, uint64_t collection)
{
	command(DEVICE << 32 | MAPTI, (LPI + lpi) << 32 | event, collection, 0);
}

static void configure(uint32_t lpi, uint8_t priority, bool enabled)
{
	*(volatile uint8_t *)&config[lpi] = (uint8_t)(priority | (enabled ? 1u : 0u));
	__asm__ volatile("dsb sy" ::: "memory");
}

static void setup_redistributor(uint64_t redistributor, uint32_t cpu)
{
	write64(redistributor + 0x70, (uint64_t)config | 13);
	write64(redistributor + 0x78, (uint64_t)pending[cpu] | 1ull << 62);
	write32(redistributor, 1);
	CHECK_EQUAL(read32(redistributor) & 1, 1);
}

static void setup(void)
{
	test("GICD_TYPER, GICR_TYPER and GITS_TYPER say LPIs");
	CHECK_EQUAL(read32(GICD + 4) >> 17 & 1, 1);
	CHECK_EQUAL(read32(GICD + 4) >> 11 & 31, 7);
	CHECK_EQUAL(read64(GICR + 8) & 1, 1);
	CHECK_EQUAL(read64(ITS + 8) & 3, 1);
	CHECK_EQUAL(read32(ITS + 0xffe8) >> 4 & 0xf, 3);
	test("tables and queue are taken as they were written");
	setup_redistributor(GICR, 0);
	setup_redistributor(GICR + SECOND, 1);
	write64(ITS + 0x100, VALID | (uint64_t)devices);
	write64(ITS + 0x108, VALID | (uint64_t)collections);
	write64(ITS + 0x80, VALID | (uint64_t)queue);
	CHECK_EQUAL(read64(ITS + 0x100) & 0xfffffffff000, (uint64_t)devices);
	CHECK_EQUAL(read64(ITS + 0x100) >> 56 & 7, 1);
	CHECK_EQUAL(read64(ITS + 0x108) >> 56 & 7, 4);
	CHECK_EQUAL(read64(ITS + 0x80) & 0xffffffffff000, (uint64_t)queue);
	CHECK_EQUAL(read64(GICR + 0x70) & 0xffffffffff01f, (uint64_t)config | 13);
	write32(ITS, 1);
	CHECK_EQUAL(read32(ITS), 1u << 31 | 1);
	command(DEVICE << 32 | MAPD, 4, VALID | (uint64_t)itt, 0);
	command(MAPC, 0, VALID | 0ull << 16 | 0, 0);
	command(MAPC, 0, VALID | 1ull << 16 | 1, 0);
	CHECK_EQUAL(read64(ITS + 0x90) & 1, 0);
}

static void interrupts(void)
{
	configure(0, 0xa0, true);
	map(0, 0, 0);
	test("INT: an LPI, never active, once");
	on_event(INT, 0, 0);
	CHECK_EQUAL(READ_REGISTER(ICC_HPPIR1), LPI);
	CHECK_EQUAL(acknowledge(), LPI);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0xa0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("INT while it is handled: once more after its end");
	on_event(INT, 0, 0);
	on_event(INT, 0, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	WRITE_REGISTER(ICC_EOIR1, LPI);
	CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0xff);
	take(LPI);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("disabled in its table: pending until INV says otherwise");
	configure(0, 0xa0, false);
	on_event(INV, 0, 0);
	on_event(INT, 0, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	configure(0, 0xa0, true);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	on_event(INV, 0, 0);
	take(LPI);
	test("CLEAR takes back what is pending");
	on_event(INT, 0, 0);
	on_event(CLEAR, 0, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("DISCARD: the event is none any more");
	on_event(INT, 0, 0);
	on_event(DISCARD, 0, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	on_event(INT, 0, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	map(0, 0, 0);
	on_event(INT, 0, 0);
	take(LPI);
	test("a write of GITS_TRANSLATER by a core is device 0's, which is not mapped");
	write32(ITS + 0x10040, 0);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
}

static void priorities(void)
{
	test("all events of a device, more than list registers: each once, by priority");
	for (uint32_t i = 0; i < EVENTS; i++) {
		configure(100 + i, (uint8_t)(0xf0 - i / 2 * 8), true);
		map(i, 100 + i, 0);
	}
	command(INVALL, 0, 0, 0);
	for (uint64_t i = 0; i < EVENTS; i++)
		on_event(INT, i, 0);
	for (uint32_t i = EVENTS; i > 0; i -= 2) { /* two are equal */
		uint32_t seen = 0;

		for (int n = 0; n < 2; n++) {
			uint32_t id = acknowledge();

			CHECK(id >= LPI + 100 + i - 2 && id < LPI + 100 + i);
			seen |= 1u << (id & 1);
			WRITE_REGISTER(ICC_EOIR1, id);
		}
		CHECK_EQUAL(seen, 3);
	}
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	test("more levels of preemption than list registers: all end, and come again");
	WRITE_REGISTER(ICC_BPR1, 0);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < EVENTS; i += 2) {
			on_event(INT, i, 0);
			CHECK_EQUAL(acknowledge(), LPI + 100 + i);
		}
		for (uint32_t i = EVENTS; i > 0; i -= 2) {
			CHECK_EQUAL(READ_REGISTER(ICC_RPR), 0xf0 - (i - 2) / 2 * 8);
			WRITE_REGISTER(ICC_EOIR1, LPI + 98 + i);
		}
		CHECK_EQUAL(acknowledge(), SPURIOUS);
	}
	test("the queue wraps around");
	for (int i = 0; i < 300; i++) {
		on_event(INT, 3, 0);
		take(LPI + 103);
	}
}

static void await_second(uint32_t id)
{
	while (second_took != id)
		;
	second_took = 0;
}

static void moves(void)
{
	test("MOVI: at the other vCPU, and what was pending moves along");
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	while (!second_ready)
		;
	on_event(INT, 1, 0);
	on_event(MOVI, 1, 1);
	CHECK_EQUAL(acknowledge(), SPURIOUS);
	await_second(LPI + 101);
	on_event(INT, 1, 0);
	await_second(LPI + 101);
	test("MOVALL, and a collection mapped elsewhere");
	on_event(INT, 2, 0);
	command(MOVALL, 0, 0ull << 16, 1ull << 16);
	await_second(LPI + 102);
	command(MAPC, 0, VALID | 1ull << 16 | 0, 0);
	on_event(INT, 2, 0);
	await_second(LPI + 102);
	command(MAPC, 0, VALID | 0ull << 16 | 0, 0);
	on_event(INT, 2, 0);
	take(LPI + 102);
	test("what is wrong is ignored, the next command is done");
	command(0xff, ~0ull, ~0ull, ~0ull);
	command(~0ull << 32 | MAPD, ~0ull, ~0ull, ~0ull);
	command(MAPC, 0, VALID | 7ull << 16, 0);
	on_event(INT, 2, 0);
	take(LPI + 102);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	interrupts_off();
	gic_start();
	WRITE_REGISTER(ICC_BPR1, 0);
	setup();
	interrupts();
	priorities();
	moves();
}
