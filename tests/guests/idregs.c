/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ID registers are honest: what they show works, what they hide is undefined, and none of them
 * can be written.
 */
#include "guest.h"

#define FIELD(name, shift) (READ_REGISTER(name) >> (shift)&0xf)

#define READ_ALL_OF(crm)                                 \
	do {                                             \
		(void)READ_REGISTER(S3_0_C0_C##crm##_0); \
		(void)READ_REGISTER(S3_0_C0_C##crm##_1); \
		(void)READ_REGISTER(S3_0_C0_C##crm##_2); \
		(void)READ_REGISTER(S3_0_C0_C##crm##_3); \
		(void)READ_REGISTER(S3_0_C0_C##crm##_4); \
		(void)READ_REGISTER(S3_0_C0_C##crm##_5); \
		(void)READ_REGISTER(S3_0_C0_C##crm##_6); \
		(void)READ_REGISTER(S3_0_C0_C##crm##_7); \
	} while (0)

#define RUN(instruction)                                                                \
	do {                                                                            \
		trap_expect();                                                          \
		__asm__ volatile(".arch armv8.5-a+crypto+sve+memtag\n\t" instruction :: \
				     : "x9", "x10", "x11", "memory");                   \
	} while (0)

/* It runs if the field shows it; what the field hides may still run, if nothing can trap it. */
#define SHOWN(field, instruction)         \
	do {                              \
		if (field) {              \
			RUN(instruction); \
			CHECK_NO_TRAP();  \
		}                         \
	} while (0)

/* Fields that stand for what has no instruction of its own, by what they allow. */
static void test_uses(void)
{
	uint64_t value;

	test("ASIDBits: TTBR0_EL1 keeps as many bits");
	WRITE_REGISTER(tcr_el1, 1ull << 36); /* AS */
	WRITE_REGISTER(ttbr0_el1, 0xffffull << 48);
	value = READ_REGISTER(ttbr0_el1) >> 48;
	CHECK(FIELD(id_aa64mmfr0_el1, 4) == 2 ? value == 0xffff : (value & 0xff) == 0xff);
	WRITE_REGISTER(ttbr0_el1, 0);
	WRITE_REGISTER(tcr_el1, 0);
	test("BigEnd: data of EL1 can be big-endian");
	if (FIELD(id_aa64mmfr0_el1, 8)) {
		static volatile uint32_t word = 0x11223344;

		__asm__ volatile(
		    "mrs x9, sctlr_el1\n\torr x10, x9, #(1 << 25)\n\tmsr sctlr_el1, x10\n\tisb\n\t"
		    "ldr %w0, [%1]\n\tmsr sctlr_el1, x9\n\tisb"
		    : "=&r"(value)
		    : "r"(&word)
		    : "x9", "x10", "memory");
		CHECK_EQUAL(value, 0x44332211);
	}
	test("debug and physical timer have registers; virtualization's and the debug channel's "
	     "are quiet");
	trap_expect();
	CHECK_EQUAL(READ_REGISTER(mdccsr_el0), 0);
	(void)READ_REGISTER(cntp_ctl_el0);
	CHECK_NO_TRAP();
	test("52-bit addresses are not shown");
	CHECK(FIELD(id_aa64mmfr0_el1, 28) == 0 || FIELD(id_aa64mmfr0_el1, 28) == 15);
	CHECK(FIELD(id_aa64mmfr0_el1, 20) <= 1);
	CHECK_EQUAL(FIELD(id_aa64mmfr0_el1, 40) | FIELD(id_aa64mmfr0_el1, 32), 0);
}

static void test_reads(void)
{
	test("every ID register can be read, those without a meaning too");
	trap_expect();
	READ_ALL_OF(1);
	READ_ALL_OF(2);
	READ_ALL_OF(3);
	READ_ALL_OF(4);
	READ_ALL_OF(5);
	READ_ALL_OF(6);
	READ_ALL_OF(7);
	(void)READ_REGISTER(midr_el1);
	(void)READ_REGISTER(revidr_el1);
	(void)READ_REGISTER(ctr_el0);
	(void)READ_REGISTER(dczid_el0);
	(void)READ_REGISTER(clidr_el1);
	(void)READ_REGISTER(ccsidr_el1);
	CHECK_NO_TRAP();
	test("this is vCPU 0 of a machine of several");
	CHECK_EQUAL(READ_REGISTER(mpidr_el1), 0x80000000);
	test("writing one is undefined");
	trap_expect();
	__asm__ volatile("msr S3_0_C0_C4_0, xzr");
	CHECK_UNDEFINED();
	trap_expect();
	__asm__ volatile("msr S3_0_C0_C0_5, xzr");
	CHECK_UNDEFINED();
}

static void test_levels(void)
{
	test("EL0 and EL1 in AArch64 alone, no EL2, no EL3");
	CHECK_EQUAL(READ_REGISTER(id_aa64pfr0_el1) & 0xffff, 0x0011);
	CHECK_EQUAL(READ_REGISTER(CurrentEL), 1u << 2);
	trap_expect();
	(void)READ_REGISTER(hcr_el2);
	CHECK_UNDEFINED();
	trap_expect();
	(void)READ_REGISTER(vttbr_el2);
	CHECK_UNDEFINED();
	trap_expect();
	WRITE_REGISTER(sctlr_el2, 0);
	CHECK_UNDEFINED();
	trap_expect();
	(void)READ_REGISTER(scr_el3);
	CHECK_UNDEFINED();
	trap_expect();
	__asm__ volatile("tlbi alle1");
	CHECK_UNDEFINED();
	test("AArch32 identification reads as nothing");
	trap_expect();
	CHECK_EQUAL(READ_REGISTER(S3_0_C0_C1_0), 0);
	CHECK_EQUAL(READ_REGISTER(S3_0_C0_C2_0), 0);
	CHECK_NO_TRAP();
}

static void test_shown(void)
{
	test("instructions that are shown run");
	trap_expect();
	SHOWN(FIELD(id_aa64isar0_el1, 4) >= 1, "aese v0.16b, v1.16b");
	SHOWN(FIELD(id_aa64isar0_el1, 8) >= 1, "sha1h s0, s1");
	SHOWN(FIELD(id_aa64isar0_el1, 12) >= 1, "sha256h q0, q1, v2.4s");
	SHOWN(FIELD(id_aa64isar0_el1, 16) >= 1, "crc32x w9, w10, x11");
	SHOWN(FIELD(id_aa64isar0_el1, 20) >= 2,
	      "sub sp, sp, #16\n\tldadd x9, x10, [sp]\n\tadd sp, sp, #16");
	SHOWN(FIELD(id_aa64isar0_el1, 52) >= 1, "cfinv");
	SHOWN(FIELD(id_aa64isar0_el1, 60) >= 1, "mrs x9, S3_3_C2_C4_0"); /* RNDR */
	SHOWN(FIELD(id_aa64mmfr1_el1, 20) >= 1, "mrs x9, S3_0_C4_C2_3"); /* PAN */
	SHOWN(FIELD(id_aa64mmfr2_el1, 4) >= 1, "mrs x9, S3_0_C4_C2_4");	 /* UAO */
	SHOWN(FIELD(id_aa64pfr0_el1, 48) >= 1, "mrs x9, S3_3_C4_C2_5");	 /* DIT */
	SHOWN(FIELD(id_aa64pfr1_el1, 4) >= 2, "mrs x9, S3_3_C4_C2_6");	 /* SSBS */
	SHOWN(FIELD(id_aa64pfr0_el1, 16) != 15, "fadd d0, d1, d2");
	SHOWN(FIELD(id_aa64pfr0_el1, 20) != 15, "add v0.4s, v1.4s, v2.4s");
	SHOWN(FIELD(id_aa64pfr0_el1, 24) >= 1, "mrs x9, S3_0_C4_C6_0"); /* GIC system registers */
	test("the block that DC ZVA zeroes is as DCZID_EL0 says");
	CHECK((READ_REGISTER(dczid_el0) & 0xf) <= 9);
}

#define HIDDEN(name)                                        \
	do {                                                \
		trap_expect();                              \
		__asm__ volatile("mrs x9, " name ::: "x9"); \
		CHECK_UNDEFINED();                          \
	} while (0)

static void test_hidden(void)
{
	test("statistical profiling and trace are hidden, and undefined");
	CHECK_EQUAL(FIELD(id_aa64dfr0_el1, 32), 0);
	HIDDEN("S3_0_C9_C9_0");	 /* PMSCR_EL1 */
	HIDDEN("S3_0_C9_C10_0"); /* PMBLIMITR_EL1 */
	CHECK_EQUAL(FIELD(id_aa64dfr0_el1, 4), 0);
	HIDDEN("S2_1_C0_C1_0"); /* TRCPRGCTLR */
	test("RAS is hidden, and undefined");
	CHECK_EQUAL(FIELD(id_aa64pfr0_el1, 28), 0);
	HIDDEN("S3_0_C5_C3_0"); /* ERRIDR_EL1 */
	HIDDEN("S3_0_C5_C4_0"); /* ERXFR_EL1 */
	test("the vector length extensions are hidden, and undefined");
	CHECK_EQUAL(FIELD(id_aa64pfr0_el1, 32), 0);
	/* Where the core has them, EL1's own CPACR_EL1.ZEN comes first. */
	RUN("mrs x9, S3_0_C1_C2_0"); /* ZCR_EL1 */
	CHECK_EQUAL(trap_last.count, 1);
	CHECK(trap_last.syndrome >> 26 == 0 || trap_last.syndrome >> 26 == 0x19);
	RUN("rdvl x9, #1");
	CHECK_EQUAL(trap_last.count, 1);
	CHECK(trap_last.syndrome >> 26 == 0 || trap_last.syndrome >> 26 == 0x19);
	test("pointer authentication is hidden, its keys undefined, its hints do nothing");
	CHECK_EQUAL(READ_REGISTER(id_aa64isar1_el1) & 0xff000ff0, 0);
	HIDDEN("S3_0_C2_C1_0"); /* APIAKeyLo_EL1 */
	trap_expect();
	__asm__ volatile("mov x30, %0\n\thint #25\n\thint #29" ::"r"(0x80001234ull)
			 : "x30"); /* PACIASP, AUTIASP */
	CHECK_NO_TRAP();
	test("memory tags are hidden, and undefined");
	CHECK_EQUAL(FIELD(id_aa64pfr1_el1, 8), 0);
	HIDDEN("S3_0_C1_C0_5"); /* RGSR_EL1 */
	HIDDEN("S3_0_C1_C0_6"); /* GCR_EL1 */
	test("limited ordering regions are hidden, and undefined");
	CHECK_EQUAL(FIELD(id_aa64mmfr1_el1, 16), 0);
	HIDDEN("S3_0_C10_C4_0"); /* LORSA_EL1 */
	test("a write of a register of the implementation is undefined, or changes nothing");
	trap_expect();
	uint64_t before = READ_REGISTER(S3_1_C15_C2_0);
	WRITE_REGISTER(S3_1_C15_C2_0, ~before);
	CHECK(trap_last.count == 2 || READ_REGISTER(S3_1_C15_C2_0) == before);
}

#define TOUCH(name)                                  \
	do {                                         \
		trap_expect();                       \
		WRITE_REGISTER(name, 0);             \
		CHECK_EQUAL(READ_REGISTER(name), 0); \
		CHECK_NO_TRAP();                     \
	} while (0)

static void test_debug(void)
{
	uint64_t debug = READ_REGISTER(id_aa64dfr0_el1);
	uint64_t breakpoints = (debug >> 12 & 0xf) + 1, watchpoints = (debug >> 20 & 0xf) + 1;

	test("debug registers are as many as shown, and no others");
	CHECK_EQUAL(debug & 0xf, 6);
	TOUCH(mdscr_el1);
	TOUCH(dbgbvr0_el1);
	TOUCH(dbgbcr1_el1);
	TOUCH(dbgwvr1_el1);
	trap_expect();
	(void)READ_REGISTER(oslsr_el1);
	CHECK_NO_TRAP();
	if (breakpoints > 5)
		TOUCH(dbgbvr5_el1);
	else
		HIDDEN("dbgbvr5_el1");
	if (watchpoints > 3)
		TOUCH(dbgwvr3_el1);
	else
		HIDDEN("dbgwvr3_el1");
	if (breakpoints < 16)
		HIDDEN("dbgbcr15_el1");
	if (watchpoints < 16)
		HIDDEN("dbgwcr15_el1");
	CHECK((debug >> 28 & 0xf) < breakpoints);
	test("performance monitors are there if they are shown, else undefined");
	if (debug >> 8 & 0xf) {
		TOUCH(pmcntenclr_el0);
		TOUCH(pmevcntr0_el0);
		TOUCH(pmuserenr_el0);
	} else {
		HIDDEN("pmcr_el0");
		HIDDEN("pmccntr_el0");
	}
	test("granules and sizes are some that there are");
	CHECK((READ_REGISTER(id_aa64mmfr0_el1) & 0xf) <= 5);
	CHECK_EQUAL(FIELD(id_aa64mmfr0_el1, 28), 0); /* 4 KiB */
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test_reads();
	test_levels();
	test_shown();
	test_uses();
	test_hidden();
	test_debug();
}
