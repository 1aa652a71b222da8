/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI 1.x and the SMC calling convention, by HVC and by SMC (Arm DEN 0022, DEN 0028). */
#include "guest.h"

#define SUCCESS 0ull
#define NOT_SUPPORTED ((uint64_t)-1)
#define INVALID_PARAMETERS ((uint64_t)-2)
#define ALREADY_ON ((uint64_t)-4)
#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_WORKAROUND_1 0x80008000u
#define PSCI_FEATURES 0x8400000au
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_CPU_SUSPEND 0xc4000001u
#define PSCI_SYSTEM_RESET 0x84000009u

typedef uint64_t call_type(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

static void test_call(call_type *call)
{
	static const uint32_t offered[] = {PSCI_VERSION,       PSCI_CPU_OFF,	 PSCI_CPU_ON,
					   PSCI_AFFINITY_INFO, PSCI_SYSTEM_OFF,	 PSCI_SYSTEM_RESET,
					   PSCI_FEATURES,      PSCI_CPU_SUSPEND, SMCCC_VERSION};
	uint64_t version = call(PSCI_VERSION, 0, 0, 0);

	CHECK(version >= 0x10000 && version < 0x20000);
	version = call(SMCCC_VERSION, 0, 0, 0);
	CHECK(version >= 0x10001 && version < 0x20000);
	for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
		CHECK_EQUAL(call(PSCI_FEATURES, offered[i], 0, 0), SUCCESS);
	CHECK_EQUAL(call(PSCI_FEATURES, 0x840000ff, 0, 0), NOT_SUPPORTED);
	CHECK_EQUAL(call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
	CHECK_EQUAL(call(PSCI_CPU_SUSPEND, 0, 0, 0), SUCCESS);
	CHECK_EQUAL(call(PSCI_CPU_SUSPEND, 1u << 16, 0x80000000, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(call(PSCI_CPU_ON, 0, 0x80000000, 0), ALREADY_ON);
	CHECK_EQUAL(call(PSCI_CPU_ON, 1, 0x80000000, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 0, 0, 0), 0);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 0, 1, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 1, 0, 0), INVALID_PARAMETERS);
}

static void test_unknown(call_type *call)
{
	static const uint64_t functions[] = {0,		 1,	     0x840000ff,
					     0xc40000ff, 0x04000000, 0x86000000,
					     0xbf00ff01, 0xffffffff, 0xc600ffff};

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		CHECK_EQUAL(call(functions[i], ~0ull, ~0ull, ~0ull), NOT_SUPPORTED);
}

static void test_widths(void)
{
	test("a 32-bit function looks at w registers alone");
	CHECK(hypercall(0xffffffff00000000ull | PSCI_VERSION, 0, 0, 0) < 0x20000);
	CHECK_EQUAL(hypercall(0x84000004, 0xabcdef0000000000, 0xffffffff00000000, 0), 0);
	test("a 64-bit function looks at all of x1");
	CHECK_EQUAL(hypercall(PSCI_AFFINITY_INFO, 0x0100000000000000, 0, 0), INVALID_PARAMETERS);
}

static void test_workarounds(void)
{
	test("a workaround call returns, and what it is asked of features is a plain answer");
	(void)hypercall(SMCCC_WORKAROUND_1, 0, 0, 0);
	(void)secure_call(SMCCC_WORKAROUND_1, 0, 0, 0);
	CHECK_EQUAL(hypercall(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), SUCCESS);
	CHECK((int32_t)hypercall(SMCCC_ARCH_FEATURES, SMCCC_WORKAROUND_1, 0, 0) >= -1);
	CHECK_EQUAL(hypercall(SMCCC_ARCH_FEATURES, 0x80001234, 0, 0), NOT_SUPPORTED);
}

static void test_immediates(void)
{
	register uint64_t x0 __asm__("x0") = PSCI_VERSION;

	test("a call with an immediate other than 0 leaves the guest running");
	trap_expect();
	__asm__ volatile("hvc #1" : "+r"(x0)::"x1", "x2", "x3", "memory");
	CHECK(trap_last.count == 0 || trap_last.syndrome >> 26 == 0);
	trap_expect();
	__asm__ volatile("smc #0xffff" : "+r"(x0)::"x1", "x2", "x3", "memory");
	CHECK(trap_last.count == 0 || trap_last.syndrome >> 26 == 0);
}

void guest_main(uint64_t tree)
{
	(void)tree;
	test("the functions there must be, by HVC");
	test_call(hypercall);
	test("the functions there must be, by SMC");
	test_call(secure_call);
	test("unknown functions are not supported, by HVC");
	test_unknown(hypercall);
	test("unknown functions are not supported, by SMC");
	test_unknown(secure_call);
	test_widths();
	test_workarounds();
	test_immediates();
}
