/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions: registers are saved, C decides, registers are loaded.
 *
 * Outside the kernel SP_EL2 points to the current context, whose registers are at its start, and TPIDR_EL2
 * holds the end of the kernel stack, where context_resume left a pointer to struct kernel. So the
 * first registers are stored without another, and one more finds the stack. Nothing stays on the stack when the
 * kernel is left.
 *
 * The kernel runs with all exceptions masked. ERET is the context synchronization event between the
 * registers written here and in arch_switch and the code that runs under them.
 */
#include "asm_defs.h"

/* x0 to x5 are stored; then what is left of the first 18 registers, and all others. */
.macro SAVE_ARGUMENTS
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
.endm
.macro SAVE_TEMPORARIES
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
.endm
.macro SAVE_REST
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x1, elr_el2
	mrs	x3, spsr_el2
	mrs	x4, tpidr_el2
	stp	x30, x1, [sp, #240]
	str	x3, [sp, #CONTEXT_PSR]
	mov	x1, sp
	mov	sp, x4
	ldr	x0, [x1, #CONTEXT_KERNEL]
	adr	x30, context_load
.endm

/*
 * C returns to context_load. The two calls that every message needs are told apart here, and do not preserve x6
 * to x17: what context_load finds there is what the thread itself had once. Bit 26 of ESR_EL2 is 1 for SVC, 0 for
 * a guest's aborts, HVC and system registers. 32 instructions are a vector's room.
 */
.macro SYNC_VECTOR
	.balign	128
	SAVE_ARGUMENTS
	mrs	x2, esr_el2
	tbz	w2, #26, sync_exit
	ldr	w3, =ESR_CALL
	sub	w5, w2, w3
	cmp	w5, #CALL_REPLY_WAIT - CALL_CALL
	b.hi	sync_call
	SAVE_REST
	b.eq	port_reply_wait
	b	port_call
.endm

.macro VECTOR handler
	.balign	128
	SAVE_ARGUMENTS
	SAVE_TEMPORARIES
	SAVE_REST
	b	\handler
.endm

/* An exception that cannot be, or the kernel's own fault. */
.macro BAD_VECTOR number
	.balign	128
	mov	x1, #\number
	b	bad_exception
.endm

	.section .vectors, "ax" /* last in the text: before it, alignment costs least */
	.global	vectors
	.balign	2048
vectors:
	BAD_VECTOR 1
	BAD_VECTOR 2
	BAD_VECTOR 3
	BAD_VECTOR 4
	BAD_VECTOR 5
	BAD_VECTOR 6
	BAD_VECTOR 7
	BAD_VECTOR 8
	SYNC_VECTOR		/* from AArch64 */
	VECTOR trap_irq
	BAD_VECTOR 11		/* FIQ: no interrupt is in Group 0 */
	VECTOR trap_serror
	SYNC_VECTOR		/* from AArch32: a guest's EL0 */
	VECTOR trap_irq
	BAD_VECTOR 15
	VECTOR trap_serror
	.org	vectors + 2048	/* an error if one did not fit and moved those behind it */

/* For a core whose branch predictor one can train against another, or against the kernel: at each entry
 * the firmware makes it forget. Its call changes x0 to x3 alone. (Arm DEN 0028.) */
	.global	vectors_hardened
	.balign	2048
vectors_hardened:
	.set	vector, vectors
	.rept	16
	.balign	128
	.if	vector - vectors >= 1024	/* not from EL2 */
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	mrs	x0, tpidr_el2
	ldr	x0, [x0]
	ldr	w0, [x0, #KERNEL_WORKAROUND]
	smc	#0
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	.endif
	b	vector
	.set	vector, vector + 128
	.endr
	.org	vectors + 4096	/* so is what parts the tables */

	.section .text.entry, "ax"
sync_exit:
	SAVE_TEMPORARIES
	SAVE_REST
	b	trap_sync
sync_call:
	SAVE_TEMPORARIES
	SAVE_REST
	b	trap_call

	.balign	64
context_load:
	ldp	x30, x1, [x0, #240]
	ldr	x2, [x0, #CONTEXT_PSR]
	mov	sp, x0
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldp	x28, x29, [x0, #224]
	ldp	x26, x27, [x0, #208]
	ldp	x24, x25, [x0, #192]
	ldp	x22, x23, [x0, #176]
	ldp	x20, x21, [x0, #160]
	ldp	x18, x19, [x0, #144]
	ldp	x16, x17, [x0, #128]
	ldp	x14, x15, [x0, #112]
	ldp	x12, x13, [x0, #96]
	ldp	x10, x11, [x0, #80]
	ldp	x8, x9, [x0, #64]
	ldp	x6, x7, [x0, #48]
	ldp	x4, x5, [x0, #32]
	ldp	x2, x3, [x0, #16]
	ldp	x0, x1, [x0, #0]
	eret
	dsb	nsh		/* no speculation past ERET */
	isb

	.global	context_resume
context_resume:
	ldr	x1, [x0, #CONTEXT_KERNEL]
	ldr	x2, [x1, #KERNEL_STACK_TOP]
	str	x1, [x2, #-16]!
	msr	tpidr_el2, x2
	b	context_load

/* The idle context is resumed like any other: by ERET to here, at EL2. x0 is the context. */
	.global	context_idle
context_idle:
	mrs	x1, tpidr_el2
	mov	sp, x1
	bl	trap_idle
	b	context_load

bad_exception:
	mov	x2, sp
	mrs	x0, tpidr_el2
	cbz	x0, 1f
	mov	sp, x0
	ldr	x0, [x0]
	b	trap_park
1:	wfi
	b	1b

	.arch_extension fp
	.arch_extension simd
	.global	fp_save
fp_save:
	st1	{v0.16b-v3.16b}, [x0], #64
	st1	{v4.16b-v7.16b}, [x0], #64
	st1	{v8.16b-v11.16b}, [x0], #64
	st1	{v12.16b-v15.16b}, [x0], #64
	st1	{v16.16b-v19.16b}, [x0], #64
	st1	{v20.16b-v23.16b}, [x0], #64
	st1	{v24.16b-v27.16b}, [x0], #64
	st1	{v28.16b-v31.16b}, [x0], #64
	mrs	x1, fpsr
	mrs	x2, fpcr
	stp	x1, x2, [x0]
	ret

	.global	fp_load
fp_load:
	ld1	{v0.16b-v3.16b}, [x0], #64
	ld1	{v4.16b-v7.16b}, [x0], #64
	ld1	{v8.16b-v11.16b}, [x0], #64
	ld1	{v12.16b-v15.16b}, [x0], #64
	ld1	{v16.16b-v19.16b}, [x0], #64
	ld1	{v20.16b-v23.16b}, [x0], #64
	ld1	{v24.16b-v27.16b}, [x0], #64
	ld1	{v28.16b-v31.16b}, [x0], #64
	ldp	x1, x2, [x0]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
