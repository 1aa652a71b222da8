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

#define MACHINE_LINES 16 /* as many as a config has devices */

struct machine_line {
	uint32_t irq; /* interrupt id in the guest */
	skerry_cap line;
};

struct machine_print { /* what a vCPU printed of its next line */
	char text[128];
	uint32_t length;
};

struct arch_vm; /* of the architecture */

struct machine {
	const skerry_VmConfig *config;
	struct axvm *vm;
	struct hal hal;
	uint32_t address_bits;
	skerry_cap space, windows;
	uint32_t next_window; /* slot in `windows` */
	skerry_cap vcpus[AXVM_VCPUS];
	bool started[AXVM_VCPUS]; /* VCPU_RUN was done since it was last stopped */
	uint32_t line_count;
	struct machine_line lines[MACHINE_LINES];
	struct arch_vm *arch;
	uint64_t reply; /* info of the reply that goes out next, or INFO_NO_REPLY */
	struct incidents incidents;
	struct machine_print prints[AXVM_VCPUS];
	struct machine_signal_slot signals[MACHINE_SIGNALS];
};

/* Fills in hal. */
void machine_init(struct machine *m, const skerry_VmConfig *config);
/*
 * Windows, doorbells and lines of the config's served devices; their ranges are taken in m->vm.
 * False after a line in the log.
 */
bool machine_devices(struct machine *m);
/* The line of guest interrupt `irq`; 0: none. */
skerry_cap machine_line(const struct machine *m, uint32_t irq);
/* Stops all vCPUs. */
void machine_stop(struct machine *m);

/* ---- The exit loop (exits.c) ---- */
/* hal.vcpu_run: answers exits until one concerns the caller; the reply to that one is in m->reply.
 */
int32_t exits_run(void *host, uint32_t id, struct axvm_exit *exit);
/* The answer to the exit last returned: the guest goes on behind its call, with `result`. */
void exits_answer(struct machine *m, int64_t result);
/* The same, but the vCPU waits until it is started again. */
void exits_hold(struct machine *m);
/* One line about this VM, few enough a second. */
void exits_report(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* At the end: a line that says how many were left out at last. */
void exits_report_rest(struct machine *m);

#endif
