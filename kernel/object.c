/* SPDX-License-Identifier: BSD-2-Clause */
/* What the object types have in common: size, birth and end. */
#include "internal.h"

static uint64_t rounded(uint64_t size)
{
	return (size + 63) & ~63ull;
}

uint64_t object_size(enum cap_type type, uint64_t param, uint64_t *alignment)
{
	*alignment = 64;
	switch (type) {
	case CAP_FRAME:
		if (param != 12 && param != 21 && param != 30)
			return 0;
		return *alignment = 1ull << param;
	case CAP_UNTYPED:
		if (param < 12 || param > 40)
			return 0;
		*alignment = 4096;
		return 1ull << param;
	case CAP_CSPACE:
		if (param < 8 || param > 65536 || (param & (param - 1)))
			return 0;
		return sizeof(struct cspace) + param * sizeof(struct cap);
	case CAP_SPACE:
		if (param != SPACE_SERVICE &&
		    (param <= SPACE_VM(0) || param >= SPACE_VM(SPACE_VMS)))
			return 0;
		*alignment = ARCH_SPACE_ALIGN;
		return ARCH_SPACE_BYTES;
	case CAP_THREAD:
		return rounded(sizeof(struct thread));
	case CAP_VCPU:
		return rounded(sizeof(struct vcpu));
	case CAP_PORT:
		return rounded(sizeof(struct port));
	case CAP_SIGNAL:
		return rounded(sizeof(struct signal));
	case CAP_LINE:
		return rounded(sizeof(struct line));
	case CAP_TIMER:
		return rounded(sizeof(struct timer));
	case CAP_IRQ:
		return rounded(sizeof(struct irq));
	default:
		return 0;
	}
}

enum status object_create(struct kernel *k, enum cap_type type, uint64_t param, void *memory,
			  struct cap *slot)
{
	struct cspace *cs = memory;
	struct port *p = memory;
	struct timer *t = memory;

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
	case CAP_THREAD:
		thread_create(k, memory);
		return OK;
	case CAP_VCPU:
		vcpu_create(k, memory);
		return OK;
	case CAP_PORT:
		list_init(&p->senders);
		list_init(&p->receivers);
		return OK;
	case CAP_LINE:
		list_init(&((struct line *)memory)->of_vcpu);
		return OK;
	case CAP_TIMER:
		t->deadline.kind = DEADLINE_TIMER;
		return OK;
	default:
		return OK;
	}
}

/* An embedded slot goes: its object forgets what it referred to. */
static void hold_cleared(struct kernel *k, struct cap *slot)
{
	switch ((enum cap_hold)slot->hold) {
	case HOLD_THREAD_CSPACE:
	case HOLD_THREAD_SPACE:
	case HOLD_THREAD_BUFFER:
	case HOLD_THREAD_FAULT:
	case HOLD_THREAD_SIGNAL:
		thread_hold_cleared(k, slot);
		break;
	case HOLD_VCPU_SPACE:
	case HOLD_VCPU_PORT:
		vcpu_hold_cleared(k, slot);
		break;
	case HOLD_LINE_VCPU:
	case HOLD_LINE_SIGNAL:
		line_hold_cleared(k, slot);
		break;
	case HOLD_TIMER_SIGNAL:
		timer_hold_cleared(k, slot);
		break;
	case HOLD_IRQ_SIGNAL:
		irq_hold_cleared(k, slot);
		break;
	case HOLD_SPACE_WINDOWS:
		((struct cspace *)slot->object)->windows_of = NULL;
		break;
	default:
		break;
	}
}

static void original_end(struct kernel *k, struct cap *c)
{
	switch ((enum cap_type)c->type) {
	case CAP_SPACE:
		space_end(k, c->object);
		break;
	case CAP_THREAD:
		thread_end(k, c->object);
		break;
	case CAP_VCPU:
		vcpu_end(k, c->object);
		break;
	case CAP_PORT:
		port_end(k, c->object);
		break;
	case CAP_SIGNAL:
		signal_end(k, c->object);
		break;
	case CAP_LINE:
		line_end(k, c->object);
		break;
	case CAP_TIMER:
		timer_end(k, c->object);
		break;
	case CAP_IRQ:
		irq_end(k, c->object);
		break;
	default:
		break;
	}
}

static void reply_end(struct kernel *k, struct cap *c)
{
	struct context *caller = c->object;

	if (!caller)
		return;
	caller->reply = NULL;
	c->object = NULL;
	port_end_call(k, caller, PEER_RESTARTED);
}

bool object_end(struct kernel *k, struct cap *c)
{
	if (c->hold) {
		hold_cleared(k, c);
		return true;
	}
	switch ((enum cap_type)c->type) {
	case CAP_FRAME:
		frame_end(k, c);
		break;
	case CAP_TABLE:
		table_end(k, c);
		break;
	case CAP_WINDOW:
		window_end(k, c);
		break;
	case CAP_DOORBELL:
		doorbell_end(k, c);
		break;
	case CAP_REPLY:
		reply_end(k, c);
		break;
	case CAP_PORT:
		if ((c->flags & CAP_ORIGINAL) && port_drain(k, c->object))
			return false;
		break;
	default:
		break;
	}
	if (c->flags & CAP_ORIGINAL)
		original_end(k, c);
	return true;
}
