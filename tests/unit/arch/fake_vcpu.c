/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs: a lazy marker, four list registers with overflow, and two sources of its own, each linked
 * to a physical interrupt that must be active exactly while its list register (or its being held)
 * is in the machine.
 */
#include "fake.h"

#include <string.h>

#include "internal.h"
#include "test.h"

#define IDS 1020u
#define FAKE_LPIS 8192u /* never active */

static struct vcpu *running(const struct kernel *k)
{
	CHECK(k->current->kind == CONTEXT_VCPU);
	CHECK(k->arch.context == k->current);
	CHECK(k->arch.lazy_of == (struct vcpu *)k->current);
	return (struct vcpu *)k->current;
}

static const uint32_t own_id[VCPU_SOURCES] = {27, 23};

static unsigned source_of(uint32_t id)
{
	CHECK(id == own_id[VCPU_SOURCE_TIMER] || id == own_id[VCPU_SOURCE_MONITOR]);
	return id == own_id[VCPU_SOURCE_MONITOR];
}

/* ---- Registers ---- */

uint32_t arch_vcpu_init(struct kernel *k, struct vcpu *v, uint32_t features)
{
	CHECK(k->loaded != v);
	/* Its lines may be armed and raised already. */
	v->arch.lazy = 0;
	arch_fp_forget(k, &v->context);
	v->context.arch = (struct arch_context){0};
	v->context.arch.tag = ((struct space *)v->space.object)->id;
	for (unsigned i = 0; i < VCPU_SOURCES; i++) {
		v->arch.own[i].at = ~0ull;
		v->arch.own[i].enabled = v->arch.own[i].held = false;
	}
	return features & FAKE_FEATURES;
}

void arch_vcpu_unload(struct kernel *k, struct vcpu *v)
{
	if (k->loaded != v)
		return;
	CHECK(k->arch.lazy_of == v);
	for (unsigned i = 0; i < VCPU_SOURCES; i++) {
		v->arch.own[i].held = false; /* fires again, and is held, when it is back */
		k->arch.ppi_active[i] = false;
	}
	v->arch.lazy = k->arch.lazy;
	k->arch.lazy_of = NULL;
	k->loaded = NULL;
}

int32_t arch_vcpu_get(struct kernel *k, struct vcpu *v, uint32_t group, uint8_t *data)
{
	uint64_t lazy = k->loaded == v ? k->arch.lazy : v->arch.lazy;

	switch (group) {
	case FAKE_GROUP_GENERAL:
		memcpy(data, v->context.arch.r, sizeof(v->context.arch.r));
		memcpy(data + sizeof(v->context.arch.r), &v->context.arch.pc, 8);
		return (int32_t)sizeof(v->context.arch.r) + 8;
	case FAKE_GROUP_LAZY:
		memcpy(data, &lazy, 8);
		return 8;
	default:
		return BAD_ARGUMENT;
	}
}

enum status arch_vcpu_set(struct kernel *k, struct vcpu *v, uint32_t group, const uint8_t *data,
			  size_t bytes)
{
	switch (group) {
	case FAKE_GROUP_GENERAL:
		if (bytes < sizeof(v->context.arch.r) + 8)
			return BAD_MESSAGE;
		memcpy(v->context.arch.r, data, sizeof(v->context.arch.r));
		memcpy(&v->context.arch.pc, data + sizeof(v->context.arch.r), 8);
		return OK;
	case FAKE_GROUP_LAZY:
		if (bytes < 8)
			return BAD_MESSAGE;
		memcpy(k->loaded == v ? &k->arch.lazy : &v->arch.lazy, data, 8);
		return OK;
	default:
		return BAD_ARGUMENT;
	}
}

void arch_vcpu_set_register(struct vcpu *v, uint8_t number, uint64_t value)
{
	CHECK(number <= FAKE_REGISTERS);
	if (number < FAKE_REGISTERS) /* 31 is the zero register */
		v->context.arch.r[number] = value;
}

void arch_vcpu_advance(struct vcpu *v, uint32_t length)
{
	CHECK(length == 2 || length == 4);
	v->context.arch.pc += length;
}

void arch_vcpu_abort(struct kernel *k, struct vcpu *v)
{
	(void)k;
	CHECK(!v->arch.aborted);
	v->arch.aborted = true;
}

void arch_vcpu_undefined(struct kernel *k, struct vcpu *v)
{
	(void)k;
	CHECK(!v->arch.undefined);
	v->arch.undefined = true;
}

void fake_guest_set_lazy(struct kernel *k, uint64_t marker)
{
	running(k);
	k->arch.lazy = marker;
}

uint64_t fake_guest_lazy(struct kernel *k)
{
	running(k);
	return k->arch.lazy;
}

/* ---- Interrupts ---- */

static struct fake_interrupt *interrupt_of(const struct vcpu *v, uint32_t id)
{
	for (unsigned i = 0; i < v->arch.count; i++)
		if (v->arch.interrupts[i].id == id)
			return (struct fake_interrupt *)&v->arch.interrupts[i];
	return NULL;
}

unsigned fake_listed(const struct vcpu *v)
{
	unsigned listed = 0;

	for (unsigned i = 0; i < v->arch.count; i++)
		listed += v->arch.interrupts[i].listed;
	return listed;
}

bool fake_vcpu_names_line(const struct vcpu *v, const struct line *line)
{
	for (unsigned i = 0; i < v->arch.count; i++)
		if (v->arch.interrupts[i].line == line)
			return true;
	return false;
}

static void refill(struct vcpu *v)
{
	for (unsigned i = 0; i < v->arch.count && fake_listed(v) < FAKE_LIST_REGISTERS; i++)
		v->arch.interrupts[i].listed = true;
}

static void remove_interrupt(struct vcpu *v, struct fake_interrupt *i)
{
	size_t behind = (size_t)(v->arch.interrupts + v->arch.count - (i + 1));

	memmove(i, i + 1, behind * sizeof(*i));
	v->arch.count--;
	refill(v);
}

/* A physical interrupt cannot be active twice: what of it is pending beside goes to the
 * distributor.
 */
static void link_physical(struct kernel *k, struct vcpu *v, struct fake_interrupt *i,
			  uint32_t number)
{
	CHECK(!i->physical);
	fake_irq_link(k, number, v);
	i->physical = number;
	if ((i->state & IRQ_ACTIVE) && k->arch.irqs[number].edge)
		arch_irq_pend(k, number, true);
}

static void unlink_physical(struct kernel *k, struct fake_interrupt *i)
{
	if (i->physical)
		fake_irq_unlink(k, i->physical);
	i->physical = 0;
}

bool arch_vcpu_has_id(uint64_t id)
{
	return id < IDS || (id >= FAKE_LPIS && id < FAKE_LPIS + 256);
}

void arch_vcpu_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority,
		      uint32_t states, struct line *line)
{
	struct fake_interrupt *i = interrupt_of(v, id);

	CHECK(arch_vcpu_has_id(id));
	CHECK(priority <= (IRQ_GROUP0 | 255) && states && states <= (IRQ_PENDING | IRQ_ACTIVE));
	if (id >= FAKE_LPIS && !(states &= IRQ_PENDING))
		return;
	if (!i) {
		CHECK(v->arch.count < FAKE_INTERRUPTS);
		i = &v->arch.interrupts[v->arch.count++];
		*i = (struct fake_interrupt){.id = id};
	}
	if (line && line->number)
		link_physical(k, v, i, line->number);
	if (i->physical && (i->state & IRQ_PENDING) && (states & IRQ_ACTIVE) &&
	    k->arch.irqs[i->physical].edge)
		arch_irq_pend(k, i->physical, true);
	i->state |= (uint8_t)states;
	if (i->physical && (i->state & IRQ_ACTIVE))
		i->state = IRQ_ACTIVE;
	i->priority = priority;
	if (line && !line->number)
		i->line = line;
	refill(v);
}

uint32_t arch_vcpu_irq_state(struct kernel *k, struct vcpu *v, uint32_t id)
{
	const struct fake_interrupt *i = interrupt_of(v, id);

	(void)k;
	return i ? i->state : 0;
}

uint32_t arch_vcpu_retract(struct kernel *k, struct vcpu *v, uint32_t id, uint32_t states)
{
	struct fake_interrupt *i = interrupt_of(v, id);
	uint32_t was = i ? i->state : 0;

	if (!i)
		return 0;
	i->state &= (uint8_t)~states;
	if (!i->state) {
		struct line *line = i->line;

		if (i->hardware && k->loaded == v)
			k->arch.ppi_active[source_of(id)] = false;
		unlink_physical(k, i);
		remove_interrupt(v, i);
		if (line && was)
			vcpu_interrupt_ended(k, line);
	}
	return was;
}

bool arch_vcpu_wakes(struct kernel *k, struct vcpu *v)
{
	(void)k;
	for (unsigned i = 0; i < v->arch.count; i++)
		if (v->arch.interrupts[i].state & IRQ_PENDING)
			return true;
	return false;
}

int fake_guest_acknowledge(struct kernel *k)
{
	struct vcpu *v = running(k);
	struct fake_interrupt *best = NULL;
	uint32_t id;

	for (unsigned n = 0; n < v->arch.count; n++) {
		struct fake_interrupt *i = &v->arch.interrupts[n];

		if (i->listed && i->state == IRQ_PENDING && (!best || i->priority < best->priority))
			best = i;
	}
	if (!best)
		return -1;
	id = best->id;
	best->state = IRQ_ACTIVE;
	if (id >= FAKE_LPIS)
		remove_interrupt(v, best);
	return (int)id;
}

void fake_guest_end(struct kernel *k, uint32_t id)
{
	struct vcpu *v = running(k);
	struct fake_interrupt *i = interrupt_of(v, id);
	struct line *line;

	if (id >= FAKE_LPIS)
		return; /* ended with its being taken */
	CHECK(i && i->listed && (i->state & IRQ_ACTIVE));
	line = i->line;
	i->state &= (uint8_t)~IRQ_ACTIVE;
	if (i->hardware) {
		CHECK(k->arch.ppi_active[source_of(id)]);
		k->arch.ppi_active[source_of(id)] = false;
		i->hardware = false;
	}
	unlink_physical(k, i);
	if (!i->state)
		remove_interrupt(v, i);
	if (line)
		vcpu_interrupt_ended(k, line);
}

/* ---- The sources of its own: the virtual timer, and the performance monitors ---- */

static void own_inject(struct kernel *k, struct vcpu *v, unsigned i)
{
	arch_vcpu_inject(k, v, own_id[i], v->arch.own[i].priority, IRQ_PENDING, NULL);
	interrupt_of(v, own_id[i])->hardware = true;
}

void arch_vcpu_source(struct kernel *k, struct vcpu *v, uint32_t source, uint16_t priority,
		      bool enabled)
{
	CHECK(source < VCPU_SOURCES);
	v->arch.own[source].priority = priority;
	v->arch.own[source].enabled = enabled;
	if (enabled && v->arch.own[source].held) { /* physically active already */
		v->arch.own[source].held = false;
		own_inject(k, v, source);
	}
}

static bool in_service(const struct vcpu *v, unsigned i)
{
	const struct fake_interrupt *f = interrupt_of(v, own_id[i]);

	return v->arch.own[i].held || (f && f->hardware);
}

/* Of the timer: the monitors count for a vCPU that runs. */
uint64_t arch_vcpu_deadline(const struct vcpu *v)
{
	return !v->arch.own[0].enabled || in_service(v, 0) ? ~0ull : v->arch.own[0].at;
}

void fake_own_load(struct kernel *k, const struct vcpu *v)
{
	for (unsigned i = 0; i < VCPU_SOURCES; i++) {
		const struct fake_interrupt *f = interrupt_of(v, own_id[i]);

		k->arch.ppi_active[i] = v->arch.own[i].held || (f && f->hardware && f->listed);
	}
}

static void own_fires(struct kernel *k, struct vcpu *v, unsigned i)
{
	if (!v->arch.own[i].enabled)
		v->arch.own[i].held = true;
	else
		own_inject(k, v, i);
}

void arch_vcpu_deadline_passed(struct kernel *k, struct vcpu *v)
{
	CHECK(k->loaded != v);
	CHECK(!in_service(v, 0));
	CHECK(v->arch.own[0].at <= fake_time);
	own_fires(k, v, 0);
}

void fake_guest_timer(struct kernel *k, uint64_t at)
{
	running(k)->arch.own[VCPU_SOURCE_TIMER].at = at;
}

void fake_guest_monitor(struct kernel *k, bool high)
{
	running(k)->arch.own[VCPU_SOURCE_MONITOR].at = high ? 0 : ~0ull;
}

void fake_timer_poll(struct kernel *k)
{
	struct vcpu *v = k->loaded;

	for (unsigned i = 0; v && i < VCPU_SOURCES; i++) {
		if (v->arch.own[i].at > fake_time || in_service(v, i))
			continue;
		if (k->arch.ppi_active[i])
			FAIL("a source of the loaded vCPU cannot fire: its interrupt was left "
			     "active");
		k->arch.ppi_active[i] = true;
		own_fires(k, v, i);
		vcpu_wake(k, v);
	}
}
