/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IVC_CLEAN_H
#define IVC_CLEAN_H

#include <stddef.h>

/* All written lines of the range reach the point of coherency: a guest may run without caches. */
void ivc_clean(const void *at, size_t bytes);

#endif
