/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's calls and methods as C functions, one to one: kernel/abi.h and docs/abi.md say what
 * each does. All return an enum status; results come through pointers, which are written only when
 * the status is OK. Capabilities are slots of the caller's own cspace.
 */
#ifndef LIB_SYS_H
#define LIB_SYS_H

#include "sys_calls.h"
#include "sys_memory.h"
#include "sys_objects.h"

#endif
