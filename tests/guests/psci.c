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
#define PSCI_CPU_ON_32 0x84000003u
#define INVALID_ADDRESS ((uint64_t)-9)
#define ON 0ull
#define OFF 1ull
#define CONTEXT 0xfeedface12345678ull

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
	CHECK_EQUAL(call(PSCI_CPU_ON, 2, 0x80000000, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 0, 0, 0), 0);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 0, 1, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 2, 0, 0), INVALID_PARAMETERS);
}

static void test_unknown(call_type *call)
{
	static const uint64_t functions[] = {
	    0,		1,	    0x840000ff, 0xc40000ff, 0x04000000, 0x86000000,
	    0xbf00ff01, 0xffffffff, 0xc600ffff, 0x80000002, 0x84000005, 0x8400000e,
	    0x84000012, 0xc4000012, 0x84000013, 0x84000014, 0x84000050, 0x82000000,
	    0x83000000, 0x85000000, 0x8600ff01, 0xb2000000, 0xc5000020};

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

static volatile uint64_t context, state, mask, alive;
static volatile bool go_off;

void second_start(void);

void second_main(uint64_t argument)
{
	context = argument;
	state = READ_REGISTER(sctlr_el1) & 0x1005;
	mask = READ_REGISTER(daif);
	alive++;
	while (!go_off)
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
	alive = 100; /* CPU_OFF does not return */
}

static void test_refused_starts(call_type *call, uint64_t start)
{
	static const uint64_t nowhere[] = {0,	       0x09000000, 0x08000000,
					   0x7ffffffc, 1ull << 60, ~3ull};

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		CHECK_EQUAL(call(PSCI_CPU_ON, 1, nowhere[i], 0), INVALID_ADDRESS);
	CHECK_EQUAL(call(PSCI_CPU_ON, 1, start + 2, 0), INVALID_ADDRESS);
	CHECK_EQUAL(call(PSCI_CPU_ON, 1ull << 31 | 1, start, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(call(PSCI_CPU_ON, 0x101, start, 0), INVALID_PARAMETERS);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 1, 0, 0), OFF);
}

/* One life of the second vCPU, started by `function`. */
static void test_life(call_type *call, uint64_t function, uint64_t start, uint64_t expected)
{
	go_off = false;
	alive = 0;
	CHECK_EQUAL(call(function, 1, start, CONTEXT), SUCCESS);
	/* On, or about to be: never off again by itself. */
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 1, 0, 0) == OFF, false);
	CHECK_EQUAL(call(PSCI_CPU_ON, 1, start, 0), ALREADY_ON);
	while (!alive)
		(void)call(PSCI_VERSION, 0, 0, 0);
	CHECK_EQUAL(call(PSCI_AFFINITY_INFO, 1, 0, 0), ON);
	CHECK_EQUAL(call(PSCI_CPU_ON, 1, start, 0), ALREADY_ON);
	CHECK_EQUAL(context, expected);
	CHECK_EQUAL(state, 0); /* MMU and caches off */
	CHECK_EQUAL(mask, 0x3c0);
	go_off = true;
	while (call(PSCI_AFFINITY_INFO, 1, 0, 0) != OFF)
		;
	CHECK_EQUAL(alive, 1);
}

static void test_second(call_type *call)
{
	uint64_t start = (uint64_t)second_start;

	test_refused_starts(call, start);
	test_life(call, PSCI_CPU_ON, start, CONTEXT);
	test_life(call, PSCI_CPU_ON_32, start, (uint32_t)CONTEXT);
}

static void test_suspend(call_type *call)
{
	static const uint64_t refused[] = {1, 1u << 16, 1u << 16 | 7, 1u << 24, 3u << 24, 1u << 31};

	CHECK_EQUAL(call(PSCI_CPU_SUSPEND, 0, 0, 0), SUCCESS);
	CHECK_EQUAL(call(0x84000001, 0xffffffff00000000, 0, 0), SUCCESS);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		CHECK_EQUAL(call(PSCI_CPU_SUSPEND, refused[i], 0x80000000, 0), INVALID_PARAMETERS);
}

static void test_registers(void)
{
	uint64_t registers[30];

	test("a call changes x0 alone");
	registers_over_call(PSCI_VERSION, registers);
	for (uint64_t i = 1; i < 30; i++)
		CHECK_EQUAL(registers[i], i);
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
	test("a vCPU's life, and starts that are refused, by HVC");
	test_second(hypercall);
	test("a vCPU's life, and starts that are refused, by SMC");
	test_second(secure_call);
	test("standby returns, other states are refused");
	test_suspend(hypercall);
	test_suspend(secure_call);
	test_registers();
	test_widths();
	test_workarounds();
	test_immediates();
}
