/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake architecture as a test sees it. It implements kernel/arch.h on this machine and is
 * stricter than hardware: what hardware forgives, or punishes later, ends the test at once.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "arch_calls.h"

/* ---- Memory (fake_memory.c): addresses of this process are physical addresses. ---- */
struct fake_page {
	uint64_t clean;	 /* bit per 64-byte line: nothing is dirty in the cache */
	uint16_t mapped; /* mappings of it in tables */
	bool table;	 /* in use as a table */
};

struct fake_memory {
	uint8_t *base;
	size_t size;
	struct fake_page *pages;
	struct fake_memory *next;
};

/* RAM filled with a pattern, all of it dirty; base aligned to 2 MiB. Freed when the test ends. */
struct fake_memory *fake_memory_new(size_t size);
/* A range of device memory, aligned to 1 GiB, which nobody can touch. Freed when the test ends. */
void *fake_device_new(size_t size);
/* The page of RAM that holds the address, or null. */
struct fake_page *fake_page(const void *address);
void fake_dirty(void *address, size_t bytes);
void fake_check_clean_zero(const void *address, size_t bytes);

/* ---- Spaces (fake_space.c) ---- */
struct fake_entry {
	enum space_entry_kind kind;
	uint8_t order;
	uint8_t attributes; /* SPACE_ATTR_* */
	bool device;
	uint64_t va, pa;
	uint32_t slot, generation;
};

struct fake_entry fake_walk(const struct space *s, uint64_t va);
/* Calls f for every memory and window entry of the space. */
void fake_each(const struct space *s, void (*f)(const struct fake_entry *, void *), void *argument);
/*
 * An access in the space through the TLB: the address of the memory, or null if there is no mapping
 * or not this right. `attribute` is one SPACE_ATTR_*.
 */
void *fake_access(struct kernel *k, const struct space *s, uint64_t va, uint32_t attribute);
/* Every translation in the TLB is what its space's tables say. */
void fake_tlb_check(struct kernel *k);

/* ---- Contexts (fake_context.c) ---- */
/* What entry code does at the end: checks that `next` is what the machine holds. */
void fake_return(struct kernel *k, struct context *next);
/* The running context writes and reads registers of each kind. */
void fake_set_eager(struct kernel *k, uint64_t marker);
uint64_t fake_eager(const struct kernel *k);
void fake_set_fp(struct kernel *k, uint64_t marker); /* FP is switched as by a trap */
uint64_t fake_fp(struct kernel *k);

/* ---- vCPUs (fake_vcpu.c); the running context must be the vCPU ---- */
void fake_guest_set_lazy(struct kernel *k, uint64_t marker);
uint64_t fake_guest_lazy(struct kernel *k);
/* Takes the pending interrupt of highest priority from the list registers: its id, or -1. */
int fake_guest_acknowledge(struct kernel *k);
void fake_guest_end(struct kernel *k, uint32_t id);
void fake_guest_monitor(struct kernel *k, bool high);	    /* overflows */
void fake_own_load(struct kernel *k, const struct vcpu *v); /* physical interrupts in use */
void fake_guest_timer(struct kernel *k, uint64_t at);	    /* programs the virtual timer */
void fake_timer_poll(struct kernel *k);	    /* interrupts of its own sources that are due */
unsigned fake_listed(const struct vcpu *v); /* interrupts in list registers */
/* No record of an interrupt names this line. */
bool fake_vcpu_names_line(const struct vcpu *v, const struct line *line);

/* ---- The machine (fake_machine.c) ---- */
extern uint64_t fake_time;
#define FAKE_FREQUENCY 1000000000ull
void fake_irq_assert(struct kernel *k, uint32_t number, bool level);
/* A virtual interrupt is linked to the physical one; both end. */
void fake_irq_link(struct kernel *k, uint32_t number, struct vcpu *v);
void fake_irq_unlink(struct kernel *k, uint32_t number);
/* Takes the next interrupt that may fire; false: none. */
bool fake_irq_take(struct kernel *k);

#endif
