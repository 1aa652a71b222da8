/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a link on the machine: calls of the service ivc, and of the kernel. */
#include <string.h>

#include "ivc.ipc.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/ivc.h"
#include "services/vmm/machine.h"

#define FIRST_SPI 32u

struct ivc_window {
	uint64_t base;
	skerry_cap service;
	struct machine_slot_range slots; /* one for each page of the window */
};

static struct ivc_window window; /* one VM a process */
static struct ivc ivc;

static bool read(void *host, uint64_t gpa, uint64_t *value)
{
	struct machine *m = host;

	return axvm_read_from_guest_of(m->vm, gpa, value, sizeof(*value), sizeof(*value)) ==
	       AXVM_OK;
}

/* The seed asks for no alignment here. */
static bool write(void *host, uint64_t gpa, uint64_t value)
{
	struct machine *m = host;

	return axvm_write_to_guest_of(m->vm, gpa, &value, sizeof(value), 1) == AXVM_OK;
}

static bool publish(void *host, uint64_t key, uint64_t *size)
{
	const struct ivc_publish in = {.key = key, .size = *size};
	struct ivc_size out = {0};

	(void)host;
	if (ivc_publish_call(window.service, &in, &out))
		return false;
	*size = out.size;
	return true;
}

static bool subscribe(void *host, uint64_t publisher, uint64_t key, uint64_t *size, bool *writable)
{
	const struct ivc_name in = {.publisher = publisher, .key = key};
	struct ivc_size out = {0};

	(void)host;
	if (ivc_subscribe_call(window.service, &in, &out))
		return false;
	*size = out.size;
	*writable = out.writable;
	return true;
}

/* A service that was restarted knows of no channel: then there is nothing to leave. */
static void unpublish(void *host, uint64_t key)
{
	const struct ivc_key in = {.key = key};
	struct ivc_done done;

	(void)host;
	(void)ivc_unpublish_call(window.service, &in, &done);
}

static void unsubscribe(void *host, uint64_t publisher, uint64_t key)
{
	const struct ivc_name in = {.publisher = publisher, .key = key};
	struct ivc_done done;

	(void)host;
	(void)ivc_unsubscribe_call(window.service, &in, &done);
}

static bool notify(void *host, uint64_t publisher, uint64_t key)
{
	const struct ivc_name in = {.publisher = publisher, .key = key};
	struct ivc_done done;

	(void)host;
	return ivc_notify_call(window.service, &in, &done) == IVC_OK;
}

static bool alloc(void *host, uint64_t size, uint64_t *gpa)
{
	struct machine *m = host;
	uint64_t rounded = 0;

	return axvm_alloc_ivc_channel(m->vm, size, gpa, &rounded) == AXVM_OK;
}

static void release(void *host, uint64_t gpa, uint64_t size)
{
	struct machine *m = host;

	if (axvm_release_ivc_channel(m->vm, gpa, size))
		exits_report(m, "ivc: %s", axvm_message());
}

static skerry_cap slot_of(uint64_t gpa)
{
	return window.slots.first + (skerry_cap)((gpa - window.base) / IVC_PAGE_BYTES);
}

static bool take(void *host, uint64_t publisher, uint64_t key, uint32_t page, uint64_t gpa)
{
	const struct ivc_page in = {.publisher = publisher, .key = key, .page = page};
	struct ivc_done done;

	(void)host;
	return ivc_page_call(window.service, &in, &done, slot_of(gpa)) == IVC_OK;
}

static bool map(void *host, uint64_t gpa, uint64_t size, bool writable)
{
	struct machine *m = host;

	return space_map(m->space, slot_of(gpa), gpa,
			 writable ? SPACE_ATTR_READ | SPACE_ATTR_WRITE : SPACE_ATTR_READ,
			 (uint32_t)(size / IVC_PAGE_BYTES)) == OK;
}

static void drop(void *host, uint64_t gpa, uint64_t size)
{
	(void)host;
	for (uint64_t at = 0; at < size; at += IVC_PAGE_BYTES)
		(void)cspace_delete(START_SLOT_CSPACE, slot_of(gpa + at));
}

static const struct ivc_steps steps = {
    .read = read,
    .write = write,
    .publish = publish,
    .subscribe = subscribe,
    .unpublish = unpublish,
    .unsubscribe = unsubscribe,
    .notify = notify,
    .alloc = alloc,
    .release = release,
    .take = take,
    .map = map,
    .drop = drop,
};

/* What a former life of this VM had at the service, or this one at its end. */
static int32_t reset(void)
{
	const struct ivc_query query = {0};
	struct ivc_done done;

	return ivc_reset_call(window.service, &query, &done);
}

static bool refuse(const struct machine *m, const skerry_EmulatedDevice *d, const char *what,
		   int32_t status)
{
	log_line("vmm %s: device %s: %s (%d)", m->config->name, d->name, what, status);
	return false;
}

/* Rung by the service in the kernel's own way: this process has no part in it. */
static bool add_bell(struct machine *m, const skerry_EmulatedDevice *d)
{
	const skerry_cap line = grant_slot("ivc.line");

	if (d->irq_id < FIRST_SPI || !line)
		return true;
	if (machine_line(m, d->irq_id))
		return refuse(m, d, "its interrupt is another device's", (int32_t)d->irq_id);
	m->lines[m->line_count++] =
	    (struct machine_line){.irq = d->irq_id, .line = line, .edge = true};
	return true;
}

/* Null: there is none. */
static const skerry_EmulatedDevice *device(const skerry_VmConfig *config)
{
	for (uint32_t i = 0; i < config->emu_devices_count; i++) {
		if (config->emu_devices[i].emu_type == EMU_IVC_CHANNEL)
			return &config->emu_devices[i];
	}
	return NULL;
}

bool ivc_init(struct machine *m)
{
	const skerry_EmulatedDevice *d = device(m->config);
	int32_t status;

	window.service = grant_slot("ivc");
	/* A system file without channels for this VM: each of its calls is refused. */
	if (!d || !window.service)
		return true;
	status = reset();
	if (status)
		return refuse(m, d, "the service ivc does not answer", status);
	window.base = m->vm->window.gpa;
	window.slots.count = (uint32_t)(m->vm->window.size / IVC_PAGE_BYTES);
	window.slots.first = machine_slots_take(&m->slots, window.slots.count);
	if (!window.slots.first)
		return refuse(m, d, "too few slots for its pages", LIMIT);
	ivc = (struct ivc){.steps = &steps, .host = m, .id = m->config->id};
	m->ivc = &ivc;
	return add_bell(m, d);
}

void ivc_end(struct machine *m)
{
	if (!m->ivc)
		return;
	ivc_cut(m->ivc);
	(void)reset();
	machine_slots_give(&m->slots, window.slots.first, window.slots.count);
	m->ivc = NULL;
}
