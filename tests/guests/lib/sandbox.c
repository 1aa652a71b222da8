/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox.h"

_Static_assert(offsetof(struct sandbox, own_stack) == 248 &&
		   offsetof(struct sandbox, vbar) == 272 && offsetof(struct sandbox, code) == 320,
	       "as sandbox_enter.S has them");

#define NOP 0xd503201fu

void sandbox_enter(struct sandbox *s);
void sandbox_end(void);
void sandbox_abort(void);

/* What follows the instructions: no exception can come before the vectors are there again. */
static const uint32_t end[] = {
    0xd50041bf, /* msr spsel, #1 */
    0xd5034fdf, /* msr daifset, #15 */
    0x5800005e, /* ldr x30, . + 8 */
    0x14000003, /* b . + 12 */
};

static void write_code(struct sandbox *s, const uint32_t *words, uint32_t count)
{
	uint64_t own = (uint64_t)s;
	int64_t way;
	uint32_t n = 0;

	for (uint32_t i = 0; i < count && i < SANDBOX_WORDS - 8; i++)
		s->code[n++] = words[i];
	if (n % 2) /* a literal is aligned */
		s->code[n++] = NOP;
	for (uint32_t i = 0; i < 4; i++)
		s->code[n++] = end[i];
	s->code[n++] = (uint32_t)own;
	s->code[n++] = (uint32_t)(own >> 32);
	way = ((int64_t)(uint64_t)sandbox_end - (int64_t)(uint64_t)&s->code[n]) / 4;
	s->code[n++] = 0x14000000u | ((uint32_t)way & 0x3ffffff);
	for (uint64_t at = (uint64_t)s->code; at < (uint64_t)&s->code[n]; at += 4)
		__asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb ish" ::: "memory");
	for (uint64_t at = (uint64_t)s->code; at < (uint64_t)&s->code[n]; at += 4)
		__asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

bool sandbox_run(struct sandbox *s, const uint32_t *words, uint32_t count, uint64_t status)
{
	write_code(s, words, count);
	s->vbar = READ_REGISTER(vbar_el1);
	s->cpacr = READ_REGISTER(cpacr_el1);
	s->sctlr = READ_REGISTER(sctlr_el1);
	s->status = status;
	s->stack_top = (uint64_t)s->stack + sizeof(s->stack);
	s->trapped = false;
	s->inside = true;
	sandbox_enter(s);
	s->inside = false;
	return s->trapped;
}

bool sandbox_leave(struct sandbox *s, struct frame *f)
{
	if (!s->inside)
		return false;
	s->trapped = true;
	s->syndrome = READ_REGISTER(esr_el1);
	f->x[30] = (uint64_t)s;
	f->pc = (uint64_t)sandbox_abort;
	f->status = SANDBOX_EL1;
	return true;
}
