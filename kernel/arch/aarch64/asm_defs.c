/* SPDX-License-Identifier: BSD-2-Clause */
/* Offsets for entry.S: of its assembler output the build takes the lines that begin with "->". */
#include "abi.h"
#include "el2.h"
#include "kernel.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))

void asm_defs(void);
void asm_defs(void)
{
	DEFINE(CONTEXT_X, offsetof(struct context, arch.x));
	DEFINE(CONTEXT_PSR, offsetof(struct context, arch.psr));
	DEFINE(CONTEXT_KERNEL, offsetof(struct context, kernel));
	DEFINE(KERNEL_STACK_TOP, offsetof(struct kernel, arch.stack_top));
	DEFINE(ESR_CALL, (uint64_t)EC_SVC << 26 | ESR_IL | CALL_CALL);
	DEFINE(KERNEL_WORKAROUND, offsetof(struct kernel, arch.workaround));
	DEFINE(CALL_CALL, CALL_CALL);
	DEFINE(CALL_REPLY_WAIT, CALL_REPLY_WAIT);
}
_Static_assert(offsetof(struct context, arch.x) == 0,
	       "entry.S stores pairs from the context's start");
_Static_assert(CALL_REPLY_WAIT == CALL_CALL + 1, "entry.S compares with both at once");
_Static_assert(offsetof(struct context, arch.pc) == 31 * 8, "entry.S pairs it with x30");
