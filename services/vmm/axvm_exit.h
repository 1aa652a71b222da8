/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a vCPU stopped. "In" exits are served inside axvm_run_vcpu, by devices; "Out" exits are
 * returned to its caller. A backend may produce all of them; the kernel decodes and serves most of
 * the first kind before they get here.
 */
#ifndef VMM_AXVM_EXIT_H
#define VMM_AXVM_EXIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fields of struct axvm_exit that each has. Numbers are those of AxVmExit in idl/axvm.proto. */
enum axvm_exit_reason {
	AXVM_EXIT_NOTHING = 2,		   /* Out */
	AXVM_EXIT_HYPERCALL = 3,	   /* Out: nr, args */
	AXVM_EXIT_MMIO_READ = 4,	   /* In: addr, width, reg, reg_width, signed_ext */
	AXVM_EXIT_MMIO_WRITE = 5,	   /* In: addr, width, data */
	AXVM_EXIT_SYS_REG_READ = 6,	   /* In: addr, reg */
	AXVM_EXIT_SYS_REG_WRITE = 7,	   /* In: addr, data */
	AXVM_EXIT_IO_READ = 8,		   /* In: addr (the port), width */
	AXVM_EXIT_IO_WRITE = 9,		   /* In: addr (the port), width, data */
	AXVM_EXIT_EXTERNAL_INTERRUPT = 10, /* Out: vector */
	AXVM_EXIT_NESTED_PAGE_FAULT = 11,  /* In, Out if it cannot be served: addr, access_flags */
	AXVM_EXIT_HALT = 12,		   /* Out */
	AXVM_EXIT_CPU_UP = 13,		   /* Out: target_cpu, entry_point, arg */
	AXVM_EXIT_CPU_DOWN = 14,	   /* Out: state */
	AXVM_EXIT_SYSTEM_DOWN = 15,	   /* Out: status, 0 if the guest is content */
	AXVM_EXIT_FAIL_ENTRY = 16,	   /* Out: entry_failure */
	AXVM_EXIT_SEND_IPI = 17,	   /* Out: target_cpu, target_cpu_aux, send_to_*, vector */
	AXVM_EXIT_SYSTEM_RESET = 18,	   /* Out; ours */
};

#define AXVM_NO_VCPU SIZE_MAX

struct axvm_exit {
	enum axvm_exit_reason reason;
	size_t vcpu; /* the one that exited; AXVM_NO_VCPU: none did */
	uint64_t nr, args[6];
	uint64_t addr, data;
	uint32_t width, reg, reg_width; /* bytes; a number; bytes */
	bool signed_ext;
	uint64_t vector, access_flags;
	size_t target_cpu, target_cpu_aux;
	bool send_to_all, send_to_self;
	uint64_t entry_point, arg;
	uint64_t state, entry_failure;
	uint32_t status;
};

/* What a register of `reg_width` bytes gets that is loaded with the `width` bytes in `value`. */
uint64_t axvm_extend(uint64_t value, uint32_t width, uint32_t reg_width, bool signed_ext);
/* What a register that was `before` is behind a port access: 4 bytes clear the upper half. */
uint64_t axvm_port_merge(uint64_t before, uint64_t value, uint32_t width);

#endif
