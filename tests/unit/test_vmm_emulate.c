/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/emulate.c services/vmm/arch/aarch64/decode.c */
/* sources: services/vmm/arch/aarch64/walk.c */
/* Instructions that access a device, done one access at a time; the stage 1 is off. */
#include <string.h>

#include "exit.skerry.h"
#include "services/vmm/arch/aarch64/emulate.h"
#include "test.h"

#define CODE 0x80000000ull
#define DEVICE 0x9000000ull
#define EL1H 0x3c5u
#define EL1T 0x3c4u
#define LDR_POST 0xb8404420u /* ldr w0, [x1], #4 */
#define STR_PRE 0xb8008c20u  /* str w0, [x1, #8]! */
#define LDP 0xa9400820u	     /* ldp x0, x2, [x1] */
#define STP_POST 0x28810820u /* stp w0, w2, [x1], #8 */
#define LDR_SP 0xb84047e0u   /* ldr w0, [sp], #4 */
#define LDP_ZERO 0x2940083fu /* ldp wzr, w2, [x1] */

struct access {
	unsigned int part;
	uint64_t address, value;
	uint32_t width;
	bool write;
};

static struct host {
	uint32_t code;
	uint32_t action[2];
	uint64_t value[2]; /* of loads */
	struct access done[2];
	unsigned int count;
} host;
static struct vcpu_general g;
static struct vcpu_system_group s;

static bool host_read(void *h, uint64_t address, void *to, size_t size)
{
	if (address != CODE || size != 4)
		return false;
	memcpy(to, &((struct host *)h)->code, size);
	return true;
}

static uint32_t host_access(void *h, unsigned int part, uint64_t address, uint32_t width,
			    bool write, uint64_t *value)
{
	struct host *o = h;

	CHECK_EQ(part, o->count);
	o->done[o->count++] = (struct access){part, address, *value, width, write};
	if (!write)
		*value = o->value[part];
	return o->action[part];
}

static void start(uint32_t code)
{
	memset(&host, 0, sizeof(host));
	memset(&g, 0, sizeof(g));
	memset(&s, 0, sizeof(s));
	host.code = code;
	host.action[0] = host.action[1] = EXIT_ACTION_ADVANCE;
	g.pc = CODE;
	g.psr = EL1H;
	g.x[1] = DEVICE;
}

static uint32_t run(uint64_t virtual)
{
	const struct emulate_host h = {&host, host_read, host_access};

	return emulate(&h, &g, &s, virtual);
}

TEST(post_index)
{
	start(LDR_POST);
	host.value[0] = 0xffffffff12345678;
	CHECK_EQ(run(DEVICE), EXIT_ACTION_ADVANCE);
	CHECK_EQ(host.count, 1);
	CHECK_EQ(host.done[0].address, DEVICE);
	CHECK_EQ(host.done[0].width, 4);
	CHECK_EQ(g.x[0], 0x12345678);
	CHECK_EQ(g.x[1], DEVICE + 4);
	CHECK_EQ(g.pc, CODE);
}

TEST(pre_index)
{
	start(STR_PRE);
	g.x[0] = 0xabcdef0123456789;
	CHECK_EQ(run(DEVICE + 8), EXIT_ACTION_ADVANCE);
	CHECK_EQ(host.done[0].address, DEVICE + 8);
	CHECK_EQ(host.done[0].value, 0x23456789);
	CHECK(host.done[0].write);
	CHECK_EQ(g.x[1], DEVICE + 8);
	CHECK_EQ(g.x[0], 0xabcdef0123456789);
}

TEST(a_pair_is_two_accesses_in_order)
{
	start(LDP);
	host.value[0] = 1;
	host.value[1] = 2;
	CHECK_EQ(run(DEVICE + 8), EXIT_ACTION_ADVANCE); /* either half can be what faulted */
	CHECK_EQ(host.count, 2);
	CHECK_EQ(host.done[0].address, DEVICE);
	CHECK_EQ(host.done[1].address, DEVICE + 8);
	CHECK_EQ(g.x[0], 1);
	CHECK_EQ(g.x[2], 2);
	start(STP_POST);
	g.x[0] = 0x1111111111;
	g.x[2] = 0x2222222222;
	CHECK_EQ(run(DEVICE), EXIT_ACTION_ADVANCE);
	CHECK_EQ(host.done[0].value, 0x11111111);
	CHECK_EQ(host.done[1].value, 0x22222222);
	CHECK_EQ(g.x[1], DEVICE + 8);
	start(LDP_ZERO);
	host.value[0] = 1;
	host.value[1] = 2;
	CHECK_EQ(run(DEVICE), EXIT_ACTION_ADVANCE);
	CHECK_EQ(g.x[2], 2);
}

TEST(the_stack_pointer_is_the_modes_own)
{
	start(LDR_SP);
	s.sp_el1 = DEVICE;
	g.sp_el0 = DEVICE + 0x100;
	CHECK_EQ(run(DEVICE), EXIT_ACTION_ADVANCE);
	CHECK_EQ(s.sp_el1, DEVICE + 4);
	start(LDR_SP);
	g.psr = EL1T;
	s.sp_el1 = DEVICE;
	g.sp_el0 = DEVICE + 0x100;
	CHECK_EQ(run(DEVICE + 0x100), EXIT_ACTION_ADVANCE);
	CHECK_EQ(s.sp_el1, DEVICE);
	CHECK_EQ(g.sp_el0, DEVICE + 0x104);
}

static void refused(uint64_t virtual)
{
	const struct vcpu_general before = g;

	CHECK_EQ(run(virtual), EXIT_ACTION_ABORT);
	CHECK_EQ(host.count, 0);
	CHECK_MEMORY(&g, &before, sizeof(g));
}

TEST(what_was_changed_since_it_faulted_is_refused)
{
	start(LDR_POST);
	refused(DEVICE + 4);
	start(LDR_POST);
	refused(DEVICE - 1);
	start(0xd503201f); /* nop */
	refused(DEVICE);
	start(0xb820003f); /* stadd */
	refused(DEVICE);
}

TEST(a_program_counter_that_is_nowhere_is_refused)
{
	start(LDR_POST);
	g.pc = DEVICE;
	refused(DEVICE);
	start(LDR_POST);
	g.pc = CODE + 2;
	refused(DEVICE);
	start(LDR_POST);
	g.pc = ~0ull - 3;
	refused(DEVICE);
	start(LDR_POST);
	s.sctlr = 1; /* and no tables */
	refused(DEVICE);
	start(LDR_POST);
	g.psr = 0x10; /* AArch32 */
	refused(DEVICE);
}

TEST(an_access_over_the_end_of_a_page_is_refused)
{
	start(LDR_POST);
	g.x[1] = DEVICE + 0xffd;
	refused(DEVICE + 0xffd);
	start(LDP); /* but two pages have each their half */
	g.x[1] = DEVICE + 0xff8;
	CHECK_EQ(run(DEVICE + 0xff8), EXIT_ACTION_ADVANCE);
	CHECK_EQ(host.done[1].address, DEVICE + 0x1000);
}

TEST(what_the_server_says)
{
	start(LDR_POST);
	host.action[0] = EXIT_ACTION_ABORT;
	CHECK_EQ(run(DEVICE), EXIT_ACTION_ABORT);
	CHECK_EQ(g.x[1], DEVICE);
	start(LDP);
	host.action[0] = EXIT_ACTION_BLOCK;
	CHECK_EQ(run(DEVICE), EXIT_ACTION_BLOCK);
	CHECK_EQ(host.count, 1);
	start(LDP); /* the first took effect: it cannot be executed again */
	host.action[1] = EXIT_ACTION_RESUME;
	CHECK_EQ(run(DEVICE), EXIT_ACTION_ABORT);
	CHECK_EQ(g.x[0], 0);
}

TEST(emulate_random)
{
	for (unsigned int i = 0; i < test_rounds(100000); i++) {
		start((uint32_t)test_random());
		s.sctlr = test_random() & 1;
		s.tcr = test_random();
		g.psr = test_random();
		for (unsigned int n = 0; n < 31; n++)
			g.x[n] = test_random() >> 32;
		(void)run(test_random() >> 32);
	}
}
