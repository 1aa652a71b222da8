/* SPDX-License-Identifier: BSD-2-Clause */
/* What the generic kernel's files offer each other: a block per file, in the order of layers. */
#ifndef KERNEL_INTERNAL_H
#define KERNEL_INTERNAL_H

#include "arch.h"
#include "arch_calls.h"

/* A step was interrupted: the call is executed again (its argument registers hold the progress). */
#define RESTART ((enum status)1)
#define QUEUED ((enum status)2) /* port_send: the call waits for a server */

#define WINDOW_DOORBELLS 64 /* of one window */
#define VCPU_LINES 128	    /* armed on one vCPU: what ending an interrupt may look through */
#define PRIORITY_MOST (IRQ_GROUP0 | 255u) /* of a virtual interrupt */
#define CHAIN_LIMIT 16			  /* contexts from an owner to who runs for it */

/* An invocation in progress: in[2..7] are the arguments, out[1..4] the results. */
struct invocation {
	struct thread *thread;
	struct cap *cap;
	uint64_t in[8];
	uint64_t out[5];
};
static inline enum status results(struct invocation *call, uint64_t r1, uint64_t r2, uint64_t r3,
				  uint64_t r4)
{
	call->out[1] = r1;
	call->out[2] = r2;
	call->out[3] = r3;
	call->out[4] = r4;
	return OK;
}

typedef enum status invoke_fn(struct kernel *k, struct invocation *call, uint32_t method);

static inline struct thread *thread_of(struct context *c)
{
	return container_of(c, struct thread, context);
}

static inline struct vcpu *vcpu_of(struct context *c)
{
	return container_of(c, struct vcpu, context);
}

/* The result of a call that ends at once. */
static inline struct context *returned(struct context *c, enum status s)
{
	context_set_arg(c, 0, (uint64_t)(int64_t)s);
	return c;
}

/* ---- cap.c ---- */
void cap_unlink(struct kernel *k, struct cap *c); /* out of the tree and empty; nothing else */
/* An embedded slot: derived from `from`, or released again. hold_set: LIMIT when too deep. */
enum status hold_set(struct cap *slot, enum cap_hold hold, struct cap *from);
void hold_clear(struct kernel *k, struct cap *slot); /* empty: nothing; the owner is not told */

/* ---- cspace.c ---- */
/* A slot of t's cspace; null: out of range, or (find) not of that type. Slot 0 is empty. */
struct cap *cspace_slot(const struct thread *t, uint64_t slot);
struct cap *cspace_find(const struct thread *t, uint64_t slot, enum cap_type type);
/* As cspace_find, with all of `rights`: OK, BAD_CAP or NO_RIGHT. */
enum status cspace_need(const struct thread *t, uint64_t slot, enum cap_type type, uint8_t rights,
			struct cap **found);
bool cspace_next_used(struct cspace *cs, struct cap **slot); /* from the cursor; false: empty */

/* ---- sched.c ---- */
void sched_init(struct kernel *k);
void context_init(struct kernel *k, struct context *c, enum context_kind kind);
void sched_ready(struct kernel *k, struct context *c); /* state becomes READY */
void sched_block(struct kernel *k, struct context *c, enum context_state state);
void sched_enqueue(struct kernel *k, struct context *c); /* if it is an owner that may run */
void sched_dequeue(struct kernel *k, struct context *c);
void sched_release_chain(struct kernel *k, struct context *c); /* and on whom c waits for */
void sched_move_released(struct kernel *k, struct list *stalled);
static inline void sched_release_list(struct kernel *k, struct list *stalled)
{
	if (!list_empty(stalled))
		sched_move_released(k, stalled);
}
static inline void sched_release(struct kernel *k, struct context *c)
{
	sched_release_list(k, &c->stalled_on_me); /* owners stalled on c may run again */
}
void sched_forget(struct kernel *k, struct context *c); /* c ends */
void sched_set(struct kernel *k, struct context *c, uint8_t priority, uint64_t budget,
	       uint64_t period);
void sched_give_way(struct kernel *k);
void sched_timer_update(struct kernel *k); /* deadlines changed */
/* c instead of current, same owner. */
struct context *sched_run(struct kernel *k, struct context *c);
/* `from`, which is current, called `to` or answered it: runs, unless a higher owner waits. */
struct context *sched_call(struct kernel *k, struct context *from, enum context_kind kind,
			   struct thread *to);
struct context *sched_return(struct kernel *k, struct thread *from, struct context *to,
			     enum context_kind kind);

/* ---- port.c: calls and replies ---- */
struct context *port_call(struct kernel *k, struct thread *t);
struct context *port_reply_wait(struct kernel *k, struct thread *t);
struct context *port_reply(struct kernel *k, struct thread *t);
/* Also exits and faults are calls of `c`. OK, QUEUED; else nothing happened. */
enum status port_send(struct kernel *k, struct context *c, enum context_kind kind,
		      struct port *port, uint64_t badge);
void port_end_call(struct kernel *k, struct context *c, enum status why); /* SENDING or CALLING */
void reply_end(struct kernel *k, struct cap *c);	   /* a kept reply is deleted */
void port_server_gone(struct kernel *k, struct thread *t); /* it serves no more */
enum status port_save_reply(struct kernel *k, struct thread *t, struct cap *slot);
bool port_drain(struct kernel *k, struct port *p); /* one waiting context out; false: none left */
void port_end(struct kernel *k, void *object);

/* ---- message.c ---- */
enum status message_copy(struct thread *from, struct thread *to, uint64_t info);

/* ---- signal.c ---- */
void signal_raise(struct kernel *k, struct signal *s, uint64_t bits);
static inline bool signal_pending(const struct thread *t) /* its bound signal has bits */
{
	return t->signal.object && ((struct signal *)t->signal.object)->bits;
}
bool signal_take_bound(struct kernel *k, struct thread *t); /* they are its result now */
struct context *signal_call(struct kernel *k, struct thread *t);
struct context *signal_wait(struct kernel *k, struct thread *t, bool poll);
/* BIND of another object: a2 signal, a3 bits; the signal in embedded `slot`, the bits in *bits. */
enum status signal_bind(struct kernel *k, struct invocation *call, struct cap *slot,
			enum cap_hold hold, uint64_t *bits);
void signal_end(struct kernel *k, void *object);

/* ---- the other objects ---- */
invoke_fn untyped_invoke, frame_invoke, space_invoke, thread_invoke, vcpu_invoke, line_invoke;
invoke_fn timer_invoke, irq_invoke, core_invoke, cspace_invoke, port_invoke;

struct space *space_of(struct kernel *k, uint16_t id, uint32_t generation); /* null: it is gone */
enum status space_create(struct kernel *k, struct space *s, uint64_t param);
void space_end(struct kernel *k, void *object);
void frame_end(struct kernel *k, struct cap *c);
void table_end(struct kernel *k, struct cap *c);
void table_moved(struct cap *c);
void window_end(struct kernel *k, struct cap *c);
void doorbell_end(struct kernel *k, struct cap *c);
enum status window_bind(struct kernel *k, struct invocation *call, struct space *s);
enum status doorbell_bind(struct invocation *call, struct space *s);
/* The doorbell this store rings (x->address: offset in the window); null: an ordinary access. */
struct cap *doorbell_find(const struct space *s, const struct cap *window,
			  const struct exit_record *x);
/* The window a walk ended at, if it is still that one. */
struct cap *window_find(const struct space *s, const struct space_walk *w);

void thread_create(struct kernel *k, void *object);
void thread_end(struct kernel *k, void *object);
void thread_hold_cleared(struct kernel *k, struct cap *slot);
uint64_t thread_fault_message(struct thread *t, uint8_t *data); /* its info word */
enum status thread_fault_reply(struct kernel *k, struct thread *t, const uint8_t *data,
			       uint64_t info);

void vcpu_create(struct kernel *k, void *object);
void vcpu_end(struct kernel *k, void *object);
void vcpu_hold_cleared(struct kernel *k, struct cap *slot);
void vcpu_wake(struct kernel *k, struct vcpu *v); /* out of WFI */
uint64_t vcpu_message(struct vcpu *v, uint8_t *data);
enum status vcpu_reply(struct kernel *k, struct vcpu *v, const uint8_t *data, uint64_t info);
void vcpu_deadline(struct kernel *k, struct deadline *d);
void vcpu_deadline_update(struct kernel *k, struct vcpu *v); /* not loaded, its timer changed */

void line_end(struct kernel *k, void *object);
enum status line_arm(struct kernel *k, struct line *l, struct invocation *call);
enum status line_disarm(struct kernel *k, struct line *l, struct invocation *call);
void line_hold_cleared(struct kernel *k, struct cap *slot);
void timer_end(struct kernel *k, void *object);
void timer_hold_cleared(struct kernel *k, struct cap *slot);
void timer_deadline(struct kernel *k, struct deadline *d);
void irq_end(struct kernel *k, void *object);
void irq_hold_cleared(struct kernel *k, struct cap *slot);
void irq_disarmed(struct kernel *k, struct line *i, uint32_t states); /* states: taken back */

/* Makes object `type` at `memory` (zeroed) with its original capability in `slot`. */
enum status object_create(struct kernel *k, enum cap_type type, uint64_t param, void *memory,
			  struct cap *slot);
/* Bytes and alignment of an object; 0: not to be had by retype, or a bad param. */
uint64_t object_size(enum cap_type type, uint64_t param, uint64_t *alignment);
/* Ends what `c` stands for (its children are gone). One bounded step; false: call again. */
bool object_end(struct kernel *k, struct cap *c);

#endif
