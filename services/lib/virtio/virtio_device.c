/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_device.h"

#include "exit.skerry.h"
#include "virtio.h"

static struct virtio_queue *queues_of(struct virtio_core *core)
{
	return (struct virtio_queue *)(core + 1);
}

void *virtio_device_begin(struct virtio_device *d)
{
	return state_begin(&d->state);
}

void virtio_device_commit(struct virtio_device *d)
{
	VIRTIO_WROTE();
	state_commit(&d->state);
	VIRTIO_WROTE();
}

void virtio_device_break(struct virtio_device *d)
{
	struct virtio_core *core = virtio_device_begin(d);

	virtio_mmio_break(&core->mmio);
	virtio_device_commit(d);
}

bool virtio_device_open(struct virtio_device *d, uint32_t q, struct virtio_ring *r)
{
	const struct virtio_mmio *mmio = &virtio_device_now(d)->mmio;
	const struct virtio_queue *queue = virtio_device_queue(d, q);

	if (!virtio_mmio_live(mmio) || !queue->ready)
		return false;
	if (virtio_ring_open(r, &d->ram, mmio, queue))
		return true;
	virtio_device_break(d);
	return false;
}

bool virtio_device_take(struct virtio_device *d, uint32_t q, const struct virtio_ring *r)
{
	uint16_t taken = virtio_device_queue(d, q)->taken;
	uint32_t waiting;

	/* Another queue's request may have broken the device meanwhile. */
	if (!virtio_mmio_live(&virtio_device_now(d)->mmio))
		return false;
	waiting = virtio_ring_waiting(r, taken);
	if (waiting == 0) {
		if (virtio_ring_ask(r, taken))
			return false;
		waiting = virtio_ring_waiting(r, taken);
	}
	if (waiting == 0)
		return false;
	if (waiting <= r->num && virtio_ring_take(r, taken, &d->chain))
		return true;
	virtio_device_break(d);
	return false;
}

void virtio_queue_answer(struct virtio_queue *queue, uint32_t head, uint32_t length)
{
	queue->taken++;
	queue->done++;
	queue->answered = 1;
	queue->last_id = head;
	queue->last_length = length;
	queue->progress = 0;
}

static void interrupt(struct virtio_device *d)
{
	struct virtio_core *core;

	if (virtio_device_now(d)->mmio.interrupt & VIRTIO_INTERRUPT_USED)
		return;
	core = virtio_device_begin(d);
	core->mmio.interrupt |= VIRTIO_INTERRUPT_USED;
	virtio_device_commit(d);
}

void virtio_device_tell(struct virtio_device *d, uint32_t q, const struct virtio_ring *r)
{
	const struct virtio_queue *queue = virtio_device_queue(d, q);
	uint16_t done = queue->done;

	virtio_ring_answer(r, (uint16_t)(done - 1), queue->last_id, queue->last_length);
	if (virtio_ring_wants_interrupt(r, done))
		interrupt(d);
}

/* Whether the driver was told is not known: an interrupt too many is allowed (4.2.3.3). */
void virtio_device_resume(struct virtio_device *d)
{
	struct virtio_ring r;

	for (uint32_t q = 0; q < d->identity.queues; q++) {
		const struct virtio_queue *queue = virtio_device_queue(d, q);

		if (!queue->answered || !virtio_device_open(d, q, &r))
			continue;
		virtio_ring_answer(&r, (uint16_t)(queue->done - 1), queue->last_id,
				   queue->last_length);
		interrupt(d);
	}
}

bool virtio_device_access(struct virtio_device *d, uint64_t sequence, const struct virtio_access *a,
			  uint64_t *value, uint32_t *action)
{
	const struct virtio_core *now = virtio_device_now(d);
	struct virtio_core *core;
	enum virtio_effect effect;

	*action = EXIT_ACTION_ADVANCE;
	if (virtio_mmio_peek(&now->mmio, virtio_device_queue(d, 0), &d->identity, a, value) ||
	    exit_ledger_find(&now->exits, sequence, value))
		return false;
	core = virtio_device_begin(d);
	effect = virtio_mmio_access(&core->mmio, queues_of(core), &d->identity, a, value);
	if (effect == VIRTIO_REFUSED) {
		*action = EXIT_ACTION_ABORT;
		return false;
	}
	exit_ledger_note(&core->exits, sequence, *value);
	if (effect == VIRTIO_RESET)
		for (uint32_t q = 0; q < d->identity.queues; q++)
			virtio_flight_end(&d->flights[q]);
	virtio_device_commit(d);
	return effect == VIRTIO_NOTIFIED;
}
