/* SPDX-License-Identifier: BSD-2-Clause */
/* One plain access to whatever is there: what the kernel does by windows, done by the VMM. */
#include "exit.ipc.h"
#include "services/lib/grants.h"
#include "services/vmm/machine.h"
#include "services/vmm/vmm_arch.h"

/* A server that died may be dying of this access: as often as a generated stub tries. */
#define TRIES 8u

/* The same access with the same number as the kernel would send, so a ledger knows it again. */
static uint32_t forward(skerry_cap port, const struct mmio_access *in, uint64_t *value)
{
	struct access_reply out = {.action = EXIT_ACTION_ABORT};
	int32_t status = PEER_RESTARTED;

	for (uint32_t i = 0; i < TRIES && status == PEER_RESTARTED; i++)
		status = vcpu_exit_mmio_call(port, in, &out);
	*value = out.value;
	/* The kernel takes no other from us, either. */
	return status || out.action > EXIT_ACTION_ADVANCE_BLOCK ? EXIT_ACTION_ABORT : out.action;
}

uint32_t machine_access(struct machine *m, uint32_t cpu, const struct mmio_access *in,
			uint64_t *value)
{
	struct mmio_access offset = *in;
	const skerry_ServedDevice *d = machine_device_at(m, in->address);

	*value = in->value;
	if (arch_mmio(m, cpu, in->address, in->width, in->write, value))
		return EXIT_ACTION_ADVANCE;
	if (!d)
		return EXIT_ACTION_ABORT;
	offset.address -= d->base;
	return forward(grant_slot(d->server), &offset, value);
}
