/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SGIs of a GICv2 are by source: two that come from different CPUs are two interrupts of one id, of
 * which a list register may hold one. The others wait here until that has ended.
 */
#include "arch.h"
#include "arch_calls.h"
#include "internal.h"
#include "port.h"

void vgic_sgi_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority,
		     uint32_t states)
{
	struct sgi_sources *s = &v->arch.vgic.sgi;
	uint32_t n = SGI_ID(id), source = SGI_SOURCE(id), now = vgic_retract(k, v, n, 0);

	if (now == 0 || (states & IRQ_PENDING) == 0) {
		if (now == 0)
			s->current[n] = (uint8_t)source;
		vgic_inject(k, v, n, priority, states, VGIC_END_QUIET);
	} else if (now != IRQ_PENDING || s->current[n] != source) {
		s->waiting[n] |= (uint8_t)(1u << source);
		s->priority[n] = priority;
		vgic_inject(k, v, n, priority, now, VGIC_END_TOLD);
	}
}

void vgic_sgi_ended(struct kernel *k, struct vcpu *v, uint32_t n)
{
	struct sgi_sources *s = &v->arch.vgic.sgi;

	if (s->waiting[n] == 0)
		return;
	s->current[n] = (uint8_t)__builtin_ctz(s->waiting[n]);
	s->waiting[n] &= (uint8_t)(s->waiting[n] - 1);
	vgic_inject(k, v, n, s->priority[n], IRQ_PENDING,
		    s->waiting[n] != 0 ? VGIC_END_TOLD : VGIC_END_QUIET);
	vcpu_wake(k, v);
}

uint32_t vgic_sgi_state(struct kernel *k, struct vcpu *v, uint32_t id)
{
	const struct sgi_sources *s = &v->arch.vgic.sgi;
	uint32_t n = SGI_ID(id), source = SGI_SOURCE(id), now = vgic_retract(k, v, n, 0);

	if (s->current[n] != source)
		now &= ~IRQ_PENDING;
	return now | ((s->waiting[n] >> source & 1) != 0 ? IRQ_PENDING : 0);
}

bool vgic_sgi_retract(struct vcpu *v, uint32_t *id, uint32_t *states)
{
	struct sgi_sources *s = &v->arch.vgic.sgi;
	uint32_t n = SGI_ID(*id), source = SGI_SOURCE(*id), bit = 1u << source;
	bool waits = (*states & IRQ_PENDING) != 0 && (s->waiting[n] & bit) != 0;

	if (waits)
		s->waiting[n] &= (uint8_t)~bit;
	if (s->current[n] != source)
		*states &= ~IRQ_PENDING;
	*id = n;
	return waits;
}
