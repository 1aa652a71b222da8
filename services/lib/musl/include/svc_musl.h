/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What musl asks of the runtime. Each musl system call is one of these C calls; the numbers are
 * Linux's for the architecture (SYS_* of <sys/syscall.h>), the results Linux's too: a negative
 * errno on failure.
 */
#ifndef SVC_MUSL_H
#define SVC_MUSL_H

/* A system call; arguments a number does not take are 0. */
long svc_syscall(long number, long a, long b, long c, long d, long e, long f);

/*
 * Start a thread of this process that runs entry(arg) on stack (its top; entry does not return)
 * with thread pointer tls. The new id is stored to *ptid before the thread runs and returned; when
 * the thread exits, 0 is stored to *ctid and one waiter on it is woken. flags are Linux's CLONE_*.
 */
int svc_clone(int (*entry)(void *), void *stack, int flags, void *arg, int *ptid, void *tls,
	      int *ctid);

/* Unmap the calling thread's stack [base, base + size) and exit the thread. */
_Noreturn void svc_unmapself(void *base, unsigned long size);

#endif
