/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads and stores that the hardware does not describe to a hypervisor (write-back and pairs), at
 * the UART, which a device server has, and the interrupt controller, which the VMM has: each does
 * what the same plain accesses do.
 */
#include "guest.h"

#define UARTIBRD 0x024ull
#define UARTFBRD 0x028ull
#define UARTID 0xfe0ull /* 0x11, 0x10, 0x34, 0x00: 8 bits a word */
#define PRIORITY (GICD + 0x420)
#define ALIAS_INDEX MMU_FREE
#define ALIAS ((uint64_t)ALIAS_INDEX << 30)
#define GIB (1ull << 30)
#define NORMAL_BLOCK (0x1ull | 1ull << 2 | 3ull << 8 | 1ull << 10)

static void test_single(uint64_t device)
{
	uint64_t base = device + UART + UARTIBRD, value = 0, wide = 0;

	__asm__ volatile("str %w1, [%0], #4" : "+r"(base) : "r"(0x8357ull) : "memory");
	CHECK_EQUAL(base, device + UART + UARTFBRD);
	__asm__ volatile("str %w1, [%0], #-4" : "+r"(base) : "r"(0x2aull) : "memory");
	CHECK_EQUAL(base, device + UART + UARTIBRD);
	CHECK_EQUAL(read32(UART + UARTIBRD), 0x8357);
	CHECK_EQUAL(read32(UART + UARTFBRD), 0x2a);
	__asm__ volatile("ldr %w1, [%0, #4]!" : "+r"(base), "=r"(value)::"memory");
	CHECK_EQUAL(value, 0x2a);
	CHECK_EQUAL(base, device + UART + UARTFBRD);
	__asm__ volatile("ldrh %w1, [%0, #-4]!" : "+r"(base), "=r"(value)::"memory");
	CHECK_EQUAL(value, 0x8357);
	__asm__ volatile("ldrsh %w1, [%0], #255" : "+r"(base), "=r"(value)::"memory");
	CHECK_EQUAL(value, 0xffff8357);
	CHECK_EQUAL(base, device + UART + UARTIBRD + 255);
	__asm__ volatile("ldrsh %1, [%0, #-255]!" : "+r"(base), "=r"(value)::"memory");
	CHECK_EQUAL(value, 0xffffffffffff8357);
	base = device + PRIORITY;
	value = 0xf8f8f8f8;
	__asm__ volatile("str %w1, [%0], #4" : "+r"(base) : "r"(value) : "memory");
	__asm__ volatile("strb %w1, [%0], #1" : "+r"(base) : "r"(0x48ull) : "memory");
	CHECK_EQUAL(read32(PRIORITY), 0xf8f8f8f8);
	CHECK_EQUAL(read8(PRIORITY + 4), 0x48);
	base = device + PRIORITY;
	__asm__ volatile("ldrsb %1, [%0], #4" : "+r"(base), "=r"(wide)::"memory");
	CHECK_EQUAL(wide, 0xfffffffffffffff8);
	__asm__ volatile("ldrsw %1, [%0, #-4]!" : "+r"(base), "=r"(wide)::"memory");
	CHECK_EQUAL(wide, 0xfffffffff8f8f8f8);
	base = device + GICR + 8; /* TYPER, 64 bits */
	__asm__ volatile("ldr %1, [%0], #8" : "+r"(base), "=r"(wide)::"memory");
	CHECK_EQUAL(wide, read64(GICR + 8));
	__asm__ volatile("str wzr, [%0, #%1]!"
			 : "+r"(base)
			 : "i"(0)
			 : "memory"); /* a register that ignores it */
	CHECK_EQUAL(base, device + GICR + 16);
}

static void test_pair(uint64_t device)
{
	uint64_t base = device + UART + UARTIBRD, first = 0, second = 0;

	__asm__ volatile("stp %w1, %w2, [%0]" ::"r"(base), "r"(0x1234ull), "r"(0x15ull) : "memory");
	CHECK_EQUAL(read32(UART + UARTIBRD), 0x1234);
	CHECK_EQUAL(read32(UART + UARTFBRD), 0x15);
	__asm__ volatile("ldp %w1, %w2, [%0], #-8"
			 : "+r"(base), "=&r"(first), "=&r"(second)::"memory");
	CHECK_EQUAL(first, 0x1234);
	CHECK_EQUAL(second, 0x15);
	CHECK_EQUAL(base, device + UART + UARTIBRD - 8);
	__asm__ volatile("stp wzr, %w1, [%0, #8]!" : "+r"(base) : "r"(0x3full) : "memory");
	CHECK_EQUAL(read32(UART + UARTIBRD), 0);
	CHECK_EQUAL(read32(UART + UARTFBRD), 0x3f);
	__asm__ volatile("ldnp %w1, %w2, [%0]" : "+r"(base), "=&r"(first), "=&r"(second)::"memory");
	CHECK_EQUAL(second, 0x3f);
	base = device + UART + UARTID;
	__asm__ volatile("ldp %w1, %w2, [%0], #8"
			 : "+r"(base), "=&r"(first), "=&r"(second)::"memory");
	CHECK_EQUAL(first, read32(UART + UARTID));
	CHECK_EQUAL(second, read32(UART + UARTID + 4));
	base = device + PRIORITY - 8;
	__asm__ volatile("stp %w1, %w2, [%0, #8]!"
			 : "+r"(base)
			 : "r"(0x88888888ull), "r"(0xf0f0f0f0ull)
			 : "memory");
	__asm__ volatile("ldpsw %1, %2, [%0]" : "+r"(base), "=&r"(first), "=&r"(second)::"memory");
	CHECK_EQUAL(first, 0xffffffff88888888);
	CHECK_EQUAL(second, 0xfffffffff0f0f0f0);
	write32(PRIORITY, 0);
	write32(PRIORITY + 4, 0);
}

/* The stack pointer as base: EL1's own. */
static void test_stack_pointer(uint64_t device)
{
	uint64_t value = 0, base = device + UART + UARTID, after = 0;

	__asm__ volatile(
	    "mov x9, sp\n\tmov sp, %2\n\tldr %w0, [sp], #16\n\tmov %1, sp\n\tmov sp, x9"
	    : "=&r"(value), "=&r"(after)
	    : "r"(base & ~15ull)
	    : "x9", "memory");
	CHECK_EQUAL(value, read32(UART + UARTID));
	CHECK_EQUAL(after, base + 16);
}

/* Flags and other registers are not part of it. */
static void test_rest(uint64_t device)
{
	uint64_t base = device + UART + UARTID, flags = 0, before = 0xa0000000;

	__asm__ volatile("msr nzcv, %2\n\tldr w9, [%0], #4\n\tmrs %1, nzcv"
			 : "+r"(base), "=r"(flags)
			 : "r"(before)
			 : "x9", "cc", "memory");
	CHECK_EQUAL(flags, before);
}

static void test_all(uint64_t device)
{
	test_single(device);
	test_pair(device);
	test_stack_pointer(device);
	test_rest(device);
}

static void test_refused(void)
{
	uint64_t base = UART + 0xffd, same = base;

	test("over the end of a page, or unaligned: an abort, and the base stays");
	trap_expect();
	__asm__ volatile("ldr w9, [%0], #4" : "+r"(base)::"x9", "memory");
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(base, same);
	base = same = UART + UARTIBRD + 1;
	trap_expect();
	__asm__ volatile("ldr w9, [%0], #4" : "+r"(base)::"x9", "memory");
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(base, same);
	test("a pair of which one half is a device's and the other nobody's: an abort");
	base = same = GICR + GICR_STRIDE - 4;
	trap_expect();
	__asm__ volatile("ldp w9, w10, [%0], #8" : "+r"(base)::"x9", "x10", "memory");
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(base, same);
}

/*
 * The core fetches this from what its TLB remembers of a mapping that is gone: an instruction the
 * VMM cannot find.
 */
uint32_t load_post(uint64_t address);
__asm__(".balign 64\n"
	"load_post: ldr w1, [x0], #4\n\t"
	"mov w0, w1\n\t"
	"ret");

static uint64_t table_entry(void)
{
	return READ_REGISTER(ttbr0_el1) + ALIAS_INDEX * 8;
}

static void test_gone(void)
{
	uint64_t code = (uint64_t)load_post;
	uint32_t (*moved)(uint64_t) = (uint32_t(*)(uint64_t))(code % GIB + ALIAS);
	static uint32_t word = 5;

	test("an instruction whose mapping is gone: aborts, and the guest goes on");
	mmu_entry(ALIAS_INDEX, (code & ~(GIB - 1)) | NORMAL_BLOCK);
	CHECK_EQUAL(moved((uint64_t)&word), 5);
	CHECK_EQUAL(moved(UART + UARTID), read32(UART + UARTID));
	CHECK_EQUAL(moved((uint64_t)&word), 5);
	trap_expect();
	*(volatile uint64_t *)table_entry() = 0;
	(void)moved(UART + UARTID);
	CHECK(trap_last.count >= 1);
	mmu_entry(ALIAS_INDEX, 0);
	CHECK_EQUAL(load_post(UART + UARTID), read32(UART + UARTID));
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("write-back and pairs, translation off");
	test_all(0);
	mmu_on();
	test("write-back and pairs, device memory");
	test_all(0);
	test("write-back and pairs, normal memory");
	test_all(MMU_NORMAL_ALIAS);
	test_refused();
	test_gone();
}
