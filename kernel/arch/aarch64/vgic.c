/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts: the list registers of a vCPU, and the overflow behind them. A guest
 * acknowledges and ends interrupts without the kernel; if a physical interrupt is linked to one,
 * the hardware makes that inactive, too. There are three reasons for a maintenance interrupt:
 *
 * - An interrupt with a line was ended (LR.EOI): the line is told, and raises it again if it is
 * high. The list register keeps state 0 and its EOI bit until then, also while the vCPU is not
 * loaded, so the hardware asks again after the next load.
 * - At most one list register holds an interrupt, or none a pending one, while some pend in the
 * overflow (ICH_HCR_EL2.UIE, NPIE), or the guest enables or disables a group (VGrp0EIE and so on).
 * - The guest ended an active interrupt that is in the overflow (LRENPIE).
 *
 * The overflow keeps what would be in a list register, pending ones in order of priority. An
 * interrupt of higher priority than one pending in a list register takes its place. With every list
 * register active, the one of lowest priority is *parked* in the overflow: the guest ends that
 * last. While there are such ones, the kernel is told of ends without a list register. Writes of
 * ICC_DIR_EL1 trap: what they mean can be parked, or an SPI that is active at another vCPU.
 */
#include "arch.h"
#include "arch_calls.h"
#include "el2.h"
#include "internal.h"
#include "port.h"
#include "sysreg.h"

static uint64_t lr_get(const struct kernel *k, const struct vcpu *v, unsigned n)
{
	return k->loaded == v ? vgic_lr_read(k, n) : v->arch.vgic.lr[n];
}

static void lr_set(const struct kernel *k, struct vcpu *v, unsigned n, uint64_t value)
{
	if (k->loaded == v)
		vgic_lr_write(k, n, value);
	else
		v->arch.vgic.lr[n] = value;
}

#define RANK_NEXT 0x100u
#define RANK_ACTIVE (2 * RANK_NEXT)

/* ---- What a list register holds ---- */

static uint32_t states_of(uint64_t lr)
{
	return (uint32_t)(lr >> LR_STATE_SHIFT);
}

static uint32_t id_of(uint64_t lr)
{
	return (uint32_t)lr;
}

/* A linked interrupt is pending or active, as the physical one is active for both. */
static uint64_t lr_make(const struct vcpu *v, uint32_t id, uint16_t priority, uint32_t states,
			uint16_t end)
{
	uint64_t lr =
	    LR_MAKE(id, priority) | (uint64_t)states << LR_STATE_SHIFT | vgic_sgi_source(v, id);

	if (vppi_linked(v, id))
		lr |= LR_PHYSICAL(id);
	else if (end >= VGIC_END_PHYSICAL)
		lr |= LR_PHYSICAL(end);
	else if (end == VGIC_END_TOLD)
		lr |= LR_EOI;
	return lr;
}

/* `lr` is made active: an edge that is pending waits in the distributor, a level in its wire. */
static uint64_t activate_linked(struct kernel *k, uint64_t lr)
{
	if ((lr & LR_PENDING) != 0 && LR_PINTID(lr) >= VGIC_SHARED && gic_is_edge(k, LR_PINTID(lr)))
		arch_irq_pend(k, LR_PINTID(lr), true);
	return (lr & ~LR_PENDING) | LR_ACTIVE;
}

/*
 * What becomes of `old` when `new` comes, of the same id. When a physical interrupt fires while
 * software has the virtual one pending, they become one; while software has it active, it waits.
 */
static COLD uint64_t merged(struct kernel *k, uint64_t old, uint64_t new)
{
	if ((old & LR_STATE) == 0)
		return LR_TELLS(old) && (new &LR_HW) == 0 ? new | LR_EOI : new;
	if ((old & LR_HW) != 0)
		return (new &LR_ACTIVE) != 0 ? activate_linked(k, old) : old;
	if ((new &LR_HW) == 0)
		return old | (new &(LR_STATE | LR_EOI));
	new = (old & ~LR_EOI) | (new &LR_LINK);
	return (old & LR_ACTIVE) != 0 ? activate_linked(k, new | LR_PENDING) : new;
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

static void slot_fill(const struct kernel *k, struct vcpu *v, unsigned n, uint64_t lr)
{
	v->arch.vgic.id[n] = (uint16_t)id_of(lr);
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

/* ---- Overflow: by index, as LPIs are far from the others ---- */

static uint32_t index_of(uint32_t id)
{
	return id < VGIC_SPIS_END ? id : id - VGIC_LPIS + VGIC_SPIS_END;
}

static bool is_waiting(const struct vgic *g, uint32_t id)
{
	uint32_t i = index_of(id);

	return (g->waiting[i / 64] >> i % 64 & 1) != 0;
}

static uint64_t waiting_get(const struct vgic *g, uint32_t id)
{
	return (uint64_t)g->held[index_of(id)] << 32 | id;
}

static void waiting_set(struct vgic *g, uint64_t lr)
{
	uint32_t *held = &g->held[index_of(id_of(lr))];

	g->parked += (uint32_t)(lr >> 63) - (*held >> 31);
	*held = (uint32_t)(lr >> 32);
}

uint64_t vgic_hcr(const struct vgic *g, uint64_t vmcr)
{
	uint64_t pends = ICH_HCR_UIE | ICH_HCR_NPIE | ICH_HCR_GROUPS(vmcr);

	if (g->overflow == 0)
		return ICH_HCR_EN | ICH_HCR_TDIR;
	return ICH_HCR_EN | ICH_HCR_TDIR | (g->overflow != g->parked ? pends : 0) |
	       (g->parked != 0 ? ICH_HCR_LRENPIE : 0);
}

static uint64_t vmcr_of(const struct kernel *k, const struct vcpu *v)
{
	return k->loaded == v ? gich_vmcr(k) : v->arch.vgic.vmcr;
}

/* Ends that were counted and not looked at yet stay so. */
static void control_update(const struct kernel *k, const struct vcpu *v)
{
	uint64_t hcr = vgic_hcr(&v->arch.vgic, vmcr_of(k, v)), was;

	if (k->loaded != v)
		return;
	if ((hcr & ICH_HCR_LRENPIE) != 0 && ((was = gich_hcr(k)) & ICH_HCR_LRENPIE) != 0)
		hcr |= was & ICH_HCR_EOIS;
	gich_set_hcr(k, hcr);
}

static void overflow_add(struct vgic *g, uint64_t lr)
{
	uint32_t i = index_of(id_of(lr));

	g->waiting[i / 64] |= BIT(i % 64);
	waiting_set(g, lr);
	g->overflow++;
}

static void overflow_remove(struct vgic *g, uint32_t id)
{
	uint32_t i = index_of(id);

	g->waiting[i / 64] &= ~BIT(i % 64);
	waiting_set(g, id);
	g->overflow--;
}

/*
 * Less comes first: what is pending alone, then the same of a group that the guest has disabled at
 * its CPU interface, then active LPIs, then what is active, by priority.
 */
static uint32_t rank(uint64_t lr, uint64_t vmcr)
{
	uint32_t active = id_of(lr) < VGIC_LPIS ? RANK_ACTIVE + RANK_NEXT : RANK_ACTIVE;

	if ((lr & LR_ACTIVE) != 0)
		return LR_PRIORITY(lr) + active;
	return LR_PRIORITY(lr) + (LR_ENABLED(lr, vmcr) ? 0 : RANK_NEXT);
}

/* The first in rank from `from` on, of lowest id among equals. 0: none. */
static COLD uint64_t overflow_first(const struct vgic *g, uint64_t vmcr, uint32_t from)
{
	uint64_t best = 0;

	for (uint32_t word = 0; word < VGIC_WORDS; word++) {
		for (uint64_t left = g->waiting[word]; left != 0; left &= left - 1) {
			uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(left);
			uint32_t id = i < VGIC_SPIS_END ? i : i - VGIC_SPIS_END + VGIC_LPIS;
			uint64_t lr = waiting_get(g, id);

			if (rank(lr, vmcr) >= from &&
			    (best == 0 || rank(lr, vmcr) < rank(best, vmcr)))
				best = lr;
		}
	}
	return best;
}

/*
 * A slot whose interrupt goes to the overflow for `lr`, which is pending: the last pending one that
 * comes after it, or, when none is pending, the last active one. Or -1. The end of an LPI is not
 * counted, and needs no list register: it is not kept as active.
 */
static COLD int slot_displace(const struct kernel *k, struct vcpu *v, uint64_t lr, uint64_t vmcr)
{
	int last = -1;
	uint64_t last_lr = lr;
	bool pending = false;

	for_each_bit(n, v->arch.vgic.used)
	{
		uint64_t other = lr_get(k, v, n);

		if ((other & LR_STATE) == LR_PENDING && !pending) {
			pending = true; /* the active ones seen so far stay */
			last = -1;
			last_lr = lr;
		}
		if ((other & LR_STATE) == 0 || (pending && (other & LR_ACTIVE) != 0))
			continue;
		if (rank(other, vmcr) > rank(last_lr, vmcr)) {
			last = (int)n;
			last_lr = other;
		}
	}
	if (id_of(last_lr) >= VGIC_LPIS)
		last_lr &= ~LR_ACTIVE;
	if (last >= 0 && (last_lr & LR_STATE) != 0)
		overflow_add(&v->arch.vgic, last_lr);
	return last;
}

void vgic_drain(const struct kernel *k, struct vcpu *v)
{
	struct vgic *g = &v->arch.vgic;
	uint64_t vmcr = vmcr_of(k, v);

	while (g->overflow != 0) {
		uint64_t lr = overflow_first(g, vmcr, 0);
		int n = slot_take(k, v);

		if (n < 0 && rank(lr, vmcr) < RANK_ACTIVE)
			n = slot_displace(k, v, lr, vmcr);
		if (n < 0)
			break;
		overflow_remove(g, id_of(lr));
		slot_fill(k, v, (unsigned)n, lr);
	}
	control_update(k, v);
}

/* What pends in the overflow may come first. */
static void place(const struct kernel *k, struct vcpu *v, uint64_t lr)
{
	int n = v->arch.vgic.overflow == 0 ? slot_take(k, v) : -1;

	if (n >= 0) {
		slot_fill(k, v, (unsigned)n, lr);
	} else {
		overflow_add(&v->arch.vgic, lr);
		vgic_drain(k, v);
	}
}

/* ---- Injecting and taking back ---- */

void vgic_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority, uint32_t states,
		 uint16_t end)
{
	struct vgic *g = &v->arch.vgic;
	uint64_t lr = lr_make(v, id, priority, states, end), old;
	int n = slot_of(g, id);

	if (n >= 0) {
		old = lr_get(k, v, (unsigned)n);
		lr_set(k, v, (unsigned)n,
		       (old & (LR_STATE | LR_EOI)) == 0 ? lr : merged(k, old, lr));
		return;
	}
	if (g->overflow != 0 && is_waiting(g, id)) {
		waiting_set(g, merged(k, waiting_get(g, id), lr));
		return;
	}
	place(k, v, lr);
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

bool arch_vcpu_has_id(uint64_t id)
{
	return vgic_has_id(id);
}

void arch_vcpu_inject(struct kernel *k, struct vcpu *v, uint32_t id, uint16_t priority,
		      uint32_t states, struct line *line)
{
	uint32_t end = line == 0	   ? VGIC_END_QUIET
		       : line->number != 0 ? line->number
					   : VGIC_END_TOLD;

	if (vppi_linked(v, id))
		vppi_settle(k, v); /* the guest may have ended it: then this is none of it */
	/* LPIs are never active. */
	if (vgic_is_sgi(id))
		vgic_sgi_inject(k, v, id, priority, states);
	else if (id < VGIC_LPIS || (states &= IRQ_PENDING) != 0)
		vgic_inject(k, v, id, priority, states, (uint16_t)end);
}

uint32_t arch_vcpu_irq_state(struct kernel *k, struct vcpu *v, uint32_t id)
{
	if (vgic_is_sgi(id))
		return vgic_sgi_state(k, v, id);
	vppi_settle(k, v);
	return vgic_retract(k, v, id, 0) | (vppi_pends(k, v, id) ? IRQ_PENDING : 0);
}

/* All of an interrupt was taken back. vppi.c has its physical ones. */
static void physical_end(const struct kernel *k, uint64_t lr)
{
	if ((lr & LR_HW) != 0 && LR_PINTID(lr) >= VGIC_SHARED)
		gic_deactivate(k, LR_PINTID(lr));
}

uint32_t vgic_retract(struct kernel *k, struct vcpu *v, uint32_t id, uint32_t states)
{
	struct vgic *g = &v->arch.vgic;
	int n = slot_of(g, id);
	uint64_t lr = n >= 0		  ? lr_get(k, v, (unsigned)n)
		      : is_waiting(g, id) ? waiting_get(g, id)
					  : 0;
	uint64_t left = lr & ~((uint64_t)states << LR_STATE_SHIFT);

	if (left == lr)
		return states_of(lr);
	if ((left & LR_STATE) == 0) {
		physical_end(k, lr);
		if (n >= 0)
			slot_free(k, v, (unsigned)n);
		else
			overflow_remove(g, id);
		vgic_drain(k, v);
	} else if (n >= 0) {
		lr_set(k, v, (unsigned)n, left);
	} else {
		waiting_set(g, left);
		vgic_drain(k, v);
	}
	return states_of(lr);
}

static void tell_line(struct kernel *k, struct vcpu *v, uint32_t id)
{
	if (vgic_is_sgi(id))
		vgic_sgi_ended(k, v, id);
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

	if (vgic_is_sgi(id) && vgic_sgi_retract(v, &id, &states))
		return IRQ_PENDING;
	was = vgic_retract(k, v, id, states);
	if (was != 0 && (was & ~states) == 0) {
		vppi_gone(k, v, id);
		tell_line(k, v, id);
	}
	return was;
}

/*
 * WFI waits for an interrupt that the CPU interface would signal if it were not masked in PSTATE.
 * An end not told yet counts too: the line may be high still, and the maintenance interrupt is
 * about to come. QEMU does not tell when Group 0 is disabled: what has been behind it comes now.
 */
bool arch_vcpu_wakes(struct kernel *k, struct vcpu *v)
{
	uint64_t vmcr = vmcr_of(k, v);

	vppi_poll(k, v);
	if (v->arch.vgic.overflow != v->arch.vgic.parked)
		vgic_drain(k, v);
	for_each_bit(n, v->arch.vgic.used)
	{
		uint64_t lr = lr_get(k, v, n);

		if ((lr & LR_PENDING) != 0 && LR_ENABLED(lr, vmcr) &&
		    LR_PRIORITY(lr) < VMCR_VPMR(vmcr))
			return true;
		if ((lr & LR_STATE) == 0 && LR_TELLS(lr))
			return true;
	}
	return false;
}

/* ---- Maintenance ---- */

/* The guest ended interrupts that no list register had: each the active one of highest priority. */
COLD void vgic_count_ends(struct kernel *k, struct vcpu *v)
{
	const struct vgic *g = &v->arch.vgic;
	uint64_t hcr = gich_hcr(k), vmcr = vmcr_of(k, v);
	uint32_t count = ICH_HCR_EOICOUNT(hcr);

	gich_set_hcr(k, hcr & ~ICH_HCR_EOIS);
	/* With EOImode 1 an end deactivates nothing, though QEMU counts it; ICC_DIR is told, or
	 * counted. */
	if ((vmcr & VMCR_VEOIM) != 0 && gich_tells_dir(k))
		return;
	for (; count != 0 && g->parked != 0; count--)
		(void)arch_vcpu_retract(k, v, id_of(overflow_first(g, vmcr, RANK_ACTIVE)),
					IRQ_ACTIVE);
}

COLD bool vgic_deactivate(struct kernel *k, struct vcpu *v, uint64_t id)
{
	id &= 0xffffff;
	if ((vmcr_of(k, v) & VMCR_VEOIM) == 0 || !arch_vcpu_has_id(id))
		return true;
	return (arch_vcpu_retract(k, v, (uint32_t)id, IRQ_ACTIVE) & IRQ_ACTIVE) != 0 ||
	       id < VGIC_SHARED;
}

void vgic_maintenance(struct kernel *k)
{
	struct vcpu *v = k->loaded;
	uint32_t id;

	if (v == 0)
		return;
	if (v->arch.vgic.parked != 0)
		vgic_count_ends(k, v);
	for_each_bit(n, gich_eisr(k) & v->arch.vgic.used)
	{
		if ((vgic_lr_read(k, n) & LR_STATE) != 0)
			continue;
		id = v->arch.vgic.id[n];
		slot_free(k, v, n);
		tell_line(k, v, id);
		vppi_gone(k, v, id);
	}
	vgic_drain(k, v);
}
