/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of a service: kernel threads made of the grant "untyped", scheduled through the grant
 * "core" at the priority it allows. Each has a signal (to wait on a futex) and, when it first needs
 * one, a timer. Thread 0 is the one init made.
 */
#include <errno.h>
#include <stdatomic.h>

#include "grants.h"
#include "runtime.h"
#include "svc_musl.h"

#define BUDGET_NS                                                                       \
	10000000ull /* of as long a period: a thread runs whenever its priority lets it \
		     */

enum { UNUSED, RUNNING, ENDED };

static struct svc_thread threads[START_THREADS] = {
    {.thread = START_SLOT_THREAD, .signal = START_SLOT_SIGNAL, .state = RUNNING}};
static _Thread_local uint32_t self;

struct svc_thread *svc_thread_self(void)
{
	return &threads[self];
}

int svc_thread_id(void)
{
	return (int)self + 1;
}

static skerry_cap make(enum cap_type type)
{
	skerry_cap untyped = grant_slot("untyped");
	skerry_cap slot = untyped ? slots_take(1) : 0;

	if (!slot || untyped_retype(untyped, type, 0, 0, slot, 1) != OK)
		return 0;
	return slot;
}

skerry_cap svc_thread_timer(struct svc_thread *t)
{
	if (t->timer)
		return t->timer;

	skerry_cap timer = make(CAP_TIMER);

	if (timer && timer_bind(timer, t->signal, RUNTIME_TIMEOUT) == OK)
		t->timer = timer;
	return t->timer;
}

static void thread_main(uint64_t index)
{
	ipc_thread_buffer = &start_places.buffers[index];
	self = (uint32_t)index;
	(void)threads[index].entry(threads[index].argument);
	svc_thread_exit();
}

/* The lock is held. Objects that were made stay with the entry and serve its next thread. */
static bool prepare(struct svc_thread *t, uint32_t index)
{
	static skerry_cap lock_signal;
	const struct start_grant *core = grant_find("core");

	if (!lock_signal) {
		lock_signal = make(CAP_SIGNAL);
		if (!lock_signal)
			return false;
		runtime_lock_share(lock_signal);
	}
	if (!t->signal)
		t->signal = make(CAP_SIGNAL);
	if (!t->thread)
		t->thread = make(CAP_THREAD);
	if (!t->signal || !t->thread || !core)
		return false;
	/*
	 * Its last thread may still be on its way out: the lock is free already, and whoever waits
	 * for it is not told yet. It looks again, and waits for us then.
	 */
	(void)thread_stop(t->thread);
	(void)sys_signal(lock_signal, 1);
	return thread_configure(t->thread, START_SLOT_CSPACE, START_SLOT_SPACE, START_SLOT_BUFFER,
				index * (uint32_t)sizeof(struct message_buffer), START_SLOT_INIT,
				0) == OK &&
	       core_schedule(core->slot, t->thread, (uint32_t)core->badge, BUDGET_NS, BUDGET_NS) ==
		   OK;
}

int svc_clone(int (*entry)(void *), void *stack, int flags, void *arg, int *ptid, void *tls,
	      int *ctid)
{
	uint32_t index = 1;
	int result = -EAGAIN;

	(void)flags;
	runtime_lock();
	while (index < START_THREADS && threads[index].state == RUNNING)
		index++;
	if (index < START_THREADS && prepare(&threads[index], index)) {
		struct svc_thread *t = &threads[index];

		t->entry = entry;
		t->argument = arg;
		t->clear = ctid;
		t->unmap = NULL;
		t->futex = NULL;
		t->state = RUNNING;
		result = (int)index + 1;
		*ptid = result;
	}
	runtime_unlock();
	if (result < 0)
		return result;
	if (thread_start(threads[index].thread, (uintptr_t)thread_main, (uintptr_t)stack & ~15ull,
			 index, (uintptr_t)tls) != OK) {
		threads[index].state = ENDED;
		return -EAGAIN;
	}
	return result;
}

int svc_thread_wake(volatile int *futex, int count)
{
	int woken = 0;

	for (uint32_t i = 0; i < START_THREADS && woken < count; i++) {
		if (threads[i].state != RUNNING || threads[i].futex != futex)
			continue;
		threads[i].futex = NULL;
		(void)sys_signal(threads[i].signal, RUNTIME_WOKEN);
		woken++;
	}
	return woken;
}

/*
 * The end, on the entry's own small stack: once `clear` is zero another thread may take the old
 * stack and the thread-local data that lies on it, so neither is touched here.
 */
static void finish(void *argument)
{
	struct svc_thread *t = argument;
	uint64_t bits;

	runtime_lock();
	if (t->unmap)
		(void)heap_give(t->unmap, t->unmap_bytes);
	if (t->clear) {
		atomic_store_explicit((_Atomic int *)t->clear, 0, memory_order_release);
		(void)svc_thread_wake(t->clear, 1);
	}
	t->state = ENDED;
	runtime_unlock();
	(void)thread_stop(t->thread);
	for (;;)
		(void)sys_wait(t->signal, RUNTIME_TIMEOUT, &bits);
}

_Noreturn void svc_thread_exit(void)
{
	struct svc_thread *t = svc_thread_self();

	svc_switch_stack(t->exit_stack + sizeof(t->exit_stack), finish, t);
}

_Noreturn void svc_unmapself(void *base, unsigned long size)
{
	struct svc_thread *t = svc_thread_self();

	t->unmap = base;
	t->unmap_bytes = size;
	svc_thread_exit();
}
