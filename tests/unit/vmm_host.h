/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine for VM objects that is an array: what its calls return, and what they were. */
#ifndef UNIT_VMM_HOST_H
#define UNIT_VMM_HOST_H

#include "services/vmm/axvm.h"
#include "services/vmm/hal.h"

#define RAM0 0x80000000ull
#define RAM_BYTES 0x4000u

struct vmm_host {
	bool supported;
	int32_t space, map, vcpu, run, inject;
	uint32_t mapped, injected, runs, released, vcpus;
	struct axvm_exit exit;
	_Alignas(4096) uint8_t memory[2][RAM_BYTES];
};
extern struct vmm_host host;
extern const struct hal hal;
extern skerry_VmConfig config;

/* `host` and `config` as new: VM 7 with two vCPUs and two regions that touch. */
void prepare(void);
/* A VM of them; dropped when the test ends. */
struct axvm *make(void);
/* For test_cleanup. */
void drop(void *vm);
/* axvm_message() has `text` in it. */
bool said(const char *text);

#endif
