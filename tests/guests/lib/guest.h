/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bare-metal test guests. A guest defines guest_main() and tests with CHECK; the machine it sees is
 * that of services/vmm: GICv3 at 0x0800_0000 and 0x080a_0000, virtual timer PPI 27, PSCI by HVC.
 * Its words go out through the VMM's debug hypercall, a line at a time: `ok NAME`, `FAIL NAME`, and
 * at last `N passed, N failed`; then it turns itself off, successfully only when nothing failed.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_FAIL 0xc6000000u /* hypercall: x1 status; ends the VM as failed */
#define GUEST_CHAR 0xc6000001u /* hypercall: x1 a character of the log */

#define GICD 0x08000000ull
#define GICR 0x080a0000ull
#define GICR_STRIDE 0x20000ull
#define UART 0x09000000ull
#define TIMER_PPI 27u

#define READ_REGISTER(name)                                                  \
	({                                                                   \
		uint64_t value_;                                             \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory"); \
		value_;                                                      \
	})
#define WRITE_REGISTER(name, value) \
	__asm__ volatile("msr " #name ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")

/* ---- Output and results (guest.c) ---- */
void say(const char *text);
void say_hex(uint64_t value);
void say_number(uint64_t value);
void test(const char *name); /* what follows belongs to this test */
#define CHECK(condition) check_((condition), #condition, __LINE__, 0, 0)
#define CHECK_EQUAL(actual, expected) \
	check_equal_((uint64_t)(actual), (uint64_t)(expected), #actual, __LINE__)
void check_(bool ok, const char *what, int line, uint64_t actual, uint64_t expected);
void check_equal_(uint64_t actual, uint64_t expected, const char *what, int line);

/* ---- To be defined by the guest; the second and third have defaults that fail ---- */
void guest_main(uint64_t tree);
void guest_interrupt(uint32_t id); /* between acknowledge and end */
void second_main(uint64_t argument);

/* ---- Exceptions: an expected one skips its instruction and is recorded ---- */
struct trap_record {
	uint32_t count;
	uint64_t syndrome, address, pc;
};
extern volatile struct trap_record trap_last;
void trap_expect(void); /* the next synchronous exception is expected, and the count starts again */

/* ---- Hypercalls and PSCI (guest.c) ---- */
uint64_t hypercall(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
uint64_t secure_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
_Noreturn void power_off(void);

/* ---- Memory-mapped access of every width, one instruction each ---- */
#define MMIO_ACCESS(bits, type, load, store, size)                                                 \
	static inline type read##bits(uint64_t address)                                            \
	{                                                                                          \
		type value;                                                                        \
		__asm__ volatile(load " %" size "0, [%1]"                                          \
				 : "=r"(value)                                                     \
				 : "r"(address)                                                    \
				 : "memory");                                                      \
		return value;                                                                      \
	}                                                                                          \
	static inline void write##bits(uint64_t address, type value)                               \
	{                                                                                          \
		__asm__ volatile(store " %" size "0, [%1]" ::"r"(value), "r"(address) : "memory"); \
	}
MMIO_ACCESS(8, uint8_t, "ldrb", "strb", "w")
MMIO_ACCESS(16, uint16_t, "ldrh", "strh", "w")
MMIO_ACCESS(32, uint32_t, "ldr", "str", "w")
MMIO_ACCESS(64, uint64_t, "ldr", "str", "x")

/* ---- Interrupt controller and timer (gic.c) ---- */
void gic_start(void);		  /* distributor, this vCPU's redistributor and CPU interface */
void gic_start_cpu(uint32_t cpu); /* redistributor and CPU interface of a further vCPU */
void gic_enable(uint32_t id, uint8_t priority);
void gic_disable(uint32_t id);
void gic_send(uint32_t id, uint64_t targets); /* SGI to a mask of affinity level 0 */
static inline void interrupts_on(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}
static inline void interrupts_off(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}
static inline void wait_for_interrupt(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}
void timer_start(uint64_t ticks); /* virtual timer, from now; interrupt enabled */
void timer_stop(void);
static inline uint64_t counter(void)
{
	__asm__ volatile("isb" ::: "memory");
	return READ_REGISTER(cntvct_el0);
}

#endif
