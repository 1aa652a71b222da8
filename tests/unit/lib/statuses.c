/* SPDX-License-Identifier: BSD-2-Clause */
/* Which statuses calls and methods returned: lines "call method status" in $TEST_STATUSES. */
#include "statuses.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi.h"

#define CALLS 10
#define METHODS 0xc00
#define STATUS_COUNT 20

static uint8_t of_call[CALLS][STATUS_COUNT];
static uint8_t of_method[METHODS][STATUS_COUNT];

static void write_all(void)
{
	FILE *f = fopen(getenv("TEST_STATUSES"), "a");

	if (!f)
		abort();
	for (int s = 0; s < STATUS_COUNT; s++) {
		for (int c = 0; c < CALLS; c++)
			if (of_call[c][s])
				fprintf(f, "%d 0 %d\n", c, -s);
		for (int m = 0; m < METHODS; m++)
			if (of_method[m][s])
				fprintf(f, "%d %d %d\n", CALL_INVOKE, m, -s);
	}
	fclose(f);
}

/* Methods are numbered by object, in the order of types without reply and signal. */
static uint64_t object_of(uint8_t type)
{
	return type > CAP_SIGNAL ? type - 2u : type;
}

void statuses_note(uint32_t call, uint8_t type, uint64_t method, int32_t status)
{
	static int wanted = -1;

	if (wanted < 0) {
		wanted = getenv("TEST_STATUSES") != NULL;
		if (wanted)
			atexit(write_all);
	}
	if (!wanted || status > 0 || status <= -STATUS_COUNT || call >= CALLS)
		return;
	if (call != CALL_INVOKE)
		of_call[call][-status] = 1;
	else if (method < METHODS && method >> 8 == object_of(type))
		of_method[method][-status] = 1;
}
