/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_ring.h"

#include <stdatomic.h>
#include <string.h>

#include "virtio.h"

enum { RING_FLAGS = 0, RING_INDEX = 2, RING_ENTRIES = 4 }; /* offsets in both rings */

/* Where memory from `gpa` on lies; *bytes is cut to what lies there in one piece. */
static uint8_t *find(const struct virtio_ram *ram, uint64_t gpa, uint64_t *bytes)
{
	for (uint32_t i = 0; i < ram->count; i++) {
		uint64_t offset = gpa - ram->regions[i].gpa;

		if (gpa < ram->regions[i].gpa || offset >= ram->regions[i].size)
			continue;
		if (*bytes > ram->regions[i].size - offset)
			*bytes = ram->regions[i].size - offset;
		return ram->regions[i].at + offset;
	}
	return NULL;
}

static bool join(struct virtio_ram *ram, uint32_t low, uint32_t high)
{
	if (low == high || low >= ram->count || high >= ram->count ||
	    ram->regions[low].gpa + ram->regions[low].size != ram->regions[high].gpa ||
	    ram->regions[low].at + ram->regions[low].size != ram->regions[high].at)
		return false;
	ram->regions[low].size += ram->regions[high].size;
	ram->regions[high] = ram->regions[--ram->count];
	return true;
}

void virtio_ram_join(struct virtio_ram *ram)
{
	bool joined;

	do {
		joined = false;
		for (uint32_t i = 0; i < ram->count; i++)
			for (uint32_t k = 0; k < ram->count; k++)
				joined |= join(ram, i, k);
	} while (joined);
}

void *virtio_ram_at(const struct virtio_ram *ram, uint64_t gpa, uint64_t bytes)
{
	uint64_t found = bytes;
	uint8_t *at = find(ram, gpa, &found);

	return found == bytes ? at : NULL;
}

/* A little-endian word of the rings, aligned (checked when the ring was opened). */
static uint16_t load16(const uint8_t *at)
{
	return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_RELAXED);
}

static void store16(uint8_t *at, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)at, value, __ATOMIC_RELAXED);
	VIRTIO_WROTE();
}

static void store32(uint8_t *at, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)at, value, __ATOMIC_RELAXED);
	VIRTIO_WROTE();
}

bool virtio_ring_open(struct virtio_ring *r, const struct virtio_ram *ram,
		      const struct virtio_mmio *v, const struct virtio_queue *q)
{
	if (!q->ready || q->desc % 16 != 0 || q->avail % 2 != 0 || q->used % 4 != 0)
		return false;
	*r = (struct virtio_ring){
	    .ram = ram,
	    .num = q->num,
	    .event_idx = virtio_has(v, VIRTIO_F_EVENT_IDX),
	    .indirect = virtio_has(v, VIRTIO_F_INDIRECT_DESC),
	    .desc = virtio_ram_at(ram, q->desc, (uint64_t)VIRTIO_DESC_BYTES * q->num),
	    .avail = virtio_ram_at(ram, q->avail, VIRTIO_AVAIL_BYTES((uint64_t)q->num)),
	    .used = virtio_ram_at(ram, q->used, VIRTIO_USED_BYTES((uint64_t)q->num)),
	};
	return r->desc && r->avail && r->used;
}

uint32_t virtio_ring_waiting(const struct virtio_ring *r, uint16_t taken)
{
	uint16_t index = load16(r->avail + RING_INDEX);

	/* What the driver wrote before the index is read after it. */
	atomic_thread_fence(memory_order_acquire);
	return (uint16_t)(index - taken);
}

static struct virtio_desc load_desc(const uint8_t *table, uint32_t index)
{
	struct virtio_desc d;

	memcpy(&d, table + (size_t)VIRTIO_DESC_BYTES * index, sizeof(d));
	/* The copy is what is checked and used; it is not read from the guest again. */
	atomic_signal_fence(memory_order_seq_cst);
	return d;
}

/* Adds a descriptor's buffer: in memory, and no readable one behind a writable one (2.7.4.2). */
static bool add(const struct virtio_ring *r, struct virtio_chain *chain,
		const struct virtio_desc *d)
{
	bool writes = (d->flags & VIRTIO_DESC_WRITE) != 0;
	uint32_t *total = writes ? &chain->writable_bytes : &chain->readable_bytes;
	uint64_t left = d->length, at = d->address, bytes;

	if (!writes && chain->writable_bytes != 0)
		return false;
	if (d->length > UINT32_MAX - chain->readable_bytes - chain->writable_bytes)
		return false; /* 2.7.5: at most 2^32 bytes in all */
	for (; left != 0; left -= bytes, at += bytes) {
		bytes = left;

		uint8_t *found = find(r->ram, at, &bytes);

		if (!found || chain->pieces == VIRTIO_PIECES)
			return false;
		chain->piece[chain->pieces].at = found;
		chain->piece[chain->pieces++].length = (uint32_t)bytes;
		chain->readable += !writes;
	}
	*total += d->length;
	return true;
}

/*
 * Walks a table's descriptors from `index` on. *left bounds the descriptors of the whole request,
 * so a loop ends. A descriptor that refers to a table ends the walk and is left in *d.
 */
static bool walk(const struct virtio_ring *r, struct virtio_chain *chain, const uint8_t *table,
		 uint32_t entries, uint32_t index, uint32_t *left, struct virtio_desc *d)
{
	for (;;) {
		if (index >= entries || *left == 0)
			return false;
		--*left;
		*d = load_desc(table, index);
		if (d->flags & VIRTIO_DESC_INDIRECT)
			return !(d->flags & VIRTIO_DESC_NEXT);
		if (!add(r, chain, d))
			return false;
		if (!(d->flags & VIRTIO_DESC_NEXT))
			return true;
		index = d->next;
	}
}

/* 2.7.5.3: an indirect table is in memory, whole, not empty, and refers to no other. */
static bool walk_indirect(const struct virtio_ring *r, struct virtio_chain *chain,
			  const struct virtio_desc *reference, uint32_t left)
{
	const uint8_t *table;
	struct virtio_desc d;

	if (!r->indirect || reference->length == 0 || reference->length % VIRTIO_DESC_BYTES != 0)
		return false;
	table = virtio_ram_at(r->ram, reference->address, reference->length);
	if (!table)
		return false;
	return walk(r, chain, table, reference->length / VIRTIO_DESC_BYTES, 0, &left, &d) &&
	       !(d.flags & VIRTIO_DESC_INDIRECT);
}

bool virtio_ring_take(const struct virtio_ring *r, uint16_t taken, struct virtio_chain *chain)
{
	const uint8_t *entry = r->avail + RING_ENTRIES + 2 * (taken & (r->num - 1));
	uint32_t left = r->num;
	struct virtio_desc d;

	chain->head = load16(entry);
	chain->pieces = chain->readable = 0;
	chain->readable_bytes = chain->writable_bytes = 0;
	if (!walk(r, chain, r->desc, r->num, chain->head, &left, &d))
		return false;
	/* The referring descriptor does not count: the table alone may be as long as the queue. */
	return !(d.flags & VIRTIO_DESC_INDIRECT) || walk_indirect(r, chain, &d, left + 1);
}

void virtio_ring_answer(const struct virtio_ring *r, uint16_t done, uint32_t id, uint32_t length)
{
	uint8_t *entry = r->used + RING_ENTRIES + (size_t)8 * (done & (r->num - 1));

	store32(entry, id);
	store32(entry + 4, length);
	/* Data, status and entry before the index (2.7.8). */
	atomic_thread_fence(memory_order_release);
	store16(r->used + RING_INDEX, (uint16_t)(done + 1));
}

bool virtio_ring_wants_interrupt(const struct virtio_ring *r, uint16_t done)
{
	/* The index is visible before the driver's wish is read (2.7.10). */
	atomic_thread_fence(memory_order_seq_cst);
	if (!r->event_idx)
		return !(load16(r->avail + RING_FLAGS) & VIRTIO_AVAIL_NO_INTERRUPT);
	return virtio_event_passed(load16(r->avail + RING_ENTRIES + (size_t)2 * r->num), done,
				   (uint16_t)(done - 1));
}

bool virtio_ring_ask(const struct virtio_ring *r, uint16_t taken)
{
	if (r->event_idx)
		store16(r->used + RING_ENTRIES + (size_t)8 * r->num, taken);
	atomic_thread_fence(memory_order_seq_cst);
	return virtio_ring_waiting(r, taken) == 0;
}

/* Calls for each part of [offset, offset + bytes) of the pieces from `first` on. */
static void copy(const struct virtio_chain *chain, uint32_t first, uint32_t last, uint32_t offset,
		 uint8_t *out, const uint8_t *in, uint32_t bytes)
{
	for (uint32_t i = first; i < last && bytes != 0; i++) {
		uint32_t length = chain->piece[i].length;

		if (offset >= length) {
			offset -= length;
			continue;
		}

		uint8_t *at = chain->piece[i].at + offset;
		uint32_t part = length - offset < bytes ? length - offset : bytes;

		if (out) {
			memcpy(out, at, part);
			out += part;
		} else {
			memcpy(at, in, part);
			in += part;
			VIRTIO_WROTE();
		}
		bytes -= part;
		offset = 0;
	}
}

void virtio_chain_get(const struct virtio_chain *chain, uint32_t offset, void *to, uint32_t bytes)
{
	copy(chain, 0, chain->readable, offset, to, NULL, bytes);
}

void virtio_chain_put(const struct virtio_chain *chain, uint32_t offset, const void *from,
		      uint32_t bytes)
{
	copy(chain, chain->readable, chain->pieces, offset, NULL, from, bytes);
}
