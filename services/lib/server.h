/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server's loop: one reply-and-wait per message, one indirect call to the service's dispatch.
 *
 *	static int32_t serve_block(void *self, struct ipc_msg *msg)
 *	{
 *		return block_dispatch(&block_ops, self, msg);
 *	}
 *	static const struct server server = {
 *		.port = START_SLOT_PORT,
 *		.serve = {[SERVER_SERVICE(BLOCK_READ)] = serve_block},
 *		.signal = driver_signal,
 *	};
 *	server_ready();
 *	server_run(&server, &device);
 */
#ifndef LIB_SERVER_H
#define LIB_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "exit.skerry.h"
#include "ipc.h"

#define SERVER_SERVICES 16
#define SERVER_SERVICE(method) ((method) >> 8) /* the service number in a method id */

/* The runtime's own bits of a thread's signal; handlers never see them. */
#define SERVER_RUNTIME_BITS (3ull << 62)

struct server {
	skerry_cap port;
	/* First of MESSAGE_CAPS slots for capabilities that come with requests; 0: none are
	 * accepted. */
	/* A handler moves away what it keeps; the loop deletes the rest. */
	skerry_cap receive;
	/* VcpuExit.Mmio alone, a shorter way; null: it goes to `serve` as other services' do. */
	int32_t (*mmio)(void *self, uint64_t badge, const struct mmio_access *in,
			struct access_reply *out);
	/* By service number; returns the status to answer, or IPC_KEPT. */
	int32_t (*serve[SERVER_SERVICES])(void *self, struct ipc_msg *msg);
	/* Bits of the signal bound to this thread; null: ignored. */
	void (*signal)(void *self, uint64_t bits);
};

/* Tells init that this service is initialised. Call it once, before server_run. */
void server_ready(void);

/* Serves for ever; returns only with the status of a port that can not be waited on. */
int32_t server_run(const struct server *server, void *self);

/*
 * For a loop of one's own, whose CALL_REPLY_WAIT with `info` failed: the kernel took no answer (its
 * caller is gone, or it was no answer to this call) or sees one still owed. The call is given up: a
 * caller gets PEER_RESTARTED, a vCPU executes its access again. False: the port cannot be served.
 */
bool server_recover(int32_t status, uint64_t info);

/* In a handler: keeps the caller waiting. The handler returns IPC_KEPT; answer it later. */
int32_t server_keep_reply(skerry_cap slot);
/* Answers a kept reply with `size` bytes of the own buffer; the slot is empty after it. */
int32_t server_answer(skerry_cap slot, int32_t status, size_t size);

#endif
