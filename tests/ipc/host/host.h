/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service built for this machine, with a test runner in the kernel's place. The runner sends
 * commands on standard input and gets events on standard output, each a frame: kind and length
 * (32 bits each, little endian), then the payload. After a command it reads events up to "idle".
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi.h"

enum host_command {
	HOST_MESSAGE = 'M', /* u32 method, u32 0, u64 badge, request */
	HOST_SIGNAL = 'S',  /* u64 bits of the service's own signal */
	HOST_RETURN = 'R',  /* i32 status, u32 0, reply: ends a call of the service */
	HOST_DIE = 'D',	    /* u32 event, u32 n: instead of the n-th such event the process ends */
	HOST_FAIL = 'F',    /* u32 n, u32 0: the n-th call that makes capabilities fails */
};

enum host_event {
	HOST_IDLE = 'I',  /* u32 capabilities made, u32 0; waits for a command */
	HOST_REPLY = 'A', /* i32 status, u32 capabilities | rights of the first << 8, reply */
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

/* ---- host_caps.c ---- */
#define HOST_FREE_SLOT 1000u /* the first that is no grant's */
/* False: no method that concerns capabilities. */
bool host_caps_invoke(uint32_t slot, const uint64_t arguments[8], enum status *status);
uint32_t host_caps_used(void);
/* Of one that goes along with a reply. */
uint32_t host_cap_rights(uint32_t slot);
void host_fail_at(uint32_t count);

/* ---- host_setup.c ---- */
/*
 * Reads the table of grants, a line each: `name NAME`, `config HEX`, `memory NAME FILE SIZE ORDER`,
 * `slot NAME KIND BADGE`.
 */
void host_setup(const char *path);

#endif
