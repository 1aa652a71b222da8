/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that may do anything to the vCPU that executes them, and a way back: registers are
 * loaded, the instructions run at EL1 or EL0 on a stack of their own, and whatever comes of it, an
 * exception or their end, what the guest stands on is put back.
 */
#ifndef GUEST_SANDBOX_H
#define GUEST_SANDBOX_H

#include "guest.h"

#define SANDBOX_WORDS 16u
#define SANDBOX_EL1 0x3c5ull /* as SPSR: all exceptions masked */
#define SANDBOX_EL0 0x3c0ull

struct sandbox {
	uint64_t x[31]; /* what the instructions begin with */
	uint64_t own_stack, status, stack_top;
	uint64_t vbar, cpacr, sctlr;
	bool inside;
	bool trapped;
	uint64_t syndrome; /* of the exception that ended it */
	uint32_t code[SANDBOX_WORDS] __attribute__((aligned(64)));
	uint64_t stack[512] __attribute__((aligned(16)));
};

/* `status`: SANDBOX_EL1 or SANDBOX_EL0. True: an exception ended it. At most SANDBOX_WORDS - 8. */
bool sandbox_run(struct sandbox *s, const uint32_t *words, uint32_t count, uint64_t status);
/* guest_exception of a guest with sandboxes calls it: true if `s` was entered. */
bool sandbox_leave(struct sandbox *s, struct frame *f);

#endif
