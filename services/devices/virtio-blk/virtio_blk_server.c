/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serves a guest's virtio block device. QueueNotify comes as a doorbell bit, or as an ordinary
 * access. After every few requests the line follows, so that the guest need not wait for the whole
 * queue. A register access does wait for it: a signal that is raised comes before any message
 * (docs/abi.md). Grants: docs/config.md.
 */
#include <pb_decode.h>
#include <stdlib.h>
#include <string.h>

#include "device.ipc.h"
#include "exit.skerry.h"
#include "grants.h"
#include "log.h"
#include "refusal.h"
#include "server.h"
#include "services.pb.h"
#include "sys.h"
#include "virtio.h"
#include "virtio_blk.h"

#define STATE_VERSION 1
#define PAGE 4096
#define REGISTERS 0x200u /* bytes, the configuration space included */
#define SECTOR 512
#define TURN 4 /* requests */
#define DOORBELL 1ull

struct disk {
	struct virtio_blk blk;
	skerry_cap line;
	bool raised;
};

static void set_line(struct disk *d)
{
	bool up = virtio_blk_line(&d->blk);

	if (up == d->raised)
		return;
	d->raised = up;
	(void)(up ? line_raise(d->line) : line_lower(d->line));
}

static void serve(struct disk *d)
{
	if (virtio_blk_serve(&d->blk, TURN))
		(void)sys_signal(START_SLOT_SIGNAL, DOORBELL);
	set_line(d);
}

static void signal(void *self, uint64_t bits)
{
	(void)bits;
	serve(self);
}

static int32_t mmio(void *self, uint64_t badge, const struct mmio_access *in,
		    struct access_reply *out)
{
	struct disk *d = self;
	const struct virtio_access a = {
	    .offset = in->address, .value = in->value, .width = in->width, .write = in->write};

	(void)badge;
	if (virtio_blk_access(&d->blk, in->sequence, &a, &out->value, &out->action))
		(void)sys_signal(START_SLOT_SIGNAL, DOORBELL);
	if (out->action == EXIT_ACTION_ABORT)
		refusal_tell(in);
	set_line(d);
	return 0;
}

static int32_t describe(void *self, uint64_t badge, const struct device_query *in,
			skerry_DeviceInfo *out)
{
	(void)self;
	(void)badge;
	(void)in;
	*out = (skerry_DeviceInfo){
	    .compatible = "virtio,mmio",
	    .length = REGISTERS,
	    .has_doorbell_offset = true,
	    .doorbell_offset = VIRTIO_QUEUE_NOTIFY,
	    .has_doorbells = true,
	    .doorbells = 1,
	};
	return 0;
}

static int32_t serve_device(void *self, struct ipc_msg *msg)
{
	static const struct device_ops ops = {.describe = describe};

	return device_dispatch(&ops, self, msg);
}

static bool attach_ram(struct virtio_ram *ram, const skerry_BlkConfig *config)
{
	char name[] = "ram0";

	for (uint32_t i = 0; i < config->ram_count; i++) {
		const skerry_GuestMemory *m = &config->ram[i];

		name[3] = (char)('0' + i);
		ram->regions[i].gpa = m->gpa;
		ram->regions[i].size = m->size;
		ram->regions[i].at = grant_memory(name, m->size);
		if (!ram->regions[i].at || m->gpa % PAGE != 0 || m->size == 0 ||
		    m->size - 1 > UINT64_MAX - m->gpa) {
			log_line("virtio-blk: grant %s is needed, page aligned, as large as the "
				 "configuration says",
				 name);
			return false;
		}
	}
	ram->count = config->ram_count;
	virtio_ram_join(ram);
	return true;
}

static bool attach_backend(struct blk_backend *backend, const skerry_BlkConfig *config)
{
	const struct start_grant *transfer = grant_find("transfer");
	skerry_cap port = grant_slot("backend");
	void *disk;

	if (config->sectors == 0 || config->sectors > UINT64_MAX / 2 / SECTOR) {
		log_line("virtio-blk: a disk of %llu sectors is not possible",
			 (unsigned long long)config->sectors);
		return false;
	}
	if (config->backend == skerry_BlkConfig_Backend_MEMORY) {
		disk = grant_memory("disk", config->sectors * SECTOR);
		if (disk)
			blk_memory_open(backend, disk, config->sectors * SECTOR);
		else
			log_line("virtio-blk: grant disk of %llu sectors is needed",
				 (unsigned long long)config->sectors);
		return disk != NULL;
	}
	if (!transfer || !transfer->address || !port) {
		log_line("virtio-blk: grants backend and transfer are needed");
		return false;
	}
	disk = grant_memory("transfer", 0);
	if (blk_remote_open(backend, port, disk, transfer->size, config->sectors))
		return true;
	log_line("virtio-blk: the backend does not answer, or its range is shorter than %llu "
		 "sectors",
		 (unsigned long long)config->sectors);
	return false;
}

static bool attach_memory(struct disk *d)
{
	void *state = grant_memory("state", PAGE);
	bool fresh;

	d->line = grant_slot("line");
	d->blk.flight = grant_memory("ledger", sizeof(*d->blk.flight));
	if (state && d->line && d->blk.flight &&
	    state_open(&d->blk.state, state, PAGE, sizeof(struct virtio_blk_state), STATE_VERSION,
		       &fresh))
		return true;
	log_line("virtio-blk: grants state (4 KiB), ledger and line are needed");
	return false;
}

static bool start(struct disk *d)
{
	skerry_BlkConfig config = skerry_BlkConfig_init_zero;
	uint32_t size;
	const void *bytes = start_config(&size);
	pb_istream_t in = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&in, skerry_BlkConfig_fields, &config)) {
		log_line("virtio-blk: the configuration is not a BlkConfig");
		return false;
	}
	if (!attach_memory(d) || !attach_ram(&d->blk.ram, &config) ||
	    !attach_backend(&d->blk.backend, &config))
		return false;
	d->blk.sectors = config.sectors;
	d->blk.read_only = config.read_only;
	memcpy(d->blk.id, start_page()->name, sizeof(d->blk.id)); /* cut, not terminated: 5.2.6 */
	virtio_blk_describe(&d->blk);
	return true;
}

int main(void)
{
	static struct disk disk;
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .mmio = mmio,
	    .serve = {[DEVICE_SERVICE] = serve_device},
	    .signal = signal,
	};

	if (!start(&disk))
		return EXIT_FAILURE;
	virtio_blk_resume(&disk.blk);
	/* What the line was before is not known here. */
	disk.raised = !virtio_blk_line(&disk.blk);
	set_line(&disk);
	serve(&disk);
	server_ready();
	return server_run(&server, &disk) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
