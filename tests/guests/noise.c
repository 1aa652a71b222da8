/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does what no guest should, 50,000 times from a fixed seed: random accesses, system
 * registers, hypercalls. Each is answered or becomes an exception of the guest; nothing else may
 * come of it.
 */
#include "guest.h"

#define ROUNDS 50000u

static uint64_t seed = 0x5eed;
static volatile uint32_t interrupts;

static uint32_t random_word(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 32);
}

/* Small numbers, powers of two, all ones and anything: where mistakes are. */
static uint64_t random_value(void)
{
	uint64_t value = (uint64_t)random_word() << 32 | random_word();

	switch (random_word() % 6) {
	case 0:
		return value & 0xff;
	case 1:
		return 1ull << (value & 63);
	case 2:
		return ~0ull;
	case 3:
		return 0x80000000 + (value & 0xffffff);
	case 4:
		return value & 0xffffffff;
	default:
		return value;
	}
}

/* What comes is ended; the timer is not left firing. */
void guest_interrupt(uint32_t id)
{
	interrupts++;
	if (id == TIMER_PPI)
		timer_stop();
}

static uint64_t random_place(void)
{
	static const uint64_t bases[] = {GICD,	     GICD + 0x6000, GICR,	GICR + 0x10000,
					 UART,	     UART,	    0x0a000000, 0x07fff000,
					 0x7ffff000, 0x81000000,    0,		0x3fffff0000,
					 0x10000000, 0x40000000};
	uint64_t place = bases[random_word() % (sizeof(bases) / sizeof(bases[0]))];

	return place + (random_word() & (random_word() & 1 ? 0xffc : 0xfff));
}

static void random_access(void)
{
	uint64_t at = random_place(), value = random_value();

	/* The vector base is normal memory: only these can make the guest lose its way. */
	switch (random_word() % 12) {
	case 0:
		(void)read8(at);
		break;
	case 1:
		(void)read16(at);
		break;
	case 2:
	case 3:
		(void)read32(at);
		break;
	case 4:
		(void)read64(at);
		break;
	case 5:
		write8(at, (uint8_t)value);
		break;
	case 6:
		write16(at, (uint16_t)value);
		break;
	case 7:
	case 8:
		write32(at, (uint32_t)value);
		break;
	case 9:
		write64(at, value);
		break;
	case 10:
		__asm__ volatile("ldp x9, x10, [%0]" ::"r"(at) : "x9", "x10", "memory");
		break;
	default:
		__asm__ volatile("stp x9, x10, [%0]" ::"r"(at) : "memory");
		break;
	}
}

/* Reads and writes of one encoding, in a table: the instruction holds the number. */
#define REGISTER(name) {register_read_##name, register_write_##name},
#define REGISTER_CODE(name)                               \
	static void register_read_##name(void)            \
	{                                                 \
		(void)READ_REGISTER(name);                \
	}                                                 \
	static void register_write_##name(uint64_t value) \
	{                                                 \
		WRITE_REGISTER(name, value);              \
	}

/* Not SCTLR_EL1, VBAR_EL1 and what else the guest itself stands on. */
#define REGISTERS(each)                                                                            \
	each(mdscr_el1) each(S2_0_C1_C0_4) each(S2_0_C1_C1_4) each(osdlr_el1) each(                \
	    dbgbvr0_el1) each(dbgbcr0_el1) each(dbgwvr0_el1) each(dbgwcr0_el1) each(dbgbvr5_el1)   \
	    each(dbgwcr15_el1) each(dbgprcr_el1) each(dbgclaimset_el1) each(dbgdtr_el0) each(      \
		pmcr_el0) each(pmcntenset_el0) each(pmuserenr_el0) each(pmccntr_el0)               \
		each(cntp_ctl_el0) each(cntp_cval_el0) each(cntp_tval_el0) each(                   \
		    cntv_ctl_el0) each(cntv_cval_el0) each(cntv_tval_el0) each(cntkctl_el1)        \
		    each(ttbr0_el1) each(ttbr1_el1) each(tcr_el1) each(mair_el1) each(             \
			amair_el1) each(afsr0_el1) each(contextidr_el1) each(actlr_el1)            \
			each(csselr_el1) each(par_el1) each(tpidr_el0) each(tpidr_el1) each(       \
			    hcr_el2) each(vttbr_el2) each(vtcr_el2) each(cptr_el2) each(sctlr_el2) \
			    each(vbar_el2) each(elr_el2) each(scr_el3) each(S3_0_C0_C4_0)          \
				each(S3_0_C0_C7_7) each(S3_4_C12_C11_0) each(S3_4_C12_C12_0) each( \
				    S3_0_C12_C11_5) each(S3_0_C12_C11_6) each(S3_0_C12_C11_7)      \
				    each(S3_0_C12_C8_0) each(S3_0_C12_C12_2) each(S3_0_C4_C6_0)    \
					each(S3_0_C12_C12_3) each(S3_0_C12_C12_4)                  \
					    each(S3_0_C12_C11_1) each(S3_0_C12_C12_1)              \
						each(S3_1_C15_C2_0) each(S3_3_C15_C3_7)            \
						    each(S3_0_C15_C0_0) each(S3_0_C1_C2_0)         \
							each(S3_0_C2_C1_0) each(S3_0_C5_C4_0)      \
							    each(S3_0_C9_C9_0) each(S3_0_C10_C4_0) \
								each(S2_1_C0_C1_0)                 \
								    each(S3_7_C15_C15_7)

REGISTERS(REGISTER_CODE)

static const struct {
	void (*read)(void);
	void (*write)(uint64_t value);
} registers[] = {REGISTERS(REGISTER)};

static void random_register(void)
{
	uint32_t n = random_word() % (sizeof(registers) / sizeof(registers[0]));

	if (random_word() & 1)
		registers[n].read();
	else
		registers[n].write(random_value());
}

/* All but those that end the guest: off, reset, suspend forever, CPU_OFF, and its own results. */
static void random_call(void)
{
	static const uint32_t functions[] = {
	    0x84000000, 0x84000001, 0xc4000001, 0x84000003, 0xc4000003, 0x84000004,
	    0xc4000004, 0x84000005, 0x84000006, 0x84000007, 0x8400000a, 0x8400000b,
	    0x8400000c, 0xc400000e, 0x8400000f, 0xc4000010, 0x84000012, 0xc4000014,
	    0x80000000, 0x80000001, 0x80000002, 0x80008000, 0x80007fff, 0x80003fff,
	    0x86000000, 0xbf00ff01, 0x00000000, 0xffffffff, 0xc6000010, 0x82000000};
	uint64_t function = functions[random_word() % (sizeof(functions) / sizeof(functions[0]))];

	if (random_word() % 4 == 0)
		function |= random_value() << 32;
	if (random_word() & 1)
		(void)hypercall(function, random_value(), random_value(), random_value());
	else
		(void)secure_call(function, random_value(), random_value(), random_value());
}

static void random_instruction(void)
{
	uint64_t at = random_place();

	switch (random_word() % 8) {
	case 0:
		__asm__ volatile("hvc #0x1234" ::: "x0", "x1", "x2", "x3", "memory");
		break;
	case 1:
		__asm__ volatile("smc #0x4321" ::: "x0", "x1", "x2", "x3", "memory");
		break;
	case 2:
		__asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
		break;
	case 3:
		__asm__ volatile("dc ivac, %0" ::"r"(at) : "memory");
		break;
	case 4:
		__asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
		break;
	case 5:
		__asm__ volatile("ldxr x9, [%0]" ::"r"(at) : "x9", "memory");
		break;
	case 6:
		__asm__ volatile("tlbi vmalle1is\n\tdsb sy\n\tisb" ::: "memory");
		break;
	default:
		((void (*)(void))(at & ~3ull))();
		break;
	}
}

void guest_main(uint64_t tree)
{
	(void)tree;
	gic_start();
	interrupts_on();
	trap_expect();
	test("50,000 random accesses, registers, calls and instructions: the guest goes on");
	for (uint32_t i = 0; i < ROUNDS; i++) {
		switch (random_word() % 8) {
		case 0:
		case 1:
		case 2:
		case 3:
			random_access();
			break;
		case 4:
		case 5:
			random_register();
			break;
		case 6:
			random_call();
			break;
		default:
			random_instruction();
			break;
		}
	}
	interrupts_off();
	timer_stop();
	CHECK(trap_last.count > ROUNDS / 10);
	CHECK(trap_last.count < ROUNDS);

	test("after all that, devices and calls answer");
	CHECK(hypercall(PSCI_VERSION, 0, 0, 0) >= 0x10000);
	CHECK_EQUAL(read32(UART + 0xfe0), 0x11);
	write32(UART + 0x24, 0x4321);
	CHECK_EQUAL(read32(UART + 0x24), 0x4321);
	CHECK_EQUAL(read32(GICD + 0xffe8) >> 4 & 0xf, 3);
}
