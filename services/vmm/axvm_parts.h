/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of struct axvm use of each other. */
#ifndef VMM_AXVM_PARTS_H
#define VMM_AXVM_PARTS_H

#include "services/vmm/axvm_fail.h"

#define PAGE 0x1000ull

/* Index of the first area that ends above gpa; area_count: none. */
size_t axvm_find(const struct axvm *vm, uint64_t gpa);
/* What the config has of devices of the machine. */
enum axvm_error axvm_add_passthrough(struct axvm *vm);
/* The range for IVC channels, if the config has one. */
enum axvm_error axvm_add_ivc(struct axvm *vm);
/* Whether the range may be mapped or taken as far as IVC is concerned. */
bool axvm_ivc_allows(const struct axvm *vm, uint64_t gpa, uint64_t size);
/* An In exit: done, the vCPU goes on. False: it is the caller's, or *error. */
bool axvm_serve(struct axvm *vm, const struct axvm_exit *exit, enum axvm_error *error);

#endif
