/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for VM objects that is an array. It counts what it gives and takes back, and is
 * stricter than the real one: what is taken back must have been given, and nothing is given twice.
 */
#ifndef UNIT_VMM_HOST_H
#define UNIT_VMM_HOST_H

#include "services/vmm/axvm.h"
#include "services/vmm/hal.h"

#define RAM0 0x80000000ull
#define RAM_BYTES 0x4000u
#define HOST_PAGES 256u
#define HOST_EXITS 16u
#define HOST_REGISTERS 31u
#define HOST_DEVICES 4u

struct vmm_host {
	bool supported;
	int32_t space, map, vcpu, run, inject; /* what these return */
	int32_t fault;
	/* Calls so far. */
	uint32_t mapped, injected, runs, released, vcpus, faults;
	/* The step that fails, from 1: each thing that is given is one. 0: none. */
	uint32_t fail_at, step;
	/* What is out. */
	uint32_t spaces, live_vcpus, devices, regions;
	size_t page_count;
	uint64_t pages[HOST_PAGES]; /* guest pages that are mapped */
	uint64_t frame;		    /* bytes that are mapped and unmapped at once; 0: a page */
	uint32_t physical;	    /* calls of map_physical; the last: */
	uint64_t device_gpa, device_hpa, device_size;
	struct axvm_exit exit; /* when there are none in: */
	struct axvm_exit exits[HOST_EXITS];
	size_t exit_count, exit_next;
	uint64_t registers[AXVM_VCPUS][HOST_REGISTERS];
	uint64_t entry[AXVM_VCPUS], returned[AXVM_VCPUS];
	bool in_call[AXVM_VCPUS];
	struct axvm *shut_down;		   /* by another client, while a vCPU runs */
	uint32_t started, parked, resumed; /* bit i: vCPU i; parked ones are resumed once */
	size_t vm;			   /* current_vm_id */
	bool busy_memory;		   /* alloc_memory_region_at */
	bool can_page;			   /* page_fault */
	uint64_t paged;			   /* its address */
	size_t written;			   /* bytes that a guest with its caches off sees */
	uint64_t root;			   /* 0: not known */
	/* Added by devices_create. */
	struct axvm_device device[HOST_DEVICES];
	size_t device_count;
	_Alignas(4096) uint8_t memory[2][RAM_BYTES];
};
extern struct vmm_host host;
extern const struct hal hal;
extern skerry_VmConfig config;

/* `host` and `config` as new: VM 7 with two vCPUs and two regions that touch. */
void prepare(void);
/* A VM of them; dropped when the test ends. */
struct axvm *make(void);
/* For test_cleanup. */
void drop(void *vm);
/* axvm_message() has `text` in it. */
bool said(const char *text);
/* All that was given came back. */
bool host_is_empty(void);

#endif
