/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Channels to other VMs for programs of a Linux guest: /dev/ivc, bound to the device tree's node
 * "skerry,ivc". An open file is one channel at most, which it leaves when it is closed; its memory
 * is mapped with mmap, and doorbells are counted: poll waits for one, read takes their number.
 */
#include <linux/arm-smccc.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "skerry_ivc.h"

enum hypercall {
	HYPERCALL_PUBLISH = 3,
	HYPERCALL_SUBSCRIBE,
	HYPERCALL_UNPUBLISH,
	HYPERCALL_UNSUBSCRIBE,
	HYPERCALL_NOTIFY,
};

struct ivc_device {
	struct miscdevice misc;
	struct resource *range;
	atomic_t bells; /* since the start */
	wait_queue_head_t wait;
};

enum role { ROLE_NONE, ROLE_PUBLISHER, ROLE_SUBSCRIBER };

struct ivc_file {
	struct ivc_device *ivc;
	struct mutex lock; /* over all that follows */
	enum role role;
	bool writable;
	u64 publisher, key;
	u64 base,
	    size; /* written by the hypervisor: not on a stack, which may be no linear memory */
	int seen; /* bells that were read */
	atomic_t mappings;
};

static long call(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_hvc(nr, a, b, c, d, &res);
	/* It has one error for all. */
	return res.a0 ? -EPERM : 0;
}

static bool range_holds(const struct ivc_file *f)
{
	const struct resource *r = f->ivc->range;

	return f->base >= r->start && f->size != 0 && f->base - r->start <= resource_size(r) &&
	       f->size <= resource_size(r) - (f->base - r->start) && PAGE_ALIGNED(f->base);
}

static long leave(struct ivc_file *f)
{
	long error = f->role == ROLE_PUBLISHER
			 ? call(HYPERCALL_UNPUBLISH, f->key, 0, 0, 0)
			 : call(HYPERCALL_UNSUBSCRIBE, f->publisher, f->key, 0, 0);

	f->role = ROLE_NONE;
	return error;
}

static long joined(struct ivc_file *f, enum role role, bool writable)
{
	f->role = role;
	f->writable = writable;
	if (range_holds(f))
		return 0;
	(void)leave(f);
	return -EIO;
}

/* Whose channel it is, by which notify names it: of our own we know only what the header says. */
static long read_header(struct ivc_file *f)
{
	const struct ivc_header *header = memremap(f->base, sizeof(*header), MEMREMAP_WB);

	if (!header) {
		(void)leave(f);
		return -ENOMEM;
	}
	f->publisher = header->publisher;
	memunmap((void *)header);
	return 0;
}

static long publish(struct ivc_file *f, struct ivc_publish *p)
{
	long error;

	if (f->role != ROLE_NONE)
		return -EBUSY;
	f->key = p->key;
	f->size = p->size;
	error = call(HYPERCALL_PUBLISH, p->key, virt_to_phys(&f->base), virt_to_phys(&f->size), 0);
	if (!error)
		error = joined(f, ROLE_PUBLISHER, true);
	if (!error)
		error = read_header(f);
	p->size = f->size;
	return error;
}

static long subscribe(struct ivc_file *f, struct ivc_subscribe *s)
{
	long error;

	if (s->flags & ~IVC_WRITE || s->reserved)
		return -EINVAL;
	if (f->role != ROLE_NONE)
		return -EBUSY;
	f->publisher = s->publisher;
	f->key = s->key;
	error = call(HYPERCALL_SUBSCRIBE, s->publisher, s->key, virt_to_phys(&f->base),
		     virt_to_phys(&f->size));
	if (!error)
		error = joined(f, ROLE_SUBSCRIBER, s->flags & IVC_WRITE);
	s->size = f->size;
	return error;
}

/* What is mapped would be mapped no more, under the program's feet. */
static long leave_as(struct ivc_file *f, enum role role)
{
	if (f->role != role)
		return -EINVAL;
	return atomic_read(&f->mappings) ? -EBUSY : leave(f);
}

static long notify(struct ivc_file *f)
{
	if (f->role == ROLE_NONE)
		return -EINVAL;
	/* What was written before is there when the bell rings. */
	smp_wmb();
	return call(HYPERCALL_NOTIFY, f->publisher, f->key, 0, 0);
}

/* The lock is not held while memory of the program is touched: mmap takes it within the memory's
 * own. */
static long locked(struct ivc_file *f, unsigned int command, void *argument)
{
	long result = -ENOTTY;

	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	switch (command) {
	case IVC_IOC_PUBLISH:
		result = publish(f, argument);
		break;
	case IVC_IOC_SUBSCRIBE:
		result = subscribe(f, argument);
		break;
	case IVC_IOC_UNPUBLISH:
		result = leave_as(f, ROLE_PUBLISHER);
		break;
	case IVC_IOC_UNSUBSCRIBE:
		result = leave_as(f, ROLE_SUBSCRIBER);
		break;
	case IVC_IOC_NOTIFY:
		result = notify(f);
		break;
	}
	mutex_unlock(&f->lock);
	return result;
}

static long ivc_ioctl(struct file *file, unsigned int command, unsigned long at)
{
	union {
		struct ivc_publish publish;
		struct ivc_subscribe subscribe;
	} argument = {};
	const size_t size = _IOC_SIZE(command);
	long result;

	if (size > sizeof(argument))
		return -ENOTTY;
	if (copy_from_user(&argument, (void __user *)at, size))
		return -EFAULT;
	result = locked(file->private_data, command, &argument);
	/* A channel whose size cannot be told is left when the file is closed. */
	if (!result && copy_to_user((void __user *)at, &argument, size))
		return -EFAULT;
	return result;
}

/* ---- Memory ---- */
static void mapping_open(struct vm_area_struct *vma)
{
	struct ivc_file *f = vma->vm_private_data;

	atomic_inc(&f->mappings);
}

static void mapping_close(struct vm_area_struct *vma)
{
	struct ivc_file *f = vma->vm_private_data;

	atomic_dec(&f->mappings);
}

static const struct vm_operations_struct mapping_ops = {
    .open = mapping_open,
    .close = mapping_close,
};

static int map(struct ivc_file *f, struct vm_area_struct *vma)
{
	const u64 bytes = vma->vm_end - vma->vm_start, pages = f->size >> PAGE_SHIFT;
	int error;

	if (f->role == ROLE_NONE || !(vma->vm_flags & VM_SHARED) || vma->vm_pgoff > pages ||
	    bytes >> PAGE_SHIFT > pages - vma->vm_pgoff)
		return -EINVAL;
	if (!f->writable) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vma->vm_flags &= ~VM_MAYWRITE;
	}
	error = remap_pfn_range(vma, vma->vm_start, (f->base >> PAGE_SHIFT) + vma->vm_pgoff, bytes,
				vma->vm_page_prot);
	if (error)
		return error;
	vma->vm_private_data = f;
	vma->vm_ops = &mapping_ops;
	mapping_open(vma);
	return 0;
}

static int ivc_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ivc_file *f = file->private_data;
	int error;

	mutex_lock(&f->lock);
	error = map(f, vma);
	mutex_unlock(&f->lock);
	return error;
}

/* ---- Doorbells ---- */
static irqreturn_t ring(int irq, void *arg)
{
	struct ivc_device *ivc = arg;

	atomic_inc(&ivc->bells);
	wake_up_interruptible(&ivc->wait);
	return IRQ_HANDLED;
}

static ssize_t ivc_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	struct ivc_file *f = file->private_data;
	int now;
	u32 count;

	if (size < sizeof(count))
		return -EINVAL;
	if (file->f_flags & O_NONBLOCK) {
		if (atomic_read(&f->ivc->bells) == f->seen)
			return -EAGAIN;
	} else if (wait_event_interruptible(f->ivc->wait, atomic_read(&f->ivc->bells) != f->seen)) {
		return -ERESTARTSYS;
	}
	now = atomic_read(&f->ivc->bells);
	count = (u32)now - (u32)f->seen;
	if (copy_to_user(to, &count, sizeof(count)))
		return -EFAULT;
	f->seen = now;
	return sizeof(count);
}

static __poll_t ivc_poll(struct file *file, poll_table *table)
{
	struct ivc_file *f = file->private_data;

	poll_wait(file, &f->ivc->wait, table);
	return atomic_read(&f->ivc->bells) != f->seen ? EPOLLIN | EPOLLRDNORM : 0;
}

static int ivc_open(struct inode *inode, struct file *file)
{
	struct ivc_device *ivc = container_of(file->private_data, struct ivc_device, misc);
	struct ivc_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->ivc = ivc;
	mutex_init(&f->lock);
	f->seen = atomic_read(&ivc->bells);
	file->private_data = f;
	return 0;
}

/* Mappings hold the file: there are none any more. */
static int ivc_release(struct inode *inode, struct file *file)
{
	struct ivc_file *f = file->private_data;

	if (f->role != ROLE_NONE)
		(void)leave(f);
	kfree(f);
	return 0;
}

static const struct file_operations ivc_operations = {
    .owner = THIS_MODULE,
    .open = ivc_open,
    .release = ivc_release,
    .unlocked_ioctl = ivc_ioctl,
    .mmap = ivc_mmap,
    .read = ivc_read,
    .poll = ivc_poll,
};

static int ivc_probe(struct platform_device *device)
{
	struct ivc_device *ivc = devm_kzalloc(&device->dev, sizeof(*ivc), GFP_KERNEL);
	int irq, error;

	if (!ivc)
		return -ENOMEM;
	ivc->range = platform_get_resource(device, IORESOURCE_MEM, 0);
	if (!ivc->range)
		return -ENODEV;
	init_waitqueue_head(&ivc->wait);
	irq = platform_get_irq_optional(device, 0);
	if (irq > 0) {
		error = devm_request_irq(&device->dev, irq, ring, 0, "skerry_ivc", ivc);
		if (error)
			return error;
	}
	ivc->misc = (struct miscdevice){
	    .minor = MISC_DYNAMIC_MINOR,
	    .name = "ivc",
	    .fops = &ivc_operations,
	    .parent = &device->dev,
	};
	platform_set_drvdata(device, ivc);
	return misc_register(&ivc->misc);
}

static int ivc_remove(struct platform_device *device)
{
	struct ivc_device *ivc = platform_get_drvdata(device);

	misc_deregister(&ivc->misc);
	return 0;
}

static const struct of_device_id ivc_ids[] = {{.compatible = "skerry,ivc"}, {}};
MODULE_DEVICE_TABLE(of, ivc_ids);

static struct platform_driver ivc_driver = {
    .probe = ivc_probe,
    .remove = ivc_remove,
    /* Open files count as users of the module, not of the device. */
    .driver = {.name = "skerry_ivc", .of_match_table = ivc_ids, .suppress_bind_attrs = true},
};
module_platform_driver(ivc_driver);

MODULE_DESCRIPTION("Channels to other VMs of Skerry");
MODULE_LICENSE("Dual BSD/GPL");
