/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "fuzz.h"

void fuzz_failed(void)
{
	abort();
}
