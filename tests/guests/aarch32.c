/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL0 in AArch32 is not shown by the ID registers, but a core that has it cannot be kept from
 * entering it: it must be safe. Devices answer it, what it may not do is the guest's exception, and
 * the guest goes on. Where the core has it not, the return to it is an illegal one.
 */
#include "guest.h"

#define USER 0x1d0ull /* User mode in AArch32; A, I, F masked */
#define THUMB (1ull << 5)
#define CLASS(syndrome) ((syndrome) >> 26)
#define CLASS_ILLEGAL 0x0eu
#define CLASS_DATA 0x24u /* from a lower level */
#define NONE 0xdeadu
#define UARTID (UART + 0xfe0)
#define CNTKCTL_EL0PTEN (1ull << 9)
#define CNTKCTL_EL0VCTEN (1ull << 1)

/* A32; each ends with SVC, its result in r0. */
#define SVC 0xef000000
#define MOV_R0_R1 0xe1a00001
#define PROGRAM(name, ...) \
	static const uint32_t name[] __attribute__((aligned(8))) = {__VA_ARGS__, SVC}
PROGRAM(number, 0xe3a00005);				/* mov r0, #5 */
PROGRAM(load, 0xe5901000, MOV_R0_R1);			/* ldr r1, [r0] */
PROGRAM(load_byte, 0xe1d010d0, MOV_R0_R1);		/* ldrsb r1, [r0] */
PROGRAM(store, 0xe3a010c8, 0xe5801000, 0xe5900000);	/* mov r1, #200; str; ldr */
PROGRAM(load_post, 0xe3a01009, 0xe4901004, MOV_R0_R1);	/* mov r1, #9; ldr r1, [r0], #4 */
PROGRAM(load_pair, 0xe3a02009, 0xe1c020d0, 0xe1a00002); /* mov r2, #9; ldrd r2, [r0] */
PROGRAM(processor, 0xee100f10);				/* mrc p15, 0, r0, c0, c0, 0 */
PROGRAM(counter_control, 0xee190f1c);			/* PMCR: mrc p15, 0, r0, c9, c12, 0 */
PROGRAM(timer_control, 0xee1e0f32);			/* CNTP_CTL: mrc p15, 0, r0, c14, c2, 1 */
PROGRAM(timer_compare, 0xec510f2e);			/* CNTP_CVAL: mrrc p15, 2, r0, r1, c14 */
PROGRAM(count, 0xec510f1e);				/* CNTVCT: mrrc p15, 1, r0, r1, c14 */
PROGRAM(debug_status, 0xee100e11);			/* DBGDSCRint: mrc p14, 0, r0, c0, c1, 0 */
PROGRAM(call_hypervisor, 0xe1400070);			/* hvc #0 */
PROGRAM(undefined, 0xe7f000f0);				/* udf #0 */
PROGRAM(nowhere, 0xe5901000);				/* ldr r1, [r0] */
/* T32: movs r2, #0; ite eq; ldreq r1, [r0]; movne r1, #9; mov r0, r1; svc #0 */
static const uint16_t block[]
    __attribute__((aligned(8))) = {0x2200, 0xbf0c, 0x6801, 0x2109, 0x4608, 0xdf00};

static bool missing;

bool guest_exception(uint64_t kind, struct frame *f)
{
	(void)kind;
	if (CLASS(READ_REGISTER(esr_el1)) != CLASS_ILLEGAL)
		return false;
	missing = true;
	f->pc = (uint64_t)el0_return;
	f->status = 0x345;
	return true;
}

static uint64_t user(const void *program, uint64_t argument)
{
	trap_expect();
	return el0_run((uint64_t)program, USER, argument) & 0xffffffff;
}

static void test_devices(void)
{
	test("loads and stores of devices");
	CHECK_EQUAL(user(load, UARTID), read32(UARTID));
	CHECK_EQUAL(user(load, GICD + 4), read32(GICD + 4));
	CHECK_EQUAL(user(store, UART + 0x24), 200);
	CHECK_EQUAL(user(load_byte, UART + 0x24), 0xffffffc8);
	CHECK_NO_TRAP();
	test("a load in an IT block: the block goes on behind it");
	trap_expect();
	CHECK_EQUAL(el0_run((uint64_t)block, USER | THUMB, UARTID) & 0xffffffff, read32(UARTID));
	CHECK_NO_TRAP();
	test("what the hardware does not decode is an abort");
	CHECK_EQUAL(user(load_post, UARTID), 9);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_DATA);
	CHECK_EQUAL(user(load_pair, UARTID), 9);
	CHECK_EQUAL(trap_last.count, 1);
	test("a load from nowhere is an abort");
	(void)user(nowhere, 0x0c000000);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK_EQUAL(CLASS(trap_last.syndrome), CLASS_DATA);
	CHECK_EQUAL(trap_last.address, 0x0c000000);
}

/* The guest is told of an instruction that trapped, or that is undefined; nothing else happens. */
static void refused(const void *program)
{
	(void)user(program, NONE);
	CHECK_EQUAL(trap_last.count, 1);
	CHECK(CLASS(trap_last.syndrome) <= 8);
}

static void test_coprocessors(void)
{
	test("coprocessor registers of others are the guest's exception");
	WRITE_REGISTER(cntkctl_el1, CNTKCTL_EL0PTEN | CNTKCTL_EL0VCTEN);
	refused(processor);
	refused(counter_control);
	refused(timer_control);
	refused(timer_compare);
	refused(call_hypervisor);
	refused(undefined);
	(void)user(debug_status, NONE);
	CHECK(trap_last.count <= 1);
	test("the counter can be read where EL1 says so");
	CHECK(user(count, NONE) != NONE);
	CHECK_NO_TRAP();
	WRITE_REGISTER(cntkctl_el1, 0);
	refused(count);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("AArch32 is entered and left, or is an illegal return");
	CHECK_EQUAL(READ_REGISTER(id_aa64pfr0_el1) & 0xf, 1);
	if (user(number, NONE) == 5 && !missing) {
		CHECK_NO_TRAP();
		test_devices();
		test_coprocessors();
	} else {
		CHECK(missing);
	}
	test("EL1 goes on");
	CHECK(hypercall(PSCI_VERSION, 0, 0, 0) >= 0x10000);
	CHECK_EQUAL(READ_REGISTER(CurrentEL), 1u << 2);
}
