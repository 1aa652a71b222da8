/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/ivc/ivc_clean.h"

/* No guest without caches is here. */
void ivc_clean(const void *at, size_t bytes)
{
	(void)at;
	(void)bytes;
}
