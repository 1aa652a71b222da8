/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server around a virtio_device. QueueNotify comes as a doorbell bit, or as an ordinary access;
 * whatever its signal says, `serve` looks at everything. Grants: state (4 KiB), ledger, line, and
 * ram0, ... as the configuration says.
 */
#ifndef VIRTIO_SERVER_H
#define VIRTIO_SERVER_H

#include "services.pb.h"
#include "sys.h"
#include "virtio_device.h"

struct virtio_server {
	struct virtio_device *device;
	/* A bounded amount of work; true: more waits, and it is to be called again. */
	bool (*serve)(void *self);
	void *self;
	const char *program; /* for messages */
	skerry_cap line;
	bool raised;
};

/* What every device is granted; its identity is known by then. */
bool virtio_server_attach(struct virtio_server *s, size_t state_bytes, uint32_t version);
bool virtio_server_attach_ram(struct virtio_server *s, const skerry_GuestMemory *ram,
			      uint32_t count);

/* Resumes, then serves for ever: the exit status of the process. */
int virtio_server_run(struct virtio_server *s);

#endif
