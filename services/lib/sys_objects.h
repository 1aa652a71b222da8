/* SPDX-License-Identifier: BSD-2-Clause */
/* The third part of sys.h: threads, vCPUs, ports, lines, timers, interrupts and cores. */
#ifndef LIB_SYS_OBJECTS_H
#define LIB_SYS_OBJECTS_H

#include "sys_calls.h"

/* ---- Thread ---- */
/* fault: port, or 0. The badge is what fault messages carry. */
SYS_INLINE int32_t thread_configure(skerry_cap thread, skerry_cap cspace, skerry_cap space,
				    skerry_cap buffer, uint32_t offset, skerry_cap fault,
				    uint64_t badge)
{
	return SYS_STATUS(
	    sys_invoke8(thread, THREAD_CONFIGURE, cspace, space, buffer, offset, fault, badge));
}

SYS_INLINE int32_t thread_start(skerry_cap thread, uint64_t entry, uint64_t stack,
				uint64_t argument, uint64_t tls)
{
	return SYS_STATUS(sys_invoke6(thread, THREAD_START, entry, stack, argument, tls));
}

SYS_INLINE int32_t thread_stop(skerry_cap thread)
{
	return SYS_STATUS(sys_invoke2(thread, THREAD_STOP));
}

struct thread_status {
	uint32_t state; /* enum context_state */
	uint64_t pc, fault_address, fault_syndrome;
};

SYS_INLINE int32_t thread_status(skerry_cap thread, struct thread_status *s)
{
	struct sys_result r = sys_invoke2(thread, THREAD_STATUS);

	if (SYS_STATUS(r) == OK)
		*s = (struct thread_status){(uint32_t)r.a[1], r.a[2], r.a[3], r.a[4]};
	return SYS_STATUS(r);
}

/* signal 0 unbinds. */
SYS_INLINE int32_t thread_bind(skerry_cap thread, skerry_cap signal)
{
	return SYS_STATUS(sys_invoke4(thread, THREAD_BIND, signal, 0));
}

/* ---- vCPU ---- */
SYS_INLINE int32_t vcpu_configure(skerry_cap vcpu, skerry_cap space, uint32_t features,
				  uint32_t *granted)
{
	struct sys_result r = sys_invoke4(vcpu, VCPU_CONFIGURE, space, features);

	if (SYS_STATUS(r) == OK)
		*granted = (uint32_t)r.a[1];
	return SYS_STATUS(r);
}

/* classes: mask of 1 << enum exit_class. */
SYS_INLINE int32_t vcpu_port(skerry_cap vcpu, uint32_t classes, skerry_cap port, uint64_t badge)
{
	return SYS_STATUS(sys_invoke6(vcpu, VCPU_PORT, classes, port, badge, 0));
}

/* The group's bytes are in the caller's message buffer. */
SYS_INLINE int32_t vcpu_set(skerry_cap vcpu, uint32_t group)
{
	return SYS_STATUS(sys_invoke4(vcpu, VCPU_SET, group, 0));
}

SYS_INLINE int32_t vcpu_get(skerry_cap vcpu, uint32_t group, uint32_t *bytes)
{
	struct sys_result r = sys_invoke4(vcpu, VCPU_GET, group, 0);

	if (SYS_STATUS(r) == OK)
		*bytes = (uint32_t)r.a[1];
	return SYS_STATUS(r);
}

SYS_INLINE int32_t vcpu_run(skerry_cap vcpu)
{
	return SYS_STATUS(sys_invoke2(vcpu, VCPU_RUN));
}

SYS_INLINE int32_t vcpu_stop(skerry_cap vcpu)
{
	return SYS_STATUS(sys_invoke2(vcpu, VCPU_STOP));
}

SYS_INLINE int32_t vcpu_inject(skerry_cap vcpu, uint32_t id, uint32_t priority, uint32_t flags)
{
	return SYS_STATUS(sys_invoke6(vcpu, VCPU_INJECT, id, priority, flags, 0));
}

SYS_INLINE int32_t vcpu_retract(skerry_cap vcpu, uint32_t id, uint32_t states, uint32_t *were)
{
	struct sys_result r = sys_invoke4(vcpu, VCPU_RETRACT, id, states);

	if (SYS_STATUS(r) == OK)
		*were = (uint32_t)r.a[1];
	return SYS_STATUS(r);
}

SYS_INLINE int32_t vcpu_irq(skerry_cap vcpu, uint32_t id, uint32_t *states)
{
	struct sys_result r = sys_invoke4(vcpu, VCPU_IRQ, id, 0);

	if (SYS_STATUS(r) == OK)
		*states = (uint32_t)r.a[1];
	return SYS_STATUS(r);
}

SYS_INLINE int32_t vcpu_source(skerry_cap vcpu, uint32_t source, uint32_t priority,
			       uint32_t enabled)
{
	return SYS_STATUS(sys_invoke6(vcpu, VCPU_SOURCE, source, priority, enabled, 0));
}

SYS_INLINE int32_t vcpu_firmware(skerry_cap vcpu, uint32_t calls)
{
	return SYS_STATUS(sys_invoke4(vcpu, VCPU_FIRMWARE, calls, 0));
}

SYS_INLINE int32_t vcpu_status(skerry_cap vcpu, uint32_t *state, uint64_t *exits,
			       uint32_t *features)
{
	struct sys_result r = sys_invoke2(vcpu, VCPU_STATUS);

	if (SYS_STATUS(r) == OK) {
		*state = (uint32_t)r.a[1];
		*exits = r.a[2];
		*features = (uint32_t)r.a[3];
	}
	return SYS_STATUS(r);
}

/* ---- Port ---- */
SYS_INLINE int32_t port_status(skerry_cap port, uint32_t *generation, uint32_t *waits)
{
	struct sys_result r = sys_invoke2(port, PORT_STATUS);

	if (SYS_STATUS(r) == OK) {
		*generation = (uint32_t)r.a[1];
		*waits = (uint32_t)r.a[2];
	}
	return SYS_STATUS(r);
}

SYS_INLINE int32_t port_renew(skerry_cap port)
{
	return SYS_STATUS(sys_invoke2(port, PORT_RENEW));
}

/* ---- Line ---- */
SYS_INLINE int32_t line_raise(skerry_cap line)
{
	return SYS_STATUS(sys_invoke2(line, LINE_RAISE));
}

SYS_INLINE int32_t line_lower(skerry_cap line)
{
	return SYS_STATUS(sys_invoke2(line, LINE_LOWER));
}

/* trigger: LINE_LEVEL or LINE_EDGE. */
SYS_INLINE int32_t line_arm(skerry_cap line, skerry_cap vcpu, uint32_t id, uint32_t priority,
			    uint32_t trigger)
{
	return SYS_STATUS(sys_invoke6(line, LINE_ARM, vcpu, id, priority, trigger));
}

SYS_INLINE int32_t line_disarm(skerry_cap line, uint32_t *states)
{
	struct sys_result r = sys_invoke2(line, LINE_DISARM);

	if (SYS_STATUS(r) == OK)
		*states = (uint32_t)r.a[1];
	return SYS_STATUS(r);
}

SYS_INLINE int32_t line_notify(skerry_cap line, skerry_cap signal, uint64_t bits)
{
	return SYS_STATUS(sys_invoke4(line, LINE_NOTIFY, signal, bits));
}

SYS_INLINE int32_t line_status(skerry_cap line, uint32_t *level, uint32_t *armed, uint32_t *edges)
{
	struct sys_result r = sys_invoke2(line, LINE_STATUS);

	if (SYS_STATUS(r) == OK) {
		*level = (uint32_t)r.a[1];
		*armed = (uint32_t)r.a[2];
		*edges = (uint32_t)r.a[3];
	}
	return SYS_STATUS(r);
}

/* ---- Timer and physical interrupt ---- */
SYS_INLINE int32_t timer_bind(skerry_cap timer, skerry_cap signal, uint64_t bits)
{
	return SYS_STATUS(sys_invoke4(timer, TIMER_BIND, signal, bits));
}

/* deadline in ticks of sys_counter(); 0 cancels. */
SYS_INLINE int32_t timer_set(skerry_cap timer, uint64_t deadline)
{
	return SYS_STATUS(sys_invoke4(timer, TIMER_SET, deadline, 0));
}

SYS_INLINE int32_t irq_bind(skerry_cap irq, skerry_cap signal, uint64_t bits)
{
	return SYS_STATUS(sys_invoke4(irq, IRQ_BIND, signal, bits));
}

SYS_INLINE int32_t irq_arm(skerry_cap irq, skerry_cap vcpu, uint32_t id, uint32_t priority,
			   uint32_t trigger)
{
	return SYS_STATUS(sys_invoke6(irq, IRQ_ARM, vcpu, id, priority, trigger));
}

SYS_INLINE int32_t irq_disarm(skerry_cap irq, uint32_t *states)
{
	struct sys_result r = sys_invoke2(irq, IRQ_DISARM);

	if (SYS_STATUS(r) == OK)
		*states = (uint32_t)r.a[1];
	return SYS_STATUS(r);
}

SYS_INLINE int32_t irq_status(skerry_cap irq, uint32_t *pending, uint32_t *armed, uint32_t *trigger)
{
	struct sys_result r = sys_invoke2(irq, IRQ_STATUS);

	if (SYS_STATUS(r) == OK) {
		*pending = (uint32_t)r.a[1];
		*armed = (uint32_t)r.a[2];
		*trigger = (uint32_t)r.a[3];
	}
	return SYS_STATUS(r);
}

SYS_INLINE int32_t irq_pend(skerry_cap irq, uint32_t pending)
{
	return SYS_STATUS(sys_invoke4(irq, IRQ_PEND, pending, 0));
}

SYS_INLINE int32_t irq_ack(skerry_cap irq)
{
	return SYS_STATUS(sys_invoke2(irq, IRQ_ACK));
}

/* ---- Core ---- */
/* budget_ns 0: it runs only on behalf of callers. */
SYS_INLINE int32_t core_schedule(skerry_cap core, skerry_cap context, uint32_t priority,
				 uint64_t budget_ns, uint64_t period_ns)
{
	return SYS_STATUS(
	    sys_invoke6(core, CORE_SCHEDULE, context, priority, budget_ns, period_ns));
}

SYS_INLINE int32_t core_irq(skerry_cap core, skerry_cap irq, uint32_t number, uint32_t trigger)
{
	return SYS_STATUS(sys_invoke6(core, CORE_IRQ, irq, number, trigger, 0));
}

SYS_INLINE int32_t core_off(skerry_cap core)
{
	return SYS_STATUS(sys_invoke2(core, CORE_OFF));
}

SYS_INLINE int32_t core_power(skerry_cap core, uint32_t number, uint32_t *power)
{
	struct sys_result r = sys_invoke4(core, CORE_POWER, number, 0);

	if (SYS_STATUS(r) == OK)
		*power = (uint32_t)r.a[1];
	return SYS_STATUS(r);
}

SYS_INLINE int32_t core_system_off(skerry_cap core)
{
	return SYS_STATUS(sys_invoke2(core, CORE_SYSTEM_OFF));
}

SYS_INLINE int32_t core_system_reset(skerry_cap core)
{
	return SYS_STATUS(sys_invoke2(core, CORE_SYSTEM_RESET));
}

struct core_status {
	uint32_t core;
	uint64_t frequency; /* counter ticks per second */
	uint32_t address_bits;
};

SYS_INLINE int32_t core_status(skerry_cap core, struct core_status *s)
{
	struct sys_result r = sys_invoke2(core, CORE_STATUS);

	if (SYS_STATUS(r) == OK)
		*s = (struct core_status){(uint32_t)r.a[1], r.a[2], (uint32_t)r.a[3]};
	return SYS_STATUS(r);
}

#endif
