/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One load or store that the hardware did not decode: fetched through the guest's own tables,
 * decoded, and done access by access, in the order of addresses. The guest may change its memory
 * meanwhile: an instruction that does not access what faulted, that cannot be fetched, or that is
 * no load or store of ours is refused, and nothing was done then.
 */
#ifndef VMM_EMULATE_H
#define VMM_EMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/arch/aarch64/vcpu_groups.h"

struct emulate_host {
	void *host;
	/* Guest memory; false: there is none. */
	bool (*read)(void *host, uint64_t address, void *to, size_t size);
	/* Access `part` (0, then 1 of a pair) of guest physical memory: an EXIT_ACTION of it. */
	uint32_t (*access)(void *host, unsigned int part, uint64_t address, uint32_t width,
			   bool write, uint64_t *value);
};

/*
 * The instruction at g->pc, which faulted at `virtual`. Returns what the vCPU is to do: with
 * EXIT_ACTION_ADVANCE its registers are in *g and *s, of which sp_el1 alone can have changed; the
 * program counter is as it was.
 */
uint32_t emulate(const struct emulate_host *h, struct vcpu_general *g, struct vcpu_system_group *s,
		 uint64_t virtual);

#endif
