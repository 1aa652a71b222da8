/* SPDX-License-Identifier: BSD-2-Clause */
/* What threads use goes while it is in use, callers and callees among it: each in four ways
 * (scene.h). */
#include "internal.h"
#include "scene.h"

#define ENTRY 0x10000000u
#define OWN_PAGE 0x20000000u

/* As user_new, of the victim's memory. */
static struct user victim_user(struct scene *s)
{
	uint32_t ram = s->m->ram;
	struct user u;

	s->m->ram = s->memory;
	u = user_new(s->m);
	s->m->ram = ram;
	s->victim = u.slot;
	return u;
}

static void start(const struct scene *s, const struct user *u, uint8_t priority)
{
	OKAY(s->m, BOOT_SLOT_CORE, CORE_SCHEDULE, u->slot, priority, FOREVER, FOREVER);
	OKAY(s->m, u->slot, THREAD_START, ENTRY, 0x20000000, 0, 0);
	IS_CURRENT(s->m, u->t);
}

static enum status result_of(const struct user *u)
{
	return user_result(u->t).status;
}

/* ---- The caller itself, and what it stands on ---- */

static void caller_is_gone(struct scene *s)
{
	CHECK((s->m->k->current == &s->client.t->context) == scene_survives(s));
	CHECK((s->m->k->fp_owner == &s->client.t->context) == scene_survives(s));
}

static void caller_itself(struct scene *s)
{
	s->client = victim_user(s);
	start(s, &s->client, 30);
	fake_set_fp(s->m->k, 0xf9);
	s->by = s->client.t;
	s->after = caller_is_gone;
}

static void fp_is_nobodys(struct scene *s)
{
	CHECK((s->m->k->fp_owner == &s->client.t->context) == scene_survives(s));
	CHECK_EQ(fake_fp(s->m->k), 0);
}

static void fp_owner_thread(struct scene *s)
{
	scene_boss(s);
	s->client = victim_user(s);
	start(s, &s->client, 30);
	fake_set_fp(s->m->k, 0xf9);
	CHECK_EQ(SYS(s->m, s->client.t, CALL_CALL, s->rest, 0).status, BLOCKED);
	scene_enter(s);
	CHECK(s->m->k->fp_owner == &s->client.t->context);
	s->after = fp_is_nobodys;
}

static void caller_is_stopped(struct scene *s)
{
	CHECK_EQ(s->client.t->context.state, CONTEXT_STOPPED);
	CHECK(!s->client.t->space.object);
	CHECK_EQ(s->client.t->context.arch.tag, 0);
}

static void current_space(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t space = scene_victim(s, CAP_SPACE, SPACE_SERVICE);
	uint32_t frame = object_new(m, CAP_FRAME, 12);

	space_donate(m, space, 3);
	OKAY(m, space, SPACE_MAP, frame, OWN_PAGE, 3, 1);
	s->client = user_new(m);
	OKAY(m, s->client.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, space, s->client.frame, 0, 0,
	     0);
	start(s, &s->client, 30);
	CHECK(fake_access(m->k, slot_object(m, space), OWN_PAGE, SPACE_ATTR_WRITE));
	CHECK_EQ(m->k->arch.tag, ((struct space *)slot_object(m, space))->id);
	s->by = s->client.t;
	s->after = caller_is_stopped;
}

static void caller_has_no_slots(struct scene *s)
{
	IS_CURRENT(s->m, s->client.t);
	CHECK(!s->client.t->cspace.object);
	CHECK_EQ(SYS(s->m, s->client.t, CALL_SIGNAL, 1, 1).status, BAD_CAP);
}

static void cspace_of_the_caller(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t cspace = scene_victim(s, CAP_CSPACE, 16);

	OKAY(m, cspace, CSPACE_COPY, 1, BOOT_SLOT_CSPACE, RIGHT_ALL, 0);
	s->client = user_new(m);
	OKAY(m, s->client.slot, THREAD_CONFIGURE, cspace, BOOT_SLOT_SPACE, s->client.frame, 0, 0,
	     0);
	start(s, &s->client, 30);
	s->by = s->client.t;
	s->own = 1;
	s->after = caller_has_no_slots;
}

static void caller_has_no_buffer(struct scene *s)
{
	CHECK(!s->client.t->message && !s->client.t->buffer.object);
	CHECK_EQ(s->client.t->context.state, CONTEXT_SENDING);
}

static void buffer_in_a_call(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t frame = scene_victim(s, CAP_FRAME, 12);

	scene_boss(s);
	s->client = user_new(m);
	OKAY(m, s->client.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE, frame, 512, 0,
	     0);
	start(s, &s->client, 30);
	CHECK_EQ(SYS(m, s->client.t, CALL_CALL, s->rest, INFO(1, 8, 0)).status, BLOCKED);
	scene_enter(s);
	s->after = caller_has_no_buffer;
}

/* ---- Calls and replies ---- */

static void call_is_unanswered(struct scene *s)
{
	if (scene_survives(s)) {
		CHECK(s->client.t->context.server == s->server.t);
		return;
	}
	CHECK_EQ(result_of(&s->client), PEER_RESTARTED);
	CHECK_EQ(s->client.t->context.state, CONTEXT_READY);
}

/* client calls the server, which is current then; one of them is the victim, or neither. */
enum party { NEITHER, CLIENT, SERVER };

static void in_a_call(struct scene *s, enum party victim)
{
	struct machine *m = s->m;

	s->port = object_new(m, CAP_PORT, 0);
	s->server = victim == SERVER ? victim_user(s) : user_new(m);
	s->client = victim == CLIENT ? victim_user(s) : user_new(m);
	start(s, &s->server, 20);
	CHECK_EQ(SYS(m, s->server.t, CALL_REPLY_WAIT, s->port, INFO_NO_REPLY).status, BLOCKED);
	start(s, &s->client, 9);
	CHECK_EQ(SYS(m, s->client.t, CALL_CALL, s->port, 0).status, BLOCKED);
	IS_CURRENT(m, s->server.t);
	s->by = s->server.t;
}

static void reply_in_flight(struct scene *s)
{
	in_a_call(s, SERVER);
	s->after = call_is_unanswered;
}

static void reply_is_stale(struct scene *s)
{
	enum status r = SYS(s->m, s->server.t, CALL_REPLY, 0, 0).status;

	CHECK_EQ(r, scene_survives(s) ? OK : STALE);
}

static void caller_of_a_reply_in_flight(struct scene *s)
{
	in_a_call(s, CLIENT);
	s->after = reply_is_stale;
}

/* client -> server -> boss, which is current. */
static void server_in_a_call_of_its_own(struct scene *s)
{
	uint32_t port = object_new(s->m, CAP_PORT, 0);

	s->boss = server_start(s->m, port, 40);
	in_a_call(s, SERVER);
	CHECK_EQ(SYS(s->m, s->server.t, CALL_CALL, port, 0).status, BLOCKED);
	IS_CURRENT(s->m, s->boss.t);
	s->by = s->boss.t;
	s->after = call_is_unanswered;
}

static void kept_reply_is_gone(struct scene *s)
{
	if (scene_survives(s))
		CHECK(s->client.t->context.reply != NULL);
	else
		CHECK_EQ(result_of(&s->client), PEER_RESTARTED);
}

static void cspace_of_a_kept_reply(struct scene *s)
{
	uint32_t cspace = scene_victim(s, CAP_CSPACE, 16);

	in_a_call(s, NEITHER);
	CHECK_EQ(INVOKE_AS(s->m, s->by, cspace, CSPACE_SAVE_REPLY, 3).status, OK);
	IS_CURRENT(s->m, s->server.t);
	s->after = kept_reply_is_gone;
}

static void kept_reply_is_stale(struct scene *s)
{
	CHECK_EQ(SYS(s->m, s->server.t, CALL_REPLY, s->other, 0).status,
		 scene_survives(s) ? OK : STALE);
	CHECK_EQ(slot_cap(s->m, s->other)->type, CAP_EMPTY);
}

static void caller_of_a_kept_reply(struct scene *s)
{
	in_a_call(s, CLIENT);
	s->other = slot_new(s->m, 1);
	CHECK_EQ(INVOKE_AS(s->m, s->by, BOOT_SLOT_CSPACE, CSPACE_SAVE_REPLY, s->other).status, OK);
	s->after = kept_reply_is_stale;
}

static void callers_are_told(struct scene *s)
{
	enum status expected = scene_survives(s) ? 0 : PEER_DIED;
	const struct port *p = slot_cap(s->m, s->victim)->object;

	if (scene_survives(s)) {
		CHECK(p->server == s->server.t && !list_empty(&p->senders));
		return;
	}
	CHECK_EQ(result_of(&s->client), expected);
	CHECK_EQ(result_of(&s->more[0]), expected);
	CHECK_EQ(result_of(&s->more[1]), expected);
	CHECK(!s->server.t->caller && !s->server.t->serves);
	CHECK_EQ(s->server.t->context.state, CONTEXT_WAITING);
}

/* One call is held by a server that waits, so its caller and two more that queue are stalled. */
static void port_with_callers(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t port = scene_victim(s, CAP_PORT, 0), signal = object_new(m, CAP_SIGNAL, 0);

	scene_boss(s);
	s->server = server_start(m, port, 20);
	s->client = user_start(m, 9);
	CHECK_EQ(SYS(m, s->client.t, CALL_CALL, port, 0).status, BLOCKED);
	CHECK_EQ(SYS(m, s->server.t, CALL_WAIT, signal, 1).status, BLOCKED);
	for (int i = 0; i < 2; i++) {
		s->more[i] = user_start(m, (uint8_t)(8 + i));
		CHECK_EQ(SYS(m, s->more[i].t, CALL_CALL, port, 0).status, BLOCKED);
	}
	CHECK(!list_empty(&s->server.t->context.stalled_on_me));
	scene_enter(s);
	s->after = callers_are_told;
}

static void receivers_are_told(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		if (scene_survives(s))
			CHECK_EQ(s->more[i].t->context.state, CONTEXT_RECEIVING);
		else
			CHECK_EQ(result_of(&s->more[i]), BAD_CAP);
	}
}

static void port_with_servers(struct scene *s)
{
	uint32_t port = scene_victim(s, CAP_PORT, 0);

	scene_boss(s);
	s->more[0] = server_start(s->m, port, 20);
	s->more[1] = server_start(s->m, port, 21);
	scene_enter(s);
	s->after = receivers_are_told;
}

static void faulted_thread_is_stopped(struct scene *s)
{
	CHECK_EQ(s->client.t->context.state, scene_survives(s) ? CONTEXT_SENDING : CONTEXT_STOPPED);
	CHECK(!s->client.t->fault.object);
}

static void port_of_a_fault(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t port = scene_victim(s, CAP_PORT, 0);

	scene_boss(s);
	s->client = user_new(m);
	OKAY(m, s->client.slot, THREAD_CONFIGURE, BOOT_SLOT_CSPACE, BOOT_SLOT_SPACE,
	     s->client.frame, 0, port, 0);
	start(s, &s->client, 30);
	user_fault(m, 1, 0x1234, 5);
	CHECK_EQ(s->client.t->context.state, CONTEXT_SENDING);
	scene_enter(s);
	s->after = faulted_thread_is_stopped;
}

/* ---- Memory under all of them ---- */

static void all_is_gone(struct scene *s)
{
	const struct kernel *k = s->m->k;

	IS_CURRENT(s->m, s->m->init);
	CHECK(!k->loaded && !k->fp_owner && !k->deadlines.first);
	CHECK(!k->irqs[60] && !k->spaces[1].space);
}

/* A guest in an exit, its server that is in a call of its own, and the thread that ends it. */
static void memory_under_all(struct scene *s)
{
	struct machine *m = s->m;
	uint32_t ram = m->ram, port;

	m->ram = scene_victim(s, CAP_UNTYPED, 18);
	port = object_new(m, CAP_PORT, 0);
	s->client = server_start(m, port, 30);
	scene_guest(s, CAP_EMPTY);
	guest_access(m, SCENE_WINDOW, 4, true, 3);
	IS_CURRENT(m, s->server.t);
	CHECK_EQ(SYS(m, s->server.t, CALL_CALL, port, 0).status, BLOCKED);
	IS_CURRENT(m, s->client.t);
	s->by = s->client.t;
	m->ram = ram;
	s->after = all_is_gone;
}

IN_USE(caller_itself)
IN_USE(fp_owner_thread)
IN_USE(current_space)
IN_USE(cspace_of_the_caller)
IN_USE(buffer_in_a_call)
IN_USE(reply_in_flight)
IN_USE(caller_of_a_reply_in_flight)
IN_USE(server_in_a_call_of_its_own)
IN_USE(cspace_of_a_kept_reply)
IN_USE(caller_of_a_kept_reply)
IN_USE(port_with_callers)
IN_USE(port_with_servers)
IN_USE(port_of_a_fault)
IN_USE(memory_under_all)
