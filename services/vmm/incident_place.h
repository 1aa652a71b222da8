/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_INCIDENT_PLACE_H
#define VMM_INCIDENT_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "services/vmm/axvm.h"

/*
 * Why an access at gpa cannot be served: "nothing there (gap between disk0 0x0a000000 and ram0
 * 0x80000000)", "gicd 0x08000000 has no such access", "ram0 0x80000000 does not allow it". Of what
 * is mapped and refused the kernel does not know the page (docs/abi.md): "its page does not allow
 * this".
 */
#define INCIDENT_PAGE_UNKNOWN(gpa) ((gpa) >> 12 == ~0ull >> 12)
void incident_place(const struct axvm *vm, uint64_t gpa, char *text, size_t size);

#endif
