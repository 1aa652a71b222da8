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
#include "services/vmm/axvm_rpc.h"
#include "services/vmm/exits.h"
#include "services/vmm/vmm_arch.h"
#include "services/vmm/hypercall.h"
#include "services/vmm/ivc.h"
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
static struct axvm_server server;
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

	if (!machine.config->has_ramdisk)
		return true;
	if (!file || file->size == 0)
		return say("the ramdisk is missing or empty");
	t->initrd = machine.config->has_ramdisk_load_addr
			? machine.config->ramdisk_load_addr
			: loader_room(l, file->size, INITRD_ALIGN);
	t->initrd_size = file->size;
	if (t->initrd == NO_ROOM)
		return say("no room for the ramdisk: the VM needs more memory");
	if (!loader_put(l, "ramdisk", t->initrd, (const void *)(uintptr_t)file->address, file->size,
			0))
		return say(l->error);
	return true;
}

static bool load_tree(struct loader *l, struct arch_tree *t, uint64_t *address)
{
	const struct start_grant *file = machine.config->has_dtb ? grant_find("dtb") : NULL;
	int size;

	if (file)
		size = arch_tree_patch(t, (const void *)(uintptr_t)file->address, file->size, tree,
				       sizeof(tree));
	else
		size = arch_tree_make(t, tree, sizeof(tree));
	if (size < 0 && t->problem[0])
		log_line("vmm %s: device tree: %s", config.name, t->problem);
	else if (size < 0)
		say(file ? "the device tree is not a device tree, or too large"
			 : "the device tree does not fit");
	if (size < 0)
		return false;
	*address = machine.config->has_dtb_load_addr ? machine.config->dtb_load_addr
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
	struct arch_tree t = {.config = machine.config,
			      .has = machine_has,
			      .has_irq = machine_has_irq,
			      .host = &machine,
			      .monitors = arch_has_monitors(&machine)};
	struct loader l;

	loader_init(&l, machine.vm);
	if (!kernel)
		return say("no kernel file was granted");
	if (!loader_kernel(&l, (const void *)(uintptr_t)kernel->address, kernel->size))
		return say(l.error);
	return load_initrd(&l, &t) && load_tree(&l, &t, tree_address);
}

/* What a guest starts with, for the VM that was made. */
static bool prepare(void *host)
{
	uint64_t tree_address = 0;

	(void)host;
	if (!load(&tree_address))
		return false;
	if (axvm_vcpu_set_entry(machine.vm, 0, machine.config->entry_point) ||
	    axvm_vcpu_set_gpr(machine.vm, 0, 0, tree_address))
		return say(axvm_message());
	return true;
}

static bool make(void)
{
	enum axvm_error error = axvm_new(&config, &machine.hal, &server.vm);

	if (error) /* an empty message: the log has the words */
		return axvm_message()[0] ? say(axvm_message()) : false;
	if (!prepare(NULL))
		return false;
	if (axvm_boot(machine.vm))
		return say(axvm_message());
	return true;
}

static enum arch_start start(const struct axvm_exit *exit)
{
	enum axvm_error error =
	    axvm_vcpu_set_entry(machine.vm, exit->target_cpu, exit->entry_point);

	if (error == AXVM_INVALID_INPUT)
		return ARCH_START_ADDRESS;
	if (!error)
		error = axvm_vcpu_set_gpr(machine.vm, exit->target_cpu, 0, exit->arg);
	if (!error)
		error = axvm_vcpu_start(machine.vm, exit->target_cpu);
	return error ? ARCH_START_FAILED : ARCH_STARTED;
}

/* To all but the sender, to itself, or to one. */
static void send_ipi(const struct axvm_exit *exit)
{
	const uint64_t self = 1ull << exit->vcpu;
	const uint64_t all = (1ull << axvm_vcpu_num(machine.vm)) - 1;
	uint64_t targets = exit->target_cpu < 64 ? 1ull << exit->target_cpu : 0;

	if (exit->send_to_all)
		targets = all & ~self;
	else if (exit->send_to_self)
		targets = self;
	(void)axvm_inject_interrupt_to_vcpu(machine.vm, targets, (uint32_t)exit->vector);
}

/* A vCPU that is on; the number of vCPUs: none. */
static size_t any_on(void)
{
	size_t id = 0;

	while (id < axvm_vcpu_num(machine.vm) && !machine.started[id])
		id++;
	return id;
}

/* What the VM's own VMM does about an exit. False: nothing can be done. */
static bool handle(const struct axvm_exit *exit)
{
	switch (exit->reason) {
	case AXVM_EXIT_CPU_UP:
		exits_answer(&machine, arch_start_result(start(exit)));
		return true;
	case AXVM_EXIT_HYPERCALL:
		exits_answer(&machine, hypercall(&machine, exit));
		return true;
	case AXVM_EXIT_SEND_IPI:
		send_ipi(exit);
		return true;
	case AXVM_EXIT_CPU_DOWN:
	case AXVM_EXIT_NOTHING:
	case AXVM_EXIT_HALT:
	case AXVM_EXIT_EXTERNAL_INTERRUPT:
		return true;
	default:
		return false;
	}
}

/* Runs vCPU 0, and with it all others, to the end; what is told to init is the result. */
static uint32_t run(bool *reset)
{
	struct axvm_exit exit;

	for (size_t id = 0; id < axvm_vcpu_num(machine.vm); id = any_on()) {
		if (axvm_run_vcpu(machine.vm, id, &exit)) {
			say(axvm_message());
			return STATUS_CANNOT_RUN;
		}
		*reset = exit.reason == AXVM_EXIT_SYSTEM_RESET;
		if (*reset || exit.reason == AXVM_EXIT_SYSTEM_DOWN)
			return exit.status;
		if (!handle(&exit)) {
			log_line("vmm %s: vcpu %zu: exit %u cannot be handled", config.name,
				 exit.vcpu, (unsigned int)exit.reason);
			return STATUS_CANNOT_RUN;
		}
	}
	say("all vCPUs are off");
	return 0;
}

static void use(void *host, const skerry_VmConfig *next)
{
	machine_use(host, next);
}

static int32_t serve(void *host, struct axvm_exit *exit)
{
	return exits_run(host, EXITS_NO_VCPU, exit);
}

/* A client makes the VM and runs it. */
static uint32_t steered(void)
{
	server_ready();
	while (!server.ended) {
		if (axvm_server_turn(&server)) {
			say("its port cannot be served");
			return STATUS_CANNOT_RUN;
		}
	}
	return 0;
}

static uint32_t booted(bool *reset)
{
	uint32_t status;

	if (!make())
		return STATUS_CANNOT_START;
	server_ready();
	status = run(reset);
	hypercall_print_rest(&machine);
	if (status)
		log_line("vmm %s: the guest ended with status %u", config.name, status);
	(void)axvm_shutdown(machine.vm);
	machine_stop(&machine);
	ivc_end(&machine);
	return status;
}

static bool init(void)
{
	if (!read_config())
		return false;
	machine_init(&machine, &config);
	machine.server = &server;
	server.hal = &machine.hal;
	server.own = &config;
	server.host = &machine;
	server.steered = config.start == skerry_VmStart_VM_START_RPC;
	server.use = use;
	server.load = prepare;
	server.serve = serve;
	server.reply = slots_take(1);
	return server.reply != 0;
}

int main(void)
{
	struct vm_event event = {.status = STATUS_CANNOT_START};
	struct init_reply reply;
	bool reset = false;

	if (init()) {
		event.status = server.steered ? steered() : booted(&reset);
		exits_report_rest(&machine);
		machine_report_touched(&machine);
	}
	/* Neither is answered: init ends this process. */
	if (reset)
		init_vm_reset_call(START_SLOT_INIT, &event, &reply);
	else
		init_vm_off_call(START_SLOT_INIT, &event, &reply);
	return 1;
}
