/* SPDX-License-Identifier: BSD-2-Clause */
/* Time and waiting for the C library: the counter, sleeping, and futexes over signals. */
#include <errno.h>
#include <time.h>

#include "grants.h"
#include "runtime.h"

#define NS 1000000000ull
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_PRIVATE 128
#define FUTEX_CLOCK_REALTIME 256
#define TIMER_ABSOLUTE 1

static uint64_t frequency(void)
{
	const struct start_page *page = start_page();

	return page && page->frequency ? page->frequency : NS;
}

/* Never early; what does not fit is for ever. */
static uint64_t ticks(const struct timespec *t)
{
	uint64_t f = frequency(), seconds = (uint64_t)t->tv_sec;
	uint64_t part = ((uint64_t)t->tv_nsec * f + NS - 1) / NS;

	if (seconds > (UINT64_MAX >> 2) / f)
		return UINT64_MAX >> 1;
	return seconds * f + part;
}

static bool valid(const struct timespec *t)
{
	return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < (long)NS;
}

/* All clocks count from the machine's start: there is no other source of time. */
long svc_clock(long clock, struct timespec *now)
{
	uint64_t counter = sys_counter(), f = frequency();

	(void)clock;
	now->tv_sec = (time_t)(counter / f);
	now->tv_nsec = (long)(counter % f * NS / f);
	return 0;
}

long svc_sleep(long clock, long flags, const struct timespec *request)
{
	struct svc_thread *t = svc_thread_self();
	uint64_t deadline, bits;
	skerry_cap timer;

	(void)clock;
	if (!valid(request))
		return -EINVAL;
	deadline = ticks(request) + (flags & TIMER_ABSOLUTE ? 0 : sys_counter());
	runtime_lock();
	timer = svc_thread_timer(t);
	runtime_unlock();
	while (sys_counter() < deadline) {
		if (!timer || timer_set(timer, deadline) != OK)
			sys_yield();
		else
			(void)sys_wait(t->signal, RUNTIME_TIMEOUT, &bits);
	}
	return 0;
}

static long futex_wait(volatile int *futex, int value, const struct timespec *timeout)
{
	struct svc_thread *t = svc_thread_self();
	uint64_t wait_for = RUNTIME_WOKEN, bits = 0;
	skerry_cap timer = 0;
	bool woken;

	if (timeout && !valid(timeout))
		return -EINVAL;
	runtime_lock();
	if (*futex != value) {
		runtime_unlock();
		return -EAGAIN;
	}
	if (timeout)
		timer = svc_thread_timer(t);
	if (timeout && !timer) {
		runtime_unlock();
		return -ENOSYS;
	}
	t->futex = futex;
	runtime_unlock();
	if (timer) {
		wait_for |= RUNTIME_TIMEOUT;
		(void)timer_set(timer, sys_counter() + ticks(timeout));
	}
	(void)sys_wait(t->signal, wait_for, &bits);
	if (timer)
		(void)timer_set(timer, 0);
	runtime_lock();
	woken = !t->futex;
	t->futex = NULL;
	/* A bit that came meanwhile belongs to this wait, not to the next. */
	(void)sys_poll(t->signal, RUNTIME_WOKEN | RUNTIME_TIMEOUT, &bits);
	runtime_unlock();
	return woken ? 0 : -ETIMEDOUT;
}

long svc_futex(volatile int *futex, int operation, int value, const struct timespec *timeout)
{
	long woken;

	switch (operation & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) {
	case FUTEX_WAIT:
		return futex_wait(futex, value, timeout);
	case FUTEX_WAKE:
	case FUTEX_REQUEUE: /* all are woken here; each waits again on the other futex if it must */
		runtime_lock();
		woken = svc_thread_wake(
		    futex, (operation & ~FUTEX_PRIVATE) == FUTEX_WAKE ? value : START_THREADS);
		runtime_unlock();
		return woken;
	default:
		return -ENOSYS;
	}
}
