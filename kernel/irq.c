/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A physical interrupt: a line whose wire is in the machine. Bound, it raises a signal and is quiet
 * until acknowledged. Armed, it is linked to a vCPU's, and the guest's end of that one ends it.
 */
#include "internal.h"

void irq_fired(struct kernel *k, uint32_t number)
{
	struct line *i = number < IRQS ? k->irqs[number] : NULL;

	if (i && i->armed) {
		arch_vcpu_inject(k, i->vcpu.object, i->id, i->priority, IRQ_PENDING, i);
		vcpu_wake(k, i->vcpu.object);
	} else if (i && i->signal.object) {
		i->in_flight = true;
		signal_raise(k, i->signal.object, i->bits);
	} else {
		arch_irq_disable(k, number); /* nobody wants it: it would only fire again */
	}
}

void irq_end(struct kernel *k, void *object)
{
	struct line *i = object;

	line_end(k, object);
	if (!i->number)
		return;
	arch_irq_disable(k, i->number);
	arch_irq_pend(k, i->number, false);
	k->irqs[i->number] = NULL;
}

void irq_hold_cleared(struct kernel *k, struct cap *slot)
{
	struct line *i = container_of(slot, struct line, signal);

	if (i->number)
		arch_irq_disable(k, i->number);
	i->in_flight = false;
}

/* An edge the guest had not taken is one of the machine's again. */
void irq_disarmed(struct kernel *k, struct line *i, uint32_t states)
{
	arch_irq_disable(k, i->number);
	if (i->edge && (states & IRQ_PENDING))
		arch_irq_pend(k, i->number, true);
}

static enum status enable(struct kernel *k, struct line *i)
{
	if (i->in_flight)
		arch_irq_done(k, i->number);
	i->in_flight = false;
	arch_irq_enable(k, i->number, i->edge);
	return OK;
}

static enum status irq_connect(struct kernel *k, struct line *i, struct invocation *call, bool arm)
{
	enum status s;

	if (!i->number)
		return BAD_STATE;
	if (i->armed || (arm && i->signal.object))
		return EXISTS;
	s = arm ? line_arm(k, i, call)
		: signal_bind(k, call, &i->signal, HOLD_IRQ_SIGNAL, &i->bits);
	return s == OK ? enable(k, i) : s;
}

enum status irq_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct line *i = call->cap->object;

	switch (method) {
	case IRQ_BIND:
	case IRQ_ARM:
		return irq_connect(k, i, call, method == IRQ_ARM);
	case IRQ_ACK:
		if (!i->in_flight)
			return NOT_FOUND;
		i->in_flight = false;
		arch_irq_done(k, i->number);
		return OK;
	case IRQ_DISARM:
		return line_disarm(k, i, call);
	case IRQ_STATUS:
		return results(call, i->number && arch_irq_pending(k, i->number), i->armed, i->edge,
			       0);
	case IRQ_PEND:
		if (!i->number || call->in[2] > 1)
			return i->number ? BAD_ARGUMENT : BAD_STATE;
		arch_irq_pend(k, i->number, call->in[2] != 0);
		return OK;
	default:
		return BAD_METHOD;
	}
}
