/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM as the kernel has it: its capabilities, made of what this process was granted. Implements
 * struct hal, and what the exit loop and the architecture's parts use beside it.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "services/lib/incident.h"
#include "services/lib/ipc.h"
#include "services/vmm/axvm.h"
#include "services/vmm/hal.h"
#include "services/vmm/machine_signal.h"
#include "services/vmm/machine_slots.h"

struct start_grant;

/* As many as a config has devices, served and passed through, and the doorbell of IVC. */
#define MACHINE_LINES 57

struct machine_line {
	uint32_t irq;	 /* interrupt id in the guest */
	skerry_cap line; /* a device server's; physical: an irq of this machine */
	bool physical;
	bool edge; /* its trigger, until the guest says another */
};

#define MACHINE_MAPPINGS AXVM_AREAS

struct machine_mapping { /* frames of 2^order bytes at guest addresses that follow each other */
	uint64_t gpa, size;
	uint32_t order;
	skerry_cap first; /* of the copies that are mapped */
	/* Of what is mapped when it is touched (machine_demand.c); source 0: all is. */
	skerry_cap source;
	uint32_t attributes;
};

/* Held by the thread, or parked in `slot`. */
enum machine_reply_state { MACHINE_REPLY_NONE, MACHINE_REPLY_HELD, MACHINE_REPLY_PARKED };

struct machine_reply { /* the answer to the exit a vCPU returned */
	skerry_cap slot;
	enum machine_reply_state state;
	uint32_t action, registers; /* enum ExitAction; bit 0: `value` is for the first register */
	uint64_t value;
};

struct machine_print { /* what a vCPU printed of its next line */
	char text[128];
	uint32_t length;
};

struct arch_vm; /* of the architecture */
struct axvm_server;
struct mmio_access;
struct ivc;

struct machine {
	const skerry_VmConfig *config;
	struct axvm *vm;
	struct hal hal;
	uint32_t address_bits;
	skerry_cap space, windows;
	uint32_t next_window; /* slot in `windows` */
	uint32_t places;      /* bit i: region i has the machine's memory at its own address */
	skerry_cap vcpus[AXVM_VCPUS];
	bool started[AXVM_VCPUS]; /* VCPU_RUN was done since it was last stopped */
	uint32_t line_count;
	struct machine_line lines[MACHINE_LINES];
	struct arch_vm *arch;
	struct axvm_server *server; /* answers calls that are no exits */
	uint32_t exited;	    /* vCPU of the exit that was returned last */
	uint32_t held;		    /* vCPU + 1 of the exit that is answered next; 0: none */
	struct machine_reply replies[AXVM_VCPUS];
	struct machine_slots slots;
	struct machine_slot_range space_slots;
	uint32_t used_memory; /* bit i: a VM had region i */
	uint32_t mapping_count;
	struct machine_mapping mappings[MACHINE_MAPPINGS];
	uint64_t later_bytes, touched_bytes; /* of memory that is mapped on demand */
	struct incidents incidents;
	struct machine_print prints[AXVM_VCPUS];
	struct machine_signal_slot signals[MACHINE_SIGNALS];
	struct ivc *ivc; /* null: no IVC device */
};

/* Fills in hal. */
void machine_init(struct machine *m, const skerry_VmConfig *config);
/* For another VM, when there is none: what was given back stays to be given. */
void machine_use(struct machine *m, const skerry_VmConfig *config);
/*
 * Windows, doorbells and lines of the config's served devices; their ranges are taken in m->vm.
 * False after a line in the log.
 */
bool machine_devices(struct machine *m);
/* The line of guest interrupt `irq`; null: none. */
const struct machine_line *machine_line(const struct machine *m, uint32_t irq);
/* Lines of the interrupts that are passed through. False after a line in the log. */
bool machine_physical_lines(struct machine *m);
/* The served device whose window has the guest physical address; null: none. */
const skerry_ServedDevice *machine_device_at(const struct machine *m, uint64_t address);
/*
 * One plain access by vCPU `cpu` at a guest physical address, done by the controllers or by the
 * device's server. Returns an EXIT_ACTION; a load's value is in *value. Uses the message buffer.
 */
uint32_t machine_access(struct machine *m, uint32_t cpu, const struct mmio_access *in,
			uint64_t *value);
/* For the device tree: whether all of a range is the VM's, and an interrupt is one of its devices'.
 */
bool machine_has(const void *machine, uint64_t gpa, uint64_t size);
bool machine_has_irq(const void *machine, uint64_t irq);
/* Maps what is to be mapped when it is touched; true: the access can be done again. */
bool machine_touch(struct machine *m, uint64_t gpa);
/* One line, if there is such memory. */
void machine_report_touched(const struct machine *m);
/* Stops all vCPUs. */
void machine_stop(struct machine *m);

/* ---- What the guest does wrong (exits.c) ---- */
/* One line about this VM, few enough a second. */
void exits_report(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* At the end: a line that says how many were left out at last. */
void exits_report_rest(struct machine *m);

#endif
