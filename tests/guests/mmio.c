/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory-mapped access in every form one instruction can have, to a device server and to the VMM.
 */
#include "guest.h"

#define UARTFR (UART + 0x18)
#define UARTIBRD (UART + 0x24)	       /* 16 bits, read and write */
#define UARTPERIPH (UART + 0xfe0)      /* identification, a byte each */
#define PRIORITIES (GICD + 0x400 + 40) /* a byte per interrupt, of 5 bits */
#define ROUTE (GICD + 0x6000 + 8 * 40) /* 64 bits */

#define LOAD(instruction, size, address)                         \
	({                                                       \
		uint64_t value_ = 0x5555555555555555ull;         \
		__asm__ volatile(instruction " %" size "0, [%1]" \
				 : "+r"(value_)                  \
				 : "r"((uint64_t)(address))      \
				 : "memory");                    \
		value_;                                          \
	})
#define STORE(instruction, size, address, value)                                   \
	__asm__ volatile(instruction " %" size "0, [%1]" ::"r"((uint64_t)(value)), \
			 "r"((uint64_t)(address))                                  \
			 : "memory")

static void test_reads(void)
{
	static const uint8_t identity[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	test("identification registers read the same by byte, halfword and word");
	for (uint32_t i = 0; i < 8; i++) {
		CHECK_EQUAL(LOAD("ldrb", "w", UARTPERIPH + 4 * i), identity[i]);
		CHECK_EQUAL(LOAD("ldrh", "w", UARTPERIPH + 4 * i), identity[i]);
		CHECK_EQUAL(LOAD("ldr", "w", UARTPERIPH + 4 * i), identity[i]);
	}

	test("a narrow read gets its own bytes of the register");
	write32(UARTIBRD, 0x8ac1);
	CHECK_EQUAL(LOAD("ldr", "w", UARTIBRD), 0x8ac1);
	CHECK_EQUAL(LOAD("ldrh", "w", UARTIBRD), 0x8ac1);
	CHECK_EQUAL(LOAD("ldrh", "w", UARTIBRD + 2), 0);
	CHECK_EQUAL(LOAD("ldrb", "w", UARTIBRD), 0xc1);
	CHECK_EQUAL(LOAD("ldrb", "w", UARTIBRD + 1), 0x8a);
	CHECK_EQUAL(LOAD("ldrb", "w", UARTIBRD + 2), 0);

	test("signed loads of a byte extend to w and to x");
	CHECK_EQUAL(LOAD("ldrsb", "w", UARTIBRD), 0xffffffc1);
	CHECK_EQUAL(LOAD("ldrsb", "x", UARTIBRD), 0xffffffffffffffc1);
	CHECK_EQUAL(LOAD("ldrsb", "x", UARTPERIPH), 0x11);
	test("signed loads of a halfword extend to w and to x");
	CHECK_EQUAL(LOAD("ldrsh", "w", UARTIBRD), 0xffff8ac1);
	CHECK_EQUAL(LOAD("ldrsh", "x", UARTIBRD), 0xffffffffffff8ac1);
	CHECK_EQUAL(LOAD("ldrsh", "x", UARTPERIPH), 0x11);
	test("signed loads of a word extend to x");
	write32(PRIORITIES, 0xf0a05010);
	CHECK_EQUAL(LOAD("ldrsw", "x", PRIORITIES), 0xfffffffff0a05010);
	CHECK_EQUAL(LOAD("ldr", "w", PRIORITIES), 0xf0a05010);
	write32(PRIORITIES, 0x70a05010);
	CHECK_EQUAL(LOAD("ldrsw", "x", PRIORITIES), 0x70a05010);
}

static void test_writes(void)
{
	const uint64_t value = 0x123456789abcdef0;

	test("a narrow store writes the low bits of its register");
	STORE("str", "w", UARTIBRD, value);
	CHECK_EQUAL(read32(UARTIBRD), 0xdef0);
	STORE("strh", "w", UARTIBRD, value + 1);
	CHECK_EQUAL(read32(UARTIBRD), 0xdef1);
	STORE("strb", "w", UARTIBRD, value + 2);
	CHECK_EQUAL(read32(UARTIBRD), 0xf2);
	write32(PRIORITIES, 0x10101010);
	STORE("strb", "w", PRIORITIES + 2, 0xffffffffffffff88);
	CHECK_EQUAL(read32(PRIORITIES), 0x10881010);

	test("a register of 64 bits is read and written whole and by halves");
	STORE("str", "x", ROUTE, 0x000000c300030201);
	CHECK_EQUAL(LOAD("ldr", "x", ROUTE), 0x000000c300030201);
	CHECK_EQUAL(LOAD("ldr", "w", ROUTE), 0x00030201);
	CHECK_EQUAL(LOAD("ldr", "w", ROUTE + 4), 0xc3);
	CHECK_EQUAL(LOAD("ldrsw", "x", ROUTE + 4), 0xc3);
	STORE("str", "w", ROUTE + 4, 0);
	CHECK_EQUAL(LOAD("ldr", "x", ROUTE), 0x00030201);
	STORE("str", "x", ROUTE, 0);

	test("the zero register is stored as zero, and a load to it goes nowhere");
	write32(UARTIBRD, 0xffff);
	__asm__ volatile("str wzr, [%0]" ::"r"(UARTIBRD) : "memory");
	CHECK_EQUAL(read32(UARTIBRD), 0);
	write32(UARTIBRD, 0x77);
	__asm__ volatile("ldr wzr, [%0]\n\tldrb wzr, [%0]" ::"r"(UARTIBRD) : "memory");
	CHECK_EQUAL(read32(UARTIBRD), 0x77);
	STORE("str", "x", ROUTE, 0x30201);
	__asm__ volatile("ldr xzr, [%0]\n\tstr xzr, [%0]" ::"r"(ROUTE) : "memory");
	CHECK_EQUAL(read64(ROUTE), 0);

	test("what the device refuses is an external abort, and nothing was written");
	write32(UARTIBRD, 0x1234);
	trap_expect();
	(void)read64(UARTIBRD);
	CHECK_ABORT(UARTIBRD);
	trap_expect();
	write64(UARTIBRD, 1);
	CHECK_ABORT(UARTIBRD);
	CHECK_EQUAL(trap_last.syndrome >> 6 & 1, 1); /* WnR */
	trap_expect();
	write8(UARTIBRD + 1, 1);
	CHECK_ABORT(UARTIBRD + 1);
	CHECK_EQUAL(read32(UARTIBRD), 0x1234);
}

#define THROUGH(n)                                                                                \
	do {                                                                                      \
		uint64_t value_;                                                                  \
		__asm__ volatile("mov x" #n ", #-1\n\tldrh w" #n ", [%1]\n\tmov %0, x" #n         \
				 : "=r"(value_)                                                   \
				 : "r"(UARTIBRD)                                                  \
				 : "x" #n, "memory");                                             \
		CHECK_EQUAL(value_, 0xbeef);                                                      \
		__asm__ volatile("mov x" #n ", #" #n "\n\tstrh w" #n ", [%0]" ::"r"(UARTIBRD + 0) \
				 : "x" #n, "memory");                                             \
		CHECK_EQUAL(read32(UARTIBRD), n);                                                 \
		write32(UARTIBRD, 0xbeef);                                                        \
	} while (0)

static void test_registers(void)
{
	static uint64_t registers[30];

	write32(UARTIBRD, 0xbeef);
	test("every general register takes and gives a value");
	THROUGH(0);
	THROUGH(1);
	THROUGH(2);
	THROUGH(3);
	THROUGH(4);
	THROUGH(5);
	THROUGH(6);
	THROUGH(7);
	THROUGH(8);
	THROUGH(9);
	THROUGH(10);
	THROUGH(11);
	THROUGH(12);
	THROUGH(13);
	THROUGH(14);
	THROUGH(15);
	THROUGH(16);
	THROUGH(17);
	THROUGH(18);
	THROUGH(19);
	THROUGH(20);
	THROUGH(21);
	THROUGH(22);
	THROUGH(23);
	THROUGH(24);
	THROUGH(25);
	THROUGH(26);
	THROUGH(27);
	THROUGH(28);
	THROUGH(30);

	test("a load from a device changes its target and no other register");
	registers_over_load(UARTIBRD, registers);
	for (uint32_t i = 0; i < 30; i++)
		CHECK_EQUAL(registers[i], i == 9 ? 0xbeef : i);
	test("a hypercall changes x0 and no other register");
	registers_over_call(PSCI_VERSION, registers);
	for (uint32_t i = 1; i < 30; i++)
		CHECK_EQUAL(registers[i], i);
}

static void test_many(void)
{
	uint32_t wrong = 0;

	test("1000 writes and reads in a row keep their order");
	for (uint32_t i = 0; i < 1000; i++) {
		write32(UARTIBRD, i);
		wrong += read32(UARTIBRD) != i;
		wrong += read32(UARTPERIPH) != 0x11;
	}
	CHECK_EQUAL(wrong, 0);
	test("the flags survive an access");
	for (uint64_t flags = 0; flags < 16; flags++) {
		uint64_t after;

		__asm__ volatile("msr nzcv, %1\n\tldr wzr, [%2]\n\tmrs %0, nzcv"
				 : "=r"(after)
				 : "r"(flags << 28), "r"(UARTFR)
				 : "cc", "memory");
		CHECK_EQUAL(after, flags << 28);
	}
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test_reads();
	test_writes();
	test_registers();
	test_many();
}
