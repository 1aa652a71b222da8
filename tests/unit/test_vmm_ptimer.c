/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/ptimer.c */
/* The physical timers of a VM, by the tick (Arm DDI 0487, D11.2). */
#include <string.h>

#include "services/vmm/arch/aarch64/ptimer.h"
#include "services/vmm/arch/aarch64/sysreg.h"
#include "test.h"

#define TVAL SYSREG(3, 3, 14, 2, 0)
#define CTL SYSREG(3, 3, 14, 2, 1)
#define CVAL SYSREG(3, 3, 14, 2, 2)
#define ENABLE 1u
#define IMASK 2u
#define ISTATUS 4u

static struct host {
	uint64_t now, deadline;
	bool level[2];
	unsigned int changes;
} host;
static struct ptimer timer;

static uint64_t host_now(void *h)
{
	return ((struct host *)h)->now;
}

static void host_level(void *h, unsigned int cpu, bool high)
{
	CHECK(((struct host *)h)->level[cpu] != high);
	((struct host *)h)->level[cpu] = high;
	((struct host *)h)->changes++;
}

static void host_deadline(void *h, uint64_t ticks)
{
	((struct host *)h)->deadline = ticks;
}

static const struct ptimer_ops ops = {host_now, host_level, host_deadline};

static void start(uint64_t now)
{
	memset(&host, 0, sizeof(host));
	host.now = now;
	ptimer_init(&timer, 2, &ops, &host);
}

static uint64_t rd(unsigned int cpu, uint32_t reg)
{
	uint64_t value = ~0ull;

	CHECK(ptimer_access(&timer, cpu, reg, false, &value));
	return value;
}

static void wr(unsigned int cpu, uint32_t reg, uint64_t value)
{
	CHECK(ptimer_access(&timer, cpu, reg, true, &value));
}

/* As the kernel's timer does it: once, when its time has come. */
static void at(uint64_t now)
{
	host.now = now;
	if (host.deadline != 0 && host.deadline <= now) {
		host.deadline = 0;
		ptimer_passed(&timer);
	}
}

TEST(the_level_rises_at_the_very_tick)
{
	start(1000);
	wr(0, CVAL, 1500);
	CHECK_EQ(host.deadline, 0);
	wr(0, CTL, ENABLE);
	CHECK_EQ(host.deadline, 1500);
	at(1499);
	CHECK_EQ(rd(0, CTL), ENABLE);
	CHECK(!host.level[0]);
	at(1500);
	CHECK(host.level[0]);
	CHECK_EQ(rd(0, CTL), ENABLE | ISTATUS);
	CHECK_EQ(host.deadline, 0);
	CHECK(!host.level[1]);
}

TEST(a_compare_value_in_the_past_is_met_at_once)
{
	start(1000);
	wr(0, CTL, ENABLE); /* compares with 0 */
	CHECK(host.level[0]);
	wr(0, CVAL, 1001);
	CHECK(!host.level[0]);
	CHECK_EQ(host.deadline, 1001);
	wr(0, CVAL, 1000);
	CHECK(host.level[0]);
	CHECK_EQ(host.deadline, 0);
	wr(0, CVAL, ~0ull);
	CHECK(!host.level[0]);
	CHECK_EQ(host.deadline, ~0ull);
}

TEST(the_32_bit_view_is_signed_when_written)
{
	start(0x500000000);
	wr(0, TVAL, 0xffffffff00000010);
	CHECK_EQ(rd(0, CVAL), 0x500000010);
	wr(0, TVAL, 0xffffffff);
	CHECK_EQ(rd(0, CVAL), 0x4ffffffff);
	wr(0, TVAL, 0x80000000);
	CHECK_EQ(rd(0, CVAL), 0x480000000);
	wr(0, TVAL, 0x7fffffff);
	CHECK_EQ(rd(0, CVAL), 0x57fffffff);
	start(5);
	wr(0, TVAL,
	   0xfffffff0); /* before the counter began: the value wraps, as the register does */
	CHECK_EQ(rd(0, CVAL), 0xfffffffffffffff5);
}

TEST(the_32_bit_view_counts_down_and_on)
{
	start(100);
	wr(0, TVAL, 10);
	wr(0, CTL, ENABLE);
	CHECK_EQ(rd(0, TVAL), 10);
	at(107);
	CHECK_EQ(rd(0, TVAL), 3);
	at(110);
	CHECK_EQ(rd(0, TVAL), 0);
	at(111);
	CHECK_EQ(rd(0, TVAL), 0xffffffff);
	wr(0, CVAL, 0x300000111);
	CHECK_EQ(rd(0, TVAL), 0xa2);
}

TEST(masked_shows_its_condition_alone)
{
	start(100);
	wr(0, CVAL, 200);
	wr(0, CTL, ENABLE | IMASK);
	CHECK_EQ(host.deadline, 0);
	at(200);
	CHECK_EQ(rd(0, CTL), ENABLE | IMASK | ISTATUS);
	CHECK_EQ(host.changes, 0);
	wr(0, CTL, ENABLE);
	CHECK(host.level[0]);
	wr(0, CTL, ENABLE | IMASK);
	CHECK(!host.level[0]);
	wr(0, CTL, 0);
	CHECK_EQ(host.changes, 2);
}

TEST(only_two_bits_of_control_can_be_written)
{
	start(100);
	wr(0, CVAL, 200);
	wr(0, CTL, ~0ull);
	CHECK_EQ(rd(0, CTL), ENABLE | IMASK);
}

TEST(one_deadline_serves_the_earliest)
{
	start(100);
	wr(0, CVAL, 300);
	wr(0, CTL, ENABLE);
	wr(1, CVAL, 200);
	wr(1, CTL, ENABLE);
	CHECK_EQ(host.deadline, 200);
	at(200);
	CHECK(host.level[1] && !host.level[0]);
	CHECK_EQ(host.deadline, 300);
	wr(1, CTL, 0);
	at(300);
	CHECK(host.level[0] && !host.level[1]);
	wr(0, CVAL, 400);
	wr(1, CVAL, 500);
	wr(1, CTL, ENABLE);
	CHECK_EQ(host.deadline, 400);
	wr(0, CTL, 0);
	CHECK_EQ(host.deadline, 500);
	ptimer_reset(&timer, 1);
	CHECK_EQ(host.deadline, 0);
	CHECK_EQ(rd(1, CVAL), 0);
}

TEST(a_deadline_that_comes_early_is_asked_for_again)
{
	start(100);
	wr(0, CVAL, 300);
	wr(0, CTL, ENABLE);
	host.deadline = 0;
	host.now = 299;
	ptimer_passed(&timer);
	CHECK_EQ(host.deadline, 300);
	CHECK(!host.level[0]);
}

TEST(a_reset_lowers_the_level)
{
	start(100);
	wr(1, CTL, ENABLE);
	CHECK(host.level[1]);
	ptimer_reset(&timer, 1);
	CHECK(!host.level[1]);
	CHECK_EQ(rd(1, CTL), ISTATUS); /* UNKNOWN while disabled: 100 is past 0 */
}

TEST(other_registers_are_others)
{
	uint64_t value = 7;

	start(100);
	CHECK(!ptimer_access(&timer, 0, SYSREG(3, 3, 14, 2, 3), false, &value));
	CHECK(!ptimer_access(&timer, 0, SYSREG(3, 3, 14, 3, 1), true, &value));
	CHECK_EQ(value, 7);
}

/* Against the definition, at random: what a level is depends on nothing but the registers. */
TEST(ptimer_random)
{
	start(1 << 20);
	for (unsigned int i = 0; i < test_rounds(100000); i++) {
		static const uint32_t regs[] = {TVAL, CTL, CVAL};
		uint64_t r = test_random();
		unsigned int cpu = r & 1;

		wr(cpu, regs[(r >> 1) % 3],
		   (r >> 3 & 1) ? r >> 40 & 3 : host.now + (r >> 52) - 2048);
		at(host.now + (r >> 44 & 0xff));
		for (unsigned int c = 0; c < 2; c++) {
			uint64_t control = rd(c, CTL);

			CHECK_EQ(control >> 2, host.now >= rd(c, CVAL));
			CHECK_EQ(host.level[c], control == (ENABLE | ISTATUS));
			CHECK_EQ(rd(c, TVAL), (uint32_t)(rd(c, CVAL) - host.now));
		}
	}
}
