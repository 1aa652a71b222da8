/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channels of memory between VMs, for their VMMs. Each place of channels.h is an untyped of its
 * own: revoking it takes its frames out of all guests at once, and what is made of it next is zero.
 * What a VM is given is derived from a capability kept here (its "hand"), whose deletion takes it
 * back. Grants: docs/config.md.
 */
#include <pb_decode.h>
#include <stdlib.h>
#include <string.h>

#include "channels.h"
#include "grants.h"
#include "ivc.ipc.h"
#include "ivc_clean.h"
#include "log.h"
#include "server.h"
#include "sys.h"

#define HEADER_AT 0x30000000ull /* of this process, where nothing else is */

struct header { /* of a channel's memory, as the seed has it */
	uint64_t publisher, key;
};

struct broker {
	skerry_IvcConfig config;
	struct channels channels;
	skerry_cap places, pages, hands, scratch;
	skerry_cap bells[CHANNEL_VMS];
};

/* A deletion that lost its turn is asked for again. */
static void end_all(skerry_cap place)
{
	while (cspace_revoke(START_SLOT_CSPACE, place) == BUSY)
		;
}

static int32_t put_header(struct broker *b, const struct channel_place *place)
{
	struct header *h = (struct header *)HEADER_AT;
	int32_t status = cspace_copy(START_SLOT_CSPACE, b->scratch, b->pages + place->first_page,
				     RIGHT_READ | RIGHT_WRITE, 0);

	if (status)
		return status;
	status = space_map(START_SLOT_SPACE, b->scratch, HEADER_AT,
			   SPACE_ATTR_READ | SPACE_ATTR_WRITE, 1);
	if (!status) {
		*h = (struct header){place->publisher, place->key};
		ivc_clean(h, sizeof(*h));
	}
	(void)cspace_delete(START_SLOT_CSPACE, b->scratch);
	return status;
}

static int32_t make(void *host, const struct channel_place *place)
{
	struct broker *b = host;
	int32_t status = untyped_retype(b->places + place->number, CAP_FRAME, 12, 0,
					b->pages + place->first_page, place->pages);

	if (!status)
		status = put_header(b, place);
	if (status) {
		end_all(b->places + place->number);
		log_line("no memory for channel %lu of VM %lu (%d)", (unsigned long)place->key,
			 (unsigned long)place->publisher, status);
	}
	return status;
}

static void end(void *host, const struct channel_place *place)
{
	const struct broker *b = host;

	end_all(b->places + place->number);
}

static int32_t give(void *host, uint32_t page, uint32_t hand, bool writable)
{
	const struct broker *b = host;
	const uint32_t rights = RIGHT_READ | RIGHT_GRANT | (writable ? RIGHT_WRITE : 0u);
	int32_t status =
	    cspace_copy(START_SLOT_CSPACE, b->hands + hand, b->pages + page, rights, 0);

	return status == EXISTS ? OK : status;
}

static void take(void *host, uint32_t first_hand, uint32_t count)
{
	const struct broker *b = host;

	for (uint32_t i = 0; i < count; i++) {
		while (cspace_delete(START_SLOT_CSPACE, b->hands + first_hand + i) == BUSY)
			;
	}
}

/* The wire goes up and down again: an edge. */
static void ring(void *host, uint32_t vm)
{
	const struct broker *b = host;

	if (line_raise(b->bells[vm]) == OK)
		(void)line_lower(b->bells[vm]);
}

static const struct channel_ops channel_ops = {
    .make = make, .end = end, .give = give, .take = take, .ring = ring};

/* ---- Messages: a badge that is no VM's has no channels ---- */
static int32_t reset(void *self, uint64_t badge, const struct ivc_query *in, struct ivc_done *out)
{
	struct broker *b = self;
	const uint32_t vm = channels_vm(&b->channels, badge);

	(void)in;
	(void)out;
	if (vm == CHANNEL_VMS)
		return IVC_DENIED;
	channels_reset(&b->channels, vm);
	return IVC_OK;
}

static int32_t publish(void *self, uint64_t badge, const struct ivc_publish *in,
		       struct ivc_size *out)
{
	struct broker *b = self;
	const uint32_t vm = channels_vm(&b->channels, badge);

	if (vm == CHANNEL_VMS)
		return IVC_DENIED;
	out->writable = true;
	return channels_publish(&b->channels, vm, in->key, in->size, &out->size);
}

static int32_t subscribe(void *self, uint64_t badge, const struct ivc_name *in,
			 struct ivc_size *out)
{
	struct broker *b = self;
	const uint32_t vm = channels_vm(&b->channels, badge);

	if (vm == CHANNEL_VMS)
		return IVC_DENIED;
	return channels_subscribe(&b->channels, vm, in->publisher, in->key, &out->size,
				  &out->writable);
}

static int32_t unpublish(void *self, uint64_t badge, const struct ivc_key *in, struct ivc_done *out)
{
	struct broker *b = self;
	const uint32_t vm = channels_vm(&b->channels, badge);

	(void)out;
	return vm == CHANNEL_VMS ? IVC_DENIED : channels_unpublish(&b->channels, vm, in->key);
}

static int32_t unsubscribe(void *self, uint64_t badge, const struct ivc_name *in,
			   struct ivc_done *out)
{
	struct broker *b = self;
	const uint32_t vm = channels_vm(&b->channels, badge);

	(void)out;
	if (vm == CHANNEL_VMS)
		return IVC_DENIED;
	return channels_unsubscribe(&b->channels, vm, in->publisher, in->key);
}

static int32_t notify(void *self, uint64_t badge, const struct ivc_name *in, struct ivc_done *out)
{
	struct broker *b = self;
	const uint32_t vm = channels_vm(&b->channels, badge);

	(void)out;
	if (vm == CHANNEL_VMS)
		return IVC_DENIED;
	return channels_notify(&b->channels, vm, in->publisher, in->key);
}

static int32_t page(void *self, uint64_t badge, const struct ivc_page *in, struct ivc_done *out,
		    skerry_cap *caps_out)
{
	struct broker *b = self;
	const uint32_t vm = channels_vm(&b->channels, badge);
	uint32_t hand = 0;
	int32_t status;

	(void)out;
	if (vm == CHANNEL_VMS)
		return IVC_DENIED;
	status = channels_page(&b->channels, vm, in->publisher, in->key, in->page, &hand);
	caps_out[0] = b->hands + hand;
	return status;
}

static int32_t state(void *self, uint64_t badge, const struct ivc_query *in, struct ivc_state *out)
{
	const struct broker *b = self;

	(void)badge;
	(void)in;
	channels_state(&b->channels, out);
	return IVC_OK;
}

static int32_t serve_ivc(void *self, struct ipc_msg *msg)
{
	static const struct ivc_ops ops = {
	    .reset = reset,
	    .publish = publish,
	    .subscribe = subscribe,
	    .unpublish = unpublish,
	    .unsubscribe = unsubscribe,
	    .notify = notify,
	    .page = page,
	    .state = state,
	};

	return ivc_dispatch(&ops, self, msg);
}

/* ---- The start ---- */
static bool fail(const char *what, int32_t status)
{
	log_line("%s (%d)", what, status);
	return false;
}

static bool make_places(struct broker *b)
{
	const skerry_cap untyped = grant_slot("untyped");

	b->places = slots_take(b->channels.places);
	b->pages = slots_take(b->channels.pages);
	b->hands = slots_take(b->channels.pages);
	b->scratch = slots_take(1);
	if (!b->places || !b->pages || !b->hands || !b->scratch)
		return fail("too few slots for the channels' pages", LIMIT);
	for (uint32_t i = 0; i < b->channels.places; i++) {
		int32_t status = untyped_retype(
		    untyped, CAP_UNTYPED, channels_order(&b->channels, i), 0, b->places + i, 1);

		if (status)
			return fail("grant untyped is too small for the channels", status);
	}
	return true;
}

static bool start(struct broker *b)
{
	uint32_t size = 0;
	const void *bytes = start_config(&size);
	pb_istream_t stream = pb_istream_from_buffer(bytes, size);

	if (!pb_decode(&stream, skerry_IvcConfig_fields, &b->config))
		return fail("the configuration cannot be read", BAD_MESSAGE);
	if (!channels_init(&b->channels, &b->config, &channel_ops, b))
		return fail("the configuration names channels that cannot be", BAD_ARGUMENT);
	for (uint32_t i = 0; i < b->config.vms_count; i++) {
		char name[8] = "bell";

		if (i >= 10)
			name[4] = '1';
		name[i < 10 ? 4 : 5] = (char)('0' + i % 10);
		b->bells[i] = grant_slot(name);
		if (!b->bells[i])
			return fail("a VM has no bell", NOT_FOUND);
	}
	return make_places(b);
}

int main(void)
{
	static struct broker broker;
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .serve = {[SERVER_SERVICE(IVC_PUBLISH)] = serve_ivc},
	};

	if (!start(&broker))
		return EXIT_FAILURE;
	server_ready();
	return server_run(&server, &broker) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
