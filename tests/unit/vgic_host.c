/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_host.h"

#include "kernel/abi.h"
#include "test.h"

struct vgic_host vgic_host;

/* A number as small as an id for each wire: the second vCPU's PPIs are behind all ids. */
static uint32_t wire(uint32_t number)
{
	CHECK((number & 0xffff) >= VGIC_PRIVATE || number >> 16 < 2);
	return (number & 0xffff) < VGIC_PRIVATE ? (number >> 16) * VGIC_IDS + (number & 0xffff)
						: number;
}

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
	uint32_t n = wire(VGIC_WIRE(cpu, id));

	(void)h;
	CHECK(!vgic_host.armed[n]);
	vgic_host.armed[n] = true;
	vgic_host.edge[n] = edge;
	vgic_host.armed_at[n] = cpu;
	vgic_host.priority[cpu][id] = priority;
	if (vgic_host.wire[n])
		vgic_host.state[cpu][id] |= IRQ_PENDING;
}

static uint32_t host_disarm(void *h, uint32_t number)
{
	uint32_t n = wire(number);

	CHECK(vgic_host.armed[n]);
	vgic_host.armed[n] = false;
	return host_retract(h, vgic_host.armed_at[n], number & 0xffff, IRQ_PENDING | IRQ_ACTIVE);
}

static bool host_level(void *h, uint32_t number)
{
	(void)h;
	return vgic_host.wire[wire(number)];
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
