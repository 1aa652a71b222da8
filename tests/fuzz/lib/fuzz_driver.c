/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a target without libFuzzer:
 *
 *     NAME                 its corpus, then generated inputs, the same in every run
 *     NAME FILE...         these inputs
 *
 * FUZZ_SEED=n is another seed, TEST_ROUNDS=n takes n times as many cases. An input that fails is
 * kept in build/fuzz/NAME/.
 */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define CORPUS 4096
#define CASE_SECONDS 60 /* a case takes milliseconds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Of the sanitizers' runtime, weak so that a build without them links, too. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*f)(void));

struct input {
	uint8_t *data;
	size_t size;
};

static struct input corpus[CORPUS], now;
static size_t corpus_size;
static const char *name, *origin;
static uint64_t state, done;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* A signal ends the program here, whatever it was doing: all it has to lose is its message.
 * NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c) */
static void keep(char *path, size_t room)
{
	uint64_t hash = 0xcbf29ce484222325u;
	FILE *f;

	for (size_t i = 0; i < now.size; i++)
		hash = (hash ^ now.data[i]) * 0x100000001b3u;
	(void)mkdir("build", 0777);
	(void)mkdir("build/fuzz", 0777);
	snprintf(path, room, "build/fuzz/%s", name);
	(void)mkdir(path, 0777);
	snprintf(path, room, "build/fuzz/%s/crash-%016" PRIx64, name, hash);
	f = fopen(path, "wb");
	if (f) {
		fwrite(now.data, 1, now.size, f);
		fclose(f);
	}
}

/* Ends the program in whatever way something was found. */
static void found(void)
{
	char path[200];

	if (origin)
		snprintf(path, sizeof(path), "%s", origin);
	else
		keep(path, sizeof(path));
	printf("case %" PRIu64 ", %zu bytes; to see it again: build/host/fuzz/%s %s\n", done,
	       now.size, name, path);
	printf("FAIL %s\n", name);
	fflush(stdout);
}

void fuzz_failed(void)
{
	found();
	_exit(1);
}

/* The undefined behaviour sanitizer's runtime is apart from the other, and knows no callback. */
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

static void aborted(int number)
{
	(void)number;
	fuzz_failed();
}

static void no_end(int number)
{
	(void)number;
	printf("a case does not end\n");
	fuzz_failed();
}

/* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */
static void run(void)
{
	alarm(CASE_SECONDS);
	(void)LLVMFuzzerTestOneInput(now.data, now.size);
	done++;
}

static struct input read_file(const char *path)
{
	struct input in = {NULL, 0};
	struct stat s;
	FILE *f = fopen(path, "rb");

	if (!f || fstat(fileno(f), &s) || !(in.data = malloc((size_t)s.st_size + 1))) {
		printf("cannot read %s\n", path);
		exit(1);
	}
	in.size = fread(in.data, 1, (size_t)s.st_size, f);
	fclose(f);
	return in;
}

static void read_corpus(void)
{
	char directory[200], path[500];
	struct dirent **entries;
	int count;

	snprintf(directory, sizeof(directory), "tests/fuzz/corpus/%s", name);
	count = scandir(directory, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.' && corpus_size < CORPUS) {
			snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
			corpus[corpus_size++] = read_file(path);
			now = corpus[corpus_size - 1];
			origin = path;
			run();
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	origin = NULL;
}

/* A buffer of its own and of exact size each time, so that the sanitizer sees reads behind it. */
static void fresh(size_t size)
{
	free(now.data);
	now.size = size;
	now.data = malloc(size ? size : 1);
	if (!now.data)
		exit(1);
}

static void generate(void)
{
	const struct input *base = corpus_size ? &corpus[next() % corpus_size] : NULL;
	size_t size = fuzz_target.most >> next() % 5;

	if (!base || base->size > fuzz_target.most || next() % 4) {
		fresh(1 + next() % size);
		for (size_t i = 0; i < now.size; i++)
			now.data[i] = (uint8_t)(next() >> 32);
		return;
	}
	/* An input that found something once: changed a little, cut, or continued. */
	size = next() % 2 ? base->size : 1 + next() % size;
	fresh(size ? size : 1);
	for (size_t i = 0; i < now.size; i++)
		now.data[i] = i < base->size ? base->data[i] : (uint8_t)(next() >> 32);
	for (uint64_t n = 1 + next() % 8; n > 0; n--)
		now.data[next() % now.size] = (uint8_t)(next() >> 32);
}

static int verdict(void)
{
	int status = 0;

	for (const struct fuzz_reach *r = fuzz_reaches; r; r = r->next) {
		printf("%s: %" PRIu64 " times %s\n", name, r->times, r->name);
		if (!r->times) {
			printf("no case came there\n");
			status = 1;
		}
	}
	printf("%s: %" PRIu64 " cases\n%s %s\n", name, done, status ? "FAIL" : "ok", name);
	return status;
}

int main(int count, char **arguments)
{
	const char *seed = getenv("FUZZ_SEED"), *times = getenv("TEST_ROUNDS");
	uint64_t cases = fuzz_target.cases * (times ? strtoull(times, NULL, 10) : 1);

	name = strrchr(arguments[0], '/') ? strrchr(arguments[0], '/') + 1 : arguments[0];
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(found);
	signal(SIGABRT, aborted);
	signal(SIGALRM, no_end);
	for (int i = 1; i < count; i++) {
		origin = arguments[i];
		now = read_file(origin);
		run();
		free(now.data);
	}
	if (count > 1) {
		printf("ok %s\n", name);
		return 0;
	}
	read_corpus();
	now = (struct input){NULL, 0};
	state = 0x9e3779b97f4a7c15u * (2 * (seed ? strtoull(seed, NULL, 10) : 0) + 1);
	for (uint64_t i = 0; i < cases; i++) {
		generate();
		run();
	}
	fresh(0); /* what is found at the very end is of no case */
	return verdict();
}
