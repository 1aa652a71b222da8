/* SPDX-License-Identifier: BSD-2-Clause */
/* Spaces: mappings, table pages, and translations that must not outlive them. */
#include "user.h"

#define PAGE 4096ull
#define RW (SPACE_ATTR_READ | SPACE_ATTR_WRITE)

struct mapped {
	struct machine *m;
	uint32_t space, frame;
	struct space *s;
};

static struct mapped mapped_new(void)
{
	struct mapped x = {.m = machine_new()};

	x.space = object_new(x.m, CAP_SPACE, SPACE_SERVICE);
	x.s = slot_object(x.m, x.space);
	x.frame = object_new(x.m, CAP_FRAME, 12);
	space_donate(x.m, x.space, 4);
	return x;
}

TEST(space_map_and_unmap)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;

	CHECK(!fake_access(m->k, x.s, 0x7000, SPACE_ATTR_READ));
	OKAY(m, x.space, SPACE_MAP, x.frame, 0x7000, RW, 1);
	CHECK(fake_access(m->k, x.s, 0x7123, SPACE_ATTR_WRITE) ==
	      (uint8_t *)slot_object(m, x.frame) + 0x123);
	CHECK(!fake_access(m->k, x.s, 0x7000, SPACE_ATTR_EXECUTE));
	CHECK(!fake_access(m->k, x.s, 0x8000, SPACE_ATTR_READ));
	CHECK_EQ(OKAY(m, x.frame, FRAME_STATUS).r[1], 12);
	CHECK_EQ(OKAY(m, x.frame, FRAME_STATUS).r[2], 1);
	CHECK_EQ(OKAY(m, x.frame, FRAME_STATUS).r[3], 0x7000);
	OKAY(m, x.frame, FRAME_UNMAP);
	CHECK(!fake_access(m->k, x.s, 0x7000, SPACE_ATTR_READ));
	CHECK_EQ(OKAY(m, x.frame, FRAME_STATUS).r[2], 0);
	CHECK_EQ(STATUS(m, x.frame, FRAME_UNMAP), NOT_FOUND);
}

TEST(space_map_refuses)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;
	uint32_t read = copy_new(m, x.frame, RIGHT_READ, 0), big = object_new(m, CAP_FRAME, 21);
	uint32_t weak = copy_new(m, x.space, RIGHT_READ | RIGHT_WRITE, 0);

	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x7001, RW, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, big, 0x1000, RW, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 1ull << 39, RW, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, ~0xfffull, RW, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x7000, 0, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x7000, 8, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x7000, 1ull << 32 | 1, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x7000, 7, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x7000, 6, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x7000, RW, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.space, 0x7000, RW, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, ~0ull, 0x7000, RW, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, read, 0x7000, RW, 1), NO_RIGHT);
	CHECK_EQ(STATUS(m, weak, SPACE_MAP, x.frame, 0x7000, RW, 1), NO_RIGHT);
	CHECK_EQ(STATUS(m, x.space, SPACE_ROOT + 1), BAD_METHOD);
	CHECK_EQ(fake_walk(x.s, 0x7000).kind, ENTRY_NONE);
	OKAY(m, x.space, SPACE_MAP, x.frame, 0x7000, RW, 1);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x9000, RW, 1), EXISTS);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, read, 0x7000, SPACE_ATTR_READ, 1), EXISTS);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, big, 0, RW, 1), EXISTS);
	OKAY(m, x.space, SPACE_MAP, read, 0x9000, SPACE_ATTR_READ, 1);
	CHECK(!fake_access(m->k, x.s, 0x9000, SPACE_ATTR_WRITE));
}

TEST(space_map_many_interrupted)
{
	for (unsigned preempt_at = 0; preempt_at < 3; preempt_at++) {
		struct mapped x = mapped_new();
		struct machine *m = x.m;
		uint32_t first = slot_new(m, 40);

		m->k->arch.preempt_at = preempt_at;
		OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 40);
		OKAY(m, x.space, SPACE_MAP, first, 0x40000000, RW, 40);
		for (uint32_t i = 0; i < 40; i++)
			CHECK(fake_access(m->k, x.s, 0x40000000 + i * PAGE, SPACE_ATTR_READ) ==
			      slot_object(m, first + i));
	}
}

TEST(space_needs_table_pages)
{
	struct machine *m = machine_new();
	uint32_t space = object_new(m, CAP_SPACE, SPACE_SERVICE),
		 frame = object_new(m, CAP_FRAME, 12);
	uint32_t big = object_new(m, CAP_FRAME, 21);

	CHECK_EQ(STATUS(m, space, SPACE_MAP, frame, 0, RW, 1), NO_MEMORY);
	space_donate(m, space, 1);
	CHECK_EQ(STATUS(m, space, SPACE_MAP, frame, 0, RW, 1), NO_MEMORY);
	OKAY(m, space, SPACE_MAP, big, 0x200000, RW, 1);
	space_donate(m, space, 2);
	CHECK_EQ(OKAY(m, space, SPACE_STATUS).r[2], 2);
	OKAY(m, space, SPACE_MAP, frame, 0, RW, 1);
	CHECK_EQ(OKAY(m, space, SPACE_STATUS).r[2], 1);
	CHECK_EQ(OKAY(m, space, SPACE_STATUS).r[1], SPACE_KIND_SERVICE);
	CHECK_EQ(OKAY(m, space, SPACE_STATUS).r[3], ((struct space *)slot_object(m, space))->id);
	CHECK_EQ(OKAY(m, space, SPACE_STATUS).r[4], FAKE_ADDRESS_BITS);
}

TEST(space_root_needs_the_right_to_its_address)
{
	struct machine *m = machine_new();
	uint32_t space = object_new(m, CAP_SPACE, SPACE_VM(1));
	uint32_t weak = copy_new(m, space, RIGHT_ALL & ~RIGHT_DMA, 0);

	CHECK_EQ(OKAY(m, space, SPACE_ROOT).r[1],
		 (uint64_t)(uintptr_t)((struct space *)slot_object(m, space))->arch.root);
	CHECK_EQ(STATUS(m, weak, SPACE_ROOT), NO_RIGHT);
	OKAY(m, weak, SPACE_STATUS);
}

TEST(space_donate_refuses)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;
	uint32_t copy = copy_new(m, x.frame, RIGHT_ALL, 0), big = object_new(m, CAP_FRAME, 21);

	CHECK_EQ(STATUS(m, x.space, SPACE_DONATE, copy, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_DONATE, x.frame, 1), BUSY);
	CHECK_EQ(STATUS(m, x.space, SPACE_DONATE, big, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.space, SPACE_DONATE, x.space, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, x.space, SPACE_DONATE, x.frame, 0), BAD_ARGUMENT);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, copy);
	OKAY(m, x.space, SPACE_MAP, x.frame, 0x1000, RW, 1);
	CHECK_EQ(STATUS(m, x.space, SPACE_DONATE, x.frame, 1), BUSY);
	OKAY(m, x.frame, FRAME_UNMAP);
	OKAY(m, x.space, SPACE_DONATE, x.frame, 1);
	/* A lent page is no frame any more. */
	CHECK_EQ(STATUS(m, x.frame, FRAME_STATUS), BAD_CAP);
	CHECK_EQ(STATUS(m, x.space, SPACE_MAP, x.frame, 0x1000, RW, 1), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, slot_new(m, 1), x.frame, RIGHT_ALL, 0),
		 BAD_CAP);
}

TEST(space_table_taken_back_ends_what_it_mapped)
{
	struct machine *m = machine_new();
	uint32_t space = object_new(m, CAP_SPACE, SPACE_SERVICE), tables = slot_new(m, 3);
	uint32_t frame = object_new(m, CAP_FRAME, 12);
	struct space *s = slot_object(m, space);

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, tables, 3);
	OKAY(m, space, SPACE_DONATE, tables, 3);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, tables + 10, tables + 1);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, tables + 1, tables + 10);
	OKAY(m, space, SPACE_MAP, frame, 0x5000, RW, 1);
	CHECK(fake_access(m->k, s, 0x5000, SPACE_ATTR_READ));
	for (uint32_t i = 0; i < 3; i++)
		OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, tables + i);
	CHECK(!fake_access(m->k, s, 0x5000, SPACE_ATTR_READ));
	CHECK_EQ(s->arch.tables, 0);
	CHECK_EQ(s->free_tables, 0);
	/* The frame is free to be mapped elsewhere. */
	(void)STATUS(m, frame, FRAME_UNMAP);
	space_donate(m, space, 2);
	OKAY(m, space, SPACE_MAP, frame, 0x6000, RW, 1);
}

TEST(space_frame_deleted_is_unmapped)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;
	uint32_t copy = copy_new(m, x.frame, RIGHT_ALL, 0);

	OKAY(m, x.space, SPACE_MAP, x.frame, 0x1000, RW, 1);
	OKAY(m, x.space, SPACE_MAP, copy, 0x2000, RW, 1);
	CHECK(fake_access(m->k, x.s, 0x1000, SPACE_ATTR_READ));
	CHECK(fake_access(m->k, x.s, 0x2000, SPACE_ATTR_READ));
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.frame);
	CHECK(!fake_access(m->k, x.s, 0x1000, SPACE_ATTR_READ));
	CHECK(!fake_access(m->k, x.s, 0x2000, SPACE_ATTR_READ));
}

/* A table whose own was taken back hangs nowhere. Another may have its place by now. */
TEST(space_a_table_taken_back_late_leaves_its_successor)
{
	struct machine *m = machine_new();
	uint32_t slot = object_new(m, CAP_SPACE, SPACE_VM(5)), tables = slot_new(m, 4);
	uint32_t first = object_new(m, CAP_FRAME, 12), second = object_new(m, CAP_FRAME, 12);
	uint32_t lower = 0, upper = 0;
	struct space *s = slot_object(m, slot);

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, tables, 4);
	OKAY(m, slot, SPACE_DONATE, tables, 4);
	OKAY(m, slot, SPACE_MAP, first, 0x40000000, SPACE_ATTR_READ, 1);
	for (uint32_t i = tables; i < tables + 4; i++) {
		if (slot_cap(m, i)->frame.level == 2)
			upper = i;
		else if (slot_cap(m, i)->frame.level == 3)
			lower = i;
	}
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, upper);
	OKAY(m, slot, SPACE_MAP, second, 0x40000000, SPACE_ATTR_READ, 1);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, lower);
	CHECK_EQ(fake_walk(s, 0x40000000).kind, ENTRY_MEMORY);
	CHECK_EQ(fake_walk(s, 0x40000000).pa, (uintptr_t)slot_object(m, second));
}

TEST(space_ends_with_its_translations_and_its_tag_comes_again)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;
	uint16_t tag = x.s->id;
	uint32_t again = slot_new(m, 1);

	OKAY(m, x.space, SPACE_MAP, x.frame, 0x1000, RW, 1);
	CHECK(fake_access(m->k, x.s, 0x1000, SPACE_ATTR_READ));
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.space);
	CHECK_EQ(OKAY(m, x.frame, FRAME_STATUS).r[2], 0);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_SPACE, SPACE_SERVICE, 0, again, 1);
	CHECK_EQ(((struct space *)slot_object(m, again))->id, tag);
	space_donate(m, again, 2);
	/* What the frame was mapped in is another space, though with the same tag. */
	OKAY(m, again, SPACE_MAP, x.frame, 0x2000, RW, 1);
	CHECK(!fake_access(m->k, slot_object(m, again), 0x1000, SPACE_ATTR_READ));
}

TEST(space_numbers_run_out_in_an_error)
{
	struct machine *m = machine_new();
	uint32_t first = slot_new(m, SPACES);
	enum status s = OK;
	uint32_t made = 0;

	m->unchecked = true;
	while (s == OK && made < SPACES) {
		s = STATUS(m, m->ram, UNTYPED_RETYPE, CAP_SPACE, SPACE_SERVICE, 0, first + made, 1);
		made += s == OK;
	}
	CHECK_EQ(s, LIMIT);
	CHECK_EQ(made, SPACES - SPACE_VMS - 1); /* init's is one */
	m->unchecked = false;
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, first + 100);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_SPACE, SPACE_SERVICE, 0, first + 100, 1);
}

/* A table page of a space that is gone would be looked for in one that has its name again. */
TEST(space_names_do_not_come_again)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;
	uint32_t again = slot_new(m, 1);
	uint16_t id = x.s->id;

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.space);
	m->k->spaces[id].generation = ~0u - 1;
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_SPACE, SPACE_SERVICE, 0, again, 1);
	CHECK_EQ(((struct space *)slot_object(m, again))->id, id);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, again);
	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_SPACE, SPACE_SERVICE, 0, again, 1);
	CHECK_EQ(((struct space *)slot_object(m, again))->id, id + 1);
}

TEST(space_frame_address_needs_its_right)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;
	uint32_t plain = copy_new(m, x.frame, RIGHT_ALL & ~RIGHT_DMA, 0);

	CHECK_EQ(OKAY(m, x.frame, FRAME_ADDRESS).r[1], (uintptr_t)slot_object(m, x.frame));
	CHECK_EQ(STATUS(m, plain, FRAME_ADDRESS), NO_RIGHT);
	CHECK_EQ(INVOKE(m, plain, FRAME_ADDRESS).r[1], 0);
	CHECK_EQ(STATUS(m, plain, FRAME_STATUS + 1), BAD_METHOD);
}

TEST(space_random_maps_leave_nothing_behind)
{
	struct mapped x = mapped_new();
	struct machine *m = x.m;
	uint32_t first = slot_new(m, 16);
	bool at[16] = {false};

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first, 16);
	for (unsigned i = 0; i < test_rounds(1500); i++) {
		uint32_t n = (uint32_t)(test_random() % 16);
		uint64_t va = 0x40000000 + n * 0x1000;

		if (at[n] && test_random() % 2) {
			OKAY(m, first + n, FRAME_UNMAP);
		} else if (at[n]) {
			OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, first + n);
			if (STATUS(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, first + n, 1) != OK)
				return;
		} else {
			OKAY(m, x.space, SPACE_MAP, first + n, va, RW, 1);
		}
		at[n] = !at[n];
		for (uint32_t k = 0; k < 16; k++)
			CHECK_EQ(fake_access(m->k, x.s, 0x40000000 + k * 0x1000,
					     SPACE_ATTR_WRITE) != NULL,
				 at[k]);
	}
}
