/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that may fault, executed by a thread of higher priority without a fault port: a
 * fault stops it, and where it stopped tells.
 */
#ifndef ATTACK_PROBE_H
#define ATTACK_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "services/lib/sys.h"

bool probe_make(void); /* from the grants untyped and core */
bool probe_load(uint64_t address, uint64_t *value);
bool probe_store(uint64_t address, uint64_t value);
bool probe_run(uint64_t address); /* what is there returns */

/* MRS of op0 2 and 3, op1 0 and 3: all of them, by number; as the instruction's bits 19:5. */
#define PROBE_REGISTERS 0x2000u
uint32_t probe_encoding(uint32_t number);
bool probe_register(uint32_t number, uint64_t *value);

/* All of its registers hold something; then it ends. */
bool probe_fill(void);
/* What it finds, when it is started, in its general and vector registers. */
struct probe_state {
	uint64_t x[31];
	uint64_t q[64];
	uint64_t fpsr, fpcr;
};
bool probe_fresh(struct probe_state *s);
/* All registers hold their marks, the call is made, and they are stored. x0 to x7 are given. */
void probe_call(uint32_t number, const uint64_t in[8], struct probe_state *s);
#define PROBE_MARK(i) (0x7e57000000000000ull | (uint64_t)(i))

#endif
