/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio disk at an address of choice, with its queue in memory of choice. */
#ifndef GUEST_DISK_H
#define GUEST_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_QUEUE 16u
#define DISK_SECTOR 512u

struct disk_memory { /* zero, at a multiple of 16 */
	struct {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} desc[DISK_QUEUE];
	struct {
		uint16_t flags, index, ring[DISK_QUEUE];
	} avail;
	struct {
		uint16_t flags;
		volatile uint16_t index;
		struct {
			uint32_t id, length;
		} ring[DISK_QUEUE];
	} used __attribute__((aligned(8)));
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} request;
	volatile uint8_t status;
	uint8_t data[DISK_SECTOR] __attribute__((aligned(16)));
};

bool disk_is(uint64_t base);
void disk_start(uint64_t base, struct disk_memory *memory);
/* Between the disk and memory->data; returns when it is done, well. */
void disk_transfer(bool write, uint64_t sector);

#endif
