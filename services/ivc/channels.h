/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which VM publishes what, and who subscribes to it: the table behind the service. What it needs of
 * the kernel comes through struct channel_ops, so that it runs on the host as well.
 *
 * The configuration names each channel that may be, its largest size and its subscribers. Memory is
 * divided beforehand: a channel with n subscribers has n + 1 places, since each of them can hold on
 * to another one that the publisher has left. So no VM can use up what is another's, and none of
 * the functions searches for memory. Statuses are enum IvcStatus of idl/ivc.proto; a function that
 * fails has changed nothing.
 */
#ifndef IVC_CHANNELS_H
#define IVC_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "ivc.skerry.h"
#include "services.pb.h"

#define CHANNELS 16u
#define CHANNEL_VMS 16u
#define CHANNEL_MEMBERS CHANNEL_VMS /* publisher and subscribers: all of them are different */
#define CHANNEL_PAGES_MOST 256u	    /* of a channel: as many objects are made in one call */
#define CHANNEL_PAGES_ALL 1024u	    /* of all places */
#define CHANNEL_PAGE 0x1000ull

/* Where a channel lives: numbers by which the host finds its capabilities. */
struct channel_place {
	uint32_t number;     /* of the place */
	uint32_t first_page; /* among the pages of all places */
	uint32_t pages;
	uint64_t publisher, key; /* for the header at the start of its memory */
};

struct channel_ops {
	/* Pages of zeros with the header; on failure all is as before. */
	int32_t (*make)(void *host, const struct channel_place *place);
	/* The place's memory goes, with all that was derived from it. */
	void (*end)(void *host, const struct channel_place *place);
	/* A capability of that page, which take() takes back, lies at `hand`: made now, or before.
	 */
	int32_t (*give)(void *host, uint32_t page, uint32_t hand, bool writable);
	void (*take)(void *host, uint32_t first_hand, uint32_t count);
	void (*ring)(void *host, uint32_t vm);
};

struct channel {
	const skerry_IvcChannel *config;
	uint32_t members;	      /* 1 + subscribers */
	uint8_t vms[CHANNEL_MEMBERS]; /* the first publishes */
	uint32_t first_place, first_page;
	/* Which place a member is in, from 1; 0: none. Of the publisher: where the channel is now.
	 */
	uint8_t in[CHANNEL_MEMBERS];
	uint16_t pages[CHANNEL_MEMBERS]; /* of a place in use */
};

struct channels {
	const skerry_IvcConfig *config;
	const struct channel_ops *ops;
	void *host;
	uint32_t count;
	uint32_t places, pages; /* in all; hands are as many as pages */
	struct channel channels[CHANNELS];
};

/* False: the configuration contradicts itself, or asks for more than there can be. */
bool channels_init(struct channels *c, const skerry_IvcConfig *config,
		   const struct channel_ops *ops, void *host);
/* The order of the memory of place `number`. */
uint32_t channels_order(const struct channels *c, uint32_t number);
/* The VM of that number, an index in config->vms; CHANNEL_VMS: none. */
uint32_t channels_vm(const struct channels *c, uint64_t number);

int32_t channels_publish(struct channels *c, uint32_t vm, uint64_t key, uint64_t size,
			 uint64_t *real);
int32_t channels_subscribe(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key,
			   uint64_t *size, bool *writable);
int32_t channels_unpublish(struct channels *c, uint32_t vm, uint64_t key);
int32_t channels_unsubscribe(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key);
int32_t channels_notify(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key);
/* `hand`: what give() was called with. */
int32_t channels_page(struct channels *c, uint32_t vm, uint64_t publisher, uint64_t key,
		      uint32_t page, uint32_t *hand);
/* The VM leaves all channels. */
void channels_reset(struct channels *c, uint32_t vm);
void channels_state(const struct channels *c, struct ivc_state *state);

#endif
