/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generated client stubs call generated dispatch through a fake transport. Without an argument it
 * prints the names of its tests; with one it runs that test.
 */
#include "sample.ipc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT 7u
#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool ok, const char *condition, int line)
{
	if (ok)
		return;
	fprintf(stderr, "line %d: %s\n", line, condition);
	exit(1);
}

/* The transport: what it does to the next calls, and what it saw of them. */
static struct {
	unsigned int restarts; /* so many calls find the server restarting */
	unsigned int calls;
	size_t reply_size; /* cut the reply to this; 0: leave it */
	bool reversed;	   /* hand the request over with its fields in reverse order */
	skerry_cap receive;
	uint32_t receive_count;
} transport;

static struct message_buffer buffer;
_Thread_local struct message_buffer *ipc_thread_buffer;

static int32_t handler_status;
static struct sample_kinds seen;

static int32_t serve_echo(void *self, uint64_t badge, const struct sample_kinds *in,
			  struct sample_words *out)
{
	CHECK(self == &transport && badge == 99);
	seen = *in;
	*out = (struct sample_words){
	    .a = in->address, .b = in->offset, .c = in->delta, .d = in->word, .e = in->last};
	return handler_status;
}

static int32_t serve_ping(void *self, uint64_t badge, const struct sample_empty *in,
			  struct sample_empty *out)
{
	(void)in;
	(void)out;
	CHECK(self == &transport && badge == 99);
	return handler_status;
}

static int32_t serve_give(void *self, uint64_t badge, const struct sample_empty *in,
			  struct sample_kinds *out, const skerry_cap *given, skerry_cap *returned)
{
	(void)self;
	(void)badge;
	(void)in;
	out->word = given[0] + given[1];
	returned[0] = 44;
	return 0;
}

static int32_t serve_text(void *self, uint64_t badge, const skerry_SampleText *in,
			  skerry_SampleText *out)
{
	(void)self;
	(void)badge;
	*out = *in;
	out->name[0] = '!';
	return 0;
}

static int32_t serve_mixed(void *self, uint64_t badge, const skerry_SampleText *in,
			   struct sample_kinds *out)
{
	(void)self;
	(void)badge;
	out->word = (uint32_t)strlen(in->name);
	return 0;
}

static struct sample_ops ops = {serve_echo, serve_echo, serve_ping,
				serve_give, serve_text, serve_mixed};

static skerry_cap caps_in[MESSAGE_CAPS];
static skerry_cap caps_out[MESSAGE_CAPS];
static struct ipc_msg message = {.caps_in = caps_in, .caps_out = caps_out};

/* SampleKinds has one-byte tags: pieces of 5, 5, 9, 9 and 2 bytes. */
static void reverse_kinds(uint8_t *data)
{
	static const size_t sizes[] = {5, 5, 9, 9, 2};
	uint8_t copy[SAMPLE_KINDS_SIZE];
	size_t from = 0, to = sizeof(copy);

	memcpy(copy, data, sizeof(copy));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		to -= sizes[i];
		memcpy(data + to, copy + from, sizes[i]);
		from += sizes[i];
	}
}

int32_t ipc_call(skerry_cap port, uint32_t method, size_t size, size_t *reply_size)
{
	int32_t status;

	CHECK(port == PORT && size <= MESSAGE_BYTES);
	transport.calls++;
	if (transport.restarts > 0) {
		transport.restarts--;
		memset(buffer.data, 0xee, sizeof(buffer.data));
		return PEER_RESTARTED;
	}
	if (transport.reversed)
		reverse_kinds(buffer.data);
	message.method = method;
	message.badge = 99;
	message.data = buffer.data;
	message.size = size;
	status = sample_dispatch(&ops, &transport, &message);
	CHECK(status == 0 || message.size == 0);
	*reply_size = transport.reply_size ? transport.reply_size : message.size;
	return status;
}

int32_t ipc_call_caps(skerry_cap port, uint32_t method, size_t size, size_t *reply_size,
		      const skerry_cap *in, uint32_t in_count, skerry_cap out_first,
		      uint32_t out_count)
{
	memcpy(caps_in, in, in_count * sizeof(*in));
	message.caps_in_count = in_count;
	transport.receive = out_first;
	transport.receive_count = out_count;
	return ipc_call(port, method, size, reply_size);
}

static const struct sample_kinds kinds = {1, -2, 3, -4, true};

static void check_words(const struct sample_words *out)
{
	CHECK(out->a == 3 && out->b == -2 && out->c == -4 && out->d == 1 && out->e);
}

static void test_ids(void)
{
	_Static_assert(SAMPLE_SERVICE == 254 && SAMPLE_ECHO == 0xfe01 && SAMPLE_MIXED == 0xfeff,
		       "service << 8 | method");
	_Static_assert(SAMPLE_COLOR_BELOW == -3 && SAMPLE_TEXT_SLOW == 1, "enums");
	_Static_assert(SAMPLE_EMPTY_SIZE == 0 && SAMPLE_KINDS_SIZE == 30, "sizes");
}

static void test_echo(void)
{
	struct sample_words out;

	CHECK(sample_echo_call(PORT, &kinds, &out) == 0);
	CHECK(message.method == SAMPLE_ECHO && transport.calls == 1);
	check_words(&out);
}

static void test_server_status(void)
{
	struct sample_words out;

	handler_status = 12;
	CHECK(sample_echo_call(PORT, &kinds, &out) == 12);
}

static void test_kept(void)
{
	handler_status = IPC_KEPT;
	message.method = SAMPLE_ECHO;
	message.badge = 99;
	message.data = buffer.data;
	message.size = SAMPLE_KINDS_SIZE;
	sample_kinds_put(buffer.data, &kinds);
	CHECK(sample_dispatch(&ops, &transport, &message) == IPC_KEPT && message.size == 0);
}

static void test_restart_once(void)
{
	struct sample_words out;

	transport.restarts = 1;
	CHECK(sample_again_call(PORT, &kinds, &out) == 0 && transport.calls == 2);
	check_words(&out);
}

static void test_restart_bounded(void)
{
	struct sample_words out;

	transport.restarts = 1000;
	CHECK(sample_again_call(PORT, &kinds, &out) == PEER_RESTARTED && transport.calls == 8);
}

static void test_restart_not_idempotent(void)
{
	struct sample_words out;

	transport.restarts = 1;
	CHECK(sample_echo_call(PORT, &kinds, &out) == PEER_RESTARTED && transport.calls == 1);
}

static void test_empty(void)
{
	struct sample_empty in = {0}, out;

	CHECK(sample_ping_call(PORT, &in, &out) == 0 && message.size == 0);
}

static void test_caps(void)
{
	struct sample_empty in = {0};
	struct sample_kinds out;
	const skerry_cap caps[] = {20, 22};

	CHECK(sample_give_call(PORT, &in, &out, caps, 50) == 0);
	CHECK(out.word == 42 && transport.receive == 50 && transport.receive_count == 1);
	CHECK(message.caps_out_count == 1 && caps_out[0] == 44);
}

static void test_caps_missing(void)
{
	message.method = SAMPLE_GIVE;
	message.caps_in_count = 1;
	CHECK(sample_dispatch(&ops, &transport, &message) == BAD_MESSAGE);
}

static void test_text(void)
{
	skerry_SampleText in = skerry_SampleText_init_zero, out;

	strcpy(in.name, "abc");
	in.numbers_count = 2;
	in.numbers[1] = 5;
	CHECK(sample_text_call(PORT, &in, &out) == 0);
	CHECK(strcmp(out.name, "!bc") == 0 && out.numbers_count == 2 && out.numbers[1] == 5);
}

static void test_mixed(void)
{
	skerry_SampleText in = skerry_SampleText_init_zero;
	struct sample_kinds out;

	strcpy(in.name, "abc");
	transport.restarts = 1;
	CHECK(sample_mixed_call(PORT, &in, &out) == 0 && out.word == 3);
	CHECK(!out.last && out.address == 0);
}

static void test_unencodable(void)
{
	skerry_SampleText in = skerry_SampleText_init_zero, out;

	in.numbers_count = 6; /* one more than the array holds */
	CHECK(sample_text_call(PORT, &in, &out) == BAD_MESSAGE && transport.calls == 0);
}

static void test_fallback(void)
{
	struct sample_words out;

	transport.reversed = true;
	CHECK(sample_echo_call(PORT, &kinds, &out) == 0);
	check_words(&out);
	CHECK(seen.word == kinds.word && seen.last);
}

static void test_bad_reply(void)
{
	struct sample_words out;

	transport.reply_size = SAMPLE_WORDS_SIZE - 1;
	CHECK(sample_echo_call(PORT, &kinds, &out) == BAD_MESSAGE);
}

static void test_bad_request(void)
{
	seen.word = 77;
	message.method = SAMPLE_ECHO;
	sample_kinds_put(buffer.data, &kinds);
	buffer.data[5] ^= 1;
	message.data = buffer.data;
	message.size = SAMPLE_KINDS_SIZE;
	CHECK(sample_dispatch(&ops, &transport, &message) == BAD_MESSAGE);
	CHECK(message.size == 0 && seen.word == 77);
}

static void test_bad_method(void)
{
	message.method = SAMPLE_PING + 100;
	message.size = 8;
	CHECK(sample_dispatch(&ops, &transport, &message) == BAD_METHOD && message.size == 0);
}

static void test_no_handler(void)
{
	struct sample_words out;

	ops.echo = NULL;
	CHECK(sample_echo_call(PORT, &kinds, &out) == BAD_METHOD);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
    {"ids", test_ids},
    {"echo", test_echo},
    {"server-status", test_server_status},
    {"kept", test_kept},
    {"restart-once", test_restart_once},
    {"restart-bounded", test_restart_bounded},
    {"restart-not-idempotent", test_restart_not_idempotent},
    {"empty", test_empty},
    {"caps", test_caps},
    {"caps-missing", test_caps_missing},
    {"text", test_text},
    {"mixed", test_mixed},
    {"unencodable", test_unencodable},
    {"fallback", test_fallback},
    {"bad-reply", test_bad_reply},
    {"bad-request", test_bad_request},
    {"bad-method", test_bad_method},
    {"no-handler", test_no_handler},
};

int main(int argc, char **argv)
{
	ipc_thread_buffer = &buffer;
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		if (argc < 2) {
			puts(tests[i].name);
		} else if (strcmp(argv[1], tests[i].name) == 0) {
			tests[i].run();
			return 0;
		}
	}
	return argc < 2 ? 0 : 2;
}
