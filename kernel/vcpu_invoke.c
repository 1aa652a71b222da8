/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods of a vCPU capability. */
#include "internal.h"

static bool at_rest(const struct vcpu *v)
{
	uint8_t s = v->context.state;

	return s == CONTEXT_STOPPED || s == CONTEXT_HELD || s == CONTEXT_CALLING ||
	       s == CONTEXT_SENDING;
}

static enum status vcpu_configure(struct kernel *k, struct vcpu *v, struct invocation *call)
{
	struct cap *space;
	enum status s = cspace_need(call->thread, call->in[2], CAP_SPACE, RIGHT_MANAGE, &space);

	if (s != OK)
		return s;
	if (((struct space *)space->object)->kind != SPACE_KIND_VM)
		return BAD_ARGUMENT;
	if (v->space.object)
		return EXISTS;
	s = hold_set(&v->space, HOLD_VCPU_SPACE, space);
	if (s != OK)
		return s;
	v->sequence = (uint64_t)((struct space *)space->object)->vcpus++ << EXIT_VCPU_SHIFT;
	v->features = arch_vcpu_init(k, v, (uint32_t)call->in[3]);
	call->out[1] = v->features;
	return OK;
}

static enum status vcpu_port(struct kernel *k, struct vcpu *v, struct invocation *call)
{
	struct cap *port;
	enum status s = cspace_need(call->thread, call->in[3], CAP_PORT, RIGHT_CALL, &port);
	uint64_t mask = call->in[2], badge = call->in[4];

	if (s != OK)
		return s;
	if (!mask || mask >> EXIT_CLASSES)
		return BAD_ARGUMENT;
	if (port->badge && badge && badge != port->badge)
		return NO_RIGHT;
	for (unsigned i = 0; i < EXIT_CLASSES; i++) {
		if (!(mask >> i & 1))
			continue;
		hold_clear(k, &v->ports[i]);
		s = hold_set(&v->ports[i], HOLD_VCPU_PORT, port);
		if (s != OK)
			return s;
		v->port_badge[i] = badge ? badge : port->badge;
	}
	return OK;
}

static enum status vcpu_set(struct kernel *k, struct vcpu *v, struct invocation *call)
{
	enum status s =
	    arch_vcpu_set(k, v, (uint32_t)call->in[2], call->thread->message->data, MESSAGE_BYTES);

	vcpu_deadline_update(k, v);
	return s;
}

static enum status vcpu_get(struct kernel *k, struct vcpu *v, struct invocation *call)
{
	int32_t bytes = arch_vcpu_get(k, v, (uint32_t)call->in[2], call->thread->message->data);

	call->out[1] = bytes < 0 ? 0 : (uint64_t)bytes;
	return bytes < 0 ? (enum status)bytes : OK;
}

static enum status vcpu_inject(struct kernel *k, struct vcpu *v, struct invocation *call)
{
	uint64_t states = call->in[4] ? call->in[4] : IRQ_PENDING;

	if (!arch_vcpu_has_id(call->in[2]) || call->in[3] > PRIORITY_MOST || states > 3)
		return BAD_ARGUMENT;
	arch_vcpu_inject(k, v, (uint32_t)call->in[2], (uint16_t)call->in[3], (uint32_t)states,
			 NULL);
	vcpu_wake(k, v);
	return OK;
}

static enum status vcpu_states(struct kernel *k, struct vcpu *v, struct invocation *call,
			       bool retract)
{
	uint32_t id = (uint32_t)call->in[2], states = (uint32_t)call->in[3];

	if (!arch_vcpu_has_id(call->in[2]) || (retract && (!call->in[3] || call->in[3] > 3)))
		return BAD_ARGUMENT;
	call->out[1] =
	    retract ? arch_vcpu_retract(k, v, id, states) : arch_vcpu_irq_state(k, v, id);
	return OK;
}

static enum status vcpu_source(struct kernel *k, struct vcpu *v, struct invocation *call)
{
	if (call->in[2] >= VCPU_SOURCES || call->in[3] > PRIORITY_MOST || call->in[4] > 1)
		return BAD_ARGUMENT;
	arch_vcpu_source(k, v, (uint32_t)call->in[2], (uint16_t)call->in[3], call->in[4] != 0);
	vcpu_deadline_update(k, v);
	return OK;
}

/* What methods have in common: a space, for register groups also a buffer and registers at rest. */
static enum status vcpu_ready(const struct vcpu *v, const struct thread *t, uint32_t method)
{
	bool group = method == VCPU_SET || method == VCPU_GET;

	if (method < VCPU_SET || method > VCPU_SOURCE || method == VCPU_STOP)
		return OK;
	if (!v->space.object || (group && !t->message))
		return BAD_STATE;
	return group && !at_rest(v) ? BUSY : OK;
}

enum status vcpu_invoke(struct kernel *k, struct invocation *call, uint32_t method)
{
	struct vcpu *v = call->cap->object;
	enum status s = vcpu_ready(v, call->thread, method);

	if (s != OK)
		return s;
	switch (method) {
	case VCPU_CONFIGURE:
		return vcpu_configure(k, v, call);
	case VCPU_PORT:
		return vcpu_port(k, v, call);
	case VCPU_SET:
		return vcpu_set(k, v, call);
	case VCPU_GET:
		return vcpu_get(k, v, call);
	case VCPU_RUN:
		v->stop_wanted = false;
		if (v->context.state == CONTEXT_STOPPED || v->context.state == CONTEXT_HELD)
			sched_ready(k, &v->context);
		return OK;
	case VCPU_STOP:
		v->stop_wanted = true;
		if (v->context.state != CONTEXT_SENDING && v->context.state != CONTEXT_CALLING)
			sched_block(k, &v->context, CONTEXT_STOPPED);
		return OK;
	case VCPU_INJECT:
		return vcpu_inject(k, v, call);
	case VCPU_RETRACT:
		return vcpu_states(k, v, call, true);
	case VCPU_IRQ:
		return vcpu_states(k, v, call, false);
	case VCPU_SOURCE:
		return vcpu_source(k, v, call);
	case VCPU_FIRMWARE:
		v->firmware = (uint32_t)call->in[2];
		return OK;
	case VCPU_STATUS:
		return results(call, v->context.state,
			       v->sequence & ((1ull << EXIT_VCPU_SHIFT) - 1), v->features, 0);
	default:
		return BAD_METHOD;
	}
}
