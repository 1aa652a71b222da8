/* SPDX-License-Identifier: BSD-2-Clause */
/* One process, one VM: makes it as the configuration says, runs it, and tells init how it ended. */
#include <string.h>

#include <pb_decode.h>

#include "init.ipc.h"
#include "services/lib/grants.h"
#include "services/lib/log.h"
#include "services/lib/server.h"
#include "services/lib/start.h"
#include "services/lib/sys.h"
#include "services/vmm/vmm_arch.h"
#include "services/vmm/hypercall.h"
#include "services/vmm/loader.h"
#include "services/vmm/machine.h"

#define TREE_BYTES 0x10000u
#define TREE_ALIGN 8u /* Linux, arch/arm64/booting.rst */
#define INITRD_ALIGN 0x200000ull
#define NO_ROOM (~0ull)

/* What the VMM itself reports, beside a guest's own status. */
#define STATUS_CANNOT_START 0x100u
#define STATUS_CANNOT_RUN 0x101u

static skerry_VmConfig config;
static struct machine machine;
static uint8_t tree[TREE_BYTES];

static bool read_config(void)
{
	uint32_t size = 0;
	const void *bytes = start_config(&size);
	pb_istream_t stream = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&stream, skerry_VmConfig_fields, &config)) {
		log_line("vmm: the VM's configuration cannot be read: %s", PB_GET_ERROR(&stream));
		return false;
	}
	return true;
}

static bool say(const char *text)
{
	log_line("vmm %s: %s", config.name, text);
	return false;
}

/* The initrd goes where the config says, else as high as there is room. */
static bool load_initrd(struct loader *l, struct arch_tree *t)
{
	const struct start_grant *file = grant_find("ramdisk");

	if (!config.has_ramdisk)
		return true;
	if (!file || file->size == 0)
		return say("the ramdisk is missing or empty");
	t->initrd = config.has_ramdisk_load_addr ? config.ramdisk_load_addr
						 : loader_room(l, file->size, INITRD_ALIGN);
	t->initrd_size = file->size;
	if (t->initrd == NO_ROOM)
		return say("no room for the ramdisk: the VM needs more memory");
	if (!loader_put(l, "ramdisk", t->initrd, (const void *)(uintptr_t)file->address, file->size,
			0))
		return say(l->error);
	return true;
}

static bool load_tree(struct loader *l, const struct arch_tree *t, uint64_t *address)
{
	const struct start_grant *file = config.has_dtb ? grant_find("dtb") : NULL;
	int size;

	if (file)
		size = arch_tree_patch(t, (const void *)(uintptr_t)file->address, file->size, tree,
				       sizeof(tree));
	else
		size = arch_tree_make(t, tree, sizeof(tree));
	if (size < 0)
		return say(file ? "the device tree is not a device tree, or too large"
				: "the device tree does not fit");
	*address = config.has_dtb_load_addr ? config.dtb_load_addr
					    : loader_room(l, TREE_BYTES, TREE_BYTES);
	if (*address == NO_ROOM)
		return say("no room for the device tree: the VM needs more memory");
	if (*address % TREE_ALIGN)
		return say("dtb_load_addr is not a multiple of 8");
	if (!loader_put(l, "device tree", *address, tree, (uint64_t)size, 0))
		return say(l->error);
	return true;
}

static bool load(uint64_t *tree_address)
{
	const struct start_grant *kernel = grant_find("kernel");
	struct arch_tree t = {.config = &config};
	struct loader l;

	loader_init(&l, machine.vm);
	if (!kernel)
		return say("no kernel file was granted");
	if (!loader_kernel(&l, (const void *)(uintptr_t)kernel->address, kernel->size))
		return say(l.error);
	return load_initrd(&l, &t) && load_tree(&l, &t, tree_address);
}

static bool make(void)
{
	uint64_t tree_address = 0;

	if (!read_config())
		return false;
	machine_init(&machine, &config);
	if (axvm_new(&config, &machine.hal, &machine.vm))
		return say(axvm_message());
	if (!machine_devices(&machine) || !arch_init(&machine) || !load(&tree_address))
		return false;
	if (arch_vcpu_reset(&machine, 0, config.entry_point, tree_address))
		return say("vCPU 0 cannot be set up");
	if (axvm_boot(machine.vm))
		return say(axvm_message());
	return true;
}

static void cpu_up(const struct axvm_exit *exit)
{
	uint32_t cpu = (uint32_t)exit->target_cpu;
	enum arch_start result = ARCH_START_FAILED;

	if (!arch_entry_valid(&machine, exit->entry_point)) {
		result = ARCH_START_ADDRESS;
	} else {
		vcpu_stop(machine.vcpus[cpu]);
		if (!arch_vcpu_reset(&machine, cpu, exit->entry_point, exit->arg) &&
		    !vcpu_run(machine.vcpus[cpu])) {
			machine.started[cpu] = true;
			arch_vcpu_power(&machine, cpu, true);
			result = ARCH_STARTED;
		}
	}
	exits_answer(&machine, arch_start_result(result));
}

static void cpu_down(const struct axvm_exit *exit)
{
	machine.started[exit->vcpu] = false;
	arch_vcpu_power(&machine, (uint32_t)exit->vcpu, false);
	exits_hold(&machine);
}

/* A vCPU that is on; the number of vCPUs: none. */
static size_t any_on(void)
{
	size_t id = 0;

	while (id < axvm_vcpu_num(machine.vm) && !machine.started[id])
		id++;
	return id;
}

/* Runs vCPU 0, and with it all others, to the end; what is told to init is the result. */
static uint32_t run(bool *reset)
{
	struct axvm_exit exit;
	size_t id = 0;

	for (; id < axvm_vcpu_num(machine.vm); id = any_on()) {
		if (axvm_run_vcpu(machine.vm, id, &exit)) {
			say(axvm_message());
			return STATUS_CANNOT_RUN;
		}
		switch (exit.reason) {
		case AXVM_EXIT_CPU_UP:
			cpu_up(&exit);
			break;
		case AXVM_EXIT_CPU_DOWN:
			cpu_down(&exit);
			break;
		case AXVM_EXIT_HYPERCALL:
			exits_answer(&machine, hypercall(&machine, &exit));
			break;
		case AXVM_EXIT_SYSTEM_DOWN:
			return exit.status;
		case AXVM_EXIT_SYSTEM_RESET:
			*reset = true;
			return 0;
		default:
			exits_answer(&machine, 0);
			break;
		}
	}
	say("all vCPUs are off");
	return 0;
}

int main(void)
{
	struct vm_event event = {.status = STATUS_CANNOT_START};
	struct init_reply reply;
	bool reset = false;

	if (make()) {
		server_ready();
		event.status = run(&reset);
		hypercall_print_rest(&machine);
		exits_report_rest(&machine);
		if (event.status)
			log_line("vmm %s: the guest ended with status %u", config.name,
				 event.status);
		axvm_shutdown(machine.vm);
		machine_stop(&machine);
	}
	/* Neither is answered: init ends this process. */
	if (reset)
		init_vm_reset_call(START_SLOT_INIT, &event, &reply);
	else
		init_vm_off_call(START_SLOT_INIT, &event, &reply);
	return 1;
}
