/* SPDX-License-Identifier: BSD-2-Clause */
/* The first instruction of a service. The stack is empty and aligned; x0 is THREAD_START's argument. */
	.section .text.start, "ax"
	.globl _start
	.type _start, %function
_start:
	mov	x29, xzr
	mov	x30, xzr
	b	start_main
	.size _start, . - _start

/*
 * void svc_switch_stack(void *top, void (*f)(void *), void *argument): goes to f(argument) on
 * another stack; f does not return.
 */
	.globl svc_switch_stack
	.type svc_switch_stack, %function
svc_switch_stack:
	mov	sp, x0
	mov	x0, x2
	mov	x29, xzr
	mov	x30, xzr
	br	x1
	.size svc_switch_stack, . - svc_switch_stack
