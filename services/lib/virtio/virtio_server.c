/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_server.h"

#include <stdlib.h>

#include "device.ipc.h"
#include "exit.skerry.h"
#include "grants.h"
#include "log.h"
#include "refusal.h"
#include "server.h"
#include "virtio.h"

#define PAGE 4096
#define REGISTERS 0x200u /* bytes, the configuration space included */
#define DOORBELL 1ull

bool virtio_server_attach(struct virtio_server *s, size_t state_bytes, uint32_t version)
{
	const size_t flights = sizeof(*s->device->flights) * s->device->identity.queues;
	void *state = grant_memory("state", PAGE);
	bool fresh;

	s->line = grant_slot("line");
	s->device->flights = grant_memory("ledger", flights);
	if (state && s->line && s->device->flights &&
	    state_open(&s->device->state, state, PAGE, state_bytes, version, &fresh))
		return true;
	log_line("%s: grants state (4 KiB), ledger and line are needed", s->program);
	return false;
}

bool virtio_server_attach_ram(struct virtio_server *s, const skerry_GuestMemory *config,
			      uint32_t count)
{
	struct virtio_ram *ram = &s->device->ram;
	char name[] = "ram0";

	for (uint32_t i = 0; i < count && i < VIRTIO_RAM_REGIONS; i++) {
		const skerry_GuestMemory *m = &config[i];

		name[3] = (char)('0' + i);
		ram->regions[i].gpa = m->gpa;
		ram->regions[i].size = m->size;
		ram->regions[i].at = grant_memory(name, m->size);
		if (!ram->regions[i].at || m->gpa % PAGE != 0 || m->size == 0 ||
		    m->size - 1 > UINT64_MAX - m->gpa) {
			log_line("%s: grant %s is needed, page aligned, as large as the "
				 "configuration says",
				 s->program, name);
			return false;
		}
	}
	ram->count = count < VIRTIO_RAM_REGIONS ? count : VIRTIO_RAM_REGIONS;
	virtio_ram_join(ram);
	return true;
}

static void set_line(struct virtio_server *s)
{
	bool up = virtio_device_line(s->device);

	if (up == s->raised)
		return;
	s->raised = up;
	(void)(up ? line_raise(s->line) : line_lower(s->line));
}

static void serve(struct virtio_server *s)
{
	if (s->serve(s->self))
		(void)sys_signal(START_SLOT_SIGNAL, DOORBELL);
	set_line(s);
}

static void signal(void *self, uint64_t bits)
{
	(void)bits;
	serve(self);
}

static int32_t mmio(void *self, uint64_t badge, const struct mmio_access *in,
		    struct access_reply *out)
{
	struct virtio_server *s = self;
	const struct virtio_access a = {
	    .offset = in->address, .value = in->value, .width = in->width, .write = in->write};

	(void)badge;
	if (virtio_device_access(s->device, in->sequence, &a, &out->value, &out->action))
		(void)sys_signal(START_SLOT_SIGNAL, DOORBELL);
	if (out->action == EXIT_ACTION_ABORT)
		refusal_tell(in);
	set_line(s);
	return 0;
}

static int32_t describe(void *self, uint64_t badge, const struct device_query *in,
			skerry_DeviceInfo *out)
{
	const struct virtio_server *s = self;

	(void)badge;
	(void)in;
	*out = (skerry_DeviceInfo){
	    .compatible = "virtio,mmio",
	    .length = REGISTERS,
	    .has_doorbell_offset = true,
	    .doorbell_offset = VIRTIO_QUEUE_NOTIFY,
	    .has_doorbells = true,
	    .doorbells = s->device->identity.queues,
	};
	return 0;
}

static int32_t serve_device(void *self, struct ipc_msg *msg)
{
	static const struct device_ops ops = {.describe = describe};

	return device_dispatch(&ops, self, msg);
}

int virtio_server_run(struct virtio_server *s)
{
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .mmio = mmio,
	    .serve = {[DEVICE_SERVICE] = serve_device},
	    .signal = signal,
	};

	virtio_device_resume(s->device);
	/* What the line was before is not known here. */
	s->raised = !virtio_device_line(s->device);
	set_line(s);
	serve(s);
	server_ready();
	return server_run(&server, s) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
