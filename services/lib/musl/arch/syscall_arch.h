/* SPDX-License-Identifier: BSD-2-Clause */
/* musl's system-call layer for every architecture: a C call into the service runtime. */
#include <svc_musl.h>

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

/*
 * Static inline functions, not macros: <syscall.h> defines macros of the same names that convert
 * the arguments and then call these.
 */
#define SVC_CALL(NAME, PARAMS, ...)              \
	static inline long NAME PARAMS           \
	{                                        \
		return svc_syscall(__VA_ARGS__); \
	}

SVC_CALL(__syscall0, (long n), n, 0, 0, 0, 0, 0, 0)
SVC_CALL(__syscall1, (long n, long a), n, a, 0, 0, 0, 0, 0)
SVC_CALL(__syscall2, (long n, long a, long b), n, a, b, 0, 0, 0, 0)
SVC_CALL(__syscall3, (long n, long a, long b, long c), n, a, b, c, 0, 0, 0)
SVC_CALL(__syscall4, (long n, long a, long b, long c, long d), n, a, b, c, d, 0, 0)
SVC_CALL(__syscall5, (long n, long a, long b, long c, long d, long e), n, a, b, c, d, e, 0)
SVC_CALL(__syscall6, (long n, long a, long b, long c, long d, long e, long f), n, a, b, c, d, e, f)

#undef SVC_CALL

#define IPC_64 0
