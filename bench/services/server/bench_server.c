/* SPDX-License-Identifier: BSD-2-Clause */
/* The other side of bench_client.c: answers calls, from generated code or in registers, or waits
 * for a signal for ever. */
#include <stdbool.h>

#include "bench.ipc.h"
#include "server.h"
#include "start.h"
#include "sys.h"

static int32_t echo(void *self, uint64_t badge, const struct bench_message *in,
		    struct bench_message *out)
{
	(void)self;
	(void)badge;
	*out = *in;
	return 0;
}

static int32_t own_signal(void *self, uint64_t badge, const struct bench_nothing *in,
			  struct bench_nothing *out, skerry_cap caps_out[1])
{
	(void)self;
	(void)badge;
	(void)in;
	(void)out;
	caps_out[0] = START_SLOT_SIGNAL;
	return 0;
}

/* The words go back. Does not return while the port is there. */
static inline int32_t answer_words(bool fp)
{
	struct sys_message m = {.status = OK};

	while (m.status == OK) {
		m = sys_reply_wait_words(START_SLOT_PORT, INFO(OK, 0, 0), m.words[0], m.words[1],
					 m.words[2], m.words[3]);
		if (fp)
			__asm__ volatile(".arch_extension fp\n\tfmov d0, #1.0" ::: "memory");
	}
	return m.status;
}

static int32_t registers(void *self, uint64_t badge, const struct bench_nothing *in,
			 struct bench_nothing *out)
{
	(void)self;
	(void)badge;
	(void)in;
	(void)out;
	return answer_words(false);
}

static int32_t registers_fp(void *self, uint64_t badge, const struct bench_nothing *in,
			    struct bench_nothing *out)
{
	(void)self;
	(void)badge;
	(void)in;
	(void)out;
	return answer_words(true);
}

static int32_t serve(void *self, struct ipc_msg *msg)
{
	static const struct bench_ops ops = {.echo = echo,
					     .signal = own_signal,
					     .registers = registers,
					     .registers_fp = registers_fp};

	return bench_dispatch(&ops, self, msg);
}

static void wait_on(void *self, uint64_t bits)
{
	(void)self;
	do
		bits = 0;
	while (sys_wait(START_SLOT_SIGNAL, ~0ull, &bits) == OK);
}

int main(void)
{
	static const struct server server = {
	    .port = START_SLOT_PORT,
	    .serve = {[SERVER_SERVICE(BENCH_ECHO)] = serve},
	    .signal = wait_on,
	};

	server_ready();
	return server_run(&server, NULL);
}
