/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for statuses, faults and addresses. */
#include <stdarg.h>

#include "exit.pb.h"
#include "init.h"
#include "log.h"

const char *status_name(int32_t status)
{
	static const char *const names[] = {
	    "ok",	    "bad call",	   "bad capability", "missing right", "bad method",
	    "bad argument", "bad message", "already in use", "out of memory", "a limit is reached",
	    "busy",	    "deadlock",	   "stale",	     "the peer died", "peer restarted",
	    "cancelled",    "not found",   "bad state",	     "nothing yet",   "unsupported",
	};
	uint32_t i = (uint32_t)-status;

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown status";
}

bool fail(int32_t status, const char *format, ...)
{
	char text[LOG_LINE_BYTES];
	va_list args;

	va_start(args, format);
	(void)log_format(text, sizeof(text), format, args);
	va_end(args);
	log_line("%s: %s", text, status_name(status));
	return false;
}

void service_mapping(struct init_service *s, const char *name, uint64_t address, uint64_t size,
		     uint32_t attributes)
{
	if (s->mapping_count < INIT_MAPPINGS)
		s->mappings[s->mapping_count++] =
		    (struct init_mapping){address, size, name, attributes};
}

static const struct init_mapping *mapping_of(const struct init_service *s, uint64_t address)
{
	for (uint32_t i = 0; i < s->mapping_count; i++)
		if (address - s->mappings[i].address < s->mappings[i].size)
			return &s->mappings[i];
	return NULL;
}

const char *report_place(const struct init_service *s, uint64_t address)
{
	const struct init_mapping *m = mapping_of(s, address);

	return m ? m->name : "no mapping";
}

static const char *access_of(const struct init_service *s, uint64_t address)
{
	const struct init_mapping *m = mapping_of(s, address);

	if (!m)
		return "";
	if (m->attributes & SPACE_ATTR_WRITE)
		return ", writable";
	return m->attributes & SPACE_ATTR_EXECUTE ? ", code" : ", read-only";
}

void report_fault(const struct init_service *s, uint32_t kind, uint64_t address, uint64_t pc,
		  uint64_t syndrome)
{
	static const char *const names[] = {
	    [skerry_ThreadFaultKind_THREAD_FAULT_DATA] = "data abort",
	    [skerry_ThreadFaultKind_THREAD_FAULT_FETCH] = "instruction abort",
	    [skerry_ThreadFaultKind_THREAD_FAULT_INSTRUCTION] = "undefined instruction",
	    [skerry_ThreadFaultKind_THREAD_FAULT_ALIGNMENT] = "alignment fault",
	};
	const char *name = kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;

	if (kind == skerry_ThreadFaultKind_THREAD_FAULT_INSTRUCTION)
		log_line("%s died: %s at pc 0x%lx (%s), syndrome 0x%lx", s->config->name, name,
			 (unsigned long)pc, report_place(s, pc), (unsigned long)syndrome);
	else
		log_line("%s died: %s at 0x%lx (%s%s), pc 0x%lx, syndrome 0x%lx", s->config->name,
			 name ? name : "fault", (unsigned long)address, report_place(s, address),
			 access_of(s, address), (unsigned long)pc, (unsigned long)syndrome);
}
