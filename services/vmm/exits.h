/* SPDX-License-Identifier: BSD-2-Clause */
/* The exit loop, and answers to exits that were returned to its caller. */
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include <stdint.h>

struct axvm_exit;
struct machine;

#define EXITS_NO_VCPU UINT32_MAX

/* hal.vcpu_run: answers exits until one concerns the caller; the answer to that one goes out with
 * the next call. With EXITS_NO_VCPU none is started. exit->vcpu is AXVM_NO_VCPU if it ended because
 * of a call (axvm_server.leave). */
int32_t exits_run(void *host, uint32_t id, struct axvm_exit *exit);

/* ---- exits_reply.c: the exit that was returned last is held until the next exits_run ---- */
/* The guest goes on behind its call, with `result`. */
void exits_answer(struct machine *m, int64_t result);
/* hal.vcpu_set_return_value, also of one that is parked. */
int32_t exits_set_return_value(void *host, uint32_t id, uint64_t value);
/* hal.vcpu_fault */
int32_t exits_fault(void *host, uint32_t id, const struct axvm_exit *exit);
/* hal.vcpu_park: other calls can be taken while it waits. */
int32_t exits_park(void *host, uint32_t id);
/* hal.vcpu_resume: the answer of one that is parked goes out. */
int32_t exits_resume(void *host, uint32_t id);
/* The vCPU is about to go, or to start anew: what it waits for is not answered. */
void exits_forget(struct machine *m, uint32_t id);
/* For the loop: the exit becomes the one that is held; info of the answer to it, if one is. */
void exits_hold(struct machine *m, uint32_t id, uint32_t action);
uint64_t exits_take_answer(struct machine *m);

#endif
