/* SPDX-License-Identifier: BSD-2-Clause */
/* Code at EL0: entered here, left by SVC (guest.c:guest_trap), or by an exception that is not expected. */
	.global	el0_run
	/* x0 pc, x1 SPSR, x2 argument: returns what x0 held at the SVC */
el0_run:
	sub	sp, sp, #96
	stp	x19, x20, [sp]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	adrp	x3, stack_user
	add	x3, x3, :lo12:stack_user
	msr	sp_el0, x3
	msr	elr_el1, x0
	msr	spsr_el1, x1
	mov	x0, x2
	mov	x13, x3			/* of AArch32 */
	eret

	.global	el0_return
el0_return:
	ldp	x19, x20, [sp]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #96
	ret

	.bss
	.balign	16
	.space	4096
stack_user:
