/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When there is no console to show why there is no console: init writes its log to the host's PL011
 * itself, polled (Arm DDI 0183, 3.3: UARTDR at 0x00, UARTFR at 0x18). The UART is found in the
 * host's device tree; it must be one of this core's devices.
 */
#include <libfdt.h>
#include <string.h>

#include "grants.h"
#include "init.h"
#include "ring.h"

#define UART_DATA 0x00
#define UART_FLAGS 0x18
#define UART_FLAG_FULL (1u << 5)
#define UART_WAIT 1000000u /* looks at a queue that stays full, before giving up */

/* The console shows init's log if it and all before it (its driver) run. */
static bool console_works(void)
{
	int console = init.manifest_valid ? manifest_service(&init.manifest, "console") : -1;

	if (console < 0 || manifest_memory(&init.manifest, "log.init") < 0)
		return false;
	for (int i = 0; i <= console; i++)
		if (init.services[i].state == SERVICE_ENDED)
			return false;
	return true;
}

static uint64_t cells(const fdt32_t *p, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_to_cpu(p[i]);
	return value;
}

/* Its first page; 0: there is none. */
static uint64_t find_uart(void)
{
	const void *tree = bundle_bytes(init.record->tree_base, init.record->tree_size);
	int node, size;
	const fdt32_t *reg;

	if (!tree || fdt_check_header(tree) != 0 || fdt_totalsize(tree) > init.record->tree_size)
		return 0;
	node = fdt_node_offset_by_compatible(tree, -1, "arm,pl011");
	if (node < 0)
		return 0;
	reg = fdt_getprop(tree, node, "reg", &size);
	if (!reg || size < 16)
		return 0;
	return cells(reg, 2);
}

static volatile uint8_t *map_uart(void)
{
	static volatile uint8_t *uart;
	uint64_t base = uart ? 0 : find_uart();
	const skerry_Grant page = {.base = base & ~(PAGE - 1), .size = PAGE};
	const struct init_range *frames;
	const struct boot_region *region = base ? objects_device(&page, &frames) : NULL;

	/* A copy: the frame itself may be given to the driver. */
	if (region) {
		skerry_cap slot = slots_reserve(1);
		uint32_t order = 0;
		uint64_t start;
		skerry_cap frame =
		    memory_range_at(frames, page.base - region->base, &start, &order);

		if (slot && order == 12 &&
		    cspace_copy(BOOT_SLOT_CSPACE, slot, frame, RIGHT_READ | RIGHT_WRITE, 0) == OK &&
		    space_map(BOOT_SLOT_SPACE, slot, INIT_DEVICE,
			      SPACE_ATTR_READ | SPACE_ATTR_WRITE, 1) == OK)
			uart = (volatile uint8_t *)(INIT_DEVICE + (base & (PAGE - 1)));
	}
	return uart;
}

static void put(volatile uint8_t *uart, char c)
{
	static uint32_t waits = UART_WAIT; /* of all characters: a UART that is off stays full */
	volatile uint32_t *flags = (volatile uint32_t *)(uart + UART_FLAGS);

	while (*flags & UART_FLAG_FULL) {
		if (waits == 0)
			return;
		waits--;
	}
	waits = UART_WAIT;
	*(volatile uint32_t *)(uart + UART_DATA) = (uint8_t)c;
}

/* As the console shows it: with the name before each line. */
static void put_text(volatile uint8_t *uart, const char *text, size_t count)
{
	static bool inside;

	for (size_t i = 0; i < count; i++) {
		for (const char *c = "init: "; *c && !inside; c++)
			put(uart, *c);
		inside = text[i] != '\n';
		if (!inside)
			put(uart, '\r');
		put(uart, text[i]);
	}
}

void fallback_last(void)
{
	struct ring ring;
	volatile uint8_t *uart;
	char text[64];
	size_t count;

	if (!ring_attach_reader(&ring, start_places.log, PAGE))
		return;
	uart = map_uart();
	while (uart && (count = ring_read(&ring, text, sizeof(text))) != 0)
		put_text(uart, text, count);
}

void fallback_show(void)
{
	if (!console_works())
		fallback_last();
}
