/* SPDX-License-Identifier: BSD-2-Clause */
/* Retype: which memory becomes what, zero and clean, once. */
#include "user.h"

#include <string.h>

#define PAGE 4096u

static uint64_t free_bytes(struct machine *m, uint32_t untyped)
{
	return OKAY(m, untyped, UNTYPED_STATUS).r[2];
}

TEST(untyped_makes_every_type)
{
	struct machine *m = machine_new();
	static const struct {
		enum cap_type type;
		uint64_t param;
	} made[] = {
	    {CAP_FRAME, 12},
	    {CAP_FRAME, 21},
	    {CAP_CSPACE, 8},
	    {CAP_CSPACE, 1024},
	    {CAP_UNTYPED, 12},
	    {CAP_SPACE, 0},
	    {CAP_SPACE, SPACE_VM(1)},
	    {CAP_SPACE, SPACE_VM(63)},
	    {CAP_THREAD, 0},
	    {CAP_VCPU, 0},
	    {CAP_PORT, 0},
	    {CAP_SIGNAL, 0},
	    {CAP_LINE, 0},
	    {CAP_TIMER, 0},
	    {CAP_IRQ, 0},
	};

	for (unsigned i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		uint32_t slot = object_new(m, made[i].type, made[i].param);

		CHECK_EQ(slot_cap(m, slot)->type, made[i].type);
		CHECK_EQ(slot_cap(m, slot)->rights, RIGHT_ALL);
	}
}

TEST(untyped_without_dma_makes_nothing_that_has_it)
{
	struct machine *m = machine_new();
	uint32_t slot = slot_new(m, 4);

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_UNTYPED, 20 | UNTYPED_NO_DMA, 0, slot, 1);
	OKAY(m, slot, UNTYPED_RETYPE, CAP_UNTYPED, 16, 0, slot + 1, 1);
	OKAY(m, slot + 1, UNTYPED_RETYPE, CAP_FRAME, 12, 0, slot + 2, 1);
	OKAY(m, slot, UNTYPED_RETYPE, CAP_SPACE, SPACE_VM(1), 0, slot + 3, 1);
	CHECK_EQ(OKAY(m, slot, UNTYPED_STATUS).r[1], 1u << 20);
	for (uint32_t s = slot; s < slot + 4; s++)
		CHECK_EQ(slot_cap(m, s)->rights, RIGHT_ALL & ~RIGHT_DMA);
	CHECK_EQ(STATUS(m, slot + 2, FRAME_ADDRESS), NO_RIGHT);
	CHECK_EQ(STATUS(m, slot + 3, SPACE_ROOT), NO_RIGHT);
}

TEST(untyped_status_tells_no_address_without_dma)
{
	struct machine *m = machine_new();
	uint32_t slot = slot_new(m, 2);

	slot_cap(m, m->ram)->untyped.flags = UNTYPED_RESERVED;
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_UNTYPED, 12, 0, slot, 1);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_UNTYPED, 12 | UNTYPED_NO_DMA, 0, slot + 1, 1);
	CHECK_EQ(OKAY(m, slot, UNTYPED_STATUS).r[4], (uintptr_t)slot_object(m, slot));
	CHECK_EQ(OKAY(m, slot + 1, UNTYPED_STATUS).r[4], 0);
}

TEST(untyped_refuses_what_cannot_be_made)
{
	struct machine *m = machine_new();
	uint32_t slot = slot_new(m, 4), used = object_new(m, CAP_PORT, 0);
	static const struct {
		uint64_t type, param;
	} bad[] = {
	    {CAP_EMPTY, 0},
	    {CAP_REPLY, 0},
	    {CAP_CORE, 0},
	    {CAP_WINDOW, 0},
	    {CAP_DOORBELL, 0},
	    {CAP_TABLE, 0},
	    {CAP_TYPES, 0},
	    {1ull << 32 | CAP_PORT, 0},
	    {CAP_FRAME, 13},
	    {CAP_FRAME, 0},
	    {CAP_FRAME, 64},
	    {CAP_CSPACE, 7},
	    {CAP_CSPACE, 4},
	    {CAP_CSPACE, 131072},
	    {CAP_CSPACE, 0},
	    {CAP_UNTYPED, 11},
	    {CAP_UNTYPED, 64},
	    {CAP_UNTYPED, UNTYPED_NO_DMA | 41},
	    {CAP_FRAME, UNTYPED_NO_DMA | 12},
	    {CAP_SPACE, 0x100},
	    {CAP_SPACE, 0x140},
	    {CAP_SPACE, 1},
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, bad[i].type, bad[i].param, 0, slot, 1),
			 BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, slot, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, slot, 257), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, 0, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, BOOT_SLOTS, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, BOOT_SLOTS - 1, 2),
		 BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, ~0ull, 2), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, slot, ~0ull), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, 0, used - 2, 3), EXISTS);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, used, slot, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 30, 0, slot, 1), NO_MEMORY);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_STATUS + 1), BAD_METHOD);
	for (uint32_t s = slot; s < slot + 4; s++)
		CHECK_EQ(slot_cap(m, s)->type, CAP_EMPTY);
}

TEST(untyped_needs_manage_of_the_destination)
{
	struct machine *m = machine_new();
	uint32_t cspace = object_new(m, CAP_CSPACE, 8),
		 weak = copy_new(m, cspace, RIGHT_ALL & ~RIGHT_MANAGE, 0);

	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, weak, 1, 1), NO_RIGHT);
	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_PORT, 0, cspace, 1, 7), OK);
}

TEST(untyped_space_of_a_vm_exists_once)
{
	struct machine *m = machine_new();
	uint32_t space = object_new(m, CAP_SPACE, SPACE_VM(5)), slot = slot_new(m, 1);

	CHECK_EQ(STATUS(m, m->ram, UNTYPED_RETYPE, CAP_SPACE, SPACE_VM(5), 0, slot, 1), EXISTS);
	CHECK_EQ(slot_cap(m, slot)->type, CAP_EMPTY);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, space);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_SPACE, SPACE_VM(5), 0, slot, 1);
}

TEST(untyped_frames_are_zero_clean_and_disjoint)
{
	struct machine *m = machine_new();
	uint32_t first = slot_new(m, 64), big = slot_new(m, 2);

	(void)object_new(m, CAP_SIGNAL, 0);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 64);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 21, 0, big, 2);
	for (uint32_t s = first; s < first + 64; s++) {
		uint8_t *p = slot_object(m, s);

		CHECK_EQ((uintptr_t)p % PAGE, 0);
		fake_check_clean_zero(p, PAGE);
		if (s > first)
			CHECK(p >= (uint8_t *)slot_object(m, s - 1) + PAGE);
	}
	for (uint32_t s = big; s < big + 2; s++) {
		CHECK_EQ((uintptr_t)slot_object(m, s) % (2u << 20), 0);
		fake_check_clean_zero(slot_object(m, s), 2u << 20);
	}
	CHECK(slot_object(m, big) != slot_object(m, big + 1));
}

TEST(untyped_memory_comes_back_when_all_of_it_is_free)
{
	struct machine *m = machine_new();
	uint32_t untyped = object_new(m, CAP_UNTYPED, 14), first = slot_new(m, 5);
	uint64_t before = free_bytes(m, untyped);

	CHECK_EQ(before, 1u << 14);
	OKAY(m, untyped, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 4);
	CHECK_EQ(free_bytes(m, untyped), 0);
	CHECK_EQ(STATUS(m, untyped, UNTYPED_RETYPE, CAP_PORT, 0, 0, first + 4, 1), NO_MEMORY);
	for (int i = 0; i < 4; i++) {
		void *page = slot_object(m, first);

		memset(page, 0x77, PAGE);
		fake_dirty(page, PAGE);
		OKAY(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, first + 4, first);
		OKAY(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, first, first + 4);
	}
	for (uint32_t s = first; s < first + 3; s++)
		OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, s);
	CHECK_EQ(STATUS(m, untyped, UNTYPED_RETYPE, CAP_PORT, 0, 0, first + 4, 1), NO_MEMORY);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, first + 3);
	CHECK_EQ(free_bytes(m, untyped), before);
	OKAY(m, untyped, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 4);
	for (uint32_t s = first; s < first + 4; s++)
		fake_check_clean_zero(slot_object(m, s), PAGE);
}

TEST(untyped_count_beyond_the_memory_makes_what_fits)
{
	struct machine *m = machine_new();
	uint32_t untyped = object_new(m, CAP_UNTYPED, 14), first = slot_new(m, 8);

	CHECK_EQ(STATUS(m, untyped, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 8), NO_MEMORY);
	for (uint32_t s = first + 4; s < first + 8; s++)
		CHECK_EQ(slot_cap(m, s)->type, CAP_EMPTY);
}

TEST(untyped_device_memory_is_only_frames_and_never_touched)
{
	struct machine *m = machine_new();
	uint32_t first = slot_new(m, 3), part = slot_new(m, 1), space = object_new(m, CAP_SPACE, 0);
	struct result r = OKAY(m, m->device, UNTYPED_STATUS);

	CHECK_EQ(r.r[3], UNTYPED_DEVICE);
	CHECK_EQ(r.r[4], m->record->regions[1].base);
	CHECK_EQ(STATUS(m, m->device, UNTYPED_RETYPE, CAP_PORT, 0, 0, first, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, m->device, UNTYPED_RETYPE, CAP_CSPACE, 8, 0, first, 1), BAD_ARGUMENT);
	OKAY(m, m->device, UNTYPED_RETYPE, CAP_UNTYPED, 21, 0, part, 1);
	CHECK_EQ(STATUS(m, part, UNTYPED_RETYPE, CAP_SIGNAL, 0, 0, first, 1), BAD_ARGUMENT);
	OKAY(m, part, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 2);
	space_donate(m, space, 3);
	OKAY(m, space, SPACE_MAP, first, 0x1000, SPACE_ATTR_READ, 2);
	CHECK(fake_walk(slot_object(m, space), 0x1000).device);
	CHECK_EQ(STATUS(m, space, SPACE_DONATE, first + 1, 1), BAD_ARGUMENT);
	/* A whole GiB of it cannot follow in the same GiB, and nothing beyond the end. */
	CHECK_EQ(STATUS(m, m->device, UNTYPED_RETYPE, CAP_FRAME, 30, 0, first + 2, 1), NO_MEMORY);
}

TEST(untyped_bundle_keeps_its_contents)
{
	struct machine *m = machine_new();
	uint32_t slot = slot_new(m, 1);

	OKAY(m, m->bundle, UNTYPED_RETYPE, CAP_FRAME, 12, 0, slot, 1);
	CHECK_EQ(((uint8_t *)slot_object(m, slot))[100], 0xa5);
	CHECK_EQ((uintptr_t)slot_object(m, slot), m->record->regions[2].base);
	CHECK_EQ(STATUS(m, m->bundle, UNTYPED_RETYPE, CAP_PORT, 0, 0, slot + 1, 1), BAD_ARGUMENT);
}

/* Unlike the bundle's it can be written: it is one core's. */
TEST(untyped_reserved_memory_keeps_its_contents)
{
	struct machine *m = machine_new();
	uint32_t slot = slot_new(m, 2), part = slot_new(m, 1), space = object_new(m, CAP_SPACE, 0);
	uint32_t all = SPACE_ATTR_READ | SPACE_ATTR_WRITE;

	OKAY(m, m->reserved, UNTYPED_RETYPE, CAP_UNTYPED, 12, 0, part, 1);
	OKAY(m, part, UNTYPED_RETYPE, CAP_FRAME, 12, 0, slot, 1);
	CHECK_EQ((uintptr_t)slot_object(m, slot), m->record->regions[3].base);
	((uint8_t *)slot_object(m, slot))[100] = 0x77;
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, part);
	OKAY(m, part, UNTYPED_RETYPE, CAP_FRAME, 12, 0, slot, 1);
	CHECK_EQ(((uint8_t *)slot_object(m, slot))[100], 0x77);
	CHECK_EQ(((uint8_t *)slot_object(m, slot))[101], 0xa5);
	space_donate(m, space, 3);
	OKAY(m, space, SPACE_MAP, slot, 0x1000, all, 1);
	CHECK(!fake_walk(slot_object(m, space), 0x1000).device);
	CHECK_EQ(STATUS(m, m->reserved, UNTYPED_RETYPE, CAP_PORT, 0, 0, slot + 1, 1), BAD_ARGUMENT);
	OKAY(m, m->reserved, UNTYPED_RETYPE, CAP_FRAME, 12, 0, slot + 1, 1);
	CHECK_EQ(STATUS(m, space, SPACE_DONATE, slot + 1, 1), BAD_ARGUMENT);
}

static void retype_interrupted(unsigned preempt_at)
{
	struct machine *m = machine_new();
	uint32_t big = slot_new(m, 1), first = slot_new(m, 20), cspace = slot_new(m, 1);

	m->k->arch.preempt_at = preempt_at;
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 21, 0, big, 1);
	CHECK(m->k->arch.preempted > 100);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 20);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_CSPACE, 1024, 0, cspace, 1);
	fake_check_clean_zero(slot_object(m, big), 2u << 20);
	for (uint32_t s = first; s < first + 20; s++)
		fake_check_clean_zero(slot_object(m, s), PAGE);
	CHECK_EQ(OKAY(m, cspace, CSPACE_STATUS, 1023).r[1], CAP_EMPTY);
}

TEST(untyped_retype_goes_on_after_every_interruption)
{
	retype_interrupted(1);
	retype_interrupted(2);
}

/* While init's retype is interrupted, another thread retypes something else from the same memory.
 */
static void two_retypes(enum cap_type type, uint64_t param, uint8_t order)
{
	struct machine *m = machine_new();
	uint32_t untyped = object_new(m, CAP_UNTYPED, 23), frame = slot_new(m, 1),
		 slot = slot_new(m, 2);
	uint32_t timer = object_new(m, CAP_TIMER, 0), signal = object_new(m, CAP_SIGNAL, 0);
	struct user other;

	OKAY(m, untyped, UNTYPED_RETYPE, CAP_SIGNAL, 0, 0, slot, 1);
	OKAY(m, timer, TIMER_BIND, signal, 1);
	OKAY(m, timer, TIMER_SET, fake_time + 50);
	other = user_start(m, 5);
	CHECK_EQ(SYS(m, other.t, CALL_WAIT, signal, 1).status, BLOCKED);
	m->k->arch.preempt_at = 1;
	fake_time += 100;
	CHECK_EQ(STATUS(m, untyped, UNTYPED_RETYPE, type, param, 0, slot + 1, 1), PREEMPTED);
	m->k->arch.preempt_at = 0;
	CHECK_EQ(
	    INVOKE_AS(m, other.t, untyped, UNTYPED_RETYPE, CAP_FRAME, order, 0, frame, 1).status,
	    OK);
	fake_check_clean_zero(slot_object(m, frame), (size_t)1 << order);
}

TEST(untyped_two_retypes_at_once_both_get_zeroed_memory)
{
	two_retypes(CAP_CSPACE, 1024, 12);
	two_retypes(CAP_CSPACE, 1024, 21);
	two_retypes(CAP_FRAME, 21, 12);
}

TEST(untyped_in_untyped_goes_with_its_parent)
{
	struct machine *m = machine_new();
	uint32_t outer = object_new(m, CAP_UNTYPED, 16), inner = slot_new(m, 1),
		 port = slot_new(m, 1);

	OKAY(m, outer, UNTYPED_RETYPE, CAP_UNTYPED, 13, 0, inner, 1);
	OKAY(m, inner, UNTYPED_RETYPE, CAP_PORT, 0, 0, port, 1);
	CHECK_EQ(OKAY(m, inner, UNTYPED_STATUS).r[1], 1u << 13);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, outer);
	CHECK_EQ(slot_cap(m, inner)->type, CAP_EMPTY);
	CHECK_EQ(slot_cap(m, port)->type, CAP_EMPTY);
}
