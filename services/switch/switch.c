/* SPDX-License-Identifier: BSD-2-Clause */
#include "switch.h"

#include <string.h>

#define NOBODY SWITCH_PORTS /* who sent what a predecessor forwarded */
#define GROUP (1ull << 40)  /* of an address: several, or all, are meant */

void switch_add(struct lan_switch *s, const struct frames *from, const struct frames *to,
		uint64_t own)
{
	struct switch_port *p = &s->ports[s->count++];

	*p = (struct switch_port){.from = *from, .to = *to, .own = own};
	p->first = to->own - (FRAMES_SLOTS - frames_room(to));
	memset(p->sender, NOBODY, sizeof(p->sender));
	s->share = s->count > 1 ? FRAMES_SLOTS / (s->count - 1) : FRAMES_SLOTS;
}

static uint64_t address_at(const uint8_t *at)
{
	uint64_t address = 0;

	for (uint32_t i = 0; i < 6; i++)
		address = address << 8 | at[i];
	return address;
}

static bool knows(const struct switch_port *p, uint64_t address)
{
	for (uint32_t i = 0; i < SWITCH_LEARNED; i++)
		if (p->learned[i] == address)
			return true;
	return false;
}

static void forget(struct switch_port *p, uint64_t address)
{
	for (uint32_t i = 0; i < SWITCH_LEARNED; i++)
		if (p->learned[i] == address)
			p->learned[i] = 0;
}

/* False if the address cannot be this port's. */
static bool learn(struct lan_switch *s, uint32_t port, uint64_t address)
{
	struct switch_port *p = &s->ports[port];

	if (address == p->own || (address != 0 && knows(p, address)))
		return true;
	if (address == 0 || (address & GROUP))
		return false;
	for (uint32_t i = 0; i < s->count; i++)
		if (s->ports[i].own == address)
			return false;
	for (uint32_t i = 0; i < s->count; i++)
		forget(&s->ports[i], address);
	p->learned[p->next++ % SWITCH_LEARNED] = address;
	return true;
}

/* Counts off what the port has read; returns how many frames it has not. An index that no honest
 * device publishes changes nothing. */
static uint32_t count_off(struct switch_port *p)
{
	uint32_t waiting = p->to.own - p->first, unread = FRAMES_SLOTS - frames_room(&p->to);

	for (; waiting > unread; waiting--, p->first++) {
		uint8_t sender = p->sender[p->first % FRAMES_SLOTS];

		if (sender < SWITCH_PORTS)
			p->held[sender]--;
	}
	return unread;
}

static void put(struct lan_switch *s, uint32_t from, uint32_t to, uint32_t length)
{
	struct switch_port *p = &s->ports[to];

	if (count_off(p) == FRAMES_SLOTS || p->held[from] >= s->share) {
		s->dropped++;
		return;
	}
	memcpy(frames_place(&p->to), s->frame, length);
	p->sender[p->to.own % FRAMES_SLOTS] = (uint8_t)from;
	p->held[from]++;
	frames_publish(&p->to, length);
	if (frames_data_wanted(&p->to))
		s->tell |= 1ull << to;
}

/* s->frame to whom it is for. */
static void forward(struct lan_switch *s, uint32_t from, uint32_t length)
{
	uint64_t to = address_at(s->frame);

	if (!learn(s, from, address_at(s->frame + 6))) {
		s->dropped++;
		return;
	}
	for (uint32_t i = 0; i < s->count && to != 0 && !(to & GROUP); i++)
		if (s->ports[i].own == to || knows(&s->ports[i], to)) {
			if (i != from)
				put(s, from, i, length);
			return;
		}
	for (uint32_t i = 0; i < s->count; i++)
		if (i != from)
			put(s, from, i, length);
}

/* A port's turn; true if it has more. */
static bool serve_port(struct lan_switch *s, uint32_t port)
{
	struct switch_port *p = &s->ports[port];

	for (uint32_t i = 0; i < SWITCH_TURN; i++) {
		const uint8_t *frame;
		uint32_t length;

		if (frames_used(&p->from) == 0) {
			if (frames_ask_data(&p->from))
				return false;
			continue;
		}
		frame = frames_first(&p->from, &length);
		memcpy(s->frame, frame, length);
		if (length != 0)
			forward(s, port, length);
		frames_skip(&p->from, 1);
		if (frames_room_wanted(&p->from))
			s->tell |= 1ull << port;
	}
	return true;
}

bool switch_serve(struct lan_switch *s)
{
	bool more = false;

	for (uint32_t i = 0; i < s->count; i++)
		more |= serve_port(s, (s->turn + i) % s->count);
	if (s->count != 0)
		s->turn = (s->turn + 1) % s->count;
	return more;
}
