/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STATUSES_H
#define STATUSES_H

#include <stdint.h>

/* A call returned; type: of the capability that a method was invoked on. Other objects' methods and
 * statuses above 0 do not count. */
void statuses_note(uint32_t call, uint8_t type, uint64_t method, int32_t status);

#endif
