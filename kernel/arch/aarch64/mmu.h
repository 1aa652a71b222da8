/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own translation, one to one: EL2 stage 1, 4 KiB granule, 48 address bits, level 0
 * to 3. (Arm ARM D8.) Built by boot code; nothing changes it after a core has started.
 */
#ifndef KERNEL_MMU_H
#define KERNEL_MMU_H

#include <stdbool.h>
#include <stdint.h>

enum mmu_kind { MMU_TEXT, MMU_RODATA, MMU_DATA, MMU_DEVICE, MMU_BOOT /* all rights, in blocks */ };

#define MMU_MAIR 0x000000000000ff04ull /* index 0: Device-nGnRE; 1: normal, write-back */

struct mmu {
	uint64_t *root;
	uint64_t *(*page)(void *from); /* a zeroed page for a table; null: none left */
	void *from;
	bool el1; /* descriptors for the EL1 regime */
};

/* Parts that are mapped already stay as they are. False: no page for a table. */
bool mmu_map(struct mmu *m, uint64_t base, uint64_t size, enum mmu_kind kind);
uint64_t mmu_tcr(bool el1);
uint64_t mmu_sctlr(bool el1, bool wxn);

#endif
