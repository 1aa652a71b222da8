/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies, moves and the status of slots: rights only shrink, badges are given once. */
#include "user.h"

static struct result status_of(struct machine *m, uint32_t slot)
{
	return OKAY(m, BOOT_SLOT_CSPACE, CSPACE_STATUS, slot);
}

TEST(cspace_copy_keeps_only_the_rights_asked_for)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), call = copy_new(m, port, RIGHT_CALL, 0);
	uint32_t more = copy_new(m, call, RIGHT_ALL, 0), none = copy_new(m, port, 0, 0);

	CHECK_EQ(status_of(m, port).r[2], RIGHT_ALL);
	CHECK_EQ(status_of(m, call).r[2], RIGHT_CALL);
	CHECK_EQ(status_of(m, more).r[2], RIGHT_CALL);
	CHECK_EQ(status_of(m, none).r[2], 0);
	CHECK_EQ(status_of(m, call).r[1], CAP_PORT);
}

TEST(cspace_copy_gives_a_badge_once)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), seven = copy_new(m, port, RIGHT_ALL, 7);
	uint32_t again = copy_new(m, seven, RIGHT_ALL, 0), free = slot_new(m, 1);

	CHECK_EQ(status_of(m, port).r[3], 0);
	CHECK_EQ(status_of(m, seven).r[3], 7);
	CHECK_EQ(status_of(m, again).r[3], 7);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, free, seven, RIGHT_ALL, 8), NO_RIGHT);
	CHECK_EQ(slot_cap(m, free)->type, CAP_EMPTY);
}

TEST(cspace_copy_refuses)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), frame = object_new(m, CAP_FRAME, 12);
	uint32_t free = slot_new(m, 1),
		 weak = copy_new(m, BOOT_SLOT_CSPACE, RIGHT_ALL & ~RIGHT_MANAGE, 0);

	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, 0, port, RIGHT_ALL, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, BOOT_SLOTS, port, RIGHT_ALL, 0),
		 BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, ~0ull, port, RIGHT_ALL, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, frame, port, RIGHT_ALL, 0), EXISTS);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, free, free, RIGHT_ALL, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, free, 0, RIGHT_ALL, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, free, ~0ull, RIGHT_ALL, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, free, m->ram, RIGHT_ALL, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_COPY, free, frame, RIGHT_ALL, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, weak, CSPACE_COPY, free, port, RIGHT_ALL, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, weak, CSPACE_DELETE, port), NO_RIGHT);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY + 1, free), BAD_METHOD);
	CHECK_EQ(STATUS(m, port, CSPACE_COPY, free, port, RIGHT_ALL, 0), BAD_METHOD);
	CHECK_EQ(STATUS(m, free, CSPACE_COPY, free, port, RIGHT_ALL, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, free), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, free), BAD_CAP);
	CHECK_EQ(STATUS(m, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, free), NOT_FOUND);
	CHECK_EQ(slot_cap(m, free)->type, CAP_EMPTY);
}

TEST(cspace_status_of_an_empty_slot_is_empty)
{
	struct machine *m = machine_new();

	CHECK_EQ(status_of(m, slot_new(m, 1)).r[1], CAP_EMPTY);
}

TEST(cspace_move_takes_children_along)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), copy = copy_new(m, port, RIGHT_ALL, 3);
	uint32_t to = slot_new(m, 1);

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_MOVE, to, port);
	CHECK_EQ(slot_cap(m, port)->type, CAP_EMPTY);
	CHECK_EQ(status_of(m, to).r[1], CAP_PORT);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, to);
	CHECK_EQ(slot_cap(m, copy)->type, CAP_EMPTY);
}

TEST(cspace_move_between_cspaces)
{
	struct machine *m = machine_new();
	uint32_t port = object_new(m, CAP_PORT, 0), cspace = object_new(m, CAP_CSPACE, 8);

	OKAY(m, cspace, CSPACE_MOVE, 3, port);
	CHECK_EQ(((struct cspace *)slot_object(m, cspace))->slots[3].type, CAP_PORT);
	CHECK_EQ(STATUS(m, cspace, CSPACE_MOVE, 3, cspace), EXISTS);
	CHECK_EQ(STATUS(m, cspace, CSPACE_MOVE, 8, cspace), BAD_ARGUMENT);
}

TEST(cspace_a_memory_never_holds_its_own_untyped)
{
	struct machine *m = machine_new();
	uint32_t untyped = object_new(m, CAP_UNTYPED, 16), cspace = slot_new(m, 1);

	OKAY(m, untyped, UNTYPED_RETYPE, CAP_CSPACE, 8, 0, cspace, 1);
	CHECK(STATUS(m, cspace, CSPACE_MOVE, 1, untyped) != OK);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, untyped);
	CHECK_EQ(slot_cap(m, cspace)->type, CAP_EMPTY);
}

TEST(cspace_of_a_thread_can_end_under_it)
{
	struct machine *m = machine_new();
	uint32_t cspace = object_new(m, CAP_CSPACE, 8);
	struct user u = user_new(m);

	OKAY(m, cspace, CSPACE_COPY, 1, cspace, RIGHT_ALL, 0);
	OKAY(m, u.slot, THREAD_CONFIGURE, cspace, BOOT_SLOT_SPACE, u.frame, 0, 0, 0);
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 9, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, 0, 0, 0, 0);
	IS_CURRENT(m, u.t);
	CHECK_EQ(INVOKE_AS(m, u.t, 1, CSPACE_STATUS, 1).status, OK);
	/* It deletes the capability through which it names anything. */
	CHECK_EQ(INVOKE_AS(m, u.t, 1, CSPACE_DELETE, 1).status, OK);
	CHECK_EQ(INVOKE_AS(m, u.t, 1, CSPACE_STATUS, 1).status, BAD_CAP);
	CHECK_EQ(SYS(m, u.t, CALL_WAIT, 1, 1).status, BAD_CAP);
}
