/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the generated stubs (build/idl/NAME.ipc.h) stand on. A message lies in the calling thread's
 * message buffer; request and reply use the same bytes. On the system ipc.c implements this; tests
 * on the host link their own transport in its place.
 */
#ifndef LIB_IPC_H
#define LIB_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi.h"

typedef uint32_t skerry_cap; /* a slot of the own cspace; 0: none */

/* A handler that keeps the reply (server_keep_reply) returns this; nothing is sent then. */
#define IPC_KEPT INT32_MAX

/* A status of the kernel's that a server's dispatch returned (BAD_METHOD, BAD_MESSAGE), as its
 * client gets it: positive, so that it is not taken for one of the client's own call. */
#define IPC_FROM_SERVER(status) ((status)&INT32_MAX)

/* A request while a server handles it; the generated dispatch turns it into the reply. */
struct ipc_msg {
	uint32_t method;
	uint8_t *data; /* MESSAGE_BYTES */
	size_t size;   /* of the request, then of the reply */
	uint64_t badge;
	uint32_t caps_in_count, caps_out_count;
	const skerry_cap *caps_in; /* slots filled with what came along; emptied after the reply */
	skerry_cap *caps_out;	   /* MESSAGE_CAPS slots to copy from */
};

extern _Thread_local struct message_buffer *ipc_thread_buffer
    __attribute__((tls_model("local-exec")));

static inline uint8_t *ipc_buffer(void)
{
	return ipc_thread_buffer->data;
}

/*
 * Calls `method` with `size` bytes of the buffer. Returns a negative status of the kernel, a
 * positive status of the server, or 0 and the reply's size; the reply is in the buffer.
 */
int32_t ipc_call(skerry_cap port, uint32_t method, size_t size, size_t *reply_size);

/*
 * The same with capabilities: `in_count` of them go along, up to `out_count` arrive in slots from
 * `out_first`, which the caller keeps empty. BAD_MESSAGE if another number came.
 */
int32_t ipc_call_caps(skerry_cap port, uint32_t method, size_t size, size_t *reply_size,
		      const skerry_cap *in, uint32_t in_count, skerry_cap out_first,
		      uint32_t out_count);

#endif
