/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers of service AxVm, by the files they are in. */
#ifndef VMM_AXVM_RPC_PARTS_H
#define VMM_AXVM_RPC_PARTS_H

#include "axvm.ipc.h"
#include "services/vmm/axvm_rpc.h"

/* ---- axvm_rpc_make.c ---- */
int32_t axvm_rpc_new(void *self, uint64_t badge, const skerry_AxVmNew *in, struct ax_vm_done *out);
int32_t axvm_rpc_ref(void *self, uint64_t badge, const struct ax_vm_query *in,
		     struct ax_vm_references *out);
int32_t axvm_rpc_drop(void *self, uint64_t badge, const struct ax_vm_drop *in,
		      struct ax_vm_references *out);
int32_t axvm_rpc_config(void *self, uint64_t badge, const struct ax_vm_from *in,
			skerry_AxVmConfigPart *out);

/* ---- axvm_rpc_run.c ---- */
int32_t axvm_rpc_run_vcpu(void *self, uint64_t badge, const struct ax_vm_cpu *in,
			  skerry_AxVmExit *out);

/* ---- axvm_rpc_exit.c ---- */
void axvm_rpc_exit(const struct axvm_exit *exit, skerry_AxVmExit *out);

#endif
