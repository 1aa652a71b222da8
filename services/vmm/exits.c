/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop on the exit port: one kernel entry answers an exit and waits for the next. No FP
 * registers, and nothing on the common path that could be done at another time.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exit.skerry.h"
#include "services/lib/ipc.h"
#include "services/lib/log.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/arch.h"
#include "services/vmm/machine.h"

/* Answers what is no exit of ours: a status of this server. */
#define EXITS_REFUSED INFO(1, 0, 0)

void exits_report(struct machine *m, const char *format, ...)
{
	char text[200];
	uint32_t missed = 0;
	va_list args;

	if (!report_allowed(&m->report, sys_counter(), &missed))
		return;
	va_start(args, format);
	log_format(text, sizeof(text), format, args);
	va_end(args);
	if (missed)
		log_line("vmm %s: %u more like the lines above", m->config->name, missed);
	log_line("vmm %s: %s", m->config->name, text);
}

static void report_access(struct machine *m, uint32_t cpu, bool write, uint32_t width,
			  uint64_t address)
{
	char place[96];

	report_place(m->vm, address, place, sizeof(place));
	exits_report(m, "vcpu %u: %s of %u bytes at 0x%08lx: nothing there (%s)", cpu,
		     write ? "write" : "read", width, (unsigned long)address, place);
}

static uint64_t put_access(uint8_t *data, uint64_t value, uint32_t action)
{
	const struct access_reply out = {.value = value, .action = action};

	access_reply_put(data, &out);
	return INFO(0, ACCESS_REPLY_SIZE, 0);
}

static uint64_t put_exit(uint8_t *data, uint64_t result, uint32_t registers, uint32_t action)
{
	const struct exit_reply out = {.a0 = result, .action = action, .registers = registers};

	exit_reply_put(data, &out);
	return INFO(0, EXIT_REPLY_SIZE, 0);
}

static uint64_t mmio(struct machine *m, uint32_t cpu, uint8_t *data, size_t size)
{
	struct mmio_access in;
	uint64_t value;

	if (!mmio_access_get(data, size, &in))
		return EXITS_REFUSED;
	value = in.value;
	if (arch_mmio(m, cpu, in.address, in.width, in.write, &value))
		return put_access(data, value, EXIT_ACTION_ADVANCE);
	report_access(m, cpu, in.write, in.width, in.address);
	return put_access(data, 0, EXIT_ACTION_ABORT);
}

static uint64_t sysreg(struct machine *m, uint32_t cpu, uint8_t *data, size_t size)
{
	struct sysreg_access in;
	uint64_t value;
	char name[24];

	if (!sysreg_access_get(data, size, &in))
		return EXITS_REFUSED;
	value = in.value;
	if (arch_sysreg(m, cpu, in.reg, in.write, &value))
		return put_access(data, value, EXIT_ACTION_ADVANCE);
	arch_sysreg_name(in.reg, name);
	exits_report(m, "vcpu %u: %s of system register %s: undefined", cpu,
		     in.write ? "write" : "read", name);
	return put_access(data, 0, EXIT_ACTION_UNDEFINED);
}

static uint64_t fault(struct machine *m, uint32_t cpu, uint8_t *data, size_t size)
{
	struct fault_exit in;
	char place[96];

	if (!fault_exit_get(data, size, &in))
		return EXITS_REFUSED;
	report_place(m->vm, in.address, place, sizeof(place));
	exits_report(
	    m, "vcpu %u: access at 0x%08lx by pc 0x%lx cannot be served (%s; syndrome 0x%lx)", cpu,
	    (unsigned long)in.address, (unsigned long)in.pc, place, (unsigned long)in.syndrome);
	return put_exit(data, 0, 0, EXIT_ACTION_ABORT);
}

static uint64_t unknown(struct machine *m, uint32_t cpu, uint8_t *data, size_t size)
{
	struct unknown_exit in;

	if (!unknown_exit_get(data, size, &in))
		return EXITS_REFUSED;
	exits_report(m, "vcpu %u: instruction at 0x%lx is not supported (syndrome 0x%lx)", cpu,
		     (unsigned long)in.pc, (unsigned long)in.syndrome);
	return put_exit(data, 0, 0, EXIT_ACTION_UNDEFINED);
}

int32_t exits_run(void *host, uint32_t id, struct axvm_exit *exit)
{
	struct machine *m = host;
	uint8_t *data = ipc_buffer();

	if (!m->started[id]) {
		int32_t status = vcpu_run(m->vcpus[id]);

		if (status)
			return status;
		m->started[id] = true;
	}
	for (;;) {
		struct sys_message in = sys_reply_wait(START_SLOT_PORT, m->reply);
		size_t size = in.info & INFO_LENGTH_MASK;
		uint32_t cpu = (uint32_t)in.extra - 1; /* the badge, see machine.c */
		struct firmware_call call;
		int64_t result;

		if (in.status)
			return in.status;
		m->reply = INFO_NO_REPLY;
		if (in.info & INFO_SIGNAL)
			continue;
		m->reply = EXITS_REFUSED;
		if (cpu >= m->config->cpu_num)
			continue;
		switch (in.info >> INFO_LABEL_SHIFT) {
		case VCPU_EXIT_FIRMWARE:
			if (!firmware_call_get(data, size, &call))
				break;
			if (arch_firmware(m, cpu, call.a0, call.a1, call.a2, call.a3, &result,
					  exit)) {
				exit->vcpu = cpu;
				return 0;
			}
			m->reply = put_exit(data, (uint64_t)result, 1, EXIT_ACTION_ADVANCE);
			break;
		case VCPU_EXIT_MMIO:
			m->reply = mmio(m, cpu, data, size);
			break;
		case VCPU_EXIT_SYSREG:
			m->reply = sysreg(m, cpu, data, size);
			break;
		case VCPU_EXIT_FAULT:
			m->reply = fault(m, cpu, data, size);
			break;
		case VCPU_EXIT_UNKNOWN:
			m->reply = unknown(m, cpu, data, size);
			break;
		default:
			break;
		}
	}
}

void exits_answer(struct machine *m, int64_t result)
{
	m->reply = put_exit(ipc_buffer(), (uint64_t)result, 1, EXIT_ACTION_ADVANCE);
}

void exits_hold(struct machine *m)
{
	m->reply = put_exit(ipc_buffer(), 0, 0, EXIT_ACTION_ADVANCE_BLOCK);
}
