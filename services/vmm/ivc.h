/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inter-VM communication: hypercalls 3 to 7. A guest's channel is a link: memory that the service
 * ivc gave, at guest addresses from the IVC device's range. What a link is made of comes through
 * struct ivc_steps; ivc_machine.c has those of the machine, unit tests bring their own, in which
 * each step can fail. docs/ivc.md has the guest's side.
 */
#ifndef VMM_IVC_H
#define VMM_IVC_H

#include <stdbool.h>
#include <stdint.h>

struct axvm_exit;
struct machine;

#define IVC_PAGE_BYTES 0x1000ull
#define IVC_LINKS 32u /* no VM can have more: IvcConfig has room for as many channels, twice */

/* Functions that return a bool: false, and nothing has changed. */
struct ivc_steps {
	/* A word of guest memory; read: false also when it is not aligned. */
	bool (*read)(void *host, uint64_t gpa, uint64_t *value);
	bool (*write)(void *host, uint64_t gpa, uint64_t value);
	/* *size: wanted, then real. */
	bool (*publish)(void *host, uint64_t key, uint64_t *size);
	bool (*subscribe)(void *host, uint64_t publisher, uint64_t key, uint64_t *size,
			  bool *writable);
	void (*unpublish)(void *host, uint64_t key);
	void (*unsubscribe)(void *host, uint64_t publisher, uint64_t key);
	bool (*notify)(void *host, uint64_t publisher, uint64_t key);
	/* Guest addresses. */
	bool (*alloc)(void *host, uint64_t size, uint64_t *gpa);
	void (*release)(void *host, uint64_t gpa, uint64_t size);
	/* The frame of that page of the channel becomes ours, for `gpa`. */
	bool (*take)(void *host, uint64_t publisher, uint64_t key, uint32_t page, uint64_t gpa);
	/* The frames taken for the range are in the guest. */
	bool (*map)(void *host, uint64_t gpa, uint64_t size, bool writable);
	/* They are no longer, nor ours; those that were not taken are none. */
	void (*drop)(void *host, uint64_t gpa, uint64_t size);
};

struct ivc_link {
	uint64_t publisher, key; /* a publisher of our own id: we publish it */
	uint64_t gpa, size;	 /* size 0: no link */
};

struct ivc {
	const struct ivc_steps *steps;
	void *host;
	uint64_t id; /* of this VM */
	struct ivc_link links[IVC_LINKS];
};

/* Serves the hypercall in *exit: *result is 0, or -1 for whatever failed. */
void ivc_hypercall(struct machine *m, const struct axvm_exit *exit, int64_t *result);
/* All links end: nothing of them is in the guest any more. */
void ivc_cut(struct ivc *ivc);

/* ---- ivc_machine.c ---- */
/*
 * Sets m->ivc if the configuration has an IVC device; between the other devices and the interrupt
 * controller. False after a line in the log.
 */
bool ivc_init(struct machine *m);
/* The VM has ended. */
void ivc_end(struct machine *m);

#endif
