/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No word of the kernel's memory is the address of memory that is nothing now, whatever field it is
 * in: struct kernel, every live object, the fake machine's own state. What a field means does not
 * count, but for those of which another says that they mean nothing; these are masked.
 */
#include <stdlib.h>
#include <string.h>

#include "check_kernel.h"
#include "fake.h"
#include "test.h"

#define RANGES 8192

struct range {
	uintptr_t start, end;
};

static struct range live[RANGES];
static unsigned ranges;

static void add(const void *start, size_t bytes)
{
	CHECK(ranges < RANGES);
	live[ranges++] = (struct range){(uintptr_t)start, (uintptr_t)start + bytes};
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static size_t bytes_of(const struct cap *c)
{
	switch ((enum cap_type)c->type) {
	case CAP_CSPACE:
		return sizeof(struct cspace) +
		       ((struct cspace *)c->object)->count * sizeof(struct cap);
	case CAP_SPACE:
		return ARCH_SPACE_BYTES;
	case CAP_THREAD:
		return sizeof(struct thread);
	case CAP_VCPU:
		return sizeof(struct vcpu);
	case CAP_PORT:
		return sizeof(struct port);
	case CAP_SIGNAL:
		return sizeof(struct signal);
	case CAP_TIMER:
		return sizeof(struct timer);
	default:
		return sizeof(struct line);
	}
}

static void collect(struct kernel *k, const struct census *census)
{
	ranges = 0;
	for (unsigned i = 0; i < census->count; i++) {
		const struct cap *c = census->originals[i];

		add(c->object, bytes_of(c));
		if (c->type != CAP_SPACE)
			continue;
		for (const struct table_page *p = ((struct space *)c->object)->pool; p; p = p->next)
			add(p, 4096);
	}
	for (const struct cap *c = k->root.next; c; c = c->next)
		if (c->type == CAP_FRAME || c->type == CAP_TABLE)
			add(c->object, 1ull << c->order);
	qsort(live, ranges, sizeof(live[0]), by_start);

	unsigned n = 0;

	for (unsigned i = 1; i < ranges; i++) {
		if (live[i].start > live[n].end)
			live[++n] = live[i];
		else if (live[i].end > live[n].end)
			live[n].end = live[i].end;
	}
	ranges = n + 1;
}

static bool alive(uintptr_t p)
{
	unsigned low = 0, high = ranges;

	while (high - low > 1) {
		unsigned middle = (low + high) / 2;

		if (live[middle].start <= p)
			low = middle;
		else
			high = middle;
	}
	return (p >= live[low].start && p < live[low].end) || fake_page((void *)p)->table;
}

static void scan(const char *what, const void *original, const void *copy, size_t bytes)
{
	const uintptr_t *word = copy;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		if (word[i] && fake_page((void *)word[i]) && !alive(word[i]))
			FAIL("%s %p: offset %zu has 0x%llx, where nothing is any more", what,
			     original, i * sizeof(*word), (unsigned long long)word[i]);
}

static void mask_deadline(struct deadline *d)
{
	if (!d->armed)
		d->parent = d->left = d->right = NULL;
}

static void mask_context(struct context *c)
{
	memset(&c->arch, 0, sizeof(c->arch)); /* user level's */
	if (c->state != CONTEXT_SENDING && c->state != CONTEXT_RECEIVING)
		c->port = NULL;
	mask_deadline(&c->refill);
}

static void scan_vcpu(const struct vcpu *original)
{
	static struct vcpu v;

	v = *original;
	mask_context(&v.context);
	mask_deadline(&v.deadline);
	memset(&v.exit, 0, sizeof(v.exit)); /* the guest's */
	memset(&v.arch.interrupts[v.arch.count], 0,
	       (FAKE_INTERRUPTS - v.arch.count) * sizeof(v.arch.interrupts[0]));
	scan("vcpu", original, &v, sizeof(v));
}

static uint64_t deletions; /* the kernel's */

static void scan_cspace(const struct cspace *original)
{
	struct cspace head = *original;

	if (head.emptied_by != deletions)
		head.outer = NULL; /* not looked at */
	scan("cspace", original, &head, sizeof(head));
	for (uint32_t i = 0; i < original->count; i++) {
		struct cap c = original->slots[i];

		if (c.type == CAP_UNTYPED)
			c.object = NULL; /* memory that is nothing is what it names */
		scan("slot", &original->slots[i], &c, sizeof(c));
	}
}

static void scan_object(const struct cap *c)
{
	struct thread t;
	struct timer d;
	struct space s;

	switch ((enum cap_type)c->type) {
	case CAP_CSPACE:
		scan_cspace(c->object);
		break;
	case CAP_VCPU:
		scan_vcpu(c->object);
		break;
	case CAP_THREAD:
		t = *(struct thread *)c->object;
		mask_context(&t.context);
		t.fault_address = t.fault_syndrome = t.fault_pc = 0;
		scan("thread", c->object, &t, sizeof(t));
		break;
	case CAP_TIMER:
		d = *(struct timer *)c->object;
		mask_deadline(&d.deadline);
		scan("timer", c->object, &d, sizeof(d));
		break;
	case CAP_SPACE:
		s = *(struct space *)c->object;
		if (s.found_page == NO_PAGE)
			s.found = NULL;
		scan("space", c->object, &s, sizeof(s));
		break;
	default:
		scan("object", c->object, c->object, bytes_of(c));
		break;
	}
}

void check_words(struct kernel *original, const struct census *census)
{
	static struct kernel k;

	collect(original, census);
	deletions = original->deletion.top ? original->deletions : 0;
	k = *original;
	mask_context(&k.idle);
	k.arch.eager = k.arch.fp = k.arch.lazy = 0;
	for (unsigned i = 0; i < FAKE_TLB; i++)
		if (!k.arch.tlb[i].valid)
			k.arch.tlb[i] = (struct fake_translation){0};
	scan("kernel", original, &k, sizeof(k));
	for (unsigned i = 0; i < census->count; i++)
		scan_object(census->originals[i]);
}
