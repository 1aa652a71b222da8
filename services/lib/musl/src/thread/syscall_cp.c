/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system call that is a cancellation point. There are no asynchronous signals here, so a request
 * to cancel is seen before the call or, when the call comes back with -EINTR, by musl's caller of
 * this; the window that musl's signal handler looks for is empty.
 */
#include "pthread_impl.h"
#include "syscall.h"

hidden long __cancel(void);
hidden long __syscall_cp_asm(volatile int *cancel, long n, long a, long b, long c, long d, long e,
			     long f);
hidden const char __cp_begin[1], __cp_end[1], __cp_cancel[1];

long __syscall_cp_asm(volatile int *cancel, long n, long a, long b, long c, long d, long e, long f)
{
	return *cancel ? __cancel() : svc_syscall(n, a, b, c, d, e, f);
}
