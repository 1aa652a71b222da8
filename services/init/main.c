/* SPDX-License-Identifier: BSD-2-Clause */
/* init of one core: from the boot record to running services, then their supervisor. */
#include <string.h>

#include "exit.ipc.h"
#include "grants.h"
#include "init.h"
#include "init.ipc.h"
#include "log.h"
#include "runtime.h"
#include "server.h"

struct init init;

static uint8_t first_log[PAGE] __attribute__((aligned(4096)));

/* Core 0 takes the machine along: nobody would look at it again. The others are missed by core 0.
 */
static void stop(void)
{
	fallback_last();
	if (init.record->core == 0)
		(void)core_system_off(BOOT_SLOT_CORE);
	for (;;)
		(void)thread_stop(BOOT_SLOT_THREAD);
}

static void init_exit(int status)
{
	log_line("ended with status %d", status);
	stop();
}

static struct start_page init_page = {.name = "init"};

struct start_places start_places = {
    .page = &init_page,
    .buffers = (struct message_buffer *)BOOT_BUFFER,
    .log = first_log,
    .exit = init_exit,
};

/* ---- What services tell ---- */
static struct init_service *by_badge(uint64_t badge)
{
	struct init_service *s;

	if (badge == 0 || badge > init.service_count)
		return NULL;
	s = &init.services[badge - 1];
	return s->state == SERVICE_STARTING || s->state == SERVICE_RUNNING ? s : NULL;
}

/* The callers below are stopped before these return: there is nobody to answer. */
static int32_t on_exit_call(void *self, uint64_t badge, const struct exit_request *in,
			    struct init_reply *out)
{
	struct init_service *s = by_badge(badge);

	(void)self;
	(void)out;
	if (!s)
		return BAD_STATE;
	log_line("%s ended with status %d", s->config->name, in->status);
	policy_died(s);
	return IPC_KEPT;
}

static int32_t on_vm_off(void *self, uint64_t badge, const struct vm_event *in,
			 struct init_reply *out)
{
	struct init_service *s = by_badge(badge);

	(void)self;
	(void)out;
	if (!s || !s->config->has_vm || !s->config->vm)
		return NO_RIGHT;
	policy_vm_off(s, (int32_t)in->status);
	return IPC_KEPT;
}

static int32_t on_vm_reset(void *self, uint64_t badge, const struct vm_event *in,
			   struct init_reply *out)
{
	struct init_service *s = by_badge(badge);

	(void)self;
	(void)out;
	if (!s || !s->config->has_vm || !s->config->vm)
		return NO_RIGHT;
	policy_vm_reset(s, (int32_t)in->status);
	return IPC_KEPT;
}

static int32_t on_ready(void *self, uint64_t badge, const struct ready_request *in,
			struct init_reply *out)
{
	struct init_service *s = by_badge(badge);

	(void)self;
	(void)in;
	(void)out;
	if (!s)
		return BAD_STATE;
	policy_ready(s);
	return OK;
}

static int32_t on_fault(void *self, uint64_t badge, const struct thread_fault *in,
			struct fault_reply *out)
{
	struct init_service *s = by_badge(badge);

	(void)self;
	(void)out;
	if (!s)
		return BAD_STATE;
	report_fault(s, in->kind, in->address, in->pc, in->syndrome);
	policy_died(s);
	return IPC_KEPT;
}

static int32_t serve_init(void *self, struct ipc_msg *msg)
{
	static const struct init_ops ops = {
	    .exit = on_exit_call,
	    .vm_off = on_vm_off,
	    .vm_reset = on_vm_reset,
	    .ready = on_ready,
	};

	return init_dispatch(&ops, self, msg);
}

static int32_t serve_faults(void *self, struct ipc_msg *msg)
{
	static const struct thread_faults_ops ops = {.fault = on_fault};

	return thread_faults_dispatch(&ops, self, msg);
}

static void on_signal(void *self, uint64_t bits)
{
	(void)self;
	if (bits & INIT_SIGNAL_TICK)
		policy_tick();
}

/* ---- Start ---- */
static bool make_own(void)
{
	int32_t status;

	init.port = slots_reserve(1);
	init.signal = slots_reserve(1);
	init.timer = slots_reserve(1);
	status = untyped_retype(init.objects_untyped, CAP_PORT, 0, 0, init.port, 1);
	if (status == OK)
		status = untyped_retype(init.objects_untyped, CAP_SIGNAL, 0, 0, init.signal, 1);
	if (status == OK)
		status = untyped_retype(init.objects_untyped, CAP_TIMER, 0, 0, init.timer, 1);
	if (status == OK)
		status = timer_bind(init.timer, init.signal, INIT_SIGNAL_TICK);
	if (status == OK)
		status = thread_bind(BOOT_SLOT_THREAD, init.signal);
	return status == OK || fail(status, "its own port, signal and timer");
}

static bool read_manifest(void)
{
	static struct manifest_context context = {.has_file = bundle_has};
	char name[] = "manifest.0";
	struct cpio_file file;

	context.core = init.record->core;
	name[sizeof(name) - 2] = (char)('0' + init.record->core % 10);
	if (!bundle_find(name, &file))
		return fail(NOT_FOUND, "file %s of the bundle", name);
	if (!manifest_decode(&init.manifest, file.data, file.size, &context) ||
	    !manifest_check(&init.manifest, &context)) {
		log_line("%s: %s", name, context.error);
		return false;
	}
	init.manifest_valid = true;
	init.service_count = init.manifest.services_count;
	for (uint32_t i = 0; i < init.service_count; i++)
		init.services[i].config = &init.manifest.services[i];
	return true;
}

/* From here on init's log is the console's to read; until then it collects in first_log. */
static void attach_log(void)
{
	int memory = manifest_memory(&init.manifest, "log.init");
	int console = manifest_service(&init.manifest, "console");
	const skerry_Service *s = console < 0 ? NULL : &init.manifest.services[console];
	skerry_cap frame = init.memories[memory < 0 ? 0 : memory].frames.first;

	for (pb_size_t i = 0; memory >= 0 && s && i < s->grants_count; i++) {
		const skerry_Grant *g = &s->grants[i];
		skerry_cap copy;
		uint32_t number = 0;

		if (g->kind != skerry_GrantKind_GRANT_MEMORY ||
		    strcmp(g->object, "log.init") != 0 || strncmp(g->name, "log", 3) != 0)
			continue;
		/* docs/config.md: the console's bit for "log<i>" is 32 + i. */
		for (const char *c = g->name + 3; *c >= '0' && *c <= '9' && number < 32; c++)
			number = number * 10 + (uint32_t)(*c - '0');
		copy = slots_reserve(1);
		if (number >= 30 || !copy ||
		    cspace_copy(BOOT_SLOT_CSPACE, copy, frame, RIGHT_READ | RIGHT_WRITE, 0) != OK ||
		    space_map(BOOT_SLOT_SPACE, copy, START_LOG, SPACE_ATTR_READ | SPACE_ATTR_WRITE,
			      1) != OK)
			return;
		start_places.log = (void *)START_LOG;
		log_attach(start_places.log);
		log_signal_set(init.services[console].signal, 1ull << (32 + number));
		return;
	}
}

static bool start(void)
{
	init.record = (const struct boot_record *)BOOT_RECORD;
	init.next_slot = BOOT_SLOT_FREE;
	if (init.record->magic != BOOT_MAGIC || init.record->version != ABI_VERSION) {
		log_line("the kernel is of another version");
		return false;
	}
	init_page.frequency = init.record->frequency;
	if (!memory_setup() || !make_own() || !bundle_map() || !read_manifest() || !objects_make())
		return false;
	attach_log();
	for (uint32_t i = 0; i < init.service_count; i++)
		if (!service_prepare(&init.services[i]))
			return false;
	return true;
}

int main(void)
{
	static const uint64_t seconds = INIT_AWAIT_SECONDS;
	struct server server = {
	    .serve = {[SERVER_SERVICE(INIT_EXIT)] = serve_init,
		      [SERVER_SERVICE(THREAD_FAULTS_FAULT)] = serve_faults},
	    .signal = on_signal,
	};

	ipc_thread_buffer = start_places.buffers;
	if (!start()) {
		log_line("core %u does not start", init.record->core);
		stop();
	}
	init.awaiting = (1u << init.manifest.await_cores_count) - 1;
	init.await_until = sys_counter() + policy_ticks(seconds);
	server.port = init.port;
	policy_start_next();
	policy_tick_arm();
	return server_run(&server, NULL);
}
