/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#define KIND_SAME 4 /* synchronous, from EL1 with SP_EL1; from EL0 in AArch64 and AArch32 */
#define KIND_IRQ 5
#define KIND_EL0 8
#define KIND_EL0_32 12
#define CLASS_SVC_32 0x11
#define CLASS_SVC 0x15
#define CLASS_FETCH 0x21 /* aborts from the same exception level */
#define CLASS_DATA 0x25

volatile struct trap_record trap_last;
static volatile bool expected;
static const char *current;
static uint32_t passed, failed;
static bool current_failed;

uint64_t hypercall(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	return x0;
}

uint64_t secure_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	return x0;
}

void say(const char *text)
{
	for (; *text; text++)
		hypercall(GUEST_CHAR, (uint8_t)*text, 0, 0);
}

void say_hex(uint64_t value)
{
	char digits[19] = "0x0000000000000000";

	for (int i = 17; i >= 2; i--, value >>= 4)
		digits[i] = "0123456789abcdef"[value & 15];
	say(digits);
}

void say_number(uint64_t value)
{
	char digits[21];
	int i = 20;

	digits[i] = 0;
	do
		digits[--i] = (char)('0' + value % 10);
	while (value /= 10);
	say(digits + i);
}

static void settle(void)
{
	if (!current)
		return;
	if (current_failed) {
		failed++;
		say("FAIL ");
	} else {
		passed++;
		say("ok ");
	}
	say(current);
	say("\n");
	current = NULL;
}

void test(const char *name)
{
	settle();
	current = name;
	current_failed = false;
}

void check_(bool ok, const char *what, int line, uint64_t actual, uint64_t wanted)
{
	if (ok)
		return;
	current_failed = true;
	say("line ");
	say_number((uint64_t)line);
	say(": ");
	say(what);
	if (actual != wanted) {
		say(": is ");
		say_hex(actual);
		say(", not ");
		say_hex(wanted);
	}
	say("\n");
}

void check_equal_(uint64_t actual, uint64_t wanted, const char *what, int line)
{
	check_(actual == wanted, what, line, actual, wanted);
}

_Noreturn void power_off(void)
{
	settle();
	say_number(passed);
	say(" passed, ");
	say_number(failed);
	say(" failed\n");
	if (failed)
		hypercall(GUEST_FAIL, failed, 0, 0);
	hypercall(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wait_for_interrupt();
}

void guest_run(uint64_t tree);
void guest_run(uint64_t tree)
{
	guest_main(tree);
	power_off();
}

void trap_expect(void)
{
	trap_last.count = 0;
	expected = true;
}

static void unexpected(uint64_t kind, const struct frame *f)
{
	say("unexpected exception, vector ");
	say_number(kind);
	say(" ESR ");
	say_hex(READ_REGISTER(esr_el1));
	say(" FAR ");
	say_hex(READ_REGISTER(far_el1));
	say(" PC ");
	say_hex(f->pc);
	say("\n");
	failed++;
	power_off();
}

/* An SVC of EL0: el0_run returns. */
static bool is_el0_end(uint64_t kind, struct frame *f)
{
	uint64_t class = READ_REGISTER(esr_el1) >> 26;

	if (!(kind == KIND_EL0 && class == CLASS_SVC) &&
	    !(kind == KIND_EL0_32 && class == CLASS_SVC_32))
		return false;
	f->pc = (uint64_t)el0_return;
	f->status = 0x3c5 & ~0x80ull; /* EL1h; interrupts as tests have them */
	return true;
}

void guest_trap(uint64_t kind, struct frame *f);
void guest_trap(uint64_t kind, struct frame *f)
{
	if (kind == KIND_IRQ) {
		uint32_t id = (uint32_t)READ_REGISTER(ICC_IAR1);

		guest_interrupt(id);
		if (id < 1020 || id >= 8192)
			WRITE_REGISTER(ICC_EOIR1, id);
		return;
	}
	if (guest_exception(kind, f) || is_el0_end(kind, f))
		return;
	if ((kind != KIND_SAME && kind != KIND_EL0 && kind != KIND_EL0_32) || !expected)
		unexpected(kind, f);
	trap_last.count++;
	trap_last.syndrome = READ_REGISTER(esr_el1);
	trap_last.address = READ_REGISTER(far_el1);
	trap_last.pc = f->pc;
	if (trap_last.syndrome >> 26 == CLASS_FETCH)
		f->pc = f->x[30];
	else
		f->pc += 4;
}

void check_abort_(uint64_t address, int line)
{
	uint64_t class = trap_last.syndrome >> 26;

	check_equal_(trap_last.count, 1, "exceptions", line);
	check_(class == CLASS_DATA || class == CLASS_FETCH, "ESR is that of an abort", line, class,
	       CLASS_DATA);
	check_equal_(trap_last.syndrome & 0x3f, 0x10, "ESR's cause (synchronous external)", line);
	check_equal_(trap_last.address, address, "FAR", line);
}

void check_undefined_(int line)
{
	check_equal_(trap_last.count, 1, "exceptions", line);
	check_equal_(trap_last.syndrome, 0x02000000, "ESR (undefined, 4 bytes)", line);
}

__attribute__((weak)) bool guest_exception(uint64_t kind, struct frame *f)
{
	(void)kind;
	(void)f;
	return false;
}

__attribute__((weak)) void guest_interrupt(uint32_t id)
{
	say("unexpected interrupt ");
	say_number(id);
	say("\n");
	failed++;
	power_off();
}

__attribute__((weak)) void second_main(uint64_t argument)
{
	(void)argument;
	say("unexpected second vCPU\n");
	failed++;
	power_off();
}
