/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_host.h"

#include <string.h>

#include "kernel/abi.h"
#include "test.h"

struct vgic_host vgic_host;

/* A number as small as an id for each wire: the second vCPU's PPIs are behind all ids. */
static uint32_t wire(unsigned int cpu, uint32_t id)
{
	return id < VGIC_PRIVATE ? cpu * VGIC_IDS + id : id;
}

static void host_inject(void *h, unsigned int cpu, uint32_t id, uint16_t priority, uint32_t states)
{
	(void)h;
	CHECK(states);
	vgic_host.calls++;
	vgic_host.state[cpu][id] |= states;
	vgic_host.priority[cpu][id] = priority;
}

/* As the kernel: a level goes in while its wire is high, a kept edge once. */
static void raise(unsigned int cpu, uint32_t id)
{
	uint32_t n = wire(cpu, id);

	if (!vgic_host.armed[n] || !vgic_host.wire[n])
		return;
	vgic_host.state[vgic_host.armed_at[n]][id] |= IRQ_PENDING;
	if (vgic_host.edge[n])
		vgic_host.wire[n] = false;
}

static uint32_t host_retract(void *h, unsigned int cpu, uint32_t id, uint32_t states)
{
	uint32_t were = vgic_host.state[cpu][id];

	(void)h;
	vgic_host.calls++;
	vgic_host.state[cpu][id] &= ~states;
	if (were && !vgic_host.state[cpu][id] && id < VGIC_IDS &&
	    cpu == vgic_host.armed_at[wire(cpu, id)])
		raise(cpu, id);
	return were;
}

static uint32_t host_state(void *h, unsigned int cpu, uint32_t id)
{
	(void)h;
	return vgic_host.state[cpu][id];
}

static void host_arm(void *h, unsigned int cpu, uint32_t id, uint16_t priority, bool edge)
{
	uint32_t n = wire(cpu, id);

	(void)h;
	CHECK(!vgic_host.armed[n]);
	vgic_host.armed[n] = true;
	vgic_host.edge[n] = edge;
	vgic_host.armed_at[n] = cpu;
	vgic_host.priority[cpu][id] = priority;
	raise(cpu, id);
}

static uint32_t host_disarm(void *h, unsigned int cpu, uint32_t id)
{
	uint32_t n = wire(cpu, id), states;

	CHECK(vgic_host.armed[n]);
	vgic_host.armed[n] = false;
	states = host_retract(h, vgic_host.armed_at[n], id, IRQ_PENDING | IRQ_ACTIVE);
	if (vgic_host.edge[n] && (states & IRQ_PENDING))
		vgic_host.wire[n] = true; /* kept */
	return states;
}

static bool host_wire(void *h, unsigned int cpu, uint32_t id, bool edge)
{
	(void)h;
	(void)edge;
	return vgic_host.wire[wire(cpu, id)];
}

static void host_pend(void *h, uint32_t id, bool pending)
{
	(void)h;
	vgic_host.calls++;
	vgic_host.pended[id] = pending;
}

static void host_source(void *h, unsigned int cpu, uint32_t source, uint16_t priority, bool enabled)
{
	(void)h;
	CHECK(source < VCPU_SOURCES);
	vgic_host.source[cpu][source] = enabled;
	vgic_host.source_priority[cpu][source] = priority;
}

static void host_recheck(void *h)
{
	(void)h;
	vgic_host.recheck = true;
}

static uint8_t *host_memory(void *h, uint64_t gpa, uint64_t bytes, bool write)
{
	(void)h;
	if (gpa < VGIC_HOST_RAM || bytes > sizeof(vgic_host.ram) ||
	    gpa - VGIC_HOST_RAM > sizeof(vgic_host.ram) - bytes)
		return NULL;
	if (write && vgic_host.read_only && gpa - vgic_host.read_only < 0x1000)
		return NULL;
	return vgic_host.ram + (gpa - VGIC_HOST_RAM);
}

const struct vgic_ops vgic_host_ops = {
    host_inject, host_retract, host_state,  host_arm,	  host_disarm,
    host_wire,	 host_pend,    host_source, host_recheck, host_memory,
};

struct vgic gic;

uint64_t rd(unsigned int cpu, uint64_t address, uint32_t width)
{
	uint64_t value = 0xdeadbeefdeadbeefull;

	CHECK(vgic_access(&gic, cpu, address, width, false, &value));
	return value;
}

void wr(unsigned int cpu, uint64_t address, uint32_t width, uint64_t value)
{
	CHECK(vgic_access(&gic, cpu, address, width, true, &value));
}

void start(void)
{
	const uint32_t affinity[] = {0x0, 0x1};

	memset(&vgic_host, 0, sizeof(vgic_host));
	CHECK(vgic_init(&gic, 2, affinity, WIRED));
	gic.ops = &vgic_host_ops;
	gic.dist_base = GICD;
	gic.redist_base = GICR;
	CHECK(vgic_line(&gic, WIRED, false, false));
	wr(0, GICD, 4, 0x12);
}

void vgic_host_wire(unsigned int cpu, uint32_t id, bool high)
{
	vgic_host.wire[wire(cpu, id)] = high;
	raise(cpu, id);
}
