/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/arch/aarch64/sysreg.c services/vmm/arch/aarch64/ptimer.c */
/* sources: services/vmm/arch/aarch64/psci.c */
/*
 * What a guest does by instructions that trap: system registers, the physical timer, firmware
 * calls, each with any number. A second model of timer and power, as simple as can be, says what
 * must come of it.
 */
#include "fuzz.h"
#include "services/vmm/arch/aarch64/psci.h"
#include "services/vmm/arch/aarch64/ptimer.h"
#include "services/vmm/arch/aarch64/sysreg.h"

#define CPUS 4u
#define TVAL SYSREG(3, 3, 14, 2, 0)
#define CTL SYSREG(3, 3, 14, 2, 1)
#define CVAL SYSREG(3, 3, 14, 2, 2)

REACH(timer_fired);
REACH(cpu_started);
REACH(register_defined);

static struct {
	uint64_t now, deadline;
	bool level[CPUS];
	/* The second model. */
	uint64_t compare[CPUS];
	uint32_t control[CPUS];
	enum psci_power power[CPUS];
} w;
static struct sysreg sysreg;
static struct ptimer timer;
static struct psci psci;
static const uint32_t affinity[CPUS] = {0, 1, 0x100, 0x01000203};

static uint64_t host_now(void *h)
{
	(void)h;
	return w.now;
}

static void host_level(void *h, unsigned int cpu, bool high)
{
	(void)h;
	CHECK(cpu < CPUS && w.level[cpu] != high);
	w.level[cpu] = high;
	if (high)
		reached(timer_fired);
}

static void host_deadline(void *h, uint64_t ticks)
{
	(void)h;
	w.deadline = ticks;
}

static const struct ptimer_ops ops = {host_now, host_level, host_deadline};

/* Each output is what its registers say, and no rise to come is later than the deadline. */
static void check_timer(void)
{
	for (unsigned int i = 0; i < CPUS; i++) {
		const bool counts = w.control[i] == 1;

		CHECK_EQ(w.level[i], counts && w.now >= w.compare[i]);
		if (counts && !w.level[i])
			CHECK(w.deadline != PTIMER_NEVER && w.deadline <= w.compare[i]);
	}
}

static uint64_t number(void)
{
	return PICK(0, 1, 2, 3, w.now, w.now + 1, w.now - 1, w.now + 1000, 0x7fffffff, 0x80000000,
		    0xffffffff, ~0ull, 1ull << 63, test_random());
}

static void use_timer(unsigned int cpu)
{
	const uint32_t reg = (uint32_t)PICK(TVAL, CTL, CTL, CVAL);
	const bool write = !once_in(3);
	const uint64_t written = reg == CTL && !once_in(4) ? 1 : number();
	uint64_t value = written;

	CHECK(ptimer_access(&timer, cpu, reg, write, &value));
	if (write && reg == CTL)
		w.control[cpu] = written & 3;
	else if (write)
		w.compare[cpu] =
		    reg == CVAL ? written : w.now + (uint64_t)(int64_t)(int32_t)written;
	else if (reg == CVAL)
		CHECK_EQ(value, w.compare[cpu]);
	else if (reg == TVAL)
		CHECK_EQ(value, (uint32_t)(w.compare[cpu] - w.now));
	else
		CHECK_EQ(value, w.control[cpu] | (w.now >= w.compare[cpu] ? 4u : 0));
}

static void time_passes(void)
{
	const uint64_t by = PICK(1, 10, 1000, 0x7fffffff, test_random() % 5000);

	w.now = w.now + by < w.now ? w.now : w.now + by;
	if (w.deadline != PTIMER_NEVER && w.now >= w.deadline) {
		w.deadline = PTIMER_NEVER;
		ptimer_passed(&timer);
	}
}

static void use_register(unsigned int cpu)
{
	uint32_t reg =
	    SYSREG(PICK(1, 2, 2, 3, 3), PICK(0, 0, 0, 3, 1, test_random() % 8),
		   PICK(0, 0, 1, 7, 12, test_random() % 16), test_random() % 16, test_random() % 8);
	uint64_t value = number();
	char name[24];
	size_t end = 0;

	if (once_in(16))
		reg = (uint32_t)test_random();
	if (sysreg_access(&sysreg, cpu, reg, once_in(2), &value))
		reached(register_defined);
	sysreg_name(reg, name);
	while (name[end])
		CHECK(++end < sizeof(name));
}

/* A CPU_ON is of one that is off; nothing else changes who is on. */
static void call_firmware(unsigned int cpu)
{
	const uint64_t function =
	    PICK(0x84000000, 0x84000001, 0x84000002, 0x84000003, 0x84000004, 0x84000006, 0x84000008,
		 0x84000009, 0x8400000a, 0x80000000, 0x80000001, 0xc6000000, 0xc6000001) |
	    PICK(0, 0x40000000, 0x40000000, 0xffffffff00000000);
	const uint64_t target = once_in(4) ? number() : affinity[test_random() % CPUS];
	const struct psci_reply r = psci_call(&psci, function, target, once_in(2) ? 0 : number());
	const struct psci_start s = psci_start(function, target, number());

	CHECK(r.action <= PSCI_HYPERCALL);
	CHECK((function & 0x40000000) || s.entry <= 0xffffffff);
	if (r.action == PSCI_CPU_ON) {
		CHECK(r.result >= 0 && r.result < CPUS);
		CHECK_EQ(w.power[r.result], PSCI_OFF);
		psci_started(&psci, (unsigned int)r.result);
		w.power[r.result] = PSCI_ON;
		reached(cpu_started);
	} else if (r.action == PSCI_CPU_OFF) {
		psci_stopped(&psci, cpu);
		w.power[cpu] = PSCI_OFF;
		ptimer_reset(&timer, cpu);
		sysreg_reset(&sysreg, cpu);
		w.control[cpu] = 0;
		w.compare[cpu] = 0;
	}
	for (unsigned int i = 0; i < CPUS; i++)
		CHECK_EQ(psci.power[i], w.power[i]);
}

FUZZ(10000, 2048)
{
	const uint64_t fill = number();
	uint64_t host[SYSREG_IDS];

	__builtin_memset(&w, 0, sizeof(w));
	w.now = number();
	for (unsigned int i = 0; i < SYSREG_IDS; i++)
		host[i] = fill;
	for (unsigned int i = 1; i < CPUS; i++)
		w.power[i] = PSCI_OFF;
	sysreg_init(&sysreg, host, (uint32_t)(32 + test_random() % 17));
	ptimer_init(&timer, CPUS, &ops, NULL);
	psci_init(&psci, CPUS, affinity);
	while (fuzz_more()) {
		const unsigned int cpu = (unsigned int)(test_random() % CPUS);

		switch (test_random() % 4) {
		case 0:
			use_timer(cpu);
			break;
		case 1:
			time_passes();
			break;
		case 2:
			use_register(cpu);
			break;
		default:
			call_firmware(cpu);
			break;
		}
		check_timer();
	}
}
