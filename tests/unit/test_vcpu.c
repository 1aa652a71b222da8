/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs: exits as calls, what a reply can do, and exits that outlive their server. */
#include "user.h"

#include <string.h>

#include "exit.skerry.h"

struct vm {
	struct machine *m;
	struct guest g;
	uint32_t port;
	struct user vmm;
};

static struct vm vm_new(void)
{
	struct vm x = {.m = machine_new()};

	x.port = object_new(x.m, CAP_PORT, 0);
	x.vmm = server_start(x.m, x.port, 0);
	x.g = guest_new(x.m, 1, x.port);
	return x;
}

static struct vm vm_running(void)
{
	struct vm x = vm_new();

	guest_start(x.m, &x.g, 9);
	CHECK(x.m->k->current == &x.g.v->context);
	return x;
}

static uint8_t state_of(const struct vm *x)
{
	return x->g.v->context.state;
}

/* The guest stores to where nothing is: the VMM has its exit. */
static struct mmio_access exit_mmio(struct vm *x)
{
	struct mmio_access a;

	guest_access(x->m, 0x1000, 4, true, 5);
	IS_CURRENT(x->m, x->vmm.t);
	CHECK(mmio_access_get(x->vmm.message->data, MMIO_ACCESS_SIZE, &a));
	return a;
}

static enum status reply(struct vm *x, uint32_t action)
{
	access_reply_put(x->vmm.message->data, &(struct access_reply){0, action});
	return SYS(x->m, x->vmm.t, CALL_REPLY_WAIT, x->port, INFO(0, ACCESS_REPLY_SIZE, 0)).status;
}

TEST(vcpu_exit_classes_have_their_messages)
{
	struct vm x = vm_running();
	struct result r;
	struct sysreg_access s;
	struct firmware_call f;
	struct unknown_exit u;

	x.g.v->context.arch.pc = 0x80000;
	guest_exit(x.m, &(struct exit_record){.class = EXIT_SYSREG,
					      .reg = 0x300c02,
					      .write = true,
					      .value = 9,
					      .width = 8,
					      .length = 4});
	r = user_result(x.vmm.t);
	CHECK(r.r[1] == INFO(VCPU_EXIT_SYSREG, SYSREG_ACCESS_SIZE, 0) &&
	      r.r[6] == 0x100 + EXIT_SYSREG);
	CHECK(sysreg_access_get(x.vmm.message->data, SYSREG_ACCESS_SIZE, &s));
	CHECK(s.reg == 0x300c02 && s.write && s.value == 9 && s.sequence == 1);
	reply(&x, EXIT_ACTION_ADVANCE);

	for (unsigned i = 0; i < 4; i++)
		x.g.v->context.arch.r[i] = 100 + i;
	guest_exit(x.m, &(struct exit_record){
			    .class = EXIT_FIRMWARE, .reg = 3, .secure = true, .length = 4});
	r = user_result(x.vmm.t);
	CHECK(r.r[1] == INFO(VCPU_EXIT_FIRMWARE, FIRMWARE_CALL_SIZE, 0) &&
	      r.r[6] == 0x100 + EXIT_FIRMWARE);
	CHECK(firmware_call_get(x.vmm.message->data, FIRMWARE_CALL_SIZE, &f));
	CHECK(f.a0 == 100 && f.a3 == 103 && f.immediate == 3 && f.secure && f.sequence == 2);
	exit_reply_put(x.vmm.message->data,
		       &(struct exit_reply){1, 2, 3, 4, EXIT_ACTION_ADVANCE, 0x9});
	SYS(x.m, x.vmm.t, CALL_REPLY_WAIT, x.port, INFO(0, EXIT_REPLY_SIZE, 0));
	CHECK(x.g.v->context.arch.r[0] == 1 && x.g.v->context.arch.r[3] == 4);
	CHECK(x.g.v->context.arch.r[1] == 101 && x.g.v->context.arch.r[2] == 102);
	for (uint32_t action = EXIT_ACTION_RESUME; action <= EXIT_ACTION_ADVANCE; action++) {
		guest_exit(x.m, &(struct exit_record){.class = EXIT_FIRMWARE, .length = 4});
		access_reply_put(x.vmm.message->data, &(struct access_reply){~7ull, action});
		SYS(x.m, x.vmm.t, CALL_REPLY_WAIT, x.port, INFO(0, ACCESS_REPLY_SIZE, 0));
		CHECK_EQ(x.g.v->context.arch.r[0], action == EXIT_ACTION_ADVANCE ? ~7ull : 1);
	}

	guest_exit(x.m,
		   &(struct exit_record){.class = EXIT_UNKNOWN, .syndrome = 0xabc, .length = 4});
	r = user_result(x.vmm.t);
	CHECK(r.r[1] == INFO(VCPU_EXIT_UNKNOWN, UNKNOWN_EXIT_SIZE, 0) &&
	      r.r[6] == 0x100 + EXIT_UNKNOWN);
	CHECK(unknown_exit_get(x.vmm.message->data, UNKNOWN_EXIT_SIZE, &u));
	CHECK(u.syndrome == 0xabc && u.pc == 0x8000c && u.sequence == 5);
	CHECK_EQ(INVOKE_AS(x.m, x.vmm.t, x.g.slot, VCPU_STATUS).r[2], 5);
}

TEST(vcpu_reply_actions)
{
	struct vm x = vm_running();
	struct arch_context *a = &x.g.v->context.arch;
	uint64_t pc = a->pc;

	exit_mmio(&x);
	reply(&x, EXIT_ACTION_RESUME);
	CHECK(a->pc == pc && state_of(&x) == CONTEXT_READY);
	exit_mmio(&x);
	reply(&x, EXIT_ACTION_ADVANCE);
	CHECK(a->pc == pc + 4 && state_of(&x) == CONTEXT_READY);
	exit_mmio(&x);
	reply(&x, EXIT_ACTION_ABORT);
	CHECK(a->pc == pc + 4 && x.g.v->arch.aborted);
	exit_mmio(&x);
	reply(&x, EXIT_ACTION_UNDEFINED);
	CHECK(a->pc == pc + 4 && x.g.v->arch.undefined);
	exit_mmio(&x);
	reply(&x, EXIT_ACTION_BLOCK);
	CHECK(a->pc == pc + 4 && state_of(&x) == CONTEXT_HELD);
	IS_CURRENT(x.m, x.m->init);
	OKAY(x.m, x.g.slot, VCPU_RUN);
	exit_mmio(&x);
	reply(&x, EXIT_ACTION_ADVANCE_BLOCK);
	CHECK(a->pc == pc + 8 && state_of(&x) == CONTEXT_HELD);
	OKAY(x.m, x.g.slot, VCPU_RUN);
	CHECK(x.m->k->current == &x.g.v->context);
}

TEST(vcpu_reply_must_have_its_layout)
{
	struct vm x = vm_running();
	uint64_t pc = x.g.v->context.arch.pc;
	uint8_t *data = x.vmm.message->data;

	exit_mmio(&x);
	CHECK_EQ(reply(&x, EXIT_ACTION_ADVANCE_BLOCK + 1), BAD_MESSAGE);
	CHECK_EQ(reply(&x, 0xffffffff), BAD_MESSAGE);
	access_reply_put(data, &(struct access_reply){0, 0});
	CHECK_EQ(SYS(x.m, x.vmm.t, CALL_REPLY, 0, INFO(0, ACCESS_REPLY_SIZE + 1, 0)).status,
		 BAD_MESSAGE);
	CHECK_EQ(SYS(x.m, x.vmm.t, CALL_REPLY, 0, INFO(0, 0, 0)).status, BAD_MESSAGE);
	data[0] ^= 0xff;
	CHECK_EQ(SYS(x.m, x.vmm.t, CALL_REPLY, 0, INFO(0, ACCESS_REPLY_SIZE, 0)).status,
		 BAD_MESSAGE);
	CHECK_EQ(state_of(&x), CONTEXT_CALLING);
	CHECK_EQ(x.g.v->context.arch.pc, pc);
	reply(&x, EXIT_ACTION_ADVANCE);
	guest_exit(x.m, &(struct exit_record){.class = EXIT_UNKNOWN, .length = 4});
	exit_reply_put(data, &(struct exit_reply){.action = EXIT_ACTION_ADVANCE, .registers = 16});
	CHECK_EQ(SYS(x.m, x.vmm.t, CALL_REPLY, 0, INFO(0, EXIT_REPLY_SIZE, 0)).status, BAD_MESSAGE);
	exit_reply_put(data, &(struct exit_reply){.action = 6});
	CHECK_EQ(SYS(x.m, x.vmm.t, CALL_REPLY, 0, INFO(0, EXIT_REPLY_SIZE, 0)).status, BAD_MESSAGE);
	CHECK_EQ(x.g.v->context.arch.pc, pc + 4);
}

/* The VMM, current in the middle of an exit, goes; a new one takes its place. */
static void replace_vmm(struct vm *x, bool by_renewal)
{
	uint32_t signal = slot_new(x->m, 1);
	struct mmio_access first = exit_mmio(x), again;
	uint64_t pc = x->g.v->context.arch.pc;

	CHECK_EQ(INVOKE_AS(x->m, x->vmm.t, x->m->ram, UNTYPED_RETYPE, CAP_SIGNAL, 0, 0, signal, 1)
		     .status,
		 OK);
	if (by_renewal) {
		SYS(x->m, x->vmm.t, CALL_WAIT, signal, 1);
		IS_CURRENT(x->m, x->m->init);
		OKAY(x->m, x->port, PORT_RENEW);
		CHECK_EQ(STATUS(x->m, x->vmm.slot, THREAD_STOP), OK);
	} else {
		INVOKE_AS(x->m, x->vmm.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, x->vmm.slot);
	}
	IS_CURRENT(x->m, x->m->init);
	CHECK_EQ(x->g.v->context.arch.pc, pc);
	x->vmm = user_start(x->m, 30);
	CHECK(SYS(x->m, x->vmm.t, CALL_REPLY_WAIT, x->port, INFO_NO_REPLY).status != BLOCKED);
	/* The same exit with the same number and badge. */
	CHECK_EQ(user_result(x->vmm.t).r[6], 0x100 + EXIT_MMIO);
	CHECK(mmio_access_get(x->vmm.message->data, MMIO_ACCESS_SIZE, &again));
	CHECK(again.sequence == first.sequence && again.address == first.address);
	CHECK(again.value == first.value && again.write);
	reply(x, EXIT_ACTION_ADVANCE);
	CHECK_EQ(x->g.v->context.arch.pc, pc + 4);
	CHECK_EQ(x->g.v->sequence, first.sequence);
}

TEST(vcpu_exit_outlives_its_server)
{
	struct vm x = vm_running(), y = vm_running();

	replace_vmm(&x, false);
	replace_vmm(&y, true);
}

TEST(vcpu_exit_goes_to_a_server_that_waits_already)
{
	struct vm x = vm_new();
	struct user second = server_start(x.m, x.port, 0);
	struct mmio_access a;

	guest_start(x.m, &x.g, 9);
	guest_access(x.m, 0x1000, 4, true, 5);
	IS_CURRENT(x.m, x.vmm.t);
	INVOKE_AS(x.m, x.vmm.t, x.vmm.slot, THREAD_STOP);
	IS_CURRENT(x.m, second.t);
	CHECK(mmio_access_get(second.message->data, MMIO_ACCESS_SIZE, &a));
	CHECK(a.sequence == 1 && a.value == 5);
	CHECK_EQ(user_result(second.t).r[6], 0x100 + EXIT_MMIO);
}

/* A device keeps the last exit of each vCPU by this number: two of a VM never have the same. */
TEST(vcpu_sequence_tells_the_vcpus_of_a_vm_apart)
{
	struct vm x = vm_new();
	struct guest second = x.g;

	second.slot = object_new(x.m, CAP_VCPU, 0);
	OKAY(x.m, second.slot, VCPU_CONFIGURE, x.g.space_slot);
	OKAY(x.m, second.slot, VCPU_PORT, 1u << EXIT_MMIO, x.port);
	guest_start(x.m, &x.g, 9);
	CHECK_EQ(exit_mmio(&x).sequence, 1);
	reply(&x, EXIT_ACTION_BLOCK);
	guest_start(x.m, &second, 9);
	CHECK_EQ(exit_mmio(&x).sequence, (1ull << EXIT_VCPU_SHIFT) + 1);
	CHECK_EQ(INVOKE_AS(x.m, x.vmm.t, second.slot, VCPU_STATUS).r[2], 1);
}

TEST(vcpu_exit_without_a_port_holds_it)
{
	struct machine *m = machine_new();
	struct guest g = guest_new(m, 1, 0);

	guest_start(m, &g, 9);
	guest_access(m, 0x1000, 4, false, 0);
	IS_CURRENT(m, m->init);
	CHECK_EQ(g.v->context.state, CONTEXT_HELD);
	OKAY(m, g.slot, VCPU_RUN);
	CHECK(m->k->current == &g.v->context);
}

TEST(vcpu_port_deleted_during_an_exit)
{
	struct vm x = vm_running();

	exit_mmio(&x);
	INVOKE_AS(x.m, x.vmm.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.port);
	/* Its instruction executes again, and finds nobody. */
	CHECK(x.m->k->current == &x.g.v->context);
	guest_access(x.m, 0x1000, 4, true, 5);
	CHECK_EQ(state_of(&x), CONTEXT_HELD);
}

TEST(vcpu_stop_during_an_exit_waits_for_its_reply)
{
	struct vm x = vm_running();
	uint64_t pc = x.g.v->context.arch.pc;

	exit_mmio(&x);
	CHECK_EQ(INVOKE_AS(x.m, x.vmm.t, x.g.slot, VCPU_STOP).status, OK);
	CHECK_EQ(state_of(&x), CONTEXT_CALLING);
	reply(&x, EXIT_ACTION_ADVANCE);
	CHECK_EQ(state_of(&x), CONTEXT_STOPPED);
	CHECK_EQ(x.g.v->context.arch.pc, pc + 4);
	IS_CURRENT(x.m, x.m->init);
	OKAY(x.m, x.g.slot, VCPU_RUN);
	CHECK(x.m->k->current == &x.g.v->context);
}

TEST(vcpu_stop_and_run_by_another)
{
	struct vm x = vm_new();
	uint32_t signal = object_new(x.m, CAP_SIGNAL, 0), timer = object_new(x.m, CAP_TIMER, 0);
	struct user boss = user_start(x.m, 40);

	INVOKE_AS(x.m, boss.t, timer, TIMER_BIND, signal, 1);
	INVOKE_AS(x.m, boss.t, timer, TIMER_SET, fake_time + 1000);
	SYS(x.m, boss.t, CALL_WAIT, signal, 1);
	guest_start(x.m, &x.g, 9);
	time_pass(x.m, 1000);
	IS_CURRENT(x.m, boss.t);
	CHECK_EQ(INVOKE_AS(x.m, boss.t, x.g.slot, VCPU_STOP).status, OK);
	SYS(x.m, boss.t, CALL_WAIT, signal, 1);
	IS_CURRENT(x.m, x.m->init);
	CHECK_EQ(OKAY(x.m, x.g.slot, VCPU_STATUS).r[1], CONTEXT_STOPPED);
}

TEST(vcpu_registers_are_set_and_read_at_rest)
{
	struct vm x = vm_new();
	struct message_buffer *b = slot_object(x.m, BOOT_SLOT_BUFFER);
	uint64_t values[FAKE_REGISTERS + 1];

	for (unsigned i = 0; i <= FAKE_REGISTERS; i++)
		values[i] = 1000 + i;
	memcpy(b->data, values, sizeof(values));
	OKAY(x.m, x.g.slot, VCPU_SET, FAKE_GROUP_GENERAL);
	CHECK_EQ(x.g.v->context.arch.pc, 1000 + FAKE_REGISTERS);
	memset(b->data, 0, sizeof(b->data));
	CHECK_EQ(OKAY(x.m, x.g.slot, VCPU_GET, FAKE_GROUP_GENERAL).r[1], sizeof(values));
	CHECK_MEMORY(b->data, (uint8_t *)values, sizeof(values));
	CHECK_EQ(STATUS(x.m, x.g.slot, VCPU_GET, 99), BAD_ARGUMENT);
	CHECK_EQ(STATUS(x.m, x.g.slot, VCPU_SET, 99), BAD_ARGUMENT);
	guest_start(x.m, &x.g, 9);
	exit_mmio(&x);
	CHECK_EQ(INVOKE_AS(x.m, x.vmm.t, x.g.slot, VCPU_GET, FAKE_GROUP_GENERAL).status, OK);
	reply(&x, EXIT_ACTION_ADVANCE);
	guest_wfi(x.m);
	CHECK_EQ(STATUS(x.m, x.g.slot, VCPU_GET, FAKE_GROUP_GENERAL), BUSY);
	CHECK_EQ(STATUS(x.m, x.g.slot, VCPU_SET, FAKE_GROUP_GENERAL), BUSY);
}

TEST(vcpu_refuses)
{
	struct vm x = vm_new();
	struct machine *m = x.m;
	uint32_t fresh = object_new(m, CAP_VCPU, 0), weak = copy_new(m, x.g.slot, RIGHT_READ, 0);
	uint32_t serve = copy_new(m, x.port, RIGHT_SERVE, 0),
		 badged = copy_new(m, x.port, RIGHT_CALL, 3);

	CHECK_EQ(STATUS(m, fresh, VCPU_RUN), BAD_STATE);
	CHECK_EQ(STATUS(m, fresh, VCPU_INJECT, 40, 0, 0), BAD_STATE);
	CHECK_EQ(STATUS(m, fresh, VCPU_IRQ, 40), BAD_STATE);
	CHECK_EQ(STATUS(m, fresh, VCPU_GET, 0), BAD_STATE);
	CHECK_EQ(STATUS(m, fresh, VCPU_SOURCE, 0, 0, 1), BAD_STATE);
	CHECK_EQ(STATUS(m, fresh, VCPU_CONFIGURE, BOOT_SLOT_SPACE, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, fresh, VCPU_CONFIGURE, x.port, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_CONFIGURE, x.g.space_slot, 0), EXISTS);
	CHECK_EQ(STATUS(m, weak, VCPU_STOP), NO_RIGHT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_PORT, 0, x.port, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_PORT, 1 << EXIT_CLASSES, x.port, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_PORT, 1, serve, 0), NO_RIGHT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_PORT, 1, badged, 4), NO_RIGHT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_PORT, 1, x.g.slot, 0), BAD_CAP);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_INJECT, 1020, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_INJECT, 8191, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_INJECT, 8448, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_INJECT, 40, 0, 4), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_INJECT, 1ull << 32, 0, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_INJECT, 40, 512, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_RETRACT, 40, 0), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_RETRACT, 1020, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_SOURCE, VCPU_SOURCES, 0, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_SOURCE, 0, 512, 1), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_SOURCE, 0, 0, 2), BAD_ARGUMENT);
	CHECK_EQ(STATUS(m, x.g.slot, VCPU_STATUS + 1), BAD_METHOD);
	CHECK_EQ(OKAY(m, x.g.slot, VCPU_STATUS).r[3], FAKE_FEATURES & 1);
}

TEST(vcpu_deleted_while_it_runs_or_calls)
{
	struct vm x = vm_running(), y = vm_running(), z = vm_running();

	exit_mmio(&x);
	INVOKE_AS(x.m, x.vmm.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, x.g.slot);
	IS_CURRENT(x.m, x.m->init); /* nobody pays for the server any more */
	CHECK(!x.m->k->loaded);
	exit_mmio(&y);
	INVOKE_AS(y.m, y.vmm.t, BOOT_SLOT_CSPACE, CSPACE_DELETE, y.g.space_slot);
	CHECK_EQ(state_of(&y), CONTEXT_STOPPED);
	CHECK(!y.m->k->loaded);
	CHECK_EQ(STATUS(y.m, y.g.slot, VCPU_RUN), BAD_STATE);
	fake_set_fp(z.m->k, 7);
	guest_wfi(z.m);
	OKAY(z.m, BOOT_SLOT_CSPACE, CSPACE_DELETE, z.g.slot);
	CHECK(!z.m->k->fp_owner && !z.m->k->loaded);
}
