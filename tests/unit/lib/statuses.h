/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef STATUSES_H
#define STATUSES_H

#include "objects.h"

/* `call` by t returned, or blocked; type: of the capability that a method was invoked on. */
void statuses_note(const struct thread *t, uint32_t call, uint8_t type, uint64_t method);
void statuses_blocked(const struct thread *t, uint32_t call);
/* The kernel was left: blocked calls may have returned. */
void statuses_look(void);
void statuses_forget(void); /* all that are blocked: their machine ends */

#endif
