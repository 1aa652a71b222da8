/* SPDX-License-Identifier: BSD-2-Clause */
/* A physical interrupt as a signal: quiet from when it fires until acknowledged. */
#include "internal.h"

void irq_fired(struct kernel *k, uint32_t number)
{
	struct irq *i = number < IRQS ? k->irqs[number] : NULL;

	if (!i || !i->signal.object) {
		arch_irq_disable(k, number); /* nobody wants it: it would only fire again */
		return;
	}
	i->masked = true;
	signal_raise(k, i->signal.object, i->bits);
}

void irq_end(struct kernel *k, void *object)
{
	struct irq *i = object;

	hold_clear(k, &i->signal);
	if (!i->number)
		return;
	arch_irq_disable(k, i->number);
	if (i->masked)
		arch_irq_done(k, i->number);
	k->irqs[i->number] = NULL;
}

void irq_hold_cleared(struct kernel *k, struct cap *slot)
{
	struct irq *i = container_of(slot, struct irq, signal);

	if (i->number)
		arch_irq_disable(k, i->number);
}

static enum status irq_bind(struct kernel *k, struct irq *i, struct invocation *call)
{
	enum status s;

	if (!i->number)
		return BAD_STATE;
	s = signal_bind(k, call, &i->signal, HOLD_IRQ_SIGNAL, &i->bits);
	if (s != OK)
		return s;
	if (i->masked)
		arch_irq_done(k, i->number);
	i->masked = false;
	arch_irq_enable(k, i->number, i->edge);
	return OK;
}

enum status irq_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct irq *i = call->cap->object;

	switch (method) {
	case IRQ_BIND:
		return irq_bind(k, i, call);
	case IRQ_ACK:
		if (!i->masked)
			return NOT_FOUND;
		i->masked = false;
		arch_irq_done(k, i->number);
		return OK;
	default:
		return BAD_METHOD;
	}
}
