/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/init/manifest.c services/lib/log_format.c */
/* What init refuses in a manifest: one change to a good one per case, and the words it is told in.
 */
#include <stdio.h>
#include <string.h>

#include <pb_encode.h>

#include "services/init/manifest.h"
#include "test.h"

static skerry_Manifest m;
static struct manifest_context context;

static void set(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text);
}

static bool has_file(const char *name)
{
	return !strcmp(name, "program") || !strcmp(name, "kernel");
}

static skerry_Service *service(const char *name)
{
	skerry_Service *s = &m.services[m.services_count++];

	set(s->name, sizeof(s->name), name);
	set(s->image, sizeof(s->image), "program");
	s->priority = 20;
	s->budget_us = 1000;
	s->period_us = 10000;
	s->heap = 65536;
	return s;
}

static skerry_Grant *grant(skerry_Service *s, const char *name, skerry_GrantKind kind,
			   const char *object)
{
	skerry_Grant *g = &s->grants[s->grants_count++];

	set(g->name, sizeof(g->name), name);
	g->kind = kind;
	set(g->object, sizeof(g->object), object);
	g->has_object = g->has_badge = g->has_number = true;
	return g;
}

static void good(void)
{
	memset(&m, 0, sizeof(m));
	context = (struct manifest_context){.core = 1, .has_file = has_file};
	m.core = 1;
	m.memories_count = 2;
	set(m.memories[0].name, sizeof(m.memories[0].name), "ram");
	m.memories[0].size = 64u << 20;
	m.memories[0].order = 21;
	set(m.memories[1].name, sizeof(m.memories[1].name), "ring");
	m.memories[1].size = 4096;
	m.memories[1].order = 12;
	m.lines_count = 1;
	set(m.lines[0].name, sizeof(m.lines[0].name), "line");

	skerry_Service *a = service("a"), *b = service("b");

	grant(a, "ram", skerry_GrantKind_GRANT_MEMORY, "ram");
	grant(a, "kernel", skerry_GrantKind_GRANT_FILE, "kernel");
	grant(a, "b", skerry_GrantKind_GRANT_CALL, "b");
	grant(a, "bell", skerry_GrantKind_GRANT_SIGNAL, "b")->badge = 1;
	grant(a, "line", skerry_GrantKind_GRANT_LINE, "line");
	grant(b, "irq", skerry_GrantKind_GRANT_IRQ, "")->badge = 1;
	b->grants[0].number = 33;
	grant(b, "device", skerry_GrantKind_GRANT_DEVICE, "")->size = 4096;
	b->grants[1].base = 0x9000000;
	b->grants[1].has_base = b->grants[1].has_size = b->grants[2].has_size = true;
	grant(b, "untyped", skerry_GrantKind_GRANT_UNTYPED, "")->size = 65536;
	grant(b, "timer", skerry_GrantKind_GRANT_TIMER, "")->badge = 2;
	grant(b, "core", skerry_GrantKind_GRANT_CORE, "")->badge = 20;
	grant(b, "power", skerry_GrantKind_GRANT_POWER, "");
}

#define REFUSES(change, text)                                    \
	do {                                                     \
		good();                                          \
		change;                                          \
		CHECK(!manifest_check(&m, &context));            \
		CHECK_EQ(strlen(context.error), strlen(text));   \
		CHECK_MEMORY(context.error, text, sizeof(text)); \
	} while (0)

TEST(a_good_manifest_passes)
{
	good();
	CHECK(manifest_check(&m, &context));
	CHECK_EQ(manifest_memory(&m, "ring"), 1);
	CHECK_EQ(manifest_service(&m, "b"), 1);
	CHECK_EQ(manifest_line(&m, "line"), 0);
	CHECK_EQ(manifest_line(&m, "lin"), -1);
}

TEST(names_are_there_and_unique)
{
	REFUSES(m.core = 2, "the manifest is for core 2");
	REFUSES(set(m.memories[1].name, sizeof(m.memories[1].name), "ram"),
		"two memories are named ram");
	REFUSES(m.memories[1].name[0] = 0, "memory 1 has no name");
	REFUSES(set(m.services[1].name, sizeof(m.services[1].name), "a"),
		"two services are named a");
	REFUSES(m.services[1].name[0] = 0, "service 1 has no name");
	REFUSES(m.lines[0].name[0] = 0, "line 0 has no name");
	REFUSES(m.services[0].grants[0].name[0] = 0, "service a: grant 0 has no name");
	REFUSES(m.services[1].grants[1] = m.services[1].grants[0],
		"service b, grant irq: is there twice");
}

TEST(references_exist)
{
	skerry_Service *a = &m.services[0];

	REFUSES(set(a->image, sizeof(a->image), "nothing"),
		"service a: no file nothing in the bundle");
	REFUSES(set(a->grants[0].object, sizeof(a->grants[0].object), "x"),
		"service a, grant ram: no such memory");
	REFUSES(set(a->grants[1].object, sizeof(a->grants[1].object), "x"),
		"service a, grant kernel: no such file in the bundle");
	REFUSES(set(a->grants[2].object, sizeof(a->grants[2].object), "x"),
		"service a, grant b: no such service");
	REFUSES(set(a->grants[3].object, sizeof(a->grants[3].object), "x"),
		"service a, grant bell: no such service");
	REFUSES(set(a->grants[4].object, sizeof(a->grants[4].object), "x"),
		"service a, grant line: no such line");
	REFUSES(a->grants[0].kind = 99, "service a, grant ram: unknown kind");
}

TEST(sizes_are_possible)
{
	REFUSES(m.memories[0].order = 13, "memory ram: order 13, possible are 12 and 21");
	REFUSES(m.memories[0].size = 4096, "memory ram: size 0x1000 is no multiple of its frames");
	REFUSES(m.memories[1].size = 0, "memory ring: size 0x0 is no multiple of its frames");
	REFUSES(m.services[0].priority = 50, "service a: priority 50 is above 49");
	REFUSES(m.services[0].budget_us = 10001,
		"service a: budget 10001 us of 10000 us is not possible");
	REFUSES(m.services[0].budget_us = 9, "service a: budget 9 us of 10000 us is not possible");
	REFUSES(m.services[0].heap = 1ull << 40, "service a: heap of 0x10000000000 bytes");
}

TEST(grants_are_within_bounds)
{
	skerry_Grant *a = m.services[0].grants, *b = m.services[1].grants;

	REFUSES(a[3].badge = 0, "service a, grant bell: badge: no bits, or bits 62 and 63");
	REFUSES(a[3].badge = 1ull << 63,
		"service a, grant bell: badge: no bits, or bits 62 and 63");
	REFUSES(b[0].number = 31, "service b, grant irq: number is not 32 to 1019");
	REFUSES(b[1].base = 0x9000001,
		"service b, grant device: base and size of a device are whole pages");
	REFUSES(b[1].size = UINT64_MAX - 4095,
		"service b, grant device: base and size of a device are whole pages");
	REFUSES(b[2].size = 65537,
		"service b, grant untyped: size is no power of two of at least a page");
	REFUSES(b[4].badge = 0, "service b, grant core: badge is no priority from 1 to 49");
	REFUSES(b[4].badge = 50, "service b, grant core: badge is no priority from 1 to 49");
	REFUSES((a[0].has_rights = true, a[0].rights = 16 | 1),
		"service a, grant ram: rights this memory does not give");
	REFUSES((a[0].has_address = true, a[0].address = 4096),
		"service a, grant ram: the address is not aligned to the frames");
}

static void place(skerry_Memory *memory, uint64_t base, bool reserved)
{
	memory->has_base = true;
	memory->base = base;
	memory->has_reserved = memory->reserved = reserved;
}

TEST(memories_with_a_place)
{
	skerry_Memory *ram = &m.memories[0], *ring = &m.memories[1];

	good();
	place(ram, 0x80000000, false);
	place(ring, 0x84000000, true);
	CHECK(manifest_check(&m, &context));
	REFUSES(place(ram, 0x80100000, false),
		"memory ram: base 0x80100000 is no multiple of its frames");
	REFUSES(place(ring, 0x800, true), "memory ring: base 0x800 is no multiple of its frames");
	REFUSES(place(ram, 0ull - 0x200000, false),
		"memory ram: base 0xffffffffffe00000 is no multiple of its frames");
	REFUSES((place(ram, 0x80000000, false), place(ring, 0x83fff000, true)),
		"memories ram and ring overlap");
	REFUSES((place(ring, 0, true), ring->has_base = false),
		"memory ring is reserved and has no base");
}

TEST(what_is_for_a_guest)
{
	skerry_Grant *irq = &m.services[1].grants[0], *device = &m.services[1].grants[1];

	good();
	irq->has_badge = false;
	irq->badge = 0;
	device->has_unmapped = device->unmapped = device->has_order = true;
	device->order = 21;
	CHECK(manifest_check(&m, &context));
	REFUSES((irq->has_badge = false, irq->number = 31),
		"service b, grant irq: number is not 32 to 1019");
	REFUSES(irq->badge = 0, "service b, grant irq: badge: no bits, or bits 62 and 63");
	REFUSES((device->has_order = true, device->order = 13),
		"service b, grant device: order of a device is 12 or 21");
}

TEST(the_dma_right_needs_dma_memory)
{
	good();
	m.services[0].grants[0].has_rights = true;
	m.services[0].grants[0].rights = 16 | 1;
	m.memories[0].has_dma = m.memories[0].dma = true;
	CHECK(manifest_check(&m, &context));
}

TEST(a_group_is_needed_to_restart_with_it)
{
	REFUSES((m.services[0].has_restart = true,
		 m.services[0].restart = skerry_RestartPolicy_RESTART_GROUP),
		"service a restarts with its group and has none");
}

TEST(decoding_survives_truncation_and_change)
{
	static uint8_t bytes[skerry_Manifest_size];
	static skerry_Manifest decoded;
	pb_ostream_t stream = pb_ostream_from_buffer(bytes, sizeof(bytes));
	uint32_t refused = 0;

	good();
	CHECK(pb_encode(&stream, skerry_Manifest_fields, &m));
	CHECK(manifest_decode(&decoded, bytes, stream.bytes_written, &context));
	CHECK(manifest_check(&decoded, &context));
	for (size_t size = 0; size < stream.bytes_written; size += 3)
		refused += !manifest_decode(&decoded, bytes, size, &context);
	CHECK(refused > 0);
	for (int i = 0; i < 3000; i++) {
		size_t where = test_random() % stream.bytes_written;
		uint8_t old = bytes[where];

		bytes[where] = (uint8_t)test_random();
		if (manifest_decode(&decoded, bytes, stream.bytes_written, &context))
			(void)manifest_check(&decoded, &context);
		bytes[where] = old;
	}
}
