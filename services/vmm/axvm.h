/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine as an object: states, vCPUs, guest memory. Everything it needs of the kernel
 * comes through struct hal, so that it runs on the host as well. Methods return an error kind;
 * axvm_message() has the words for the last error of the calling thread. A method that fails
 * changes nothing.
 */
#ifndef VMM_AXVM_H
#define VMM_AXVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "axvm.skerry.h" /* enum axvm_error, enum axvm_state */
#include "config.pb.h"

#define AXVM_VCPUS 8 /* of a VM: a config's phys_cpu_ids has room for as many */
#define AXVM_AREAS 32

enum axvm_vcpu_state {
	AXVM_VCPU_INVALID,
	AXVM_VCPU_CREATED,
	AXVM_VCPU_FREE,
	AXVM_VCPU_READY,
	AXVM_VCPU_RUNNING,
	AXVM_VCPU_BLOCKED,
};

struct axvm_vcpu {
	size_t id;
	enum axvm_vcpu_state state;
};

/* Bits of memory_regions[].flags and of map_region. */
#define AXVM_FLAG_READ 0x01u
#define AXVM_FLAG_WRITE 0x02u
#define AXVM_FLAG_EXECUTE 0x04u
#define AXVM_FLAG_USER 0x08u
#define AXVM_FLAG_DEVICE 0x10u
#define AXVM_FLAG_UNCACHED 0x20u

/* Why axvm_run_vcpu returned: what its caller has to do. All other exits it handles itself. */
enum axvm_exit_reason {
	AXVM_EXIT_NOTHING,
	AXVM_EXIT_HYPERCALL, /* nr, args */
	AXVM_EXIT_CPU_UP,    /* target_cpu, entry_point, arg */
	AXVM_EXIT_CPU_DOWN,
	AXVM_EXIT_SYSTEM_DOWN, /* status: 0 if the guest is content */
	AXVM_EXIT_SYSTEM_RESET,
};

struct axvm_exit {
	enum axvm_exit_reason reason;
	size_t vcpu; /* the one that exited */
	size_t target_cpu;
	uint64_t entry_point, arg;
	uint64_t nr, args[6];
	uint32_t status;
};

/* Part of the guest's physical address space. */
struct axvm_area {
	uint64_t gpa, size;
	uint8_t *host; /* where this process has the memory; null: a device */
	uint32_t flags;
	char name[32];
};

struct hal;

struct axvm {
	size_t id;
	const skerry_VmConfig *config;
	const struct hal *hal;
	uint64_t limit; /* guest physical addresses lie below it */
	_Atomic int state;
	size_t vcpu_count;
	struct axvm_vcpu vcpus[AXVM_VCPUS];
	size_t area_count;
	struct axvm_area areas[AXVM_AREAS]; /* by address, disjoint */
};

/*
 * Makes a VM of `config`, which must outlive it. Unsupported: no virtualization here, or the config
 * asks for what this build does not have. InvalidInput: numbers out of range. AlreadyExists:
 * regions overlap. NoMemory. On failure *vm is not written and what was made is given back.
 */
enum axvm_error axvm_new(const skerry_VmConfig *config, const struct hal *hal, struct axvm **vm);
void axvm_drop(struct axvm *vm);
const char *axvm_message(void);

size_t axvm_id(const struct axvm *vm);
const skerry_VmConfig *axvm_config(const struct axvm *vm);
struct axvm_vcpu *axvm_vcpu(struct axvm *vm, size_t id); /* null: out of range */
size_t axvm_vcpu_num(const struct axvm *vm);

bool axvm_running(const struct axvm *vm);
bool axvm_shutting_down(const struct axvm *vm);
/* Unsupported, then BadState when it runs already or was shut down. Runs nothing yet. */
enum axvm_error axvm_boot(struct axvm *vm);
/* BadState when it was shut down already. Legal in Created too. */
enum axvm_error axvm_shutdown(struct axvm *vm);

/*
 * Runs vCPU `id` and all others that are on, until one of them exits for a reason the caller
 * handles; *exit says which. One thread serves all vCPUs of a VM. InvalidInput: no such vCPU.
 * BadState: the vCPU runs already. The reply to the last exit goes out with the next call.
 */
enum axvm_error axvm_run_vcpu(struct axvm *vm, size_t id, struct axvm_exit *exit);

/* Injects `irq` into each vCPU of the mask. InvalidInput before any delivery if a bit names none.
 */
enum axvm_error axvm_inject_interrupt_to_vcpu(struct axvm *vm, uint64_t targets, uint32_t irq);

/*
 * Maps `size` bytes this process has at `hpa` into the guest at `gpa` (this process knows its
 * memory by where it is mapped, not by physical address). InvalidInput: out of range, unaligned (4
 * KiB), size 0, not memory of ours; AlreadyExists: overlap. In that order.
 */
enum axvm_error axvm_map_region(struct axvm *vm, uint64_t gpa, uint8_t *hpa, uint64_t size,
				uint32_t flags, const char *name);
/* The same for a device: nothing is mapped, the range is taken. */
enum axvm_error axvm_take_region(struct axvm *vm, uint64_t gpa, uint64_t size, const char *name);

/*
 * Guest memory by physical address. An access may span areas that touch. `align` is a power of two.
 * InvalidInput: unaligned, no memory there, or too little of it.
 */
enum axvm_error axvm_read_from_guest_of(struct axvm *vm, uint64_t gpa, void *to, size_t size,
					size_t align);
enum axvm_error axvm_write_to_guest_of(struct axvm *vm, uint64_t gpa, const void *from,
				       size_t size);
/* `size` bytes of memory in one piece, or null. */
uint8_t *axvm_memory(struct axvm *vm, uint64_t gpa, uint64_t size);

/* The area at gpa, or null; then *below and *above are its neighbours, null at the ends. */
const struct axvm_area *axvm_area_at(const struct axvm *vm, uint64_t gpa,
				     const struct axvm_area **below,
				     const struct axvm_area **above);

#endif
