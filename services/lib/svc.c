/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library's system calls, as far as a service has something like them: output, memory,
 * threads, time, exit. Everything else is -ENOSYS. There are no files, no signals and no
 * environment.
 */
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "grants.h"
#include "log.h"
#include "runtime.h"
#include "svc_musl.h"

#define STATUS_ABORTED 134 /* what a shell shows for SIGABRT */

static long svc_writev(long fd, const struct iovec *parts, long count)
{
	size_t size = 0;

	if (fd != 1 && fd != 2)
		return -EBADF;
	for (long i = 0; i < count; i++) {
		if (parts[i].iov_len)
			(void)log_bytes(parts[i].iov_base, parts[i].iov_len);
		size += parts[i].iov_len;
	}
	return (long)size;
}

static long svc_mmap(size_t bytes, long flags, long fd)
{
	void *memory;

	if (flags & MAP_FIXED)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS) || fd != -1)
		return -ENODEV;
	runtime_lock();
	memory = heap_take(bytes);
	runtime_unlock();
	return memory ? (long)(uintptr_t)memory : -ENOMEM;
}

static long svc_munmap(void *memory, size_t bytes)
{
	bool given;

	runtime_lock();
	given = heap_give(memory, bytes);
	runtime_unlock();
	return given ? 0 : -EINVAL;
}

static long svc_kill(long number)
{
	if (number == SIGABRT || number == SIGKILL)
		process_exit(STATUS_ABORTED);
	return 0;
}

long svc_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	(void)f;
	switch (number) {
	case SYS_write:
		return svc_writev(a, &(struct iovec){(void *)(uintptr_t)b, (size_t)c}, 1);
	case SYS_writev:
		return svc_writev(a, (const struct iovec *)(uintptr_t)b, c);
	case SYS_mmap:
		return svc_mmap((size_t)b, d, e);
	case SYS_munmap:
		return svc_munmap((void *)(uintptr_t)a, (size_t)b);
	case SYS_mprotect: /* the heap stays readable and writable: there are no guard pages */
	case SYS_madvise:
		return 0;
	case SYS_brk: /* never moves: the allocator then takes pages */
		return 0;
	case SYS_futex:
		return svc_futex((volatile int *)(uintptr_t)a, (int)b, (int)c,
				 (const struct timespec *)(uintptr_t)d);
	case SYS_clock_gettime:
		return svc_clock(a, (struct timespec *)(uintptr_t)b);
	case SYS_nanosleep:
		return svc_sleep(CLOCK_MONOTONIC, 0, (const struct timespec *)(uintptr_t)a);
	case SYS_clock_nanosleep:
		return svc_sleep(a, b, (const struct timespec *)(uintptr_t)c);
	case SYS_sched_yield:
		sys_yield();
		return 0;
	case SYS_set_tid_address:
		svc_thread_self()->clear = (volatile int *)(uintptr_t)a;
		return svc_thread_id();
	case SYS_gettid:
		return svc_thread_id();
	case SYS_getpid:
		return 1;
	case SYS_exit:
		svc_thread_exit();
	case SYS_exit_group:
		process_exit((int)a);
	case SYS_kill:
	case SYS_tkill:
		return svc_kill(b);
	case SYS_rt_sigprocmask:
	case SYS_rt_sigaction:
	case SYS_close:
		return 0;
	case SYS_ioctl: /* the size of the window: output is a terminal's, so it goes out by lines
			 */
		return (a == 1 || a == 2) && b == TIOCGWINSZ ? 0 : -ENOTTY;
	case SYS_lseek:
		return -ESPIPE;
	case SYS_read:
		return a == 0 ? 0 : -EBADF;
	default:
		return -ENOSYS;
	}
}
