/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts: the list registers of a vCPU, and the overflow behind them. A guest
 * acknowledges and ends interrupts without the kernel; if a physical interrupt is linked to one,
 * the hardware makes that inactive, too. There are two reasons for a maintenance interrupt:
 *
 * - An interrupt with a line was ended (LR.EOI): the line is told, and raises it again if it is
 * high. The list register keeps state 0 and its EOI bit until then, also while the vCPU is not
 * loaded, so the hardware asks again after the next load.
 * - At most one list register holds an interrupt while some wait in the overflow (ICH_HCR_EL2.UIE).
 *
 * The overflow is taken in order of priority, and an interrupt of higher priority than one pending
 * in a list register takes its place. What is active stays: with every list register active, others
 * wait.
 */
#include "arch.h"
#include "arch_calls.h"
#include "el2.h"
#include "internal.h"
#include "port.h"
#include "sysreg.h"

static uint64_t lr_get(const struct kernel *k, const struct vcpu *v, unsigned n)
{
	return k->loaded == v ? vgic_lr_read(n) : v->arch.vgic.lr[n];
}

static void lr_set(const struct kernel *k, struct vcpu *v, unsigned n, uint64_t value)
{
	if (k->loaded == v)
		vgic_lr_write(n, value);
	else
		v->arch.vgic.lr[n] = value;
}

#define for_each_bit(n, mask)                \
	for (uint32_t left_ = (mask), n = 0; \
	     left_ != 0 && (n = (uint32_t)__builtin_ctz(left_), true); left_ &= left_ - 1)

static bool bit_test(const uint64_t *set, uint32_t id)
{
	return (set[id / 64] >> id % 64 & 1) != 0;
}

static void bit_assign(uint64_t *set, uint32_t id, bool value)
{
	set[id / 64] = (set[id / 64] & ~BIT(id % 64)) | (uint64_t)value << id % 64;
}

/* ---- Slots ---- */

/* The list register of `id`, or -1. */
static int slot_of(const struct vgic *g, uint32_t id)
{
	for_each_bit(n, g->used) if (g->id[n] == id) return (int)n;
	return -1;
}

static void slot_free(const struct kernel *k, struct vcpu *v, unsigned n)
{
	lr_set(k, v, n, 0);
	v->arch.vgic.used &= ~(1u << n);
}

static uint16_t end_of(uint64_t lr)
{
	if ((lr & LR_HW) != 0)
		return LR_PINTID(lr);
	return (lr & LR_EOI) != 0 ? VGIC_END_TOLD : VGIC_END_QUIET;
}

static void slot_fill(const struct kernel *k, struct vcpu *v, unsigned n, uint32_t id,
		      uint8_t priority, uint16_t end)
{
	uint64_t lr = LR_MAKE(id, priority) | LR_PENDING;

	if (vtimer_linked(v, id))
		lr |= LR_PHYSICAL(PPI_VIRTUAL_TIMER);
	else if (end >= VGIC_END_PHYSICAL)
		lr |= LR_PHYSICAL(end);
	else if (end == VGIC_END_TOLD)
		lr |= LR_EOI;
	v->arch.vgic.id[n] = (uint16_t)id;
	v->arch.vgic.used |= 1u << n;
	lr_set(k, v, n, lr);
}

/* A list register nobody needs, or -1. One whose end a line has yet to be told is not free. */
static int slot_take(const struct kernel *k, struct vcpu *v)
{
	uint32_t unused = ~v->arch.vgic.used & ((1u << k->arch.lr_count) - 1);

	if (unused != 0)
		return __builtin_ctz(unused);
	for_each_bit(n, v->arch.vgic.used)
	{
		uint64_t lr = lr_get(k, v, n);

		if ((lr & LR_STATE) == 0 && !LR_TELLS(lr))
			return (int)n;
	}
	return -1;
}

/* ---- Overflow ---- */

static void underflow_wanted(const struct kernel *k, const struct vcpu *v)
{
	if (k->loaded == v)
		sysreg_write(ICH_HCR_EL2,
			     v->arch.vgic.overflow != 0 ? ICH_HCR_EN | ICH_HCR_UIE : ICH_HCR_EN);
}

static void overflow_add(struct vgic *g, uint32_t id, uint8_t priority, uint16_t end)
{
	bit_assign(g->waiting, id, true);
	g->end[id] = end;
	g->priority[id] = priority;
	g->overflow++;
}

/* The interrupt of highest priority, of lowest id among equals. There is one. */
static uint32_t overflow_first(const struct vgic *g)
{
	uint32_t best = VGIC_IDS;

	for (uint32_t word = 0; word < sizeof(g->waiting) / 8; word++) {
		for (uint64_t left = g->waiting[word]; left != 0; left &= left - 1) {
			uint32_t id = word * 64 + (uint32_t)__builtin_ctzll(left);

			if (best == VGIC_IDS || g->priority[id] < g->priority[best])
				best = id;
		}
	}
	return best;
}

static void overflow_drain(const struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;

	while (g->overflow != 0) {
		int n = slot_take(k, v);
		uint32_t id;

		if (n < 0)
			break;
		id = overflow_first(g);
		bit_assign(g->waiting, id, false);
		g->overflow--;
		slot_fill(k, v, (unsigned)n, id, g->priority[id], g->end[id]);
	}
	underflow_wanted(k, v);
}

/* A slot whose pending interrupt has the lowest priority, below `priority`; it goes to the
 * overflow. */
static int slot_displace(const struct kernel *k, struct vcpu *v, uint8_t priority)
{
	int worst = -1;
	uint64_t worst_lr = 0;

	for_each_bit(n, v->arch.vgic.used)
	{
		uint64_t lr = lr_get(k, v, n);

		if ((lr & LR_STATE) != LR_PENDING || LR_PRIORITY(lr) <= priority)
			continue;
		if (worst < 0 || LR_PRIORITY(lr) > LR_PRIORITY(worst_lr)) {
			worst = (int)n;
			worst_lr = lr;
		}
	}
	if (worst >= 0)
		overflow_add(&v->arch.vgic, v->arch.vgic.id[worst], LR_PRIORITY(worst_lr),
			     end_of(worst_lr));
	return worst;
}

/* ---- Injecting and taking back ---- */

/*
 * A linked interrupt is pending or active at most once: the physical one is active for as long.
 * When that fires while software has the virtual one pending, they become one; while software has
 * it active, it waits in the distributor.
 */
static void slot_link(struct kernel *k, struct vcpu *v, unsigned n, uint64_t lr, uint16_t number)
{
	if ((lr & LR_ACTIVE) != 0) {
		arch_irq_pend(k, number, true);
		lr &= ~LR_PENDING;
	}
	lr_set(k, v, n, (lr & ~LR_EOI) | LR_PHYSICAL(number));
}

static void slot_again(struct kernel *k, struct vcpu *v, unsigned n, uint8_t priority, uint16_t end)
{
	uint64_t lr = lr_get(k, v, n);

	if ((lr & LR_STATE) == 0)
		slot_fill(k, v, n, v->arch.vgic.id[n], priority,
			  end == VGIC_END_QUIET && LR_TELLS(lr) ? VGIC_END_TOLD : end);
	else if ((lr & LR_HW) == 0 && end >= VGIC_END_PHYSICAL)
		slot_link(k, v, n, lr, end);
	else if ((lr & LR_HW) == 0)
		lr_set(k, v, n, lr | LR_PENDING | (end == VGIC_END_TOLD ? LR_EOI : 0));
}

void vgic_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint8_t priority, uint16_t end)
{
	struct vgic *g = &v->arch.vgic;
	int n = slot_of(g, id);

	if (n >= 0) {
		slot_again(k, v, (unsigned)n, priority, end);
		return;
	}
	if (bit_test(g->waiting, id)) {
		g->end[id] = end > g->end[id] ? end : g->end[id];
		return;
	}
	n = slot_take(k, v);
	if (n < 0)
		n = slot_displace(k, v, priority);
	if (n >= 0)
		slot_fill(k, v, (unsigned)n, id, priority, end);
	else
		overflow_add(g, id, priority, end);
	underflow_wanted(k, v);
}

bool vgic_tell_end(struct kernel *k, struct vcpu *v, uint32_t id)
{
	int n = slot_of(&v->arch.vgic, id);
	uint64_t lr = n < 0 ? 0 : lr_get(k, v, (unsigned)n);

	if ((lr & LR_STATE) == 0)
		return false;
	lr_set(k, v, (unsigned)n, lr | LR_EOI);
	return true;
}

enum status arch_vcpu_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint8_t priority,
			     struct line *line)
{
	uint32_t end = line == 0	   ? VGIC_END_QUIET
		       : line->number != 0 ? line->number
					   : VGIC_END_TOLD;

	if (id >= VGIC_IDS)
		return BAD_ARGUMENT;
	vgic_inject(k, v, id, priority, (uint16_t)end);
	return OK;
}

static uint32_t lr_states(uint64_t lr)
{
	return ((lr & LR_PENDING) != 0 ? IRQ_PENDING : 0) |
	       ((lr & LR_ACTIVE) != 0 ? IRQ_ACTIVE : 0);
}

uint32_t arch_vcpu_irq_state(struct kernel *k, struct vcpu *v, uint32_t id)
{
	int n;

	if (id >= VGIC_IDS)
		return 0;
	if (vtimer_linked(v, id))
		vtimer_settle(k, v);
	n = slot_of(&v->arch.vgic, id);
	if (n >= 0)
		return lr_states(lr_get(k, v, (unsigned)n));
	return bit_test(v->arch.vgic.waiting, id) ? IRQ_PENDING : 0;
}

/* All of an interrupt was taken back. The timer's physical one is vtimer.c's. */
static void physical_end(uint16_t end)
{
	if (end >= VGIC_SHARED)
		gic_deactivate(end);
}

uint32_t vgic_retract(struct kernel *k, struct vcpu *v, uint32_t id, uint32_t states)
{
	struct vgic *g = &v->arch.vgic;
	int n = slot_of(g, id);

	if (n >= 0) {
		uint64_t lr = lr_get(k, v, (unsigned)n), was = lr & LR_STATE;

		if ((states & IRQ_PENDING) != 0)
			lr &= ~LR_PENDING;
		if ((states & IRQ_ACTIVE) != 0)
			lr &= ~LR_ACTIVE;
		if ((lr & LR_STATE) == was)
			return lr_states(was);
		lr_set(k, v, (unsigned)n, lr);
		if ((lr & LR_STATE) == 0) {
			physical_end(end_of(lr));
			slot_free(k, v, (unsigned)n);
			overflow_drain(k, v);
		}
		return lr_states(was);
	}
	if (!bit_test(g->waiting, id))
		return 0;
	if ((states & IRQ_PENDING) != 0) {
		bit_assign(g->waiting, id, false);
		g->overflow--;
		physical_end(g->end[id]);
		underflow_wanted(k, v);
	}
	return IRQ_PENDING;
}

static void tell_line(struct kernel *k, struct vcpu *v, uint32_t id)
{
	for (struct list *l = v->lines.next; l != &v->lines; l = l->next) {
		struct line *line = container_of(l, struct line, of_vcpu);

		if (line->id == id) {
			vcpu_interrupt_ended(k, line);
			return;
		}
	}
}

uint32_t arch_vcpu_retract(struct kernel *k, struct vcpu *v, uint32_t id, uint32_t states)
{
	uint32_t was;

	if (id >= VGIC_IDS)
		return 0;
	was = vgic_retract(k, v, id, states);
	if (was != 0 && (was & ~states) == 0) {
		vtimer_gone(k, v, id);
		tell_line(k, v, id);
	}
	return was;
}

/*
 * WFI waits for an interrupt that the CPU interface would signal if it were not masked in PSTATE.
 * An end not told yet counts too: the line may be high still, and the maintenance interrupt is
 * about to come.
 */
bool arch_vcpu_wakes(struct kernel *k, struct vcpu *v)
{
	uint64_t vmcr = k->loaded == v ? sysreg_read(ICH_VMCR_EL2) : v->arch.vgic.vmcr;

	for_each_bit(n, v->arch.vgic.used)
	{
		uint64_t lr = lr_get(k, v, n);

		if ((lr & LR_PENDING) != 0 && (vmcr & VMCR_VENG1) != 0 &&
		    LR_PRIORITY(lr) < VMCR_VPMR(vmcr))
			return true;
		if ((lr & LR_STATE) == 0 && LR_TELLS(lr))
			return true;
	}
	return false;
}

/* ---- Maintenance ---- */

void vgic_maintenance(struct kernel *k)
{
	struct vcpu *v = k->loaded;
	uint32_t id;

	if (v == 0)
		return;
	for_each_bit(n, (uint32_t)sysreg_read(ICH_EISR_EL2) & v->arch.vgic.used)
	{
		if ((vgic_lr_read(n) & LR_STATE) != 0)
			continue;
		id = v->arch.vgic.id[n];
		slot_free(k, v, n);
		tell_line(k, v, id);
		vtimer_gone(k, v, id);
	}
	overflow_drain(k, v);
}

/* ---- With the vCPU: registers of its CPU interface ---- */

void vgic_core_init(struct kernel *k)
{
	uint64_t vtr = sysreg_read(ICH_VTR_EL2);

	k->arch.lr_count = (uint32_t)VTR_LRS(vtr) < VGIC_LRS ? (uint32_t)VTR_LRS(vtr) : VGIC_LRS;
	k->arch.apr_count = VTR_PREBITS(vtr) < 5 ? 1 : 1u << (VTR_PREBITS(vtr) - 5);
	sysreg_write(ICH_HCR_EL2, 0);
	sysreg_write(ICH_VMCR_EL2, 0);
	for (unsigned n = 0; n < k->arch.lr_count; n++)
		vgic_lr_write(n, 0);
}

/*
 * The active priorities of Group 1, which all are in; how many registers depends on the
 * implementation.
 */
#define APR_SAVE(n) g->apr[n] = (uint32_t)sysreg_read(ICH_AP1R##n##_EL2)
#define APR_LOAD(n) sysreg_write(ICH_AP1R##n##_EL2, g->apr[n])

void vgic_save(struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;

	g->vmcr = (uint32_t)sysreg_read(ICH_VMCR_EL2);
	APR_SAVE(0);
	if (k->arch.apr_count > 1)
		APR_SAVE(1);
	if (k->arch.apr_count > 2) {
		APR_SAVE(2);
		APR_SAVE(3);
	}
	for_each_bit(n, g->used)
	{
		uint64_t lr = vgic_lr_read(n);

		g->lr[n] = lr;
		vgic_lr_write(n, 0);
		if ((lr & LR_STATE) == 0 && !LR_TELLS(lr))
			g->used &= ~(1u << n);
	}
	sysreg_write(ICH_HCR_EL2, 0);
}

/* List registers not in `used` are 0: vgic_save left them so. */
void vgic_load(struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;

	/* A guest can leave this off where a GICv2 interface is there, too. */
	sysreg_write(ICC_SRE_EL1, 7);
	isb();
	overflow_drain(k, v);
	for_each_bit(n, g->used) vgic_lr_write(n, g->lr[n]);
	APR_LOAD(0);
	if (k->arch.apr_count > 1)
		APR_LOAD(1);
	if (k->arch.apr_count > 2) {
		APR_LOAD(2);
		APR_LOAD(3);
	}
	sysreg_write(ICH_VMCR_EL2, g->vmcr);
	sysreg_write(ICH_HCR_EL2, g->overflow != 0 ? ICH_HCR_EN | ICH_HCR_UIE : ICH_HCR_EN);
}
