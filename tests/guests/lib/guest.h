/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bare-metal test guests. A guest defines guest_main() and tests with CHECK; the machine it sees is
 * that of services/vmm: GICv3 at 0x0800_0000 and 0x080a_0000, virtual timer PPI 27, physical timer
 * PPI 30, PSCI by HVC. Its words go out through the VMM's debug hypercall, a line at a time: `ok
 * NAME`, `FAIL NAME`, and at last `N passed, N failed`; then it turns itself off, successfully only
 * when nothing failed. A test waits for what must come, without a limit of its own: whoever runs
 * the guest has one.
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
#define UART_IRQ 33u
#define TIMER_PPI 27u

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u

/* The CPU interface's registers, for READ_REGISTER and WRITE_REGISTER. */
#define ICC_PMR S3_0_C4_C6_0
#define ICC_DIR S3_0_C12_C11_1
#define ICC_RPR S3_0_C12_C11_3
#define ICC_SGI1R S3_0_C12_C11_5
#define ICC_IAR1 S3_0_C12_C12_0
#define ICC_EOIR1 S3_0_C12_C12_1
#define ICC_HPPIR1 S3_0_C12_C12_2
#define ICC_BPR1 S3_0_C12_C12_3
#define ICC_CTLR S3_0_C12_C12_4
#define ICC_SRE S3_0_C12_C12_5
#define ICC_IGRPEN1 S3_0_C12_C12_7

#define STRING_(text) #text
#define READ_REGISTER(name)                                                          \
	({                                                                           \
		uint64_t value_;                                                     \
		__asm__ volatile("mrs %0, " STRING_(name) : "=r"(value_)::"memory"); \
		value_;                                                              \
	})
#define WRITE_REGISTER(name, value) \
	__asm__ volatile("msr " STRING_(name) ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")

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

/* ---- To be defined by the guest; those after the first have defaults, of which two fail ---- */
void guest_main(uint64_t tree);
void guest_interrupt(uint32_t id); /* between acknowledge and end */
void second_main(uint64_t argument);
struct frame { /* of whom an exception interrupted */
	uint64_t x[31], pc, status;
};
/* A synchronous exception, before all else: `kind` counts the vectors. True: *f says how to go on.
 */
bool guest_exception(uint64_t kind, struct frame *f);

/* ---- Exceptions: an expected one skips its instruction, or ends the call that fetched, and is
 * recorded ---- */
struct trap_record {
	uint32_t count;
	uint64_t syndrome, address, pc;
};
extern volatile struct trap_record trap_last;
void trap_expect(void); /* the next synchronous exception is expected, and the count starts again */
/* What came since trap_expect was one external abort at `address`, one undefined instruction, none.
 */
#define CHECK_ABORT(address) check_abort_((uint64_t)(address), __LINE__)
#define CHECK_UNDEFINED() check_undefined_(__LINE__)
#define CHECK_NO_TRAP() CHECK_EQUAL(trap_last.count, 0)
void check_abort_(uint64_t address, int line);
void check_undefined_(int line);

/* ---- EL0 (el0.S): from `pc` with that SPSR and argument, to an SVC, which returns x0. Expected
 * exceptions skip their instruction there, too. ---- */
uint64_t el0_run(uint64_t pc, uint64_t status, uint64_t argument);
void el0_return(void);

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
enum gic_bank {				      /* registers of one bit an interrupt */
		GIC_SET_ENABLE = 0x100,
		GIC_CLEAR_ENABLE = 0x180,
		GIC_SET_PENDING = 0x200,
		GIC_CLEAR_PENDING = 0x280,
		GIC_SET_ACTIVE = 0x300,
		GIC_CLEAR_ACTIVE = 0x380,
};
bool gic_test(enum gic_bank bank, uint32_t id);
void gic_write(enum gic_bank bank, uint32_t id);
void gic_priority(uint32_t id, uint8_t priority);
void gic_edge(uint32_t id, bool edge);
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
/* Sleeps until the condition, which handlers make true. They run only between looking and sleeping
 * again: an interrupt that came after the look would otherwise be slept over. Leaves them enabled.
 */
#define WAIT_UNTIL(condition)                                 \
	do {                                                  \
		interrupts_off();                             \
		while (!(condition)) {                        \
			wait_for_interrupt();                 \
			interrupts_on();                      \
			__asm__ volatile("isb" ::: "memory"); \
			interrupts_off();                     \
		}                                             \
		interrupts_on();                              \
	} while (0)
void timer_start(uint64_t ticks); /* virtual timer, from now; interrupt enabled */
void timer_stop(void);
static inline uint64_t counter(void)
{
	__asm__ volatile("isb" ::: "memory");
	return READ_REGISTER(cntvct_el0);
}

/* ---- Translation (mmu.c): on, with caches; addresses are what they were ---- */
#define MMU_NORMAL_ALIAS 0x100000000ull /* the first GiB again, as normal memory */
#define MMU_FREE 8u			/* first entry that mmu_entry may set, of 1 GiB each */
void mmu_on(void);
void mmu_entry(unsigned index, uint64_t descriptor);

/* ---- Registers (registers.S) ---- */
struct fp_state {
	uint64_t q[64];
	uint64_t fpsr, fpcr;
};
void fp_load(const struct fp_state *state);
void fp_store(struct fp_state *state);
/* Every general register but x30 holds its number; then a word is loaded from `address` to x9, or
 * the hypercall of that number is made; then all are stored. x30 is not looked at. */
void registers_over_load(uint64_t address, uint64_t registers[30]);
void registers_over_call(uint64_t function, uint64_t registers[30]);

#endif
