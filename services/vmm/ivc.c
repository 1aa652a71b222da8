/* SPDX-License-Identifier: BSD-2-Clause */
#include "services/vmm/ivc.h"

#include <stddef.h>

#include "services/vmm/hypercall.h"
#include "services/vmm/machine.h"

enum ivc_hypercall { /* as the seed numbers them; the last is ours */
		     IVC_HYPERCALL_PUBLISH = 3,
		     IVC_HYPERCALL_SUBSCRIBE,
		     IVC_HYPERCALL_UNPUBLISH,
		     IVC_HYPERCALL_UNSUBSCRIBE,
		     IVC_HYPERCALL_NOTIFY,
};

/* Null: there is none. */
static struct ivc_link *find(struct ivc *ivc, uint64_t publisher, uint64_t key)
{
	for (uint32_t i = 0; i < IVC_LINKS; i++) {
		struct ivc_link *l = &ivc->links[i];

		if (l->size && l->publisher == publisher && l->key == key)
			return l;
	}
	return NULL;
}

static struct ivc_link *free_link(struct ivc *ivc)
{
	for (uint32_t i = 0; i < IVC_LINKS; i++) {
		if (!ivc->links[i].size)
			return &ivc->links[i];
	}
	return NULL;
}

/*
 * A link is made from the outside to the inside, and each of these undoes its own when what is
 * within it fails: channel, guest addresses, frames, the guest's knowledge.
 */
static bool tell(struct ivc *ivc, const struct ivc_link *l, uint64_t base_at, uint64_t size_at)
{
	return ivc->steps->write(ivc->host, base_at, l->gpa) &&
	       ivc->steps->write(ivc->host, size_at, l->size);
}

static bool take_all(struct ivc *ivc, const struct ivc_link *l)
{
	for (uint64_t at = 0; at < l->size; at += IVC_PAGE_BYTES) {
		if (!ivc->steps->take(ivc->host, l->publisher, l->key,
				      (uint32_t)(at / IVC_PAGE_BYTES), l->gpa + at))
			return false;
	}
	return true;
}

static bool fill(struct ivc *ivc, const struct ivc_link *l, bool writable, uint64_t base_at,
		 uint64_t size_at)
{
	if (take_all(ivc, l) && ivc->steps->map(ivc->host, l->gpa, l->size, writable) &&
	    tell(ivc, l, base_at, size_at))
		return true;
	ivc->steps->drop(ivc->host, l->gpa, l->size);
	return false;
}

static bool settle(struct ivc *ivc, struct ivc_link *l, bool writable, uint64_t base_at,
		   uint64_t size_at)
{
	if (!ivc->steps->alloc(ivc->host, l->size, &l->gpa))
		return false;
	if (fill(ivc, l, writable, base_at, size_at))
		return true;
	ivc->steps->release(ivc->host, l->gpa, l->size);
	return false;
}

static void leave(struct ivc *ivc, const struct ivc_link *l)
{
	if (l->publisher == ivc->id)
		ivc->steps->unpublish(ivc->host, l->key);
	else
		ivc->steps->unsubscribe(ivc->host, l->publisher, l->key);
}

static int64_t publish(struct ivc *ivc, uint64_t key, uint64_t base_at, uint64_t size_at)
{
	struct ivc_link link = {.publisher = ivc->id, .key = key}, *l = free_link(ivc);

	if (!l || find(ivc, ivc->id, key) || !ivc->steps->read(ivc->host, size_at, &link.size) ||
	    !ivc->steps->publish(ivc->host, key, &link.size))
		return HYPERCALL_FAILED;
	if (!settle(ivc, &link, true, base_at, size_at)) {
		leave(ivc, &link);
		return HYPERCALL_FAILED;
	}
	*l = link;
	return 0;
}

static int64_t subscribe(struct ivc *ivc, uint64_t publisher, uint64_t key, uint64_t base_at,
			 uint64_t size_at)
{
	struct ivc_link link = {.publisher = publisher, .key = key}, *l = free_link(ivc);
	bool writable = false;

	if (!l || publisher == ivc->id || find(ivc, publisher, key) ||
	    !ivc->steps->subscribe(ivc->host, publisher, key, &link.size, &writable))
		return HYPERCALL_FAILED;
	if (!settle(ivc, &link, writable, base_at, size_at)) {
		leave(ivc, &link);
		return HYPERCALL_FAILED;
	}
	*l = link;
	return 0;
}

/* From the inside to the outside: out of the guest before anyone else can have it. */
static void cut(struct ivc *ivc, struct ivc_link *l)
{
	ivc->steps->drop(ivc->host, l->gpa, l->size);
	ivc->steps->release(ivc->host, l->gpa, l->size);
	leave(ivc, l);
	*l = (struct ivc_link){0};
}

static int64_t end(struct ivc *ivc, struct ivc_link *l)
{
	if (!l)
		return HYPERCALL_FAILED;
	cut(ivc, l);
	return 0;
}

void ivc_cut(struct ivc *ivc)
{
	for (uint32_t i = 0; i < IVC_LINKS; i++) {
		if (ivc->links[i].size)
			cut(ivc, &ivc->links[i]);
	}
}

static int64_t notify(struct ivc *ivc, uint64_t publisher, uint64_t key)
{
	if (!find(ivc, publisher, key) || !ivc->steps->notify(ivc->host, publisher, key))
		return HYPERCALL_FAILED;
	return 0;
}

void ivc_hypercall(struct machine *m, const struct axvm_exit *exit, int64_t *result)
{
	struct ivc *ivc = m->ivc;
	const uint64_t *a = exit->args;

	*result = HYPERCALL_FAILED;
	if (!ivc)
		return;
	switch (exit->nr) {
	case IVC_HYPERCALL_PUBLISH:
		*result = publish(ivc, a[0], a[1], a[2]);
		break;
	case IVC_HYPERCALL_SUBSCRIBE:
		*result = subscribe(ivc, a[0], a[1], a[2], a[3]);
		break;
	case IVC_HYPERCALL_UNPUBLISH:
		*result = end(ivc, find(ivc, ivc->id, a[0]));
		break;
	case IVC_HYPERCALL_UNSUBSCRIBE:
		*result = a[0] == ivc->id ? HYPERCALL_FAILED : end(ivc, find(ivc, a[0], a[1]));
		break;
	case IVC_HYPERCALL_NOTIFY:
		*result = notify(ivc, a[0], a[1]);
		break;
	default:
		break;
	}
}
