/* SPDX-License-Identifier: BSD-2-Clause */
#include "refusal.h"

#include "exit_ledger.h"
#include "grants.h"
#include "incident.h"
#include "log.h"
#include "sys.h"

void refusal_tell(const struct mmio_access *in)
{
	static struct incidents incidents;
	uint32_t missed = 0;

	incidents.frequency = start_page()->frequency;
	if (!incident_allowed(&incidents, sys_counter(), &missed))
		return;
	if (missed)
		log_line("%u more like the lines above", missed);
	log_line("vcpu %u: %s of %u bytes at offset 0x%03lx: no such access",
		 (uint32_t)(in->sequence >> EXIT_VCPU_SHIFT), in->write ? "write" : "read",
		 in->width, (unsigned long)in->address);
}
