/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_console.h"

#define PIECE VIRTIO_CONSOLE_PIECE

void virtio_console_describe(struct virtio_console *c)
{
	/* 5.3.3: without SIZE, MULTIPORT and EMERG_WRITE no field of the configuration is valid. */
	c->device.identity = (struct virtio_identity){
	    .device = VIRTIO_CONSOLE_DEVICE,
	    .queues = VIRTIO_PAIR,
	    .features = VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC,
	};
}

void virtio_console_begin(struct virtio_console *c)
{
	struct virtio_console_state *s;
	uint32_t out, in;

	if (!c->wired)
		return;
	s = virtio_device_begin(&c->device);
	out = c->tx.own - s->sent;
	in = s->taken - c->rx.own;
	/* Indices that are not where a death could have left them are somebody else's doing. */
	if (s->begun && in <= PIECE)
		ring_skip(&c->rx, in);
	if (s->begun && out <= PIECE)
		s->queues[VIRTIO_TRANSMIT].progress += out;
	s->sent = c->tx.own;
	s->taken = c->rx.own;
	s->begun = 1;
	virtio_device_commit(&c->device);
	c->tell = true; /* a wish that was taken may not have been answered */
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Sends a piece of the request that was taken, and answers it after the last one. */
static void send(struct virtio_console *c, const struct virtio_ring *r, uint32_t room)
{
	struct virtio_device *d = &c->device;
	const struct virtio_queue *now = virtio_device_queue(d, VIRTIO_TRANSMIT);
	bool hopeless = virtio_flight_begin(&d->flights[VIRTIO_TRANSMIT], now->taken);
	/* A driver that makes it shorter meanwhile loses what it took away. */
	uint32_t done = least(now->progress, d->chain.readable_bytes);
	uint32_t left = hopeless ? 0 : d->chain.readable_bytes - done;
	uint32_t bytes = least(least(left, room), PIECE);
	uint8_t piece[PIECE];
	struct virtio_console_state *s;

	virtio_chain_get(&d->chain, done, piece, bytes);
	if (c->wired) {
		(void)ring_write(&c->tx, piece, bytes);
		VIRTIO_WROTE();
	}
	s = virtio_device_begin(d);
	s->sent = c->tx.own;
	s->queues[VIRTIO_TRANSMIT].progress = done + bytes;
	if (bytes == left)
		virtio_queue_answer(&s->queues[VIRTIO_TRANSMIT], d->chain.head, 0);
	virtio_device_commit(d);
	virtio_flight_end(&d->flights[VIRTIO_TRANSMIT]);
	if (bytes == left)
		virtio_device_tell(d, VIRTIO_TRANSMIT, r);
	c->tell |= c->wired && ring_data_wanted(&c->tx);
}

static bool transmit(struct virtio_console *c, uint32_t most)
{
	struct virtio_ring r;

	if (!virtio_device_open(&c->device, VIRTIO_TRANSMIT, &r))
		return false;
	for (; most > 0; most--) {
		uint32_t room = c->wired ? ring_room(&c->tx) : PIECE;

		if (!virtio_device_take(&c->device, VIRTIO_TRANSMIT, &r))
			return false;
		if (room != 0)
			send(c, &r, room);
		else if (ring_ask_room(&c->tx))
			return false;
	}
	return true;
}

/* Fills the buffers that were taken with what there is. */
static void fill(struct virtio_console *c, const struct virtio_ring *r, uint32_t waiting)
{
	struct virtio_device *d = &c->device;
	const struct virtio_queue *now = virtio_device_queue(d, VIRTIO_RECEIVE);
	bool hopeless = virtio_flight_begin(&d->flights[VIRTIO_RECEIVE], now->taken);
	uint32_t room = hopeless ? 0 : d->chain.writable_bytes;
	uint32_t bytes = least(least(waiting, room), PIECE);
	uint8_t piece[PIECE];
	struct virtio_console_state *s;

	for (uint32_t i = 0; i < bytes; i++)
		piece[i] = ring_peek(&c->rx, i);
	virtio_chain_put(&d->chain, 0, piece, bytes);
	s = virtio_device_begin(d);
	s->taken += bytes;
	virtio_queue_answer(&s->queues[VIRTIO_RECEIVE], d->chain.head, bytes);
	virtio_device_commit(d);
	virtio_flight_end(&d->flights[VIRTIO_RECEIVE]);
	ring_skip(&c->rx, bytes);
	VIRTIO_WROTE();
	virtio_device_tell(d, VIRTIO_RECEIVE, r);
	c->tell |= ring_room_wanted(&c->rx);
}

static bool receive(struct virtio_console *c, uint32_t most)
{
	struct virtio_ring r;

	if (!c->wired || !virtio_device_open(&c->device, VIRTIO_RECEIVE, &r))
		return false;
	for (; most > 0; most--) {
		uint32_t waiting = ring_used(&c->rx);

		if (waiting == 0 && ring_ask_data(&c->rx))
			return false;
		if (waiting == 0)
			continue;
		if (!virtio_device_take(&c->device, VIRTIO_RECEIVE, &r))
			return false;
		fill(c, &r, waiting);
	}
	return true;
}

bool virtio_console_serve(struct virtio_console *c, uint32_t most)
{
	bool more = receive(c, most);

	return transmit(c, most) || more;
}
