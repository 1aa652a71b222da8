/* SPDX-License-Identifier: BSD-2-Clause */
/* struct axvm_exit as a message. */
#include <string.h>

#include "services/vmm/axvm_rpc_parts.h"

#define SAME(name, field)                                                      \
	_Static_assert((int)AXVM_EXIT_##name == skerry_AxVmExit_##field##_tag, \
		       "an exit's number is its field's in idl/axvm.proto")

SAME(NOTHING, nothing);
SAME(HYPERCALL, hypercall);
SAME(MMIO_READ, mmio_read);
SAME(MMIO_WRITE, mmio_write);
SAME(SYS_REG_READ, sys_reg_read);
SAME(SYS_REG_WRITE, sys_reg_write);
SAME(IO_READ, io_read);
SAME(IO_WRITE, io_write);
SAME(EXTERNAL_INTERRUPT, external_interrupt);
SAME(NESTED_PAGE_FAULT, nested_page_fault);
SAME(HALT, halt);
SAME(CPU_UP, cpu_up);
SAME(CPU_DOWN, cpu_down);
SAME(SYSTEM_DOWN, system_down);
SAME(FAIL_ENTRY, fail_entry);
SAME(SEND_IPI, send_ipi);
SAME(SYSTEM_RESET, system_reset);

/* The exits that devices answer, as far as a backend leaves them to the caller. */
static void access_exit(const struct axvm_exit *e, skerry_AxVmExit *out)
{
	const uint32_t port = (uint32_t)e->addr;

	switch (e->reason) {
	case AXVM_EXIT_MMIO_READ:
		out->reason.mmio_read =
		    (skerry_AxVmMmioRead){e->addr, e->width, e->reg, e->reg_width, e->signed_ext};
		break;
	case AXVM_EXIT_MMIO_WRITE:
		out->reason.mmio_write = (skerry_AxVmMmioWrite){e->addr, e->width, e->data};
		break;
	case AXVM_EXIT_SYS_REG_READ:
		out->reason.sys_reg_read = (skerry_AxVmSysRegRead){e->addr, e->reg};
		break;
	case AXVM_EXIT_SYS_REG_WRITE:
		out->reason.sys_reg_write = (skerry_AxVmSysRegWrite){e->addr, e->data};
		break;
	case AXVM_EXIT_IO_READ:
		out->reason.io_read = (skerry_AxVmIoRead){port, e->width};
		break;
	case AXVM_EXIT_IO_WRITE:
		out->reason.io_write = (skerry_AxVmIoWrite){port, e->width, e->data};
		break;
	default:
		out->reason.nested_page_fault =
		    (skerry_AxVmNestedPageFault){e->addr, e->access_flags};
		break;
	}
}

void axvm_rpc_exit(const struct axvm_exit *e, skerry_AxVmExit *out)
{
	out->has_vcpu = e->vcpu != AXVM_NO_VCPU;
	out->vcpu = (uint32_t)e->vcpu;
	out->which_reason = (pb_size_t)e->reason;
	switch (e->reason) {
	case AXVM_EXIT_NOTHING:
	case AXVM_EXIT_HALT:
	case AXVM_EXIT_SYSTEM_RESET:
		break;
	case AXVM_EXIT_HYPERCALL:
		out->reason.hypercall.nr = e->nr;
		memcpy(out->reason.hypercall.args, e->args, sizeof(e->args));
		break;
	case AXVM_EXIT_EXTERNAL_INTERRUPT:
		out->reason.external_interrupt.vector = e->vector;
		break;
	case AXVM_EXIT_CPU_UP:
		out->reason.cpu_up = (skerry_AxVmCpuUp){e->target_cpu, e->entry_point, e->arg};
		break;
	case AXVM_EXIT_CPU_DOWN:
		out->reason.cpu_down.state = e->state;
		break;
	case AXVM_EXIT_SYSTEM_DOWN:
		out->reason.system_down.status = e->status;
		break;
	case AXVM_EXIT_FAIL_ENTRY:
		out->reason.fail_entry.hardware_entry_failure_reason = e->entry_failure;
		break;
	case AXVM_EXIT_SEND_IPI:
		out->reason.send_ipi = (skerry_AxVmSendIpi){
		    e->target_cpu, e->target_cpu_aux, e->send_to_all, e->send_to_self, e->vector};
		break;
	default:
		access_exit(e, out);
		break;
	}
}
