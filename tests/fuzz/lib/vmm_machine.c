/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM's exit loop finds around it, as little as it needs: grants, lines, a log. */
#include "vmm_machine.h"

#include <stdarg.h>
#include <string.h>

#include "fuzz.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/server.h"
#include "services/vmm/ivc.h"
#include "services/vmm/machine.h"

#define SLOTS_FIRST 200u

static const struct start_page page = {.frequency = 62500000};
struct start_places start_places = {.page = &page};
static struct message_buffer buffer;
_Thread_local struct message_buffer *ipc_thread_buffer = &buffer;

const struct start_grant *grant_find_kind(const char *name, uint32_t kind)
{
	(void)name;
	(void)kind;
	return NULL;
}

skerry_cap grant_slot(const char *name)
{
	return strcmp(name, VMM_DEVICE) == 0 ? VMM_DEVICE_PORT : 51;
}

skerry_cap slots_take(uint32_t count)
{
	static skerry_cap next = SLOTS_FIRST;

	next += count;
	return next - count;
}

void log_line(const char *format, ...)
{
	char text[LOG_LINE_BYTES];
	va_list args;

	va_start(args, format);
	CHECK(log_format(text, sizeof(text), format, args) < sizeof(text));
	va_end(args);
}

bool server_recover(int32_t status, uint64_t info)
{
	(void)info;
	return status == STALE;
}

int32_t server_keep_reply(skerry_cap slot)
{
	(void)slot;
	return OK;
}

int32_t server_answer(skerry_cap slot, int32_t status, size_t size)
{
	(void)slot;
	(void)status;
	CHECK(size <= MESSAGE_BYTES);
	return OK;
}

void ivc_hypercall(struct machine *m, const struct axvm_exit *exit, int64_t *result)
{
	(void)m;
	(void)exit;
	*result = -1;
}

const struct machine_line *machine_line(const struct machine *m, uint32_t irq)
{
	for (uint32_t i = 0; i < m->line_count; i++)
		if (m->lines[i].irq == irq)
			return &m->lines[i];
	return NULL;
}

const skerry_ServedDevice *machine_device_at(const struct machine *m, uint64_t address)
{
	const skerry_ServedDevice *d = &m->config->devices[0];

	return address - d->base < d->length ? d : NULL;
}

bool machine_touch(struct machine *m, uint64_t gpa)
{
	(void)m;
	(void)gpa;
	return once_in(32);
}
