/* SPDX-License-Identifier: BSD-2-Clause */
/* Client stubs of service AxVm and the VMM that answers them, in one process. */
#ifndef UNIT_RPC_HOST_H
#define UNIT_RPC_HOST_H

#include "axvm.ipc.h"
#include "services/vmm/axvm_rpc.h"
#include "vmm_host.h"

#define PORT 5u

struct rpc_host {
	uint32_t kept;	   /* replies that wait */
	uint32_t answered; /* kept ones that went out */
	int32_t keep;	   /* what keeping one returns */
	int32_t answer;	   /* what answering one returns */
	int32_t status;	   /* of the last answer, and its message: */
	uint8_t data[480];
	size_t size;
	uint32_t loads;
	bool load_fails;
	const skerry_VmConfig *used;
	struct axvm_exit served; /* what comes while nobody waits */
};
extern struct rpc_host rpc;
extern struct axvm_server server;

/* A VM that its VMM made and runs. */
void rpc_booted(void);
/* A VMM that waits for its client. */
void rpc_steered(void);
/* One call by number; `size` bytes of the buffer. */
int32_t rpc_call(uint32_t method, size_t size);
/* Any bytes as the next message. */
uint8_t *rpc_buffer(void);
/* The exit that the last kept reply got. */
skerry_AxVmExit rpc_exit(void);

#endif
