/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an AxVM needs of what lies below it. machine.c implements it with kernel calls; unit tests
 * bring their own. Functions return 0 or a status of kernel/abi.h; `host` comes first.
 */
#ifndef VMM_HAL_H
#define VMM_HAL_H

#include <stdbool.h>
#include <stdint.h>

struct axvm_exit;

struct hal {
	void *host;
	bool (*supported)(void *host);
	/* A guest address space; *address_bits: of guest physical addresses. */
	int32_t (*space_create)(void *host, uint32_t number, uint32_t *address_bits);
	/* Where the memory for region `index` of the config is, `size` bytes; null: there is none.
	 */
	uint8_t *(*memory)(void *host, uint32_t index, uint64_t size);
	/* NOT_FOUND: not memory of this VM. On failure nothing stays mapped. */
	int32_t (*map)(void *host, uint64_t gpa, uint8_t *memory, uint64_t size, uint32_t flags);
	int32_t (*vcpu_create)(void *host, uint32_t id);
	/* Runs until an exit that concerns the caller. */
	int32_t (*vcpu_run)(void *host, uint32_t id, struct axvm_exit *exit);
	int32_t (*inject)(void *host, uint32_t vcpu, uint32_t irq);
	/* Everything made by the functions above goes. */
	void (*release)(void *host);
};

#endif
