/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU of the fake machine: lazily switched state is one marker; interrupts are records, four of
 * which fit into the list registers.
 */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <stdbool.h>
#include <stdint.h>

struct line;

#define FAKE_LIST_REGISTERS 4
#define FAKE_INTERRUPTS 1020

struct fake_interrupt {
	uint32_t id;
	uint16_t priority;
	uint8_t state;	   /* IRQ_PENDING, IRQ_ACTIVE */
	bool listed;	   /* in a list register; else overflow */
	bool hardware;	   /* linked to the physical interrupt of one of the vCPU's own sources */
	uint32_t physical; /* linked to this one; 0: none */
	struct line *line;
};

struct arch_vcpu {
	uint64_t lazy;
	struct fake_interrupt interrupts[FAKE_INTERRUPTS]; /* in order of injection */
	unsigned count;
	struct {
		uint64_t at; /* its level is high from then on; ~0: off */
		uint16_t priority;
		bool enabled;	 /* in the virtual redistributor */
		bool held;	 /* fired while not enabled: physically active, nothing injected */
	} own[2];		 /* by VCPU_SOURCE_* */
	bool aborted, undefined; /* exceptions injected and not yet seen by the test */
};

#define FAKE_FEATURES 0x5u
#define FAKE_GROUP_GENERAL 0u
#define FAKE_GROUP_LAZY 1u

#endif
