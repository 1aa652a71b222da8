/* SPDX-License-Identifier: BSD-2-Clause */
#include "user.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "statuses.h"

#define RAM_BYTES (16u << 20)
#define BOOT_BYTES (2u << 20)
#define DEVICE_BYTES (1ull << 30)
#define RESTART_LIMIT 100000

static void machine_free(void *argument)
{
	struct machine *m = argument;

	statuses_forget();
	free(m->k);
	free(m);
}

static void *take(uint8_t **at, size_t bytes, size_t alignment)
{
	uint8_t *p = (uint8_t *)(((uintptr_t)*at + alignment - 1) & ~(alignment - 1));

	memset(p, 0, bytes);
	*at = p + bytes;
	return p;
}

static void region(struct boot_record *record, const void *base, uint64_t size, uint32_t kind)
{
	record->regions[record->region_count++] =
	    (struct boot_region){.base = (uintptr_t)base, .size = size, .kind = kind};
}

/* What boot code does before and after kernel_start. */
static void boot(struct machine *m, uint32_t core)
{
	struct fake_memory *own = fake_memory_new(BOOT_BYTES), *ram = fake_memory_new(RAM_BYTES);
	struct fake_memory *bundle = fake_memory_new(2u << 20);
	struct fake_memory *reserved = fake_memory_new(2u << 20);
	uint8_t *at = own->base;
	struct boot_init b = {
	    .core = core, .address_bits = FAKE_ADDRESS_BITS, .frequency = FAKE_FREQUENCY};

	m->cspace = take(&at, sizeof(struct cspace) + BOOT_SLOTS * sizeof(struct cap), 4096);
	m->space = take(&at, ARCH_SPACE_BYTES, ARCH_SPACE_ALIGN);
	m->init = take(&at, sizeof(struct thread), 64);
	m->record = take(&at, 4096, 4096);
	b.cspace = m->cspace;
	b.space = m->space;
	b.thread = m->init;
	b.record = m->record;
	b.record_page = m->record;
	b.buffer_page = take(&at, 4096, 4096);
	b.entry = SERVICE_BASE;
	*m->record = (struct boot_record){
	    .magic = BOOT_MAGIC, .version = ABI_VERSION, .core = core, .cores = 4};
	m->record->frequency = FAKE_FREQUENCY;
	region(m->record, ram->base, ram->size, BOOT_RAM);
	region(m->record, fake_device_new(DEVICE_BYTES), DEVICE_BYTES, BOOT_DEVICE);
	region(m->record, bundle->base, bundle->size, BOOT_BUNDLE);
	region(m->record, reserved->base, reserved->size, BOOT_RESERVED);

	kernel_init(m->k);
	CHECK_EQ(kernel_start(m->k, &b, m->record), OK);
	for (int i = 0; i < 8; i++)
		space_pool_add(m->space, take(&at, 4096, 4096));
	fake_return(m->k, sched_dispatch(m->k));
}

struct machine *machine_new_core(uint32_t core)
{
	struct machine *m = calloc(1, sizeof(*m));

	CHECK(m);
	m->k = calloc(1, sizeof(*m->k));
	CHECK(m->k);
	test_cleanup(machine_free, m);
	boot(m, core);
	check_kernel(m->k);
	IS_CURRENT(m, m->init);
	m->ram = m->record->regions[0].slot;
	m->device = m->record->regions[1].slot;
	m->bundle = m->record->regions[2].slot;
	m->reserved = m->record->regions[3].slot;
	m->next_slot = BOOT_SLOT_FREE;
	OKAY(m, BOOT_SLOT_CORE, CORE_SCHEDULE, BOOT_SLOT_THREAD, INIT_PRIORITY, FOREVER, FOREVER);
	return m;
}

struct machine *machine_new(void)
{
	return machine_new_core(0);
}

/* ---- Calls ---- */

static void entered(struct machine *m)
{
	m->k->arch.polls = 0;
}

/* The end of every kernel entry. */
static void leave(struct machine *m, struct context *next)
{
	fake_return(m->k, next);
	if (!m->unchecked)
		check_kernel(m->k);
	statuses_look();
}

struct result user_result(const struct thread *t)
{
	struct result result = {.status = (enum status)(int64_t)context_arg(&t->context, 0)};

	for (unsigned i = 0; i < 8; i++)
		result.r[i] = context_arg(&t->context, i);
	return result;
}

struct result user_call(struct machine *m, struct thread *t, uint32_t call,
			const uint64_t arguments[8])
{
	struct context *c = &t->context;
	const struct cap *cap = call == CALL_INVOKE ? cspace_slot(t, arguments[0]) : NULL;
	uint8_t type = cap ? cap->type : CAP_EMPTY;

	if (m->k->current != c)
		FAIL("a call by thread %p, and %p is current", (void *)c, (void *)m->k->current);
	for (unsigned i = 0; i < 8; i++)
		context_set_arg(c, i, arguments[i]);
	for (int restarts = 0;; restarts++) {
		if (restarts == RESTART_LIMIT)
			FAIL("a preempted call makes no progress");
		entered(m);
		c->arch.pc += FAKE_CALL_BYTES;
		leave(m, syscall_handle(m->k, c, call));
		if (!c->arch.restart)
			break;
		c->arch.restart = false;
		machine_interrupts(m);
		if (m->k->current != c)
			return (struct result){.status = PREEMPTED};
	}
	if (m->k->current != c && c->state != CONTEXT_READY) {
		statuses_blocked(t, call);
		return (struct result){.status = BLOCKED};
	}
	statuses_note(t, call, type, arguments[1]);
	return user_result(t);
}

struct result user_ok(const char *file, int line, struct machine *m, const uint64_t arguments[8])
{
	struct result result = user_call(m, m->init, CALL_INVOKE, arguments);

	if (result.status != OK)
		test_fail(file, line, "method 0x%llx of slot %llu: status %d",
			  (unsigned long long)arguments[1], (unsigned long long)arguments[0],
			  result.status);
	return result;
}

/* ---- What happens to who is current ---- */

void machine_interrupts(struct machine *m)
{
	entered(m);
	for (int i = 0; m->k->arch.timer <= fake_time; i++) {
		if (i == 1000)
			FAIL("the kernel timer fires for ever");
		kernel_timer_fired(m->k);
	}
	while (fake_irq_take(m->k))
		;
	fake_timer_poll(m->k);
	leave(m, sched_dispatch(m->k));
}

void time_pass(struct machine *m, uint64_t ticks)
{
	fake_time += ticks;
	machine_interrupts(m);
}

void irq_raise(struct machine *m, uint32_t number, bool level)
{
	fake_irq_assert(m->k, number, level);
	machine_interrupts(m);
}

void user_fault(struct machine *m, uint32_t kind, uint64_t address, uint64_t syndrome)
{
	CHECK_EQ(m->k->current->kind, CONTEXT_THREAD);
	entered(m);
	leave(m, thread_faulted(m->k, (struct thread *)m->k->current, kind, address, syndrome));
}

static struct vcpu *current_guest(struct machine *m)
{
	CHECK_EQ(m->k->current->kind, CONTEXT_VCPU);
	return (struct vcpu *)m->k->current;
}

void guest_exit(struct machine *m, const struct exit_record *exit)
{
	struct vcpu *v = current_guest(m);

	v->exit = *exit;
	entered(m);
	leave(m, vcpu_exit(m->k, v));
}

void *guest_access(struct machine *m, uint64_t address, unsigned width, bool write, uint64_t value)
{
	struct vcpu *v = current_guest(m);
	void *memory =
	    fake_access(m->k, v->space.object, address, write ? SPACE_ATTR_WRITE : SPACE_ATTR_READ);

	if (memory)
		return memory;

	struct exit_record exit = {
	    .class = EXIT_MMIO,
	    .width = (uint8_t)width,
	    .target = 5 << 1,
	    .write = write,
	    .length = 4,
	    .address = address,
	    .value = write ? value : 0,
	    .virtual = 0xffff000000000000u | address,
	};

	/* No right for an access to what is mapped: hardware does not say at which address. */
	if (fake_walk(v->space.object, address).kind == ENTRY_MEMORY) {
		exit.class = EXIT_FAULT;
		exit.address = 0xffffdeadbeef0000u | (address & 0xfff);
	}
	guest_exit(m, &exit);
	return NULL;
}

void guest_wfi(struct machine *m)
{
	struct vcpu *v = current_guest(m);

	v->context.arch.pc += 4;
	entered(m);
	leave(m, vcpu_wfi(m->k, v));
}
