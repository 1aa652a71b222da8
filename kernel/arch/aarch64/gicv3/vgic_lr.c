/* SPDX-License-Identifier: BSD-2-Clause */
/* List registers by number: their names are part of the instructions that access them. */
#include "port.h"
#include "sysreg.h"

/* each(number, CRm and op2 of its encoding); no statement, so that the list stays short. */
#define LR_EACH(each)                                                                             \
	each(0, C12_0) each(1, C12_1) each(2, C12_2) each(3, C12_3) each(4, C12_4) each(5, C12_5) \
	    each(6, C12_6) each(7, C12_7) each(8, C13_0) each(9, C13_1) each(10, C13_2)           \
		each(11, C13_3) each(12, C13_4) each(13, C13_5) each(14, C13_6) each(15, C13_7)

uint64_t vgic_lr_read_any(unsigned n)
{
#define READ_LR(number, crm_op2) \
	case number:             \
		return sysreg_read(S3_4_C12_##crm_op2);
	switch (n) {
		LR_EACH(READ_LR)
	default:
		return 0;
	}
}

void vgic_lr_write_any(unsigned n, uint64_t value)
{
#define WRITE_LR(number, crm_op2)                        \
	case number:                                     \
		sysreg_write(S3_4_C12_##crm_op2, value); \
		break;
	switch (n) {
		LR_EACH(WRITE_LR)
	}
}
