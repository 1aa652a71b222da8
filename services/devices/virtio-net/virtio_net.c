/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_net.h"

#define HEADER VIRTIO_NET_HEADER

enum config_field { CONFIG_MAC = 0, CONFIG_STATUS = 6 }; /* 5.1.4 */

void virtio_net_describe(struct virtio_net *n)
{
	for (uint32_t i = 0; i < 6; i++)
		n->config[CONFIG_MAC + i] = (uint8_t)(n->address >> (40 - 8 * i));
	n->config[CONFIG_STATUS] = VIRTIO_NET_LINK_UP;
	n->device.identity = (struct virtio_identity){
	    .device = VIRTIO_NET_DEVICE,
	    .queues = VIRTIO_PAIR,
	    .features = VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC |
			VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS,
	    .config = n->config,
	    .config_bytes = sizeof(n->config),
	};
}

void virtio_net_begin(struct virtio_net *n)
{
	struct virtio_net_state *s = virtio_device_begin(&n->device);

	/* Indices that are not where a death could have left them are somebody else's doing. */
	if (s->begun && s->taken - n->rx.own == 1)
		frames_skip(&n->rx, 1);
	if (s->begun && n->tx.own - s->sent == 1)
		s->queues[VIRTIO_TRANSMIT].progress = 1;
	s->sent = n->tx.own;
	s->taken = n->rx.own;
	s->begun = 1;
	virtio_device_commit(&n->device);
	n->tell = true; /* a wish that was taken may not have been answered */
}

/* Sends the frame that was taken; what is no frame, or was sent by a predecessor, is only answered.
 */
static void send(struct virtio_net *n, const struct virtio_ring *r)
{
	struct virtio_device *d = &n->device;
	const struct virtio_queue *now = virtio_device_queue(d, VIRTIO_TRANSMIT);
	bool hopeless = virtio_flight_begin(&d->flights[VIRTIO_TRANSMIT], now->taken);
	uint32_t bytes = d->chain.readable_bytes;
	struct virtio_net_state *s;

	if (!hopeless && now->progress == 0 && bytes >= HEADER + FRAME_LEAST &&
	    bytes <= HEADER + FRAME_LARGEST) {
		virtio_chain_get(&d->chain, HEADER, frames_place(&n->tx), bytes - HEADER);
		VIRTIO_WROTE();
		frames_publish(&n->tx, bytes - HEADER);
		VIRTIO_WROTE();
	}
	s = virtio_device_begin(d);
	s->sent = n->tx.own;
	virtio_queue_answer(&s->queues[VIRTIO_TRANSMIT], d->chain.head, 0);
	virtio_device_commit(d);
	virtio_flight_end(&d->flights[VIRTIO_TRANSMIT]);
	virtio_device_tell(d, VIRTIO_TRANSMIT, r);
}

static bool transmit(struct virtio_net *n, uint32_t most)
{
	struct virtio_ring r;

	if (!virtio_device_open(&n->device, VIRTIO_TRANSMIT, &r))
		return false;
	for (; most > 0; most--) {
		if (!virtio_device_take(&n->device, VIRTIO_TRANSMIT, &r))
			return false;
		if (frames_room(&n->tx) != 0)
			send(n, &r);
		else if (frames_ask_room(&n->tx))
			return false;
	}
	return true;
}

/* What came is no frame, or nobody can have it: the driver's buffers wait for the next one. */
static void drop(struct virtio_net *n)
{
	struct virtio_net_state *s = virtio_device_begin(&n->device);

	s->taken++;
	virtio_device_commit(&n->device);
	frames_skip(&n->rx, 1);
	VIRTIO_WROTE();
}

/* Puts a frame into the buffers that were taken; those without room for it go back empty. */
static void receive_frame(struct virtio_net *n, const struct virtio_ring *r, const uint8_t *frame,
			  uint32_t length)
{
	static const uint8_t header[HEADER] = {[VIRTIO_NET_NUM_BUFFERS] = 1};
	struct virtio_device *d = &n->device;
	const struct virtio_queue *now = virtio_device_queue(d, VIRTIO_RECEIVE);
	bool hopeless = virtio_flight_begin(&d->flights[VIRTIO_RECEIVE], now->taken);
	uint32_t bytes =
	    hopeless || d->chain.writable_bytes < HEADER + length ? 0 : HEADER + length;
	struct virtio_net_state *s;

	if (bytes != 0) {
		virtio_chain_put(&d->chain, 0, header, HEADER);
		virtio_chain_put(&d->chain, HEADER, frame, length);
	}
	s = virtio_device_begin(d);
	s->taken++;
	virtio_queue_answer(&s->queues[VIRTIO_RECEIVE], d->chain.head, bytes);
	virtio_device_commit(d);
	virtio_flight_end(&d->flights[VIRTIO_RECEIVE]);
	frames_skip(&n->rx, 1);
	VIRTIO_WROTE();
	virtio_device_tell(d, VIRTIO_RECEIVE, r);
}

/* A driver without buffers keeps what came in the ring: the switch drops what is behind it. */
static bool receive(struct virtio_net *n, uint32_t most)
{
	struct virtio_ring r;

	if (!virtio_device_open(&n->device, VIRTIO_RECEIVE, &r))
		return false;
	for (; most > 0; most--) {
		const uint8_t *frame;
		uint32_t length;

		if (frames_used(&n->rx) == 0) {
			if (frames_ask_data(&n->rx))
				return false;
			continue;
		}
		frame = frames_first(&n->rx, &length);
		if (length == 0) {
			drop(n);
			continue;
		}
		if (!virtio_device_take(&n->device, VIRTIO_RECEIVE, &r))
			return false;
		receive_frame(n, &r, frame, length);
	}
	return true;
}

bool virtio_net_serve(struct virtio_net *n, uint32_t most)
{
	bool more = receive(n, most);

	more |= transmit(n, most);
	n->tell |= frames_data_wanted(&n->tx);
	return more;
}
