/* SPDX-License-Identifier: BSD-2-Clause */
/* How the methods of struct axvm fail: for axvm*.c. */
#ifndef VMM_AXVM_FAIL_H
#define VMM_AXVM_FAIL_H

#include "services/vmm/axvm.h"

/* Keeps "VM[id]: " (with a vm) and the words for axvm_message(), and returns `error`. */
enum axvm_error axvm_fail(const struct axvm *vm, enum axvm_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The last `error` of the calling thread. */
enum axvm_error axvm_failed(void);
/* What a status of the kernel means to a caller of ours. */
enum axvm_error axvm_error_of(int32_t status);

#endif
