/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts of devices that are passed through: grants that the interrupt controller arms. */
#include <stdio.h>

#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/sys.h"
#include "services/vmm/machine.h"

#define FIRST_SHARED 32u /* below, irq_id says nothing: files in use have such numbers */

static bool physical_line(struct machine *m, const skerry_PassthroughDevice *d)
{
	uint32_t pending = 0, armed = 0, trigger = 0;
	char name[40];
	skerry_cap irq;
	int32_t status;

	snprintf(name, sizeof(name), "%s.irq", d->name);
	irq = grant_slot(name);
	if (!irq) {
		log_line("vmm %s: device %s: no grant %s", m->config->name, d->name, name);
		return false;
	}
	if (machine_line(m, d->irq_id) || m->line_count == MACHINE_LINES) {
		log_line("vmm %s: device %s: interrupt %u is another device's", m->config->name,
			 d->name, d->irq_id);
		return false;
	}
	status = irq_status(irq, &pending, &armed, &trigger);
	if (status) {
		log_line("vmm %s: device %s: no interrupt behind %s (%d)", m->config->name, d->name,
			 name, status);
		return false;
	}
	m->lines[m->line_count++] = (struct machine_line){
	    .irq = d->irq_id,
	    .line = irq,
	    .physical = true,
	    .edge = trigger == IRQ_TRIGGER_EDGE,
	};
	return true;
}

bool machine_physical_lines(struct machine *m)
{
	for (uint32_t i = 0; i < m->config->passthrough_devices_count; i++) {
		const skerry_PassthroughDevice *d = &m->config->passthrough_devices[i];

		if (d->irq_id < FIRST_SHARED)
			continue;
		if (m->config->interrupt_mode == skerry_InterruptMode_INTERRUPT_NONE) {
			log_line("vmm %s: device %s: interrupt %u is not passed on, as "
				 "interrupt_mode is no_irq",
				 m->config->name, d->name, d->irq_id);
			continue;
		}
		if (!physical_line(m, d))
			return false;
	}
	return true;
}
