/* SPDX-License-Identifier: BSD-2-Clause */
#include "channels.h"

#include <string.h>

#define PUBLISHER 0u
#define PAGE_ORDER 12u

static uint32_t order_of(uint32_t pages)
{
	uint32_t order = PAGE_ORDER;

	while (1u << (order - PAGE_ORDER) < pages)
		order++;
	return order;
}

/* Members in order of their VMs, the publisher first. */
static bool init_members(struct channel *ch, uint32_t vms)
{
	const skerry_IvcChannel *config = ch->config;
	const uint32_t all = (1u << vms) - 1;

	if (config->publisher >= vms || (config->subscribers & ~all) || !config->subscribers ||
	    config->subscribers >> config->publisher & 1 ||
	    (config->writers & ~config->subscribers))
		return false;
	ch->vms[ch->members++] = (uint8_t)config->publisher;
	for (uint32_t vm = 0; vm < vms; vm++) {
		if (config->subscribers >> vm & 1)
			ch->vms[ch->members++] = (uint8_t)vm;
	}
	return true;
}

static bool is_twice(const skerry_IvcConfig *config, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++) {
		if (config->channels[k].publisher == config->channels[i].publisher &&
		    config->channels[k].key == config->channels[i].key)
			return true;
	}
	return false;
}

bool channels_init(struct channels *c, const skerry_IvcConfig *config,
		   const struct channel_ops *ops, void *host)
{
	memset(c, 0, sizeof(*c));
	c->config = config;
	c->ops = ops;
	c->host = host;
	if (config->vms_count > CHANNEL_VMS || config->channels_count > CHANNELS)
		return false;
	for (uint32_t i = 0; i < config->channels_count; i++) {
		struct channel *ch = &c->channels[c->count++];

		ch->config = &config->channels[i];
		if (ch->config->pages == 0 || ch->config->pages > CHANNEL_PAGES_MOST ||
		    !init_members(ch, config->vms_count) || is_twice(config, i))
			return false;
		ch->first_place = c->places;
		ch->first_page = c->pages;
		c->places += ch->members;
		c->pages += ch->members * ch->config->pages;
		if (c->pages > CHANNEL_PAGES_ALL)
			return false;
	}
	return true;
}

uint32_t channels_order(const struct channels *c, uint32_t number)
{
	uint32_t i = 0;

	while (number >= c->channels[i].first_place + c->channels[i].members)
		i++;
	return order_of(c->channels[i].config->pages);
}

uint32_t channels_vm(const struct channels *c, uint64_t number)
{
	for (uint32_t i = 0; i < c->config->vms_count; i++) {
		if (c->config->vms[i].number == number)
			return i;
	}
	return CHANNEL_VMS;
}

/* The channel of that name, and which of its members the VM is; null: that is none of the VM's. */
static struct channel *find(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key,
			    uint32_t *member)
{
	for (uint32_t i = 0; i < c->count; i++) {
		struct channel *ch = &c->channels[i];

		if (ch->config->key != key || c->config->vms[ch->vms[PUBLISHER]].id != publisher)
			continue;
		for (uint32_t m = 0; m < ch->members; m++) {
			if (ch->vms[m] == vm) {
				*member = m;
				return ch;
			}
		}
	}
	return NULL;
}

static struct channel_place place_of(const struct channels *c, const struct channel *ch,
				     uint32_t in)
{
	return (struct channel_place){
	    .number = ch->first_place + in - 1,
	    .first_page = ch->first_page + (in - 1) * ch->config->pages,
	    .pages = ch->pages[in - 1],
	    .publisher = c->config->vms[ch->vms[PUBLISHER]].id,
	    .key = ch->config->key,
	};
}

static bool is_used(const struct channel *ch, uint32_t in)
{
	for (uint32_t m = 0; m < ch->members; m++) {
		if (ch->in[m] == in)
			return true;
	}
	return false;
}

static uint32_t first_hand(const struct channel *ch, uint32_t member)
{
	return ch->first_page + member * ch->config->pages;
}

/* What the member has is gone before anything of it can be used again. */
static void leave(struct channels *c, struct channel *ch, uint32_t member)
{
	const uint32_t in = ch->in[member];
	const struct channel_place place = place_of(c, ch, in);

	c->ops->take(c->host, first_hand(ch, member), place.pages);
	ch->in[member] = 0;
	if (!is_used(ch, in))
		c->ops->end(c->host, &place);
}

int32_t channels_publish(struct channels *c, uint32_t vm, uint64_t key, uint64_t size,
			 uint64_t *real)
{
	struct channel_place place;
	struct channel *ch;
	uint32_t in = 1, member;

	if (size == 0)
		return IVC_INVALID;
	ch = find(c, vm, c->config->vms[vm].id, key, &member);
	if (!ch || size > ch->config->pages * CHANNEL_PAGE)
		return IVC_DENIED;
	if (ch->in[PUBLISHER])
		return IVC_ALREADY_EXISTS;
	/* Each subscriber is in one place at most, so one of the places is free. */
	while (is_used(ch, in))
		in++;
	ch->pages[in - 1] = (uint16_t)((size + CHANNEL_PAGE - 1) / CHANNEL_PAGE);
	place = place_of(c, ch, in);
	if (c->ops->make(c->host, &place))
		return IVC_NO_MEMORY;
	ch->in[PUBLISHER] = (uint8_t)in;
	*real = place.pages * CHANNEL_PAGE;
	return IVC_OK;
}

int32_t channels_subscribe(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key,
			   uint64_t *size, bool *writable)
{
	uint32_t member;
	struct channel *ch = find(c, vm, publisher, key, &member);

	if (!ch || member == PUBLISHER)
		return IVC_DENIED;
	if (ch->in[member])
		return IVC_ALREADY_EXISTS;
	if (!ch->in[PUBLISHER])
		return IVC_NOT_FOUND;
	ch->in[member] = ch->in[PUBLISHER];
	*size = ch->pages[ch->in[member] - 1] * CHANNEL_PAGE;
	*writable = ch->config->writers >> vm & 1;
	return IVC_OK;
}

int32_t channels_unpublish(struct channels *c, uint32_t vm, uint64_t key)
{
	uint32_t member;
	struct channel *ch = find(c, vm, c->config->vms[vm].id, key, &member);

	if (!ch || !ch->in[PUBLISHER])
		return IVC_NOT_FOUND;
	leave(c, ch, PUBLISHER);
	return IVC_OK;
}

int32_t channels_unsubscribe(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key)
{
	uint32_t member;
	struct channel *ch = find(c, vm, publisher, key, &member);

	if (!ch || member == PUBLISHER || !ch->in[member])
		return IVC_NOT_FOUND;
	leave(c, ch, member);
	return IVC_OK;
}

int32_t channels_notify(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key)
{
	uint32_t member;
	struct channel *ch = find(c, vm, publisher, key, &member);

	/* Who is left behind in a place without its publisher has nobody to ring. */
	if (!ch || !ch->in[PUBLISHER] || ch->in[member] != ch->in[PUBLISHER])
		return IVC_NOT_FOUND;
	if (member != PUBLISHER) {
		c->ops->ring(c->host, ch->vms[PUBLISHER]);
		return IVC_OK;
	}
	for (uint32_t m = PUBLISHER + 1; m < ch->members; m++) {
		if (ch->in[m] == ch->in[PUBLISHER])
			c->ops->ring(c->host, ch->vms[m]);
	}
	return IVC_OK;
}

int32_t channels_page(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key,
		      uint32_t page, uint32_t *hand)
{
	uint32_t member;
	struct channel *ch = find(c, vm, publisher, key, &member);
	struct channel_place place;

	if (!ch || !ch->in[member])
		return IVC_NOT_FOUND;
	place = place_of(c, ch, ch->in[member]);
	if (page >= place.pages)
		return IVC_INVALID;
	*hand = first_hand(ch, member) + page;
	if (c->ops->give(c->host, place.first_page + page, *hand,
			 member == PUBLISHER || ch->config->writers >> vm & 1))
		return IVC_NO_MEMORY;
	return IVC_OK;
}

void channels_reset(struct channels *c, uint32_t vm)
{
	for (uint32_t i = 0; i < c->count; i++) {
		struct channel *ch = &c->channels[i];

		for (uint32_t m = 0; m < ch->members; m++) {
			if (ch->vms[m] == vm && ch->in[m])
				leave(c, ch, m);
		}
	}
}

void channels_state(const struct channels *c, struct ivc_state *state)
{
	*state = (struct ivc_state){.pages = c->pages};
	for (uint32_t i = 0; i < c->count; i++) {
		const struct channel *ch = &c->channels[i];

		state->published += ch->in[PUBLISHER] != 0;
		for (uint32_t m = PUBLISHER + 1; m < ch->members; m++)
			state->subscribed += ch->in[m] != 0;
		for (uint32_t in = 1; in <= ch->members; in++)
			state->used += is_used(ch, in) ? ch->pages[in - 1] : 0;
	}
}
