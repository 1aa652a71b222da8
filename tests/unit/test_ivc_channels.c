/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/ivc/channels.c */
/*
 * The table of channels between VMs, above a machine that is two arrays: what each page holds, and
 * what each hand gives access to. A page that ends while a hand is on it, or is made while it is in
 * use, ends the test.
 */
#include "services/ivc/channels.h"

#include <string.h>

#include "kernel/abi.h"
#include "test.h"

#define A 0u /* VMs by index; their numbers are 1, 2, 3 and their ids 10, 20, 30 */
#define B 1u
#define C 2u
#define KEY 0x1234u    /* A's, 3 pages, for B (who may write) and C */
#define KEY_OF_B 0x99u /* B's, 1 page, for A */
#define ALL_PAGES 11u  /* 3 * 3 + 2 * 1 */
#define NOBODY UINT32_MAX

static struct {
	uint64_t publisher[CHANNEL_PAGES_ALL]; /* of pages in use; 0: not in use */
	uint32_t page[CHANNEL_PAGES_ALL];      /* by hand; NOBODY: nothing */
	bool writable[CHANNEL_PAGES_ALL];
	uint32_t rung[CHANNEL_VMS];
	uint32_t steps, fail_at; /* the step of that number fails; 0: none */
} fake;

static skerry_IvcConfig config;
static struct channels channels;

static bool step_fails(void)
{
	return ++fake.steps == fake.fail_at;
}

static int32_t make(void *host, const struct channel_place *place)
{
	CHECK(host == &fake);
	if (step_fails())
		return NO_MEMORY;
	for (uint32_t i = 0; i < place->pages; i++) {
		CHECK_EQ(fake.publisher[place->first_page + i], 0);
		fake.publisher[place->first_page + i] = place->publisher;
	}
	return OK;
}

static void end(void *host, const struct channel_place *place)
{
	CHECK(host == &fake);
	for (uint32_t i = 0; i < place->pages; i++) {
		CHECK(fake.publisher[place->first_page + i]);
		fake.publisher[place->first_page + i] = 0;
		for (uint32_t hand = 0; hand < channels.pages; hand++)
			CHECK(fake.page[hand] != place->first_page + i);
	}
}

static int32_t give(void *host, uint32_t page, uint32_t hand, bool writable)
{
	CHECK(host == &fake);
	CHECK(fake.publisher[page]);
	CHECK(fake.page[hand] == NOBODY || fake.page[hand] == page);
	if (step_fails())
		return NO_MEMORY;
	fake.page[hand] = page;
	fake.writable[hand] = writable;
	return OK;
}

static void take(void *host, uint32_t first_hand, uint32_t count)
{
	CHECK(host == &fake);
	for (uint32_t i = 0; i < count; i++)
		fake.page[first_hand + i] = NOBODY;
}

static void ring(void *host, uint32_t vm)
{
	CHECK(host == &fake);
	fake.rung[vm]++;
}

static const struct channel_ops ops = {
    .make = make, .end = end, .give = give, .take = take, .ring = ring};

static void prepare(void)
{
	memset(&fake, 0, sizeof(fake));
	memset(fake.page, 0xff, sizeof(fake.page));
	config = (skerry_IvcConfig){.vms_count = 3, .channels_count = 2};
	for (uint32_t i = 0; i < 3; i++)
		config.vms[i] = (skerry_IvcVm){.number = i + 1, .id = (i + 1) * 10ull};
	config.channels[0] = (skerry_IvcChannel){
	    .publisher = A, .key = KEY, .pages = 3, .subscribers = 6, .writers = 2};
	config.channels[1] =
	    (skerry_IvcChannel){.publisher = B, .key = KEY_OF_B, .pages = 1, .subscribers = 1};
}

static void begin(void)
{
	prepare();
	CHECK(channels_init(&channels, &config, &ops, &fake));
	CHECK_EQ(channels.pages, ALL_PAGES);
}

static struct ivc_state state(void)
{
	struct ivc_state s;

	channels_state(&channels, &s);
	return s;
}

static void check_empty(void)
{
	struct ivc_state s = state();

	CHECK_EQ(s.pages, ALL_PAGES);
	CHECK(!s.used && !s.published && !s.subscribed);
	for (uint32_t i = 0; i < CHANNEL_PAGES_ALL; i++)
		CHECK(!fake.publisher[i] && fake.page[i] == NOBODY);
}

static int32_t publish(uint32_t vm, uint64_t key, uint64_t size, uint64_t *real)
{
	uint64_t unused;

	return channels_publish(&channels, vm, key, size, real ? real : &unused);
}

static int32_t subscribe(uint32_t vm, uint64_t publisher, uint64_t key)
{
	uint64_t size = 0;
	bool writable = false;

	return channels_subscribe(&channels, vm, publisher, key, &size, &writable);
}

/* The page behind the VM's page of the channel, which it gets. */
static uint32_t page_of(uint32_t vm, uint64_t publisher, uint64_t key, uint32_t page)
{
	uint32_t hand = NOBODY;

	CHECK_EQ(channels_page(&channels, vm, publisher, key, page, &hand), IVC_OK);
	return fake.page[hand];
}

TEST(ivc_what_is_published_is_what_is_subscribed_to)
{
	uint64_t size = 0;
	bool writable = true;
	uint32_t hand;

	begin();
	CHECK_EQ(publish(A, KEY, 3 * CHANNEL_PAGE, &size), IVC_OK);
	CHECK_EQ(size, 3 * CHANNEL_PAGE);
	size = 0;
	CHECK_EQ(channels_subscribe(&channels, C, 10, KEY, &size, &writable), IVC_OK);
	CHECK_EQ(size, 3 * CHANNEL_PAGE);
	CHECK(!writable);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(page_of(A, 10, KEY, i), page_of(C, 10, KEY, i));
		CHECK_EQ(fake.publisher[page_of(A, 10, KEY, i)], 10);
	}
	CHECK_EQ(channels_page(&channels, C, 10, KEY, 0, &hand), IVC_OK);
	CHECK(!fake.writable[hand]);
	CHECK_EQ(channels_page(&channels, A, 10, KEY, 0, &hand), IVC_OK);
	CHECK(fake.writable[hand]);
	CHECK_EQ(channels_page(&channels, A, 10, KEY, 3, &hand), IVC_INVALID);
	CHECK_EQ(state().used, 3);
	CHECK_EQ(channels_unsubscribe(&channels, C, 10, KEY), IVC_OK);
	CHECK_EQ(channels_unpublish(&channels, A, KEY), IVC_OK);
	check_empty();
}

TEST(ivc_a_subscriber_writes_only_if_the_file_says_so)
{
	uint64_t size;
	bool writable = false;
	uint32_t hand;

	begin();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(channels_subscribe(&channels, B, 10, KEY, &size, &writable), IVC_OK);
	CHECK(writable);
	CHECK_EQ(channels_page(&channels, B, 10, KEY, 0, &hand), IVC_OK);
	CHECK(fake.writable[hand]);
	CHECK_EQ(subscribe(C, 10, KEY), IVC_OK);
	CHECK_EQ(channels_page(&channels, C, 10, KEY, 0, &hand), IVC_OK);
	CHECK(!fake.writable[hand]);
}

/* axvisor: a second insertion frees the frame of the first, which is still mapped. */
TEST(ivc_inserting_an_existing_key_replaces_nothing)
{
	uint32_t page, hand;

	begin();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	page = page_of(A, 10, KEY, 0);
	CHECK_EQ(publish(A, KEY, CHANNEL_PAGE * 2, NULL), IVC_ALREADY_EXISTS);
	CHECK_EQ(page_of(A, 10, KEY, 0), page);
	CHECK_EQ(channels_page(&channels, A, 10, KEY, 1, &hand), IVC_INVALID);
	CHECK_EQ(state().used, 1);
}

/* axvisor: frames are free while they are still mapped. The fake looks in end(). */
TEST(ivc_nobody_has_a_page_that_is_free)
{
	uint32_t page;

	begin();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_OK);
	page = page_of(B, 10, KEY, 0);
	(void)page_of(A, 10, KEY, 0);
	CHECK_EQ(channels_unpublish(&channels, A, KEY), IVC_OK);
	CHECK_EQ(fake.publisher[page], 10);
	CHECK_EQ(page_of(B, 10, KEY, 0), page);
	CHECK_EQ(channels_unsubscribe(&channels, B, 10, KEY), IVC_OK);
	check_empty();
}

/* axvisor: a second subscription maps a second address, and forgets it. */
TEST(ivc_a_second_subscription_is_refused)
{
	begin();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_OK);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_ALREADY_EXISTS);
	CHECK_EQ(state().subscribed, 1);
	CHECK_EQ(channels_unsubscribe(&channels, B, 10, KEY), IVC_OK);
	CHECK_EQ(channels_unsubscribe(&channels, B, 10, KEY), IVC_NOT_FOUND);
}

/* axvisor: the frame that others keep is found by who comes later. */
TEST(ivc_no_subscription_after_unpublication)
{
	uint32_t old;

	begin();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_OK);
	old = page_of(B, 10, KEY, 0);
	CHECK_EQ(channels_unpublish(&channels, A, KEY), IVC_OK);
	CHECK_EQ(channels_unpublish(&channels, A, KEY), IVC_NOT_FOUND);
	CHECK_EQ(subscribe(C, 10, KEY), IVC_NOT_FOUND);
	/* What is published next is another channel, and who holds the old one has that. */
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(C, 10, KEY), IVC_OK);
	CHECK(page_of(C, 10, KEY, 0) != old);
	CHECK_EQ(page_of(B, 10, KEY, 0), old);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_ALREADY_EXISTS);
}

TEST(ivc_each_subscriber_may_hold_an_old_channel)
{
	begin();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_OK);
	CHECK_EQ(channels_unpublish(&channels, A, KEY), IVC_OK);
	CHECK_EQ(publish(A, KEY, 2 * CHANNEL_PAGE, NULL), IVC_OK);
	CHECK_EQ(subscribe(C, 10, KEY), IVC_OK);
	CHECK_EQ(channels_unpublish(&channels, A, KEY), IVC_OK);
	CHECK_EQ(publish(A, KEY, 3 * CHANNEL_PAGE, NULL), IVC_OK);
	CHECK_EQ(state().used, 6);
	CHECK_EQ(channels_unsubscribe(&channels, B, 10, KEY), IVC_OK);
	CHECK_EQ(channels_unsubscribe(&channels, C, 10, KEY), IVC_OK);
	CHECK_EQ(state().used, 3);
}

/* axvisor: min(wanted, 4096), in a window of all that was wanted. */
TEST(ivc_the_size_is_whole_pages_and_true)
{
	uint64_t size = 0;

	begin();
	CHECK_EQ(publish(A, KEY, 0, &size), IVC_INVALID);
	CHECK_EQ(publish(A, KEY, 3 * CHANNEL_PAGE + 1, &size), IVC_DENIED);
	CHECK_EQ(publish(A, KEY, UINT64_MAX, &size), IVC_DENIED);
	check_empty();
	CHECK_EQ(publish(A, KEY, CHANNEL_PAGE + 1, &size), IVC_OK);
	CHECK_EQ(size, 2 * CHANNEL_PAGE);
	CHECK_EQ(state().used, 2);
}

TEST(ivc_only_what_the_file_names)
{
	uint32_t hand;

	begin();
	CHECK_EQ(publish(A, KEY + 1, 1, NULL), IVC_DENIED);
	CHECK_EQ(publish(B, KEY, 1, NULL), IVC_DENIED);
	CHECK_EQ(publish(B, KEY_OF_B, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(C, 20, KEY_OF_B), IVC_DENIED);
	CHECK_EQ(subscribe(B, 20, KEY_OF_B), IVC_DENIED);
	CHECK_EQ(subscribe(A, 21, KEY_OF_B), IVC_DENIED);
	CHECK_EQ(channels_page(&channels, C, 20, KEY_OF_B, 0, &hand), IVC_NOT_FOUND);
	CHECK_EQ(channels_page(&channels, A, 20, KEY_OF_B, 0, &hand), IVC_NOT_FOUND);
	CHECK_EQ(channels_unpublish(&channels, A, KEY_OF_B), IVC_NOT_FOUND);
	CHECK_EQ(channels_unsubscribe(&channels, B, 20, KEY_OF_B), IVC_NOT_FOUND);
	CHECK_EQ(channels_vm(&channels, 3), C);
	CHECK_EQ(channels_vm(&channels, 0), CHANNEL_VMS);
	CHECK_EQ(channels_vm(&channels, 4), CHANNEL_VMS);
}

TEST(ivc_bells_ring_for_the_other_side)
{
	begin();
	CHECK_EQ(channels_notify(&channels, A, 10, KEY), IVC_NOT_FOUND);
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(channels_notify(&channels, A, 10, KEY), IVC_OK);
	CHECK_EQ(channels_notify(&channels, B, 10, KEY), IVC_NOT_FOUND);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_OK);
	CHECK_EQ(subscribe(C, 10, KEY), IVC_OK);
	CHECK_EQ(channels_notify(&channels, B, 10, KEY), IVC_OK);
	CHECK(fake.rung[A] == 1 && fake.rung[B] == 0 && fake.rung[C] == 0);
	CHECK_EQ(channels_notify(&channels, A, 10, KEY), IVC_OK);
	CHECK(fake.rung[A] == 1 && fake.rung[B] == 1 && fake.rung[C] == 1);
	/* B keeps the old channel, which has no publisher; the new one is C's. */
	CHECK_EQ(channels_unsubscribe(&channels, C, 10, KEY), IVC_OK);
	CHECK_EQ(channels_unpublish(&channels, A, KEY), IVC_OK);
	CHECK_EQ(channels_notify(&channels, B, 10, KEY), IVC_NOT_FOUND);
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(channels_notify(&channels, B, 10, KEY), IVC_NOT_FOUND);
	CHECK_EQ(subscribe(C, 10, KEY), IVC_OK);
	CHECK_EQ(channels_notify(&channels, A, 10, KEY), IVC_OK);
	CHECK(fake.rung[A] == 1 && fake.rung[B] == 1 && fake.rung[C] == 2);
}

TEST(ivc_a_vm_that_ends_leaves_all)
{
	begin();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(publish(B, KEY_OF_B, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(A, 20, KEY_OF_B), IVC_OK);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_OK);
	channels_reset(&channels, A);
	CHECK_EQ(state().published, 1);
	CHECK_EQ(state().subscribed, 1);
	CHECK_EQ(subscribe(C, 10, KEY), IVC_NOT_FOUND);
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(A, 20, KEY_OF_B), IVC_OK);
	channels_reset(&channels, A);
	channels_reset(&channels, C);
	channels_reset(&channels, B);
	check_empty();
}

TEST(ivc_a_step_that_fails_leaves_nothing)
{
	uint32_t hand;

	begin();
	fake.fail_at = 1;
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_NO_MEMORY);
	check_empty();
	CHECK_EQ(publish(A, KEY, 1, NULL), IVC_OK);
	CHECK_EQ(subscribe(B, 10, KEY), IVC_OK);
	fake.fail_at = fake.steps + 1;
	CHECK_EQ(channels_page(&channels, B, 10, KEY, 0, &hand), IVC_NO_MEMORY);
	CHECK_EQ(channels_page(&channels, B, 10, KEY, 0, &hand), IVC_OK);
	channels_reset(&channels, A);
	channels_reset(&channels, B);
	check_empty();
}

TEST(ivc_configurations_that_cannot_be)
{
	begin();
	config.channels[1].publisher = 3;
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	prepare();
	config.channels[0].subscribers = 1; /* itself */
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	prepare();
	config.channels[0].subscribers = 8;
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	prepare();
	config.channels[0].subscribers = 0;
	config.channels[0].writers = 0;
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	prepare();
	config.channels[1].writers = 4;
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	prepare();
	config.channels[0].pages = 0;
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	config.channels[0].pages = CHANNEL_PAGES_MOST + 1;
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	config.channels[0].pages = CHANNEL_PAGES_MOST; /* three places: 768 pages */
	CHECK(channels_init(&channels, &config, &ops, &fake));
	CHECK_EQ(channels_order(&channels, 2), 20);
	CHECK_EQ(channels_order(&channels, 3), 12);
	config.channels[1].pages = CHANNEL_PAGES_MOST;
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	prepare();
	config.channels[1] = config.channels[0];
	CHECK(!channels_init(&channels, &config, &ops, &fake));
	prepare();
	CHECK(channels_init(&channels, &config, &ops, &fake));
	CHECK_EQ(channels_order(&channels, 0), 14); /* 3 pages */
}

/* Whatever VMs do, what is counted is what there is, and at the end nothing is left. */
TEST(ivc_random_calls_leak_nothing)
{
	begin();
	for (unsigned i = 0; i < test_rounds(3000); i++) {
		const uint64_t r = test_random();
		const uint32_t vm = (uint32_t)(r % 3);
		const uint64_t key = r >> 8 & 1 ? KEY : KEY_OF_B, of = r >> 8 & 1 ? 10 : 20;
		uint32_t hand, used = 0;

		fake.fail_at = r >> 9 & 7 ? 0 : fake.steps + 1;
		switch (r >> 16 & 7) {
		case 0:
		case 1:
			(void)publish(vm, key, (r >> 20 & 0x3fff) + 1, NULL);
			break;
		case 2:
		case 3:
			(void)subscribe(vm, of, key);
			break;
		case 4:
			(void)channels_unpublish(&channels, vm, key);
			break;
		case 5:
			(void)channels_unsubscribe(&channels, vm, of, key);
			break;
		case 6:
			(void)channels_page(&channels, vm, of, key, r >> 20 & 3, &hand);
			break;
		default:
			channels_reset(&channels, vm);
			break;
		}
		for (uint32_t page = 0; page < ALL_PAGES; page++)
			used += fake.publisher[page] != 0;
		CHECK_EQ(state().used, used);
	}
	for (uint32_t vm = A; vm <= C; vm++)
		channels_reset(&channels, vm);
	check_empty();
}
