/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capability: one slot of 64 bytes, in a cspace or inside an object.
 *
 * All capabilities of a core form one derivation tree, kept as a doubly linked list in pre-order
 * with a depth in each slot: what was derived from S is the run behind S whose depth is greater.
 *
 *     untyped d1 ── port d2 ── copy d3 ── copy d4        "copy d4" came from "copy d3";
 *                ── frame d2                             deleting "port d2" takes both copies.
 *
 * A capability never outlives the one it was derived from. Retype puts an object's *original*
 * capability under its untyped; so when the original goes, every reference to the object is gone
 * before, and the object ends. There are no reference counts.
 *
 * An object that refers to another (a thread to its space, an armed line to its vCPU, a bound
 * interrupt to its signal) does so through a capability slot embedded in it, derived like any
 * other, with `hold` telling what it is for. Revocation finds it and the object forgets.
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

struct kernel;

enum cap_hold { /* what an embedded slot is; HOLD_NONE: an ordinary slot of a cspace */
		HOLD_NONE,
		HOLD_THREAD_CSPACE,
		HOLD_THREAD_SPACE,
		HOLD_THREAD_BUFFER,
		HOLD_THREAD_FAULT,
		HOLD_THREAD_SIGNAL,
		HOLD_VCPU_SPACE,
		HOLD_VCPU_PORT,
		HOLD_LINE_VCPU,
		HOLD_LINE_SIGNAL,
		HOLD_TIMER_SIGNAL,
		HOLD_IRQ_SIGNAL,
		HOLD_SPACE_WINDOWS,
		HOLDS,
};

struct cap {
	uint8_t type;	/* enum cap_type */
	uint8_t hold;	/* enum cap_hold */
	uint8_t rights; /* enum cap_right */
	uint8_t flags;	/* CAP_ORIGINAL */
	uint16_t depth;
	uint16_t order; /* frames: log2 of the size */
	uint64_t badge; /* port, signal: the badge. untyped: bytes used. Or below */
	void *object; /* frame, untyped: physical address. reply: the caller. core: struct kernel */
	struct cap *next, *prev;
	union {
		struct {		  /* frame; also CAP_TABLE (address, level) */
			uint64_t address; /* where it is mapped */
			uint16_t space;	  /* id of the space it is mapped in; 0: not mapped */
			uint16_t level;	  /* CAP_TABLE: of the table; 0xffff: pooled */
			uint32_t space_generation;
			uint32_t attributes;
			uint32_t flags; /* UNTYPED_DEVICE, UNTYPED_KEEP */
		} frame;
		struct { /* window: object is the port, badge its badge */
			uint64_t address;
			uint16_t space;
			uint16_t order;
			uint32_t space_generation;
			uint32_t generation; /* as in the page table entry */
			uint32_t doorbells;  /* the first: slot of the same cspace */
		} window;
		struct {	       /* doorbell: object is the signal, badge as of the signal */
			uint16_t next; /* next doorbell of the same window; slots of one cspace */
			uint16_t window; /* the window */
			uint16_t self;
			uint8_t width; /* 0: any */
			uint8_t bit;
			uint32_t offset;
			uint32_t any_value;
			uint64_t value;
		} doorbell;
		struct { /* untyped */
			uint64_t size;
			uint64_t zeroed;  /* bytes of the object being made that are zero already */
			uint32_t flags;	  /* UNTYPED_* */
			uint32_t aligned; /* to what it is aligned: says where it starts */
		} untyped;
	};
};
_Static_assert(sizeof(struct cap) == 64,
	       "a slot is one cache line; cspaces are indexed by shifting");

#define CAP_ORIGINAL 1u
#define CAP_DEPTH_LIMIT 60000u

/* Makes `slot` (empty) a capability derived from `parent`: same object, type and order. */
void cap_derive(struct cap *parent, struct cap *slot);
/* Puts `slot` into the tree directly below `parent`, leaving its other fields alone. */
void cap_link(struct cap *parent, struct cap *slot);
/* Moves a capability to an empty slot; everything that pointed to the slot follows. */
void cap_move(struct kernel *k, struct cap *from, struct cap *to);
bool cap_has_children(const struct cap *c);
/* Removes what was derived from `top`, in bounded steps; if `whole`, also `top` and, if that was
 * the original, the object. RESTART: an interrupt wants service; call again. */
enum status cap_delete(struct kernel *k, struct cap *top, bool whole)
    __attribute__((warn_unused_result));

#endif
