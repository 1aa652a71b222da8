/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine as an object: states, vCPUs, guest memory, devices. Everything it needs of the
 * kernel comes through struct hal, so that it runs on the host as well. Methods return an error
 * kind; axvm_message() has the words for the last error of the calling thread. A method that fails
 * changes nothing. docs/axvm.md has each with its errors.
 */
#ifndef VMM_AXVM_H
#define VMM_AXVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "axvm.skerry.h" /* enum axvm_error, enum axvm_state */
#include "config.pb.h"
#include "services/vmm/axvm_exit.h"

#define AXVM_VCPUS 8 /* of a VM: a config's phys_cpu_ids has room for as many */
#define AXVM_REGIONS 8
#define AXVM_AREAS 80 /* a config has up to 8 regions, 40 passthrough, 16 served, 8 emulated */
#define AXVM_DEVICES 72
#define AXVM_CHANNELS 32 /* of IVC */

#define EMU_IVC_CHANNEL 0xau /* emu_type of the range that channels appear in */

/*
 * Created: no entry point yet. Free: it can be run. Ready: bound to a caller of axvm_run_vcpu.
 * Running: its guest may execute. Blocked: it turned itself off; a new entry point makes it Free.
 */
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
	_Atomic int state; /* enum axvm_vcpu_state */
};

/* Bits of memory_regions[].flags and of map_region. */
#define AXVM_FLAG_READ 0x01u
#define AXVM_FLAG_WRITE 0x02u
#define AXVM_FLAG_EXECUTE 0x04u
#define AXVM_FLAG_USER 0x08u
#define AXVM_FLAG_DEVICE 0x10u
#define AXVM_FLAG_UNCACHED 0x20u

/* Part of the guest's physical address space. */
struct axvm_area {
	uint64_t gpa, size;
	uint8_t *host; /* where this process has the memory; null: a device */
	uint32_t flags;
	bool mapped; /* not so: accesses are exits */
	char name[32];
};

enum axvm_bus { AXVM_BUS_MMIO, AXVM_BUS_SYS_REG, AXVM_BUS_PORT };
enum axvm_device_kind {
	AXVM_DEVICE_EMULATED,	 /* in this process */
	AXVM_DEVICE_SERVED,	 /* by another, to which accesses go directly */
	AXVM_DEVICE_PASSTHROUGH, /* of the machine */
};

/* False: the device has no such access. A load's value is in *value, which is 0 before. */
typedef bool axvm_device_access(void *arg, size_t vcpu, uint64_t address, uint32_t width,
				uint64_t *value);

struct axvm_device {
	char name[32];
	enum axvm_device_kind kind;
	enum axvm_bus bus;
	uint64_t base, size;		  /* bytes, or numbers of registers or ports */
	uint64_t hpa;			  /* passthrough: where the machine has it */
	uint32_t irq, type;		  /* type: of an emulated one, as the config has it */
	axvm_device_access *read, *write; /* null: not served through this list */
	void *arg;
};

struct axvm_piece { /* of guest memory, in this process */
	uint8_t *address;
	uint64_t size;
};

struct axvm_channel {
	uint64_t gpa, size;
};

struct hal;

struct axvm {
	size_t id;
	_Atomic uint32_t references;
	const skerry_VmConfig *config;
	const struct hal *hal;
	uint64_t limit; /* guest physical addresses lie below it; 0: no space yet */
	_Atomic int state;
	bool has_devices;   /* hal.devices_create was called */
	uint32_t identical; /* bit i: region i is of alloc_memory_region_at */
	size_t vcpu_count;
	struct axvm_vcpu vcpus[AXVM_VCPUS];
	struct axvm_piece ram[AXVM_REGIONS]; /* of the config's regions; size 0: none */
	size_t area_count;
	struct axvm_area areas[AXVM_AREAS]; /* by address, disjoint */
	size_t device_count;
	struct axvm_device devices[AXVM_DEVICES];
	struct axvm_channel window; /* of the first IVC device; size 0: none */
	size_t channel_count;
	struct axvm_channel channels[AXVM_CHANNELS]; /* by address, disjoint, in the window */
};

/* ---- Lifecycle (axvm.c, axvm_new.c) ---- */
/*
 * Makes a VM of `config`, which must outlive it, with one reference. Unsupported: no virtualization
 * here, or the config asks for what this build does not have. InvalidInput: numbers out of range.
 * AlreadyExists: ranges overlap. NoMemory. HypervisorError: the kernel refused. On failure *vm is
 * not written and what was made is given back. An empty message: the log has the words.
 */
enum axvm_error axvm_new(const skerry_VmConfig *config, const struct hal *hal, struct axvm **vm);
struct axvm *axvm_ref(struct axvm *vm);
/* The last one gives back everything: true. */
bool axvm_unref(struct axvm *vm);
const char *axvm_message(void);

size_t axvm_id(const struct axvm *vm);
const skerry_VmConfig *axvm_config(const struct axvm *vm);

bool axvm_running(const struct axvm *vm);
bool axvm_shutting_down(const struct axvm *vm);
/* Unsupported, then BadState when it runs already or was shut down. Runs nothing yet. */
enum axvm_error axvm_boot(struct axvm *vm);
/* BadState when it was shut down already. Legal in Created too. */
enum axvm_error axvm_shutdown(struct axvm *vm);

/* ---- vCPUs (axvm_vcpu.c) ---- */
struct axvm_vcpu *axvm_vcpu(struct axvm *vm, size_t id); /* null: out of range */
size_t axvm_vcpu_num(const struct axvm *vm);
const struct axvm_vcpu *axvm_vcpu_list(const struct axvm *vm, size_t *count);

/*
 * Runs vCPU `id` and all others that are on, until one of them exits for a reason the caller
 * handles; *exit says which. One thread serves all vCPUs of a VM. InvalidInput: no such vCPU.
 * BadState: the VM does not run, the vCPU runs already or is off. The vCPU is unbound again also
 * on errors. The reply to the last exit goes out with the next call.
 */
enum axvm_error axvm_run_vcpu(struct axvm *vm, size_t id, struct axvm_exit *exit);

/* Of an exit that did not come by axvm_run_vcpu: who turned itself off is Blocked. */
void axvm_vcpu_exited(struct axvm *vm, const struct axvm_exit *exit);

/* InvalidInput: no such vCPU, register or address to start at. BadState: it runs. */
enum axvm_error axvm_vcpu_set_entry(struct axvm *vm, size_t id, uint64_t entry);
/* It runs from now on beside the one of axvm_run_vcpu. BadState: it is off, or the VM is. */
enum axvm_error axvm_vcpu_start(struct axvm *vm, size_t id);
enum axvm_error axvm_vcpu_set_gpr(struct axvm *vm, size_t id, uint32_t reg, uint64_t value);
/* Of the call it exited with. BadState: there is none. */
enum axvm_error axvm_vcpu_set_return_value(struct axvm *vm, size_t id, uint64_t value);

/*
 * Injects `irq` into each vCPU of the mask. InvalidInput before any delivery if a bit names none,
 * or if this VM is not the one that is being served.
 */
enum axvm_error axvm_inject_interrupt_to_vcpu(struct axvm *vm, uint64_t targets, uint32_t irq);

/* ---- Memory (axvm_memory.c, axvm_copy.c) ---- */
/* HypervisorError or Unsupported: the address is not for us to know. */
enum axvm_error axvm_ept_root(const struct axvm *vm, uint64_t *root);
/*
 * Maps `size` bytes this process has at `hpa` into the guest at `gpa` (this process knows its
 * memory by where it is mapped, not by physical address). InvalidInput: out of range, unaligned (4
 * KiB), size 0, not memory of ours; AlreadyExists: overlap. In that order.
 */
enum axvm_error axvm_map_region(struct axvm *vm, uint64_t gpa, uint8_t *hpa, uint64_t size,
				uint32_t flags, const char *name);
/* Registers of the machine, by physical address. */
enum axvm_error axvm_map_physical(struct axvm *vm, uint64_t gpa, uint64_t hpa, uint64_t size,
				  uint32_t flags, const char *name);
/* Of what is mapped there; areas are cut. A hole is no error, and devices stay. */
enum axvm_error axvm_unmap_region(struct axvm *vm, uint64_t gpa, uint64_t size);
/* An emulated device's range: nothing is mapped, it is taken. */
enum axvm_error axvm_take_region(struct axvm *vm, uint64_t gpa, uint64_t size, const char *name);

/*
 * Guest memory by physical address. An access may span areas that touch. InvalidInput: `align` no
 * power of two, unaligned, no memory there, too little of it, or not to be written.
 */
enum axvm_error axvm_read_from_guest_of(struct axvm *vm, uint64_t gpa, void *to, size_t size,
					size_t align);
enum axvm_error axvm_write_to_guest_of(struct axvm *vm, uint64_t gpa, const void *from, size_t size,
				       size_t align);
/* Memory to load an image into, one piece an area. BadState: not all of it is memory. NoMemory:
 * more than `room` pieces. */
enum axvm_error axvm_get_image_load_region(struct axvm *vm, uint64_t gpa, uint64_t size,
					   struct axvm_piece *pieces, size_t room, size_t *count);
/*
 * Memory of the VM, mapped or not, by its offset: regions lie one behind the other. Null: there are
 * not `size` bytes in one region. And the offset of what is there.
 */
uint8_t *axvm_ram(struct axvm *vm, uint64_t offset, uint64_t size);
bool axvm_ram_offset(const struct axvm *vm, const uint8_t *at, uint64_t *offset);
/* `size` bytes of guest memory in one piece, or null. */
uint8_t *axvm_memory(struct axvm *vm, uint64_t gpa, uint64_t size);
/* The same, if the guest may write all of it. */
uint8_t *axvm_writable(struct axvm *vm, uint64_t gpa, uint64_t size);

/* The area at gpa, or null; then *below and *above are its neighbours, null at the ends. */
const struct axvm_area *axvm_area_at(const struct axvm *vm, uint64_t gpa,
				     const struct axvm_area **below,
				     const struct axvm_area **above);

/* ---- Devices (axvm_devices.c) ---- */
/* Emulated, served and passthrough ones. */
const struct axvm_device *axvm_get_devices(const struct axvm *vm, size_t *count);
/*
 * Adds a copy of *device and takes its range, in whole pages if it is MMIO. InvalidInput: no such
 * range. AlreadyExists: something is there. NoMemory: too many.
 */
enum axvm_error axvm_add_device(struct axvm *vm, const struct axvm_device *device);
/* An access of a vCPU to the device that has all of its bytes. False: none has. */
bool axvm_access(struct axvm *vm, enum axvm_bus bus, size_t vcpu, uint64_t address, uint32_t width,
		 bool write, uint64_t *value);

/* ---- Inter-VM communication (axvm_ivc.c) ---- */
/*
 * Guest addresses for a channel, in the range of the first emulated device of type 0xa; nothing is
 * mapped there yet. *size is rounded up to 4 KiB. InvalidInput: size 0, no device. NoMemory.
 */
enum axvm_error axvm_alloc_ivc_channel(struct axvm *vm, uint64_t expected_size, uint64_t *gpa,
				       uint64_t *size);
/* InvalidInput: not what was allocated, as a whole. BadState: something is mapped there. */
enum axvm_error axvm_release_ivc_channel(struct axvm *vm, uint64_t gpa, uint64_t size);

#endif
