/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoint and watchpoint registers by number, as their names are part of the instructions that access them:
 * w0 is 4 n, plus 0 for DBGBVR<n>_EL1, 1 for DBGBCR, 2 for DBGWVR, 3 for DBGWCR.
 */
#define MRS_X0 0xd5300080 /* op0 2, op1 0, CRn 0; n is CRm, and op2 begins with 4 */
#define MSR_X1 0xd5100081

.macro TABLE name, instruction, scratch
	.global \name
\name:
	adr	\scratch, 1f
	add	\scratch, \scratch, w0, uxtw #3
	br	\scratch
1:
	.set	index, 0
	.rept	64
	.inst	\instruction | (index >> 2) << 8 | (index & 3) << 5
	ret
	.set	index, index + 1
	.endr
.endm

	.text
TABLE debug_read, MRS_X0, x1 /* -> x0 */
TABLE debug_write, MSR_X1, x2 /* x1 */
