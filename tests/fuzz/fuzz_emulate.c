/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/emulate.c services/vmm/arch/aarch64/decode.c */
/* sources: services/vmm/arch/aarch64/walk.c */
/*
 * An access that the hardware did not decode, of a guest whose instruction and tables are other
 * ones each time they are read, and a device server that answers anything. At most two accesses are
 * done, of a width there is, within a page; what is refused has changed no register; the guest's
 * memory is read a bounded number of times.
 */
#include <string.h>

#include "exit.skerry.h"
#include "fuzz.h"
#include "services/vmm/arch/aarch64/decode.h"
#include "services/vmm/arch/aarch64/emulate.h"

#define PAGE 0x1000u
#define READS_MOST (1 + 4 * 3) /* the instruction; four levels for it and for two accesses */
#define TABLE 0x40000000ull

REACH(advanced);
REACH(pair);
REACH(walked);
REACH(refused);

static struct {
	unsigned int reads, accesses;
	uint32_t action, width;
	bool write;
} w;
static struct vcpu_general g;
static struct vcpu_system_group s;

static uint32_t instruction(void)
{
	static const uint32_t often[] = {0xb8404420, 0xb8008c20, 0xa9400820, 0x28810820, 0xb84047e0,
					 0x2940083f, 0x38616820, 0xf8626801, 0x39400020, 0x69400820,
					 0xb8400820, 0x08000000, 0xc8000000};
	uint32_t code = often[test_random() % 13];

	if (once_in(2))
		code ^= 1u << test_random() % 32;
	if (once_in(2))
		code = (code & ~0x3ffu) | (uint32_t)(test_random() % 0x400);
	return once_in(8) ? (uint32_t)test_random() : code;
}

static uint64_t descriptor(void)
{
	const uint64_t to = TABLE + test_random() % 64 * PAGE;

	switch (test_random() % 8) {
	case 0:
		return test_random();
	case 1:
		return to | 1 | 1 << 10; /* a block: at the last level it is none */
	case 2:
		return to | 3 | 1 << 10 | test_random() % 4 << 6 | test_random() << 48;
	default:
		return to | 3 | 1 << 10;
	}
}

static bool host_read(void *h, uint64_t address, void *to, size_t size)
{
	const uint64_t entry = descriptor();
	const uint32_t code = instruction();

	(void)h;
	(void)address;
	CHECK(++w.reads <= READS_MOST);
	CHECK(size == 4 || size == 8);
	memcpy(to, size == 4 ? (const void *)&code : &entry, size);
	if (size == 8)
		reached(walked);
	return !once_in(32);
}

static uint32_t host_access(void *h, unsigned int part, uint64_t address, uint32_t width,
			    bool write, uint64_t *value)
{
	(void)h;
	CHECK_EQ(part, w.accesses++);
	CHECK(part < 2 && (width == 1 || width == 2 || width == 4 || width == 8));
	CHECK(address % PAGE + width <= PAGE);
	if (write)
		CHECK(width == 8 || *value >> 8 * width == 0);
	if (part)
		CHECK(width == w.width && write == w.write && w.action == EXIT_ACTION_ADVANCE);
	w.width = width;
	w.write = write;
	if (!write)
		*value = test_random();
	w.action = once_in(4) ? (uint32_t)(test_random() % 7) : EXIT_ACTION_ADVANCE;
	return w.action;
}

static void begin(void)
{
	memset(&w, 0, sizeof(w));
	memset(&g, 0, sizeof(g));
	memset(&s, 0, sizeof(s));
	for (unsigned int i = 0; i < 31; i++)
		g.x[i] = 0x9000000 + i % 2 * 8;
	g.x[test_random() % 31] = PICK(0, ~0ull, 0x9000ffc, 0x9000ff8, 1ull << 48, test_random());
	g.sp_el0 = s.sp_el1 = 0x9000010;
	g.pc = PICK(0x80000000, 0x80000000, 0x80000001, 0xffff800000000000, ~3ull, test_random());
	g.psr = PICK(0x3c5, 0x3c4, 0, 0x3c5 | 1u << 22, 0x3c5 | 1u << 23, 0x10);
	s.sctlr = PICK(0, 0, 1, 1, test_random());
	s.tcr = once_in(4) ? test_random() : 0x2b5103510 | test_random() % 4 << 14;
	s.ttbr0 = s.ttbr1 = once_in(8) ? test_random() : TABLE;
}

/* Of a load at most its registers and the base changed, of a store the base alone. */
static void check_changed(const struct vcpu_general *before, uint32_t action)
{
	unsigned int changed = 0;

	for (unsigned int i = 0; i < 31; i++)
		changed += g.x[i] != before->x[i];
	changed += g.sp_el0 != before->sp_el0;
	CHECK(g.pc == before->pc && g.psr == before->psr);
	CHECK(changed <= (action != EXIT_ACTION_ADVANCE ? 0 : w.write ? 1 : w.accesses + 1));
}

FUZZ(15000, 2048)
{
	const struct emulate_host h = {NULL, host_read, host_access};

	while (fuzz_more()) {
		struct vcpu_general before;
		struct vcpu_system_group system;
		uint32_t action;

		begin();
		before = g;
		system = s;
		action =
		    emulate(&h, &g, &s, 0x9000000 + PICK(0, 0, 8, 8, 16, test_random() % 0x30));
		check_changed(&before, action);
		if (action == EXIT_ACTION_ADVANCE)
			system.sp_el1 = s.sp_el1;
		CHECK_MEMORY(&s, &system, sizeof(s));
		CHECK(action != EXIT_ACTION_ADVANCE || w.accesses);
		if (action == EXIT_ACTION_ADVANCE)
			reached(advanced);
		else
			reached(refused);
		if (w.accesses < 2)
			continue;
		/* Otherwise its first access would be done again. */
		CHECK(action == EXIT_ACTION_ADVANCE || action == EXIT_ACTION_ABORT);
		reached(pair);
	}
}
