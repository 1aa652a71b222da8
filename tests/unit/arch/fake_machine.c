/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, physical interrupts and the firmware of the fake machine. */
#include "fake.h"

#include "test.h"

uint64_t fake_time;

uint64_t arch_now(void)
{
	return fake_time;
}

void arch_timer_set(struct kernel *k, uint64_t at)
{
	k->arch.timer = at;
}

bool arch_interrupt_pending(struct kernel *k)
{
	k->arch.polls++;
	if (!k->arch.preempt_at || k->arch.polls < k->arch.preempt_at)
		return false;
	k->arch.preempted++;
	return true;
}

static struct fake_irq *irq_at(struct kernel *k, uint32_t number)
{
	CHECK(arch_irq_valid(k, number));
	return &k->arch.irqs[number];
}

bool arch_irq_valid(struct kernel *k, uint32_t number)
{
	(void)k;
	return number >= FAKE_FIRST_SPI && number < FAKE_IRQ_LIMIT;
}

void arch_irq_enable(struct kernel *k, uint32_t number, bool edge)
{
	struct fake_irq *i = irq_at(k, number);

	CHECK(!i->active); /* else it would never fire */
	if (i->edge != edge)
		i->latched = false;
	i->enabled = true;
	i->edge = edge;
}

void arch_irq_disable(struct kernel *k, uint32_t number)
{
	struct fake_irq *i = irq_at(k, number);

	if (i->linked)
		FAIL("interrupt %u is made inactive and is in a list register", number);
	i->enabled = i->active = false;
}

bool arch_irq_pending(struct kernel *k, uint32_t number)
{
	const struct fake_irq *i = irq_at(k, number);

	return i->asserted || i->latched;
}

void arch_irq_pend(struct kernel *k, uint32_t number, bool pending)
{
	struct fake_irq *i = irq_at(k, number);

	i->latched = pending;
	if (i->edge && !pending)
		i->asserted = false;
}

void fake_irq_link(struct kernel *k, uint32_t number, struct vcpu *v)
{
	struct fake_irq *i = irq_at(k, number);

	if (!i->active || i->linked)
		FAIL("interrupt %u is linked and not active, or linked already", number);
	i->linked = v;
}

void fake_irq_unlink(struct kernel *k, uint32_t number)
{
	struct fake_irq *i = irq_at(k, number);

	if (!i->active || !i->linked)
		FAIL("interrupt %u has ended at the guest, and was not active", number);
	i->linked = NULL;
	i->active = false;
}

void arch_irq_done(struct kernel *k, uint32_t number)
{
	struct fake_irq *i = irq_at(k, number);

	if (!i->active)
		FAIL("interrupt %u is deactivated and was not active", number);
	if (i->linked)
		FAIL("interrupt %u is deactivated and is in a list register", number);
	i->active = false;
}

void fake_irq_assert(struct kernel *k, uint32_t number, bool level)
{
	irq_at(k, number)->asserted = level;
}

bool fake_irq_take(struct kernel *k)
{
	for (uint32_t number = FAKE_FIRST_SPI; number < FAKE_IRQ_LIMIT; number++) {
		struct fake_irq *i = &k->arch.irqs[number];

		if (!i->enabled || !(i->asserted || i->latched) || i->active)
			continue;
		i->active = true;
		i->latched = false;
		if (i->edge)
			i->asserted = false;
		irq_fired(k, number);
		return true;
	}
	return false;
}

void arch_idle(struct kernel *k)
{
	(void)k;
	FAIL("a test never sleeps");
}

enum status arch_core_off(struct kernel *k)
{
	k->arch.core_off++;
	return UNSUPPORTED;
}

int32_t arch_core_power(struct kernel *k, uint32_t core)
{
	if (core >= 4)
		return BAD_ARGUMENT;
	if (k->arch.firmware_old)
		return UNSUPPORTED;
	return (int32_t)(core == k->core ? CORE_IS_ON : CORE_IS_OFF);
}

enum status arch_system_off(struct kernel *k)
{
	k->arch.system_off++;
	return UNSUPPORTED;
}

enum status arch_system_reset(struct kernel *k)
{
	k->arch.system_reset++;
	return UNSUPPORTED;
}
