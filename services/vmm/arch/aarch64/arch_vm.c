/* SPDX-License-Identifier: BSD-2-Clause */
/* The models of this architecture, tied to the kernel's calls. */
#include "services/vmm/arch/aarch64/arch_vm.h"

#include <string.h>

#include "exit.skerry.h"
#include "kernel/arch/aarch64/vcpu_groups.h"
#include "services/lib/log.h"
#include "services/lib/sys.h"
#include "services/vmm/vmm_arch.h"
#include "services/vmm/machine.h"

#define PSR_EL1H_MASKED 0x3c5u /* EL1h, D, A, I and F masked */
#define SCTLR_RESET 0x30c50830u
#define MPIDR_RES1 (1ull << 31)
#define PAGE 0x1000ull
#define ID_PFR0_GIC (0xfull << 24) /* system registers of a GICv3 */

static struct arch_vm arch_vm; /* one VM a process */

static void vgic_inject(void *host, unsigned int cpu, uint32_t id, uint16_t priority,
			uint32_t states)
{
	const struct machine *m = host;

	vcpu_inject(m->vcpus[cpu], id, priority, states);
}

static uint32_t vgic_retract(void *host, unsigned int cpu, uint32_t id, uint32_t states)
{
	const struct machine *m = host;
	uint32_t were = 0;

	vcpu_retract(m->vcpus[cpu], id, states, &were);
	return were;
}

static uint32_t vgic_state(void *host, unsigned int cpu, uint32_t id)
{
	const struct machine *m = host;
	uint32_t states = 0;

	vcpu_irq(m->vcpus[cpu], id, &states);
	return states;
}

/* Of PPIs only the physical timer's has a line. */
static struct machine_line line_of(const struct machine *m, unsigned int cpu, uint32_t id)
{
	if (id < VGIC_PRIVATE)
		return (struct machine_line){.irq = id, .line = m->arch->ptimer_lines + cpu};
	return *machine_line(m, id);
}

static void vgic_arm(void *host, unsigned int cpu, uint32_t id, uint16_t priority, bool edge)
{
	const struct machine *m = host;
	const struct machine_line l = line_of(m, cpu, id);
	int32_t status = l.physical ? irq_arm(l.line, m->vcpus[cpu], id, priority,
					      edge ? IRQ_TRIGGER_EDGE : IRQ_TRIGGER_LEVEL)
				    : line_arm(l.line, m->vcpus[cpu], id, priority,
					       edge ? LINE_EDGE : LINE_LEVEL);

	if (status)
		exits_report(host, "interrupt %u: its line cannot be armed (%d)", id, status);
}

static uint32_t vgic_disarm(void *host, unsigned int cpu, uint32_t id)
{
	const struct machine_line l = line_of(host, cpu, id);
	uint32_t states = 0;

	if (l.physical)
		irq_disarm(l.line, &states);
	else
		line_disarm(l.line, &states);
	return states;
}

static bool vgic_wire(void *host, unsigned int cpu, uint32_t id, bool edge)
{
	const struct machine_line l = line_of(host, cpu, id);
	uint32_t level = 0, armed = 0, edges = 0;

	if (l.physical) {
		irq_status(l.line, &level, &armed, &edges);
		return level != 0;
	}
	line_status(l.line, &level, &armed, &edges);
	return edge ? edges != 0 : level != 0;
}

static void vgic_pend_physical(void *host, uint32_t id, bool pending)
{
	irq_pend(machine_line(host, id)->line, pending);
}

static void vgic_source(void *host, unsigned int cpu, uint32_t source, uint16_t priority,
			bool enabled)
{
	const struct machine *m = host;

	vcpu_source(m->vcpus[cpu], source, priority, enabled);
}

static uint8_t *vgic_memory(void *host, uint64_t gpa, uint64_t bytes, bool write)
{
	const struct machine *m = host;

	return write ? axvm_writable(m->vm, gpa, bytes) : axvm_memory(m->vm, gpa, bytes);
}

static const struct vgic_ops vgic_ops = {
    .inject = vgic_inject,
    .retract = vgic_retract,
    .state = vgic_state,
    .arm = vgic_arm,
    .disarm = vgic_disarm,
    .wire = vgic_wire,
    .pend = vgic_pend_physical,
    .source = vgic_source,
    .recheck = arch_recheck,
    .memory = vgic_memory,
};

static bool take(struct machine *m, uint64_t base, uint64_t size, const char *name)
{
	struct axvm_device device = {.kind = AXVM_DEVICE_EMULATED, .base = base, .size = size};

	strncpy(device.name, name, sizeof(device.name) - 1);
	for (size_t i = 0; i < m->config->emu_devices_count; i++) {
		if (m->config->emu_devices[i].base_gpa == base)
			device.type = m->config->emu_devices[i].emu_type;
	}
	if (axvm_add_device(m->vm, &device) == AXVM_OK)
		return true;
	log_line("vmm %s: %s: %s", m->config->name, name, axvm_message());
	return false;
}

/* ICH_VTR_EL2 or GICH_VTR. */
static uint64_t interface_type(const struct machine *m)
{
	struct vcpu_host_id host = {0};
	uint32_t bytes = 0;

	if (!vcpu_get(m->vcpus[0], VCPU_GROUP_HOST_ID, &bytes) && bytes == sizeof(host))
		memcpy(&host, ipc_buffer(), sizeof(host));
	return host.vtr;
}

static bool init_vgic(struct machine *m, const uint32_t *affinity)
{
	struct vgic *g = &m->arch->vgic;
	uint64_t its, vtr = interface_type(m);
	uint32_t highest = 0;

	if (!arch_gic_matches(m, vtr & VCPU_HOST_GICV2 ? 2 : 3))
		return false;

	for (uint32_t i = 0; i < m->line_count; i++)
		highest = m->lines[i].irq > highest ? m->lines[i].irq : highest;
	if (!vgic_init(g, m->config->cpu_num, affinity, highest)) {
		log_line(
		    "vmm %s: the interrupt controller has %u interrupts (the highest is %u), and "
		    "vCPUs of different phys_cpu_ids whose lowest byte is at most 15",
		    m->config->name, VGIC_IDS, highest);
		return false;
	}
	g->ops = &vgic_ops;
	/* The distributor implements the bits that the virtual CPU interface has. */
	g->priority_mask = (uint8_t)(0xff00u >> VCPU_HOST_PRIORITY_BITS((uint32_t)vtr));
	g->host = m;
	g->dist_base = arch_controller(m->config, EMU_GIC_DISTRIBUTOR, ARCH_GICD_BASE);
	g->redist_base = arch_controller(m->config, EMU_GIC_REDISTRIBUTOR, ARCH_GICR_BASE);
	for (uint32_t i = 0; i < m->line_count; i++) {
		if (!vgic_line(g, m->lines[i].irq, m->lines[i].edge, m->lines[i].physical)) {
			log_line("vmm %s: interrupt %u: devices have 32 to %u", m->config->name,
				 m->lines[i].irq, g->ids - 1);
			return false;
		}
	}
	if (!take(m, g->dist_base, VGIC_DIST_SIZE, "gicd"))
		return false;
	if (arch_gic_version(m->config) == 2)
		return arch_gicv2_init(m);
	if (!take(m, g->redist_base, (uint64_t)VGIC_REDIST_STRIDE * g->cpus, "gicr"))
		return false;
	its = arch_its(m->config);
	g->has_lpis = its != 0;
	its_init(&m->arch->its, g, its);
	return !g->has_lpis || take(m, its, ITS_SIZE, "its");
}

static bool init_sysreg(struct machine *m)
{
	uint64_t host[SYSREG_IDS] = {0};
	uint32_t bytes = 0;
	int32_t status = vcpu_get(m->vcpus[0], VCPU_GROUP_HOST_ID, &bytes);

	if (status || bytes < sizeof(host)) {
		log_line("vmm %s: the core's ID registers cannot be read (%d)", m->config->name,
			 status);
		return false;
	}
	memcpy(host, ipc_buffer(), sizeof(host));
	sysreg_init(&m->arch->sysreg, host, m->address_bits);
	if (arch_gic_version(m->config) == 2)
		m->arch->sysreg.id[SYSREG_ID(4, 0)] &= ~ID_PFR0_GIC;
	return true;
}

bool arch_init(struct machine *m)
{
	uint32_t affinity[AXVM_VCPUS] = {0};

	m->arch = &arch_vm;
	for (uint32_t i = 0; i < m->config->cpu_num; i++)
		affinity[i] = arch_affinity(m->config, i);
	psci_init(&m->arch->psci, m->config->cpu_num, affinity);
	if (!init_vgic(m, affinity) || !init_sysreg(m) || !arch_ptimer_init(m))
		return false;
	for (uint32_t i = 0; i < m->config->cpu_num; i++) {
		struct vcpu_ids ids = {0};
		int32_t status =
		    vcpu_firmware(m->vcpus[i], FIRMWARE_VERSION | FIRMWARE_WORKAROUNDS);
		uint32_t bytes = 0;

		if (!status)
			status = vcpu_get(m->vcpus[i], VCPU_GROUP_IDS, &bytes);
		if (!status && bytes != sizeof(ids))
			status = BAD_MESSAGE;
		if (!status) {
			memcpy(&ids, ipc_buffer(), sizeof(ids));
			ids.vmpidr = MPIDR_RES1 | (uint64_t)(affinity[i] & 0xff000000u) << 8 |
				     (affinity[i] & 0xffffffu);
			memcpy(ipc_buffer(), &ids, sizeof(ids));
			status = vcpu_set(m->vcpus[i], VCPU_GROUP_IDS);
		}
		if (status) {
			log_line("vmm %s: vCPU %u cannot be set up (%d)", m->config->name, i,
				 status);
			return false;
		}
	}
	return true;
}

int32_t arch_vcpu_reset(struct machine *m, uint32_t cpu, uint64_t entry, uint64_t argument)
{
	struct vcpu_general general = {.pc = entry, .psr = PSR_EL1H_MASKED};
	struct vcpu_system_group system = {.sctlr = SCTLR_RESET};
	struct vcpu_timer_group timer = {0};
	const struct vcpu_monitor_group monitor = {.os_lock = 1};
	int32_t status;

	ptimer_reset(&m->arch->ptimer, cpu);
	vgic_cpu_reset(&m->arch->vgic, cpu);
	sysreg_reset(&m->arch->sysreg, cpu);
	general.x[0] = argument;
	memcpy(ipc_buffer(), &general, sizeof(general));
	status = vcpu_set(m->vcpus[cpu], VCPU_GROUP_GENERAL);
	memcpy(ipc_buffer(), &system, sizeof(system));
	if (!status)
		status = vcpu_set(m->vcpus[cpu], VCPU_GROUP_SYSTEM);
	memcpy(ipc_buffer(), &timer, sizeof(timer));
	if (!status)
		status = vcpu_set(m->vcpus[cpu], VCPU_GROUP_TIMER);
	memcpy(ipc_buffer(), &monitor, sizeof(monitor));
	if (!status)
		status = vcpu_set(m->vcpus[cpu], VCPU_GROUP_MONITOR);
	return status;
}

int32_t arch_vcpu_register(struct machine *m, uint32_t cpu, uint32_t reg, bool write,
			   uint64_t *value)
{
	struct vcpu_general general;
	uint32_t bytes = 0;
	int32_t status;

	if (reg >= sizeof(general.x) / sizeof(general.x[0]))
		return BAD_ARGUMENT;
	status = vcpu_get(m->vcpus[cpu], VCPU_GROUP_GENERAL, &bytes);
	if (status || bytes != sizeof(general))
		return status ? status : BAD_MESSAGE;
	memcpy(&general, ipc_buffer(), sizeof(general));
	if (!write) {
		*value = general.x[reg];
		return OK;
	}
	general.x[reg] = *value;
	memcpy(ipc_buffer(), &general, sizeof(general));
	return vcpu_set(m->vcpus[cpu], VCPU_GROUP_GENERAL);
}

bool arch_entry_valid(struct machine *m, uint64_t entry)
{
	return entry % 4 == 0 && axvm_memory(m->vm, entry, 4) != NULL;
}

void arch_vcpu_power(struct machine *m, uint32_t cpu, bool on)
{
	if (on) {
		psci_started(&m->arch->psci, cpu);
	} else {
		psci_stopped(&m->arch->psci, cpu);
		ptimer_reset(&m->arch->ptimer, cpu);
	}
}

int64_t arch_start_result(enum arch_start result)
{
	switch (result) {
	case ARCH_STARTED:
		return PSCI_SUCCESS;
	case ARCH_START_ADDRESS:
		return PSCI_INVALID_ADDRESS;
	default:
		return PSCI_INTERNAL_FAILURE;
	}
}

bool arch_mmio(struct machine *m, uint32_t cpu, uint64_t address, uint32_t width, bool write,
	       uint64_t *value)
{
	if (m->arch->vgic.has_lpis) {
		if (its_access(&m->arch->its, address, width, write, value))
			return true;
		its_run(&m->arch->its); /* what an access before left */
	}
	return vgic_access(&m->arch->vgic, cpu, address, width, write, value);
}

/* The kernel has the registers that the lock holds back. */
static void tell_os_lock(const struct machine *m, uint32_t cpu)
{
	struct vcpu_monitor_group monitor;
	uint32_t bytes = 0;

	if (vcpu_get(m->vcpus[cpu], VCPU_GROUP_MONITOR, &bytes))
		return;
	memcpy(&monitor, ipc_buffer(), sizeof(monitor));
	monitor.os_lock = m->arch->sysreg.os_lock[cpu];
	memcpy(ipc_buffer(), &monitor, sizeof(monitor));
	vcpu_set(m->vcpus[cpu], VCPU_GROUP_MONITOR);
}

bool arch_sysreg(struct machine *m, uint32_t cpu, uint32_t reg, bool write, uint64_t *value)
{
	if (reg == SYSREG_ICC_SGI1R || reg == SYSREG_ICC_SGI0R || reg == SYSREG_ICC_ASGI1R) {
		const bool sends = write && m->arch->vgic.version == 3;

		if (sends)
			vgic_sgi(&m->arch->vgic, cpu, *value, reg != SYSREG_ICC_SGI1R);
		return sends;
	}
	if (reg == SYSREG_ICC_DIR && write) {
		vgic_end(&m->arch->vgic, cpu, *value);
		return true;
	}
	if (reg == SYSREG_OSLAR && sysreg_access(&m->arch->sysreg, cpu, reg, write, value)) {
		tell_os_lock(m, cpu);
		return true;
	}
	return sysreg_access(&m->arch->sysreg, cpu, reg, write, value) ||
	       ptimer_access(&m->arch->ptimer, cpu, reg, write, value);
}

void arch_sysreg_name(uint32_t reg, char text[24])
{
	sysreg_name(reg, text);
}

bool arch_has_monitors(const struct machine *m)
{
	return (m->arch->sysreg.id[SYSREG_ID(5, 0)] >> 8 & 0xf) != 0; /* ID_AA64DFR0_EL1.PMUVer */
}

int32_t arch_inject(struct machine *m, uint32_t cpu, uint32_t irq)
{
	return vgic_pend(&m->arch->vgic, cpu, irq) ? OK : BAD_ARGUMENT;
}

struct arch_answer arch_firmware(const struct machine *m, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct psci_reply r = psci_call(&m->arch->psci, a0, a1, a2);

	_Static_assert(PSCI_ANSWER == 0, "an answer is no exit");
	return (struct arch_answer){r.result, r.action};
}

/* The arguments of a hypercall, of which the exit has brought the first. */
static bool hypercall_arguments(struct machine *m, uint32_t cpu, struct axvm_exit *exit)
{
	uint32_t bytes;

	if (vcpu_get(m->vcpus[cpu], VCPU_GROUP_GENERAL, &bytes))
		return false;
	memcpy(exit->args, ipc_buffer() + sizeof(uint64_t), sizeof(exit->args));
	return true;
}

bool arch_firmware_exit(struct machine *m, uint32_t cpu, struct arch_answer answer,
			const struct firmware_call *call, struct axvm_exit *exit)
{
	struct psci_start start;

	if (answer.exit == PSCI_HYPERCALL && call->secure)
		return false;
	memset(exit, 0, sizeof(*exit));
	switch (answer.exit) {
	case PSCI_CPU_ON:
		start = psci_start(call->a0, call->a2, call->a3);
		exit->reason = AXVM_EXIT_CPU_UP;
		exit->target_cpu = (size_t)answer.result;
		exit->entry_point = start.entry;
		exit->arg = start.context;
		break;
	case PSCI_CPU_OFF:
		exit->reason = AXVM_EXIT_CPU_DOWN;
		break;
	case PSCI_SYSTEM_RESET:
		exit->reason = AXVM_EXIT_SYSTEM_RESET;
		break;
	case PSCI_GUEST_PRINT:
	case PSCI_HYPERCALL:
		exit->reason = AXVM_EXIT_HYPERCALL;
		exit->nr = (uint32_t)call->a0;
		return hypercall_arguments(m, cpu, exit);
	default:
		exit->reason = AXVM_EXIT_SYSTEM_DOWN;
		exit->status = answer.exit == PSCI_GUEST_EXIT ? (uint32_t)call->a1 : 0;
		break;
	}
	return true;
}
