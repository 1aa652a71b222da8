/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects made by retype, beside contexts. Each ends when its original capability goes. */
#ifndef KERNEL_OBJECTS_H
#define KERNEL_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "arch_space.h"
#include "arch_vcpu.h"
#include "cap.h"
#include "context.h"
#include "deadline.h"
#include "list.h"

struct cspace {
	uint32_t count;		  /* slots, a power of two; slot 0 is never used */
	uint32_t cursor;	  /* all slots below are empty: progress of its deletion */
	struct space *windows_of; /* the space whose windows lie here; null: none */
	struct cap *original;	  /* its original capability */
	struct cspace *outer;	  /* while being emptied: the one around it */
	uint64_t emptied_by;	  /* kernel.deletions when it joined kernel.deletion.inner */
	uint32_t level;		  /* of the cspace its original lies in, plus one: no cycles */
	bool dying;		  /* being emptied: takes no more capabilities */
	uint64_t reserved[2];
	struct cap slots[];
};
_Static_assert(sizeof(struct cspace) == 64, "slots stay aligned to their size");

enum space_kind { SPACE_KIND_SERVICE, SPACE_KIND_VM };

struct table_page { /* a donated page while it is in the pool */
	struct table_page *next, *prev;
	struct cap *cap; /* null: given by the boot code, for ever */
};

struct space {
	struct arch_space arch; /* root table */
	uint16_t id;		/* index in kernel.spaces; the VMID */
	uint8_t kind;		/* enum space_kind */
	uint8_t vcpus;		/* configured with it so far */
	uint32_t generation;
	uint32_t free_tables;
	struct table_page *pool; /* donated, zero but for these fields, not in use */
	struct cap windows;	 /* holds the cspace of windows */
	uint64_t found_page;	 /* number of the page where `found` was hit, else NO_PAGE */
	struct cap *found;	 /* window; both go with any window, table or `windows` */
};

struct signal {
	uint64_t bits;
	struct thread *waiter; /* in CALL_WAIT; null: none */
	struct thread *bound;  /* its CALL_REPLY_WAIT returns these bits; null: none */
};

struct port {
	uint32_t generation;
	bool dead;
	struct thread *server; /* last to receive: whom to help; null: none */
	struct list senders;   /* contexts */
	struct list stalled;   /* owners that can go on only when a server comes */
	struct list receivers; /* threads */
};

struct thread {
	struct context context;
	struct context *caller;		/* whose call this thread holds; null: none */
	struct message_buffer *message; /* kernel address; null: none */
	struct port *serves;		/* port->server is this thread; null: none */
	struct signal *waits_for;	/* WAITING: there */
	uint64_t wait_mask;		/* WAITING: bits waited for */
	uint64_t fault_address, fault_syndrome, fault_pc;
	uint32_t fault_kind; /* enum ThreadFaultKind, of the call it is in; 0: no fault */
	uint64_t fault_badge;
	struct cap cspace, space, buffer, fault, signal;
};

struct line {
	bool level; /* the wire */
	bool edge;  /* armed as edge */
	bool armed;
	bool in_flight;	     /* injected and not yet ended; physical: fired, waits for IRQ_ACK */
	uint16_t priority;   /* with IRQ_GROUP0 */
	uint32_t number;     /* irq object: the physical interrupt, its wire; 0: not tied yet */
	uint32_t id;	     /* interrupt id at the vCPU */
	uint32_t edges;	     /* raised while in flight; saturates at 1, as a latch does */
	uint64_t bits;	     /* of the signal */
	struct list of_vcpu; /* in vcpu.lines */
	struct cap vcpu, signal;
};

struct vcpu {
	struct context context;
	uint64_t sequence; /* exits so far; the vCPU's number from EXIT_VCPU_SHIFT on */
	uint64_t port_badge[EXIT_CLASSES];
	struct exit_record {	/* the exit that waits for a reply */
		uint8_t class;	/* enum exit_class */
		uint8_t target; /* MMIO, sysreg: register << 1 | EXTEND_* */
		bool write, secure;
		uint32_t width, reg;	 /* MMIO: bytes. sysreg, or immediate of a firmware call */
		uint32_t length;	 /* of the instruction */
		uint64_t address, value; /* MMIO: address as the server sees it */
		uint64_t virtual, syndrome;
	} exit;
	bool stop_wanted;  /* VCPU_STOP came during an exit */
	uint32_t firmware; /* FIRMWARE_* the kernel answers */
	uint32_t features;
	struct list lines; /* armed here */
	uint32_t line_count;
	struct deadline deadline; /* virtual timer while not loaded */
	struct cap space;
	struct cap ports[EXIT_CLASSES];
	struct arch_vcpu arch; /* lazy registers, interrupts; last, as it is large */
};

#define EXTEND_64 1u	/* a load, to 64 bits; else to 32, the upper half zero */
#define EXTEND_SIGN 64u /* sign-extended */
#define NO_PAGE (~0ull)

struct timer {
	struct deadline deadline;
	uint64_t bits;
	struct cap signal;
};

#endif
