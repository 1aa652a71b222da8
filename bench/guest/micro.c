/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measures what a guest pays for, and writes a line `bench NAME FIGURE` for each to its UART. It
 * also runs without a hypervisor, where it takes what bare hardware has to be compared with: the
 * lines are `bare NAME FIGURE` then. Of BATCHES that something may have interrupted the shortest
 * counts.
 */
#include "micro.h"

#define COUNT 1024u /* a multiple of 2 * DITHER: see one_way() */
#define BATCHES 8u
#define NOINLINE __attribute__((noinline))

#define UARTDR UART
#define UARTFR (UART + 0x18)
#define UARTFR_TXFF 0x20u
#define WORKAROUND_1 0x80008000u

/* bench/services/device */
#define DEVICE 0x0b000000ull
#define DEVICE_IRQ 49u
#define DEVICE_WAKE (DEVICE + 0x00)
#define DEVICE_RAISED_AT (DEVICE + 0x08)
#define DEVICE_LOWER (DEVICE + 0x10)
#define DEVICE_DOORBELL (DEVICE + 0x50)

#define SGI 1u
#define TIMER_AHEAD 256u /* ticks: longer than what sets it takes */

static bool bare;
static volatile bool seen;
static volatile uint64_t handler_stamp;

/* ---- Output ---- */

static void put(const char *text)
{
	for (; *text; text++) {
		while (read32(UARTFR) & UARTFR_TXFF)
			;
		write32(UARTDR, (uint8_t)*text);
	}
}

static void put_number(uint64_t value)
{
	char digits[21];
	int i = 20;

	digits[i] = 0;
	do
		digits[--i] = (char)('0' + value % 10);
	while (value /= 10);
	put(digits + i);
}

static void put_line(const char *kind, const char *name, uint64_t value)
{
	put(kind);
	put(" ");
	put(name);
	put(" ");
	put_number(value);
	put("\n");
}

static _Noreturn void fail(const char *what, uint64_t value)
{
	put_line("failed:", what, value);
	(void)hypercall(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wait_for_interrupt();
}

void micro_unexpected(uint64_t vector, uint64_t syndrome)
{
	put_line("exception", "vector", vector);
	fail("syndrome", syndrome);
}

/* ---- Loops around one instruction that traps ---- */

#define LOOP(name, instruction)                                               \
	static NOINLINE uint64_t name(uint64_t value, uint64_t address)       \
	{                                                                     \
		uint64_t n = COUNT, begin = counter();                        \
                                                                              \
		__asm__ volatile("1:\tmov x0, %[value]\n\t" instruction       \
				 "subs %[n], %[n], #1\n\tb.ne 1b"             \
				 : [n] "+r"(n)                                \
				 : [value] "r"(value), [address] "r"(address) \
				 : "x0", "x1", "x2", "x3", "cc", "memory");   \
		return counter() - begin;                                     \
	}

LOOP(loop_empty, "")
LOOP(loop_call, "hvc #0\n\t")
LOOP(loop_load, "ldr w0, [%[address]]\n\t")
LOOP(loop_store, "str w0, [%[address]]\n\t")

static uint64_t shortest(uint64_t (*loop)(uint64_t, uint64_t), uint64_t value, uint64_t address)
{
	uint64_t least = ~0ull;

	for (uint32_t i = 0; i < BATCHES; i++) {
		uint64_t ticks = loop(value, address);

		least = ticks < least ? ticks : least;
	}
	return least;
}

static uint64_t per_turn(uint64_t (*loop)(uint64_t, uint64_t), uint64_t value, uint64_t address)
{
	uint64_t ticks = shortest(loop, value, address) - shortest(loop_empty, value, address);

	return (ticks * tick_ns() + COUNT / 2) / COUNT;
}

/* ---- From an event to the first instruction of the handler ---- */

/* The timer's is over when it is stopped, the device's when it is lowered. */
void micro_interrupt(uint64_t stamp)
{
	uint32_t id = (uint32_t)READ_REGISTER(ICC_IAR1);

	handler_stamp = stamp;
	if (id == TIMER_PPI)
		timer_stop();
	else if (id == DEVICE_IRQ)
		write32(DEVICE_LOWER, 0);
	else if (id != SGI)
		fail("unexpected interrupt", id);
	WRITE_REGISTER(ICC_EOIR1, id);
	seen = true;
}

static uint64_t fire_sgi(void)
{
	uint64_t begin;

	STAMP(begin);
	WRITE_REGISTER(ICC_SGI1R, SGI << 24 | 1);
	while (!seen)
		;
	return handler_stamp - begin;
}

static uint64_t fire_line(void)
{
	write32(DEVICE_DOORBELL, 0);
	while (!seen)
		;
	return handler_stamp - read64(DEVICE_RAISED_AT);
}

/* The deadline is at a tick: what is put off, by the delay of this round, is the handler's stamp.
 */
static uint64_t fire_timer(void)
{
	uint64_t at = counter() + TIMER_AHEAD;

	timer_at(at);
	while (!seen)
		;
	return handler_stamp - at;
}

/* A call of a handler's last step; the interrupt was taken for it, and is active. */
static NOINLINE void end_interrupt(uint32_t id)
{
	WRITE_REGISTER(ICC_EOIR1, id);
}

static uint64_t fire_end(void)
{
	void (*volatile end)(uint32_t) = end_interrupt;
	uint64_t before, after;
	uint32_t id;

	interrupts_off();
	WRITE_REGISTER(ICC_SGI1R, SGI << 24 | 1);
	while ((id = (uint32_t)READ_REGISTER(ICC_IAR1)) != SGI)
		;
	STAMP(before);
	end(id);
	STAMP(after);
	interrupts_on();
	return after - before;
}

/*
 * Instructions from the one `fire` begins with to the one it ends with, as differences of counter
 * values say. In round i the begin is later by i % DITHER instructions than in all rounds alike; so
 * over 2 * DITHER rounds of equal length it is at each place of a tick, each twice.
 */
static uint64_t one_way(uint64_t (*fire)(void), bool delayed)
{
	uint64_t least = ~0ull;

	for (uint32_t batch = 0; batch < BATCHES; batch++) {
		uint64_t sum = 0;

		for (uint32_t i = 0; i < COUNT; i++) {
			seen = false;
			if (delayed)
				delay_stamp(i % DITHER);
			else
				dither(i % DITHER);
			sum += fire();
		}
		least = sum < least ? sum : least;
	}
	delay_stamp(0);
	return (least * tick_ns() + COUNT / 2) / COUNT;
}

/* ---- vcpu_switch: this guest sleeps, its rival (rival.c) wakes up in its place ---- */

static void switches(void)
{
	uint64_t sum = 0;

	if (counter() > SWITCH_START)
		fail("late for the rounds of switches", counter());
	interrupts_off();
	timer_at(SWITCH_START);
	wait_for_interrupt();
	for (uint32_t i = 0; i < SWITCH_ROUNDS; i++) {
		uint64_t round = SWITCH_START + i * SWITCH_PERIOD, begin;
		uint32_t id = (uint32_t)READ_REGISTER(ICC_IAR1);

		if (id != TIMER_PPI)
			fail("woken by", id);
		timer_at(round + SWITCH_PERIOD);
		WRITE_REGISTER(ICC_EOIR1, id);
		use_fp();
		while (counter() < round + SWITCH_PERIOD / 2)
			;
		dither(i % DITHER);
		STAMP(begin);
		__asm__ volatile("wfi" ::: "memory");
		sum += begin - round;
	}
	timer_stop();
	put_line("bench", "switch_out", sum);
}

/* ---- All of them ---- */

static void measure_bare(void)
{
	put_line("bare", "timer", one_way(fire_timer, true));
	put_line("bare", "eoi", one_way(fire_end, false) - 1);
	put_line("bare", "sgi", one_way(fire_sgi, false) - 1 - VECTOR_INSTRUCTIONS);
}

static void measure(void)
{
	uint64_t timer = one_way(fire_timer, true);
	uint64_t end = one_way(fire_end, false) - 1;
	uint64_t sgi = one_way(fire_sgi, false) - 1 - VECTOR_INSTRUCTIONS;
	uint64_t hvc = per_turn(loop_call, WORKAROUND_1, 0);
	uint64_t vmm = per_turn(loop_call, PSCI_VERSION, 0);
	uint64_t mmio = per_turn(loop_load, 0, UARTFR);
	uint64_t doorbell, line;

	write32(DEVICE_WAKE, 0);
	doorbell = per_turn(loop_store, 0, DEVICE_DOORBELL);
	write32(DEVICE_WAKE, 1);
	line = one_way(fire_line, false) - 1 - VECTOR_INSTRUCTIONS;
	put_line("bench", "hvc_kernel", hvc);
	put_line("bench", "exit_vmm", vmm);
	put_line("bench", "mmio_server", mmio);
	put_line("bench", "doorbell", doorbell);
	put_line("bench", "irq_inject", line);
	put_line("bench", "sgi", sgi);
	put_line("bench", "timer", timer);
	put_line("bench", "eoi", end);
}

void guest_main(uint64_t tree)
{
	bare = tree == 0; /* an ELF file has none */
	mmu_on();	  /* while caches are off, registers trap that do not later */
	WRITE_REGISTER(vbar_el1, (uint64_t)micro_vectors);
	delay_stamp(0);
	gic_start();
	gic_enable(SGI, 0x80);
	gic_enable(TIMER_PPI, 0x80);
	if (!bare)
		gic_enable(DEVICE_IRQ, 0x80);
	interrupts_on();
	if (bare) {
		measure_bare();
	} else {
		measure();
		switches();
	}
	put("bench guest: done\n");
	(void)hypercall(PSCI_SYSTEM_OFF, 0, 0, 0);
}
