/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio console device of one port (virtio 1.2, 5.3): two queues in guest memory, two rings to
 * the console. Beside the order that all virtio devices keep (virtio_device.h), that of the rings
 * with the commit is fixed, and their own indices tell a successor where its predecessor died:
 *   output: write a piece to the ring, then commit. A successor that finds the ring's index before
 *   `sent` counts those bytes as done: they are on their way already.
 *   input: copy from the ring, commit, then advance the ring's index. A successor that finds it
 *   behind `taken` advances it.
 * So nothing is printed twice, and nothing typed is lost or seen twice.
 */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include "ring.h"
#include "virtio.h"
#include "virtio_device.h"

#define VIRTIO_CONSOLE_PIECE 256u /* bytes that are moved at once */

struct virtio_console_state {
	struct virtio_core core;
	struct virtio_queue queues[VIRTIO_PAIR];
	uint32_t sent, taken; /* where the rings' indices are, or are to be */
	uint32_t begun;	      /* they have been found */
	uint32_t reserved;
};
_Static_assert(offsetof(struct virtio_console_state, queues) == sizeof(struct virtio_core),
	       "virtio_device.h finds the queues there");

struct virtio_console {
	struct virtio_device device;
	bool wired; /* to the console; else output ends here and there is no input */
	bool tell;  /* the console waits for what was done to a ring; the server clears it */
	struct ring tx, rx; /* output, input */
};

/* Before the state is opened. */
void virtio_console_describe(struct virtio_console *c);

/* With state and rings: makes whole what a predecessor left, or begins where the rings are. */
void virtio_console_begin(struct virtio_console *c);

/* Moves up to `most` pieces each way. True if more may wait; then call it again. */
bool virtio_console_serve(struct virtio_console *c, uint32_t most);

#endif
