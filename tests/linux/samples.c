/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux guest's program that samples itself, as `perf record` does: `samples N of M` are the
 * samples in its own text, one each PERIOD cycles, and the periods that its counter has counted. It
 * is linked with no library: the guest has none.
 */
#include <linux/compiler_attributes.h> /* the headers are the kernel's own */
#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/mman.h>
#include <linux/perf_event.h>

#define PAGE 4096u
#define RING_PAGES 8u
#define PERIOD 1000000u
#define ENOUGH 20u
#define PERIODS_MOST 100000u /* it is not to come any more */

extern const char __executable_start, etext;

static long call(long number, long a, long b, long c, long d, long e, long f)
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

static void say(const char *text)
{
	long length = 0;

	while (text[length])
		length++;
	call(__NR_write, 1, (long)text, length, 0, 0, 0);
}

static void say_number(uint64_t value)
{
	char digits[21] = {0}, *p = digits + 20;

	do
		*--p = (char)('0' + value % 10);
	while (value /= 10);
	say(p);
}

static _Noreturn void leave(int status)
{
	for (;;)
		call(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

/* Samples whose address is in this program. */
static uint64_t samples(const struct perf_event_mmap_page *ring)
{
	const uint8_t *data = (const uint8_t *)ring + PAGE;
	uint64_t number = 0;

	for (uint64_t at = 0; at < ring->data_head;) {
		const struct perf_event_header *h = (const void *)(data + at);
		uint64_t address = *(const uint64_t *)(h + 1);

		if (h->type == PERF_RECORD_SAMPLE && address >= (uint64_t)&__executable_start &&
		    address < (uint64_t)&etext)
			number++;
		at += h->size;
	}
	return number;
}

static _Noreturn void count(const struct perf_event_mmap_page *ring, long fd)
{
	uint64_t cycles = 0;

	while (samples(ring) < ENOUGH && cycles < (uint64_t)PERIODS_MOST * PERIOD) {
		for (volatile int i = 0; i < 100000; i++)
			;
		if (call(__NR_read, fd, (long)&cycles, sizeof(cycles), 0, 0, 0) != sizeof(cycles))
			leave(1);
	}
	say("samples ");
	say_number(samples(ring));
	say(" of ");
	say_number(cycles / PERIOD);
	say("\n");
	leave(0);
}

__attribute__((used)) static void run(void)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_HARDWARE,
	    .size = sizeof(attr),
	    .config = PERF_COUNT_HW_CPU_CYCLES,
	    .sample_period = PERIOD,
	    .sample_type = PERF_SAMPLE_IP,
	    .exclude_kernel = 1,
	};
	long fd = call(__NR_perf_event_open, (long)&attr, 0, -1, -1, 0, 0), at;

	if (fd < 0) {
		say("no such event\n");
		leave(1);
	}
	at = call(__NR_mmap, 0, (RING_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at > 0)
		count((const struct perf_event_mmap_page *)at, fd);
	say("no ring\n");
	leave(1);
}

__asm__(".global _start\n"
	"_start:\n\t"
	"mov x29, xzr\n\t"
	"mov x30, xzr\n\t"
	"b run\n");
