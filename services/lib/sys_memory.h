/* SPDX-License-Identifier: BSD-2-Clause */
/* The second part of sys.h: untyped memory, frames, cspaces and spaces. */
#ifndef LIB_SYS_MEMORY_H
#define LIB_SYS_MEMORY_H

#include "sys_calls.h"

/* ---- Untyped ---- */
struct untyped_status {
	uint64_t size, left;
	uint32_t flags; /* UNTYPED_* */
	uint64_t first; /* address */
};

/* cspace: destination, 0 for the caller's own. Interrupted zeroing goes on by itself. */
SYS_INLINE int32_t untyped_retype(skerry_cap untyped, enum cap_type type, uint64_t param,
				  skerry_cap cspace, skerry_cap first, uint32_t count)
{
	return SYS_STATUS(
	    sys_trap8(CALL_INVOKE, untyped, UNTYPED_RETYPE, type, param, cspace, first, count, 0));
}

SYS_INLINE int32_t untyped_status(skerry_cap untyped, struct untyped_status *s)
{
	struct sys_result r = sys_invoke2(untyped, UNTYPED_STATUS);

	if (SYS_STATUS(r) == OK)
		*s = (struct untyped_status){r.a[1], r.a[2], (uint32_t)r.a[3], r.a[4]};
	return SYS_STATUS(r);
}

/* ---- Frame ---- */
SYS_INLINE int32_t frame_unmap(skerry_cap frame)
{
	return SYS_STATUS(sys_invoke2(frame, FRAME_UNMAP));
}

/* Needs RIGHT_DMA. */
SYS_INLINE int32_t frame_address(skerry_cap frame, uint64_t *address)
{
	struct sys_result r = sys_invoke2(frame, FRAME_ADDRESS);

	if (SYS_STATUS(r) == OK)
		*address = r.a[1];
	return SYS_STATUS(r);
}

SYS_INLINE int32_t frame_status(skerry_cap frame, uint32_t *order, uint32_t *mapped,
				uint64_t *address)
{
	struct sys_result r = sys_invoke2(frame, FRAME_STATUS);

	if (SYS_STATUS(r) == OK) {
		*order = (uint32_t)r.a[1];
		*mapped = (uint32_t)r.a[2];
		*address = r.a[3];
	}
	return SYS_STATUS(r);
}

/* ---- Cspace ---- */
/* rights: those to keep. badge 0: the source's. */
SYS_INLINE int32_t cspace_copy(skerry_cap cspace, skerry_cap to, skerry_cap from, uint32_t rights,
			       uint64_t badge)
{
	return SYS_STATUS(sys_invoke6(cspace, CSPACE_COPY, to, from, rights, badge));
}

SYS_INLINE int32_t cspace_move(skerry_cap cspace, skerry_cap to, skerry_cap from)
{
	return SYS_STATUS(sys_invoke4(cspace, CSPACE_MOVE, to, from));
}

SYS_INLINE int32_t cspace_delete(skerry_cap cspace, skerry_cap slot)
{
	return SYS_STATUS(sys_invoke4(cspace, CSPACE_DELETE, slot, 0));
}

SYS_INLINE int32_t cspace_revoke(skerry_cap cspace, skerry_cap slot)
{
	return SYS_STATUS(sys_invoke4(cspace, CSPACE_REVOKE, slot, 0));
}

SYS_INLINE int32_t cspace_status(skerry_cap cspace, skerry_cap slot, uint32_t *type,
				 uint32_t *rights, uint64_t *badge)
{
	struct sys_result r = sys_invoke4(cspace, CSPACE_STATUS, slot, 0);

	if (SYS_STATUS(r) == OK) {
		*type = (uint32_t)r.a[1];
		*rights = (uint32_t)r.a[2];
		*badge = r.a[3];
	}
	return SYS_STATUS(r);
}

/* Keeps the reply to the message being handled; answer it with sys_reply(slot, ...) or delete it.
 */
SYS_INLINE int32_t cspace_save_reply(skerry_cap cspace, skerry_cap slot)
{
	return SYS_STATUS(sys_invoke4(cspace, CSPACE_SAVE_REPLY, slot, 0));
}

/* ---- Space ---- */
SYS_INLINE int32_t space_map(skerry_cap space, skerry_cap first, uint64_t address,
			     uint32_t attributes, uint32_t count)
{
	return SYS_STATUS(sys_invoke6(space, SPACE_MAP, first, address, attributes, count));
}

SYS_INLINE int32_t space_donate(skerry_cap space, skerry_cap first, uint32_t count)
{
	return SYS_STATUS(sys_invoke4(space, SPACE_DONATE, first, count));
}

SYS_INLINE int32_t space_windows(skerry_cap space, skerry_cap cspace)
{
	return SYS_STATUS(sys_invoke4(space, SPACE_WINDOWS, cspace, 0));
}

SYS_INLINE int32_t space_bind(skerry_cap space, skerry_cap window, skerry_cap port,
			      uint64_t address, uint32_t order, uint64_t badge)
{
	return SYS_STATUS(
	    sys_trap8(CALL_INVOKE, space, SPACE_BIND, window, port, address, order, badge, 0));
}

/* width 0: any width. bit: 0..63, or that | DOORBELL_ANY_VALUE. */
SYS_INLINE int32_t space_doorbell(skerry_cap space, skerry_cap doorbell, skerry_cap window,
				  skerry_cap signal, uint32_t offset, uint32_t width,
				  uint64_t value, uint32_t bit)
{
	return SYS_STATUS(sys_trap8(CALL_INVOKE, space, SPACE_DOORBELL, doorbell, window, signal,
				    offset | (uint64_t)width << 32, value, bit));
}

struct space_status {
	uint32_t kind, tables, tag, address_bits;
};

SYS_INLINE int32_t space_status(skerry_cap space, struct space_status *s)
{
	struct sys_result r = sys_invoke2(space, SPACE_STATUS);

	if (SYS_STATUS(r) == OK)
		*s = (struct space_status){(uint32_t)r.a[1], (uint32_t)r.a[2], (uint32_t)r.a[3],
					   (uint32_t)r.a[4]};
	return SYS_STATUS(r);
}

SYS_INLINE int32_t space_root(skerry_cap space, uint64_t *address)
{
	struct sys_result r = sys_invoke2(space, SPACE_ROOT);

	if (SYS_STATUS(r) == OK)
		*address = r.a[1];
	return SYS_STATUS(r);
}

#endif
