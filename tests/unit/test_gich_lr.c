/* SPDX-License-Identifier: BSD-2-Clause */
/* List registers of a GICv3 (IHI 0069, ICH_LR<n>_EL2) and of a GICv2 (IHI 0048B, GICH_LR<n>). */
#include "kernel/abi.h"
#include "kernel/arch/aarch64/el2.h"
#include "kernel/arch/aarch64/gicv2/gic_core.h"
#include "test.h"

/* The fields of GICH_LR by the manual's table. */
static uint32_t v2(uint32_t hw, uint32_t group1, uint32_t state, uint32_t priority,
		   uint32_t physical, uint32_t virtual)
{
	return hw << 31 | group1 << 30 | state << 28 | priority << 23 | physical << 10 | virtual;
}

TEST(an_interrupt_of_software)
{
	CHECK_EQ(gich_lr_of(LR_MAKE(40, 0xa8) | LR_PENDING), v2(0, 1, 1, 0x15, 0, 40));
	CHECK_EQ(gich_lr_of(LR_MAKE(1019, 0) | LR_ACTIVE), v2(0, 1, 2, 0, 0, 1019));
	CHECK_EQ(gich_lr_of(LR_MAKE(7, IRQ_GROUP0 | 0xf8) | LR_STATE), v2(0, 0, 3, 0x1f, 0, 7));
}

/* Bit 19 asks for a maintenance interrupt; 12:10 are an SGI's source. */
TEST(without_hw_there_are_eoi_and_source)
{
	CHECK_EQ(gich_lr_of(LR_MAKE(33, 0x80) | LR_PENDING | LR_EOI),
		 v2(0, 1, 1, 0x10, 1u << 9, 33));
	CHECK_EQ(gich_lr_of(LR_MAKE(3, 0) | LR_PENDING | 5ull << 32), v2(0, 1, 1, 0, 5, 3));
	CHECK_EQ(gich_lr_of(LR_MAKE(3, 0) | LR_PENDING | LR_EOI | 7ull << 32),
		 v2(0, 1, 1, 0, 1u << 9 | 7, 3));
}

TEST(a_linked_interrupt)
{
	CHECK_EQ(gich_lr_of(LR_MAKE(27, 0x20) | LR_PENDING | LR_PHYSICAL(27)),
		 v2(1, 1, 1, 4, 27, 27));
	CHECK_EQ(gich_lr_of(LR_MAKE(50, 0) | LR_ACTIVE | LR_PHYSICAL(1019)),
		 v2(1, 1, 2, 0, 1019, 50));
}

/* Every bit comes back, but for 22:20, which are reserved, and of a priority what is not there. */
TEST(what_goes_in_comes_out)
{
	for (uint32_t bit = 0; bit < 32; bit++)
		CHECK_EQ(gich_lr_of(gich_lr_to(1u << bit)), bit - 20 < 3 ? 0 : 1u << bit);
	CHECK_EQ(gich_lr_to(v2(0, 1, 1, 0x15, 1u << 9, 40)),
		 LR_MAKE(40, 0xa8) | LR_PENDING | LR_EOI);
	CHECK_EQ(gich_lr_to(v2(1, 0, 2, 0x1f, 1019, 1019)),
		 LR_MAKE(1019, IRQ_GROUP0 | 0xf8) | LR_ACTIVE | LR_PHYSICAL(1019));
	CHECK_EQ(LR_PRIORITY(gich_lr_to(gich_lr_of(LR_MAKE(40, 0xaf)))), 0xa8);
	CHECK_EQ(gich_lr_to(0), 0);
}
