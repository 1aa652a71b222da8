/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that an AxVM needs of what lies below it. machine*.c implements it with kernel calls;
 * tests/unit/vmm_host.c is a machine that is an array, and counts what it gave. Functions that can
 * fail return 0 or a status of kernel/abi.h; `host` comes first. What one function makes another
 * takes back, so that the last reference to a VM leaves nothing behind.
 */
#ifndef VMM_HAL_H
#define VMM_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct axvm;
struct axvm_exit;

struct hal {
	void *host;
	bool (*supported)(void *host);

	/* ---- The nine functions of AxVMHal ---- */
	/* Host memory at a fixed address. False: in use, or not there. */
	bool (*alloc_memory_region_at)(void *host, uint64_t base, uint64_t size);
	void (*dealloc_memory_region_at)(void *host, uint64_t base, uint64_t size);
	/* NOT_FOUND: no memory of the VM. NO_RIGHT: its physical address is not for us to know. */
	int32_t (*virt_to_phys)(void *host, const void *at, uint64_t *phys);
	uint64_t (*current_time_nanos)(void *host);
	/* Whose exit is being served: VM, vCPU, physical core. */
	size_t (*current_vm_id)(void *host);
	size_t (*current_vcpu_id)(void *host);
	size_t (*current_pcpu_id)(void *host);
	/* NOT_FOUND: no such vCPU. */
	int32_t (*vcpu_resides_on)(void *host, size_t vm, size_t vcpu, size_t *pcpu);
	/* BAD_ARGUMENT: no such interrupt. NOT_FOUND: no such vCPU. */
	int32_t (*inject_irq_to_vcpu)(void *host, size_t vm, size_t vcpu, uint32_t irq);

	/* ---- Paging ---- */
	/* A guest address space; *address_bits: of guest physical addresses. */
	int32_t (*space_create)(void *host, uint32_t number, uint32_t *address_bits);
	/* With all that is still in it. */
	void (*space_destroy)(void *host);
	/* Physical address of the first table. UNSUPPORTED: not for us to know. */
	int32_t (*space_root)(void *host, uint64_t *root);
	/* Where the memory for region `index` of the config is, `size` bytes; null: there is none.
	 */
	uint8_t *(*memory)(void *host, uint32_t index, uint64_t size);
	/* NOT_FOUND: not memory of this VM. On failure nothing stays mapped. */
	int32_t (*map)(void *host, uint64_t gpa, uint8_t *memory, uint64_t size, uint32_t flags);
	/* The same by physical address: device registers. */
	int32_t (*map_physical)(void *host, uint64_t gpa, uint64_t hpa, uint64_t size,
				uint32_t flags);
	/* What map and map_physical put there; holes are no error. BAD_ARGUMENT, with nothing
	 * changed: the range cuts a frame in two. */
	int32_t (*unmap)(void *host, uint64_t gpa, uint64_t size);
	/* This process wrote there: a guest whose caches are off sees it. */
	void (*written)(void *host, const void *at, size_t size);
	/* True: it is mapped now, the access can be done again. */
	bool (*page_fault)(void *host, uint64_t gpa, uint64_t access);

	/* ---- Devices that are not generic: called once, behind the vCPUs ---- */
	/* False: a line in the log says why. */
	bool (*devices_create)(void *host, struct axvm *vm);
	void (*devices_destroy)(void *host);

	/* ---- vCPUs: `id` is below the config's cpu_num ---- */
	int32_t (*vcpu_create)(void *host, uint32_t id);
	void (*vcpu_destroy)(void *host, uint32_t id);
	/* As after reset, to start at `entry`. BUSY: it is on. BAD_ARGUMENT: no address to start
	 * at. */
	int32_t (*vcpu_set_entry)(void *host, uint32_t id, uint64_t entry);
	/* BUSY: it runs. BAD_ARGUMENT: no such register. */
	int32_t (*vcpu_set_gpr)(void *host, uint32_t id, uint32_t reg, uint64_t value);
	int32_t (*vcpu_get_gpr)(void *host, uint32_t id, uint32_t reg, uint64_t *value);
	/* It runs from now on beside others. It may be on already. */
	int32_t (*vcpu_start)(void *host, uint32_t id);
	/* The exit it returned last waits for vcpu_resume; meanwhile others are served. */
	int32_t (*vcpu_park)(void *host, uint32_t id);
	int32_t (*vcpu_resume)(void *host, uint32_t id);
	/* For the call it exited with. NOT_FOUND: it did not. */
	int32_t (*vcpu_set_return_value)(void *host, uint32_t id, uint64_t value);
	/* The access it exited with ends in the exception that hardware has for it. */
	int32_t (*vcpu_fault)(void *host, uint32_t id, const struct axvm_exit *exit);
	/* Runs it, and all others that are on, until an exit that is not served below. */
	int32_t (*vcpu_run)(void *host, uint32_t id, struct axvm_exit *exit);
};

#endif
