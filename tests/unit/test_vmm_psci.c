/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/psci.c */
/* Firmware calls against Arm DEN 0022 and DEN 0028; numbers are written out, as a guest does. */
#include "services/vmm/arch/aarch64/psci.h"
#include "test.h"

static struct psci psci;

static void start(void)
{
	const uint32_t affinity[] = {0x0, 0x100, 0x01000002};

	psci_init(&psci, 3, affinity);
}

static struct psci_reply call(uint64_t function, uint64_t x1, uint64_t x2)
{
	return psci_call(&psci, function, x1, x2);
}

static int64_t answer(uint64_t function, uint64_t x1, uint64_t x2)
{
	struct psci_reply r = call(function, x1, x2);

	CHECK_EQ(r.action, PSCI_ANSWER);
	return r.result;
}

TEST(versions)
{
	start();
	CHECK_EQ(answer(0x84000000, 0, 0), 0x10001);
	CHECK_EQ(answer(0x80000000, 0, 0), 0x10001);
	CHECK_EQ(answer(0x84000006, 0, 0), 2);
}

TEST(features)
{
	start();
	CHECK_EQ(answer(0x8400000a, 0xc4000003, 0), 0);
	CHECK_EQ(answer(0x8400000a, 0xc4000001, 0), 0);
	CHECK_EQ(answer(0x8400000a, 0x84000008, 0), 0);
	CHECK_EQ(answer(0x8400000a, 0x80000000, 0), 0);
	CHECK_EQ(answer(0x8400000a, 0xc4000008, 0), -1); /* has no 64-bit form */
	CHECK_EQ(answer(0x8400000a, 0xc4000012, 0), -1); /* SYSTEM_RESET2 */
	CHECK_EQ(answer(0x80000001, 0x80000000, 0), 0);
	CHECK_EQ(answer(0x80000001, 0x80000002, 0), -1);
}

TEST(each_function_of_1_1_is_offered_or_not_supported)
{
	static const struct {
		uint32_t function;
		int feature;
	} all[] = {
	    {0x84000000, 0},  {0x84000001, 0},	{0xc4000001, 0},  {0x84000002, 0},
	    {0x84000003, 0},  {0xc4000003, 0},	{0x84000004, 0},  {0xc4000004, 0},
	    {0x84000005, -1}, {0xc4000005, -1}, {0x84000006, 0},  {0x84000007, -1},
	    {0xc4000007, -1}, {0x84000008, 0},	{0x84000009, 0},  {0x8400000a, 0},
	    {0x8400000b, -1}, {0x8400000c, -1}, {0xc400000c, -1}, {0x8400000d, -1},
	    {0xc400000d, -1}, {0x8400000e, -1}, {0xc400000e, -1}, {0x8400000f, -1},
	    {0x84000010, -1}, {0xc4000010, -1}, {0x84000011, -1}, {0xc4000011, -1},
	    {0x84000012, -1}, {0xc4000012, -1}, {0x84000013, -1}, {0x84000014, -1},
	    {0xc4000014, -1}, {0xc4000000, -1}, {0xc4000002, -1},
	};

	start();
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK_EQ(answer(0x8400000a, all[i].function, 0), all[i].feature);
		if (all[i].feature)
			CHECK_EQ(answer(all[i].function, 0, 0), -1);
	}
	CHECK_EQ(answer(0x80000001, 0x80000001, 0), 0);
	CHECK_EQ(answer(0x80000001, 0x80000002, 0), -1); /* SMCCC_ARCH_SOC_ID */
	CHECK_EQ(answer(0x80000002, 0, 0), -1);
}

TEST(unknown_calls)
{
	start();
	CHECK_EQ(answer(0x84000050, 0, 0), -1); /* TRNG_VERSION */
	CHECK_EQ(answer(0x8400000e, 0, 0), -1);
	CHECK_EQ(answer(0xffffffff, 0, 0), -1);
	CHECK_EQ(answer(0xc6000002, 0, 0), -1);
}

TEST(cpu_on)
{
	struct psci_reply r;

	start();
	r = call(0xc4000003, 0x100, 0x80001000);
	CHECK_EQ(r.action, PSCI_CPU_ON);
	CHECK_EQ(r.result, 1);
	CHECK_EQ(answer(0xc4000003, 0, 0x80001000), -4);
	psci_started(&psci, 1);
	CHECK_EQ(answer(0xc4000003, 0x100, 0x80001000), -4);
	psci_stopped(&psci, 1);
	CHECK_EQ(call(0xc4000003, 0x100, 0x80001000).action, PSCI_CPU_ON);
	psci.power[1] = PSCI_PENDING;
	CHECK_EQ(answer(0xc4000003, 0x100, 0x80001000), -5);
}

TEST(cpu_on_names_an_affinity)
{
	start();
	CHECK_EQ(answer(0xc4000003, 1, 0x80001000), -2);
	CHECK_EQ(answer(0xc4000003, 0x80000100, 0x80001000), -2); /* MPIDR's RES1 bit */
	CHECK_EQ(answer(0xc4000003, 0x10000000100, 0x80001000), -2);
	CHECK_EQ(call(0xc4000003, 0x0100000002, 0x80001000).result, 2); /* Aff3 */
}

TEST(the_32_bit_form_has_32_bit_arguments)
{
	struct psci_start r = psci_start(0x84000003, 0xffffffff80001000, 0xffffffff00000007);

	start();
	CHECK_EQ(r.entry, 0x80001000);
	CHECK_EQ(r.context, 7);
	CHECK_EQ(call(0x84000003, 0xffffffff00000100, 0).action, PSCI_CPU_ON);
	r = psci_start(0xc4000003, 0xffffffff80001000, 0xffffffff00000007);
	CHECK_EQ(r.entry, 0xffffffff80001000);
	CHECK_EQ(r.context, 0xffffffff00000007);
}

TEST(affinity_info)
{
	start();
	CHECK_EQ(answer(0xc4000004, 0, 0), 0);
	CHECK_EQ(answer(0xc4000004, 0x100, 0), 1);
	psci_started(&psci, 1);
	CHECK_EQ(answer(0xc4000004, 0x100, 0), 0);
	CHECK_EQ(answer(0xc4000004, 5, 0), -2);
	CHECK_EQ(answer(0xc4000004, 0, 1), -2);
}

TEST(cpu_suspend)
{
	start();
	CHECK_EQ(answer(0xc4000001, 0, 0), 0);
	CHECK_EQ(answer(0x84000001, 0xffffffff00000000, 0), 0);
	CHECK_EQ(answer(0xc4000001, 0x10000, 0x80001000), -2); /* power down */
	CHECK_EQ(answer(0xc4000001, 0x10000, 1), -2);
	CHECK_EQ(answer(0xc4000001, 0x1000000, 0), -2);	 /* standby of a cluster */
	CHECK_EQ(answer(0xc4000001, 1, 0), -2);		 /* a StateID nobody told of */
	CHECK_EQ(answer(0xc4000001, 0x80000000, 0), -2); /* reserved, or the extended format */
}

TEST(what_ends_something)
{
	start();
	CHECK_EQ(call(0x84000002, 0, 0).action, PSCI_CPU_OFF);
	CHECK_EQ(call(0x84000008, 0, 0).action, PSCI_SYSTEM_OFF);
	CHECK_EQ(call(0x84000009, 0, 0).action, PSCI_SYSTEM_RESET);
}

TEST(below_2_31_are_hypercalls)
{
	start();
	CHECK_EQ(call(0, 0, 0).action, PSCI_HYPERCALL);
	CHECK_EQ(call(7, 0, 0).result, -1); /* if it cannot be one */
	CHECK_EQ(call(0x7fffffff, 0, 0).action, PSCI_HYPERCALL);
	CHECK_EQ(call(0xffffffff00000003, 0, 0).action, PSCI_HYPERCALL);
	CHECK_EQ(answer(0x80000003, 0, 0), -1);
}

TEST(our_own_calls)
{
	start();
	CHECK_EQ(call(0xc6000000, 3, 0).action, PSCI_GUEST_EXIT);
	CHECK_EQ(call(0xc6000001, 'x', 0).action, PSCI_GUEST_PRINT);
}
