/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices that servers of their own serve: windows, doorbells, lines. */
#include <stdarg.h>
#include <string.h>

#include "device.ipc.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/sys.h"
#include "services/vmm/machine.h"

#define PAGE 0x1000ull
#define BLOCK 0x200000ull
#define NOTIFY_WIDTH 4u /* virtio's QueueNotify */

static bool refuse(const struct machine *m, const skerry_ServedDevice *d, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(const struct machine *m, const skerry_ServedDevice *d, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	log_format(text, sizeof(text), format, args);
	va_end(args);
	log_line("vmm %s: device %s: %s", m->config->name, d->name, text);
	return false;
}

/* A window is a page or a block; a device in less than a page has the whole page. */
static uint32_t window_order(const skerry_ServedDevice *d)
{
	if (d->length != 0 && d->length <= PAGE && d->base % PAGE == 0)
		return 12;
	if (d->length == BLOCK && d->base % BLOCK == 0)
		return 21;
	return 0;
}

static bool bind_doorbells(struct machine *m, const skerry_ServedDevice *d, uint32_t window)
{
	skerry_cap bell;

	if (!d->has_doorbell)
		return true;
	bell = grant_slot(d->doorbell);
	if (!bell)
		return refuse(m, d, "no grant %s", d->doorbell);
	for (uint32_t q = 0; q < d->doorbell_queues; q++) {
		int32_t status = space_doorbell(m->space, m->next_window++, window, bell,
						d->doorbell_offset, NOTIFY_WIDTH, q, q);

		if (status)
			return refuse(m, d, "no doorbell for queue %u (%d)", q, status);
	}
	return true;
}

/* The configuration and the device's server must mean the same device. */
static bool check_server(const struct machine *m, const skerry_ServedDevice *d, skerry_cap port)
{
	const struct device_query query = {0};
	skerry_DeviceInfo info = skerry_DeviceInfo_init_zero;
	int32_t status = device_describe_call(port, &query, &info);

	if (status == IPC_FROM_SERVER(BAD_METHOD))
		return true;
	if (status)
		return refuse(m, d, "its server does not say what it is (%d)", status);
	if (strcmp(info.compatible, d->compatible) != 0)
		return refuse(m, d, "its server is for %s, not for %s: change server or compatible",
			      info.compatible, d->compatible);
	if (info.length > d->length)
		return refuse(m, d, "its server has %u bytes of registers, length is %lu",
			      info.length, (unsigned long)d->length);
	if (d->has_doorbell &&
	    (info.doorbell_offset != d->doorbell_offset || info.doorbells < d->doorbell_queues))
		return refuse(
		    m, d, "its server has %u doorbells at offset 0x%x, asked for are %u at 0x%x",
		    info.doorbells, info.doorbell_offset, d->doorbell_queues, d->doorbell_offset);
	return true;
}

static bool bind_window(struct machine *m, const skerry_ServedDevice *d)
{
	const skerry_cap port = grant_slot(d->server);
	const uint32_t order = window_order(d), window = m->next_window;
	struct axvm_device device = {.kind = AXVM_DEVICE_SERVED};
	int32_t status;

	if (!port)
		return refuse(m, d, "no grant %s", d->server);
	if (order == 0)
		return refuse(m, d,
			      "0x%lx bytes at 0x%lx are neither in one page nor one 2 MiB block",
			      (unsigned long)d->length, (unsigned long)d->base);
	if (!check_server(m, d, port))
		return false;
	device.base = d->base;
	device.size = 1ull << order;
	device.irq = d->irq;
	strncpy(device.name, d->name, sizeof(device.name) - 1);
	if (axvm_add_device(m->vm, &device))
		return refuse(m, d, "%s", axvm_message());
	m->next_window++;
	status = space_bind(m->space, window, port, d->base, order, m->config->number);
	if (status)
		return refuse(m, d, "no window at 0x%lx (%d)", (unsigned long)d->base, status);
	return bind_doorbells(m, d, window);
}

bool machine_devices(struct machine *m)
{
	for (uint32_t i = 0; i < m->config->devices_count; i++) {
		const skerry_ServedDevice *d = &m->config->devices[i];
		const skerry_cap line = grant_slot(d->line);

		if (!line)
			return refuse(m, d, "no grant %s", d->line);
		if (machine_line(m, d->irq))
			return refuse(m, d, "interrupt %u is another device's", d->irq);
		if (!bind_window(m, d))
			return false;
		m->lines[m->line_count++] = (struct machine_line){.irq = d->irq, .line = line};
	}
	return machine_physical_lines(m);
}

const skerry_ServedDevice *machine_device_at(const struct machine *m, uint64_t address)
{
	for (uint32_t i = 0; i < m->config->devices_count; i++) {
		const skerry_ServedDevice *d = &m->config->devices[i];

		if ((address - d->base) >> window_order(d) == 0)
			return d;
	}
	return NULL;
}

bool machine_has(const void *machine, uint64_t gpa, uint64_t size)
{
	const struct machine *m = machine;
	const uint64_t end = gpa + size;

	if (end < gpa)
		return false;
	for (size_t i = 0; i < m->vm->area_count && gpa < end; i++) {
		const struct axvm_area *a = &m->vm->areas[i];

		if (gpa >= a->gpa && gpa - a->gpa < a->size)
			gpa = a->gpa + a->size;
	}
	return gpa >= end;
}

bool machine_has_irq(const void *machine, uint64_t irq)
{
	const struct machine *m = machine;

	for (uint32_t i = 0; i < m->config->passed_devices_count; i++) {
		if (m->config->passed_devices[i].has_irq && m->config->passed_devices[i].irq == irq)
			return true;
	}
	return irq <= UINT32_MAX && machine_line(m, (uint32_t)irq) != 0;
}
