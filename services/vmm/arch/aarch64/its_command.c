/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the interrupt translation service: IHI 0069, 5.3. */
#include <string.h>

#include "services/vmm/arch/aarch64/its.h"

enum command {
	COMMAND_MOVI = 0x01,
	COMMAND_INT = 0x03,
	COMMAND_CLEAR = 0x04,
	COMMAND_SYNC = 0x05,
	COMMAND_MAPD = 0x08,
	COMMAND_MAPC = 0x09,
	COMMAND_MAPTI = 0x0a,
	COMMAND_MAPI = 0x0b,
	COMMAND_INV = 0x0c,
	COMMAND_INVALL = 0x0d,
	COMMAND_MOVALL = 0x0e,
	COMMAND_DISCARD = 0x0f,
};

#define DEVICE(c) ((uint32_t)((c)[0] >> 32))
#define EVENT(c) ((uint32_t)(c)[1])
#define LPI(c) ((uint32_t)((c)[1] >> 32))
#define EVENT_BITS(c) (((uint32_t)(c)[1] & 31) + 1)
#define COLLECTION(c) ((uint32_t)(c)[2] & 0xffff)
#define TARGET(word) ((word) >> 16 & 0x7ffffffff) /* a vCPU's number */
#define ITT_ADDRESS 0x000fffffffffff00ull

/*
 * Entries of 8 bytes. Device table: valid, address of the translation table, bits of an event less
 * one. Translation table: valid, collection (47:32), LPI (31:0).
 */
static bool entry_get(const struct its *its, uint64_t gpa, uint64_t *entry)
{
	const uint8_t *at = its->gic->ops->memory(its->gic->host, gpa, sizeof(*entry), false);

	if (at)
		memcpy(entry, at, sizeof(*entry));
	return at;
}

static bool entry_put(const struct its *its, uint64_t gpa, uint64_t entry)
{
	uint8_t *at = its->gic->ops->memory(its->gic->host, gpa, sizeof(entry), true);

	if (at)
		memcpy(at, &entry, sizeof(entry));
	return at;
}

/* Where entry `n` of a table of GITS_BASER is; false: nowhere. */
static bool table_at(const struct its *its, uint32_t table, uint64_t n, uint64_t *gpa)
{
	uint64_t baser = its->baser[table], offset = n * 8;

	*gpa = (baser & ITS_TABLE_ADDRESS) + offset;
	return (baser & ITS_VALID) && offset < ((baser & 0xff) + 1) * 0x1000;
}

struct translation {
	uint64_t gpa; /* of its entry */
	uint32_t lpi; /* number, from 0 */
	uint32_t collection;
};

/* Where the event's entry is; false: no such device, or event. */
static bool event_at(const struct its *its, uint32_t device, uint32_t event, uint64_t *gpa)
{
	uint64_t at, entry;

	if (device >> ITS_DEVICE_BITS || !table_at(its, 0, device, &at) ||
	    !entry_get(its, at, &entry) || !(entry & ITS_VALID))
		return false;
	if (event >> ITS_EVENT_BITS || (uint64_t)event >> ((entry & 31) + 1))
		return false;
	*gpa = (entry & ITT_ADDRESS) + 8ull * event;
	return true;
}

static bool translate(const struct its *its, uint32_t device, uint32_t event, struct translation *t)
{
	uint64_t entry;

	if (!event_at(its, device, event, &t->gpa) || !entry_get(its, t->gpa, &entry))
		return false;
	t->lpi = (uint32_t)entry - VGIC_LPI_FIRST;
	t->collection = (uint32_t)(entry >> 32) & 0xffff;
	return (entry & ITS_VALID) && t->lpi < VGIC_LPIS && t->collection < ITS_COLLECTIONS;
}

static bool collection_valid(const struct its *its, uint32_t collection)
{
	uint64_t at;

	return collection < ITS_COLLECTIONS && table_at(its, 1, collection, &at);
}

static bool map_device(struct its *its, const uint64_t c[4])
{
	uint64_t at, entry = 0;

	if (c[2] & ITS_VALID) {
		if (EVENT_BITS(c) > ITS_EVENT_BITS)
			return false;
		entry = ITS_VALID | (c[2] & ITT_ADDRESS) | (EVENT_BITS(c) - 1);
	}
	return !(DEVICE(c) >> ITS_DEVICE_BITS) && table_at(its, 0, DEVICE(c), &at) &&
	       entry_put(its, at, entry);
}

static bool map_collection(struct its *its, const uint64_t c[4])
{
	uint64_t cpu = TARGET(c[2]);

	if (!collection_valid(its, COLLECTION(c)))
		return false;
	if (!(c[2] & ITS_VALID))
		cpu = VGIC_CPUS;
	else if (cpu >= its->gic->cpus)
		return false;
	its->collection[COLLECTION(c)] = (uint8_t)cpu;
	for (uint32_t n = 0; n < VGIC_LPIS; n++) {
		if (its->collection_of[n] == COLLECTION(c))
			vgic_lpi_target(its->gic, n, (unsigned int)cpu);
	}
	return true;
}

static bool map_event(struct its *its, const uint64_t c[4], uint32_t lpi)
{
	uint32_t n = lpi - VGIC_LPI_FIRST;
	uint64_t gpa;

	if (n >= VGIC_LPIS || !collection_valid(its, COLLECTION(c)) ||
	    !event_at(its, DEVICE(c), EVENT(c), &gpa) ||
	    !entry_put(its, gpa, ITS_VALID | (uint64_t)COLLECTION(c) << 32 | lpi))
		return false;
	its->collection_of[n] = (uint8_t)COLLECTION(c);
	vgic_lpi_target(its->gic, n, its->collection[COLLECTION(c)]);
	vgic_lpi_config(its->gic, n);
	return true;
}

static bool move_event(struct its *its, const uint64_t c[4], const struct translation *t)
{
	if (!collection_valid(its, COLLECTION(c)) || its->collection[COLLECTION(c)] == VGIC_CPUS ||
	    !entry_put(its, t->gpa,
		       ITS_VALID | (uint64_t)COLLECTION(c) << 32 | (VGIC_LPI_FIRST + t->lpi)))
		return false;
	its->collection_of[t->lpi] = (uint8_t)COLLECTION(c);
	vgic_lpi_target(its->gic, t->lpi, its->collection[COLLECTION(c)]);
	return true;
}

static bool trigger(struct its *its, const struct translation *t)
{
	unsigned int cpu = its->collection[t->collection];

	if (!vgic_lpi_valid(its->gic, cpu, VGIC_LPI_FIRST + t->lpi))
		return false;
	vgic_lpi_target(its->gic, t->lpi, cpu);
	vgic_lpi_pend(its->gic, t->lpi);
	return true;
}

static bool of_event(struct its *its, const uint64_t c[4])
{
	struct translation t;

	if (!translate(its, DEVICE(c), EVENT(c), &t))
		return false;
	switch ((enum command)(c[0] & 0xff)) {
	case COMMAND_INT:
		return trigger(its, &t);
	case COMMAND_CLEAR:
		vgic_lpi_clear(its->gic, t.lpi);
		return true;
	case COMMAND_INV:
		vgic_lpi_config(its->gic, t.lpi);
		return true;
	case COMMAND_MOVI:
		return move_event(its, c, &t);
	default: /* DISCARD */
		vgic_lpi_clear(its->gic, t.lpi);
		its->collection_of[t.lpi] = ITS_COLLECTIONS;
		return entry_put(its, t.gpa, 0);
	}
}

static bool invalidate_all(struct its *its, const uint64_t c[4])
{
	if (!collection_valid(its, COLLECTION(c)) || its->collection[COLLECTION(c)] == VGIC_CPUS)
		return false;
	for (uint32_t n = 0; n < VGIC_LPIS; n++) {
		if (its->collection_of[n] == COLLECTION(c))
			vgic_lpi_config(its->gic, n);
	}
	return true;
}

/* Collections stay: what is pending moves, and what comes next goes where they say. */
static bool move_all(struct its *its, const uint64_t c[4])
{
	uint64_t from = TARGET(c[2]), to = TARGET(c[3]);

	if (from >= its->gic->cpus || to >= its->gic->cpus)
		return false;
	for (uint32_t n = 0; n < VGIC_LPIS; n++) {
		if (its->gic->lpis[n].cpu == from)
			vgic_lpi_target(its->gic, n, (unsigned int)to);
	}
	return true;
}

bool its_command(struct its *its, const uint64_t c[4])
{
	switch ((enum command)(c[0] & 0xff)) {
	case COMMAND_SYNC: /* commands are done in order */
		return TARGET(c[2]) < its->gic->cpus;
	case COMMAND_MAPD:
		return map_device(its, c);
	case COMMAND_MAPC:
		return map_collection(its, c);
	case COMMAND_MAPTI:
		return map_event(its, c, LPI(c));
	case COMMAND_MAPI:
		return map_event(its, c, EVENT(c));
	case COMMAND_INVALL:
		return invalidate_all(its, c);
	case COMMAND_MOVALL:
		return move_all(its, c);
	case COMMAND_MOVI:
	case COMMAND_INT:
	case COMMAND_CLEAR:
	case COMMAND_INV:
	case COMMAND_DISCARD:
		return of_event(its, c);
	default:
		return false;
	}
}

void its_event(struct its *its, uint32_t device, uint32_t event)
{
	struct translation t;

	if (!its->enabled || !translate(its, device, event, &t) || !trigger(its, &t))
		its->ignored++;
}
