/* SPDX-License-Identifier: BSD-2-Clause */
/* The first part of sys.h: messages, signals, and the forms of CALL_INVOKE that the rest uses. */
#ifndef LIB_SYS_CALLS_H
#define LIB_SYS_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi.h"
#include "sys_arch.h"

typedef uint32_t skerry_cap;

#define SYS_STATUS(r) ((int32_t)(r).a[0])

/* ---- Messages ---- */
struct sys_message {
	int32_t status;
	uint64_t info;	   /* INFO_* and label; a call's label is the server's status */
	uint64_t words[4]; /* travel with every message */
	uint64_t extra; /* call: generation of the port. reply_wait: badge, or the signal's bits */
};

SYS_INLINE struct sys_message sys_message_of(struct sys_result r)
{
	return (struct sys_message){
	    .status = (int32_t)r.a[0],
	    .info = r.a[1],
	    .words = {r.a[2], r.a[3], r.a[4], r.a[5]},
	    .extra = r.a[6],
	};
}

SYS_INLINE struct sys_message sys_call_words(skerry_cap port, uint64_t info, uint64_t w0,
					     uint64_t w1, uint64_t w2, uint64_t w3)
{
	return sys_message_of(sys_trap_message(CALL_CALL, port, info, w0, w1, w2, w3));
}

/* The words are zero: what the registers held before does not travel to the peer. */
SYS_INLINE struct sys_message sys_call(skerry_cap port, uint64_t info)
{
	return sys_call_words(port, info, 0, 0, 0, 0);
}

SYS_INLINE struct sys_message sys_reply_wait_words(skerry_cap port, uint64_t info, uint64_t w0,
						   uint64_t w1, uint64_t w2, uint64_t w3)
{
	return sys_message_of(sys_trap_message(CALL_REPLY_WAIT, port, info, w0, w1, w2, w3));
}

SYS_INLINE struct sys_message sys_reply_wait(skerry_cap port, uint64_t info)
{
	return sys_reply_wait_words(port, info, 0, 0, 0, 0);
}

/* reply: a slot that cspace_save_reply filled, or 0 for the call this thread holds. */
SYS_INLINE int32_t sys_reply(skerry_cap reply, uint64_t info)
{
	return (int32_t)sys_trap6(CALL_REPLY, reply, info, 0, 0, 0, 0).a[0];
}

/* ---- Signals ---- */
SYS_INLINE int32_t sys_signal(skerry_cap signal, uint64_t bits)
{
	return (int32_t)sys_trap2(CALL_SIGNAL, signal, bits).a[0];
}

SYS_INLINE int32_t sys_wait(skerry_cap signal, uint64_t mask, uint64_t *bits)
{
	struct sys_result r = sys_trap2(CALL_WAIT, signal, mask);

	if (SYS_STATUS(r) == OK)
		*bits = r.a[1];
	return (int32_t)r.a[0];
}

/* As sys_wait; AGAIN instead of waiting. */
SYS_INLINE int32_t sys_poll(skerry_cap signal, uint64_t mask, uint64_t *bits)
{
	struct sys_result r = sys_trap2(CALL_POLL, signal, mask);

	if (SYS_STATUS(r) == OK)
		*bits = r.a[1];
	return (int32_t)r.a[0];
}

SYS_INLINE void sys_yield(void)
{
	sys_trap2(CALL_YIELD, 0, 0);
}

/* ---- Methods: invoke2 has no arguments beside the method, invoke4 up to two, invoke8 up to six
 * ---- */
SYS_INLINE struct sys_result sys_invoke2(skerry_cap cap, enum method method)
{
	return sys_trap2(CALL_INVOKE, cap, method);
}

SYS_INLINE struct sys_result sys_invoke4(skerry_cap cap, enum method method, uint64_t a2,
					 uint64_t a3)
{
	return sys_trap4(CALL_INVOKE, cap, method, a2, a3);
}

SYS_INLINE struct sys_result sys_invoke6(skerry_cap cap, enum method method, uint64_t a2,
					 uint64_t a3, uint64_t a4, uint64_t a5)
{
	return sys_trap6(CALL_INVOKE, cap, method, a2, a3, a4, a5);
}

SYS_INLINE struct sys_result sys_invoke8(skerry_cap cap, enum method method, uint64_t a2,
					 uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
					 uint64_t a7)
{
	return sys_trap8(CALL_INVOKE, cap, method, a2, a3, a4, a5, a6, a7);
}

#endif
