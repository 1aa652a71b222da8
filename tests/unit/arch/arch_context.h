/* SPDX-License-Identifier: BSD-2-Clause */
/* What a context is to the fake machine: registers, and markers that show whose registers are
 * where. */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

struct context;

#define FAKE_REGISTERS 31
#define FAKE_CALL_BYTES 4 /* length of the instruction that calls the kernel */

struct arch_context {
	uint64_t r[FAKE_REGISTERS];
	uint64_t pc, sp, tls;
	uint64_t eager; /* switched with every context */
	uint64_t fp;	/* switched when another context uses FP */
	bool restart;	/* the call that trapped is to be executed again */
	uint16_t tag;	/* of the translations it runs under, as the kernel last said */
};

static inline uint64_t context_arg(const struct context *c, unsigned i)
{
	return ((const struct arch_context *)(const void *)c)->r[i];
}

static inline void context_set_arg(struct context *c, unsigned i, uint64_t value)
{
	((struct arch_context *)(void *)c)->r[i] = value;
}

#endif
