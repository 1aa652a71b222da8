/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices of the machine that are this guest's: QEMU's PL031 (Arm DDI 0224C) at its own address,
 * its PL061 at another one, and its flash, 128 MiB, in large pages.
 */
#include "guest.h"

#define RTC 0x09010000ull
#define RTCDR (RTC + 0x00)
#define RTCMR (RTC + 0x04)
#define RTCLR (RTC + 0x08)
#define RTCIMSC (RTC + 0x10)
#define RTCRIS (RTC + 0x14)
#define RTCICR (RTC + 0x1c)
#define RTC_IRQ 34u
#define ALARMS 3u
#define GPIO 0x03000000ull  /* 0x0903_0000 of the machine */
#define FLASH 0x20000000ull /* 0 of the machine, 128 MiB */
#define FLASH_BANK 0x04000000ull
#define PERIPHERAL_ID 0xfe0ull
#define CELL_ID 0xff0ull
#define PART_PL031 0x031u
#define PART_PL061 0x061u

/* Two 16-bit chips beside each other: CFI's query mode (JESD68.01). */
#define CFI_QUERY 0x00980098u
#define CFI_RESET 0x00ff00ffu
#define CFI_ADDRESS (0x55u << 2)
#define CFI_ANSWER (0x10u << 2)
#define CFI_Q 0x00510051u

static uint32_t part(uint64_t base)
{
	return (read32(base + PERIPHERAL_ID) & 0xff) | (read32(base + PERIPHERAL_ID + 4) & 0xf)
							   << 8;
}

static void test_rtc(void)
{
	uint32_t now;

	test("the clock tells the time");
	CHECK_EQUAL(part(RTC), PART_PL031);
	CHECK_EQUAL(read32(RTC + CELL_ID), 0x0d);
	now = read32(RTCDR);
	CHECK(now > 1700000000u);
	test("the clock can be set");
	write32(RTCLR, 1000);
	CHECK(read32(RTCDR) - 1000 < 100);
	write32(RTCLR, now);
	CHECK(read32(RTCDR) - now < 100);
}

static volatile uint32_t alarms, others, masked; /* the next one is masked instead of cleared */

void guest_interrupt(uint32_t id)
{
	if (id != RTC_IRQ) {
		others++;
		return;
	}
	alarms++;
	write32(masked ? RTCIMSC : RTCICR, !masked);
}

static void test_alarm(void)
{
	test("the clock's interrupt arrives, and again after its end");
	gic_start();
	gic_edge(RTC_IRQ, false);
	gic_enable(RTC_IRQ, 0x80);
	write32(RTCICR, 1);
	write32(RTCIMSC, 1);
	for (uint32_t i = 1; i <= ALARMS; i++) {
		write32(RTCMR, read32(RTCDR) + 1);
		WAIT_UNTIL(alarms >= i);
		CHECK_EQUAL(alarms, i);
		CHECK_EQUAL(read32(RTCRIS), 0);
		CHECK(!gic_test(GIC_SET_ACTIVE, RTC_IRQ));
		CHECK(!gic_test(GIC_SET_PENDING, RTC_IRQ));
	}
	test("one whose cause stays comes back when it is enabled again");
	masked = 1;
	write32(RTCMR, read32(RTCDR) + 1);
	WAIT_UNTIL(alarms == ALARMS + 1);
	CHECK_EQUAL(read32(RTCRIS), 1);
	gic_disable(RTC_IRQ);
	masked = 0;
	write32(RTCIMSC, 1);
	for (int i = 0; i < 10; i++)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(alarms, ALARMS + 1);
	gic_enable(RTC_IRQ, 0x80);
	WAIT_UNTIL(alarms == ALARMS + 2);
	CHECK_EQUAL(read32(RTCRIS), 0);
	CHECK_EQUAL(others, 0);
}

static void test_elsewhere(void)
{
	test("a device at another address than the machine's");
	CHECK_EQUAL(part(GPIO), PART_PL061);
	test("nothing is at its own");
	trap_expect();
	(void)read32(0x09030000ull);
	CHECK_ABORT(0x09030000ull);
	test("nothing is behind it");
	trap_expect();
	(void)read32(GPIO + 0x1000);
	CHECK_ABORT(GPIO + 0x1000);
}

static void test_wide(void)
{
	test("128 MiB of flash, from its first page to its last");
	for (uint64_t at = FLASH; at < FLASH + 2 * FLASH_BANK; at += FLASH_BANK) {
		write32(at + CFI_ADDRESS, CFI_QUERY);
		CHECK_EQUAL(read32(at + CFI_ANSWER), CFI_Q);
		write32(at, CFI_RESET);
	}
	(void)read32(FLASH + 2 * FLASH_BANK - 4);
	CHECK_NO_TRAP();
	test("nothing is behind the last page");
	trap_expect();
	(void)read32(FLASH + 2 * FLASH_BANK);
	CHECK_ABORT(FLASH + 2 * FLASH_BANK);
}

static void test_execute(void)
{
	test("a device is not executed");
	trap_expect();
	((void (*)(void))RTC)();
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(trap_last.syndrome >> 26, 0x21); /* instruction abort, same level */
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test_rtc();
	test_alarm();
	test_elsewhere();
	trap_expect();
	test_wide();
	test_execute();
}
