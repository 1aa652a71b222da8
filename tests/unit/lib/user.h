/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User level, as a test plays it: boots a kernel on the fake architecture and makes calls in the
 * name of whichever thread is current. Nothing runs by itself: a thread is a sequence of calls in
 * the test.
 *
 * init gets priority 1 and an endless budget, so a thread with a higher priority is current as soon
 * as it is started, until it blocks.
 */
#ifndef USER_H
#define USER_H

#include "abi.h"
#include "fake.h"
#include "objects.h"
#include "test.h"

#define BLOCKED ((enum status)1000) /* result of a call that has not returned yet */
#define PREEMPTED \
	((enum status)1001) /* the call is to be made again, when its thread is current again */
#define INIT_PRIORITY 1
#define FOREVER 1000000000ull /* ns: a budget as long as its period, and longer than any test */

struct machine {
	struct kernel *k;
	struct boot_record *record;
	struct cspace *cspace; /* init's, which threads share unless a test gives them another */
	struct space *space;
	struct thread *init;
	uint32_t ram, device, bundle, reserved; /* slots of the untypeds */
	uint32_t next_slot;
	bool unchecked; /* no check_kernel: for very many calls */
};

struct result {
	enum status status;
	uint64_t r[8];
};

/* ---- Booting ---- */
struct machine *machine_new(void); /* ends with the test */
struct machine *machine_new_core(uint32_t core);

/* ---- Calls ---- */
/* A call by `t`, which must be current. Restarts it when it was preempted and `t` is still current.
 */
struct result user_call(struct machine *m, struct thread *t, uint32_t call,
			const uint64_t arguments[8]);
#define SYS(m, t, ...) \
	user_call(m, t, (uint32_t)USER_FIRST(__VA_ARGS__, 0), (const uint64_t[9]){__VA_ARGS__} + 1)
#define USER_FIRST(first, ...) (first)
/* init invokes: capability, method, arguments. */
#define INVOKE(m, ...) user_call(m, (m)->init, CALL_INVOKE, (const uint64_t[8]){__VA_ARGS__})
#define INVOKE_AS(m, t, ...) user_call(m, t, CALL_INVOKE, (const uint64_t[8]){__VA_ARGS__})
#define STATUS(m, ...) (INVOKE(m, __VA_ARGS__).status)
/* What the registers of `t` hold after its call returned. */
struct result user_result(const struct thread *t);
/* Checks the status of an init invocation and gives its results. */
#define OKAY(m, ...) user_ok(__FILE__, __LINE__, m, (const uint64_t[8]){__VA_ARGS__})
struct result user_ok(const char *file, int line, struct machine *m, const uint64_t arguments[8]);
#define IS_CURRENT(m, t) CHECK((m)->k->current == &(t)->context)
#define IS_IDLE(m) CHECK((m)->k->current == &(m)->k->idle)

/* ---- Things made by init ---- */
uint32_t slot_new(struct machine *m, unsigned count); /* consecutive free slots of init's cspace */
uint32_t object_new(struct machine *m, enum cap_type type, uint64_t param);
struct cap *slot_cap(const struct machine *m, uint32_t slot);
void *slot_object(const struct machine *m, uint32_t slot);
uint32_t copy_new(struct machine *m, uint32_t slot, uint32_t rights, uint64_t badge);

struct user { /* a thread and the slots that make it up */
	struct thread *t;
	uint32_t slot, frame;
	struct message_buffer *message;
};
/* Made and configured, not started: init's cspace and space, a buffer, no fault port. */
struct user user_new(struct machine *m);
/* Started at an owner's priority with an endless budget; priority 0: without a budget. */
struct user user_start(struct machine *m, uint8_t priority);
/* Starts a thread that waits in CALL_REPLY_WAIT on the port; it is passive for priority 0. */
struct user server_start(struct machine *m, uint32_t port, uint8_t priority);

struct guest { /* a vCPU with a space of 4 table pages */
	struct vcpu *v;
	struct space *space;
	uint32_t slot, space_slot, port, windows;
};
/* Number of the VM 1..63; all its exits go to `port` with badge 0x100 + class. Not running yet. */
struct guest guest_new(struct machine *m, unsigned number, uint32_t port);
void space_donate(struct machine *m, uint32_t space, unsigned pages);
/* Runs it at a priority with an endless budget. */
void guest_start(struct machine *m, const struct guest *g, uint8_t priority);

/* ---- What happens to who is current ---- */
void user_fault(struct machine *m, uint32_t kind, uint64_t address, uint64_t syndrome);
/* A plain load or store of the guest that is current; register 5. Returns memory, or null: an exit
 * was made. */
void *guest_access(struct machine *m, uint64_t address, unsigned width, bool write, uint64_t value);
void guest_exit(struct machine *m, const struct exit_record *exit);
void guest_wfi(struct machine *m);
/* Time passes; interrupts that become due are handled. */
void time_pass(struct machine *m, uint64_t ticks);
void irq_raise(struct machine *m, uint32_t number, bool level);
/* What entry code does after interrupts. */
void machine_interrupts(struct machine *m);

/* Every invariant of the kernel's state that a test need not know to check (check_kernel.c). */
void check_kernel(struct kernel *k);
/* That, and no word in the kernel's memory names memory that is nothing now: slower. */
void check_dangling(struct kernel *k);

#endif
