/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_host.h"

#include "kernel/abi.h"
#include "test.h"

struct vgic_host vgic_host;

static void host_inject(void *h, unsigned int cpu, uint32_t id, uint8_t priority)
{
	(void)h;
	vgic_host.calls++;
	vgic_host.state[cpu][id] |= IRQ_PENDING;
	vgic_host.priority[cpu][id] = priority;
}

static uint32_t host_retract(void *h, unsigned int cpu, uint32_t id, uint32_t states)
{
	uint32_t were = vgic_host.state[cpu][id];

	(void)h;
	vgic_host.calls++;
	vgic_host.state[cpu][id] &= ~states;
	return were;
}

static uint32_t host_state(void *h, unsigned int cpu, uint32_t id)
{
	(void)h;
	return vgic_host.state[cpu][id];
}

static void host_arm(void *h, unsigned int cpu, uint32_t id, uint8_t priority, bool edge)
{
	(void)h;
	CHECK(!vgic_host.armed[id]);
	vgic_host.armed[id] = true;
	vgic_host.edge[id] = edge;
	vgic_host.armed_at[id] = cpu;
	vgic_host.priority[cpu][id] = priority;
	if (vgic_host.wire[id])
		vgic_host.state[cpu][id] |= IRQ_PENDING;
}

static uint32_t host_disarm(void *h, uint32_t id)
{
	unsigned int cpu = vgic_host.armed_at[id];

	CHECK(vgic_host.armed[id]);
	vgic_host.armed[id] = false;
	return host_retract(h, cpu, id, IRQ_PENDING | IRQ_ACTIVE);
}

static bool host_level(void *h, uint32_t id)
{
	(void)h;
	return vgic_host.wire[id];
}

static void host_timer(void *h, unsigned int cpu, uint8_t priority, bool enabled)
{
	(void)h;
	vgic_host.timer[cpu] = enabled;
	vgic_host.timer_priority[cpu] = priority;
}

const struct vgic_ops vgic_host_ops = {
    host_inject, host_retract, host_state, host_arm, host_disarm, host_level, host_timer,
};
