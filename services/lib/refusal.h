/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_REFUSAL_H
#define LIB_REFUSAL_H

#include "exit.skerry.h"

/*
 * For a device server that answers an access with EXIT_ACTION_ABORT: a line that names the vCPU and
 * the access, few a second. The console shows this service's name, device and VM, before it.
 */
void refusal_tell(const struct mmio_access *in);

#endif
