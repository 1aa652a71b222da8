/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of a guest to its VMM beside firmware's. Numbers below 2^31 are in SMCCC's range for
 * yielding calls and as the seed has them; all others are fast calls, those of ours of vendor
 * hypervisor services.
 */
#ifndef VMM_HYPERCALL_H
#define VMM_HYPERCALL_H

#include <stdint.h>

struct axvm_exit;
struct machine;

enum hypercall {
	HYPERCALL_DISABLE = 0,
	HYPERCALL_PREPARE_DISABLE = 1,
	HYPERCALL_DEBUG = 2,
	HYPERCALL_IVC_FIRST = 3,
	HYPERCALL_IVC_LAST = 7,
};
#define HYPERCALL_FAST 0x80000000u

/* SMCCC gives no errors of its own to these: what failed, and what is unknown, is -1. */
#define HYPERCALL_FAILED (-1)

#define HYPERCALL_EXIT 0xc6000000u  /* the guest ends with status x1 */
#define HYPERCALL_PRINT 0xc6000001u /* a character for the VM's log */

/* Serves the hypercall in *exit; the result is what the guest gets in x0. */
int64_t hypercall(struct machine *m, const struct axvm_exit *exit);
/* At the VM's end: lines that were begun go to the log. */
void hypercall_print_rest(struct machine *m);

#endif
