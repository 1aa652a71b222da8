/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/hypercall.c services/vmm/ivc.c services/vmm/machine_signal.c */
/* Hypercalls by their numbers, and who hears a bit of the signal. */
#include "services/vmm/hypercall.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "services/lib/log.h"
#include "services/vmm/machine.h"
#include "test.h"

static char logged[256];

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(logged, sizeof(logged), format, args);
	va_end(args);
}

static skerry_VmConfig config = {.cpu_num = 2};
static struct machine machine = {.config = &config};

static int64_t call(uint64_t nr, uint64_t argument, size_t vcpu)
{
	struct axvm_exit exit = {
	    .reason = AXVM_EXIT_HYPERCALL, .vcpu = vcpu, .nr = nr, .args = {argument}};

	return hypercall(&machine, &exit);
}

TEST(hypercalls_that_are_none)
{
	for (uint64_t nr = 0; nr < 16; nr++)
		CHECK_EQ(call(nr, 0, 0), -1);
	CHECK_EQ(call(0x7fffffff, 0, 0), -1);
}

TEST(print_keeps_lines_apart)
{
	CHECK_EQ(call(HYPERCALL_PRINT, 'a', 0), 0);
	CHECK_EQ(call(HYPERCALL_PRINT, 'x', 1), 0);
	CHECK_EQ(call(HYPERCALL_PRINT, 'b', 0), 0);
	CHECK_EQ(call(HYPERCALL_PRINT, '\n', 0), 0);
	CHECK_EQ(strcmp(logged, "ab"), 0);
	hypercall_print_rest(&machine);
	CHECK_EQ(strcmp(logged, "x"), 0);
}

TEST(print_of_a_long_line)
{
	for (unsigned int i = 0; i < sizeof(machine.prints[0].text) - 1; i++)
		CHECK_EQ(call(HYPERCALL_PRINT, 'l', 0), 0);
	CHECK_EQ(strlen(logged), sizeof(machine.prints[0].text) - 1);
	CHECK_EQ(machine.prints[0].length, 0);
}

static uint32_t heard[2];

static void hear(struct machine *m, void *arg)
{
	CHECK(m == &machine);
	++*(uint32_t *)arg;
}

TEST(bits_reach_who_waits_for_them)
{
	static struct axvm vm;

	machine.vm = &vm;
	machine_on_signal(&machine, MACHINE_SIGNAL_TIMER, hear, &heard[0]);
	machine_on_signal(&machine, 1, hear, &heard[1]);
	machine_signalled(&machine, 1);
	CHECK(heard[0] == 1 && heard[1] == 0);
	machine_signalled(&machine, ~0ull);
	CHECK(heard[0] == 2 && heard[1] == 1);
	machine_signalled(&machine, 0);
	CHECK(heard[0] == 2 && heard[1] == 1);
	machine.vm = NULL;
	machine_signalled(&machine, 3);
	CHECK(heard[0] == 2 && heard[1] == 1);
}
