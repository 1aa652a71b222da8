/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduling rule in the words of docs/design.md ("Who runs") and docs/abi.md, written apart
 * from the kernel and as slowly as it likes: no queue, no list, no cache. Every question is
 * answered by looking at all threads.
 *
 *     Entitled is who has a budget that is not used up, is ready or in a call, and holds no call.
 *     The owner is an entitled thread of the highest priority whose chain ends at a ready thread,
 *     and of these the one that stands first; the ready thread runs, and the owner pays.
 *
 * Places: an owner comes last among its equals when it becomes entitled, is started or scheduled,
 * yields, or has used up a budget. A new period begins with the first turn at that place after the
 * last one has passed. The rule leaves open when one leaves its place whose chain ended at a thread
 * that waits; so such a one has a range of places, and any choice is right that no place
 * contradicts.
 */
#ifndef SCHED_MODEL_H
#define SCHED_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

#define MODEL_THREADS 9
#define MODEL_PORTS 4
#define MODEL_SIGNALS 3
#define MODEL_REPLIES 3
#define MODEL_TIMERS 2
#define NONE (-1)

struct model_thread {
	bool alive;
	enum context_state state;
	int port;	/* SENDING, RECEIVING: there */
	uint64_t since; /* and came there then */
	int holder;	/* CALLING: who has the call; NONE: it is kept */
	int caller;	/* whose call this thread holds */
	int serves;	/* the port whose last message it took */
	int signal;	/* WAITING: for these bits of it */
	uint64_t mask;
	int bound; /* signal */
	unsigned priority;
	uint64_t budget, period, left, period_end;
	bool exhausted;
	bool entitled, hopeless; /* at the last choice */
	bool last;		 /* has a new place */
	enum { TURN_AHEAD, TURN_BEGUN, TURN_UNKNOWN } turn;
	uint64_t first_place, last_place;
	enum status status; /* of its last call, */
	int result;	    /* the register of its value, 0: none, */
	uint64_t value;
};

struct model {
	struct model_thread threads[MODEL_THREADS];
	struct {
		bool alive;
		int server;
	} ports[MODEL_PORTS];
	struct {
		bool alive;
		uint64_t bits;
	} signals[MODEL_SIGNALS];
	int kept[MODEL_REPLIES]; /* caller; NONE: it is gone */
	bool reply[MODEL_REPLIES];
	struct {
		uint64_t at; /* 0: not set */
		int signal;
		uint64_t bits;
	} timers[MODEL_TIMERS];
	int owner;
	uint64_t now, step;
};

void model_init(struct model *m, uint64_t now);

/* What a call of thread `t` does. */
void model_call(struct model *m, int t, int port);
void model_reply_wait(struct model *m, int t, int port, bool answers);
void model_reply(struct model *m, int t, int reply); /* NONE: the call it holds */
void model_keep(struct model *m, int t, int reply);
void model_drop(struct model *m, int reply);
void model_signal(struct model *m, int signal, uint64_t bits);
void model_wait(struct model *m, int t, int signal, uint64_t mask, bool poll);
void model_yield(struct model *m);

/* What is done to thread `x`, and to other things. */
void model_made(struct model *m, int x);
void model_start(struct model *m, int x);
void model_stop(struct model *m, int x);
void model_end(struct model *m, int x);
enum status model_bind(struct model *m, int x, int signal);
void model_schedule(struct model *m, int x, unsigned priority, uint64_t budget, uint64_t period);
void model_renew(struct model *m, int port);
void model_end_port(struct model *m, int port);
void model_end_signal(struct model *m, int signal);

/* Time. Nothing happens by itself before model_next(). */
uint64_t model_next(const struct model *m);
void model_time(struct model *m, uint64_t now);

/* Whom `x` waits for: the holder of its call, or who serves where it is queued. */
int model_waits_for(const struct model *m, int x);
/* Whom `x` runs when it owns the core; NONE: nobody. */
int model_runner(const struct model *m, int x);
/* The core's owner is `owner` from now on, with `left` of its budget: which counts only where the
 * rule is open. Null, or what is wrong with the choice. */
const char *model_choose(struct model *m, int owner, uint64_t left);

#endif
