/* SPDX-License-Identifier: BSD-2-Clause */
/* What the runtime's files offer each other; services do not include it. */
#ifndef LIB_RUNTIME_H
#define LIB_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys.h"

/* Bits of a thread's own signal that the runtime waits for (server.h: SERVER_RUNTIME_BITS). */
#define RUNTIME_WOKEN (1ull << 63)
#define RUNTIME_TIMEOUT (1ull << 62)

/* ---- process.c ---- */
_Noreturn void process_exit(int status);

/* ---- lock.c: the runtime's one lock, over heap, thread table and log. Not recursive. ---- */
void runtime_lock(void);
void runtime_unlock(void);
/* From now on there are several threads: who finds the lock taken waits for this signal. */
void runtime_lock_share(skerry_cap signal);

/* ---- heap.c: pages of START_HEAP. Zeroed; null when there are none. ---- */
void heap_init(void *memory, size_t bytes);
void *heap_take(size_t bytes);
bool heap_give(void *memory, size_t bytes); /* false: not pages of the heap in use */

/* ---- log.c ---- */
void log_attach(void *page);			     /* what waits in the ring now moves along */
void log_signal_set(skerry_cap slot, uint64_t bits); /* instead of START_SLOT_LOG */

/* ---- svc_thread.c ---- */
struct svc_thread {
	skerry_cap thread, signal, timer;
	int state;	     /* enum in svc_thread.c */
	volatile int *futex; /* waited on; null: not waiting, or woken */
	int (*entry)(void *);
	void *argument;
	volatile int *clear; /* zeroed and woken at exit; null: none */
	void *unmap;	     /* stack to give back at exit; null: none */
	size_t unmap_bytes;
	uint8_t exit_stack[1024] __attribute__((aligned(16)));
};
struct svc_thread *svc_thread_self(void);
int svc_thread_id(void);
/* The own timer, made when first needed; 0: there is no memory for it. */
skerry_cap svc_thread_timer(struct svc_thread *t);
_Noreturn void svc_thread_exit(void);
/* Wakes up to `count` threads that wait on `futex`; the lock is held. */
int svc_thread_wake(volatile int *futex, int count);
void svc_switch_stack(void *top, void (*f)(void *), void *argument) __attribute__((noreturn));

/* ---- svc_time.c ---- */
struct timespec;
long svc_futex(volatile int *futex, int operation, int value, const struct timespec *timeout);
long svc_clock(long clock, struct timespec *now);
long svc_sleep(long clock, long flags, const struct timespec *request);

#endif
