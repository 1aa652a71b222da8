/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does at random what a guest can do, from two vCPUs: loads and stores of every
 * encoding anywhere, system registers and instructions of any encoding, firmware calls and
 * hypercalls with any immediate, maintenance, exception returns, sleep, interrupts to each other,
 * changes of its own tables; at EL1 and EL0, with translation off and then on. Each is a case, and
 * all that may come of one is a value, or an exception of this guest.
 *
 * Seed and number of cases come from the command line: `seed=NUMBER cases=NUMBER`.
 */
#include "guest.h"
#include "sandbox.h"

#define CPUS 2u
#define SETTLED 16u /* cases between */
#define TOLD 2048u
#define LONGEST 20000u	      /* ticks of the counter at EL0 */
#define IMAGE 0x80000000u     /* what it stands on: from here */
#define IMAGE_END 0x80400000u /* and what displacements could reach of it */
#define IMAGE_BEGIN 0x7ff00000u
#define SCTLR_EL0_WAITS (1ull << 16 | 1ull << 18)	 /* nTWI, nTWE */
#define SCTLR_KEPT (1ull << 0 | 1ull << 19 | 1ull << 25) /* M, WXN, EE */

static struct sandbox sandboxes[CPUS];
static uint64_t seeds[CPUS], cases = 6000;
static volatile uint64_t traps[CPUS], taken[CPUS];
static volatile bool second_done, translated;

void second_start(void);

/* ---- Numbers ---- */

static uint32_t this_cpu(void)
{
	return (uint32_t)READ_REGISTER(mpidr_el1) & 1;
}

static uint32_t random_word(void)
{
	uint64_t *seed = &seeds[this_cpu()];

	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*seed >> 32);
}

static uint32_t below(uint32_t n)
{
	return random_word() % n;
}

static bool chance(uint32_t n)
{
	return below(n) == 0;
}

/* Whatever it is, as an address it is not where this program lies. */
static uint64_t not_here(uint64_t value)
{
	uint32_t low = (uint32_t)value;

	return low >= IMAGE_BEGIN && low < IMAGE_END ? value ^ 0x00800000 : value;
}

/* Small numbers, powers of two, all ones, memory, and anything: where mistakes are. */
static uint64_t random_value(void)
{
	uint64_t value = (uint64_t)random_word() << 32 | random_word();

	switch (below(7)) {
	case 0:
		return value & 0xff;
	case 1:
		return not_here(1ull << (value & 63));
	case 2:
		return ~0ull;
	case 3:
		return 0x80800000 + (value & 0x7fffff);
	case 4:
		return not_here(value & 0xffffffff);
	case 5:
		return not_here(value & 0xffffffffff);
	default:
		return not_here(value);
	}
}

static uint64_t random_place(void)
{
	static const uint64_t bases[] = {GICD,		 GICD + 0x6000,
					 GICR,		 GICR + 0x10000,
					 GICR + 0x20000, GICR + 0x30000,
					 UART,		 UART,
					 0x0a000000,	 0x07fff000,
					 0x80fff000,	 0x80ffeff8,
					 0x80800000,	 0,
					 0x3fffff0000,	 0x10000000,
					 0x40000000,	 0x08080000,
					 0x09000ff8,	 0x100000000};

	return bases[below(sizeof(bases) / sizeof(bases[0]))] +
	       (random_word() & (chance(2) ? 0xff8 : 0xfff));
}

static bool ends_guest(uint64_t function)
{
	switch ((uint32_t)function) {
	case GUEST_FAIL:
	case GUEST_CHAR:
	case PSCI_CPU_OFF:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_OFF + 1: /* reset */
		return true;
	default:
		return false;
	}
}

/* x0 to x15 are addresses or anything, x16 to x30 small: one of each never adds up to this program.
 */
static void random_registers(struct sandbox *s)
{
	for (uint32_t i = 0; i < 31; i++)
		s->x[i] =
		    i >= 16 ? random_word() & 0xfff : (chance(2) ? random_place() : random_value());
	if (ends_guest(s->x[0]))
		s->x[0]++;
}

/* ---- Between cases ---- */

/* What came is ended; nothing goes on firing. */
void guest_interrupt(uint32_t id)
{
	taken[this_cpu()]++;
	if (id == TIMER_PPI)
		timer_stop();
	else if (id >= 16 && id < 1020)
		gic_disable(id);
}

bool guest_exception(uint64_t kind, struct frame *f)
{
	(void)kind;
	return sandbox_leave(&sandboxes[this_cpu()], f);
}

/* Interrupts as a guest has them that means well. */
static void settle(void)
{
	uint64_t r = GICR + this_cpu() * GICR_STRIDE + 0x10000;

	WRITE_REGISTER(mdscr_el1, 0);
	WRITE_REGISTER(cntv_ctl_el0, 2);
	WRITE_REGISTER(ICC_CTLR, 0);
	WRITE_REGISTER(S3_0_C12_C8_4, 0); /* ICC_AP0R0_EL1 */
	WRITE_REGISTER(S3_0_C12_C9_0, 0); /* ICC_AP1R0_EL1 */
	write32(r + GIC_CLEAR_ENABLE, ~0u);
	write32(r + GIC_CLEAR_ACTIVE, ~0u);
	write32(r + GIC_CLEAR_PENDING, ~0u);
	for (uint32_t i = 32; i < 160; i += 32)
		write32(GICD + GIC_CLEAR_ENABLE + i / 8, ~0u);
	gic_start();
	for (uint32_t i = 0; i < 16; i++)
		gic_enable(i, 0x80);
	gic_enable(TIMER_PPI, 0x40);
}

static void interrupts(void)
{
	settle();
	gic_send(below(16), 1 + below(3));
	if (chance(2)) {
		timer_start(below(2000));
		wait_for_interrupt();
	}
	interrupts_on();
	__asm__ volatile("isb" ::: "memory");
	interrupts_off();
	timer_stop();
}

/* ---- Cases ---- */

static uint32_t load_or_store(void)
{
	uint32_t word = (random_word() | 1u << 27) & ~(1u << 25);

	word &= ~(1u << 9); /* of x0 to x15 */
	if ((word >> 27 & 7) == 7 && (word >> 21 & 1) && (word >> 10 & 3) == 2)
		word = (word & ~(0x1fu << 16)) | (16 + below(8)) << 16;
	return word;
}

/* One plain access of each width and direction, with and without a syndrome. */
static uint32_t plain_access(void)
{
	static const uint32_t words[] = {
	    0x39400020, 0x79400020, 0xb9400020, 0xf9400020, /* ldrb, ldrh, ldr w, ldr x: x0, [x1] */
	    0x39000020, 0x79000020, 0xb9000020, 0xf9000020, /* and stores */
	    0x39800020, 0x79c00020, 0xb9800020,		    /* sign extended */
	    0xf8408420, 0xf8008c20, 0xa9400c22, 0xa9000c22, /* post, pre index; pairs */
	    0xc85f7c20, 0xc8027c20, 0x08dffc20, 0xd50b7421, /* exclusives, acquire, dc zva */
	    0x3dc00020, 0x3d800020, 0x4c407020, 0x4c007020, /* q registers */
	};

	return words[below(sizeof(words) / sizeof(words[0]))];
}

#define SYSTEM(op0, op1, crn, crm, op2)                                          \
	((uint32_t)(op0) << 19 | (uint32_t)(op1) << 16 | (uint32_t)(crn) << 12 | \
	 (uint32_t)(crm) << 8 | (uint32_t)(op2) << 5)
#define SYSTEM_MASK SYSTEM(3, 7, 15, 15, 7)

/* Writes that would take what instructions are fetched by, or wait for ever. */
static bool loses_way(uint32_t word)
{
	switch (word & SYSTEM_MASK) {
	case SYSTEM(3, 0, 2, 0, 0):  /* TTBR0_EL1 */
	case SYSTEM(3, 0, 2, 0, 2):  /* TCR_EL1 */
	case SYSTEM(3, 0, 10, 2, 0): /* MAIR_EL1 */
		return translated;
	case SYSTEM(0, 3, 2, 0, 3): /* WFI */
		return true;
	default:
		return (word & SYSTEM(3, 7, 15, 0, 0)) == SYSTEM(0, 3, 1, 0, 0); /* WFIT, WFET */
	}
}

/* MRS, MSR, SYS, SYSL, MSR (immediate), hints, barriers. Half of them of where registers are. */
static uint32_t system_word(struct sandbox *s)
{
	static const uint8_t crns[] = {0, 1, 2, 4, 5, 6, 7, 9, 10, 12, 13, 14};
	uint32_t word = 0xd5000000 | (random_word() & 0x3fffff), rt = word & 31;

	if (chance(2))
		word = 0xd5000000 | (word & 0x20001f) |
		       SYSTEM(chance(8) ? 2 : 3, chance(3) ? 3 : 0, crns[below(sizeof(crns))],
			      below(chance(2) ? 16 : 4), below(8));
	if ((word & SYSTEM_MASK) == SYSTEM(3, 0, 1, 0, 0)) {
		word = (word & ~31u) | 1;
		s->x[1] = (s->x[1] & ~SCTLR_KEPT) | (READ_REGISTER(sctlr_el1) & SCTLR_KEPT);
	} else if (loses_way(word)) {
		word |= 1u << 21; /* a read */
	}
	if ((word & SYSTEM(3, 0, 0, 0, 0)) == SYSTEM(1, 0, 0, 0, 0) && rt >= 16)
		word &= ~(1u << 4); /* of an address */
	return word;
}

static uint32_t call(struct sandbox *s)
{
	static const uint32_t functions[] = {
	    0x84000000, 0x84000001, 0xc4000001, 0x84000003, 0xc4000003, 0x84000004,
	    0xc4000004, 0x84000005, 0x84000006, 0x84000007, 0x8400000a, 0x8400000b,
	    0x8400000c, 0xc400000d, 0xc400000e, 0x8400000f, 0xc4000010, 0x84000011,
	    0x84000012, 0xc4000014, 0x80000000, 0x80000001, 0x80000002, 0x80008000,
	    0x80007fff, 0x80003fff, 0x86000000, 0xbf00ff01, 0x00000000, 0xffffffff,
	    0xc6000010, 0x82000000, 5,		4,	    6,		7};
	static const uint32_t kinds[] = {0xd4000002, 0xd4000002, 0xd4000003, 0xd4000001};

	if (!chance(4))
		s->x[0] = functions[below(sizeof(functions) / sizeof(functions[0]))];
	if (chance(4))
		s->x[0] |= random_value() << 32;
	return kinds[below(4)] | (chance(2) ? 0 : (random_word() & 0xffff) << 5);
}

/*
 * ERET to anywhere, in any state. What it meets at EL0 may be a loop: an interrupt ends that. At
 * EL1 there is no memory where it goes.
 */
static uint32_t exception_return(struct sandbox *s, uint32_t words[])
{
	uint64_t *pc = &s->x[2], *status = &s->x[3];

	*status = chance(2) ? random_value() : (uint64_t)random_word() << 28 | below(32);
	if ((*status & 0xf) == 0)
		*status &= ~0x80ull;
	else
		*pc = 0x40000000 | (random_word() & 0x3ffffff);
	words[0] = 0xd5184022; /* msr elr_el1, x2 */
	words[1] = 0xd5184003; /* msr spsr_el1, x3 */
	words[2] = 0xd69f03e0;
	settle();
	timer_start(LONGEST);
	return 3;
}

/* A random entry beyond what is in use, and looks through it: nothing is stored there. */
static void change_tables(struct sandbox *s)
{
	static const uint32_t looks[] = {
	    0xf9400020, 0xa9400c22, 0xf9800020,	 /* loads, prefetch */
	    0xd5087801, 0xd5087821, 0xd5087841,	 /* at s1e1r, w, s1e0r */
	    0xd50b7a21, 0xd50b7b21, 0xd5088761}; /* dc cvac, cvau, tlbi */
	uint32_t index = MMU_FREE + below(64);
	uint64_t *table = (uint64_t *)0x80c00000;

	for (uint32_t i = 0; i < 8; i++)
		table[below(512)] = not_here(random_value()) | (chance(2) ? 0x403 : 0);
	mmu_entry(index, chance(2) ? (uint64_t)table | 3 : random_value());
	for (uint32_t i = 0; i < 4; i++) {
		random_registers(s);
		s->x[1] = (uint64_t)index << 30 | (random_word() & 0x3fffffff);
		traps[this_cpu()] += sandbox_run(s, &looks[below(9)], 1, SANDBOX_EL1);
	}
	mmu_entry(index, 0);
}

static void one_case(struct sandbox *s)
{
	uint64_t status = chance(4) && !translated ? SANDBOX_EL0 : SANDBOX_EL1;
	uint32_t words[3], count = 1;

	random_registers(s);
	switch (below(8)) {
	case 0:
		words[0] = load_or_store();
		break;
	case 1:
	case 2:
		words[0] = plain_access();
		s->x[1] = random_place();
		break;
	case 3:
	case 4:
	case 5:
		words[0] = system_word(s);
		break;
	case 6:
		words[0] = call(s);
		break;
	default:
		if (translated && chance(2)) {
			change_tables(s);
			return;
		}
		count = exception_return(s, words);
		status = SANDBOX_EL1;
		break;
	}
	traps[this_cpu()] += sandbox_run(s, words, count, status);
}

static void run(void)
{
	uint32_t cpu = this_cpu();

	WRITE_REGISTER(sctlr_el1, READ_REGISTER(sctlr_el1) & ~SCTLR_EL0_WAITS);
	for (uint64_t i = 0; i < cases; i++) {
		if (i % SETTLED == 0)
			interrupts();
		one_case(&sandboxes[cpu]);
		if (cpu == 0 && (i + 1) % TOLD == 0) {
			say_number(i + 1);
			say(" cases\n");
		}
	}
	settle();
}

void second_main(uint64_t argument)
{
	(void)argument;
	if (translated)
		mmu_on();
	run();
	second_done = true;
	hypercall(PSCI_CPU_OFF, 0, 0, 0);
}

static void run_both(void)
{
	second_done = false;
	CHECK_EQUAL(hypercall(PSCI_CPU_ON, 1, (uint64_t)second_start, 0), 0);
	run();
	while (hypercall(PSCI_AFFINITY_INFO, 1, 0, 0) != 1)
		;
	CHECK(second_done);
	CHECK(traps[0] > cases / 10);
	CHECK(traps[1] > cases / 10);
	CHECK(taken[0] + taken[1] > cases / SETTLED);
}

/* A number of the command line, found in the device tree by its name. */
static void read_number(const char *tree, uint32_t size, const char *name, uint64_t *value)
{
	uint32_t length = 0;

	while (name[length])
		length++;
	for (uint32_t i = 0; i + length < size; i++) {
		uint32_t n = 0;

		while (n < length && tree[i + n] == name[n])
			n++;
		if (n < length)
			continue;
		*value = 0;
		for (i += length; i < size && tree[i] >= '0' && tree[i] <= '9'; i++)
			*value = *value * 10 + (uint64_t)(tree[i] - '0');
		return;
	}
}

void guest_main(uint64_t tree)
{
	uint32_t size = __builtin_bswap32(*(const uint32_t *)(tree + 4));

	seeds[0] = 0x5eed;
	read_number((const char *)tree, size, "seed=", &seeds[0]);
	read_number((const char *)tree, size, "cases=", &cases);
	cases /= 4; /* two vCPUs, twice */
	seeds[1] = ~seeds[0];
	test("random instructions of two vCPUs, translation off: the guest goes on");
	run_both();
	test("the same with translation on");
	mmu_on();
	translated = true;
	run_both();
	test("after all that, devices and calls answer");
	CHECK(hypercall(PSCI_VERSION, 0, 0, 0) >= 0x10000);
	CHECK_EQUAL(read32(UART + 0xfe0), 0x11);
	write32(UART + 0x24, 0x4321);
	CHECK_EQUAL(read32(UART + 0x24), 0x4321);
	CHECK_EQUAL(read32(GICD + 0xffe8) >> 4 & 0xf, 3);
}
