/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/arch/aarch64/ptimer.h"

#include <string.h>

#include "services/vmm/arch/aarch64/sysreg.h"

#define CNTP_TVAL_EL0 SYSREG(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0 SYSREG(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0 SYSREG(3, 3, 14, 2, 2)
#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u

/* The timer condition: both are unsigned. */
static bool is_met(const struct ptimer *t, unsigned int cpu, uint64_t now)
{
	return now >= t->cpu[cpu].compare;
}

/* Outputs as they are `now`, and the next time that one rises by itself. */
static void update(struct ptimer *t, uint64_t now)
{
	uint64_t next = PTIMER_NEVER;

	for (unsigned int i = 0; i < t->cpus; i++) {
		bool counts = t->cpu[i].control == CTL_ENABLE;
		bool high = counts && is_met(t, i, now);

		if (high != t->cpu[i].high) {
			t->cpu[i].high = high;
			t->ops->level(t->host, i, high);
		}
		if (counts && !high && (next == PTIMER_NEVER || t->cpu[i].compare < next))
			next = t->cpu[i].compare;
	}
	if (next != t->deadline) {
		t->deadline = next;
		t->ops->deadline(t->host, next);
	}
}

void ptimer_init(struct ptimer *t, unsigned int cpus, const struct ptimer_ops *ops, void *host)
{
	memset(t, 0, sizeof(*t));
	t->ops = ops;
	t->host = host;
	t->cpus = cpus;
}

void ptimer_reset(struct ptimer *t, unsigned int cpu)
{
	t->cpu[cpu].control = 0;
	t->cpu[cpu].compare = 0;
	update(t, t->ops->now(t->host));
}

/* It is spent: the host may have to be asked for the same one again. */
void ptimer_passed(struct ptimer *t)
{
	t->deadline = PTIMER_NEVER;
	update(t, t->ops->now(t->host));
}

static uint64_t read(const struct ptimer *t, unsigned int cpu, uint32_t reg, uint64_t now)
{
	switch (reg) {
	case CNTP_TVAL_EL0:
		return (uint32_t)(t->cpu[cpu].compare - now);
	case CNTP_CVAL_EL0:
		return t->cpu[cpu].compare;
	default:
		return t->cpu[cpu].control | (is_met(t, cpu, now) ? CTL_ISTATUS : 0);
	}
}

bool ptimer_access(struct ptimer *t, unsigned int cpu, uint32_t reg, bool write, uint64_t *value)
{
	uint64_t now;

	if (reg != CNTP_TVAL_EL0 && reg != CNTP_CTL_EL0 && reg != CNTP_CVAL_EL0)
		return false;
	now = t->ops->now(t->host);
	if (!write) {
		*value = read(t, cpu, reg, now);
		return true;
	}
	if (reg == CNTP_TVAL_EL0)
		t->cpu[cpu].compare = now + (uint64_t)(int64_t)(int32_t)*value;
	else if (reg == CNTP_CVAL_EL0)
		t->cpu[cpu].compare = *value;
	else
		t->cpu[cpu].control = (uint32_t)*value & (CTL_ENABLE | CTL_IMASK);
	update(t, now);
	return true;
}
