/* SPDX-License-Identifier: BSD-2-Clause */
#include "marks.h"

/*
 * each(register, class): PLAIN holds a mark; ZERO as well, and is zero in a new vCPU; CONTROL may
 * do something, so it is only looked at, and is zero in a new vCPU.
 */
#define EIGHT(each, kind, name, end)                                               \
	each(name##0##end, kind) each(name##1##end, kind) each(name##2##end, kind) \
	    each(name##3##end, kind)
#define SYSTEM(each)                                                                               \
	each(tpidr_el0, ZERO) each(tpidrro_el0, ZERO) each(tpidr_el1, ZERO)                        \
	    each(contextidr_el1, ZERO) each(afsr0_el1, ZERO) each(afsr1_el1, ZERO)                 \
		each(amair_el1, ZERO) each(mair_el1, ZERO) each(par_el1, ZERO) each(far_el1, ZERO) \
		    each(esr_el1, ZERO) each(ttbr0_el1, ZERO) each(ttbr1_el1, ZERO)                \
			each(elr_el1, ZERO) each(spsr_el1, ZERO) each(sp_el0, ZERO)                \
			    each(csselr_el1, CONTROL) each(cntv_cval_el0, PLAIN)                   \
				each(cntkctl_el1, CONTROL)
#define DEBUG(each)                                                                     \
	EIGHT(each, ZERO, dbgbvr, _el1)                                                 \
	each(dbgbvr4_el1, ZERO) each(dbgbvr5_el1, ZERO) EIGHT(each, ZERO, dbgwvr, _el1) \
	    EIGHT(each, CONTROL, dbgbcr, _el1) EIGHT(each, CONTROL, dbgwcr, _el1)       \
		each(mdscr_el1, CONTROL) each(mdccint_el1, CONTROL)
#define MONITOR(each)                                                                              \
	EIGHT(each, ZERO, pmevcntr, _el0)                                                          \
	EIGHT(each, CONTROL, pmevtyper, _el0)                                                      \
	each(pmccntr_el0, ZERO) each(pmselr_el0, CONTROL) each(pmcntenset_el0, CONTROL)            \
	    each(pmintenset_el1, CONTROL) each(pmovsset_el0, CONTROL) each(pmuserenr_el0, CONTROL) \
		each(pmccfiltr_el0, CONTROL)
#define ICC_AP0R0 S3_0_C12_C8_4
#define ICC_AP1R0 S3_0_C12_C9_0
#define ICC_IGRPEN0 S3_0_C12_C12_6
#define INTERRUPT(each)                                                          \
	each(ICC_AP0R0, CONTROL) each(ICC_AP1R0, CONTROL) each(ICC_PMR, CONTROL) \
	    each(ICC_IGRPEN0, CONTROL) each(ICC_IGRPEN1, CONTROL)
#define ALL(each) SYSTEM(each) DEBUG(each) MONITOR(each) INTERRUPT(each)

enum kind { PLAIN, ZERO, CONTROL };
#define REGISTER(name, kind) {STRING_(name), kind},
static const struct {
	const char *name;
	enum kind kind;
} registers[] = {ALL(REGISTER)};
#define COUNT (sizeof(registers) / sizeof(registers[0]))

#define CPUS 2u
#define PULSE 1000u /* ticks of the counter */
#define SMCCC_WORKAROUND_1 0x80008000u

static uint64_t expected_of[CPUS][COUNT], found_of[CPUS][COUNT];
static struct fp_state fp_expected_of[CPUS], fp_found_of[CPUS];

static uint32_t this_cpu(void)
{
	return (uint32_t)READ_REGISTER(mpidr_el1) & 1;
}

static void read_all(uint64_t values[])
{
#define READ(name, kind) *values++ = READ_REGISTER(name);
	ALL(READ)
}

void marks_set(uint16_t mark)
{
	uint64_t *expected = expected_of[this_cpu()];
	struct fp_state *fp = &fp_expected_of[this_cpu()];
	uint32_t i = 0;

#define WRITE(name, kind)                                \
	if ((kind) != CONTROL)                           \
		WRITE_REGISTER(name, mark *MARK_SPREAD); \
	i++;
	ALL(WRITE)
	/* What of a control register does nothing while the rest of its part is off. */
	WRITE_REGISTER(dbgbcr1_el1, 0x1e0);
	WRITE_REGISTER(dbgwcr1_el1, 0x1fe0);
	WRITE_REGISTER(pmevtyper1_el0, 0x11);
	WRITE_REGISTER(pmovsset_el0, 1);
	WRITE_REGISTER(pmselr_el0, 3);
	WRITE_REGISTER(csselr_el1, 2);
	WRITE_REGISTER(ICC_PMR, 0xa0); /* what is enabled is above it */
	WRITE_REGISTER(ICC_AP1R0, 0);
	for (i = 0; i < 64; i++)
		fp->q[i] = mark * MARK_SPREAD;
	fp->fpsr = 0x9f;
	fp->fpcr = 1ull << 24;
	fp_load(fp);
	read_all(expected);
}

static uint32_t note(uint32_t so_far, const char *name, uint64_t value)
{
	if (so_far == 0) {
		say(name);
		say(" is ");
		say_hex(value);
		say("\n");
	}
	return so_far + 1;
}

static uint32_t fp_wrong(const struct fp_state *wanted, uint32_t wrong)
{
	struct fp_state *fp = &fp_found_of[this_cpu()];

	fp_store(fp);
	for (uint32_t i = 0; i < 64; i++)
		if (fp->q[i] != wanted->q[i])
			wrong = note(wrong, "a vector register", fp->q[i]);
	if (fp->fpsr != wanted->fpsr || fp->fpcr != wanted->fpcr)
		wrong = note(wrong, "FPSR or FPCR", fp->fpsr << 32 | fp->fpcr);
	return wrong;
}

uint32_t marks_wrong(void)
{
	uint64_t *found = found_of[this_cpu()], *expected = expected_of[this_cpu()];
	uint32_t wrong = 0;

	read_all(found);
	for (uint32_t i = 0; i < COUNT; i++)
		if (found[i] != expected[i])
			wrong = note(wrong, registers[i].name, found[i]);
	return fp_wrong(&fp_expected_of[this_cpu()], wrong);
}

static bool holds(uint64_t value, uint16_t mark)
{
	for (; value; value >>= 16)
		if ((uint16_t)value == mark)
			return true;
	return false;
}

uint32_t marks_fresh(uint16_t mark)
{
	static const struct fp_state zero;
	uint64_t *found = found_of[this_cpu()];
	uint32_t wrong = 0;

	read_all(found);
	for (uint32_t i = 0; i < COUNT; i++)
		if (holds(found[i], mark) || (registers[i].kind != PLAIN && found[i] != 0))
			wrong = note(wrong, registers[i].name, found[i]);
	return fp_wrong(&zero, wrong);
}

uint32_t marks_general_wrong(void)
{
	uint64_t values[30];
	uint32_t wrong = 0;

	registers_over_load(UART + 0xfe0, values);
	for (uint64_t i = 0; i < 30; i++)
		if (values[i] != (i == 9 ? 0x11 : i))
			wrong = note(wrong, "a general register, over a load,", values[i]);
	registers_over_call(PSCI_VERSION, values);
	for (uint64_t i = 1; i < 30; i++)
		if (values[i] != i)
			wrong = note(wrong, "a general register, over a call,", values[i]);
	return wrong;
}

static void end_all(void)
{
	uint32_t id;

	while ((id = (uint32_t)READ_REGISTER(ICC_IAR1)) < 1020)
		WRITE_REGISTER(ICC_EOIR1, id);
}

/* The timer's registers are marks, but for the moments in which it is used. */
void marks_pulse(void)
{
	uint64_t compare = READ_REGISTER(cntv_cval_el0), control;

	end_all();
	timer_start(PULSE);
	do {
		wait_for_interrupt();
		control = READ_REGISTER(cntv_ctl_el0);
	} while (!(control & 4));
	timer_stop();
	end_all();
	WRITE_REGISTER(cntv_cval_el0, compare);
}

void marks_switch(uint32_t kind)
{
	switch (kind) {
	case 0:
		(void)hypercall(PSCI_VERSION, 0, 0, 0);
		break;
	case 1:
		(void)read32(UART + 0xfe0);
		break;
	case 2:
		__asm__ volatile("ldp w9, w10, [%0]" ::"r"(UART + 0xfe0) : "x9", "x10", "memory");
		break;
	case 3: /* a line */
		hypercall(GUEST_CHAR, '.', 0, 0);
		hypercall(GUEST_CHAR, '\n', 0, 0);
		break;
	case 4:
		(void)hypercall(SMCCC_WORKAROUND_1, 0, 0, 0);
		break;
	case 5:
		(void)READ_REGISTER(id_aa64pfr0_el1);
		break;
	case 6: /* the other vCPU runs, if there is one */
		gic_send(1, 3);
		end_all();
		break;
	default: /* asleep until then: others run, or none */
		marks_pulse();
		break;
	}
}
