/* SPDX-License-Identifier: BSD-2-Clause */
/* A detached thread's last act: one call of the runtime, for no C frame may outlive the stack. */
#include "pthread_impl.h"
#include <svc_musl.h>

void __unmapself(void *base, size_t size)
{
	svc_unmapself(base, size);
}
