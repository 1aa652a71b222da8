/* SPDX-License-Identifier: BSD-2-Clause */
/* Inter-VM communication: hypercalls 3 to 7. */
#ifndef VMM_IVC_H
#define VMM_IVC_H

#include <stdint.h>

struct axvm_exit;
struct machine;

/* Serves the hypercall in *exit: *result is 0, or -1 for whatever failed. */
void ivc_hypercall(struct machine *m, const struct axvm_exit *exit, int64_t *result);

#endif
