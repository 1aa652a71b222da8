/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers, barriers and cache maintenance as C. */
#ifndef KERNEL_SYSREG_H
#define KERNEL_SYSREG_H

#include <stdint.h>

/* Names are expanded first: some are macros below. */
#define SYSREG_TEXT_(name) #name
#define SYSREG_TEXT(name) SYSREG_TEXT_(name)

#define sysreg_read(name)                                                      \
	({                                                                     \
		uint64_t value_;                                               \
		__asm__ volatile("mrs %0, " SYSREG_TEXT(name) : "=r"(value_)); \
		value_;                                                        \
	})
#define sysreg_write(name, value) \
	__asm__ volatile("msr " SYSREG_TEXT(name) ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb(domain) __asm__ volatile("dsb " #domain ::: "memory")
#define tlbi(operation) __asm__ volatile("tlbi " #operation ::: "memory")
#define tlbi_address(operation, value) \
	__asm__ volatile("tlbi " #operation ", %0" ::"r"((uint64_t)(value)) : "memory")

/* Traps of later architecture versions, which the assembler does not know by name. */
#define HCRX_EL2 S3_4_C1_C2_2
#define HFGRTR_EL2 S3_4_C1_C1_4
#define HFGWTR_EL2 S3_4_C1_C1_5
#define HFGITR_EL2 S3_4_C1_C1_6
#define HDFGRTR_EL2 S3_4_C3_C1_4
#define HDFGWTR_EL2 S3_4_C3_C1_5

#define CACHE_LINE_MIN(ctr) (4ull << (((ctr) >> 16) & 15)) /* CTR_EL0.DminLine */

/* Data cache maintenance of [start, start + bytes), complete on return. */
#define CACHE_RANGE(name, operation)                                                           \
	static inline void name(const void *start, uint64_t bytes)                             \
	{                                                                                      \
		uint64_t line_ = CACHE_LINE_MIN(sysreg_read(ctr_el0));                         \
		uint64_t at_ = (uint64_t)start & ~(line_ - 1), end_ = (uint64_t)start + bytes; \
		for (; at_ < end_; at_ += line_)                                               \
			__asm__ volatile("dc " #operation ", %0" ::"r"(at_) : "memory");       \
		dsb(sy);                                                                       \
	}
CACHE_RANGE(cache_clean, cvac)
CACHE_RANGE(cache_clean_invalidate, civac)

#endif
