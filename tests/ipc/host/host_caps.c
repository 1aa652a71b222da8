/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities as far as services make, copy and delete them: which slots are in use, with which
 * rights, derived from what. Those of grants are there from the start and stay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "host.h"
#include "start.h"
#include "sys_arch.h"

#define PAGE 4096u

static struct {
	uint32_t type; /* enum cap_type */
	uint32_t rights, parent;
	void *mapped;
} caps[START_SLOTS];

static uint32_t fail_in; /* the call of that number from now on fails; 0: none */

void host_fail_at(uint32_t count)
{
	fail_in = count;
}

static bool is_grant(uint64_t slot)
{
	return slot != 0 && slot < HOST_FREE_SLOT;
}

static bool is_free(uint64_t slot)
{
	return slot >= HOST_FREE_SLOT && slot < START_SLOTS && caps[slot].type == CAP_EMPTY;
}

static bool is_used(uint64_t slot)
{
	return is_grant(slot) || (slot < START_SLOTS && caps[slot].type != CAP_EMPTY);
}

uint32_t host_caps_used(void)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < START_SLOTS; i++)
		used += caps[i].type != CAP_EMPTY;
	return used;
}

uint32_t host_cap_rights(uint32_t slot)
{
	if (!is_used(slot) || is_grant(slot) || !(caps[slot].rights & RIGHT_GRANT)) {
		fprintf(stderr, "capability %u cannot be sent\n", slot);
		exit(EXIT_FAILURE);
	}
	return caps[slot].rights;
}

static void revoke(uint32_t slot)
{
	/* As deep as derivation goes: one pass for each level. */
	for (uint32_t i = 0; i < START_SLOTS; i++) {
		if (caps[i].type == CAP_EMPTY || caps[i].parent != slot)
			continue;
		caps[i].parent = 0;
		revoke(i);
		if (caps[i].mapped)
			(void)munmap(caps[i].mapped, PAGE);
		caps[i] = (typeof(caps[i])){0};
	}
}

static enum status end(uint32_t slot)
{
	if (is_grant(slot) || !is_used(slot))
		return BAD_CAP;
	revoke(slot);
	if (caps[slot].mapped)
		(void)munmap(caps[slot].mapped, PAGE);
	caps[slot] = (typeof(caps[slot])){0};
	return OK;
}

static enum status retype(uint32_t untyped, const uint64_t a[8])
{
	if (!is_used(untyped))
		return BAD_CAP;
	for (uint64_t i = a[5]; i < a[5] + a[6]; i++) {
		if (!is_free(i))
			return EXISTS;
	}
	for (uint64_t i = a[5]; i < a[5] + a[6]; i++)
		caps[i] = (typeof(caps[i])){(uint32_t)a[2], RIGHT_ALL, untyped, NULL};
	return OK;
}

static enum status copy(const uint64_t a[8])
{
	if (is_grant(a[3]) || !is_used(a[3]))
		return BAD_CAP;
	if (!is_free(a[2]))
		return EXISTS;
	caps[a[2]] = (typeof(caps[0])){caps[a[3]].type, caps[a[3]].rights & (uint32_t)a[4],
				       (uint32_t)a[3], NULL};
	return OK;
}

static enum status map(const uint64_t a[8])
{
	void *at = (void *)(uintptr_t)a[3]; // NOLINT(performance-no-int-to-ptr)

	if (a[5] != 1 || !is_used(a[2]) || is_grant(a[2]) || caps[a[2]].type != CAP_FRAME)
		return BAD_CAP;
	if (caps[a[2]].mapped)
		return EXISTS;
	if (mmap(at, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
		return EXISTS;
	caps[a[2]].mapped = at;
	return OK;
}

bool host_caps_invoke(uint32_t slot, const uint64_t a[8], enum status *status)
{
	switch (a[1]) {
	case UNTYPED_RETYPE:
	case CSPACE_COPY:
	case SPACE_MAP:
		if (fail_in != 0 && --fail_in == 0) {
			*status = NO_MEMORY;
			return true;
		}
		*status = a[1] == UNTYPED_RETYPE ? retype(slot, a)
			  : a[1] == SPACE_MAP	 ? map(a)
						 : copy(a);
		return true;
	case CSPACE_DELETE:
		*status = end((uint32_t)a[2]);
		return true;
	case CSPACE_REVOKE:
		*status = is_used(a[2]) ? OK : BAD_CAP;
		revoke((uint32_t)a[2]);
		return true;
	default:
		return false;
	}
}
