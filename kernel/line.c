/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual interrupt line. Armed, it goes into the vCPU here in the kernel: a level while its wire
 * is high and nothing of it is in flight, an edge once per rise, one rise latched meanwhile. Not
 * armed, a rise raises the VMM's signal. A physical interrupt (irq.c) is armed alike.
 */
#include "internal.h"

static void inject(struct kernel *k, struct line *l)
{
	if (!l->armed || l->in_flight || !(l->edge ? l->edges != 0 : l->level))
		return;
	l->edges = 0;
	l->in_flight = true;
	arch_vcpu_inject(k, l->vcpu.object, l->id, l->priority, IRQ_PENDING, l);
	vcpu_wake(k, l->vcpu.object);
}

void vcpu_interrupt_ended(struct kernel *k, struct line *l)
{
	l->in_flight = false;
	inject(k, l);
}

static enum status line_raise(struct kernel *k, struct line *l)
{
	if (l->level)
		return OK;
	l->level = true;
	l->edges = 1;
	if (l->armed)
		inject(k, l);
	else if (l->signal.object)
		signal_raise(k, l->signal.object, l->bits);
	return OK;
}

static enum status line_lower(struct kernel *k, struct line *l)
{
	l->level = false;
	/* A level interrupt the guest has not taken yet is no longer there. */
	if (l->armed && !l->edge && l->in_flight &&
	    arch_vcpu_irq_state(k, l->vcpu.object, l->id) == IRQ_PENDING) {
		(void)arch_vcpu_retract(k, l->vcpu.object, l->id, IRQ_PENDING);
		l->in_flight = false;
	}
	return OK;
}

static uint32_t disarm(struct kernel *k, struct line *l)
{
	uint32_t states = 0;

	if (!l->armed)
		return 0;
	l->armed = false;
	list_remove(&l->of_vcpu);
	((struct vcpu *)l->vcpu.object)->line_count--;
	if (l->in_flight || l->number)
		states = arch_vcpu_retract(k, l->vcpu.object, l->id, IRQ_PENDING | IRQ_ACTIVE);
	if (l->number)
		irq_disarmed(k, l, states);
	else if (l->edge && (states & IRQ_PENDING))
		l->edges = 1;
	l->in_flight = false;
	return states;
}

void line_end(struct kernel *k, void *object)
{
	struct line *l = object;

	(void)disarm(k, l);
	hold_clear(k, &l->vcpu);
	hold_clear(k, &l->signal);
}

void line_hold_cleared(struct kernel *k, struct cap *slot)
{
	if (slot->hold == HOLD_LINE_VCPU)
		(void)disarm(k, container_of(slot, struct line, vcpu));
}

enum status line_arm(struct kernel *k, struct line *l, struct invocation *call)
{
	struct cap *cap;
	struct vcpu *v;
	enum status s = cspace_need(call->thread, call->in[2], CAP_VCPU, RIGHT_MANAGE, &cap);

	if (s != OK)
		return s;
	if (call->in[3] >= IRQS || (l->number && call->in[3] < IRQ_SHARED) ||
	    call->in[4] > PRIORITY_MOST || call->in[5] > LINE_EDGE)
		return BAD_ARGUMENT;
	if (l->armed)
		return EXISTS;
	v = cap->object;
	if (v->line_count >= VCPU_LINES)
		return LIMIT;
	for (struct list *o = v->lines.next; o != &v->lines; o = o->next)
		if (container_of(o, struct line, of_vcpu)->id == call->in[3])
			return EXISTS;
	s = hold_set(&l->vcpu, HOLD_LINE_VCPU, cap);
	if (s != OK)
		return s;
	l->id = (uint32_t)call->in[3];
	l->priority = (uint16_t)call->in[4];
	l->edge = call->in[5] == LINE_EDGE;
	l->armed = true;
	list_append(&v->lines, &l->of_vcpu);
	v->line_count++;
	inject(k, l);
	return OK;
}

enum status line_disarm(struct kernel *k, struct line *l, struct invocation *call)
{
	if (!l->armed)
		return NOT_FOUND;
	call->out[1] = disarm(k, l);
	hold_clear(k, &l->vcpu);
	return OK;
}

enum status line_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct line *l = call->cap->object;

	if (!(call->cap->rights & (method <= LINE_LOWER ? RIGHT_WRITE : RIGHT_MANAGE)))
		return NO_RIGHT;
	switch (method) {
	case LINE_RAISE:
		return line_raise(k, l);
	case LINE_LOWER:
		return line_lower(k, l);
	case LINE_ARM:
		return line_arm(k, l, call);
	case LINE_DISARM:
		return line_disarm(k, l, call);
	case LINE_NOTIFY:
		return signal_bind(k, call, &l->signal, HOLD_LINE_SIGNAL, &l->bits);
	case LINE_STATUS:
		return results(call, l->level, l->armed, l->edge ? l->edges : 0, 0);
	default:
		return BAD_METHOD;
	}
}
