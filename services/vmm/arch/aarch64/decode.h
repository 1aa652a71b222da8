/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads and stores of general registers (Arm DDI 0487, C4.1.88): those the hardware does not decode
 * for a hypervisor, because they move two registers or write the base back, and their plain forms.
 * Everything else is refused: SIMD and FP, exclusives, atomics, ordered, literal, prefetch, what is
 * unallocated, and where the result is CONSTRAINED UNPREDICTABLE.
 */
#ifndef VMM_DECODE_H
#define VMM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define DECODE_ZERO_OR_SP 31 /* as a register moved: zero; as base: the stack pointer */

enum decode_index { DECODE_OFFSET, DECODE_PRE, DECODE_POST };

struct decoded {
	uint8_t count; /* registers moved: 1 or 2 */
	uint8_t width; /* bytes of each */
	bool write;
	bool sign;	   /* a load extends the sign, */
	bool wide;	   /* to 64 bits instead of 32 */
	bool unprivileged; /* LDTR and STTR: as EL0 does it */
	uint8_t rt[2], rn;
	uint8_t index; /* enum decode_index; but for DECODE_OFFSET the base is written */
	bool by_register;
	uint8_t rm, extend, shift; /* by_register: how, as the option field says it */
	int64_t offset;		   /* else */
};

bool decode_access(uint32_t instruction, struct decoded *d);
/* What is added to the base, with `rm` the value of that register. */
uint64_t decode_offset(const struct decoded *d, uint64_t rm);
/* What a load of `value` puts into its register. */
uint64_t decode_extended(const struct decoded *d, uint64_t value);

#endif
