/* SPDX-License-Identifier: BSD-2-Clause */
/* The server loop. What an exit costs above its handler is server_run's first turn, so rare cases
 * are out of line. */
#include "server.h"

#include "exit.ipc.h"
#include "init.ipc.h"
#include "start.h"
#include "sys.h"

#define RARE __attribute__((noinline, cold))

void server_ready(void)
{
	struct ready_request request = {0};
	struct init_reply reply;

	(void)init_ready_call(START_SLOT_INIT, &request, &reply);
}

int32_t server_keep_reply(skerry_cap slot)
{
	return cspace_save_reply(START_SLOT_CSPACE, slot);
}

int32_t server_answer(skerry_cap slot, int32_t status, size_t size)
{
	int32_t result = sys_reply(slot, INFO(status, size, 0));

	/* A caller that is gone leaves the reply behind. */
	if (result != OK)
		(void)cspace_delete(START_SLOT_CSPACE, slot);
	return result;
}

RARE static int32_t server_unknown(void *self, struct ipc_msg *msg)
{
	(void)self;
	msg->size = 0;
	return BAD_METHOD;
}

/* A message with capabilities, or whose reply has some: returns how many go with the reply. */
RARE static uint32_t server_capabilities(const struct server *server, struct ipc_msg *msg)
{
	struct message_buffer *buffer = ipc_thread_buffer;

	for (uint32_t i = 0; i < msg->caps_in_count; i++)
		(void)cspace_delete(START_SLOT_CSPACE, server->receive + i);
	for (uint32_t i = 0; i < msg->caps_out_count; i++)
		buffer->caps[i] = msg->caps_out[i];
	return msg->caps_out_count;
}

RARE bool server_recover(int32_t status, uint64_t info)
{
	bool given_up = cspace_save_reply(START_SLOT_CSPACE, START_SLOT_SCRATCH) == OK;

	if (given_up)
		(void)cspace_delete(START_SLOT_CSPACE, START_SLOT_SCRATCH);
	if (info & INFO_NO_REPLY)
		return status == BUSY && given_up;
	return status != BAD_CAP && status != NO_RIGHT;
}

/* Is it VcpuExit.Mmio, whatever its length, without capabilities? */
static inline bool is_mmio(uint64_t info)
{
	return (info & ~INFO_LENGTH_MASK) == INFO(VCPU_EXIT_MMIO, 0, 0);
}

/* Returns the info word of the reply, which is in `data`. */
static inline uint64_t server_mmio(const struct server *server, void *self, uint8_t *data,
				   size_t size, uint64_t badge)
{
	struct access_reply out = {0};
	struct mmio_access in;
	int32_t status;

	if (!mmio_access_get(data, size, &in) && !mmio_access_decode(data, size, &in))
		return INFO(BAD_MESSAGE, 0, 0);
	status = server->mmio(self, badge, &in, &out);
	if (__builtin_expect(status != 0, 0))
		return status == IPC_KEPT ? INFO_NO_REPLY : INFO(status, 0, 0);
	access_reply_put(data, &out);
	return INFO(0, ACCESS_REPLY_SIZE, 0);
}

int32_t server_run(const struct server *server, void *self)
{
	skerry_cap out[MESSAGE_CAPS] = {0};
	struct message_buffer *buffer = ipc_thread_buffer;
	struct ipc_msg msg = {.data = buffer->data, .caps_in = buffer->caps, .caps_out = out};
	uint64_t info = INFO_NO_REPLY;

	buffer->receive = server->receive;
	for (;;) {
		struct sys_message m = sys_reply_wait(server->port, info);

		if (__builtin_expect(m.status != OK, 0)) {
			if (!server_recover(m.status, info))
				return m.status;
			info = INFO_NO_REPLY;
			continue;
		}
		if (__builtin_expect((m.info & INFO_SIGNAL) != 0, 0)) {
			uint64_t bits = m.extra & ~SERVER_RUNTIME_BITS;

			if (bits && server->signal)
				server->signal(self, bits);
			info = INFO_NO_REPLY;
			continue;
		}
		if (is_mmio(m.info) && server->mmio) {
			info = server_mmio(server, self, buffer->data, m.info & INFO_LENGTH_MASK,
					   m.extra);
			continue;
		}
		msg.method = (uint32_t)(m.info >> INFO_LABEL_SHIFT);
		msg.size = m.info & INFO_LENGTH_MASK;
		msg.badge = m.extra;
		msg.caps_in_count = m.info >> INFO_CAPS_SHIFT & INFO_CAPS_MASK;
		msg.caps_out_count = 0;

		uint32_t service = SERVER_SERVICE(msg.method);
		int32_t (*serve)(void *, struct ipc_msg *) = server_unknown;
		uint32_t caps = 0;

		if (service < SERVER_SERVICES && server->serve[service])
			serve = server->serve[service];

		int32_t status = serve(self, &msg);

		if (__builtin_expect(msg.caps_in_count | msg.caps_out_count, 0))
			caps = server_capabilities(server, &msg);
		info = status == IPC_KEPT ? INFO_NO_REPLY : INFO(status, msg.size, caps);
	}
}
