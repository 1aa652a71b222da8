/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot code on this machine: where it gives up, and what it maps. */
#ifndef FUZZ_BOOT_HOST_H
#define FUZZ_BOOT_HOST_H

#include "boot.h"

/* Calls f(b); false: it ended in boot_fail(), whose line is in boot_host_said. */
bool boot_host_run(void (*f)(struct boot *b), struct boot *b);
extern char boot_host_said[256];
/* Where init's pages may be, and which are mapped. */
void boot_host_begin(void);
/* What a set of ranges always is: sorted, none empty, none touching the next. */
void boot_host_check_ranges(const struct ranges *set);
/* Once memory is split: nobody has what is another's, or what nobody may have. */
void boot_host_check_split(const struct boot *b);
/* What init is told of: regions of pages, none of which another has or the kernel keeps. */
void boot_host_check_record(const struct boot *b, uint32_t number, const struct boot_record *r);

#endif
