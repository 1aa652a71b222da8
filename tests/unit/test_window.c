/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows and doorbells: an access of a guest goes to the page's server, or is a signal. */
#include "user.h"

#include "exit.skerry.h"

#define DEVICE 0x9000000ull
#define PAGE 4096ull

struct vm {
	struct machine *m;
	struct guest g;
	uint32_t vmm_port, port, window;
	struct user vmm, server;
};

/* A running guest with a VMM behind every exit and one device page. */
static struct vm vm_new(void)
{
	struct vm x = {.m = machine_new()};
	struct machine *m = x.m;

	x.vmm_port = object_new(m, CAP_PORT, 0);
	x.port = object_new(m, CAP_PORT, 0);
	x.vmm = server_start(m, x.vmm_port, 0);
	x.server = server_start(m, x.port, 0);
	x.g = guest_new(m, 1, x.vmm_port);
	x.window = 1;
	OKAY(m, x.g.space_slot, SPACE_BIND, x.window, x.port, DEVICE, 12, 0x99);
	return x;
}

static struct vm vm_running(void)
{
	struct vm x = vm_new();

	guest_start(x.m, &x.g, 9);
	CHECK(x.m->k->current == &x.g.v->context);
	return x;
}

static struct mmio_access received(const struct user *server)
{
	struct result r = user_result(server->t);
	struct mmio_access a;

	CHECK_EQ(r.status, OK);
	CHECK_EQ(r.r[1], INFO(VCPU_EXIT_MMIO, MMIO_ACCESS_SIZE, 0));
	CHECK(mmio_access_get(server->message->data, MMIO_ACCESS_SIZE, &a));
	return a;
}

static void reply(struct vm *x, const struct user *server, uint32_t port, uint64_t value,
		  uint32_t action)
{
	access_reply_put(server->message->data, &(struct access_reply){value, action});
	SYS(x->m, server->t, CALL_REPLY_WAIT, port, INFO(0, ACCESS_REPLY_SIZE, 0));
}

/* The device server, not the VMM, is given an access to this offset of the page. */
static void check_served(struct vm *x, uint64_t offset, unsigned width, bool write, uint64_t value)
{
	struct mmio_access a;

	CHECK(!guest_access(x->m, DEVICE + offset, width, write, value));
	IS_CURRENT(x->m, x->server.t);
	a = received(&x->server);
	CHECK_EQ(a.address, offset);
	CHECK_EQ(a.width, width);
	CHECK_EQ(a.write, write);
	CHECK_EQ(a.value, write ? value : 0);
	reply(x, &x->server, x->port, 0, EXIT_ACTION_ADVANCE);
	CHECK(x->m->k->current == &x->g.v->context);
}

TEST(window_access_goes_to_its_server)
{
	struct vm x = vm_running();
	uint64_t pc = x.g.v->context.arch.pc;
	struct mmio_access a;

	guest_access(x.m, DEVICE + 0x18, 4, false, 0);
	IS_CURRENT(x.m, x.server.t);
	CHECK_EQ(user_result(x.server.t).r[6], 0x99);
	a = received(&x.server);
	CHECK(a.address == 0x18 && a.width == 4 && !a.write && a.value == 0 && a.sequence == 1);
	CHECK_EQ(x.g.v->context.arch.pc, pc);
	reply(&x, &x.server, x.port, 0x123456789abcdef0u, EXIT_ACTION_ADVANCE);
	CHECK(x.m->k->current == &x.g.v->context);
	CHECK_EQ(x.g.v->context.arch.r[5], 0x9abcdef0);
	CHECK_EQ(x.g.v->context.arch.pc, pc + 4);
	guest_access(x.m, DEVICE + 0xff8, 8, true, 0xfedcba9876543210u);
	a = received(&x.server);
	CHECK(a.address == 0xff8 && a.width == 8 && a.write && a.value == 0xfedcba9876543210u);
	CHECK_EQ(a.sequence, 2);
	reply(&x, &x.server, x.port, 77, EXIT_ACTION_ADVANCE);
	CHECK_EQ(x.g.v->context.arch.r[5], 0x9abcdef0); /* a store changes no register */
}

TEST(window_loads_are_cut_and_extended)
{
	struct vm x = vm_running();
	const uint64_t value = 0x8877665544f3a2e1u;
	const struct {
		uint8_t width, extend;
		uint64_t expected;
	} loads[] = {
	    {1, 0, (uint8_t)value},
	    {2, 0, (uint16_t)value},
	    {4, 0, (uint32_t)value},
	    {1, EXTEND_64, (uint8_t)value},
	    {4, EXTEND_64, (uint32_t)value},
	    {8, EXTEND_64, value},
	    {1, EXTEND_SIGN, (uint32_t)(int8_t)value},
	    {2, EXTEND_SIGN, (uint32_t)(int16_t)value},
	    {1, EXTEND_SIGN | EXTEND_64, (uint64_t)(int8_t)value},
	    {2, EXTEND_SIGN | EXTEND_64, (uint64_t)(int16_t)value},
	    {4, EXTEND_SIGN | EXTEND_64, (uint64_t)(int32_t)value},
	};

	for (unsigned i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		guest_exit(x.m, &(struct exit_record){.class = EXIT_MMIO,
						      .width = loads[i].width,
						      .target = 7 << 1 | loads[i].extend,
						      .length = 4,
						      .address = DEVICE});
		reply(&x, &x.server, x.port, value, EXIT_ACTION_ADVANCE);
		CHECK_EQ(x.g.v->context.arch.r[7], loads[i].expected);
	}
}

TEST(window_access_across_its_end_is_the_vmms)
{
	struct vm x = vm_running();

	guest_access(x.m, DEVICE + 0xffd, 4, false, 0);
	IS_CURRENT(x.m, x.vmm.t);
	CHECK_EQ(user_result(x.vmm.t).r[1], INFO(VCPU_EXIT_FAULT, FAULT_EXIT_SIZE, 0));
	CHECK_EQ(user_result(x.vmm.t).r[6], 0x100 + EXIT_FAULT);
	CHECK_EQ(x.server.t->context.state, CONTEXT_RECEIVING);
}

TEST(window_access_that_is_not_plain_is_the_vmms)
{
	struct vm x = vm_running();

	guest_exit(x.m,
		   &(struct exit_record){.class = EXIT_FAULT, .address = DEVICE + 8, .length = 4});
	IS_CURRENT(x.m, x.vmm.t);
	CHECK_EQ(user_result(x.vmm.t).r[1], INFO(VCPU_EXIT_FAULT, FAULT_EXIT_SIZE, 0));
	CHECK_EQ(user_result(x.vmm.t).r[6], 0x100 + EXIT_FAULT);
	CHECK_EQ(x.server.t->context.state, CONTEXT_RECEIVING);
}

TEST(window_pages_beside_it_go_to_the_vmm)
{
	struct vm x = vm_running();

	guest_access(x.m, DEVICE + PAGE, 4, true, 5);
	IS_CURRENT(x.m, x.vmm.t);
	CHECK_EQ(received(&x.vmm).address, DEVICE + PAGE);
	CHECK_EQ(user_result(x.vmm.t).r[6], 0x100 + EXIT_MMIO);
	reply(&x, &x.vmm, x.vmm_port, 0, EXIT_ACTION_ABORT);
	CHECK(x.g.v->arch.aborted);
	guest_exit(
	    x.m, &(struct exit_record){.class = EXIT_FAULT, .address = DEVICE + PAGE, .length = 4});
	IS_CURRENT(x.m, x.vmm.t);
	CHECK_EQ(user_result(x.vmm.t).r[6], 0x100 + EXIT_FAULT);
}

TEST(window_no_right_to_mapped_memory_is_a_fault_at_no_address)
{
	struct vm x = vm_new();
	uint32_t frame = object_new(x.m, CAP_FRAME, 12);

	OKAY(x.m, x.g.space_slot, SPACE_MAP, frame, 0x40000000, SPACE_ATTR_READ, 1);
	guest_start(x.m, &x.g, 9);
	CHECK(guest_access(x.m, 0x40000010, 4, false, 0));
	guest_access(x.m, 0x40000010, 4, true, 1);
	IS_CURRENT(x.m, x.vmm.t);
	CHECK_EQ(user_result(x.vmm.t).r[1], INFO(VCPU_EXIT_FAULT, FAULT_EXIT_SIZE, 0));
}

TEST(window_goes_when_deleted_and_can_be_bound_again)
{
	struct vm x = vm_new();
	struct machine *m = x.m;

	OKAY(m, x.g.windows, CSPACE_DELETE, x.window);
	CHECK_EQ(fake_walk(x.g.space, DEVICE).kind, ENTRY_NONE);
	OKAY(m, x.g.space_slot, SPACE_BIND, x.window, x.port, DEVICE, 12, 0x99);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_REVOKE, x.port);
	CHECK_EQ(fake_walk(x.g.space, DEVICE).kind, ENTRY_NONE);
	OKAY(m, x.g.space_slot, SPACE_BIND, x.window, x.port, DEVICE, 12, 0x99);
	OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.port);
	CHECK_EQ(fake_walk(x.g.space, DEVICE).kind, ENTRY_NONE);
	guest_start(m, &x.g, 9);
	guest_access(m, DEVICE, 4, false, 0);
	IS_CURRENT(m, x.vmm.t);
}

/* The kernel remembers the window of the last access, until it goes. */
static void check_forgotten(struct vm *x, uint32_t cspace, uint32_t method, uint32_t slot)
{
	check_served(x, 0x18, 4, false, 0);
	guest_access(x->m, DEVICE, 4, false, 0);
	CHECK_EQ(x->g.space->found_page, DEVICE / PAGE);
	SYS(x->m, x->server.t, CALL_INVOKE, cspace, method, slot);
	CHECK_EQ(user_result(x->server.t).status, OK);
	CHECK_EQ(x->g.space->found_page, NO_PAGE);
}

TEST(window_hit_before_is_deleted)
{
	struct vm x = vm_running();

	check_forgotten(&x, x.g.windows, CSPACE_DELETE, x.window);
}

TEST(window_hit_before_loses_its_port)
{
	struct vm x = vm_running();

	check_forgotten(&x, BOOT_SLOT_CSPACE, CSPACE_REVOKE, x.port);
}

TEST(window_hit_before_loses_its_cspace)
{
	struct vm x = vm_running();

	check_forgotten(&x, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.g.windows);
}

TEST(window_hit_before_loses_its_table)
{
	struct vm x = vm_running();
	uint32_t table = 1;

	while (slot_cap(x.m, table)->type != CAP_TABLE ||
	       slot_cap(x.m, table)->frame.space != x.g.space->id ||
	       slot_cap(x.m, table)->frame.level != 3)
		table++;
	check_forgotten(&x, BOOT_SLOT_CSPACE, CSPACE_DELETE, table);
}

TEST(window_of_a_block)
{
	struct vm x = vm_new();

	OKAY(x.m, x.g.space_slot, SPACE_BIND, 2, x.port, 0x10000000, 21, 1);
	guest_start(x.m, &x.g, 9);
	guest_access(x.m, 0x10000000 + 0x123450, 4, false, 0);
	CHECK_EQ(received(&x.server).address, 0x123450);
	CHECK_EQ(user_result(x.server.t).r[6], 1);
}

TEST(window_bind_refuses)
{
	struct vm x = vm_new();
	struct machine *m = x.m;
	uint32_t space = x.g.space_slot, serve = copy_new(m, x.port, RIGHT_SERVE, 0);
	uint32_t badged = copy_new(m, x.port, RIGHT_CALL, 5),
		 bare = object_new(m, CAP_SPACE, SPACE_VM(2));
	uint32_t frame = object_new(m, CAP_FRAME, 12);

	CHECK_EQ(STATUS(m, bare, SPACE_BIND, 1, x.port, 0, 12, 0), BAD_STATE);
	CHECK_EQ(STATUS(m, bare, SPACE_WINDOWS, x.g.windows), EXISTS);
	CHECK_EQ(STATUS(m, space, SPACE_WINDOWS, BOOT_SLOT_CSPACE), EXISTS);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 0, x.port, 0, 12, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 64, x.port, 0, 12, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 1, x.port, 0, 12, 0), EXISTS);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, x.port, DEVICE, 12, 0), EXISTS);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, frame, 0, 12, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, serve, 0, 12, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, badged, 0, 12, 6), NO_RIGHT);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, x.port, 0, 13, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, x.port, 0, ~0ull, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, x.port, 0x800, 12, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, space, SPACE_BIND, 2, x.port, ~0xfffull, 12, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, space, SPACE_MAP, frame, DEVICE, SPACE_ATTR_READ, 1), EXISTS);
	OKAY(m, space, SPACE_BIND, 2, badged, 0, 12, 0);
}

TEST(window_cspace_deleted_unbinds_all)
{
	for (unsigned preempt_at = 0; preempt_at < 2; preempt_at++) {
		struct vm x = vm_new();
		struct machine *m = x.m;
		uint32_t signal = object_new(m, CAP_SIGNAL, 0);

		OKAY(m, x.g.space_slot, SPACE_DOORBELL, 3, x.window, signal, 0x50, 0,
		     DOORBELL_ANY_VALUE);
		for (uint32_t i = 0; i < 30; i++)
			OKAY(m, x.g.space_slot, SPACE_BIND, 10 + i, x.port, DEVICE + (i + 1) * PAGE,
			     12, 0);
		m->k->arch.preempt_at = preempt_at;
		OKAY(m, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.g.windows);
		for (uint64_t i = 0; i < 31; i++)
			CHECK_EQ(fake_walk(x.g.space, DEVICE + i * PAGE).kind, ENTRY_NONE);
		CHECK_EQ(STATUS(m, x.g.space_slot, SPACE_BIND, 1, x.port, 0, 12, 0), BAD_STATE);
		OKAY(m, x.g.space_slot, SPACE_WINDOWS, object_new(m, CAP_CSPACE, 8));
	}
}

/* ---- Doorbells ---- */

static uint32_t doorbell(struct vm *x, uint32_t slot, uint64_t offset_width, uint64_t value,
			 uint64_t bit)
{
	uint32_t signal = object_new(x->m, CAP_SIGNAL, 0);

	OKAY(x->m, x->g.space_slot, SPACE_DOORBELL, slot, x->window, signal, offset_width, value,
	     bit);
	return signal;
}

static uint64_t bits(const struct vm *x, uint32_t signal)
{
	return ((struct signal *)slot_object(x->m, signal))->bits;
}

TEST(doorbell_is_a_signal_and_no_message)
{
	struct vm x = vm_new();
	uint32_t any = doorbell(&x, 2, 0x50, 0, 3 | DOORBELL_ANY_VALUE);
	uint32_t one = doorbell(&x, 3, 0x60 | 4ull << 32, 1, 0),
		 two = doorbell(&x, 4, 0x60 | 4ull << 32, 2, 63);
	uint64_t pc;

	guest_start(x.m, &x.g, 9);
	pc = x.g.v->context.arch.pc;
	guest_access(x.m, DEVICE + 0x50, 4, true, 0x12345);
	CHECK(x.m->k->current == &x.g.v->context);
	CHECK_EQ(bits(&x, any), 1 << 3);
	CHECK_EQ(x.g.v->context.arch.pc, pc + 4);
	guest_access(x.m, DEVICE + 0x60, 4, true, 2);
	CHECK_EQ(bits(&x, two), 1ull << 63);
	CHECK_EQ(bits(&x, one), 0);
	guest_access(x.m, DEVICE + 0x60, 4, true, 1);
	CHECK_EQ(bits(&x, one), 1);
	CHECK_EQ(x.g.v->sequence, 0);
	CHECK_EQ(x.server.t->context.state, CONTEXT_RECEIVING);
}

TEST(doorbell_takes_only_what_matches)
{
	struct vm x = vm_new();
	uint32_t s = doorbell(&x, 2, 0x50 | 4ull << 32, 1, 0);

	guest_start(x.m, &x.g, 9);
	check_served(&x, 0x50, 4, true, 2);
	check_served(&x, 0x50, 4, false, 0);
	check_served(&x, 0x50, 2, true, 1);
	check_served(&x, 0x54, 4, true, 1);
	check_served(&x, 0x50, 8, true, 1ull << 32 | 1);
	CHECK_EQ(bits(&x, s), 0);
}

TEST(doorbell_wakes_a_higher_server_at_once)
{
	struct vm x = vm_new();
	uint32_t signal = doorbell(&x, 2, 0x50, 0, 1 | DOORBELL_ANY_VALUE);
	struct user high = user_start(x.m, 20), low;

	SYS(x.m, high.t, CALL_WAIT, signal, 2);
	guest_start(x.m, &x.g, 9);
	guest_access(x.m, DEVICE + 0x50, 4, true, 0);
	IS_CURRENT(x.m, high.t);
	CHECK_EQ(user_result(high.t).r[1], 2);
	INVOKE_AS(x.m, high.t, x.g.slot, VCPU_STOP);
	INVOKE_AS(x.m, high.t, high.slot, THREAD_STOP);
	low = user_start(x.m, 5);
	SYS(x.m, low.t, CALL_WAIT, signal, 2);
	OKAY(x.m, x.g.slot, VCPU_RUN);
	guest_access(x.m, DEVICE + 0x50, 4, true, 0);
	CHECK(x.m->k->current == &x.g.v->context);
	CHECK_EQ(low.t->context.state, CONTEXT_READY);
}

TEST(doorbell_deleted_is_an_ordinary_access)
{
	struct vm x = vm_new();
	uint32_t a = doorbell(&x, 2, 0x50, 0, DOORBELL_ANY_VALUE),
		 b = doorbell(&x, 3, 0x54, 0, DOORBELL_ANY_VALUE);
	uint32_t c = doorbell(&x, 4, 0x58, 0, DOORBELL_ANY_VALUE);

	OKAY(x.m, x.g.windows, CSPACE_DELETE, 3);
	OKAY(x.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, c);
	guest_start(x.m, &x.g, 9);
	check_served(&x, 0x54, 4, true, 0);
	check_served(&x, 0x58, 4, true, 0);
	guest_access(x.m, DEVICE + 0x50, 4, true, 0);
	CHECK_EQ(bits(&x, a), 1);
	CHECK_EQ(bits(&x, b), 0);
}

TEST(doorbell_does_not_outlive_its_window)
{
	struct vm x = vm_new();
	uint32_t a = doorbell(&x, 2, 0x50, 0, DOORBELL_ANY_VALUE),
		 b = doorbell(&x, 3, 0x54, 0, DOORBELL_ANY_VALUE);

	OKAY(x.m, x.g.windows, CSPACE_DELETE, x.window);
	OKAY(x.m, x.g.space_slot, SPACE_BIND, x.window, x.port, DEVICE, 12, 0);
	(void)doorbell(&x, 4, 0x58, 0, DOORBELL_ANY_VALUE);
	OKAY(x.m, x.g.windows, CSPACE_DELETE, 2);
	guest_start(x.m, &x.g, 9);
	check_served(&x, 0x50, 4, true, 0);
	check_served(&x, 0x54, 4, true, 0);
	CHECK_EQ(bits(&x, a) | bits(&x, b), 0);
}

TEST(doorbell_bind_refuses)
{
	struct vm x = vm_new();
	struct machine *m = x.m;
	uint32_t s = x.g.space_slot, signal = object_new(m, CAP_SIGNAL, 0);
	uint32_t wait = copy_new(m, signal, RIGHT_WAIT, 0),
		 some = copy_new(m, signal, RIGHT_RAISE, 2);

	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 0, 1, signal, 0, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 64, signal, 0, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 3, signal, 0, 0, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 1, x.port, 0, 0, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 1, wait, 0, 0, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 1, some, 0, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 1, signal, 3ull << 32, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 1, signal, 0, 0, 64), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 2, 1, signal, 0, 0, 512), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 1, 1, signal, 0, 0, 0), EXISTS);
	OKAY(m, s, SPACE_DOORBELL, 2, 1, some, 0, 0, 1);
	CHECK_EQ(STATUS(m, s, SPACE_DOORBELL, 3, 2, signal, 0, 0, 0), BAD_CAP);
	for (uint32_t slot = 3; slot < 64; slot++)
		OKAY(m, s, SPACE_DOORBELL, slot, 1, signal, slot, 0, 0);
}
