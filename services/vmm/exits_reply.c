/* SPDX-License-Identifier: BSD-2-Clause */
#include "exit.skerry.h"
#include "services/lib/ipc.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/exits.h"
#include "services/vmm/machine.h"

static uint64_t put(const struct machine_reply *r)
{
	const struct exit_reply out = {
	    .a0 = r->value, .action = r->action, .registers = r->registers};

	exit_reply_put(ipc_buffer(), &out);
	return INFO(0, EXIT_REPLY_SIZE, 0);
}

void exits_hold(struct machine *m, uint32_t id, uint32_t action)
{
	m->replies[id] = (struct machine_reply){
	    .slot = m->replies[id].slot, .state = MACHINE_REPLY_HELD, .action = action};
	m->held = id + 1;
}

uint64_t exits_take_answer(struct machine *m)
{
	struct machine_reply *r;

	if (m->held == 0)
		return INFO_NO_REPLY;
	r = &m->replies[m->held - 1];
	m->held = 0;
	r->state = MACHINE_REPLY_NONE;
	return put(r);
}

int32_t exits_set_return_value(void *host, uint32_t id, uint64_t value)
{
	struct machine *m = host;
	struct machine_reply *r = &m->replies[id];

	if (r->state == MACHINE_REPLY_NONE)
		return NOT_FOUND;
	r->value = value;
	r->registers = 1;
	return OK;
}

void exits_answer(struct machine *m, int64_t result)
{
	if (m->held)
		(void)exits_set_return_value(m, m->held - 1, (uint64_t)result);
}

int32_t exits_fault(void *host, uint32_t id, const struct axvm_exit *exit)
{
	struct machine *m = host;
	struct machine_reply *r = &m->replies[id];

	if (r->state == MACHINE_REPLY_NONE)
		return NOT_FOUND;
	r->action =
	    exit->reason == AXVM_EXIT_SYS_REG_READ || exit->reason == AXVM_EXIT_SYS_REG_WRITE
		? EXIT_ACTION_UNDEFINED
		: EXIT_ACTION_ABORT;
	return OK;
}

int32_t exits_park(void *host, uint32_t id)
{
	struct machine *m = host;
	struct machine_reply *r = &m->replies[id];
	int32_t status;

	if (m->held != id + 1)
		return BAD_STATE;
	m->held = 0;
	status = cspace_save_reply(START_SLOT_CSPACE, r->slot);
	r->state = status ? MACHINE_REPLY_NONE : MACHINE_REPLY_PARKED;
	return status;
}

int32_t exits_resume(void *host, uint32_t id)
{
	struct machine *m = host;
	struct machine_reply *r = &m->replies[id];
	int32_t status;

	if (r->state != MACHINE_REPLY_PARKED)
		return NOT_FOUND;
	r->state = MACHINE_REPLY_NONE;
	status = sys_reply(r->slot, put(r));
	if (status)
		(void)cspace_delete(START_SLOT_CSPACE, r->slot);
	return status;
}

void exits_forget(struct machine *m, uint32_t id)
{
	struct machine_reply *r = &m->replies[id];

	if (m->held == id + 1)
		(void)exits_park(m, id);
	if (r->state != MACHINE_REPLY_PARKED)
		return;
	/* Stopped before its reply goes, it does not execute its call again. */
	(void)vcpu_stop(m->vcpus[id]);
	(void)cspace_delete(START_SLOT_CSPACE, r->slot);
	r->state = MACHINE_REPLY_NONE;
}
