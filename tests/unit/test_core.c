/* SPDX-License-Identifier: BSD-2-Clause */
/* The core, and several of them in one process. */
#include "user.h"

TEST(core_status_and_power)
{
	struct machine *m = machine_new_core(2);
	struct result r = OKAY(m, BOOT_SLOT_CORE, CORE_STATUS);

	CHECK_EQ(r.r[1], 2);
	CHECK_EQ(r.r[2], FAKE_FREQUENCY);
	CHECK_EQ(r.r[3], FAKE_ADDRESS_BITS);
	CHECK_EQ(OKAY(m, BOOT_SLOT_CORE, CORE_POWER, 2).r[1], CORE_IS_ON);
	CHECK_EQ(OKAY(m, BOOT_SLOT_CORE, CORE_POWER, 1).r[1], CORE_IS_OFF);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_POWER, 4), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_POWER, ~0ull), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_STATUS + 1), BAD_METHOD);
	m->k->arch.firmware_old = true;
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_POWER, 1), UNSUPPORTED);
}

TEST(core_power_needs_the_right)
{
	struct machine *m = machine_new();
	uint32_t weak = copy_new(m, BOOT_SLOT_CORE, RIGHT_MANAGE, 0);

	CHECK_EQ(STATUS(m, weak, CORE_OFF), NO_RIGHT);
	CHECK_EQ(STATUS(m, weak, CORE_POWER, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, weak, CORE_SYSTEM_OFF), NO_RIGHT);
	CHECK_EQ(STATUS(m, weak, CORE_SYSTEM_RESET), NO_RIGHT);
	CHECK_EQ(m->k->arch.core_off + m->k->arch.system_off + m->k->arch.system_reset, 0);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_OFF), UNSUPPORTED);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SYSTEM_OFF), UNSUPPORTED);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CORE, CORE_SYSTEM_RESET), UNSUPPORTED);
	CHECK(m->k->arch.core_off == 1 && m->k->arch.system_off == 1 &&
	      m->k->arch.system_reset == 1);
}

TEST(core_boot_record_names_every_region)
{
	struct machine *m = machine_new();

	for (uint32_t i = 0; i < m->record->region_count; i++) {
		const struct boot_region *r = &m->record->regions[i];

		CHECK_EQ(r->slot, BOOT_SLOT_FIRST + i);
		CHECK_EQ(slot_cap(m, r->slot)->type, CAP_UNTYPED);
		CHECK_EQ(OKAY(m, r->slot, UNTYPED_STATUS).r[1], r->size);
		CHECK_EQ(OKAY(m, r->slot, UNTYPED_STATUS).r[3],
			 r->kind == BOOT_DEVICE	    ? UNTYPED_DEVICE
			 : r->kind == BOOT_BUNDLE   ? UNTYPED_KEEP
			 : r->kind == BOOT_RESERVED ? UNTYPED_RESERVED
						    : 0);
	}
	CHECK_EQ(slot_cap(m, BOOT_SLOT_THREAD)->object == m->init, 1);
	for (uint32_t s = BOOT_SLOT_FREE; s < BOOT_SLOTS; s++)
		CHECK_EQ(slot_cap(m, s)->type, CAP_EMPTY);
}

TEST(core_kernels_share_nothing)
{
	struct machine *a = machine_new_core(0), *b = machine_new_core(1);
	uint32_t space_a = object_new(a, CAP_SPACE, SPACE_VM(1)),
		 space_b = object_new(b, CAP_SPACE, SPACE_VM(1));
	uint32_t port = object_new(a, CAP_PORT, 0);

	CHECK(slot_object(a, space_a) != slot_object(b, space_b));
	OKAY(a, BOOT_SLOT_CSPACE, CSPACE_DELETE, space_a);
	CHECK_EQ(slot_cap(b, space_b)->type, CAP_SPACE);
	CHECK_EQ(slot_cap(b, port)->type == CAP_PORT, 0);
	time_pass(a, 1000);
	time_pass(b, 1000);
	IS_CURRENT(a, a->init);
	IS_CURRENT(b, b->init);
}
