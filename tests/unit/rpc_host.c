/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpc_host.h"

#include <string.h>

#include <pb_decode.h>

#include "kernel/abi.h"
#include "services/lib/server.h"
#include "test.h"

struct rpc_host rpc;
struct axvm_server server;
static struct message_buffer buffer;
_Thread_local struct message_buffer *ipc_thread_buffer = &buffer;

int32_t ipc_call(skerry_cap port, uint32_t method, size_t size, size_t *reply_size)
{
	struct ipc_msg msg = {.method = method, .data = buffer.data, .size = size};
	int32_t status;

	CHECK_EQ(port, PORT);
	CHECK(size <= MESSAGE_BYTES);
	status = axvm_rpc(&server, &msg);
	CHECK(msg.size <= MESSAGE_BYTES);
	*reply_size = msg.size;
	return status;
}

int32_t ipc_call_caps(skerry_cap port, uint32_t method, size_t size, size_t *reply_size,
		      const skerry_cap *in, uint32_t in_count, skerry_cap out_first,
		      uint32_t out_count)
{
	(void)in;
	(void)out_first;
	CHECK(in_count == 0 && out_count == 0);
	return ipc_call(port, method, size, reply_size);
}

int32_t server_keep_reply(skerry_cap slot)
{
	CHECK_EQ(slot, 9);
	CHECK_EQ(rpc.kept, 0);
	if (!rpc.keep)
		rpc.kept++;
	return rpc.keep;
}

int32_t server_answer(skerry_cap slot, int32_t status, size_t size)
{
	CHECK_EQ(slot, 9);
	CHECK_EQ(rpc.kept, 1);
	CHECK(size <= sizeof(rpc.data));
	rpc.kept--;
	rpc.answered++;
	rpc.status = status;
	rpc.size = size;
	memcpy(rpc.data, buffer.data, size);
	return rpc.answer;
}

static void use(void *h, const skerry_VmConfig *next)
{
	CHECK(h == &rpc);
	rpc.used = next;
}

static bool load(void *h)
{
	CHECK(h == &rpc);
	rpc.loads++;
	return !rpc.load_fails;
}

static int32_t serve(void *h, struct axvm_exit *exit)
{
	CHECK(h == &rpc);
	*exit = rpc.served;
	return OK;
}

static void end(void *none)
{
	(void)none;
	while (server.vm && !axvm_unref(server.vm))
		;
	server.vm = NULL;
	CHECK(host_is_empty());
}

static void begin(bool steered)
{
	prepare();
	memset(&rpc, 0, sizeof(rpc));
	rpc.served = (struct axvm_exit){.reason = AXVM_EXIT_NOTHING, .vcpu = AXVM_NO_VCPU};
	server = (struct axvm_server){
	    .hal = &hal,
	    .own = &config,
	    .steered = steered,
	    .host = &rpc,
	    .use = use,
	    .load = load,
	    .serve = serve,
	    .reply = 9,
	};
	test_cleanup(end, NULL);
}

void rpc_booted(void)
{
	begin(false);
	CHECK_EQ(axvm_new(&config, &hal, &server.vm), AXVM_OK);
}

void rpc_steered(void)
{
	begin(true);
}

int32_t rpc_call(uint32_t method, size_t size)
{
	return ipc_call(PORT, method, size, &size);
}

uint8_t *rpc_buffer(void)
{
	return buffer.data;
}

skerry_AxVmExit rpc_exit(void)
{
	skerry_AxVmExit exit = skerry_AxVmExit_init_zero;
	pb_istream_t stream = pb_istream_from_buffer(rpc.data, rpc.size);

	CHECK(pb_decode(&stream, skerry_AxVmExit_fields, &exit));
	return exit;
}
