/* SPDX-License-Identifier: BSD-2-Clause */
/* musl's thread start: pthread_create always passes the three optional arguments. */
#include "pthread_impl.h"
#include <stdarg.h>
#include <svc_musl.h>

int __clone(int (*entry)(void *), void *stack, int flags, void *arg, ...)
{
	va_list ap;

	va_start(ap, arg);
	int *ptid = va_arg(ap, int *);
	void *tls = va_arg(ap, void *);
	int *ctid = va_arg(ap, int *);
	va_end(ap);
	return svc_clone(entry, stack, flags, arg, ptid, tls, ctid);
}
