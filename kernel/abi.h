/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface between the kernel and everything above it: calls, methods, errors, and the two
 * layouts both sides read (message buffer and boot record). Both sides include this file.
 * docs/abi.md describes every call and every error in words; the version below goes up with any
 * change.
 *
 * A call is one trap (aarch64: `svc #number`). Arguments and results are in the argument registers
 * a0..a7 of the architecture (aarch64: x0..x7). a0 returns a status; all other a-registers are
 * clobbered by every call, no other register is.
 */
#ifndef KERNEL_ABI_H
#define KERNEL_ABI_H

#include <stdint.h>

#define ABI_VERSION 2u

/* ---- Status: 0 is success, the kernel's errors are negative, a server's own are positive. ---- */
enum status {
	OK = 0,
	BAD_CALL = -1,	   /* no such call number */
	BAD_CAP = -2,	   /* empty slot, slot out of range, or an object of another type */
	NO_RIGHT = -3,	   /* the capability lacks the right this needs */
	BAD_METHOD = -4,   /* the object has no such method */
	BAD_ARGUMENT = -5, /* a value, an alignment or a range is wrong */
	BAD_MESSAGE = -6,  /* not the constant layout this method requires, or too long */
	EXISTS = -7,	   /* destination slot in use, address already mapped, already bound */
	NO_MEMORY = -8,	   /* untyped or table pages are used up */
	LIMIT = -9,	   /* a documented limit: depth of derivation or calls, number of spaces */
	BUSY = -10,	   /* in use in a way that forbids this now */
	DEADLOCK = -11,	   /* the callee already waits for the caller */
	STALE = -12,	   /* the caller this reply was for is gone */
	PEER_DIED = -13,   /* the port was deleted during the call */
	PEER_RESTARTED = -14, /* the server went away, the call is unanswered: repeat it */
	CANCELLED = -15,      /* the thread was stopped and restarted in the call */
	NOT_FOUND = -16,      /* nothing is there: not mapped, not bound, not pending */
	BAD_STATE = -17,      /* the object is not configured for this, or is in another state */
	AGAIN = -18,	      /* poll: nothing yet */
	UNSUPPORTED = -19,    /* this machine or build cannot do it */
};

/* ---- Calls ---- */
enum call {
	CALL_NULL = 1, /* returns BAD_CALL, as every unknown number does: the cheapest trap */
	CALL_CALL = 2, /* a0 port, a1 info, a2..a5 -> a0 status, a1 info, a2..a5, a6 generation */
	CALL_REPLY_WAIT = 3, /* a0 port, a1 info (INFO_NO_REPLY: wait only), a2..a5 words */
	/*   -> a0 status, a1 info, a2..a5 words, a6 badge; or INFO_SIGNAL in a1, bits in a6 */
	CALL_REPLY = 4,	 /* a0 reply slot or 0 (the call it holds), a1 info, a2..a5 words */
	CALL_SIGNAL = 5, /* a0 signal, a1 bits (ANDed with the badge if that is not 0) */
	CALL_WAIT = 6,	 /* a0 signal, a1 mask -> a1 bits taken (never 0); one waiter */
	CALL_POLL = 7,	 /* as CALL_WAIT, AGAIN instead of waiting */
	CALL_YIELD = 8,	 /* the rest of this turn goes to the next owner of the same priority */
	CALL_INVOKE = 9, /* a0 capability, a1 method, a2..a7 -> a0 status, a1..a4 results */
};

/* The info word of a message. Requests carry the method in the upper half, replies the server's
 * status (0 or positive). The length counts bytes in the message buffer; a2..a5 always travel. */
#define INFO_LENGTH_MASK 0x1ffull
#define INFO_CAPS_SHIFT 12
#define INFO_CAPS_MASK 0x7ull
#define INFO_NO_REPLY (1ull << 16) /* CALL_REPLY_WAIT: there is nothing to answer */
#define INFO_SIGNAL (1ull << 17)   /* result: not a message, the bound signal's bits are in a6 */
#define INFO_LABEL_SHIFT 32
#define INFO(label, length, caps)                            \
	(((uint64_t)(uint32_t)(label) << INFO_LABEL_SHIFT) | \
	 ((uint64_t)(caps) << INFO_CAPS_SHIFT) | (uint64_t)(length))

/* ---- The message buffer: a 512-byte aligned part of a frame, known to kernel and thread. ---- */
#define MESSAGE_BYTES 480
#define MESSAGE_CAPS 4
struct message_buffer {
	uint8_t data[MESSAGE_BYTES];
	uint32_t caps[MESSAGE_CAPS]; /* slots sent, by the sender; filled, by the kernel */
	uint32_t receive; /* received capabilities go to receive, receive + 1, ...; 0: refuse any */
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct message_buffer) == 512,
	       "eight buffers fill a page; the kernel indexes them");

/* ---- Capabilities ---- */
/* Slot 0 of a cspace is never used, so 0 means "none" everywhere. */
enum cap_type {
	CAP_EMPTY,
	CAP_UNTYPED,
	CAP_FRAME,
	CAP_CSPACE,
	CAP_SPACE,
	CAP_THREAD,
	CAP_VCPU,
	CAP_PORT,
	CAP_REPLY,
	CAP_SIGNAL,
	CAP_LINE,
	CAP_TIMER,
	CAP_IRQ,
	CAP_CORE,
	CAP_WINDOW,   /* made by SPACE_BIND; deleting it unbinds */
	CAP_DOORBELL, /* made by SPACE_DOORBELL; deleting it unbinds */
	CAP_TABLE,    /* a frame lent to a space by SPACE_DONATE; deleting it takes it back */
	CAP_TYPES,
};

enum cap_right {
	RIGHT_READ = 1 << 0,	/* frame: map readable. signal: wait. port: serve (receive) */
	RIGHT_WRITE = 1 << 1,	/* frame: map writable. signal: raise. line: both. port: call */
	RIGHT_EXECUTE = 1 << 2, /* frame: map executable */
	RIGHT_MANAGE = 1 << 3,	/* configure, start, stop, arm, bind: what steers the object */
	RIGHT_DMA = 1 << 4,	/* frame, space, untyped: read its physical address */
	RIGHT_GRANT = 1 << 5,	/* may be sent in a message */
	RIGHT_ALL = 0x3f,
};
#define RIGHT_CALL RIGHT_WRITE
#define RIGHT_SERVE RIGHT_READ
#define RIGHT_RAISE RIGHT_WRITE
#define RIGHT_WAIT RIGHT_READ

/* ---- Methods of CALL_INVOKE; a2.. in order. "own" is the invoker's cspace. ---- */
enum method {
	/* untyped. RETYPE: type, param, destination cspace (0: own), first slot, count (<= 256). */
	/* param: order of frame (12, 21, 30), untyped; slots of cspace (8..65536); SPACE_* */
	UNTYPED_RETYPE = 0x100,
	UNTYPED_STATUS =
	    0x101, /* -> a1 size, a2 bytes free, a3 UNTYPED_*, a4 address if any of those */

	/* frame */
	FRAME_UNMAP = 0x200,
	FRAME_ADDRESS = 0x201, /* needs RIGHT_DMA -> a1 physical address */
	FRAME_STATUS = 0x202,  /* -> a1 order, a2 1 when mapped, a3 address mapped at */

	/* cspace: the invoked one is the destination; DELETE, REVOKE, STATUS act on it */
	CSPACE_COPY = 0x300,   /* destination slot, source slot in own, rights, badge (0: same) */
	CSPACE_MOVE = 0x301,   /* destination slot, source slot in own */
	CSPACE_DELETE = 0x302, /* slot: it and all that was derived from it */
	CSPACE_REVOKE = 0x303, /* slot: all that was derived from it */
	CSPACE_STATUS = 0x304, /* slot -> a1 type, a2 rights, a3 badge */
	CSPACE_SAVE_REPLY = 0x305, /* slot: keeps the reply of the call the invoker holds */

	/* space */
	SPACE_MAP = 0x400,	/* first frame slot in own, address, SPACE_ATTR_*, count of slots */
	SPACE_DONATE = 0x401,	/* first frame slot in own (order 12), count */
	SPACE_WINDOWS = 0x402,	/* cspace for the windows and doorbells of this space */
	SPACE_BIND = 0x403,	/* window slot, port slot in own, address, order, badge */
	SPACE_DOORBELL = 0x404, /* slots: doorbell, window, signal in own; offset | width << 32 (0:
				   any), value, bit | DOORBELL_ANY_VALUE */
	SPACE_STATUS = 0x405, /* -> a1 kind, a2 free table pages, a3 tag (vmid), a4 address bits */
	SPACE_ROOT = 0x406,   /* needs RIGHT_DMA too -> a1 physical address of the root table */

	/* thread */
	THREAD_CONFIGURE = 0x500, /* cspace, space, buffer frame, offset, fault port or 0, badge */
	THREAD_START = 0x501, /* entry, stack pointer, argument, thread pointer; also restarts */
	THREAD_STOP = 0x502,
	THREAD_STATUS = 0x503, /* -> a1 enum context_state, a2 pc, a3 fault address, a4 syndrome */
	THREAD_BIND = 0x504,   /* signal: its CALL_REPLY_WAIT also returns these bits. 0 unbinds */

	/* vcpu */
	VCPU_CONFIGURE = 0x600, /* space, features wanted -> a1 features granted */
	VCPU_PORT = 0x601,	/* exit class mask (1 << enum exit_class), port slot, badge */
	VCPU_SET = 0x602,	/* register group, from the message buffer; stopped or in an exit */
	VCPU_GET = 0x603,	/* register group, to the message buffer -> a1 bytes */
	VCPU_RUN = 0x604,
	VCPU_STOP = 0x605, /* takes effect at once (same core); an exit in flight stays in flight */
	VCPU_INJECT = 0x606,   /* id, priority, IRQ_* states to add */
	VCPU_RETRACT = 0x607,  /* id, IRQ_* states to take back -> a1 IRQ_* states it was in */
	VCPU_IRQ = 0x608,      /* id -> a1 IRQ_* states */
	VCPU_SOURCE = 0x609,   /* VCPU_SOURCE_*, priority, 1 enabled / 0 held */
	VCPU_FIRMWARE = 0x60a, /* mask of FIRMWARE_* calls the kernel answers itself */
	VCPU_STATUS = 0x60b,   /* -> a1 enum context_state, a2 exits so far, a3 features */

	/* port */
	PORT_STATUS = 0x700, /* -> a1 generation, a2 1 when a server waits */
	PORT_RENEW = 0x701,  /* the server was replaced; unanswered calls: PEER_RESTARTED */

	/* line: RIGHT_WRITE for the first two, RIGHT_MANAGE for the others */
	LINE_RAISE = 0x800,
	LINE_LOWER = 0x801,
	LINE_ARM = 0x802,    /* vcpu, interrupt id, priority, LINE_LEVEL or LINE_EDGE */
	LINE_DISARM = 0x803, /* -> a1 IRQ_* states the interrupt was in, all taken back */
	LINE_NOTIFY = 0x804, /* signal, bits: raised when an unarmed line is raised */
	LINE_STATUS = 0x805, /* -> a1 level, a2 1 when armed, a3 edges not yet delivered */

	/* timer */
	TIMER_BIND = 0x900, /* signal, bits */
	TIMER_SET = 0x901,  /* deadline in counter ticks; 0 cancels */

	/* irq */
	IRQ_BIND = 0xa00, /* signal, bits */
	IRQ_ACK = 0xa01,  /* lets the interrupt fire again */
	IRQ_ARM = 0xa02,  /* vcpu, interrupt id, priority, IRQ_TRIGGER_*: straight into the vCPU */
	IRQ_DISARM = 0xa03, /* -> a1 IRQ_* states the interrupt was in, all taken back */
	IRQ_STATUS = 0xa04, /* -> a1 1 when pending in the machine, a2 1 when armed, a3 trigger */
	IRQ_PEND = 0xa05,   /* 1: becomes pending in the machine; 0: no longer */

	/* core */
	CORE_SCHEDULE = 0xb00, /* thread or vcpu, priority, budget ns (0: none), period ns */
	CORE_IRQ = 0xb01,      /* fresh irq slot, interrupt number to tie it to, IRQ_TRIGGER_* */
	CORE_OFF = 0xb02,      /* this core goes off; returns only on failure */
	CORE_POWER = 0xb03,    /* core number -> a1 CORE_IS_* as the firmware says */
	CORE_SYSTEM_OFF = 0xb04,
	CORE_SYSTEM_RESET = 0xb05,
	CORE_STATUS =
	    0xb06, /* -> a1 core number, a2 counter frequency, a3 address bits of spaces */
};

#define UNTYPED_DEVICE 1u     /* only frames, mapped as device memory; the kernel leaves it alone */
#define UNTYPED_KEEP 2u	      /* its frames keep what is in them (the bundle) */
#define UNTYPED_RESERVED 4u   /* so do these, which can be written */
#define UNTYPED_NO_DMA 0x100u /* added to an untyped's order: no RIGHT_DMA */

/* What UNTYPED_RETYPE takes as param of a space. VM numbers, 1..63, are the machine's. */
#define SPACE_SERVICE 0u
#define SPACE_VM(number) (0x100u | (number))

#define SPACE_ATTR_READ 1u
#define SPACE_ATTR_WRITE 2u
#define SPACE_ATTR_EXECUTE 4u
#define DOORBELL_ANY_VALUE (1u << 8)

enum exit_class { /* of VCPU_PORT; one method of service VcpuExit each */
		  EXIT_MMIO,
		  EXIT_FAULT,
		  EXIT_SYSREG,
		  EXIT_FIRMWARE,
		  EXIT_UNKNOWN,
		  EXIT_CLASSES,
};

#define EXIT_VCPU_SHIFT 48 /* bits from here on of an exit's sequence number tell vCPUs apart */
#define IRQ_PENDING 1u
#define IRQ_ACTIVE 2u
#define IRQ_GROUP0 0x100u    /* added to a priority: the guest takes it as of Group 0 */
#define IRQ_SHARED 32u	     /* ids below are a vCPU's own: no irq is armed with one */
#define VCPU_SOURCE_TIMER 0u /* what interrupts a vCPU from within */
#define VCPU_SOURCE_MONITOR 1u
#define VCPU_SOURCES 2u
#define LINE_LEVEL 0u
#define LINE_EDGE 1u
#define IRQ_TRIGGER_LEVEL 0u
#define IRQ_TRIGGER_EDGE 1u
#define CORE_IS_ON 0u
#define CORE_IS_OFF 1u
#define CORE_IS_PENDING 2u

enum context_state {
	CONTEXT_STOPPED,   /* never started, or stopped */
	CONTEXT_READY,	   /* runs, or would if it were its turn */
	CONTEXT_SENDING,   /* in a call; no server has taken it yet */
	CONTEXT_CALLING,   /* in a call; a server has it */
	CONTEXT_RECEIVING, /* a server without work */
	CONTEXT_WAITING,   /* for a signal */
	CONTEXT_IDLE,	   /* a vCPU in WFI */
	CONTEXT_HELD,	   /* a vCPU whose last exit was answered with `block` */
};

/* ---- The boot record: what a core's kernel tells its init, read-only at BOOT_RECORD. ---- */
#define SERVICE_BASE 0x10000000ull   /* services are linked here */
#define BOOT_RECORD 0x0ff00000ull    /* one page */
#define BOOT_BUFFER 0x0ff01000ull    /* init's first message buffer, one page */
#define BOOT_STACK_TOP 0x0ff80000ull /* of init; BOOT_STACK_BYTES below are mapped */
#define BOOT_STACK_BYTES 0x10000ull
#define BOOT_REGIONS 48
#define BOOT_MAGIC 0x5952454b53ull /* "SKERY" */

enum boot_slot { /* init's cspace when it starts */
		 BOOT_SLOT_CSPACE = 1,
		 BOOT_SLOT_SPACE = 2,
		 BOOT_SLOT_THREAD = 3,
		 BOOT_SLOT_CORE = 4,
		 BOOT_SLOT_RECORD = 5, /* frame */
		 BOOT_SLOT_BUFFER = 6, /* frame */
		 BOOT_SLOT_FIRST = 8,  /* untyped of regions[i] is slot BOOT_SLOT_FIRST + i */
		 BOOT_SLOT_FREE = 64,  /* first free slot */
		 BOOT_SLOTS = 8192,    /* size of init's cspace */
};

enum boot_region_kind { BOOT_RAM, BOOT_DEVICE, BOOT_BUNDLE, BOOT_FIXED, BOOT_RESERVED };
struct boot_region {
	uint64_t base;
	uint64_t size;
	uint32_t kind;
	uint32_t slot; /* an untyped that covers exactly this */
};

struct boot_record {
	uint64_t magic;
	uint32_t version; /* ABI_VERSION */
	uint32_t core;	  /* this core's number, dense from 0 */
	uint32_t cores;	  /* number of cores of the machine */
	uint32_t region_count;
	uint64_t frequency;   /* counter ticks per second */
	uint64_t bundle_base; /* of the bundle's first byte within the first BOOT_BUNDLE */
	uint64_t bundle_size; /* bytes */
	uint64_t tree_base;   /* the host's device tree, inside a BOOT_BUNDLE */
	uint64_t tree_size;
	uint64_t boot_counter; /* the counter when the first kernel instruction ran */
	uint64_t reserved[5];
	struct boot_region regions[BOOT_REGIONS];
};
_Static_assert(sizeof(struct boot_record) <= 4096, "the record is one page");

#endif
