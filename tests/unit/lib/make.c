/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects made by init, as a manifest would have them made. */
#include "user.h"

#define ENTRY 0x10000000u

uint32_t slot_new(struct machine *m, unsigned count)
{
	uint32_t slot = m->next_slot;

	m->next_slot += count;
	CHECK(m->next_slot <= BOOT_SLOTS);
	return slot;
}

struct cap *slot_cap(const struct machine *m, uint32_t slot)
{
	CHECK(slot > 0 && slot < m->cspace->count);
	return &m->cspace->slots[slot];
}

void *slot_object(const struct machine *m, uint32_t slot)
{
	CHECK(slot_cap(m, slot)->type != CAP_EMPTY);
	return slot_cap(m, slot)->object;
}

uint32_t object_new(struct machine *m, enum cap_type type, uint64_t param)
{
	uint32_t slot = slot_new(m, 1);

	OKAY(m, m->ram, UNTYPED_RETYPE, type, param, 0, slot, 1);
	return slot;
}

uint32_t copy_new(struct machine *m, uint32_t slot, uint32_t rights, uint64_t badge)
{
	uint32_t copy = slot_new(m, 1);

	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_COPY, copy, slot, rights, badge);
	return copy;
}

struct user user_new(struct machine *m)
{
	struct user u = {.frame = object_new(m, CAP_FRAME, 12),
			 .slot = object_new(m, CAP_THREAD, 0)};

	u.t = slot_object(m, u.slot);
	u.message = slot_object(m, u.frame);
	OKAY(m, u.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, u.frame, 0, 0, 0);
	return u;
}

struct user user_start(struct machine *m, uint8_t priority)
{
	struct user u = user_new(m);

	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, priority, priority ? FOREVER : 0, FOREVER);
	OKAY(m, u.slot, THREAD_START, ENTRY, 0x20000000, 0, 0);
	return u;
}

struct user server_start(struct machine *m, uint32_t port, uint8_t priority)
{
	struct user u = user_new(m);

	/* It must run once to wait: a passive server has a budget until then. */
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, priority ? priority : 63, FOREVER, FOREVER);
	OKAY(m, u.slot, THREAD_START, ENTRY, 0x20000000, 0, 0);
	IS_CURRENT(m, u.t);
	CHECK_EQ(SYS(m, u.t, CALL_REPLY_WAIT, port, INFO_NO_REPLY).status, BLOCKED);
	IS_CURRENT(m, m->init);
	if (!priority)
		OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, u.slot, 0, 0, 0);
	return u;
}

void space_donate(struct machine *m, uint32_t space, unsigned pages)
{
	uint32_t frames = slot_new(m, pages);

	OKAY(m, m->ram, UNTYPED_RETYPE, CAP_FRAME, 12, 0, frames, pages);
	OKAY(m, space, SPACE_DONATE, frames, pages);
}

struct guest guest_new(struct machine *m, unsigned number, uint32_t port)
{
	struct guest g = {.port = port};

	g.slot = object_new(m, CAP_VCPU, 0);
	g.space_slot = object_new(m, CAP_SPACE, SPACE_VM(number));
	g.windows = object_new(m, CAP_CSPACE, 64);
	g.v = slot_object(m, g.slot);
	g.space = slot_object(m, g.space_slot);
	space_donate(m, g.space_slot, 4);
	OKAY(m, g.space_slot, SPACE_WINDOWS, g.windows);
	OKAY(m, g.slot, VCPU_CONFIGURE, g.space_slot, 1);
	for (unsigned class = 0; class < EXIT_CLASSES && port; class ++)
		OKAY(m, g.slot, VCPU_PORT, 1u << class, port, 0x100 + class);
	return g;
}

void guest_start(struct machine *m, const struct guest *g, uint8_t priority)
{
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, g->slot, priority, FOREVER, FOREVER);
	OKAY(m, g->slot, VCPU_RUN);
}
