/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* /dev/ivc: what programs and the module skerry_ivc agree on. docs/ivc.md has the words. */
#ifndef SKERRY_IVC_H
#define SKERRY_IVC_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct ivc_publish {
	__u64 key;
	__u64 size; /* wanted, then real */
};

#define IVC_WRITE 1u /* flag: the memory is to be mapped writable */

struct ivc_subscribe {
	__u64 publisher; /* the VM's id */
	__u64 key;
	__u64 size; /* out */
	__u32 flags;
	__u32 reserved;
};

#define IVC_IOC_PUBLISH _IOWR('V', 1, struct ivc_publish)
#define IVC_IOC_SUBSCRIBE _IOWR('V', 2, struct ivc_subscribe)
#define IVC_IOC_UNPUBLISH _IO('V', 3)
#define IVC_IOC_UNSUBSCRIBE _IO('V', 4)
#define IVC_IOC_NOTIFY _IO('V', 5)

/* At the start of every channel's memory. */
struct ivc_header {
	__u64 publisher;
	__u64 key;
};

#endif
