/* SPDX-License-Identifier: BSD-2-Clause */
/* How the methods of struct axvm fail: for axvm*.c. */
#ifndef VMM_AXVM_FAIL_H
#define VMM_AXVM_FAIL_H

#include "services/vmm/axvm.h"

/* Keeps the words for axvm_message() and returns `error`. */
enum axvm_error axvm_fail(enum axvm_error error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
