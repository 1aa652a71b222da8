/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM object's methods as rpcs: service AxVm of idl/axvm.proto. */
#ifndef VMM_AXVM_RPC_H
#define VMM_AXVM_RPC_H

#include <stdint.h>

#include "services/lib/ipc.h"
#include "services/vmm/axvm.h"

/* Answers one request; returns the status of the reply, whose bytes and size are in *msg. */
int32_t axvm_rpc(struct axvm *vm, struct ipc_msg *msg);

#endif
