/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs: an exit is a call the kernel makes on the vCPU's behalf, to the port of the window that
 * was hit or to the one of its exit class. The program counter moves when the reply says so. */
#include "exit.skerry.h"
#include "internal.h"

void vcpu_create(struct kernel *k, void *object)
{
	struct vcpu *v = object;

	context_init(k, &v->context, CONTEXT_VCPU);
	v->deadline.kind = DEADLINE_VCPU;
	list_init(&v->lines);
}

static void quit(struct kernel *k, struct vcpu *v)
{
	v->stop_wanted = true;
	if (v->context.state == CONTEXT_SENDING || v->context.state == CONTEXT_CALLING)
		port_end_call(k, &v->context, CANCELLED);
	else
		sched_block(k, &v->context, CONTEXT_STOPPED);
	sched_release(k, &v->context);
}

void vcpu_end(struct kernel *k, void *object)
{
	struct vcpu *v = object;

	v->context.dead = true;
	quit(k, v);
	sched_forget(k, &v->context);
	deadline_remove(&k->deadlines, &v->deadline);
	if (k->loaded == v)
		arch_vcpu_unload(k, v);
	arch_fp_forget(k, &v->context);
	hold_clear(k, &v->space);
	for (int i = 0; i < EXIT_CLASSES; i++)
		hold_clear(k, &v->ports[i]);
	sched_timer_update(k);
}

void vcpu_hold_cleared(struct kernel *k, struct cap *slot)
{
	struct vcpu *v = container_of(slot, struct vcpu, space);

	if (slot->hold != HOLD_VCPU_SPACE)
		return; /* an exit to a port that is gone holds the vCPU */
	quit(k, v);
	if (k->loaded == v) /* and not current: that is who deletes */
		arch_vcpu_unload(k, v);
	k->resched = true;
}

void vcpu_wake(struct kernel *k, struct vcpu *v)
{
	if (v->context.state == CONTEXT_IDLE)
		sched_ready(k, &v->context);
}

void vcpu_deadline(struct kernel *k, struct deadline *d)
{
	struct vcpu *v = container_of(d, struct vcpu, deadline);

	arch_vcpu_deadline_passed(k, v);
	vcpu_wake(k, v);
}

void vcpu_deadline_update(struct kernel *k, struct vcpu *v)
{
	uint64_t at = k->loaded == v ? ~0ull : arch_vcpu_deadline(v);

	deadline_remove(&k->deadlines, &v->deadline);
	if (at != ~0ull)
		deadline_insert(&k->deadlines, &v->deadline, at);
	sched_timer_update(k);
}

struct context *vcpu_wfi(struct kernel *k, struct vcpu *v)
{
	if (arch_vcpu_wakes(k, v))
		return &v->context;
	sched_block(k, &v->context, CONTEXT_IDLE);
	return sched_dispatch(k);
}

static struct context *exit_to(struct kernel *k, struct vcpu *v, struct port *p, uint64_t badge)
{
	struct context *c = &v->context;
	enum status s;

	v->sequence++;
	s = p ? port_send(k, c, CONTEXT_VCPU, p, badge) : BAD_CAP;
	if (s == OK)
		return sched_call(k, c, CONTEXT_VCPU, c->server);
	if (s != QUEUED)
		sched_block(k, c, CONTEXT_HELD); /* nobody serves it: until VCPU_RUN */
	return sched_dispatch(k);
}

static struct context *exit_in_window(struct kernel *k, struct vcpu *v, struct space *s,
				      struct cap *w)
{
	struct exit_record *x = &v->exit;
	struct cap *d;

	x->address -= w->window.address;
	if (x->write && (d = doorbell_find(s, w, x))) {
		arch_vcpu_advance(v, x->length);
		signal_raise(k, d->object, 1ull << d->doorbell.bit);
		return k->resched ? sched_dispatch(k) : &v->context;
	}
	return exit_to(k, v, w->object, w->badge);
}

/* Walks, and remembers for the next exit. */
static WARM struct cap *window_at(struct space *s, uint64_t address, enum space_entry_kind *kind)
{
	struct space_walk walk = arch_space_walk(s, address);
	struct cap *w = window_find(s, &walk);

	*kind = walk.kind;
	if (w) {
		s->found_page = address >> 12;
		s->found = w;
	}
	return w;
}

FLAT struct context *vcpu_exit(struct kernel *k, struct vcpu *v)
{
	struct exit_record *x = &v->exit;
	struct space *s = v->space.object;

	if (x->class == EXIT_MMIO && (x->address & 0xfff) + x->width > 0x1000)
		x->class = EXIT_FAULT; /* not one access of a page, or of a window */
	if (x->class == EXIT_MMIO && s) {
		enum space_entry_kind kind;
		struct cap *w = s->found;

		if (s->found_page == x->address >> 12 || (w = window_at(s, x->address, &kind)))
			return exit_in_window(k, v, s, w);
		if (kind == ENTRY_MEMORY)
			return &v->context; /* mapped meanwhile: execute again */
	}
	return exit_to(k, v, v->ports[x->class].object, v->port_badge[x->class]);
}

uint64_t vcpu_message(struct vcpu *v, uint8_t *data)
{
	const struct exit_record *x = &v->exit;

	switch ((enum exit_class)x->class) {
	case EXIT_MMIO:
		mmio_access_put(data, &(struct mmio_access){v->sequence, x->address, x->value,
							    x->width, x->write});
		return INFO(VCPU_EXIT_MMIO, MMIO_ACCESS_SIZE, 0);
	case EXIT_FAULT:
		fault_exit_put(data,
			       &(struct fault_exit){v->sequence, x->address, x->virtual,
						    arch_context_pc(&v->context), x->syndrome});
		return INFO(VCPU_EXIT_FAULT, FAULT_EXIT_SIZE, 0);
	case EXIT_SYSREG:
		sysreg_access_put(data,
				  &(struct sysreg_access){v->sequence, x->value, x->reg, x->write});
		return INFO(VCPU_EXIT_SYSREG, SYSREG_ACCESS_SIZE, 0);
	case EXIT_FIRMWARE:
		firmware_call_put(
		    data, &(struct firmware_call){v->sequence, context_arg(&v->context, 0),
						  context_arg(&v->context, 1),
						  context_arg(&v->context, 2),
						  context_arg(&v->context, 3), x->reg, x->secure});
		return INFO(VCPU_EXIT_FIRMWARE, FIRMWARE_CALL_SIZE, 0);
	default:
		unknown_exit_put(data, &(struct unknown_exit){
					   v->sequence, arch_context_pc(&v->context), x->syndrome});
		return INFO(VCPU_EXIT_UNKNOWN, UNKNOWN_EXIT_SIZE, 0);
	}
}

/* A load's value as the instruction wants it: cut to the width, extended. */
static uint64_t extended(const struct exit_record *x, uint64_t value)
{
	unsigned unused = -8u * x->width & 63;

	value <<= unused;
	if (__builtin_expect(!(x->target & EXTEND_SIGN), 1))
		return value >> unused;
	value = (uint64_t)((int64_t)value >> unused);
	return x->target & EXTEND_64 ? value : value & 0xffffffff;
}

static enum status act(struct kernel *k, struct vcpu *v, uint32_t action)
{
	enum context_state next = v->stop_wanted ? CONTEXT_STOPPED : CONTEXT_READY;

	switch (__builtin_expect(action, EXIT_ACTION_ADVANCE)) {
	case EXIT_ACTION_RESUME:
		break;
	case EXIT_ACTION_BLOCK:
		next = CONTEXT_HELD;
		break;
	case EXIT_ACTION_ADVANCE_BLOCK:
		next = CONTEXT_HELD; /* fall through */
	case EXIT_ACTION_ADVANCE:
		arch_vcpu_advance(v, v->exit.length);
		break;
	case EXIT_ACTION_ABORT:
		arch_vcpu_abort(k, v);
		break;
	case EXIT_ACTION_UNDEFINED:
		arch_vcpu_undefined(k, v);
		break;
	default:
		return BAD_MESSAGE;
	}
	v->context.state = (uint8_t)next;
	return OK;
}

enum status vcpu_reply(struct kernel *k, struct vcpu *v, const uint8_t *data, uint64_t info)
{
	const struct exit_record *x = &v->exit;
	uint64_t bytes = info & INFO_LENGTH_MASK;

	if (x->class == EXIT_MMIO || x->class == EXIT_SYSREG ||
	    (x->class == EXIT_FIRMWARE && bytes == ACCESS_REPLY_SIZE)) {
		struct access_reply m;

		if (!access_reply_get(data, bytes, &m))
			return BAD_MESSAGE;
		if (m.action != EXIT_ACTION_ADVANCE && m.action != EXIT_ACTION_ADVANCE_BLOCK)
			return act(k, v, m.action);
		if (x->class == EXIT_FIRMWARE)
			context_set_arg(&v->context, 0, m.value);
		else if (!x->write)
			arch_vcpu_set_register(v, x->target >> 1 & 31, extended(x, m.value));
		return act(k, v, m.action);
	}

	struct exit_reply m;

	if (!exit_reply_get(data, bytes, &m) || m.action > EXIT_ACTION_ADVANCE_BLOCK ||
	    m.registers > 15)
		return BAD_MESSAGE;
	const uint64_t values[4] = {m.a0, m.a1, m.a2, m.a3};

	for (unsigned i = 0; i < 4; i++)
		if (m.registers >> i & 1)
			context_set_arg(&v->context, i, values[i]);
	return act(k, v, m.action);
}
