/* SPDX-License-Identifier: BSD-2-Clause */
#include <pb_decode.h>
#include <stdlib.h>

#include "grants.h"
#include "log.h"
#include "server.h"
#include "services.pb.h"
#include "sys.h"
#include "uart_driver.h"

#define PAGE 4096

static const struct uart_kind *kind;
static skerry_cap irq, console;
static uint64_t console_bits;

uint32_t uart_get(void *device, uint32_t offset)
{
	return *(volatile uint32_t *)((uint8_t *)device + offset);
}

void uart_put(void *device, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)((uint8_t *)device + offset) = value;
}

static void signal(void *self, uint64_t bits)
{
	(void)bits;
	if (kind->turn(self))
		(void)sys_signal(console, console_bits);
	/* Also when no interrupt came: after a restart one may be waiting for this. */
	(void)irq_ack(irq);
}

static bool start(struct uart_driver *u)
{
	skerry_UartDriverConfig config = skerry_UartDriverConfig_init_zero;
	uint32_t size;
	const void *bytes = start_config(&size);
	pb_istream_t in = pb_istream_from_buffer(bytes, size);
	const struct start_grant *wanted = grant_find("console");
	uint8_t *device = grant_memory("device", PAGE);
	void *tx = grant_memory("tx", PAGE), *rx = grant_memory("rx", PAGE);

	if (!pb_decode(&in, skerry_UartDriverConfig_fields, &config) ||
	    config.device_offset >= PAGE || config.device_offset % 4 != 0) {
		log_line("%s: the configuration is not a UartDriverConfig", kind->name);
		return false;
	}
	irq = grant_slot("irq");
	if (!wanted || !device || !tx || !rx || !irq) {
		log_line("%s: grants device, irq, tx, rx and console are needed", kind->name);
		return false;
	}
	console = wanted->slot;
	console_bits = wanted->badge;
	u->device = device + config.device_offset;
	return ring_attach_reader(&u->tx, tx, PAGE) && ring_attach_writer(&u->rx, rx, PAGE);
}

int uart_driver_main(const struct uart_kind *of)
{
	static struct uart_driver driver;
	static const struct server server = {.port = START_SLOT_PORT, .signal = signal};

	kind = of;
	if (!start(&driver))
		return EXIT_FAILURE;
	kind->start(&driver);
	signal(&driver, 0);
	/* A death after the console's wish was taken, before it was told: it waits. */
	(void)sys_signal(console, console_bits);
	server_ready();
	return server_run(&server, &driver) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
