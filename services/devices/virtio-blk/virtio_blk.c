/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_blk.h"

#include <string.h>

#include "exit.skerry.h"
#include "virtio.h"

#define SECTOR VIRTIO_BLK_SECTOR

enum config_field { /* 5.2.4 */
		    CONFIG_CAPACITY = 0,
		    CONFIG_SEG_MAX = 12,
		    CONFIG_BLK_SIZE = 20,
		    CONFIG_QUEUES = 34,
};

static void put_little(uint8_t *at, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_little(const uint8_t *at, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

void virtio_blk_describe(struct virtio_blk *b)
{
	put_little(b->config + CONFIG_CAPACITY, b->sectors, 8);
	/* A chain is at most as long as the queue: header and status take two of it. */
	put_little(b->config + CONFIG_SEG_MAX, VIRTIO_QUEUE_LARGEST - 2, 4);
	put_little(b->config + CONFIG_BLK_SIZE, SECTOR, 4);
	put_little(b->config + CONFIG_QUEUES, VIRTIO_BLK_QUEUES, 2);
	b->identity = (struct virtio_identity){
	    .device = VIRTIO_BLOCK_DEVICE,
	    .queues = VIRTIO_BLK_QUEUES,
	    .features = VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC |
			VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH |
			(b->read_only ? VIRTIO_BLK_F_RO : 0),
	    .config = b->config,
	    .config_bytes = sizeof(b->config),
	};
}

/* Moves `bytes` between the disk and the chain's buffers, a backend's transfer at a time. */
static bool transfer(struct virtio_blk *b, bool out, uint64_t sector, uint32_t bytes)
{
	const struct blk_backend *backend = &b->backend;

	for (uint32_t at = 0, part; at < bytes; at += part, sector += part / SECTOR) {
		uint8_t *place = backend->ops->place(backend, sector);

		part = bytes - at < backend->largest ? bytes - at : backend->largest;
		if (out) {
			virtio_chain_get(&b->chain, VIRTIO_BLK_HEADER + at, place, part);
			VIRTIO_WROTE();
			if (!backend->ops->write(backend, sector, part))
				return false;
		} else {
			if (!backend->ops->read(backend, sector, part))
				return false;
			virtio_chain_put(&b->chain, at, place, part);
		}
	}
	return true;
}

static bool in_range(const struct virtio_blk *b, uint64_t sector, uint32_t bytes)
{
	return bytes % SECTOR == 0 && sector <= b->sectors && bytes / SECTOR <= b->sectors - sector;
}

static uint8_t write_out(struct virtio_blk *b, const struct virtio_mmio *v, uint64_t sector)
{
	uint32_t bytes = b->chain.readable_bytes - VIRTIO_BLK_HEADER;
	bool done = !b->read_only && in_range(b, sector, bytes) && transfer(b, true, sector, bytes);

	/* 5.2.6.2: for a driver that can not flush, what is answered is stored. */
	if (done && !virtio_has(v, VIRTIO_BLK_F_FLUSH))
		done = b->backend.ops->flush(&b->backend);
	return done ? VIRTIO_BLK_OK : VIRTIO_BLK_IOERR;
}

/*
 * Executes the request in b->chain, which has a header and a status byte. Returns the bytes
 * written from the start of the writable part on (2.7.8.2: never more than were).
 */
static uint32_t execute(struct virtio_blk *b, const struct virtio_mmio *v, bool hopeless)
{
	uint8_t header[VIRTIO_BLK_HEADER], status = VIRTIO_BLK_IOERR;
	uint32_t room = b->chain.writable_bytes - 1, filled = 0;
	uint64_t sector;

	virtio_chain_get(&b->chain, 0, header, sizeof(header));
	sector = get_little(header + 8, 8);
	switch (hopeless ? UINT32_MAX : (uint32_t)get_little(header, 4)) {
	case VIRTIO_BLK_IN:
		if (in_range(b, sector, room) && transfer(b, false, sector, room)) {
			status = VIRTIO_BLK_OK;
			filled = room;
		}
		break;
	case VIRTIO_BLK_OUT:
		status = write_out(b, v, sector);
		break;
	case VIRTIO_BLK_FLUSH:
		status = b->backend.ops->flush(&b->backend) ? VIRTIO_BLK_OK : VIRTIO_BLK_IOERR;
		break;
	case VIRTIO_BLK_GET_ID:
		filled = room < sizeof(b->id) ? room : (uint32_t)sizeof(b->id);
		virtio_chain_put(&b->chain, 0, b->id, filled);
		status = VIRTIO_BLK_OK;
		break;
	default:
		status = hopeless ? VIRTIO_BLK_IOERR : VIRTIO_BLK_UNSUPP;
		break;
	}
	virtio_chain_put(&b->chain, room, &status, 1);
	return filled == room ? room + 1 : filled;
}

static void commit(struct virtio_blk *b)
{
	VIRTIO_WROTE();
	state_commit(&b->state);
	VIRTIO_WROTE();
}

static struct virtio_blk_state *begin(struct virtio_blk *b)
{
	return state_begin_sized(&b->state, sizeof(struct virtio_blk_state));
}

static void interrupt(struct virtio_blk *b)
{
	const struct virtio_blk_state *now = state_current(&b->state);
	struct virtio_blk_state *s;

	if (now->mmio.interrupt & VIRTIO_INTERRUPT_USED)
		return;
	s = begin(b);
	s->mmio.interrupt |= VIRTIO_INTERRUPT_USED;
	commit(b);
}

static void break_device(struct virtio_blk *b)
{
	struct virtio_blk_state *s = begin(b);

	virtio_mmio_break(&s->mmio);
	commit(b);
}

/* Handles the next request; the device breaks if it is not one. */
static bool serve_one(struct virtio_blk *b, const struct virtio_ring *r)
{
	const struct virtio_blk_state *now = state_current(&b->state);
	uint16_t taken = now->queues[0].taken, done = now->queues[0].done;
	struct virtio_blk_state *s;
	uint32_t length;

	if (!virtio_ring_take(r, taken, &b->chain) || b->chain.readable_bytes < VIRTIO_BLK_HEADER ||
	    b->chain.writable_bytes < 1) {
		break_device(b);
		return false;
	}
	length = execute(b, &now->mmio, virtio_flight_begin(b->flight, taken));
	s = begin(b);
	s->queues[0].taken = (uint16_t)(taken + 1);
	s->queues[0].done = (uint16_t)(done + 1);
	s->queues[0].answered = 1;
	s->queues[0].last_id = b->chain.head;
	s->queues[0].last_length = length;
	commit(b);
	virtio_flight_end(b->flight);
	virtio_ring_answer(r, done, b->chain.head, length);
	if (virtio_ring_wants_interrupt(r, (uint16_t)(done + 1)))
		interrupt(b);
	return true;
}

/* The live device's queue; false if there is nothing to serve. */
static bool open_queue(struct virtio_blk *b, struct virtio_ring *r)
{
	const struct virtio_blk_state *now = state_current(&b->state);

	if (!virtio_mmio_live(&now->mmio) || !now->queues[0].ready)
		return false;
	if (virtio_ring_open(r, &b->ram, &now->mmio, &now->queues[0]))
		return true;
	break_device(b);
	return false;
}

bool virtio_blk_serve(struct virtio_blk *b, uint32_t most)
{
	struct virtio_ring r;

	if (!open_queue(b, &r))
		return false;
	/* A look that finds nothing counts, too: the driver may change its index all the time. */
	for (; most > 0; most--) {
		const struct virtio_blk_state *now = state_current(&b->state);
		uint16_t taken = now->queues[0].taken;
		uint32_t waiting = virtio_ring_waiting(&r, taken);

		if (waiting > r.num) {
			break_device(b);
			return false;
		}
		if (waiting == 0 && virtio_ring_ask(&r, taken))
			return false;
		if (waiting != 0 && !serve_one(b, &r))
			return false;
	}
	return true;
}

void virtio_blk_resume(struct virtio_blk *b)
{
	const struct virtio_blk_state *now = state_current(&b->state);
	const struct virtio_queue *q = &now->queues[0];
	struct virtio_ring r;

	if (!q->answered || !open_queue(b, &r))
		return;
	virtio_ring_answer(&r, (uint16_t)(q->done - 1), q->last_id, q->last_length);
	interrupt(b);
}

bool virtio_blk_access(struct virtio_blk *b, uint64_t sequence, const struct virtio_access *a,
		       uint64_t *value, uint32_t *action)
{
	const struct virtio_blk_state *now = state_current(&b->state);
	struct virtio_blk_state *s;
	enum virtio_effect effect;

	*action = EXIT_ACTION_ADVANCE;
	if (virtio_mmio_peek(&now->mmio, now->queues, &b->identity, a, value) ||
	    exit_ledger_find(&now->exits, sequence, value))
		return false;
	s = begin(b);
	effect = virtio_mmio_access(&s->mmio, s->queues, &b->identity, a, value);
	if (effect == VIRTIO_REFUSED) {
		*action = EXIT_ACTION_ABORT;
		return false;
	}
	exit_ledger_note(&s->exits, sequence, *value);
	if (effect == VIRTIO_RESET)
		virtio_flight_end(b->flight);
	commit(b);
	return effect == VIRTIO_NOTIFIED;
}
