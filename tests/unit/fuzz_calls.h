/* SPDX-License-Identifier: BSD-2-Clause */
/* Random calls, with arguments that are often sensible, for test_fuzz.c. */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "user.h"

bool once_in(unsigned n);
uint64_t fuzz_pick(const uint64_t *values, size_t count);
#define PICK(...)                                  \
	fuzz_pick((const uint64_t[]){__VA_ARGS__}, \
		  sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

uint64_t fuzz_address(void);
/* One call, or none, of a thread that is current. */
enum status fuzz_call(struct machine *m, struct thread *t);

#endif
