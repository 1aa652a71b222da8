/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/machine_signal.h"

#include "services/vmm/machine.h"

void machine_on_signal(struct machine *m, uint32_t bit, machine_signal_handler *handler, void *arg)
{
	m->signals[bit] = (struct machine_signal_slot){handler, arg};
}

/* Out of line, so that the exit loop keeps its registers for exits. */
__attribute__((noinline)) void machine_signalled(struct machine *m, uint64_t bits)
{
	/* Of a VM that is gone, or is not there yet. */
	if (!m->vm)
		return;
	for (uint32_t bit = 0; bit < MACHINE_SIGNALS; bit++) {
		const struct machine_signal_slot *s = &m->signals[bit];

		if (bits >> bit & 1 && s->handler)
			s->handler(m, s->arg);
	}
}
