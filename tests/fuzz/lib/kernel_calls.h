/* SPDX-License-Identifier: BSD-2-Clause */
/* Random calls, with arguments that are often sensible, for the target kernel. */
#ifndef KERNEL_CALLS_H
#define KERNEL_CALLS_H

#include "fuzz.h"
#include "user.h"

uint64_t fuzz_address(void);
/* One call, or none, of a thread that is current. */
enum status fuzz_call(struct machine *m, struct thread *t);

#endif
