/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM object's methods as rpcs: service AxVm of idl/axvm.proto. The same object serves a VMM
 * that runs its VM itself, and one whose client does (start = "rpc"). Clients are not trusted: no
 * call reaches beyond what the VMM was granted, and none leaves the VMM unable to serve the next.
 */
#ifndef VMM_AXVM_RPC_H
#define VMM_AXVM_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include "services/lib/ipc.h"
#include "services/vmm/axvm.h"

struct axvm_server {
	struct axvm *vm; /* null: none yet, or none any more */
	const struct hal *hal;
	const skerry_VmConfig *own; /* the VMM's */
	bool steered;		    /* a client makes and runs the VM */
	void *host;		    /* for the three below, which only a steered one needs */
	/* The next VM is of that configuration. */
	void (*use)(void *host, const skerry_VmConfig *config);
	/* What a guest starts with goes into its memory, and vCPU 0 is set to start it. */
	bool (*load)(void *host);
	/* Serves calls and exits that are no caller's, until `leave` or an exit that is. */
	int32_t (*serve)(void *host, struct axvm_exit *exit);
	skerry_cap reply; /* slot for the caller of RunVcpu */

	bool leave; /* set by a call: whoever serves has to look */
	bool ended; /* the last Drop was */
	bool waiting;
	size_t runner;	    /* vCPU that the caller waits for */
	uint32_t exited;    /* bit i: vCPU i waits in an exit */
	uint32_t delivered; /* and the client knows it */
	struct axvm_exit exits[AXVM_VCPUS];
	skerry_VmConfig given; /* a client's */
};

/* Answers one request; returns the status of the reply, whose bytes and size are in *msg, or
 * IPC_KEPT. */
int32_t axvm_rpc(struct axvm_server *s, struct ipc_msg *msg);
/* One turn of a steered VM: until something happens, and to whom it matters hears of it. */
int32_t axvm_server_turn(struct axvm_server *s);

#endif
