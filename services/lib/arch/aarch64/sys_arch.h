/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The traps of kernel/abi.h on aarch64, for sys.h alone: `svc #number`, a0..a7 in x0..x7. Only the
 * arguments a call takes are loaded; all of x0..x7 are results. No other register changes, but x8
 * to x17 in sys_trap_message: CALL_CALL and CALL_REPLY_WAIT do not preserve them.
 */
#ifndef LIB_SYS_ARCH_H
#define LIB_SYS_ARCH_H

#include <stdint.h>

struct sys_result {
	uint64_t a[7]; /* a0..a6 */
};

#define SYS_INLINE static inline __attribute__((always_inline))
#define SYS_REGISTER(n) register uint64_t x##n __asm__("x" #n)
#define SYS_RESULT ((struct sys_result){{x0, x1, x2, x3, x4, x5, x6}})

SYS_INLINE struct sys_result sys_trap2(const uint32_t number, uint64_t a0, uint64_t a1)
{
	SYS_REGISTER(0) = a0;
	SYS_REGISTER(1) = a1;
	SYS_REGISTER(2);
	SYS_REGISTER(3);
	SYS_REGISTER(4);
	SYS_REGISTER(5);
	SYS_REGISTER(6);
	SYS_REGISTER(7);

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1), "=r"(x2), "=r"(x3), "=r"(x4), "=r"(x5), "=r"(x6),
			   "=r"(x7)
			 : [number] "i"(number)
			 : "memory");
	return SYS_RESULT;
}

SYS_INLINE struct sys_result sys_trap4(const uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2,
				       uint64_t a3)
{
	SYS_REGISTER(0) = a0;
	SYS_REGISTER(1) = a1;
	SYS_REGISTER(2) = a2;
	SYS_REGISTER(3) = a3;
	SYS_REGISTER(4);
	SYS_REGISTER(5);
	SYS_REGISTER(6);
	SYS_REGISTER(7);

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "=r"(x4), "=r"(x5), "=r"(x6),
			   "=r"(x7)
			 : [number] "i"(number)
			 : "memory");
	return SYS_RESULT;
}

SYS_INLINE struct sys_result sys_trap6(const uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2,
				       uint64_t a3, uint64_t a4, uint64_t a5)
{
	SYS_REGISTER(0) = a0;
	SYS_REGISTER(1) = a1;
	SYS_REGISTER(2) = a2;
	SYS_REGISTER(3) = a3;
	SYS_REGISTER(4) = a4;
	SYS_REGISTER(5) = a5;
	SYS_REGISTER(6);
	SYS_REGISTER(7);

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "=r"(x6),
			   "=r"(x7)
			 : [number] "i"(number)
			 : "memory");
	return SYS_RESULT;
}

SYS_INLINE struct sys_result sys_trap_message(const uint32_t number, uint64_t a0, uint64_t a1,
					      uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	SYS_REGISTER(0) = a0;
	SYS_REGISTER(1) = a1;
	SYS_REGISTER(2) = a2;
	SYS_REGISTER(3) = a3;
	SYS_REGISTER(4) = a4;
	SYS_REGISTER(5) = a5;
	SYS_REGISTER(6);
	SYS_REGISTER(7);

	__asm__ volatile(
	    "svc %[number]"
	    : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "=r"(x6), "=r"(x7)
	    : [number] "i"(number)
	    : "memory", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17");
	return SYS_RESULT;
}

SYS_INLINE struct sys_result sys_trap8(const uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2,
				       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
				       uint64_t a7)
{
	SYS_REGISTER(0) = a0;
	SYS_REGISTER(1) = a1;
	SYS_REGISTER(2) = a2;
	SYS_REGISTER(3) = a3;
	SYS_REGISTER(4) = a4;
	SYS_REGISTER(5) = a5;
	SYS_REGISTER(6) = a6;
	SYS_REGISTER(7) = a7;

	__asm__ volatile("svc %[number]"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
			   "+r"(x7)
			 : [number] "i"(number)
			 : "memory");
	return SYS_RESULT;
}

/* The machine's counter, the one deadlines are in. */
SYS_INLINE uint64_t sys_counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

#endif
