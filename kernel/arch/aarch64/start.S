/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions: of core 0, which come with the MMU off and the device tree's address in x0
 * (Linux's arm64 boot protocol), and of every core as it enters its kernel (core_enter).
 */
#define LINK_BASE 0x40200000

	.section .head, "ax"
	.globl image_head
image_head:				/* struct arm64_image_header */
	b	boot_enter
	.word	0
	.quad	0			/* text_offset: from a 2 MiB boundary */
	.quad	image_bytes		/* image_size, with what is only zero */
	.quad	0xa			/* flags: little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0

	.section .boot.text.enter, "ax"
boot_enter:
	mrs	x21, cntpct_el0
	msr	daifset, #15
	mov	x20, x0

	/* Where it was not linked for, it adds the difference to its absolute addresses. */
	adrp	x0, image_head
	mov	x1, #LINK_BASE
	subs	x1, x0, x1
	b.eq	2f
	adrp	x2, rela_start
	add	x2, x2, :lo12:rela_start
	adrp	x3, rela_end
	add	x3, x3, :lo12:rela_end
1:	cmp	x2, x3
	b.hs	2f
	ldp	x4, x5, [x2], #16	/* r_offset, r_info */
	ldr	x6, [x2], #8		/* r_addend */
	cmp	x5, #1027		/* R_AARCH64_RELATIVE; the others are empty */
	b.ne	1b
	add	x6, x6, x1
	str	x6, [x4, x1]
	b	1b

2:	adrp	x0, boot_zero_start
	adrp	x1, image_end
3:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	3b
	adrp	x0, boot_stack_top
	mov	sp, x0

	mrs	x0, CurrentEL
	lsr	x22, x0, #2
	cmp	x22, #1
	b.eq	4f
	cmp	x22, #2
	b.ne	boot_stop
	mov	x0, #0x80000000		/* HCR_EL2.RW, nothing trapped, E2H off */
	msr	hcr_el2, x0
	isb
	mrs	x0, hcr_el2
	tbz	x0, #34, 4f
	mov	x22, #3

4:	mov	x0, x20
	mov	x1, x22
	mov	x2, x21
	str	x22, [sp, #-16]!	/* the kernel's functions preserve no register */
	bl	boot_early
	ldr	x22, [sp], #16
	cbz	x0, boot_stop
	mov	x19, x0

	/* What was written with the MMU off is in memory; lines of it that a cache holds are old. */
	mrs	x0, ctr_el0
	ubfx	x0, x0, #16, #4
	mov	x1, #4
	lsl	x1, x1, x0
	adrp	x0, rodata_start
	adrp	x2, image_end
5:	dc	ivac, x0
	add	x0, x0, x1
	cmp	x0, x2
	b.lo	5b
	dsb	sy

	mov	x0, x19
	cmp	x22, #2
	b.eq	core_enter

	/* EL1, or EL2 with E2H fixed to 1, where these names mean the registers of EL2. */
	ldp	x1, x2, [x0]
	ldp	x3, x4, [x0, #16]
	ldp	x5, x6, [x0, #32]
	ldr	x0, [x0, #48]
	msr	mair_el1, x3
	msr	tcr_el1, x2
	msr	ttbr0_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	sctlr_el1, x4
	isb
	mov	sp, x5
	br	x6

	.globl boot_stop
boot_stop:
	wfi
	b	boot_stop

	.section .text.core_enter, "ax"
	.globl core_enter
core_enter:
	msr	daifset, #15
	ldp	x1, x2, [x0]		/* ttbr, tcr */
	ldp	x3, x4, [x0, #16]	/* mair, sctlr */
	ldp	x5, x6, [x0, #32]	/* stack, main */
	ldr	x0, [x0, #48]		/* argument */
	mov	x7, #0x80000000		/* HCR_EL2.RW */
	msr	hcr_el2, x7
	ldr	x7, =0x30c50830		/* all off; the bits that are 1 in every implementation */
	msr	sctlr_el2, x7
	isb
	tlbi	alle2
	ic	iallu
	dsb	nsh
	isb
	msr	mair_el2, x3
	msr	tcr_el2, x2
	msr	ttbr0_el2, x1
	isb
	msr	sctlr_el2, x4
	isb
	mov	sp, x5
	mov	x29, xzr
	mov	x30, xzr
	br	x6
