/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/ivc.h"

#include "services/vmm/hypercall.h"

/* The answer to a VM without an IVC device. */
static int64_t no_device(void)
{
	return HYPERCALL_FAILED;
}

void ivc_hypercall(struct machine *m, const struct axvm_exit *exit, int64_t *result)
{
	(void)m;
	(void)exit;
	*result = no_device();
}
