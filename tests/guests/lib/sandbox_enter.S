/* SPDX-License-Identifier: BSD-2-Clause */
/* Into a sandbox and out of it. Offsets are those of struct sandbox (sandbox.h). */
#define OWN_STACK 248
#define STATUS 256
#define STACK_TOP 264
#define VBAR 272
#define CPACR 280
#define SCTLR 288
#define CODE 320

	.global	sandbox_enter
sandbox_enter:
	sub	sp, sp, #96
	stp	x19, x20, [sp]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mov	x30, x0
	mov	x1, sp
	str	x1, [x30, #OWN_STACK]
	ldr	x1, [x30, #STATUS]
	ldr	x2, [x30, #STACK_TOP]
	add	x3, x30, #CODE
	msr	spsr_el1, x1
	msr	elr_el1, x3
	msr	sp_el0, x2
	mov	sp, x2
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	ldr	x\n, [x30, #(\n * 8)]
	.endr
	ldr	x30, [x30, #240]
	eret

	/* The instructions came to their end, or an exception did: x30 is the sandbox. */
	.global	sandbox_end
	.global	sandbox_abort
sandbox_end:
sandbox_abort:
	ldr	x1, [x30, #VBAR]
	ldr	x2, [x30, #CPACR]
	ldr	x3, [x30, #SCTLR]
	msr	vbar_el1, x1
	msr	cpacr_el1, x2
	msr	sctlr_el1, x3
	isb
	ldr	x1, [x30, #OWN_STACK]
	mov	sp, x1
	ldp	x19, x20, [sp]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #96
	ret
