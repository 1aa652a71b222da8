/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls through the kernel: what ipc.h promises to the generated stubs. */
#include "ipc.h"

#include "start.h"
#include "sys.h"

int32_t ipc_call(skerry_cap port, uint32_t method, size_t size, size_t *reply_size)
{
	struct sys_message m = sys_call(port, INFO(method, size, 0));

	*reply_size = m.info & INFO_LENGTH_MASK;
	return m.status ? m.status : (int32_t)(m.info >> INFO_LABEL_SHIFT);
}

static void drop(skerry_cap first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		(void)cspace_delete(START_SLOT_CSPACE, first + i);
}

int32_t ipc_call_caps(skerry_cap port, uint32_t method, size_t size, size_t *reply_size,
		      const skerry_cap *in, uint32_t in_count, skerry_cap out_first,
		      uint32_t out_count)
{
	struct message_buffer *buffer = ipc_thread_buffer;
	uint32_t receive = buffer->receive;

	*reply_size = 0;
	if (in_count > MESSAGE_CAPS || out_count > MESSAGE_CAPS)
		return BAD_ARGUMENT;
	for (uint32_t i = 0; i < in_count; i++)
		buffer->caps[i] = in[i];
	buffer->receive = out_count ? out_first : 0;

	struct sys_message m = sys_call(port, INFO(method, size, in_count));
	uint32_t got = m.info >> INFO_CAPS_SHIFT & INFO_CAPS_MASK;
	int32_t status = m.status ? m.status : (int32_t)(m.info >> INFO_LABEL_SHIFT);

	buffer->receive = receive;
	*reply_size = m.info & INFO_LENGTH_MASK;
	if (m.status == OK && got != (status ? 0 : out_count)) {
		drop(out_first, got);
		status = status ? status : BAD_MESSAGE;
	}
	return status;
}
