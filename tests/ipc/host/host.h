/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service built for this machine, with a test runner in the kernel's place. The runner sends
 * commands on standard input and gets events on standard output, each a frame: kind and length
 * (32 bits each, little endian), then the payload. After a command it reads events up to "idle".
 */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi.h"

enum host_command {
	HOST_MESSAGE = 'M', /* u32 method, u32 0, u64 badge, request */
	HOST_SIGNAL = 'S',  /* u64 bits of the service's own signal */
	HOST_RETURN = 'R',  /* i32 status, u32 0, reply: ends a call of the service */
	HOST_DIE = 'D',	    /* u32 event, u32 n: instead of the n-th such event the process ends */
};

enum host_event {
	HOST_IDLE = 'I',  /* waits for a command */
	HOST_REPLY = 'A', /* i32 status, u32 0, reply */
	HOST_CALL = 'C',  /* u32 slot, u32 method, request; waits for HOST_RETURN */
	HOST_RAISE = 'G', /* u32 slot, u32 0, u64 bits */
	HOST_LINE = 'L',  /* u32 slot, u32 level */
	HOST_ACK = 'Q',	  /* u32 slot of an interrupt, u32 0 */
	HOST_EXIT = 'E',  /* i32 status, u32 0 */
};

#define HOST_DIED 86 /* exit status of a commanded death */
#define HOST_PAYLOAD (MESSAGE_BYTES + 16)

struct host_frame {
	uint32_t kind, length;
	uint8_t payload[HOST_PAYLOAD];
};

/* ---- host_pipe.c ---- */
void host_receive(struct host_frame *f);
/* First two words of the payload, then `bytes`. Dies here if so commanded. */
void host_send(enum host_event kind, uint32_t a, uint32_t b, const void *bytes, size_t size);
void host_die_at(uint32_t event, uint32_t count);

/* ---- host_setup.c ---- */
/*
 * Reads the table of grants, a line each: `name NAME`, `config HEX`, `memory NAME FILE SIZE ORDER`,
 * `slot NAME KIND BADGE`.
 */
void host_setup(const char *path);

#endif
