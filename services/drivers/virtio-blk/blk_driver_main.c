/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serves Block to the clients of the configuration, each with its range of the disk and its own
 * transfer memory. A call stays unanswered until the device is done. Grants: docs/config.md.
 *
 * A client has one request in the device at a time. If it dies meanwhile, its successor's first
 * request waits until the old one has landed: else the device could still read transfer memory
 * that holds the data of another request by then.
 */
#include <pb_decode.h>
#include <stdlib.h>

#include "blk_driver.h"
#include "block.ipc.h"
#include "grants.h"
#include "log.h"
#include "server.h"
#include "services.pb.h"
#include "services/lib/virtio/virtio.h"
#include "sys.h"

#define PAGE 4096
#define SECTOR 512
#define CLIENTS 8

struct request {
	uint32_t type;
	uint64_t sector, address;
	uint32_t bytes;
};

struct client {
	const skerry_BlkClient *range;
	uint64_t address; /* of the transfer memory, physical */
	uint32_t bytes;
	bool in_flight, waiting; /* a request is in the device; the next one waits */
	struct request next;	 /* the one that waits */
	skerry_cap reply[2];	 /* callers: of what is in flight, of what waits */
};

struct disk {
	struct blk_driver driver;
	skerry_BlkDriverConfig config;
	struct client clients[CLIENTS];
	struct client *owners[BLK_FLIGHTS];
	skerry_cap irq;
};

uint32_t blk_get(void *device, uint32_t offset)
{
	return *(volatile uint32_t *)((uint8_t *)device + offset);
}

void blk_put(void *device, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)((uint8_t *)device + offset) = value;
}

/* The client of a badge; null if there is none. */
static struct client *client_of(struct disk *d, uint64_t badge)
{
	return badge >= 1 && badge <= d->config.clients_count ? &d->clients[badge - 1] : NULL;
}

static bool read_only(const struct disk *d, const struct client *c)
{
	return d->driver.read_only || c->range->read_only;
}

static int32_t info(void *self, uint64_t badge, const struct block_empty *in,
		    struct block_info *out)
{
	struct disk *d = self;
	const struct client *c = client_of(d, badge);
	uint64_t there;

	(void)in;
	if (!c)
		return BLOCK_OUT_OF_RANGE;
	there = d->driver.sectors > c->range->first_sector
		    ? d->driver.sectors - c->range->first_sector
		    : 0;
	out->sectors = c->range->sectors < there ? c->range->sectors : there;
	out->transfer_bytes = c->bytes;
	out->read_only = read_only(d, c);
	return 0;
}

/* A BlockStatus. */
static uint32_t check(const struct disk *d, const struct client *c, const struct block_transfer *in)
{
	uint64_t sectors = in->bytes / SECTOR;

	if (!c || in->bytes == 0 || in->bytes % SECTOR != 0 || in->offset % SECTOR != 0)
		return BLOCK_OUT_OF_RANGE;
	if (in->offset > c->bytes || in->bytes > c->bytes - in->offset)
		return BLOCK_OUT_OF_RANGE;
	if (in->sector > c->range->sectors || sectors > c->range->sectors - in->sector)
		return BLOCK_OUT_OF_RANGE;
	if (c->range->first_sector + in->sector + sectors > d->driver.sectors)
		return BLOCK_OUT_OF_RANGE;
	return BLOCK_OK;
}

static void answer(skerry_cap caller, uint32_t status)
{
	const struct block_done done = {.status = status};

	block_done_put(ipc_buffer(), &done);
	(void)server_answer(caller, 0, BLOCK_DONE_SIZE);
}

/* There are more flights than clients, so one is always free. */
static bool launch(struct disk *d, struct client *c, const struct request *r)
{
	int32_t flight = blk_driver_submit(&d->driver, r->type, r->sector, r->address, r->bytes);

	if (flight < 0)
		return false;
	d->owners[flight] = c;
	c->in_flight = true;
	return true;
}

/* Starts the request, or puts it behind the one in flight, and keeps its caller waiting. */
static int32_t submit(struct disk *d, struct client *c, const struct request *r,
		      struct block_done *out)
{
	if (c->waiting)
		answer(c->reply[1], BLOCK_IO_ERROR);
	c->waiting = false;
	if (server_keep_reply(c->reply[c->in_flight]) != OK) {
		out->status = BLOCK_IO_ERROR;
		return 0;
	}
	if (c->in_flight) {
		c->next = *r;
		c->waiting = true;
	} else if (!launch(d, c, r)) {
		answer(c->reply[0], BLOCK_IO_ERROR);
	}
	return IPC_KEPT;
}

static void landed(struct disk *d, struct client *c, bool ok)
{
	skerry_cap next = c->reply[1];

	answer(c->reply[0], ok ? BLOCK_OK : BLOCK_IO_ERROR);
	c->in_flight = false;
	if (!c->waiting)
		return;
	c->reply[1] = c->reply[0];
	c->reply[0] = next;
	c->waiting = false;
	if (!launch(d, c, &c->next))
		answer(c->reply[0], BLOCK_IO_ERROR);
}

static int32_t move(struct disk *d, uint64_t badge, const struct block_transfer *in,
		    struct block_done *out, uint32_t type)
{
	struct client *c = client_of(d, badge);
	struct request r = {.type = type, .bytes = in->bytes};

	out->status = check(d, c, in);
	if (out->status != BLOCK_OK)
		return 0;
	if (type == VIRTIO_BLK_OUT && read_only(d, c)) {
		out->status = BLOCK_READ_ONLY;
		return 0;
	}
	r.sector = c->range->first_sector + in->sector;
	r.address = c->address + in->offset;
	return submit(d, c, &r, out);
}

static int32_t read(void *self, uint64_t badge, const struct block_transfer *in,
		    struct block_done *out)
{
	return move(self, badge, in, out, VIRTIO_BLK_IN);
}

static int32_t write(void *self, uint64_t badge, const struct block_transfer *in,
		     struct block_done *out)
{
	return move(self, badge, in, out, VIRTIO_BLK_OUT);
}

static int32_t flush(void *self, uint64_t badge, const struct block_empty *in,
		     struct block_done *out)
{
	static const struct request r = {.type = VIRTIO_BLK_FLUSH};
	struct disk *d = self;
	struct client *c = client_of(d, badge);

	(void)in;
	if (!c)
		out->status = BLOCK_OUT_OF_RANGE;
	if (!c || !d->driver.flushes)
		return 0;
	return submit(d, c, &r, out);
}

static int32_t serve_block(void *self, struct ipc_msg *msg)
{
	static const struct block_ops ops = {
	    .info = info, .read = read, .write = write, .flush = flush};

	return block_dispatch(&ops, self, msg);
}

static void signal(void *self, uint64_t bits)
{
	struct disk *d = self;
	int32_t flight;
	bool ok;

	(void)bits;
	blk_driver_interrupt(&d->driver);
	while ((flight = blk_driver_next(&d->driver, &ok)) >= 0)
		landed(d, d->owners[flight], ok);
	(void)irq_ack(d->irq);
}

static bool attach_client(struct disk *d, uint32_t i)
{
	char name[] = "transfer1";
	const struct start_grant *g;
	struct client *c = &d->clients[i];

	name[8] = (char)('1' + i);
	g = grant_find(name);
	c->range = &d->config.clients[i];
	c->reply[0] = slots_take(2);
	c->reply[1] = c->reply[0] + 1;
	if (!g || !c->reply[0] || g->count != 1 || frame_address(g->slot, &c->address) != OK) {
		log_line("virtio-blk-driver: grant %s, one frame with the right to DMA, is needed",
			 name);
		return false;
	}
	c->bytes = 1u << g->order;
	if (c->range->sectors > UINT64_MAX - c->range->first_sector ||
	    c->range->first_sector + c->range->sectors > d->driver.sectors)
		log_line("virtio-blk-driver: the disk has %llu sectors, the range of %s ends "
			 "behind it",
			 (unsigned long long)d->driver.sectors, c->range->name);
	return true;
}

static bool attach_device(struct disk *d)
{
	uint8_t *device = grant_memory("device", PAGE);
	const struct start_grant *dma = grant_find("dma");
	const char *problem;

	d->irq = grant_slot("irq");
	if (!device || !dma || !dma->address || dma->order < 14 || !d->irq ||
	    frame_address(dma->slot, &d->driver.dma_address) != OK) {
		log_line("virtio-blk-driver: grants device, irq and dma are needed");
		return false;
	}
	d->driver.dma = grant_memory("dma", BLK_DMA_BYTES);
	d->driver.device = device + d->config.device_offset;
	problem = blk_driver_start(&d->driver);
	if (problem)
		log_line("virtio-blk-driver: %s", problem);
	return problem == NULL;
}

static bool start(struct disk *d)
{
	uint32_t size;
	const void *bytes = start_config(&size);
	pb_istream_t in = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&in, skerry_BlkDriverConfig_fields, &d->config) ||
	    d->config.device_offset % 0x200 != 0 || d->config.device_offset >= PAGE) {
		log_line("virtio-blk-driver: the configuration is not a BlkDriverConfig");
		return false;
	}
	if (!d->config.dma) {
		log_line("virtio-blk-driver: the disk does DMA; the system file must say dma = "
			 "\"unprotected\"");
		return false;
	}
	if (!attach_device(d))
		return false;
	for (uint32_t i = 0; i < d->config.clients_count; i++)
		if (!attach_client(d, i))
			return false;
	return true;
}

int main(void)
{
	static struct disk disk;
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .serve = {[SERVER_SERVICE(BLOCK_READ)] = serve_block},
	    .signal = signal,
	};

	if (!start(&disk))
		return EXIT_FAILURE;
	signal(&disk, 0); /* an interrupt of before the restart */
	server_ready();
	return server_run(&server, &disk) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
