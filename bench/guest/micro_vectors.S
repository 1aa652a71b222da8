/* SPDX-License-Identifier: BSD-2-Clause */
/* Exception vectors that read the counter first, and delays of a given number of instructions. */
	.macro	other number
	.balign	128
	mov	x0, #\number
	mrs	x1, esr_el1
	bl	micro_unexpected
	b	.
	.endm

	.macro	interrupt
	.balign	128
	msr	tpidr_el1, x0
	mrs	x0, tpidrro_el0		/* where delay_stamp() points */
	br	x0
	.endm

	.text
	.global	micro_vectors
	.balign	2048
micro_vectors:
	.irp	number, 0, 1, 2, 3, 4
	other	\number
	.endr
	interrupt			/* IRQ, at EL1 with SP_EL1 */
	.irp	number, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	other	\number
	.endr

	.balign	128
	.rept	15
	nop
	.endr
stamp:
	mrs	x0, cntvct_el0
	sub	sp, sp, #176
	stp	x1, x2, [sp]
	stp	x3, x4, [sp, #16]
	stp	x5, x6, [sp, #32]
	stp	x7, x8, [sp, #48]
	stp	x9, x10, [sp, #64]
	stp	x11, x12, [sp, #80]
	stp	x13, x14, [sp, #96]
	stp	x15, x16, [sp, #112]
	stp	x17, x18, [sp, #128]
	str	x30, [sp, #144]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x1, x2, [sp, #160]
	bl	micro_interrupt
	ldp	x1, x2, [sp, #160]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldr	x30, [sp, #144]
	ldp	x17, x18, [sp, #128]
	ldp	x15, x16, [sp, #112]
	ldp	x13, x14, [sp, #96]
	ldp	x11, x12, [sp, #80]
	ldp	x9, x10, [sp, #64]
	ldp	x7, x8, [sp, #48]
	ldp	x5, x6, [sp, #32]
	ldp	x3, x4, [sp, #16]
	ldp	x1, x2, [sp]
	add	sp, sp, #176
	mrs	x0, tpidr_el1
	eret

	.global	delay_stamp
delay_stamp:
	adr	x1, stamp
	sub	x1, x1, x0, lsl #2
	msr	tpidrro_el0, x1
	ret

	.global	dither
dither:
	adr	x1, 1f
	sub	x1, x1, x0, lsl #2
	br	x1
	.rept	15
	nop
	.endr
1:	ret
