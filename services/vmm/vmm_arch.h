/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an architecture gives the VMM: interrupt controller, firmware, system registers, how a vCPU
 * starts, what a kernel file and a device tree look like. arch/NAME/ implements it.
 */
#ifndef VMM_VMM_ARCH_H
#define VMM_VMM_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/vmm/axvm.h"

struct firmware_call;
struct loader_image;
struct machine;

/* All written lines of the range reach the point of coherency. */
void arch_clean(const void *at, size_t bytes);
/* What the kernel file is. Any bytes are legal input. */
void arch_image(const uint8_t *data, uint64_t size, struct loader_image *image);

/*
 * Makes m->arch, after vCPUs and device lines; takes the ranges of the controllers in m->vm. False
 * after a line in the log.
 */
bool arch_init(struct machine *m);
/* Sets vCPU `cpu` as after reset, with `argument` for its first instruction at `entry`. */
int32_t arch_vcpu_reset(struct machine *m, uint32_t cpu, uint64_t entry, uint64_t argument);
/* Register `reg` of one that does not run. BAD_ARGUMENT: there is none. */
int32_t arch_vcpu_register(struct machine *m, uint32_t cpu, uint32_t reg, bool write,
			   uint64_t *value);
/* Whether a reset vCPU could start there. */
bool arch_entry_valid(struct machine *m, uint64_t entry);
/* `cpu` runs now, or ran until now: firmware calls tell the guest so. */
void arch_vcpu_power(struct machine *m, uint32_t cpu, bool on);

/* An access to the controllers. False: nothing is there. A load's value is in *value. */
bool arch_mmio(struct machine *m, uint32_t cpu, uint64_t address, uint32_t width, bool write,
	       uint64_t *value);
/*
 * A fault of vCPU `cpu` at a virtual address, with the architecture's syndrome: if it is an access
 * that was not decoded, it is done. Returns an EXIT_ACTION. Uses the message buffer.
 */
uint32_t arch_fault(struct machine *m, uint32_t cpu, uint64_t sequence, uint64_t virtual,
		    uint64_t syndrome);
/* False: undefined. */
bool arch_sysreg(struct machine *m, uint32_t cpu, uint32_t reg, bool write, uint64_t *value);
/* For a message. */
void arch_sysreg_name(uint32_t reg, char text[24]);
/*
 * A firmware call with its first three argument registers: answered with `result`, unless it is
 * an `exit` for the caller of axvm_run_vcpu. That is in *exit after arch_firmware_exit.
 */
struct arch_answer {
	int64_t result;
	uint64_t exit; /* 0: none */
};
struct arch_answer arch_firmware(const struct machine *m, uint64_t a0, uint64_t a1, uint64_t a2);
/* False: it is none after all, and answered with `result`. */
bool arch_firmware_exit(struct machine *m, uint32_t cpu, struct arch_answer answer,
			const struct firmware_call *call, struct axvm_exit *exit);
bool arch_has_monitors(const struct machine *m);
/* hal.inject */
int32_t arch_inject(struct machine *m, uint32_t cpu, uint32_t irq);
/* The answers to CPU_UP: done, no such start address, failed. */
enum arch_start { ARCH_STARTED, ARCH_START_ADDRESS, ARCH_START_FAILED };
int64_t arch_start_result(enum arch_start result);

/* What the guest's device tree says beside the config. */
struct arch_tree {
	const skerry_VmConfig *config;
	uint64_t initrd, initrd_size; /* size 0: none */
	bool monitors;		      /* vCPUs have performance monitors */
	/* Whether all of a range is memory or devices of the VM, and an interrupt is a device's. */
	bool (*has)(const void *host, uint64_t gpa, uint64_t size);
	bool (*has_irq)(const void *host, uint64_t irq);
	const void *host;
	char
	    problem[200]; /* why a supplied tree is refused; empty: its form is wrong, or no room */
};
/*
 * Generates a device tree, or patches the supplied one of which `size` bytes were read: memory,
 * processors and chosen are the VM's, its devices are added, and what it does not have is a
 * problem. Returns its size in `to`, or a negative libfdt error.
 */
int arch_tree_make(struct arch_tree *t, void *to, size_t room);
int arch_tree_patch(struct arch_tree *t, const void *from, size_t size, void *to, size_t room);

#endif
