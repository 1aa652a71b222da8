/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the interrupt translation service, and its command queue. */
#include "services/vmm/arch/aarch64/its.h"

#include <string.h>

#define GITS_CTLR 0x0000u
#define GITS_IIDR 0x0004u
#define GITS_TYPER 0x0008u
#define GITS_CBASER 0x0080u
#define GITS_CWRITER 0x0088u
#define GITS_CREADR 0x0090u
#define GITS_BASER 0x0100u
#define GITS_PIDR2 0xffe8u
#define GITS_TRANSLATER 0x10040u

#define CTLR_ENABLED 1u
#define CTLR_QUIESCENT (1u << 31)
#define IIDR_SKERRY 0x53000000u
#define COMMAND_BYTES 32u
#define QUEUE_OFFSET 0xfffe0u
#define CREADR_STALLED 1u
#define CWRITER_RETRY 1u
/* Physical LPIs, tables with entries of 8 bytes, collections by vCPU number. */
#define TYPER                                                     \
	(1ull | 7ull << 4 | (uint64_t)(ITS_EVENT_BITS - 1) << 8 | \
	 (uint64_t)(ITS_DEVICE_BITS - 1) << 13 | 3ull << 32 | 1ull << 36 /* CIDbits, CIL */)
/* Read, write-back, inner shareable, as all of a guest's memory is reached. */
#define CBASER_FIXED (7ull << 59 | 1ull << 10)
#define CBASER_WRITABLE (ITS_VALID | ITS_QUEUE_ADDRESS | 0xff)
#define BASER_FIXED (CBASER_FIXED | 7ull << 48)
#define BASER_WRITABLE (ITS_VALID | ITS_TABLE_ADDRESS | 0xff)
#define BASER_TYPE(n) ((n) == 0 ? 1ull << 56 : 4ull << 56) /* devices, collections */

#define COMMANDS 64 /* in one access: some look at each LPI */

void its_init(struct its *its, struct vgic *gic, uint64_t base)
{
	memset(its, 0, sizeof(*its));
	its->gic = gic;
	its->base = base;
	memset(its->collection, VGIC_CPUS, sizeof(its->collection));
	memset(its->collection_of, ITS_COLLECTIONS, sizeof(its->collection_of));
}

void its_run(struct its *its)
{
	const struct vgic *g = its->gic;
	uint64_t command[COMMAND_BYTES / 8];

	for (int i = 0; i < COMMANDS && its->read != its->write; i++) {
		const uint8_t *at;

		if (!its->enabled || its->stalled || !(its->cbaser & ITS_VALID))
			return;
		at = g->ops->memory(g->host, (its->cbaser & ITS_QUEUE_ADDRESS) + its->read,
				    COMMAND_BYTES, false);
		if (!at) {
			its->stalled = true;
			return;
		}
		memcpy(command, at, sizeof(command));
		if (!its_command(its, command))
			its->ignored++;
		its->read = (its->read + COMMAND_BYTES) % its_queue_size(its);
	}
}

static uint64_t read_register(const struct its *its, uint32_t offset)
{
	switch (offset) {
	case GITS_CTLR:
		return (its->enabled ? CTLR_ENABLED : 0) |
		       (its->enabled && its->read != its->write ? 0 : CTLR_QUIESCENT) |
		       (uint64_t)IIDR_SKERRY << 32;
	case GITS_TYPER:
		return TYPER;
	case GITS_CBASER:
		return its->cbaser | CBASER_FIXED;
	case GITS_CWRITER:
		return its->write;
	case GITS_CREADR:
		return its->read | (its->stalled ? CREADR_STALLED : 0);
	case GITS_PIDR2:
		return GIC_PIDR2_V3;
	default:
		break;
	}
	if (offset >= GITS_BASER && offset < GITS_BASER + 8 * ITS_BASERS) {
		uint32_t n = (offset - GITS_BASER) / 8;

		return its->baser[n] | BASER_FIXED | BASER_TYPE(n);
	}
	return 0;
}

/* Tables and queue stay where they are while the service is on (12.18.3, 12.18.5). */
static void write_register(struct its *its, uint32_t offset, uint64_t value)
{
	if (offset == GITS_CTLR) {
		its->enabled = value & CTLR_ENABLED;
	} else if (offset == GITS_CWRITER) {
		uint32_t at = (uint32_t)value & QUEUE_OFFSET;

		if (value & CWRITER_RETRY)
			its->stalled = false;
		if (at < its_queue_size(its))
			its->write = at;
	} else if (its->enabled) {
		return;
	} else if (offset == GITS_CBASER) {
		its->cbaser = value & CBASER_WRITABLE;
		its->read = its->write = 0;
		its->stalled = false;
	} else if (offset >= GITS_BASER && offset < GITS_BASER + 8 * ITS_BASERS) {
		its->baser[(offset - GITS_BASER) / 8] = value & BASER_WRITABLE;
	}
}

bool its_access(struct its *its, uint64_t address, uint32_t width, bool write, uint64_t *value)
{
	uint64_t offset = address - its->base, whole;
	uint32_t shift;

	if (offset >= ITS_SIZE || (offset & (width - 1)))
		return false;
	/* A core has no device number of its own: it is device 0. */
	if (write && offset == GITS_TRANSLATER && (width == 4 || width == 2))
		its_event(its, 0, (uint32_t)*value);
	its_run(its);
	if (width != 4 && width != 8) {
		*value = write ? *value : 0;
		return true;
	}
	shift = offset & 4 ? 32 : 0;
	whole = read_register(its, (uint32_t)offset & ~7u);
	if (!write) {
		*value = width == 8 ? whole : whole >> shift & 0xffffffff;
		return true;
	}
	if (width == 4) /* the other half stays; Retry and Stalled are no state */
		*value = (whole & ~(0xffffffffull << shift)) | (*value & 0xffffffff) << shift;
	write_register(its, (uint32_t)offset & ~7u, *value);
	its_run(its);
	return true;
}
