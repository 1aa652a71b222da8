/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a service finds when it starts: init maps one read-only region at START_PAGE with this
 * header, the grants behind it and the service's configuration bytes behind them. Slots below
 * START_SLOT_FREE are fixed; grants name the others.
 */
#ifndef LIB_START_H
#define LIB_START_H

#include <stdint.h>

#include "kernel/abi.h"

#define START_PAGE 0x0ff10000ull /* START_BYTES, read-only */
#define START_BYTES 0x4000ull
#define START_BUFFER \
	0x0ff20000ull /* one page: message buffers of up to 8 threads; thread 0 has the first */
#define START_LOG \
	0x0ff30000ull /* the log ring shared with the console (services/lib/ring.h), one page */
#define START_STACK_TOP 0x0ff80000ull
#define START_STACK_BYTES 0x10000ull
#define START_HEAP 0x20000000ull /* heap, as large as the manifest says */
#define START_MAP \
	0x40000000ull /* init puts grants without an address here and above, 2 MiB aligned */
#define START_MAGIC 0x5452415453ull

enum start_slot {
	START_SLOT_CSPACE = 1, /* its own */
	START_SLOT_SPACE = 2,  /* its own */
	START_SLOT_THREAD = 3, /* its first thread */
	START_SLOT_INIT = 4,   /* port of init: call */
	START_SLOT_PORT = 5,   /* its own port: serve, call */
	START_SLOT_SIGNAL = 6, /* its own signal, bound to its first thread: raise, wait */
	START_SLOT_LOG =
	    7, /* signal of the console: raises this service's log bit; empty: no console */
	START_SLOT_BUFFER = 8,	/* frame of START_BUFFER */
	START_SLOT_SCRATCH = 9, /* the server loop's */
	START_SLOT_FREE = 16,	/* grants come from here; the first free slot is in the header */
	START_SLOTS = 4096,
};

struct start_grant {
	char name[24];
	uint32_t kind;	  /* enum GrantKind of idl/config.proto */
	uint32_t slot;	  /* first slot of its capabilities */
	uint32_t count;	  /* how many (frames of a memory) */
	uint32_t order;	  /* memory: of the frames */
	uint64_t address; /* memory, file, device: where it is mapped; 0: not */
	uint64_t size;	  /* bytes */
	uint64_t badge;	  /* device, and memory if it has one in the manifest: physical base */
};

struct start_page {
	uint64_t magic;
	uint32_t version;    /* ABI_VERSION */
	uint32_t generation; /* 0 at the first start; counts restarts */
	char name[32];
	uint64_t heap_bytes;
	uint64_t frequency; /* counter ticks per second */
	uint32_t free_slot;
	uint32_t core;
	uint32_t config_offset, config_bytes; /* from START_PAGE */
	uint32_t grant_count;
	uint32_t group;
	uint64_t image_base, phdr_address; /* ELF program headers, for the C library */
	uint32_t phdr_count, reserved;
	struct start_grant grants[];
};

#endif
