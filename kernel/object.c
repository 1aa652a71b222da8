/* SPDX-License-Identifier: BSD-2-Clause */
/* What the object types have in common: size, birth and end. */
#include "internal.h"

static void port_create(struct kernel *k, void *object)
{
	struct port *p = object;

	(void)k;
	list_init(&p->senders);
	list_init(&p->stalled);
	list_init(&p->receivers);
}

static void line_create(struct kernel *k, void *object)
{
	(void)k;
	list_init(&((struct line *)object)->of_vcpu);
}

static void timer_create(struct kernel *k, void *object)
{
	(void)k;
	((struct timer *)object)->deadline.kind = DEADLINE_TIMER;
}

static const struct object_type {
	uint32_t size; /* 0: depends on the parameter of retype, or is no object of retype */
	void (*create)(struct kernel *k, void *object); /* null: zero is right */
	void (*end)(struct kernel *k, void *object);
} types[CAP_TYPES] = {
    [CAP_SPACE] = {ARCH_SPACE_BYTES, NULL, space_end},
    [CAP_THREAD] = {sizeof(struct thread), thread_create, thread_end},
    [CAP_VCPU] = {sizeof(struct vcpu), vcpu_create, vcpu_end},
    [CAP_PORT] = {sizeof(struct port), port_create, port_end},
    [CAP_SIGNAL] = {sizeof(struct signal), NULL, signal_end},
    [CAP_LINE] = {sizeof(struct line), line_create, line_end},
    [CAP_TIMER] = {sizeof(struct timer), timer_create, timer_end},
    [CAP_IRQ] = {sizeof(struct line), line_create, irq_end},
};

uint64_t object_size(enum cap_type type, uint64_t param, uint64_t *alignment)
{
	*alignment = 64;
	switch (type) {
	case CAP_FRAME:
		if (param != 12 && param != 21 && param != 30)
			return 0;
		return *alignment = 1ull << param;
	case CAP_UNTYPED:
		*alignment = 4096;
		param &= ~(uint64_t)UNTYPED_NO_DMA;
		return param < 12 || param > 40 ? 0 : 1ull << param;
	case CAP_CSPACE:
		if (param < 8 || param > 65536 || (param & (param - 1)))
			return 0;
		return sizeof(struct cspace) + param * sizeof(struct cap);
	case CAP_SPACE:
		*alignment = ARCH_SPACE_ALIGN;
		if (param != SPACE_SERVICE &&
		    (param <= SPACE_VM(0) || param >= SPACE_VM(SPACE_VMS)))
			return 0;
		break;
	default:
		break;
	}
	return (types[type].size + 63ull) & ~63ull;
}

enum status object_create(struct kernel *k, enum cap_type type, uint64_t param, void *memory,
			  struct cap *slot)
{
	struct cspace *cs = memory;

	switch (type) {
	case CAP_FRAME:
		slot->order = (uint16_t)param;
		return OK;
	case CAP_CSPACE:
		cs->count = (uint32_t)param;
		cs->original = slot;
		return OK;
	case CAP_SPACE:
		return space_create(k, memory, param);
	default:
		if (types[type].create)
			types[type].create(k, memory);
		return OK;
	}
}

static void windows_hold_cleared(struct kernel *k, struct cap *slot)
{
	(void)k;
	container_of(slot, struct space, windows)->found_page = NO_PAGE;
	((struct cspace *)slot->object)->windows_of = NULL;
}

/* An embedded slot goes: its object forgets what it referred to. */
static void (*const hold_cleared[HOLDS])(struct kernel *k, struct cap *slot) = {
    [HOLD_THREAD_CSPACE] = thread_hold_cleared,	 [HOLD_THREAD_SPACE] = thread_hold_cleared,
    [HOLD_THREAD_BUFFER] = thread_hold_cleared,	 [HOLD_THREAD_SIGNAL] = thread_hold_cleared,
    [HOLD_VCPU_SPACE] = vcpu_hold_cleared,	 [HOLD_LINE_VCPU] = line_hold_cleared,
    [HOLD_TIMER_SIGNAL] = timer_hold_cleared,	 [HOLD_IRQ_SIGNAL] = irq_hold_cleared,
    [HOLD_SPACE_WINDOWS] = windows_hold_cleared,
};

/* What ends with a capability of this type, be it the original or not. */
static void (*const cap_end[CAP_TYPES])(struct kernel *k, struct cap *c) = {
    [CAP_FRAME] = frame_end,	   [CAP_TABLE] = table_end, [CAP_WINDOW] = window_end,
    [CAP_DOORBELL] = doorbell_end, [CAP_REPLY] = reply_end,
};

bool object_end(struct kernel *k, struct cap *c)
{
	if (c->hold) {
		if (hold_cleared[c->hold])
			hold_cleared[c->hold](k, c);
		return true;
	}
	if (c->type == CAP_PORT && (c->flags & CAP_ORIGINAL) && port_drain(k, c->object))
		return false;
	if (cap_end[c->type])
		cap_end[c->type](k, c);
	if ((c->flags & CAP_ORIGINAL) && types[c->type].end)
		types[c->type].end(k, c->object);
	return true;
}
