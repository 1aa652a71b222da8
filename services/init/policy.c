/* SPDX-License-Identifier: BSD-2-Clause */
/* When services start, what happens when one dies, and when the core or the machine goes off. */
#include "init.h"
#include "log.h"

#define POWER_DELAY_MS 100u /* for what is on its way to the console */

uint64_t policy_ticks(uint64_t seconds)
{
	return seconds * init.record->frequency;
}

static uint64_t milliseconds(uint64_t ms)
{
	return ms * init.record->frequency / 1000;
}

/* ---- Time: a tick while anything is waited for ---- */
static bool is_waiting(void)
{
	if (init.awaiting || init.power_at)
		return true;
	for (uint32_t i = 0; i < init.service_count; i++)
		if (init.services[i].state == SERVICE_STARTING)
			return true;
	return false;
}

void policy_tick_arm(void)
{
	if (init.ticking || !is_waiting())
		return;
	init.ticking = timer_set(init.timer, sys_counter() + milliseconds(INIT_TICK_MS)) == OK;
}

/* ---- Power ---- */
static void power_off(void)
{
	int32_t status = UNSUPPORTED;

	switch (init.manifest.last_vm_off) {
	case skerry_LastVmOff_LAST_VM_SYSTEM_OFF:
		status = core_system_off(BOOT_SLOT_CORE);
		break;
	case skerry_LastVmOff_LAST_VM_CORE_OFF:
		status = core_off(BOOT_SLOT_CORE);
		break;
	case skerry_LastVmOff_LAST_VM_NOTHING:
		return;
	}
	(void)fail(status, "going off");
}

/*
 * After the last VM, and the awaited cores: the machine goes off in any case; a single core only if
 * all went well, since that is how the other cores learn of it. From now on everything else runs
 * before init, so that what was printed reaches the wire.
 */
static void check_last_vm(void)
{
	bool any = false, well = true;

	for (uint32_t i = 0; i < init.service_count; i++) {
		const struct init_service *s = &init.services[i];

		if (!s->config->has_vm || !s->config->vm)
			continue;
		any = true;
		well = well && s->status == 0;
		if (s->state != SERVICE_ENDED)
			return;
	}
	if (!any || init.manifest.last_vm_off == skerry_LastVmOff_LAST_VM_NOTHING)
		return;
	if (init.manifest.last_vm_off == skerry_LastVmOff_LAST_VM_CORE_OFF && !well) {
		log_line("core %u stays on: a VM ended with an error", init.record->core);
		return;
	}
	if (!init.power_at)
		init.power_at = sys_counter() + milliseconds(POWER_DELAY_MS);
	(void)core_schedule(BOOT_SLOT_CORE, BOOT_SLOT_THREAD, 0, 5000000, 5000000);
	policy_tick_arm();
}

static void check_awaited(void)
{
	for (uint32_t i = 0; i < init.manifest.await_cores_count; i++) {
		uint32_t core = init.manifest.await_cores[i], power = CORE_IS_ON;

		if (!(init.awaiting & 1u << i))
			continue;
		if (core_power(BOOT_SLOT_CORE, core, &power) == OK && power == CORE_IS_OFF)
			log_line("core %u finished its self-test and is off", core);
		else if (sys_counter() > init.await_until)
			log_line("core %u did not finish its self-test", core);
		else
			continue;
		init.awaiting &= ~(1u << i);
		if (init.power_at)
			init.power_at = sys_counter() + milliseconds(POWER_DELAY_MS);
	}
}

/* ---- Starting ---- */
void policy_start_next(void)
{
	for (uint32_t i = 0; i < init.service_count; i++)
		if (init.services[i].state == SERVICE_STARTING)
			return;
	for (uint32_t i = 0; i < init.service_count; i++) {
		struct init_service *s = &init.services[i];

		if (s->state != SERVICE_QUEUED)
			continue;
		if (service_start(s)) {
			s->state = SERVICE_STARTING;
			policy_tick_arm();
			return;
		}
		log_line("%s was not started", s->config->name);
		service_stop(s);
		s->state = SERVICE_ENDED;
		s->status = -1;
		fallback_show();
	}
	check_last_vm();
}

void policy_ready(struct init_service *s)
{
	if (s->state != SERVICE_STARTING)
		return;
	s->state = SERVICE_RUNNING;
	policy_start_next();
}

static void check_ready(void)
{
	for (uint32_t i = 0; i < init.service_count; i++) {
		struct init_service *s = &init.services[i];

		if (s->state != SERVICE_STARTING ||
		    sys_counter() - s->started < policy_ticks(INIT_READY_SECONDS))
			continue;
		log_line("%s is not ready after %u s; going on without it", s->config->name,
			 INIT_READY_SECONDS);
		fallback_show();
		policy_ready(s);
	}
}

/* ---- Dying ---- */
/* Whether one more start is allowed; a service that dies all the time would take the core. */
static bool may_restart(struct init_service *s)
{
	uint64_t now = sys_counter();
	uint64_t *oldest = &s->deaths[s->death_count % INIT_RESTARTS];
	bool often =
	    s->death_count >= INIT_RESTARTS && now - *oldest < policy_ticks(INIT_RESTART_SECONDS);

	*oldest = now;
	s->death_count++;
	return !often;
}

static void end_one(struct init_service *s)
{
	if (s->state == SERVICE_STARTING || s->state == SERVICE_RUNNING)
		service_stop(s);
	s->state = SERVICE_ENDED;
}

static void fail_one(struct init_service *s)
{
	if (s->state != SERVICE_ENDED && s->config->has_vm && s->config->vm)
		log_line("%s ends, too", s->config->name);
	end_one(s);
	s->status = -1;
}

static void for_group(uint32_t group, void (*f)(struct init_service *))
{
	for (uint32_t i = 0; i < init.service_count; i++)
		if (init.services[i].config->group == group)
			f(&init.services[i]);
}

static void queue_one(struct init_service *s)
{
	s->state = SERVICE_QUEUED;
	s->status = 0;
}

static void restart_group(uint32_t group)
{
	for_group(group, end_one);
	if (objects_renew_group(group))
		for_group(group, queue_one);
}

void policy_died(struct init_service *s)
{
	skerry_RestartPolicy restart =
	    s->config->has_restart ? s->config->restart : skerry_RestartPolicy_RESTART_NEVER;

	end_one(s);
	s->status = -1;
	if (restart != skerry_RestartPolicy_RESTART_NEVER && !may_restart(s)) {
		log_line("%s died %u times in %u s and is not restarted", s->config->name,
			 INIT_RESTARTS + 1, INIT_RESTART_SECONDS);
		restart = skerry_RestartPolicy_RESTART_NEVER;
	}
	if (restart == skerry_RestartPolicy_RESTART_GROUP) {
		log_line("%s and its group start again", s->config->name);
		restart_group(s->config->group);
	} else if (restart == skerry_RestartPolicy_RESTART_ALWAYS) {
		log_line("%s starts again", s->config->name);
		if (objects_renew_own(service_index(s)))
			queue_one(s);
	} else if (s->config->group) {
		/* A vCPU would wait for ever for a device that nobody serves. */
		for_group(s->config->group, fail_one);
	}
	fallback_show();
	policy_start_next();
}

void policy_vm_off(struct init_service *s, int32_t status)
{
	if (status)
		log_line("%s stopped its VM (status %d)", s->config->name, status);
	if (s->config->group)
		for_group(s->config->group, end_one);
	else
		end_one(s);
	s->status = status;
	policy_start_next();
	check_last_vm();
}

void policy_vm_reset(struct init_service *s, int32_t status)
{
	if (status)
		log_line("%s resets its VM (status %d)", s->config->name, status);
	if (!s->config->group || !may_restart(s)) {
		log_line("%s: no more resets of its VM", s->config->name);
		policy_vm_off(s, -1);
		return;
	}
	restart_group(s->config->group);
	policy_start_next();
}

void policy_tick(void)
{
	init.ticking = false;
	check_awaited();
	check_ready();
	if (init.power_at && !init.awaiting && sys_counter() >= init.power_at) {
		init.power_at = 0;
		power_off();
	}
	policy_tick_arm();
}
