/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/sysreg.c */
/* What a guest finds in registers that trap. Field positions: Arm DDI 0487, D17.2. */
#include <string.h>

#include "services/vmm/arch/aarch64/sysreg.h"
#include "test.h"

static struct sysreg s;

static void start(uint64_t fill, uint32_t bits)
{
	uint64_t host[SYSREG_IDS];

	for (unsigned int i = 0; i < SYSREG_IDS; i++)
		host[i] = fill;
	sysreg_init(&s, host, bits);
}

static uint64_t id(unsigned int crm, unsigned int op2)
{
	uint64_t value = 99;

	CHECK(sysreg_access(&s, 0, SYSREG(3, 0, 0, crm, op2), false, &value));
	return value;
}

static unsigned int field(uint64_t value, unsigned int shift)
{
	return value >> shift & 0xf;
}

TEST(a_core_with_everything_shows_what_the_vm_has)
{
	start(~0ull, 39);
	CHECK_EQ(field(id(4, 0), 0), 1);   /* EL0: AArch64 */
	CHECK_EQ(field(id(4, 0), 4), 1);   /* EL1 */
	CHECK_EQ(field(id(4, 0), 8), 0);   /* EL2 */
	CHECK_EQ(field(id(4, 0), 12), 0);  /* EL3 */
	CHECK_EQ(field(id(4, 0), 24), 1);  /* GIC */
	CHECK_EQ(field(id(4, 0), 28), 0);  /* RAS */
	CHECK_EQ(field(id(4, 0), 32), 0);  /* SVE */
	CHECK_EQ(field(id(4, 0), 44), 0);  /* AMU */
	CHECK_EQ(field(id(4, 0), 56), 1);  /* CSV2: without SCXTNUM_EL1 */
	CHECK_EQ(field(id(4, 1), 8), 0);   /* MTE */
	CHECK_EQ(field(id(4, 1), 24), 0);  /* SME */
	CHECK_EQ(field(id(5, 0), 0), 6);   /* DebugVer */
	CHECK_EQ(field(id(5, 0), 8), 0);   /* PMUVer */
	CHECK_EQ(field(id(5, 0), 12), 15); /* BRPs: as the core */
	CHECK_EQ(field(id(6, 0), 20), 15); /* Atomic: as the core */
	CHECK_EQ(field(id(6, 0), 24), 0);  /* TME */
	CHECK_EQ(field(id(6, 1), 4), 0);   /* APA */
	CHECK_EQ(field(id(6, 1), 28), 0);  /* GPI */
	CHECK_EQ(field(id(7, 1), 0), 2);   /* HAFDBS: without TCR2_EL1 */
	CHECK_EQ(field(id(7, 1), 8), 0);   /* VH */
	CHECK_EQ(field(id(7, 1), 16), 0);  /* LO */
	CHECK_EQ(field(id(7, 2), 16), 1);  /* VARange */
	CHECK_EQ(field(id(7, 2), 24), 0);  /* NV */
	for (unsigned int op2 = 0; op2 < 8; op2++)
		CHECK_EQ(id(1, op2) | id(2, op2) | id(3, op2), 0);
	CHECK_EQ(id(4, 4), 0); /* ZFR0 */
	CHECK_EQ(id(5, 4), 0); /* AFR0 */
}

TEST(a_core_with_nothing_gains_nothing)
{
	start(0, 48);
	CHECK_EQ(id(4, 0), 0x01000011);
	CHECK_EQ(id(6, 0), 0);
	CHECK_EQ(id(7, 0), 0);
}

TEST(no_fp_stays_no_fp)
{
	start(0x0000000000ff0000ull, 39);
	CHECK_EQ(field(id(4, 0), 16), 15);
	CHECK_EQ(field(id(4, 0), 20), 15);
}

TEST(pa_range_is_what_both_can)
{
	const struct {
		uint64_t host;
		uint32_t bits;
		unsigned int range;
	} cases[] = {{4, 39, 1}, {4, 40, 2}, {4, 48, 4}, {1, 48, 1}, {5, 44, 4}, {2, 32, 0}};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(cases[i].host, cases[i].bits);
		CHECK_EQ(field(id(7, 0), 0), cases[i].range);
	}
}

TEST(id_registers_cannot_be_written)
{
	uint64_t value = 0;

	start(~0ull, 39);
	CHECK(!sysreg_access(&s, 0, SYSREG(3, 0, 0, 4, 0), true, &value));
	CHECK(!sysreg_access(&s, 0, SYSREG(3, 1, 0, 0, 7), true, &value)); /* AIDR_EL1 */
	CHECK(sysreg_access(&s, 0, SYSREG(3, 1, 0, 0, 7), false, &value));
}

TEST(os_lock)
{
	uint64_t value = 0;

	start(0, 39);
	CHECK(sysreg_access(&s, 1, SYSREG(2, 0, 1, 1, 4), false, &value));
	CHECK_EQ(value, 0xa);
	value = 0;
	CHECK(sysreg_access(&s, 1, SYSREG(2, 0, 1, 0, 4), true, &value));
	CHECK(sysreg_access(&s, 1, SYSREG(2, 0, 1, 1, 4), false, &value));
	CHECK_EQ(value, 0x8);
	CHECK(sysreg_access(&s, 0, SYSREG(2, 0, 1, 1, 4), false, &value));
	CHECK_EQ(value, 0xa);
	CHECK(!sysreg_access(&s, 0, SYSREG(2, 0, 1, 0, 4), false, &value));
	CHECK(!sysreg_access(&s, 0, SYSREG(2, 0, 1, 1, 4), true, &value));
	sysreg_reset(&s, 1);
	CHECK(sysreg_access(&s, 1, SYSREG(2, 0, 1, 1, 4), false, &value));
	CHECK_EQ(value, 0xa);
}

TEST(what_the_kernel_has_is_not_here)
{
	uint64_t value = 1;

	start(0, 39);
	CHECK(!sysreg_access(&s, 0, SYSREG(2, 0, 0, 2, 2), true, &value)); /* MDSCR_EL1 */
	CHECK(!sysreg_access(&s, 0, SYSREG(2, 0, 0, 1, 5), true, &value)); /* DBGBCR1_EL1 */
	CHECK(sysreg_access(&s, 0, SYSREG(2, 3, 0, 1, 0), false, &value)); /* MDCCSR_EL0 */
	CHECK_EQ(value, 0);
}

TEST(granules_are_without_52_bits)
{
	start(1ull << 28 | 2ull << 20, 39);
	CHECK_EQ(field(id(7, 0), 28), 0);
	CHECK_EQ(field(id(7, 0), 20), 1);
	start(15ull << 28 | 15ull << 24, 39);
	CHECK_EQ(field(id(7, 0), 28), 15);
	CHECK_EQ(field(id(7, 0), 24), 15);
}

TEST(monitors_are_as_many_as_the_core_has)
{
	start(0x4321 << 8, 39);
	CHECK_EQ(field(id(5, 0), 8), 1);
	CHECK_EQ(field(id(5, 0), 12), 2);
	CHECK_EQ(field(id(5, 0), 20), 4);
	start(8 << 8, 39);
	CHECK_EQ(field(id(5, 0), 8), 6);
	start(0, 39);
	CHECK_EQ(field(id(5, 0), 8), 0);
}

TEST(set_and_way_are_writes)
{
	uint64_t value = 0;

	start(0, 39);
	CHECK(sysreg_access(&s, 0, SYSREG(1, 0, 7, 6, 2), true, &value));
	CHECK(sysreg_access(&s, 0, SYSREG(1, 0, 7, 14, 2), true, &value));
	CHECK(!sysreg_access(&s, 0, SYSREG(1, 0, 7, 6, 2), false, &value));
}

TEST(the_rest_is_undefined)
{
	uint64_t value = 0;

	start(~0ull, 39);
	CHECK(!sysreg_access(&s, 0, SYSREG(3, 3, 14, 2, 1), false,
			     &value)); /* CNTP_CTL_EL0: ptimer.c */
	CHECK(!sysreg_access(&s, 0, SYSREG(3, 3, 9, 12, 0), false, &value)); /* PMCR_EL0 */
	CHECK(!sysreg_access(&s, 0, SYSREG(3, 1, 15, 2, 0), true, &value));  /* of some core */
	CHECK(sysreg_access(&s, 0, SYSREG(3, 0, 1, 0, 1), true, &value));    /* ACTLR_EL1 */
}

TEST(any_register_number_is_legal_input)
{
	start(~0ull, 39);
	for (int i = 0; i < 200000; i++) {
		uint64_t value = test_random();

		sysreg_access(&s, (unsigned int)(value & 7), (uint32_t)test_random(),
			      value >> 8 & 1, &value);
	}
	for (uint32_t reg = 0; reg < 1u << 22; reg++) {
		uint64_t value = 0;

		sysreg_access(&s, 7, reg, false, &value);
	}
}

TEST(names)
{
	char name[24];

	sysreg_name(SYSREG(3, 0, 15, 2, 1), name);
	CHECK_EQ(strcmp(name, "s3_0_c15_c2_1"), 0);
	sysreg_name(0xffffffff, name);
	CHECK_EQ(strcmp(name, "s3_7_c15_c15_7"), 0);
}
