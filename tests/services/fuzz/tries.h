/* SPDX-License-Identifier: BSD-2-Clause */
/* What the callers of the fuzzing service stand on (fuzz_lives.c), and what they do (fuzz_call.c).
 */
#ifndef TRIES_H
#define TRIES_H

#include <stdint.h>

#include "kernel/abi.h"

#define FUZZ_CALLERS 3u
#define FUZZ_FRAMES 6u
#define FUZZ_SLOTS 64u

enum fuzz_slot { /* of their cspace when a life begins */
		 FUZZ_UNTYPED = 1,
		 FUZZ_FRAME = 3,
		 FUZZ_CSPACE = FUZZ_FRAME + FUZZ_FRAMES,
		 FUZZ_SPACE = FUZZ_CSPACE + 2,
		 FUZZ_THREAD = FUZZ_SPACE + 3,
		 FUZZ_VCPU = FUZZ_THREAD + 1 + FUZZ_CALLERS,
		 FUZZ_PORT = FUZZ_VCPU + 2,
		 FUZZ_SERVER = FUZZ_PORT + 2, /* ports of others */
		 FUZZ_SIGNAL = FUZZ_SERVER + 4,
		 FUZZ_LINE = FUZZ_SIGNAL + 2,
		 FUZZ_TIMER = FUZZ_LINE + 2,
		 FUZZ_IRQ,
		 FUZZ_CORE,
		 FUZZ_FREE,
};

struct fuzz_caller {
	uint64_t seed;
	struct message_buffer *buffer;
	uintptr_t stack_top;
	volatile uint64_t calls;
	volatile uint32_t wrong;		    /* results that no call has */
	volatile uint32_t results[1 - UNSUPPORTED]; /* how often each status came */
};
extern struct fuzz_caller fuzz_callers[FUZZ_CALLERS];

/* A caller's first instruction: it calls for ever. Without libc, as it has no thread pointer. */
_Noreturn void fuzz_call(struct fuzz_caller *c);

#endif
