/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the virtio 1.2 specification that devices and drivers share: registers of the MMIO
 * transport (4.2.2), status bits (2.1), features (6), split virtqueues (2.7), the network (5.1),
 * block (5.2) and console (5.3) devices. */
#ifndef VIRTIO_H
#define VIRTIO_H

#include <stdint.h>

enum virtio_register {
	VIRTIO_MAGIC_VALUE = 0x000,
	VIRTIO_DEVICE_VERSION = 0x004,
	VIRTIO_DEVICE_ID = 0x008,
	VIRTIO_VENDOR_ID = 0x00c,
	VIRTIO_DEVICE_FEATURES = 0x010,
	VIRTIO_DEVICE_FEATURES_SEL = 0x014,
	VIRTIO_DRIVER_FEATURES = 0x020,
	VIRTIO_DRIVER_FEATURES_SEL = 0x024,
	VIRTIO_QUEUE_SEL = 0x030,
	VIRTIO_QUEUE_NUM_MAX = 0x034,
	VIRTIO_QUEUE_NUM = 0x038,
	VIRTIO_QUEUE_READY = 0x044,
	VIRTIO_QUEUE_NOTIFY = 0x050,
	VIRTIO_INTERRUPT_STATUS = 0x060,
	VIRTIO_INTERRUPT_ACK = 0x064,
	VIRTIO_STATUS = 0x070,
	VIRTIO_QUEUE_DESC = 0x080, /* each of the three: low half, then high half */
	VIRTIO_QUEUE_DRIVER = 0x090,
	VIRTIO_QUEUE_DEVICE = 0x0a0,
	VIRTIO_SHM_LEN = 0x0b0,
	VIRTIO_SHM_BASE = 0x0b8,
	VIRTIO_CONFIG_GENERATION = 0x0fc,
	VIRTIO_CONFIG = 0x100,
};

#define VIRTIO_MAGIC 0x74726976u /* "virt" */
#define VIRTIO_MODERN 2u
#define VIRTIO_NET_DEVICE 1u
#define VIRTIO_BLOCK_DEVICE 2u
#define VIRTIO_CONSOLE_DEVICE 3u

#define VIRTIO_INTERRUPT_USED 1u
#define VIRTIO_INTERRUPT_CONFIG 2u

enum virtio_status {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

/* Descriptor: le64 address, le32 length, le16 flags, le16 next. */
#define VIRTIO_DESC_BYTES 16u
#define VIRTIO_DESC_NEXT 1u
#define VIRTIO_DESC_WRITE 2u
#define VIRTIO_DESC_INDIRECT 4u

struct virtio_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

/* Available ring: le16 flags, le16 index, le16 ring[n], le16 used_event. Used ring: le16 flags,
 * le16 index, { le32 id, le32 length } ring[n], le16 avail_event. */
#define VIRTIO_AVAIL_NO_INTERRUPT 1u
#define VIRTIO_AVAIL_BYTES(n) (6u + 2u * (n))
#define VIRTIO_USED_BYTES(n) (6u + 8u * (n))

#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_F_RO (1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE (1ull << 6)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)

enum virtio_blk_type {
	VIRTIO_BLK_IN = 0,
	VIRTIO_BLK_OUT = 1,
	VIRTIO_BLK_FLUSH = 4,
	VIRTIO_BLK_GET_ID = 8,
};
enum virtio_blk_answer { VIRTIO_BLK_OK, VIRTIO_BLK_IOERR, VIRTIO_BLK_UNSUPP };

#define VIRTIO_BLK_HEADER 16u /* le32 type, le32 reserved, le64 sector */
#define VIRTIO_BLK_ID_BYTES 20u
#define VIRTIO_BLK_SECTOR 512u

/* Queues of the network and of the console device. */
enum virtio_pair { VIRTIO_RECEIVE, VIRTIO_TRANSMIT, VIRTIO_PAIR };

#define VIRTIO_NET_F_MAC (1ull << 5)
#define VIRTIO_NET_F_STATUS (1ull << 16)
#define VIRTIO_NET_LINK_UP 1u
#define VIRTIO_NET_HEADER 12u /* before each frame; all zero but le16 num_buffers at its end */
#define VIRTIO_NET_NUM_BUFFERS 10u

/* Whether an index that went from `before` to `now` passed the one the peer waits for (2.7.10). */
static inline int virtio_event_passed(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

#endif
