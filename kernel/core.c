/* SPDX-License-Identifier: BSD-2-Clause */
/* This core: budgets, whose an interrupt is, power. badge: highest priority. */
#include "internal.h"

static enum status core_schedule(struct kernel *k, struct invocation *call)
{
	struct cap *cap = cspace_slot(call->thread, call->in[2]);
	uint64_t priority = call->in[3], budget = call->in[4], period = call->in[5];
	struct context *c;

	if (!cap || (cap->type != CAP_THREAD && cap->type != CAP_VCPU))
		return BAD_CAP;
	if (!(cap->rights & RIGHT_MANAGE))
		return NO_RIGHT;
	if (priority >= PRIORITIES || (call->cap->badge && priority > call->cap->badge))
		return BAD_ARGUMENT;
	/* ns * frequency stays within 64 bits; below 10 us a budget would only pay for its end. */
	if (budget > 1000000000 || period > 1000000000 || budget > period ||
	    (budget && budget < 10000))
		return BAD_ARGUMENT;
	c = cap->object; /* first in both */
	sched_set(k, c, (uint8_t)priority, budget * k->frequency / 1000000000,
		  period * k->frequency / 1000000000);
	return OK;
}

static enum status core_irq(struct kernel *k, struct invocation *call)
{
	struct cap *cap;
	struct line *i;
	enum status s = cspace_need(call->thread, call->in[2], CAP_IRQ, RIGHT_MANAGE, &cap);

	if (s != OK)
		return s;
	i = cap->object;
	if (i->number)
		return EXISTS;
	if (call->in[3] >= IRQS || call->in[4] > IRQ_TRIGGER_EDGE ||
	    !arch_irq_valid(k, (uint32_t)call->in[3]))
		return BAD_ARGUMENT;
	if (k->irqs[call->in[3]])
		return EXISTS;
	i->number = (uint32_t)call->in[3];
	i->edge = call->in[4] == IRQ_TRIGGER_EDGE;
	k->irqs[i->number] = i;
	return OK;
}

static enum status core_power(struct kernel *k, struct invocation *call)
{
	int32_t state;

	if (call->in[2] > 255)
		return BAD_ARGUMENT;
	state = arch_core_power(k, (uint32_t)call->in[2]);
	if (state < 0)
		return (enum status)state;
	call->out[1] = (uint64_t)state;
	return OK;
}

enum status core_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	uint8_t right = method == CORE_SCHEDULE ? RIGHT_MANAGE
			: method == CORE_STATUS ? 0
						: RIGHT_WRITE;

	if ((call->cap->rights & right) != right)
		return NO_RIGHT;
	switch (method) {
	case CORE_SCHEDULE:
		return core_schedule(k, call);
	case CORE_IRQ:
		return core_irq(k, call);
	case CORE_OFF:
		return arch_core_off(k);
	case CORE_POWER:
		return core_power(k, call);
	case CORE_SYSTEM_OFF:
		return arch_system_off(k);
	case CORE_SYSTEM_RESET:
		return arch_system_reset(k);
	case CORE_STATUS:
		return results(call, k->core, k->frequency, k->address_bits, 0);
	default:
		return BAD_METHOD;
	}
}
