/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: services/vmm/ivc.c */
/*
 * Hypercalls 3 to 7 above steps that count what they give, and of which each can fail. A step that
 * is undone in the wrong order, or twice, ends the test.
 */
#include "services/vmm/ivc.h"

#include <string.h>

#include "services/vmm/machine.h"
#include "test.h"

#define SELF 10u
#define PEER 20u
#define KEY 0x77u
#define BASE_AT 0x80000000ull
#define SIZE_AT 0x80000008ull
#define WINDOW 0x10000000ull
#define WINDOW_PAGES 8u
#define CHANNEL 0x3000u /* bytes of the peer's channels */

static struct {
	uint64_t base, size; /* in guest memory */
	bool joined[2][4];   /* published and subscribed to, by key */
	bool allocated[WINDOW_PAGES], taken[WINDOW_PAGES], mapped[WINDOW_PAGES];
	bool writable[WINDOW_PAGES];
	uint64_t publisher[WINDOW_PAGES], key[WINDOW_PAGES]; /* of a page that is taken */
	bool may_write;
	uint32_t notified, steps, fail_at;
} fake;

static struct ivc ivc;
static struct machine machine;

static bool goes(void)
{
	return ++fake.steps != fake.fail_at;
}

static bool read(void *host, uint64_t gpa, uint64_t *value)
{
	CHECK(host == &fake);
	if (gpa != SIZE_AT || !goes())
		return false;
	*value = fake.size;
	return true;
}

static bool write(void *host, uint64_t gpa, uint64_t value)
{
	CHECK(host == &fake);
	if ((gpa != BASE_AT && gpa != SIZE_AT) || !goes())
		return false;
	*(gpa == BASE_AT ? &fake.base : &fake.size) = value;
	return true;
}

static bool publish(void *host, uint64_t key, uint64_t *size)
{
	CHECK(host == &fake);
	if (*size == 0 || key - KEY >= 4 || !goes())
		return false;
	CHECK(!fake.joined[0][key - KEY]);
	*size = (*size + IVC_PAGE_BYTES - 1) & ~(IVC_PAGE_BYTES - 1);
	return fake.joined[0][key - KEY] = true;
}

static bool subscribe(void *host, uint64_t publisher, uint64_t key, uint64_t *size, bool *writable)
{
	CHECK(host == &fake);
	if (publisher != PEER || key - KEY >= 4 || !goes())
		return false;
	CHECK(!fake.joined[1][key - KEY]);
	*size = CHANNEL;
	*writable = fake.may_write;
	return fake.joined[1][key - KEY] = true;
}

/* Nothing of the channel is in the guest, or ours. */
static void check_dropped(uint64_t publisher, uint64_t key)
{
	for (uint32_t i = 0; i < WINDOW_PAGES; i++)
		CHECK(!fake.taken[i] || fake.publisher[i] != publisher || fake.key[i] != key);
}

static void unpublish(void *host, uint64_t key)
{
	CHECK(host == &fake && fake.joined[0][key - KEY]);
	check_dropped(SELF, key);
	fake.joined[0][key - KEY] = false;
}

static void unsubscribe(void *host, uint64_t publisher, uint64_t key)
{
	CHECK(host == &fake && publisher == PEER && fake.joined[1][key - KEY]);
	check_dropped(PEER, key);
	fake.joined[1][key - KEY] = false;
}

static bool notify(void *host, uint64_t publisher, uint64_t key)
{
	CHECK(host == &fake && fake.joined[publisher == PEER][key - KEY]);
	if (!goes())
		return false;
	fake.notified++;
	return true;
}

static bool alloc(void *host, uint64_t size, uint64_t *gpa)
{
	uint32_t first = 0, count = (uint32_t)(size / IVC_PAGE_BYTES), run = 0;

	CHECK(host == &fake && size % IVC_PAGE_BYTES == 0);
	for (uint32_t i = 0; i < WINDOW_PAGES && run < count; i++) {
		run = fake.allocated[i] ? 0 : run + 1;
		first = i + 1 - run;
	}
	if (run < count || !goes())
		return false;
	memset(fake.allocated + first, true, count);
	*gpa = WINDOW + first * IVC_PAGE_BYTES;
	return true;
}

static void release(void *host, uint64_t gpa, uint64_t size)
{
	CHECK(host == &fake);
	for (uint64_t i = (gpa - WINDOW) / IVC_PAGE_BYTES;
	     i < (gpa - WINDOW + size) / IVC_PAGE_BYTES; i++) {
		CHECK(fake.allocated[i] && !fake.mapped[i] && !fake.taken[i]);
		fake.allocated[i] = false;
	}
}

static bool take(void *host, uint64_t publisher, uint64_t key, uint32_t page, uint64_t gpa)
{
	const uint64_t i = (gpa - WINDOW) / IVC_PAGE_BYTES;

	CHECK(host == &fake && fake.joined[publisher == PEER][key - KEY] && page < WINDOW_PAGES);
	CHECK(fake.allocated[i] && !fake.taken[i]);
	if (!goes())
		return false;
	fake.publisher[i] = publisher;
	fake.key[i] = key;
	return fake.taken[i] = true;
}

static bool map(void *host, uint64_t gpa, uint64_t size, bool writable)
{
	CHECK(host == &fake);
	if (!goes())
		return false;
	for (uint64_t i = (gpa - WINDOW) / IVC_PAGE_BYTES;
	     i < (gpa - WINDOW + size) / IVC_PAGE_BYTES; i++) {
		CHECK(fake.taken[i] && !fake.mapped[i]);
		fake.mapped[i] = true;
		fake.writable[i] = writable;
	}
	return true;
}

static void drop(void *host, uint64_t gpa, uint64_t size)
{
	CHECK(host == &fake);
	for (uint64_t i = (gpa - WINDOW) / IVC_PAGE_BYTES;
	     i < (gpa - WINDOW + size) / IVC_PAGE_BYTES; i++)
		fake.taken[i] = fake.mapped[i] = false;
}

static const struct ivc_steps steps = {
    .read = read,
    .write = write,
    .publish = publish,
    .subscribe = subscribe,
    .unpublish = unpublish,
    .unsubscribe = unsubscribe,
    .notify = notify,
    .alloc = alloc,
    .release = release,
    .take = take,
    .map = map,
    .drop = drop,
};

static void begin(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.size = 1;
	ivc = (struct ivc){.steps = &steps, .host = &fake, .id = SELF};
	machine.ivc = &ivc;
}

static int64_t call(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const struct axvm_exit exit = {
	    .reason = AXVM_EXIT_HYPERCALL, .nr = nr, .args = {a, b, c, d}};
	int64_t result = 12345;

	ivc_hypercall(&machine, &exit, &result);
	return result;
}

static int64_t call_publish(uint64_t key)
{
	return call(3, key, BASE_AT, SIZE_AT, 0);
}

static int64_t call_subscribe(uint64_t key)
{
	return call(4, PEER, key, BASE_AT, SIZE_AT);
}

static void check_nothing(void)
{
	for (uint32_t i = 0; i < WINDOW_PAGES; i++)
		CHECK(!fake.allocated[i] && !fake.taken[i] && !fake.mapped[i]);
	for (uint32_t i = 0; i < 4; i++)
		CHECK(!fake.joined[0][i] && !fake.joined[1][i]);
	for (uint32_t i = 0; i < IVC_LINKS; i++)
		CHECK_EQ(ivc.links[i].size, 0);
}

TEST(ivc_publishes_and_unpublishes)
{
	begin();
	fake.size = 0x1001;
	CHECK_EQ(call_publish(KEY), 0);
	CHECK_EQ(fake.base, WINDOW);
	CHECK_EQ(fake.size, 0x2000);
	CHECK(fake.mapped[0] && fake.mapped[1] && !fake.mapped[2] && fake.writable[1]);
	CHECK_EQ(call_publish(KEY), -1);
	CHECK_EQ(call(6, SELF, KEY, 0, 0), -1);
	CHECK_EQ(call(7, SELF, KEY, 0, 0), 0);
	CHECK_EQ(fake.notified, 1);
	CHECK_EQ(call(5, KEY, 0, 0, 0), 0);
	check_nothing();
	CHECK_EQ(call(5, KEY, 0, 0, 0), -1);
	CHECK_EQ(call(7, SELF, KEY, 0, 0), -1);
}

TEST(ivc_subscribes_to_what_cannot_be_written)
{
	begin();
	CHECK_EQ(call_subscribe(KEY), 0);
	CHECK_EQ(fake.size, CHANNEL);
	CHECK(fake.mapped[2] && !fake.writable[0] && !fake.writable[2]);
	CHECK_EQ(call(5, KEY, 0, 0, 0), -1);
	CHECK_EQ(call(6, PEER, KEY, 0, 0), 0);
	check_nothing();
	fake.may_write = true;
	CHECK_EQ(call_subscribe(KEY), 0);
	CHECK(fake.writable[0] && fake.writable[2]);
}

/* axvisor: it maps a second address and forgets it. */
TEST(ivc_second_subscription_of_a_vm)
{
	begin();
	CHECK_EQ(call_subscribe(KEY), 0);
	CHECK_EQ(call_subscribe(KEY), -1);
	CHECK_EQ(call(4, SELF, KEY, BASE_AT, SIZE_AT), -1);
	CHECK(!fake.allocated[3]);
	CHECK_EQ(call(6, PEER, KEY, 0, 0), 0);
	CHECK_EQ(call(6, PEER, KEY, 0, 0), -1);
	check_nothing();
}

/* axvisor: guest addresses are never given back. */
TEST(ivc_addresses_are_given_back)
{
	begin();
	for (uint32_t i = 0; i < 100; i++) {
		CHECK_EQ(call_subscribe(KEY), 0);
		CHECK_EQ(call_subscribe(KEY + 1), 0);
		CHECK_EQ(call_subscribe(KEY + 2), -1); /* 9 pages of 8 */
		CHECK_EQ(call(6, PEER, KEY, 0, 0), 0);
		CHECK_EQ(call_subscribe(KEY + 2), 0);
		CHECK_EQ(fake.base, WINDOW);
		ivc_cut(&ivc);
		check_nothing();
	}
}

/* axvisor: a step that fails leaves what the ones before it did. */
TEST(ivc_each_step_fails_once)
{
	uint32_t published = 0, subscribed = 0;
	int64_t result = -1;

	for (uint32_t n = 1; result; n++) {
		begin();
		fake.size = 3 * IVC_PAGE_BYTES;
		fake.fail_at = n;
		result = call_publish(KEY);
		CHECK(result == 0 || result == -1);
		if (result)
			check_nothing();
		published = n - 1;
		fake.fail_at = 0;
		fake.size = 3 * IVC_PAGE_BYTES;
		CHECK_EQ(call_publish(KEY), result ? 0 : -1);
	}
	CHECK_EQ(published, 9); /* read, publish, alloc, three frames, map, two words */
	result = -1;
	for (uint32_t n = 1; result; n++) {
		begin();
		fake.fail_at = n;
		result = call_subscribe(KEY);
		CHECK(result == 0 || result == -1);
		if (result)
			check_nothing();
		subscribed = n - 1;
		fake.fail_at = 0;
		CHECK_EQ(call_subscribe(KEY), result ? 0 : -1);
	}
	CHECK_EQ(subscribed, 8);
	fake.fail_at = fake.steps + 1;
	CHECK_EQ(call(7, PEER, KEY, 0, 0), -1);
	CHECK_EQ(call(7, PEER, KEY, 0, 0), 0);
}

TEST(ivc_pointers_that_are_none)
{
	begin();
	CHECK_EQ(call(3, KEY, BASE_AT, SIZE_AT + 4, 0), -1);
	check_nothing();
	CHECK_EQ(call(3, KEY, 0, SIZE_AT, 0), -1);
	check_nothing();
	CHECK_EQ(call(4, PEER, KEY, 0, SIZE_AT), -1);
	check_nothing();
	CHECK_EQ(call(4, PEER, KEY, BASE_AT, UINT64_MAX), -1);
	check_nothing();
	fake.size = 0;
	CHECK_EQ(call_publish(KEY), -1);
	check_nothing();
}

TEST(ivc_without_a_device)
{
	begin();
	machine.ivc = NULL;
	for (uint64_t nr = 3; nr <= 7; nr++)
		CHECK_EQ(call(nr, KEY, BASE_AT, SIZE_AT, 0), -1);
	CHECK_EQ(fake.steps, 0);
	begin();
	CHECK_EQ(call(8, KEY, BASE_AT, SIZE_AT, 0), -1);
	CHECK_EQ(call(3ull << 32 | 3, KEY, BASE_AT, SIZE_AT, 0), -1);
}
