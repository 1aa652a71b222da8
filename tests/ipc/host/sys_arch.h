/* SPDX-License-Identifier: BSD-2-Clause */
/* The traps of kernel/abi.h for services built for this machine: host_kernel.c answers them. */
#ifndef HOST_SYS_ARCH_H
#define HOST_SYS_ARCH_H

#include <stdint.h>

struct sys_result {
	uint64_t a[7]; /* a0..a6 */
};

#define SYS_INLINE static inline __attribute__((always_inline))

struct sys_result host_trap(uint32_t number, const uint64_t arguments[8]);
uint64_t sys_counter(void);

SYS_INLINE struct sys_result sys_trap8(const uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2,
				       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
				       uint64_t a7)
{
	const uint64_t arguments[8] = {a0, a1, a2, a3, a4, a5, a6, a7};

	return host_trap(number, arguments);
}

SYS_INLINE struct sys_result sys_trap6(const uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2,
				       uint64_t a3, uint64_t a4, uint64_t a5)
{
	return sys_trap8(number, a0, a1, a2, a3, a4, a5, 0, 0);
}

SYS_INLINE struct sys_result sys_trap_message(const uint32_t number, uint64_t a0, uint64_t a1,
					      uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	return sys_trap6(number, a0, a1, a2, a3, a4, a5);
}

SYS_INLINE struct sys_result sys_trap4(const uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2,
				       uint64_t a3)
{
	return sys_trap8(number, a0, a1, a2, a3, 0, 0, 0, 0);
}

SYS_INLINE struct sys_result sys_trap2(const uint32_t number, uint64_t a0, uint64_t a1)
{
	return sys_trap8(number, a0, a1, 0, 0, 0, 0, 0, 0);
}

#endif
