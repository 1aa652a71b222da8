/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Something that is in use, and goes. A scene's setup makes the victim out of memory of its own,
 * brings it into use and leaves the thread current that is to end it. Then, in each way to end it:
 *
 *   - check_dangling: all invariants, no TLB entry of what is gone, and no word anywhere in the
 *     kernel that names the memory;
 *   - what the setup left in `after`;
 *   - the memory becomes frames, which are filled with ones, while all others go on;
 *   - it becomes objects of every kind, and in the end all memory comes back.
 */
#ifndef SCENE_H
#define SCENE_H

#include "user.h"

enum how { DELETED, REVOKED, MEMORY_REVOKED, MEMORY_DELETED };

#define SCENE_WINDOW 0x9000000u /* of the guest: slot 1 of its windows, served by `server` */
#define SCENE_RAM 0x40000000u	/* of the guest: a page */

struct scene {
	struct machine *m;
	enum how how;
	uint32_t outer, memory; /* untyped in untyped; only the victim is in them */
	uint32_t victim;	/* slot of its original; revoked or deleted */
	uint32_t cspace, slot;	/* deleted instead of the victim, if slot is not 0 */
	struct thread *by;	/* ends it; current */
	uint32_t own;		/* slot by which `by` has init's cspace; 0: it is its own */
	void (*after)(struct scene *s);
	struct user boss, server, client, more[2];
	uint32_t wake, irq, port, rest, frame, signal, other;
	struct guest g;
};

typedef void scene_setup(struct scene *s);
void scene_run(scene_setup *setup, enum how how);

/* Four tests: in_use_NAME_deleted, ... */
#define IN_USE(setup)                             \
	TEST(in_use_##setup##_deleted)            \
	{                                         \
		scene_run(setup, DELETED);        \
	}                                         \
	TEST(in_use_##setup##_revoked)            \
	{                                         \
		scene_run(setup, REVOKED);        \
	}                                         \
	TEST(in_use_##setup##_memory_revoked)     \
	{                                         \
		scene_run(setup, MEMORY_REVOKED); \
	}                                         \
	TEST(in_use_##setup##_memory_deleted)     \
	{                                         \
		scene_run(setup, MEMORY_DELETED); \
	}

/* Of the victim's memory; it is the victim. */
uint32_t scene_victim(struct scene *s, enum cap_type type, uint64_t param);
/* A guest that runs: its page touched, FP used, lazy registers set; the part of type `victim` is
 * the victim. The server waits at the window's port, boss for scene_enter. */
void scene_guest(struct scene *s, enum cap_type victim);
void scene_boss(struct scene *s);  /* it waits for scene_enter */
void scene_enter(struct scene *s); /* boss is current, and is who ends it */
/* The original is there still: it was revoked only. */
bool scene_survives(const struct scene *s);

#endif
