/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical timers, tied to the kernel's calls: a line for each vCPU, one timer for all, and for
 * the interrupt controller, which looks again after a while whether an interrupt has ended. */
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/arch/aarch64/arch_vm.h"
#include "services/vmm/machine.h"

#define RECHECK_PER_SECOND 10000

static uint64_t now(void *host)
{
	(void)host;
	return sys_counter(); /* a guest's physical and virtual counter are the same */
}

static void level(void *host, unsigned int cpu, bool high)
{
	const struct machine *m = host;
	const skerry_cap line = m->arch->ptimer_lines + cpu;

	if (high)
		line_raise(line);
	else
		line_lower(line);
}

static void timer_update(const struct arch_vm *a)
{
	_Static_assert(PTIMER_NEVER == 0, "0 cancels");
	if (a->recheck_at && (!a->ptimer_at || a->recheck_at < a->ptimer_at))
		timer_set(a->timer, a->recheck_at);
	else
		timer_set(a->timer, a->ptimer_at);
}

static void deadline(void *host, uint64_t ticks)
{
	const struct machine *m = host;

	m->arch->ptimer_at = ticks;
	timer_update(m->arch);
}

void arch_recheck(void *host)
{
	const struct machine *m = host;

	if (m->arch->recheck_at)
		return;
	m->arch->recheck_at = sys_counter() + start_page()->frequency / RECHECK_PER_SECOND;
	timer_update(m->arch);
}

static const struct ptimer_ops ops = {.now = now, .level = level, .deadline = deadline};

static void passed(struct machine *m, void *arg)
{
	(void)arg;
	m->arch->recheck_at = 0;
	vgic_recheck(&m->arch->vgic);
	m->arch->ptimer_at = PTIMER_NEVER;
	ptimer_passed(&m->arch->ptimer);
}

bool arch_ptimer_init(struct machine *m)
{
	const uint32_t cpus = m->config->cpu_num;
	/* They stay for the next VM, which may have more vCPUs; what is in them goes with the
	 * space. */
	const skerry_cap lines =
	    m->arch->ptimer_lines ? m->arch->ptimer_lines : slots_take(PTIMER_CPUS);
	int32_t status = LIMIT;

	m->arch->ptimer_lines = lines;
	if (lines)
		status = untyped_retype(grant_slot("untyped"), CAP_LINE, 0, 0, lines, cpus);
	m->arch->timer = grant_slot("timer");
	if (status || !m->arch->timer) {
		log_line("vmm %s: no grant timer, or no lines for the timers (%d)", m->config->name,
			 status);
		return false;
	}
	m->arch->ptimer_at = m->arch->recheck_at = 0; /* of a VM that is gone: not told */
	ptimer_init(&m->arch->ptimer, cpus, &ops, m);
	vgic_private_line(&m->arch->vgic, PTIMER_PPI);
	machine_on_signal(m, MACHINE_SIGNAL_TIMER, passed, NULL);
	return true;
}
