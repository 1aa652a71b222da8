/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe.h"

#include "services/lib/grants.h"
#include "services/lib/start.h"

#define BUDGET_NS 10000000ull

struct place {
	uint64_t address, value;
};
extern const char code_load[], code_store[], code_run[], code_fill[], code_fresh[], code_end[];
extern const char code_registers[];
static _Alignas(16) uint8_t stack[4096];
static skerry_cap thread;

/* x0 is a struct place, or a struct probe_state. UDF ends. */
__asm__(
    ".arch_extension fp\n\t.arch_extension simd\n\t.balign 8\n"
    "code_load: ldr x2, [x0]\n\tldr x1, [x2]\n\tstr x1, [x0, #8]\n\tb code_end\n"
    "code_store: ldr x2, [x0]\n\tldr x1, [x0, #8]\n\tstr x1, [x2]\n\tb code_end\n"
    "code_run: ldr x2, [x0]\n\tblr x2\n\tstr x1, [x0, #8]\n"
    "code_end: udf #0\n"
    "code_fill:\n"
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
    "24, 25, 26, 27, 28, 29, 30, 31\n\t"
    "dup v\\n\\().2d, x0\n\t.endr\n\t"
    ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
    "24, 25, 26, 27, 28, 29, 30\n\t"
    "mov x\\n, x0\n\t.endr\n\t"
    "msr fpsr, x0\n\tb code_end\n"
    "code_fresh:\n"
    ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
    "24, 25, 26, 27, 28, 29, 30\n\t"
    "str x\\n, [x0, #(\\n * 8)]\n\t.endr\n\t"
    "str xzr, [x0]\n\t" /* its argument */
    "bl store_vectors\n\tb code_end\n"
    "store_vectors: add x1, x0, #248\n\t"
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
    "24, 25, 26, 27, 28, 29, 30, 31\n\t"
    "st1 {v\\n\\().2d}, [x1], #16\n\t.endr\n\t"
    "mrs x2, fpsr\n\tmrs x3, fpcr\n\tstp x2, x3, [x1]\n\tret\n"
    ".balign 8\n"
    "code_registers:\n"
    ".macro registers op0, op1\n\t.set i, 0\n\t.rept 2048\n\t"
    ".word 0xd5200001 | (\\op0 << 19) | (\\op1 << 16) | (i << 5 & 0xe0) | (i >> 3 << 8)\n\tret\n\t"
    ".set i, i + 1\n\t.endr\n\t.endm\n"
    "registers 2, 0\n\tregisters 2, 3\n\tregisters 3, 0\n\tregisters 3, 3\n");

bool probe_make(void)
{
	const struct start_grant *core = grant_find("core");

	thread = slots_take(1);
	return core && !untyped_retype(grant_slot("untyped"), CAP_THREAD, 0, 0, thread, 1) &&
	       !thread_configure(thread, START_SLOT_CSPACE, START_SLOT_SPACE, START_SLOT_BUFFER,
				 512, 0, 0) &&
	       !core_schedule(core->slot, thread, (uint32_t)core->badge, BUDGET_NS, BUDGET_NS);
}

/* It has stopped when this thread goes on. */
static bool probe(const char *code, void *argument)
{
	struct thread_status s = {0};

	return !thread_start(thread, (uintptr_t)code, (uintptr_t)stack + sizeof(stack),
			     (uintptr_t)argument, 0) &&
	       !thread_status(thread, &s) && s.state == CONTEXT_STOPPED &&
	       s.pc == (uintptr_t)code_end;
}

bool probe_load(uint64_t address, uint64_t *value)
{
	static volatile struct place p;

	p.address = address;
	if (!probe(code_load, (void *)&p))
		return false;
	*value = p.value;
	return true;
}

bool probe_store(uint64_t address, uint64_t value)
{
	static volatile struct place p;

	p.address = address;
	p.value = value;
	return probe(code_store, (void *)&p);
}

static bool run(uint64_t address, uint64_t *value)
{
	static volatile struct place p;

	p.address = address;
	if (!probe(code_run, (void *)&p))
		return false;
	*value = p.value;
	return true;
}

bool probe_run(uint64_t address)
{
	uint64_t value;

	return run(address, &value);
}

uint32_t probe_encoding(uint32_t number)
{
	static const uint32_t parts[] = {2 << 14, 2 << 14 | 3 << 11, 3 << 14, 3 << 14 | 3 << 11};

	return parts[number >> 11] | (number & 0x7ff);
}

bool probe_register(uint32_t number, uint64_t *value)
{
	return run((uintptr_t)code_registers + number * 8, value);
}

bool probe_fill(void)
{
	return probe(code_fill, stack);
}

bool probe_fresh(struct probe_state *s)
{
	return probe(code_fresh, s);
}

/* probe_call_NUMBER(in, state): all registers that a function keeps are on the stack meanwhile. */
__asm__(
    ".macro caller n\n"
    "probe_call_\\n: sub sp, sp, #112\n\t"
    "stp x19, x20, [sp]\n\tstp x21, x22, [sp, #16]\n\tstp x23, x24, [sp, #32]\n\t"
    "stp x25, x26, [sp, #48]\n\tstp x27, x28, [sp, #64]\n\tstp x29, x30, [sp, #80]\n\t"
    "str x1, [sp, #96]\n\tmov x30, x0\n\t"
    ".irp i, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, "
    "29\n\t"
    "mov x\\i, #\\i\n\tmovk x\\i, #0x7e57, lsl #48\n\t.endr\n\t"
    "ldp x0, x1, [x30]\n\tldp x2, x3, [x30, #16]\n\t"
    "ldp x4, x5, [x30, #32]\n\tldp x6, x7, [x30, #48]\n\t"
    "mov x30, #30\n\tmovk x30, #0x7e57, lsl #48\n\t"
    "svc #\\n\n\t"
    "str x30, [sp, #104]\n\tldr x30, [sp, #96]\n\t"
    ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
    "24, 25, 26, 27, 28, 29\n\t"
    "str x\\i, [x30, #(\\i * 8)]\n\t.endr\n\t"
    "ldr x0, [sp, #104]\n\tstr x0, [x30, #240]\n\t"
    "ldp x19, x20, [sp]\n\tldp x21, x22, [sp, #16]\n\tldp x23, x24, [sp, #32]\n\t"
    "ldp x25, x26, [sp, #48]\n\tldp x27, x28, [sp, #64]\n\tldp x29, x30, [sp, #80]\n\t"
    "add sp, sp, #112\n\tret\n"
    ".endm\n"
    "caller 1\n\tcaller 2\n\tcaller 5\n\tcaller 7\n\tcaller 8\n\tcaller 9\n");
#define CALLER(n) void probe_call_##n(const uint64_t in[8], struct probe_state *s)
CALLER(1);
CALLER(2);
CALLER(5);
CALLER(7);
CALLER(8);
CALLER(9);
_Static_assert(CALL_NULL == 1 && CALL_CALL == 2 && CALL_SIGNAL == 5 && CALL_POLL == 7 &&
		   CALL_YIELD == 8 && CALL_INVOKE == 9,
	       "as above");

void probe_call(uint32_t number, const uint64_t in[8], struct probe_state *s)
{
	static void (*const callers[])(const uint64_t[8], struct probe_state *) = {
	    [1] = probe_call_1, [2] = probe_call_2, [5] = probe_call_5,
	    [7] = probe_call_7, [8] = probe_call_8, [9] = probe_call_9};

	callers[number](in, s);
}
