/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init: makes what a core's manifest names, starts its services and keeps them running. One thread,
 * no heap; everything it knows lies in `init`. Statuses are the kernel's; a function that fails has
 * said so in the log (fail()).
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpio.h"
#include "elf_image.h"
#include "manifest.h"
#include "start.h"
#include "sys.h"

#define PAGE 4096ull
#define BLOCK 0x200000ull

#define INIT_SERVICES 24
#define INIT_MEMORIES 64
#define INIT_LINES 32
#define INIT_PIECES 10 /* powers of two that make a memory's size */
#define INIT_MAPPINGS 48
#define INIT_RESTARTS 5 /* within INIT_RESTART_SECONDS; the next is one too many */
#define INIT_RESTART_SECONDS 10u
#define INIT_READY_SECONDS 10u
#define INIT_AWAIT_SECONDS 30u
#define INIT_TICK_MS 10u

/* Where init puts things in its own space, beside what kernel/abi.h says. */
#define INIT_FILL 0x60000000ull	  /* frames being filled */
#define INIT_DEVICE 0x70000000ull /* the fallback's UART */
#define INIT_BUNDLE 0x80000000ull /* boot bundle regions, 4 GiB apart */
#define INIT_BUNDLE_STEP 0x100000000ull

/* Bits of init's own signal. */
#define INIT_SIGNAL_TICK 1ull

struct init_frames { /* consecutive slots */
	skerry_cap first;
	uint32_t count;
};

struct init_memory {
	skerry_cap pieces[INIT_PIECES]; /* untyped, largest first */
	uint32_t orders[INIT_PIECES];
	uint32_t piece_count;
	struct init_frames frames; /* none: its place was not free; who needs it is not started */
};

/* Frames of a range of addresses: pages up to a 2 MiB boundary, blocks, pages. */
struct init_range {
	struct init_frames head, blocks, tail;
};

struct init_mapping { /* what a service has in its space, for messages */
	uint64_t address, size;
	const char *name;
	uint32_t attributes;
};

enum service_state { SERVICE_QUEUED, SERVICE_STARTING, SERVICE_RUNNING, SERVICE_ENDED };

struct init_service {
	const skerry_Service *config;
	enum service_state state;
	uint32_t generation;
	struct elf_image image;
	struct cpio_file file;
	skerry_cap port, signal; /* stay when the service restarts */
	skerry_cap untyped;	 /* what the rest is made of; revoked when it stops */
	skerry_cap objects;	 /* first of SERVICE_OBJECTS slots */
	struct init_frames frames;
	uint64_t started; /* counter */
	uint64_t deaths[INIT_RESTARTS];
	uint32_t death_count;
	int32_t status; /* it ended with */
	struct init_mapping mappings[INIT_MAPPINGS];
	uint32_t mapping_count;
};

enum service_object { OBJECT_CSPACE, OBJECT_SPACE, OBJECT_THREAD, SERVICE_OBJECTS };

struct init_bundle {	     /* a BOOT_BUNDLE region, mapped */
	uint64_t base, size; /* physical */
	uint64_t address;    /* of base */
	struct init_range frames;
};

struct init {
	const struct boot_record *record;
	skerry_Manifest manifest;
	bool manifest_valid;
	skerry_cap next_slot;
	skerry_cap port, signal, timer, scratch;
	skerry_cap objects_untyped; /* ports, signals and what else stays */
	struct init_bundle bundles[4];
	uint32_t bundle_count;
	struct init_range device_frames[BOOT_REGIONS]; /* by region */
	struct init_memory memories[INIT_MEMORIES];
	skerry_cap lines[INIT_LINES], line_untyped[INIT_LINES];
	struct init_service services[INIT_SERVICES];
	uint32_t service_count;
	uint64_t await_until;
	uint32_t awaiting; /* mask of await_cores entries still on */
	uint64_t power_at; /* counter; 0: not going off */
	bool ticking;
};
extern struct init init;

/* ---- words.c ---- */
const char *status_name(int32_t status);
/* Logs "WHAT: STATUS" and returns false; for `return fail(...)`. */
bool fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Where an address of the service lies, and what may be done there. */
const char *report_place(const struct init_service *s, uint64_t address);
void report_fault(const struct init_service *s, uint32_t kind, uint64_t address, uint64_t pc,
		  uint64_t syndrome);

/* ---- place.c ---- */
/* The node of the host's device tree that has a physical address. */
const char *place_name(uint64_t at);

/* ---- memory.c ---- */
skerry_cap slots_reserve(uint32_t count); /* never given back; 0: used up */
bool memory_setup(void);
void memory_align(void); /* for frames of 2 MiB; before they are made */
/* `order` says how large; from the first region of RAM that has room. */
bool memory_untyped(uint32_t order, skerry_cap slot, const char *what);
bool memory_frames(skerry_cap untyped, uint32_t order, struct init_frames frames, const char *what);
/* All of an untyped at `base`, `size` becomes frames, of up to 2^order bytes each. */
bool memory_range(skerry_cap untyped, uint64_t base, uint64_t size, uint32_t order,
		  struct init_range *r, const char *what);
/* The frame with the byte `offset` of the range; *start: where in the range it begins. */
skerry_cap memory_range_at(const struct init_range *r, uint64_t offset, uint64_t *start,
			   uint32_t *order);
bool memory_make(struct init_memory *m, const skerry_Memory *config);
bool memory_renew(struct init_memory *m, const skerry_Memory *config); /* zeroed, all copies gone */
bool memory_revoke(skerry_cap slot);
void memory_delete(skerry_cap slot);

/* ---- bundle.c ---- */
bool bundle_map(void);
bool bundle_find(const char *name, struct cpio_file *file);
bool bundle_has(const char *name);
/* The bytes of a physical range in a bundle region; null: it is in none. */
const void *bundle_bytes(uint64_t physical, uint64_t size);
/* Calls give(context, slot, offset from the first byte's 2 MiB block, order) for frames that hold
 * it. */
bool bundle_frames(const void *data, size_t size,
		   bool (*give)(void *context, skerry_cap slot, uint64_t offset, uint32_t order),
		   void *context);

/* ---- objects.c ---- */
bool objects_make(void);
bool objects_renew_group(uint32_t group); /* its memories and lines, after its services stopped */
bool objects_renew_own(
    uint32_t service); /* memories that no other service uses and do not survive */
/* The BOOT_DEVICE region with this range, as frames; null: this core has none. */
const struct boot_region *objects_device(const skerry_Grant *g, const struct init_range **frames);

/* ---- service.c ---- */
bool service_prepare(struct init_service *s); /* once: image, sizes, slots, untyped */
bool service_start(struct init_service *s);
void service_stop(struct init_service *s);
uint32_t service_index(const struct init_service *s);
void service_mapping(struct init_service *s, const char *name, uint64_t address, uint64_t size,
		     uint32_t attributes);

/* ---- give.c ---- */
/* Fills the start page's grants and the cspace of a service that is being started. */
bool give_all(struct init_service *s, struct start_page *page);

/* ---- policy.c ---- */
void policy_start_next(void);
void policy_ready(struct init_service *s);
void policy_died(struct init_service *s); /* a line says why */
void policy_vm_off(struct init_service *s, int32_t status);
void policy_vm_reset(struct init_service *s, int32_t status);
void policy_tick(void);
void policy_tick_arm(void);
uint64_t policy_ticks(uint64_t seconds);

/* ---- fallback.c: the host's UART, polled, when no console can show the log ---- */
void fallback_show(void);
void fallback_last(void); /* no console will run again */

#endif
