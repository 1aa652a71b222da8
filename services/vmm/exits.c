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
#include "services/lib/server.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/axvm_rpc.h"
#include "services/vmm/exits.h"
#include "services/vmm/hypercall.h"
#include "services/vmm/machine_parts.h"
#include "services/vmm/incident_place.h"
#include "services/vmm/vmm_arch.h"
#include "services/vmm/machine.h"

/* Answers what is no exit of ours: a status of this server. */
#define EXITS_REFUSED INFO(1, 0, 0)

static void report_missed(const struct machine *m, uint32_t missed)
{
	if (missed)
		log_line("vmm %s: %u more like the lines above", m->config->name, missed);
}

void exits_report_rest(struct machine *m)
{
	report_missed(m, incident_rest(&m->incidents));
}

void exits_report(struct machine *m, const char *format, ...)
{
	char text[200];
	uint32_t missed = 0;
	va_list args;

	if (!incident_allowed(&m->incidents, sys_counter(), &missed))
		return;
	va_start(args, format);
	log_format(text, sizeof(text), format, args);
	va_end(args);
	report_missed(m, missed);
	log_line("vmm %s: %s", m->config->name, text);
}

static void report_access(struct machine *m, uint32_t cpu, bool write, uint32_t width,
			  uint64_t address)
{
	char place[128];

	incident_place(m->vm, address, place, sizeof(place));
	exits_report(m, "vcpu %u: %s of %u bytes at 0x%08lx: %s", cpu, write ? "write" : "read",
		     width, (unsigned long)address, place);
}

static uint64_t put_access(uint8_t *data, uint64_t value, uint32_t action)
{
	const struct access_reply out = {.value = value, .action = action};

	access_reply_put(data, &out);
	return INFO(0, ACCESS_REPLY_SIZE, 0);
}

static uint64_t put_exit(uint8_t *data, uint32_t action)
{
	const struct exit_reply out = {.action = action};

	exit_reply_put(data, &out);
	return INFO(0, EXIT_REPLY_SIZE, 0);
}

/* Where the architecture has nothing: a device of the VM's list, else an exception. */
static __attribute__((noinline)) uint64_t mmio_rest(struct machine *m, uint32_t cpu,
						    const struct mmio_access *in, uint8_t *data)
{
	uint64_t value = in->value;

	if (axvm_access(m->vm, AXVM_BUS_MMIO, cpu, in->address, in->width, in->write, &value))
		return put_access(data, value, EXIT_ACTION_ADVANCE);
	if (machine_touch(m, in->address))
		return put_access(data, 0, EXIT_ACTION_RESUME);
	report_access(m, cpu, in->write, in->width, in->address);
	return put_access(data, 0, EXIT_ACTION_ABORT);
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
	return mmio_rest(m, cpu, &in, data);
}

static __attribute__((noinline)) uint64_t sysreg_rest(struct machine *m, uint32_t cpu, uint32_t reg,
						      bool write, uint64_t value, uint8_t *data)
{
	char name[24];

	if (axvm_access(m->vm, AXVM_BUS_SYS_REG, cpu, reg, sizeof(value), write, &value))
		return put_access(data, value, EXIT_ACTION_ADVANCE);
	arch_sysreg_name(reg, name);
	exits_report(m, "vcpu %u: %s of system register %s: undefined", cpu,
		     write ? "write" : "read", name);
	return put_access(data, 0, EXIT_ACTION_UNDEFINED);
}

static uint64_t sysreg(struct machine *m, uint32_t cpu, uint8_t *data, size_t size)
{
	struct sysreg_access in;
	uint64_t value;

	if (!sysreg_access_get(data, size, &in))
		return EXITS_REFUSED;
	value = in.value;
	if (arch_sysreg(m, cpu, in.reg, in.write, &value))
		return put_access(data, value, EXIT_ACTION_ADVANCE);
	return sysreg_rest(m, cpu, in.reg, in.write, value, data);
}

static uint64_t fault(struct machine *m, uint32_t cpu, uint8_t *data, size_t size)
{
	struct fault_exit in;
	char place[128];
	uint32_t action;

	if (!fault_exit_get(data, size, &in))
		return EXITS_REFUSED;
	if (machine_touch(m, in.address))
		return put_exit(data, EXIT_ACTION_RESUME);
	action = arch_fault(m, cpu, in.sequence, in.virtual, in.syndrome);
	if (action != EXIT_ACTION_ABORT)
		return put_exit(data, action);
	incident_place(m->vm, in.address, place, sizeof(place));
	exits_report(
	    m, "vcpu %u: access at 0x%08lx by pc 0x%lx cannot be served: %s (syndrome 0x%lx)", cpu,
	    (unsigned long)(INCIDENT_PAGE_UNKNOWN(in.address) ? in.virtual : in.address),
	    (unsigned long)in.pc, place, (unsigned long)in.syndrome);
	return put_exit(data, EXIT_ACTION_ABORT);
}

static uint64_t unknown(struct machine *m, uint32_t cpu, uint8_t *data, size_t size)
{
	struct unknown_exit in;

	if (!unknown_exit_get(data, size, &in))
		return EXITS_REFUSED;
	exits_report(m, "vcpu %u: instruction at 0x%lx is not supported (syndrome 0x%lx)", cpu,
		     (unsigned long)in.pc, (unsigned long)in.syndrome);
	return put_exit(data, EXIT_ACTION_UNDEFINED);
}

/* A call of the VM as an object, by who has the port without a vCPU's badge: info of its answer. */
static __attribute__((noinline)) uint64_t manage(struct machine *m, uint64_t info, uint8_t *data)
{
	struct ipc_msg msg = {
	    .method = (uint32_t)(info >> INFO_LABEL_SHIFT),
	    .data = data,
	    .size = info & INFO_LENGTH_MASK,
	};
	int32_t status = axvm_rpc(m->server, &msg);

	return status == IPC_KEPT ? INFO_NO_REPLY : INFO(status, msg.size, 0);
}

/* Whether a call was such that the loop's caller has to look. */
static __attribute__((noinline)) bool leaves(struct machine *m, struct axvm_exit *exit)
{
	const bool down = m->vm && axvm_shutting_down(m->vm), leave = m->server->leave;

	m->server->leave = false;
	if (leave)
		*exit =
		    (struct axvm_exit){.reason = down ? AXVM_EXIT_SYSTEM_DOWN : AXVM_EXIT_NOTHING,
				       .vcpu = AXVM_NO_VCPU};
	return leave;
}

/* The exits beside firmware calls and system registers: returns the reply. */
static __attribute__((noinline)) uint64_t serve(struct machine *m, uint32_t cpu, uint64_t info,
						uint8_t *data)
{
	size_t size = info & INFO_LENGTH_MASK;

	switch (info >> INFO_LABEL_SHIFT) {
	case VCPU_EXIT_MMIO:
		return mmio(m, cpu, data, size);
	case VCPU_EXIT_FAULT:
		return fault(m, cpu, data, size);
	case VCPU_EXIT_UNKNOWN:
		return unknown(m, cpu, data, size);
	default:
		return EXITS_REFUSED;
	}
}

/*
 * A call that is not answered at once: an exit of the caller's, which is held until then, or one of
 * ours; true: it is the caller's, else *reply answers it. The call is read once more, so that
 * the common ones keep what they need of it in registers.
 */
static __attribute__((noinline)) bool hold(struct machine *m, uint32_t cpu,
					   struct arch_answer answer, struct axvm_exit *exit,
					   uint64_t *reply)
{
	uint8_t *data = ipc_buffer();
	struct firmware_call call;
	bool down;

	if (!firmware_call_get(data, FIRMWARE_CALL_SIZE, &call) ||
	    !arch_firmware_exit(m, cpu, answer, &call, exit)) {
		*reply = put_access(data, (uint64_t)answer.result, EXIT_ACTION_ADVANCE);
		return false;
	}
	exit->vcpu = cpu;
	m->exited = cpu;
	if (exit->reason == AXVM_EXIT_HYPERCALL && exit->nr == HYPERCALL_PRINT) {
		*reply = put_access(data, (uint64_t)hypercall(m, exit), EXIT_ACTION_ADVANCE);
		return false;
	}
	/* A vCPU that turns itself off is off before the caller hears of it. */
	down = exit->reason == AXVM_EXIT_CPU_DOWN;
	exits_hold(m, cpu, down ? EXIT_ACTION_ADVANCE_BLOCK : EXIT_ACTION_ADVANCE);
	if (down) {
		m->started[cpu] = false;
		arch_vcpu_power(m, cpu, false);
	}
	return true;
}

int32_t exits_run(void *host, uint32_t id, struct axvm_exit *exit)
{
	struct machine *m = host;
	uint8_t *data = ipc_buffer();
	const uint32_t cpus = m->config->cpu_num;
	int32_t status = id == EXITS_NO_VCPU ? OK : machine_vcpu_start(m, id);
	uint64_t reply = status ? INFO_NO_REPLY : exits_take_answer(m);

	while (status == OK) {
		struct sys_message in = sys_reply_wait(START_SLOT_PORT, reply);
		uint32_t cpu = (uint32_t)in.extra - 1; /* the badge, see machine_vcpu.c */
		struct firmware_call call;
		struct arch_answer answer;
		uint64_t late; /* apart from `reply`, which stays in a register */

		status = in.status;
		if (status != OK || (in.info & INFO_SIGNAL)) {
			if (status == OK)
				machine_signalled(m, in.extra);
			else if (server_recover(status, reply))
				status = OK;
			reply = INFO_NO_REPLY;
			continue;
		}
		reply = EXITS_REFUSED;
		if (__builtin_expect(cpu >= cpus, 0)) {
			if (in.extra - 1 >= AXVM_VCPUS)
				reply = manage(m, in.info, data);
			if (!leaves(m, exit))
				continue;
			if (reply != INFO_NO_REPLY) /* whether or not the caller is still there */
				(void)sys_reply(0, reply);
			return OK;
		}
		if (in.info != INFO(VCPU_EXIT_FIRMWARE, FIRMWARE_CALL_SIZE, 0)) {
			reply = in.info == INFO(VCPU_EXIT_SYSREG, SYSREG_ACCESS_SIZE, 0)
				    ? sysreg(m, cpu, data, SYSREG_ACCESS_SIZE)
				    : serve(m, cpu, in.info, data);
			continue;
		}
		if (!firmware_call_get(data, FIRMWARE_CALL_SIZE, &call))
			continue;
		answer = arch_firmware(m, call.a0, call.a1, call.a2);
		if (!answer.exit)
			reply = put_access(data, (uint64_t)answer.result, EXIT_ACTION_ADVANCE);
		else if (hold(m, cpu, answer, exit, &late))
			return OK;
		else
			reply = late;
	}
	return status;
}
