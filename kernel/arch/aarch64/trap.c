/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an exception from a lower level means: a call or fault of a thread, an exit of a vCPU. The
 * current vCPU is always kernel.loaded, so its registers are in the machine here. (Arm ARM
 * D17.2.37, ESR_EL2.)
 */
#include "arch.h"
#include "arch_calls.h"
#include "el2.h"
#include "exit.skerry.h"
#include "internal.h"
#include "monitor.h"
#include "port.h"
#include "sysreg.h"
#include "vcpu_groups.h"

/* What is not the common case stays out of line, so that the common one needs no stack frame. */
#define NOINLINE __attribute__((noinline))

/* ---- Threads ---- */

static uint32_t abort_kind(uint64_t esr, uint32_t kind)
{
	switch (ISS_FSC_TYPE(esr)) {
	case FSC_ADDRESS_SIZE:
	case FSC_TRANSLATION:
	case FSC_ACCESS_FLAG:
	case FSC_PERMISSION:
		return kind;
	default:
		return ISS_FSC(esr) == FSC_ALIGNMENT ? THREAD_FAULT_ALIGNMENT : THREAD_FAULT_OTHER;
	}
}

static NOINLINE struct context *thread_trap(struct kernel *k, struct thread *t, uint64_t esr)
{
	uint64_t far = sysreg_read(far_el2);

	switch (ESR_EC(esr)) {
	case EC_FP:
		context_fp_trapped(k, &t->context);
		return &t->context;
	case EC_DATA:
		return thread_faulted(k, t, abort_kind(esr, THREAD_FAULT_DATA), far, esr);
	case EC_FETCH:
		return thread_faulted(k, t, abort_kind(esr, THREAD_FAULT_FETCH), far, esr);
	case EC_PC_ALIGNMENT:
		return thread_faulted(k, t, THREAD_FAULT_ALIGNMENT, far, esr);
	case EC_SP_ALIGNMENT:
		return thread_faulted(k, t, THREAD_FAULT_ALIGNMENT, 0, esr);
	case EC_SERROR:
		return thread_faulted(k, t, THREAD_FAULT_OTHER, 0, esr);
	default: /* undefined, trapped or a breakpoint: the instruction is to blame */
		return thread_faulted(k, t, THREAD_FAULT_INSTRUCTION, 0, esr);
	}
}

/* ---- vCPUs: aborts ---- */

/* HPFAR_EL2 holds bits 51:12 of the guest physical address from bit 4 on. */
static inline uint64_t fault_page(void)
{
	return (sysreg_read(hpfar_el2) & 0xffffffffff0ull) << 8;
}

/*
 * HPFAR_EL2 is UNKNOWN unless stage 2 found no translation, and the offset in the page is not the
 * guest physical one when the walk of the guest's own tables faulted.
 */
static NOINLINE struct context *fault_exit(struct kernel *k, struct vcpu *v, uint64_t esr,
					   uint64_t far)
{
	struct exit_record *e = &v->exit;
	uint64_t type = ISS_FSC_TYPE(esr);

	e->class = EXIT_FAULT;
	e->length = ESR_LENGTH(esr);
	e->virtual = (esr & ISS_FNV) != 0 && ISS_FSC(esr) == FSC_EXTERNAL ? 0 : far;
	e->syndrome = esr;
	if ((esr & ISS_S1PTW) != 0 && type != FSC_PERMISSION)
		e->address = fault_page();
	else if (type == FSC_TRANSLATION || type == FSC_ACCESS_FLAG || type == FSC_ADDRESS_SIZE)
		e->address = fault_page() | (far & 0xfff);
	else
		e->address = EXIT_ADDRESS_UNKNOWN | (far & 0xfff);
	return vcpu_exit(k, v);
}

/*
 * A load or store of one general register, to where nothing is mapped, is an MMIO access. The
 * hardware decodes no others: pairs, write-back, exclusives and atomics have no valid syndrome.
 */
static struct context *data_abort(struct kernel *k, struct vcpu *v, uint64_t esr)
{
	struct exit_record *e = &v->exit;
	uint64_t far = sysreg_read(far_el2), value = 0;
	uint32_t width = 1u << ISS_SAS(esr), unused = (0 - 8 * width) & 63;

	if ((esr & (ISS_ISV | ISS_S1PTW | ISS_CM)) != ISS_ISV ||
	    ISS_FSC_TYPE(esr) != FSC_TRANSLATION)
		return fault_exit(k, v, esr, far);
	e->class = EXIT_MMIO;
	e->width = width;
	e->write = (esr & ISS_WNR) != 0;
	e->target = ISS_TARGET(esr);
	if (e->write && ISS_SRT(esr) != 31)
		value = v->context.arch.x[ISS_SRT(esr)] << unused >> unused;
	e->length = ESR_LENGTH(esr);
	e->address = fault_page() | (far & 0xfff);
	e->value = value;
	e->virtual = far;
	e->syndrome = esr;
	return vcpu_exit(k, v);
}

static struct context *unknown_exit(struct kernel *k, struct vcpu *v, uint64_t esr)
{
	v->exit.class = EXIT_UNKNOWN;
	v->exit.length = ESR_EC(esr) == EC_SERROR ? 0 : ESR_LENGTH(esr);
	v->exit.syndrome = esr;
	return vcpu_exit(k, v);
}

/* ---- vCPUs: firmware calls (Arm DEN 0028) ---- */

static bool is_workaround(uint32_t function)
{
	return (uint32_t)function == SMCCC_WORKAROUND_1 ||
	       (uint32_t)function == SMCCC_WORKAROUND_2 || (uint32_t)function == SMCCC_WORKAROUND_3;
}

/*
 * The workarounds exist for the guest if this core needs one: entering the kernel has called it
 * then. Called where there is none, it does nothing.
 */
static NOINLINE bool firmware_answer(struct kernel *k, struct vcpu *v)
{
	uint64_t *x = v->context.arch.x;
	uint32_t function = (uint32_t)x[0];

	if (function == SMCCC_VERSION && (v->firmware & FIRMWARE_VERSION) != 0) {
		x[0] = SMCCC_VERSION_1_1;
		return true;
	}
	if ((v->firmware & FIRMWARE_WORKAROUNDS) == 0)
		return false;
	if (is_workaround(function)) {
		x[0] = 0;
		return true;
	}
	if (function == SMCCC_ARCH_FEATURES && is_workaround((uint32_t)x[1])) {
		x[0] = (uint64_t)(k->arch.workaround ? 0 : SMCCC_NOT_SUPPORTED);
		return true;
	}
	return false;
}

/*
 * An HVC has been executed when it traps, an SMC has not. One that is not answered here becomes as
 * an SMC: without an answer it executes again.
 */
static HOT struct context *firmware_exit(struct kernel *k, struct vcpu *v, uint64_t esr,
					 bool secure)
{
	struct exit_record *e = &v->exit;

	if (!secure)
		v->context.arch.pc -= 4;
	e->class = EXIT_FIRMWARE;
	e->reg = (uint32_t)esr & 0xffff;
	e->secure = secure;
	e->length = 4;
	e->syndrome = esr;
	return vcpu_exit(k, v);
}

static bool is_firmware_own(const struct vcpu *v, uint64_t esr)
{
	return (uint32_t)v->context.arch.x[0] >> 16 == SMCCC_ARCHITECTURE && (esr & 0xffff) == 0;
}

static NOINLINE struct context *firmware_own(struct kernel *k, struct vcpu *v, uint64_t esr,
					     bool secure)
{
	if (!firmware_answer(k, v))
		return firmware_exit(k, v, esr, secure);
	if (secure)
		arch_vcpu_advance(v, ESR_LENGTH(esr));
	return &v->context;
}

/* Linux makes the call that is answered here at every switch of processes when it is there. */
static NOINLINE struct context *hypercall(struct kernel *k, struct vcpu *v, uint64_t esr)
{
	if (!is_firmware_own(v, esr))
		return firmware_exit(k, v, esr, false);
	if ((uint32_t)v->context.arch.x[0] != SMCCC_WORKAROUND_1 ||
	    (v->firmware & FIRMWARE_WORKAROUNDS) == 0)
		return firmware_own(k, v, esr, false);
	v->context.arch.x[0] = 0;
	return &v->context;
}

/* ---- vCPUs: the rest ---- */

static inline void sysreg_record(struct vcpu *v, uint64_t esr)
{
	struct exit_record *e = &v->exit;
	uint8_t target = ISS_SYSREG_RT(esr);

	e->class = EXIT_SYSREG;
	e->width = 8;
	e->target = (uint8_t)(target << 1 | EXTEND_64);
	e->write = (esr & ISS_SYSREG_READ) == 0;
	e->reg = (uint32_t)(esr & ISS_SYSREG);
	e->value = e->write && target != 31 ? v->context.arch.x[target] : 0;
	e->length = 4;
	e->syndrome = esr;
}

/* Registers other than those of interrupts: the kernel may have a use of them itself. */
static NOINLINE struct context *sysreg_other(struct kernel *k, struct vcpu *v, uint64_t esr)
{
	const struct exit_record *e = &v->exit;

	sysreg_record(v, esr);
	if (e->write && vcpu_write_translation(v, e->reg, e->value)) {
		arch_vcpu_advance(v, 4);
		return &v->context;
	}
	return monitor_take(v, e->reg, e->write, e->value) ? &v->context : vcpu_exit(k, v);
}

static HOT struct context *sysreg_exit(struct kernel *k, struct vcpu *v, uint64_t esr)
{
	if ((esr & SYSREG(0, 0, 15, 0, 0)) != SYSREG(0, 0, 12, 0, 0))
		return sysreg_other(k, v, esr);
	sysreg_record(v, esr);
	if (__builtin_expect(v->exit.write && v->exit.reg == SYSREG_ICC_DIR, 0) &&
	    vgic_deactivate(k, v, v->exit.value)) {
		arch_vcpu_advance(v, 4);
		return &v->context;
	}
	v->exit.class = EXIT_SYSREG; /* once more: the compiler sees no other message then */
	return vcpu_exit(k, v);
}

static NOINLINE struct context *wait_exit(struct kernel *k, struct vcpu *v, uint64_t esr)
{
	arch_vcpu_advance(v, ESR_LENGTH(esr));
	return vcpu_wfi(k, v);
}

static NOINLINE struct context *vcpu_trap(struct kernel *k, struct vcpu *v, uint64_t esr)
{
	switch (ESR_EC(esr)) {
	case EC_SMC:
		return is_firmware_own(v, esr) ? firmware_own(k, v, esr, true)
					       : firmware_exit(k, v, esr, true);
	case EC_WFX:
		return wait_exit(k, v, esr);
	case EC_FP:
		context_fp_trapped(k, &v->context);
		return &v->context;
	case EC_FETCH:
		return fault_exit(k, v, esr, sysreg_read(far_el2));
	case EC_PAUTH:
	case EC_SVE:
	case EC_SME: /* the guest has been told that it has none of these */
		arch_vcpu_undefined(k, v);
		return &v->context;
	default:
		return unknown_exit(k, v, esr);
	}
}

HOT struct context *trap_sync(struct kernel *k, struct context *c, uint64_t esr)
{
	uint32_t class = ESR_EC(esr);

	if (c->kind == CONTEXT_THREAD)
		return thread_trap(k, (struct thread *)c, esr);
	if (class == EC_DATA)
		return data_abort(k, (struct vcpu *)c, esr);
	if (class == EC_HVC)
		return hypercall(k, (struct vcpu *)c, esr);
	if (class == EC_SYSREG)
		return sysreg_exit(k, (struct vcpu *)c, esr);
	return vcpu_trap(k, (struct vcpu *)c, esr);
}

/* Only threads make calls: a guest's SVC stays in the guest. */
struct context *trap_call(struct kernel *k, struct context *c, uint64_t esr)
{
	if (ESR_EC(esr) == EC_SVC)
		return syscall_handle(k, c, (uint32_t)esr & 0xffff);
	return trap_sync(k, c, esr);
}

/* An asynchronous external abort is charged to whoever ran when it came. */
struct context *trap_serror(struct kernel *k, struct context *c)
{
	uint64_t esr = sysreg_read(esr_el2);

	if (c->kind == CONTEXT_THREAD)
		return thread_trap(k, (struct thread *)c, esr);
	return unknown_exit(k, (struct vcpu *)c, esr);
}

/* A virtual interrupt that waits for a vCPU not running here must not end the sleep. */
struct context *trap_idle(struct context *c)
{
	struct kernel *k = c->kernel;
	uint64_t virtual = gich_hcr(k);

	gich_set_hcr(k, 0);
	isb();
	arch_idle(k);
	gich_set_hcr(k, virtual);
	return trap_irq(k);
}

void trap_park(struct kernel *k, uint64_t vector, uint64_t sp)
{
	struct kernel_fault *f = &k->arch.fault;

	f->vector = vector;
	f->esr = sysreg_read(esr_el2);
	f->elr = sysreg_read(elr_el2);
	f->far = sysreg_read(far_el2);
	f->spsr = sysreg_read(spsr_el2);
	f->sp = sp;
	dsb(sy);
	for (;;)
		__asm__ volatile("wfi");
}
