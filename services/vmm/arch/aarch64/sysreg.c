/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/arch/aarch64/sysreg.h"

#include <stddef.h>
#include <string.h>

/* A field of four bits at `shift`. */
#define FIELD(shift) (0xfull << (shift))

/*
 * What a guest sees of the ID registers: (host & keep) | set. Fields are those of Arm DDI 0487,
 * D13.2. Not named: not shown (SVE, SME, MTE, RAS, pointer authentication, AMU, MPAM, nested
 * virtualization, all of AArch32).
 */
static const struct {
	uint8_t index;
	uint64_t keep, set;
} shown[] = {
    /* AA64PFR0: EL0 and EL1 in AArch64 only; GIC system registers. FP, AdvSIMD, DIT, CSV2, CSV3. */
    {SYSREG_ID(4, 0), FIELD(16) | FIELD(20) | FIELD(48) | FIELD(56) | FIELD(60), 0x11 | 1ull << 24},
    /* AA64PFR1: SSBS is a PSTATE bit the kernel carries along; BT needs guarded pages only. */
    {SYSREG_ID(4, 1), FIELD(0) | FIELD(4), 0},
    /* AA64DFR0: ARMv8.0 debug; PMUVer, BRPs, WRPs, CTX_CMPs. */
    {SYSREG_ID(5, 0), FIELD(8) | FIELD(12) | FIELD(20) | FIELD(28), 6},
    /* AA64ISAR0: instructions alone, but not TME (27:24). */
    {SYSREG_ID(6, 0), ~FIELD(24) & ~0xfull, 0},
    /* AA64ISAR1: not APA, API, GPA, GPI, LS64, XS. */
    {SYSREG_ID(6, 1),
     FIELD(0) | FIELD(12) | FIELD(16) | FIELD(20) | FIELD(32) | FIELD(36) | FIELD(40) | FIELD(44) |
	 FIELD(48) | FIELD(52),
     0},
    /* AA64ISAR2: RPRES, BC. */
    {SYSREG_ID(6, 2), FIELD(4) | FIELD(20), 0},
    /* AA64MMFR0: ASIDBits, BigEnd, BigEndEL0 and the granules of stage 1; PARange is set below. */
    {SYSREG_ID(7, 0), FIELD(4) | FIELD(8) | FIELD(16) | FIELD(20) | FIELD(24) | FIELD(28), 0},
    /* AA64MMFR1: HAFDBS, HPDS, PAN, ETS, AFP. */
    {SYSREG_ID(7, 1), FIELD(0) | FIELD(12) | FIELD(20) | FIELD(36) | FIELD(44), 0},
    /* AA64MMFR2: CnP, UAO, VARange, CCIDX, AT, IDS, TTL, BBM, E0PD. */
    {SYSREG_ID(7, 2),
     FIELD(0) | FIELD(4) | FIELD(16) | FIELD(20) | FIELD(32) | FIELD(36) | FIELD(48) | FIELD(52) |
	 FIELD(60),
     0},
};

/* Fields whose higher values stand for what is not there; of granules 15 says that there are none.
 */
static const struct {
	uint8_t index, shift;
	uint64_t most;
} limits[] = {
    {SYSREG_ID(4, 0), 56, 1},			       /* CSV2: SCXTNUM_EL1 and SCXTNUM_EL0 */
    {SYSREG_ID(5, 0), 8, 6},			       /* PMUVer: what came after Armv8.5 */
    {SYSREG_ID(7, 0), 20, 1},			       /* TGran16 and TGran4: 52-bit addresses */
    {SYSREG_ID(7, 0), 28, 0}, {SYSREG_ID(7, 1), 0, 2}, /* HAFDBS: TCR2_EL1.HAFT */
    {SYSREG_ID(7, 2), 16, 1},			       /* VARange: TCR2_EL1.D128 */
};

/* Sizes of ID_AA64MMFR0_EL1.PARange. */
static const uint8_t pa_bits[] = {32, 36, 40, 42, 44, 48};

void sysreg_init(struct sysreg *s, const uint64_t host[SYSREG_IDS], uint32_t address_bits)
{
	uint64_t range = 0;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		s->id[shown[i].index] = (host[shown[i].index] & shown[i].keep) | shown[i].set;
	if ((s->id[SYSREG_ID(5, 0)] & FIELD(8)) == FIELD(8)) /* PMUVer: of another kind */
		s->id[SYSREG_ID(5, 0)] &= ~FIELD(8);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint64_t *id = &s->id[limits[i].index], field = *id >> limits[i].shift & 0xf;

		if (field > limits[i].most && (field != 15 || limits[i].index != SYSREG_ID(7, 0)))
			*id = (*id & ~FIELD(limits[i].shift)) | limits[i].most << limits[i].shift;
	}
	while (range + 1 < sizeof(pa_bits) && pa_bits[range + 1] <= address_bits &&
	       range < (host[SYSREG_ID(7, 0)] & 0xf))
		range++;
	s->id[SYSREG_ID(7, 0)] |= range;
	for (unsigned int cpu = 0; cpu < SYSREG_CPUS; cpu++)
		sysreg_reset(s, cpu);
}

void sysreg_reset(struct sysreg *s, unsigned int cpu)
{
	s->os_lock[cpu] = true; /* OSLAR_EL1: locked out of reset */
}

/*
 * Breakpoints, watchpoints and MDSCR_EL1 are the kernel's business. What is left holds nothing: the
 * debug channel reads as zero and ignores writes; the OS lock is told to the kernel by whoever
 * calls.
 */
static bool debug_access(struct sysreg *s, unsigned int cpu, uint32_t reg, bool write,
			 uint64_t *value)
{
	switch (reg) {
	case SYSREG_OSLAR:
		if (!write)
			return false;
		s->os_lock[cpu] = *value & 1;
		return true;
	case SYSREG(2, 0, 1, 1, 4): /* OSLSR_EL1: OSLM = 0b10, OSLK */
		*value = 0x8 | (s->os_lock[cpu] ? 0x2u : 0);
		return !write;
	case SYSREG(2, 0, 1, 0, 0):  /* MDRAR_EL1 */
	case SYSREG(2, 3, 0, 1, 0):  /* MDCCSR_EL0 */
	case SYSREG(2, 0, 7, 14, 6): /* DBGAUTHSTATUS_EL1 */
		*value = 0;
		return !write;
	case SYSREG(2, 0, 0, 0, 2): /* OSDTRRX_EL1 */
	case SYSREG(2, 0, 0, 2, 0): /* MDCCINT_EL1 */
	case SYSREG(2, 0, 0, 3, 2): /* OSDTRTX_EL1 */
	case SYSREG(2, 0, 0, 6, 2): /* OSECCR_EL1 */
	case SYSREG(2, 0, 1, 3, 4): /* OSDLR_EL1 */
	case SYSREG(2, 0, 1, 4, 4): /* DBGPRCR_EL1 */
	case SYSREG(2, 0, 7, 8, 6): /* DBGCLAIMSET_EL1 */
	case SYSREG(2, 0, 7, 9, 6): /* DBGCLAIMCLR_EL1 */
	case SYSREG(2, 3, 0, 4, 0): /* DBGDTR_EL0 */
	case SYSREG(2, 3, 0, 5, 0): /* DBGDTRRX_EL0, DBGDTRTX_EL0 */
		*value = 0;
		return true;
	default:
		return false;
	}
}

bool sysreg_access(struct sysreg *s, unsigned int cpu, uint32_t reg, bool write, uint64_t *value)
{
	const uint32_t id_mask = SYSREG(3, 7, 15, 0, 0);
	const uint32_t crm = reg >> 1 & 0xf, op2 = reg >> 17 & 7;

	/* ID registers, those without a meaning yet included, read as zero or as said. */
	if ((reg & id_mask) == SYSREG(3, 0, 0, 0, 0) && crm < 8) {
		*value = crm == 0 ? 0 : s->id[SYSREG_ID(crm, op2)];
		return !write;
	}
	if (reg >> 20 == 2)
		return debug_access(s, cpu, reg, write, value);
	switch (reg) {
	case SYSREG(1, 0, 7, 6, 2):  /* DC ISW */
	case SYSREG(1, 0, 7, 10, 2): /* DC CSW */
	case SYSREG(1, 0, 7, 14, 2): /* DC CISW */
		/*
		 * Sets and ways name the caches of one physical core and cannot be virtualized.
		 * What a guest wants of them before its caches are on was done when its memory was
		 * cleaned.
		 */
		return write;
	case SYSREG(3, 0, 1, 0, 1): /* ACTLR_EL1 */
		*value = 0;
		return true;
	case SYSREG(3, 1, 0, 0, 7): /* AIDR_EL1 */
		*value = 0;
		return !write;
	default:
		return false;
	}
}

static char *put_number(char *at, uint32_t number)
{
	if (number >= 10)
		*at++ = (char)('0' + number / 10);
	*at++ = (char)('0' + number % 10);
	return at;
}

void sysreg_name(uint32_t reg, char text[24])
{
	const uint32_t part[] = {reg >> 20 & 3, reg >> 14 & 7, reg >> 10 & 15, reg >> 1 & 15,
				 reg >> 17 & 7};
	char *at = text;

	for (size_t i = 0; i < 5; i++) {
		*at++ = i == 0 ? 's' : '_';
		if (i == 2 || i == 3)
			*at++ = 'c';
		at = put_number(at, part[i]);
	}
	*at = '\0';
}
