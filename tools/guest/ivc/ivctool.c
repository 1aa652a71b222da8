/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of a Linux guest that speak to another VM through /dev/ivc:
 *
 *	ivc publish KEY SIZE              publishes, says how large it is, and leaves
 *	ivc hold KEY SIZE                 publishes and stays
 *	ivc subscribe PUBLISHER KEY       subscribes, says what is there, and leaves
 *	ivc write PUBLISHER KEY [force]   subscribes and writes; force: as if it were allowed to
 *	ivc say KEY PUBLISHER PKEY TEXT.. publishes KEY, and for each text waits for the answer
 *	ivc listen KEY PUBLISHER PKEY     publishes KEY for answers, and answers until the text is
 *"end"
 *
 * It is linked with no library: the guest has none.
 */
#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/time_types.h>

#include "skerry_ivc.h"

#define PAGE 4096u
#define TEXT_BYTES 1024u
#define RETRY_NS 10000000

struct message { /* behind the header */
	struct ivc_header header;
	uint32_t sequence; /* written last */
	uint32_t length;
	char text[TEXT_BYTES];
};

/* ---- The system calls that are needed ---- */
static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
			 : "memory");
	return x0;
}

static _Noreturn void leave(int status)
{
	for (;;)
		system_call(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* A line is one write, so that two programs' lines do not mix. */
static void say(const char *before, const char *text, const char *after)
{
	const char *parts[] = {before, text, after};
	char line[TEXT_BYTES + 128];
	size_t n = 0;

	for (int i = 0; i < 3; i++) {
		for (const char *p = parts[i]; *p && n < sizeof(line) - 1; p++)
			line[n++] = *p;
	}
	line[n++] = '\n';
	system_call(__NR_write, 1, (long)line, (long)n, 0, 0, 0);
}

static const char *decimal(uint64_t value)
{
	static char digits[4][21];
	static int next;
	char *p = digits[next++ % 4] + 20;

	do
		*--p = (char)('0' + value % 10);
	while (value /= 10);
	return p;
}

static _Noreturn void fail(const char *what, long error)
{
	say(what, ": error ", decimal((uint64_t)-error));
	leave(1);
}

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			fail(text, -22);
		value = value * 10 + (uint64_t)(*text - '0');
	}
	return value;
}

static void pause_a_little(void)
{
	const struct __kernel_timespec time = {.tv_nsec = RETRY_NS};

	system_call(__NR_nanosleep, (long)&time, 0, 0, 0, 0, 0);
}

/* ---- /dev/ivc ---- */
static int device(void)
{
	long fd = system_call(__NR_openat, AT_FDCWD, (long)"/dev/ivc", O_RDWR, 0, 0, 0);

	if (fd < 0)
		fail("/dev/ivc", fd);
	return (int)fd;
}

static long control(int fd, unsigned long command, void *argument)
{
	return system_call(__NR_ioctl, fd, (long)command, (long)argument, 0, 0, 0);
}

static struct message *map(int fd, uint64_t size, long protection)
{
	long at = system_call(__NR_mmap, 0, (long)size, protection, MAP_SHARED, fd, 0);

	if (at < 0 && at > -4096)
		fail("mmap", at);
	return (struct message *)at;
}

static int publish(uint64_t key, uint64_t *size)
{
	struct ivc_publish p = {.key = key, .size = *size};
	int fd = device();
	long error = control(fd, IVC_IOC_PUBLISH, &p);

	if (error)
		fail("publish", error);
	*size = p.size;
	return fd;
}

static long subscribe(int fd, uint64_t publisher, uint64_t key, uint32_t flags, uint64_t *size)
{
	struct ivc_subscribe s = {.publisher = publisher, .key = key, .flags = flags};
	long error = control(fd, IVC_IOC_SUBSCRIBE, &s);

	*size = s.size;
	return error;
}

static void notify(int fd)
{
	long error = control(fd, IVC_IOC_NOTIFY, NULL);

	if (error)
		fail("notify", error);
}

/* ---- Messages ---- */
static void put(struct message *m, uint32_t sequence, const char *before, const char *text)
{
	uint32_t n = 0;

	for (; *before && n < TEXT_BYTES; before++)
		m->text[n++] = *before;
	for (; *text && n < TEXT_BYTES; text++)
		m->text[n++] = *text;
	m->length = n;
	__atomic_store_n(&m->sequence, sequence, __ATOMIC_RELEASE);
}

/* The peer may write at any time, and what it likes: read once, then used. */
static void get(const struct message *m, char text[TEXT_BYTES + 1])
{
	uint32_t n = __atomic_load_n(&m->length, __ATOMIC_RELAXED);

	n = n > TEXT_BYTES ? TEXT_BYTES : n;
	for (uint32_t i = 0; i < n; i++)
		text[i] = __atomic_load_n(&m->text[i], __ATOMIC_RELAXED);
	text[n] = 0;
}

/* Sleeps until a doorbell has rung and the sequence is another one; there is no time limit. */
static uint32_t await(int fd, const struct message *m, uint32_t seen)
{
	struct pollfd poll = {.fd = fd, .events = POLLIN};
	uint32_t sequence, bells;

	while ((sequence = __atomic_load_n(&m->sequence, __ATOMIC_ACQUIRE)) == seen) {
		system_call(__NR_ppoll, (long)&poll, 1, 0, 0, 0, 0);
		system_call(__NR_read, fd, (long)&bells, sizeof(bells), 0, 0, 0);
	}
	return sequence;
}

struct talk {
	int own, peer; /* files */
	struct message *out;
	const struct message *in;
};

static void begin(struct talk *t, char **arguments)
{
	uint64_t size = PAGE;

	t->own = publish(number(arguments[0]), &size);
	t->out = map(t->own, size, PROT_READ | PROT_WRITE);
	t->peer = device();
	while (subscribe(t->peer, number(arguments[1]), number(arguments[2]), 0, &size))
		pause_a_little();
	t->in = map(t->peer, size, PROT_READ);
}

static void do_say(int count, char **arguments)
{
	char text[TEXT_BYTES + 1];
	struct talk t;

	begin(&t, arguments);
	for (int i = 3; i < count; i++) {
		put(t.out, (uint32_t)i - 2, "", arguments[i]);
		notify(t.own);
		(void)await(t.peer, t.in, (uint32_t)i - 3);
		get(t.in, text);
		say("answer: ", text, "");
	}
}

static void do_listen(char **arguments)
{
	char text[TEXT_BYTES + 1];
	uint32_t seen = 0;
	struct talk t;

	begin(&t, arguments);
	do {
		seen = await(t.peer, t.in, seen);
		get(t.in, text);
		say("heard: ", text, "");
		put(t.out, seen, "re ", text);
		notify(t.own);
	} while (!same(text, "end"));
}

/* ---- Single operations ---- */
static void do_publish(char **arguments, int stay)
{
	uint64_t size = number(arguments[1]);
	int fd = publish(number(arguments[0]), &size);
	const struct message *m = map(fd, size, PROT_READ | PROT_WRITE);

	say("published by ", decimal(m->header.publisher), "");
	say("bytes ", decimal(size), "");
	if (control(fd, IVC_IOC_UNPUBLISH, NULL) != -16)
		fail("a channel that is mapped was left", 0);
	while (stay)
		pause_a_little();
}

static void do_subscribe(char **arguments)
{
	uint64_t size = 0, unused;
	int fd = device();
	long error = subscribe(fd, number(arguments[0]), number(arguments[1]), 0, &size);
	const struct message *m;

	if (error)
		fail("subscribe", error);
	m = map(fd, size, PROT_READ);
	say("publisher ", decimal(m->header.publisher), "");
	say("key ", decimal(m->header.key), "");
	say("bytes ", decimal(size), "");
	error = subscribe(fd, number(arguments[0]), number(arguments[1]), 0, &unused);
	say("again: error ", decimal((uint64_t)-error), "");
	system_call(__NR_munmap, (long)m, (long)size, 0, 0, 0, 0);
	error = control(fd, IVC_IOC_UNSUBSCRIBE, NULL);
	say("left: error ", decimal((uint64_t)-error), "");
}

static void do_write(char **arguments, int force)
{
	uint64_t size = 0;
	int fd = device();
	long error =
	    subscribe(fd, number(arguments[0]), number(arguments[1]), force ? IVC_WRITE : 0, &size);
	struct message *m;

	if (error)
		fail("subscribe", error);
	m = map(fd, size, PROT_READ | PROT_WRITE);
	*(volatile uint32_t *)&m->sequence = 1;
	say("written", "", "");
}

/* The stack as the kernel leaves it: count, then the arguments. */
__attribute__((used)) static _Noreturn void start_c(long *stack)
{
	int count = (int)stack[0] - 2;
	char **arguments = (char **)(stack + 1) + 2;
	const char *what = count >= 0 ? arguments[-1] : "";

	if (same(what, "say") && count > 3)
		do_say(count, arguments);
	else if (same(what, "listen") && count == 3)
		do_listen(arguments);
	else if (same(what, "publish") && count == 2)
		do_publish(arguments, 0);
	else if (same(what, "hold") && count == 2)
		do_publish(arguments, 1);
	else if (same(what, "subscribe") && count == 2)
		do_subscribe(arguments);
	else if (same(what, "write") && count >= 2)
		do_write(arguments, count > 2 && same(arguments[2], "force"));
	else
		fail("ivc publish|hold|subscribe|write|say|listen", -22);
	leave(0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x0, sp\n"
	"	b start_c\n");
