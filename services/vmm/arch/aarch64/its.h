/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of the interrupt translation service (Arm IHI 0069, chapter 5 and 12.18): a device's
 * event becomes an LPI of struct vgic. Commands come in a queue in the guest's memory; the device
 * table and the translation tables are the guest's, too, in a layout of our own. All that is read
 * there is checked each time it is used. Collections are here, 16 of them (GITS_TYPER.CIDbits).
 *
 * A command that is wrong is ignored, as the architecture allows; a queue that is not in memory
 * stalls (GITS_CREADR.Stalled) until GITS_CWRITER.Retry.
 */
#ifndef VMM_ITS_H
#define VMM_ITS_H

#include <stdbool.h>
#include <stdint.h>

#include "services/vmm/arch/aarch64/vgic.h"

#define ITS_SIZE 0x20000u /* control and translation frames */
#define ITS_COLLECTIONS 16u
#define ITS_BASERS 2u

struct its {
	struct vgic *gic;
	uint64_t base; /* guest physical */
	bool enabled, stalled;
	uint32_t read, write; /* offsets in the queue */
	uint64_t cbaser, baser[ITS_BASERS];
	uint8_t collection[ITS_COLLECTIONS]; /* its vCPU; VGIC_CPUS: not mapped */
	uint8_t collection_of[VGIC_LPIS];    /* of an LPI; ITS_COLLECTIONS: none */
	uint32_t ignored;		     /* commands and events that were wrong */
};

void its_init(struct its *its, struct vgic *gic, uint64_t base);
/* As vgic_access. */
bool its_access(struct its *its, uint64_t address, uint32_t width, bool write, uint64_t *value);
/* Goes on with commands, a bounded number; the rest waits for the next call. */
void its_run(struct its *its);
/* A device writes GITS_TRANSLATER. */
void its_event(struct its *its, uint32_t device, uint32_t event);

/* ---- Between the parts of the model ---- */
#define ITS_DEVICE_BITS 16u
#define ITS_EVENT_BITS 14u
#define ITS_TABLE_ADDRESS 0x0000fffffffff000ull /* GITS_BASER, pages of 4 KiB */
#define ITS_QUEUE_ADDRESS 0x000ffffffffff000ull
#define ITS_VALID (1ull << 63)

static inline uint32_t its_queue_size(const struct its *its)
{
	return (uint32_t)((its->cbaser & 0xff) + 1) * 0x1000;
}
/* One command; false: it was wrong. */
bool its_command(struct its *its, const uint64_t command[4]);

#endif
