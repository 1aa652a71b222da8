/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of services/lib/ipc.h that generated stubs use, for a host test: the caller's message
 * buffer, and calls that stubs.c carries to a dispatch function in the same process.
 */
#ifndef FAKE_IPC_H
#define FAKE_IPC_H

#include "../../../../kernel/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t skerry_cap;

struct ipc_msg {
	uint32_t method;
	uint64_t badge;
	uint8_t *data;
	size_t size;
	skerry_cap caps_in[MESSAGE_CAPS];
	uint32_t caps_in_count;
	skerry_cap caps_out[MESSAGE_CAPS];
	uint32_t caps_out_count;
};

uint8_t *ipc_buffer(void);
int32_t ipc_call(skerry_cap port, uint32_t method, size_t size, size_t *reply_size);
int32_t ipc_call_caps(skerry_cap port, uint32_t method, size_t size, size_t *reply_size,
		      const skerry_cap *caps_in, uint32_t caps_in_count, skerry_cap caps_out,
		      uint32_t caps_out_count);

#endif
