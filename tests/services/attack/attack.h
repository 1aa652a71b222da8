/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ATTACK_H
#define ATTACK_H

#include <stdbool.h>

void result(bool ok, const char *name);
void attack_calls(void); /* messages and replies of others */

#endif
